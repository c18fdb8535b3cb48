/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Temporary entries in the kernel (include/mxfence/temporary.h): bans, and trust that ends by
 * itself. One process at a time writes them, the agent; anybody with the pins may read.
 *
 * Functions return 0 or -errno with the reason in the struct trouble, unless they say otherwise.
 */
#ifndef FENCE_TEMPORARY_H
#define FENCE_TEMPORARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/ip.h"
#include "core/trouble.h"
#include "fence/kernel.h"
#include "mxfence/temporary.h"

struct temporary_entry {
	enum mxf_temporary_action action;
	struct range range;  /* one prefix; file and line mean nothing */
	unsigned int length; /* of the prefix */
	uint64_t expires;    /* CLOCK_BOOTTIME nanoseconds */
	uint64_t added;	     /* CLOCK_REALTIME nanoseconds */
	enum mxf_cause cause;
	char note[MXF_TEMPORARY_NOTE_MAX + 1];
	uint64_t hits;
	uint64_t last_hit; /* CLOCK_MONOTONIC nanoseconds; 0 = never */
};

/* CLOCK_BOOTTIME in nanoseconds: what entries end by. */
uint64_t temporary_now(void);

/*
 * Sets action, range and length. -EINVAL when the range is not one address or prefix: *trouble then
 * names those it is made of.
 */
int temporary_entry_init(enum mxf_temporary_action action, const struct range *range,
			 struct temporary_entry *entry, struct trouble *trouble);

/*
 * Adds the entry, or gives one that stands with the same action and prefix the new end, cause and
 * note; its hits go on. Its own `hits` and `last_hit` are not looked at. -ENOSPC: the table is
 * full, also without those that have ended.
 */
int temporary_add(struct fence *fence, const struct temporary_entry *entry,
		  struct trouble *trouble);

/* Takes away the entry with exactly this action and prefix. -ENOENT: there is none, or it ended. */
int temporary_remove(struct fence *fence, const struct temporary_entry *entry,
		     struct trouble *trouble);

/* Takes away the entries that have ended; the kernel does not go by them any more. */
int temporary_sweep(struct fence *fence, struct trouble *trouble);

/*
 * The entry that decides about an address: the most specific one that has not ended. Returns 1 with
 * *found, 0 when there is none, or -errno.
 */
int temporary_find(const struct fence *fence, enum mxf_temporary_action action, uint8_t family,
		   struct ip ip, struct temporary_entry *found, struct trouble *trouble);

/*
 * All that have not ended, by action and then address, newly allocated (free()). Returns how many,
 * or -errno.
 */
int temporary_list(const struct fence *fence, struct temporary_entry **entries,
		   struct trouble *trouble);

/* How many there are that have not ended. */
struct temporary_counts {
	size_t counts[MXF_TEMPORARY_ACTION_COUNT][MXF_CAUSE_COUNT];
};
int temporary_read_counts(const struct fence *fence, struct temporary_counts *counts,
			  struct trouble *trouble);

/* How many entries the table holds, those that ended and were not swept among them. */
size_t temporary_count(struct fence *fence);

#endif
