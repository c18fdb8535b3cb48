/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who would be, or was, cut off for want of trust, with what the agent knows in favour of each:
 * what `trust suggest` answers.
 *
 * {schema, sources: [{address, port, verdict, count, first, last, passed, mail}]}: the sources in
 * the drops table that no range and no temporary entry holds, and that would be cut off now.
 * `passed` is when the source last passed because it was trusted, `mail` when its last message was
 * accepted; null: never, as far as is known. Those with one of the two come first, then the others,
 * both by how often they were dropped.
 */
#ifndef SERVICE_SUGGEST_H
#define SERVICE_SUGGEST_H

#include <jansson.h>

#include "fence/generation.h"
#include "fence/kernel.h"
#include "service/partners.h"

/* NULL for the reason that *trouble tells. */
json_t *suggest_report(struct fence *fence, const struct partners *partners,
		       struct trouble *trouble);

/*
 * The same of tables in memory, which are sorted, and without regard to temporary entries. Pure but
 * for the clocks that times are told by. NULL without memory.
 */
struct suggest_tables {
	const struct mxf_generation *generation;
	const struct partners *partners;
	struct mxf_drop *drops, *passes;
	size_t drop_count, pass_count;
};
json_t *suggest_body(const struct suggest_tables *tables);

#endif
