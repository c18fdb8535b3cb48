// SPDX-License-Identifier: GPL-2.0-only
#include "checked.h"

#include "screen.h"
#include "service/check.h"

int checked_read(const char *path, struct checked *checked)
{
	return check_configuration(path, &checked->config, &checked->policy, &checked->diags);
}

void checked_clear(struct checked *checked)
{
	diags_clear(&checked->diags);
	policy_free(&checked->policy);
	config_free(&checked->config);
}

void checked_print(const struct checked *checked)
{
	struct screen screen = screen_for(stderr, false);

	diags_print(&checked->diags, &checked->config->sources, screen.colour, stderr);
}
