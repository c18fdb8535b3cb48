/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * "No inert configuration": what contradicts itself or could never take effect. It needs the
 * ranges of all lists in order, so it stands here and not beside the configuration's reader.
 */
#ifndef FENCE_LINT_H
#define FENCE_LINT_H

#include "config/config.h"

/*
 * Reports of the filter part: the same range trusted and denied, and trusted and denied ranges
 * that overlap in part (errors); ranges and lists without effect (warnings). Warnings that an
 * error elsewhere could have caused are left out while diags has errors. Returns 0 or -ENOMEM.
 */
int lint_filter(const struct config *config, struct diags *diags);

/*
 * config_load() and lint_filter() with the messages sorted: what `mxfence check` and the agent
 * ask. Returns 0 with *config set, also when diags has errors, or -ENOMEM.
 */
int config_check(const char *path, struct config **config, struct diags *diags);

#endif
