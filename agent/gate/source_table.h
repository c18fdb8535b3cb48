/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sources, a /32 or /64 each, and how often they come: one table in shared memory for all workers,
 * so that limits per source hold for the host and not for a worker. Pure but for the memory.
 *
 * SOURCE_TABLE_ENTRIES of them, found by a keyed hash; every bucket has its own spin lock of a few
 * nanoseconds, held over no system call. When a bucket is full, an entry without sessions makes
 * room, the one that was quiet for longest; when all have sessions the new source is not counted
 * (and not refused): a flood of sources is the fence's and `limits.sessions`' business.
 *
 * Connections are counted in windows of the limit's length, the last one in part as far as it
 * reaches into the time that counts: never much more than the limit in any such time. Refused ones
 * count too, so whoever hammers stays out until he pauses.
 *
 * A process may die at any point: its sessions are given back by source_table_clear_slot(), and a
 * lock that it held is taken away from it.
 */
#ifndef GATE_SOURCE_TABLE_H
#define GATE_SOURCE_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/ip.h"

#define SOURCE_TABLE_SLOTS 64u /* workers at once */
#define SOURCE_TABLE_ENTRIES 65536u

struct source_table;

/* New shared memory (MAP_SHARED, inherited by fork) and all zero but for the key. NULL: errno. */
struct source_table *source_table_new(uint64_t key);
void source_table_free(struct source_table **table);

enum source_answer {
	SOURCE_WELCOME,
	SOURCE_TOO_MANY,  /* sessions at once */
	SOURCE_TOO_OFTEN, /* connections in the time */
	SOURCE_FULL,	  /* sessions of all sources */
};

struct source_limits {
	uint32_t sessions; /* of all sources */
	uint32_t sessions_per_source;
	uint32_t connections;
	uint32_t connection_seconds;
};

/*
 * A connection of the source for worker slot `slot`. SOURCE_WELCOME counts a session, to be given
 * back with source_table_leave(); the others count only the connection. `now`: milliseconds.
 * *first_refusal: the first one of the source in this second (logged once, not each). `sessions` of
 * all sources may be passed by one a worker when several accept at the same moment.
 */
enum source_answer source_table_enter(struct source_table *table, unsigned int slot, struct ip ip,
				      uint8_t family, const struct source_limits *limits,
				      uint64_t now, bool *first_refusal);
void source_table_leave(struct source_table *table, unsigned int slot, struct ip ip,
			uint8_t family);

/* Gives back all sessions of a worker that ended, however it did. */
void source_table_clear_slot(struct source_table *table, unsigned int slot);

/* Sessions now, of all sources. */
uint32_t source_table_sessions(const struct source_table *table);

#endif
