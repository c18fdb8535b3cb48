/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From ranges that nest and overlap to disjoint intervals, each with the range that decides it.
 *
 * The most specific range, the one with the fewest addresses, decides, whichever list it is in; of
 * equal ones the first in order. Pure.
 */
#ifndef FENCE_INTERVALS_H
#define FENCE_INTERVALS_H

#include "config/config.h"

#define RANGE_NONE UINT32_MAX

/* A range of the configuration with the list it stands in. */
struct ranked_range {
	struct ip first;
	struct ip last;
	uint32_t list;	/* index in the lists */
	uint32_t range; /* index in that list's ranges */
};

/* One family's ranges, sorted by first ascending, last descending, then the order written. */
struct range_set {
	uint8_t family;
	struct ranked_range *ranges;
	size_t count;
};

/* From `first` up to before the next interval, `decider` decides (or RANGE_NONE: no range). */
struct interval {
	struct ip first;
	uint32_t decider; /* index in range_set.ranges */
};

struct interval_set {
	struct interval *items; /* covers the whole family: items[0].first is zero */
	size_t count;
};

/* Takes the ranges of one family from all lists. Returns 0 or -ENOMEM; free with range_set_clear().
 */
int range_set_build(const struct range_list *lists, size_t list_count, uint8_t family,
		    struct range_set *set);
void range_set_clear(struct range_set *set);

enum range_relation {
	RANGES_EQUAL,	    /* the same addresses */
	RANGES_NESTED,	    /* `inner` lies inside `outer` */
	RANGES_OVERLAPPING, /* in part; `outer` begins first */
};

/* `nearest`: no range between the two holds `inner` too. */
typedef void range_relation_fn(void *context, enum range_relation relation, bool nearest,
			       const struct ranked_range *outer, const struct ranked_range *inner);

/*
 * Calls `fn` for every two ranges that hold a common address, in the order of the inner ones. Of
 * an absurd pile of more than RANGE_PILE_MAX ranges over one address only the nearest are told.
 */
#define RANGE_PILE_MAX 1024
int range_set_inspect(const struct range_set *set, range_relation_fn *fn, void *context);

/* Returns 0 or -ENOMEM; free with interval_set_clear(). */
int interval_set_build(const struct range_set *set, struct interval_set *intervals);
void interval_set_clear(struct interval_set *intervals);

#endif
