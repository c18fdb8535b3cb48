/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a configuration compiles to before it is written out: shared by the two halves of the
 * builder, generation_plan.c (ranges to tables) and generation_write.c (tables to memory).
 */
#ifndef FENCE_GENERATION_PLAN_H
#define FENCE_GENERATION_PLAN_H

#include "fence/generation.h"

/* From `key` up to before the next boundary, every key has `slot` (an answer or a deep block). */
struct boundary {
	uint32_t key;
	uint32_t slot;
};

/* One table, of sources or destinations of one family, as mxfence/generation.h describes it. */
struct table_plan {
	const struct range_list *lists; /* what its ranges come from */
	uint32_t first_id;		/* added to a range's number in `set` */
	struct range_set set;
	struct boundary *boundaries; /* boundaries[0].key is 0 */
	size_t boundary_count;
	uint32_t *slots; /* of the leaves' intervals */
	size_t slot_count;
	size_t slot_capacity;
	struct mxf_table place; /* where they are in the generation */
};

/* The part of a generation that holds indexes, nodes, leaves and deep blocks, growing. */
struct image {
	char *bytes;
	size_t size;
	size_t capacity;
	uint32_t base; /* where it will lie; begins an element */
};

struct generation_plan {
	const struct config *config;
	struct table_plan ipv4;
	struct table_plan ipv6;
	struct range_list destinations;
	struct table_plan destinations4;
	struct table_plan destinations6;
	uint32_t range_count;
	struct image image;
	struct mxf_directory directory;
	uint32_t carry;
	uint64_t size; /* bytes before the hits, which are last */
};

/*
 * Reserves zeroed bytes that do not cross an element; the offset is in the generation. Returns 0,
 * -ENOMEM or -E2BIG.
 */
int image_reserve(struct image *image, size_t size, size_t alignment, uint32_t *offset);

/* The same, for what may be larger than an element. */
int image_reserve_long(struct image *image, size_t size, size_t alignment, uint32_t *offset);

/* The bytes at an offset; valid until the next reservation. */
void *image_at(const struct image *image, uint32_t offset);

/* Builds index, nodes and leaves of the table's boundaries; sets its place. */
int table_plan_build_index(struct table_plan *table, struct image *image);

/* Places everything behind the image; -E2BIG when the generation would be too large. */
int generation_plan_lay_out(struct generation_plan *plan);

#endif
