/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a configuration compiles to before it is laid out: shared by the two halves of the builder,
 * generation_plan.c (ranges to tables) and generation_write.c (tables to memory).
 */
#ifndef FENCE_GENERATION_PLAN_H
#define FENCE_GENERATION_PLAN_H

#include "fence/generation.h"

/* From `key` up to before the next boundary, every key has `answer`. */
struct boundary {
	uint32_t key;
	uint32_t answer;
};

/* One family's tables, as the header of mxfence/generation.h describes them. */
struct table_plan {
	struct range_set set;
	struct boundary *boundaries; /* boundaries[0].key is 0 */
	size_t boundary_count;
	struct mxf_chunk *chunks; /* MXF_CHUNKS */
	struct mxf_entry *entries;
	size_t entry_count; /* including the gaps that keep chunks inside their element */
	struct mxf_chunk *deep_chunks;
	size_t deep_chunk_count;
	struct mxf_deep_entry *deep_entries;
	size_t deep_entry_count;
};

struct generation_plan {
	const struct config *config;
	struct table_plan ipv4;
	struct table_plan ipv6;
	uint32_t range_count;
	uint32_t strings_size;
	/* What generation_write() copies into the header, with hits for a single stripe. */
	struct mxf_table place4;
	struct mxf_table place6;
	struct mxf_directory directory;
	uint64_t size; /* bytes used before the hits, which are last */
};

/* Places every table; -E2BIG when the generation would be too large. */
int generation_plan_lay_out(struct generation_plan *plan);

#endif
