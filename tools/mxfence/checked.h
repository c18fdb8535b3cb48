/* SPDX-License-Identifier: GPL-2.0-only */
/* A configuration that was checked, with what there is to say about it. */
#ifndef MXFENCE_CHECKED_H
#define MXFENCE_CHECKED_H

#include "config/config.h"
#include "policy/policy.h"

struct checked {
	struct config *config; /* as far as it was understood */
	struct policy *policy; /* of its gate, or NULL */
	struct diags diags;
};

/* As check_configuration(). */
int checked_read(const char *path, struct checked *checked);
void checked_clear(struct checked *checked);

/* Prints the messages to stderr. */
void checked_print(const struct checked *checked);

#endif
