/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What stands against a temporary entry: entries of the other kind, and ranges of the generation in
 * force. Read when first asked for and kept, so that many can be asked about. For keeper*.c alone.
 */
#ifndef AGENT_KEEPER_STANDING_H
#define AGENT_KEEPER_STANDING_H

#include "fence/generation.h"
#include "fence/temporary.h"
#include "keeper_internal.h"

/* Where a range of the kind asked for begins to decide. */
struct standing_point {
	uint8_t family;
	struct ip at;
	uint32_t id; /* of the range */
};

/* Begins as {.entries = NULL}. */
struct standing {
	struct temporary_entry *entries; /* NULL: not read yet */
	size_t entry_count;
	struct standing_point *points; /* NULL: not read yet */
	size_t point_count;
};

void standing_clear(struct standing *standing);

/*
 * An entry that holds the range's first address, or lies inside the range. Returns 1 with *found, 0
 * when there is none, or -errno.
 */
int standing_find(const struct keeper *keeper, struct standing *standing,
		  enum mxf_temporary_action action, const struct range *range,
		  struct temporary_entry *found, struct trouble *trouble);

/* How many of the entries do not stand already, with their action and prefix; or -errno. */
int standing_count_new(const struct keeper *keeper, struct standing *standing,
		       const struct temporary_entry *entries, size_t count,
		       struct trouble *trouble);

/* Ends the bans inside the range. */
int standing_lift(struct keeper *keeper, struct standing *standing, const struct range *range,
		  struct trouble *trouble);

/*
 * Reads where ranges of a kind (enum mxf_answer_kind) decide within these entries. 0 or -errno.
 */
int standing_read_points(struct standing *standing, const struct mxf_generation *generation,
			 uint32_t kind, const struct temporary_entry *entries, size_t count,
			 struct trouble *trouble);

/* A range of that kind that decides about an address of the entry, which was among those read. */
bool standing_decides(const struct standing *standing, const struct mxf_generation *generation,
		      uint32_t kind, const struct range *range, struct generation_range *found);

#endif
