/* SPDX-License-Identifier: GPL-2.0-only */
/* What a reload would change. Pure. */
#ifndef SERVICE_DIFF_H
#define SERVICE_DIFF_H

#include <jansson.h>

#include "config/config.h"

/* Ranges listed of each list as added or removed; more are only counted. */
#define DIFF_RANGES_MAX 1000u

/*
 * {schema, changed, settings: [{key, from, to}], interfaces: {added, removed},
 *  lists: [{name, action, added, removed, added_count, removed_count}]}, with those lists only that
 * differ. `from` or `to` is null for a setting that only the other one has. A new object, or NULL
 * without memory.
 */
json_t *diff_report(const struct config *running, const struct config *next);

#endif
