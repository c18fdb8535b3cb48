/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What was found for a list: ranges, each with where it came from, and what there is to tell of
 * them. Pure.
 */
#ifndef UPDATE_GATHER_H
#define UPDATE_GATHER_H

#include "config/reader.h"
#include "failure.h"

/* More notes than this are only counted. */
#define NOTES_MAX 200

struct found_range {
	struct range range;
	char *origin; /* one line, printable */
};

struct found {
	struct found_range *items;
	size_t count;
	size_t capacity;
};

struct notes {
	char **lines; /* printable */
	size_t count;
	size_t more;
};

struct gathering {
	struct found found;
	struct notes read; /* what was read for it, in that order */
	struct notes left; /* what was left out or changed, and why */
	bool all_secure;   /* every answer of the DNS was validated */
};

/* Adds; takes `origin` (malloc). -ENOMEM, also when `origin` is NULL. */
int found_add(struct found *found, const struct range *range, char *origin);

/* Adds all that is in `from` but not in `except`, which is merged; clears `from`. -ENOMEM. */
int found_move(struct found *found, struct found *from, const struct range_array *except);

/* Adds the ranges of `found` to an array and merges it. -ENOMEM. */
int found_merge_into(const struct found *found, struct range_array *ranges);
void found_clear(struct found *found);

/* Adds a line; escapes it, and cuts what is too long. Without memory it is only counted. */
void notes_add(struct notes *notes, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Sorts, and leaves no range inside another. Returns 0; -EINVAL with *failure when there is none at
 * all, or one that nobody should trust: IPv4 wider than /8, IPv6 wider than /16, and with
 * `public_only` what is not routed on the Internet; -ENOMEM.
 */
int gathering_finish(struct gathering *gathering, bool public_only, struct failure *failure);
void gathering_clear(struct gathering *gathering);

#endif
