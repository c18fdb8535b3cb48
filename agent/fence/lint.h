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

/* Gives the places of ranges in sorted messages their lengths. */
void lint_underline(const struct sources *sources, struct diags *diags);

#endif
