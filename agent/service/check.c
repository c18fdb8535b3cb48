// SPDX-License-Identifier: GPL-2.0-only
#include "service/check.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "config/gate_lint.h"
#include "fence/lint.h"
#include "gate/tls.h"

/* Whether this host forwards packets, so that to-local may hold for addresses that are not its own.
 */
static bool host_forwards(void)
{
	FILE *file = fopen("/proc/sys/net/ipv4/ip_forward", "re");
	bool forwards = file && fgetc(file) == '1';

	if (file)
		fclose(file);
	return forwards;
}

static int check_gate(const struct config *config, struct policy **policy, struct diags *diags)
{
	int error = policy_compile(config, diags, policy);

	if (error)
		return error;
	gate_lint(config, host_forwards(), diags);
	tls_check(config, (int64_t)time(NULL), diags);
	return 0;
}

int check_configuration(const char *path, struct config **config, struct policy **policy,
			struct diags *diags)
{
	struct config *checked;
	struct policy *compiled = NULL;
	int error = config_load(path, &checked, diags);

	if (error)
		return error;
	error = lint_filter(checked, diags);
	if (!error && checked->has_gate)
		error = check_gate(checked, &compiled, diags);
	if (error) {
		policy_free(&compiled);
		config_free(&checked);
		return error;
	}
	diags_sort(diags);
	lint_underline(&checked->sources, diags);
	*config = checked;
	*policy = compiled;
	return 0;
}
