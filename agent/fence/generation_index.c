// SPDX-License-Identifier: GPL-2.0-only
/* From boundaries to slots: a direct answer, a leaf, or a node of slots. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fence/generation_plan.h"

/* A node has as many slots as make this few intervals a slot, so that most leaves have room. */
#define NODE_SLOT_INTERVALS 6

static int image_grow(struct image *image, size_t size)
{
	size_t capacity = image->capacity ? image->capacity : MXF_ELEMENT_SIZE;
	char *bytes;

	while (capacity < size)
		capacity *= 2;
	if (capacity == image->capacity)
		return 0;
	bytes = realloc(image->bytes, capacity);
	if (!bytes)
		return -ENOMEM;
	image->bytes = bytes;
	image->capacity = capacity;
	return 0;
}

int image_reserve_long(struct image *image, size_t size, size_t alignment, uint32_t *offset)
{
	size_t at = (image->size + alignment - 1) / alignment * alignment;
	int error;

	if (image->base + at + size > (size_t)MXF_ELEMENTS_MAX * MXF_ELEMENT_SIZE)
		return -E2BIG;
	error = image_grow(image, at + size);
	if (error)
		return error;
	memset(image->bytes + image->size, 0, at + size - image->size);
	image->size = at + size;
	*offset = image->base + (uint32_t)at;
	return 0;
}

int image_reserve(struct image *image, size_t size, size_t alignment, uint32_t *offset)
{
	size_t at = (image->size + alignment - 1) / alignment * alignment;

	if (at % MXF_ELEMENT_SIZE + size > MXF_ELEMENT_SIZE)
		alignment = MXF_ELEMENT_SIZE;
	return image_reserve_long(image, size, alignment, offset);
}

void *image_at(const struct image *image, uint32_t offset)
{
	return image->bytes + (offset - image->base);
}

/* Boundaries of one table that begin in the keys of one slot, and what holds before them. */
struct stretch {
	const struct boundary *boundaries;
	size_t count;
	uint32_t first;	 /* the slot's first key */
	uint32_t before; /* the answer before the first boundary */
};

static bool stretch_begins(const struct stretch *stretch)
{
	return stretch->count > 0 && stretch->boundaries[0].key == stretch->first;
}

/* Intervals in the stretch: one for each boundary, and one before the first. */
static size_t stretch_intervals(const struct stretch *stretch)
{
	return stretch->count + !stretch_begins(stretch);
}

/* Takes the boundaries below `end` off the front of `rest`. */
static struct stretch stretch_take(struct stretch *rest, uint64_t end)
{
	struct stretch taken = *rest;

	taken.count = 0;
	while (taken.count < rest->count && rest->boundaries[taken.count].key < end)
		taken.count++;
	rest->boundaries += taken.count;
	rest->count -= taken.count;
	rest->first = (uint32_t)end;
	if (taken.count > 0)
		rest->before = taken.boundaries[taken.count - 1].slot;
	return taken;
}

/* Appends `count` slots for a leaf; they are zeroed. */
static int reserve_slots(struct table_plan *table, size_t count, uint32_t **slots)
{
	size_t capacity = table->slot_capacity ? table->slot_capacity : 1024;
	uint32_t *grown;

	while (capacity < table->slot_count + count)
		capacity *= 2;
	if (capacity > table->slot_capacity) {
		grown = realloc(table->slots, capacity * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		table->slots = grown;
		table->slot_capacity = capacity;
	}
	*slots = table->slots + table->slot_count;
	table->slot_count += count;
	return 0;
}

static void leaf_set_slot(struct mxf_leaf *leaf, uint32_t *slots, uint32_t number, uint32_t slot)
{
	slots[number] = slot;
	if (slot)
		leaf->present |= (uint16_t)(1u << number);
}

static void fill_leaf(const struct stretch *stretch, struct mxf_leaf *leaf, uint32_t *slots)
{
	uint32_t number = 0;

	memset(leaf->ends, 0xff, sizeof(leaf->ends));
	if (!stretch_begins(stretch))
		leaf_set_slot(leaf, slots, number++, stretch->before);
	for (size_t i = 0; i < stretch->count; i++, number++) {
		if (number > 0)
			leaf->ends[number - 1] = (uint16_t)(stretch->boundaries[i].key - 1);
		leaf_set_slot(leaf, slots, number, stretch->boundaries[i].slot);
	}
}

static int build_leaf(struct table_plan *table, const struct stretch *stretch, struct image *image,
		      uint32_t *slot)
{
	struct mxf_leaf *leaf;
	uint32_t *slots, offset;
	int error = image_reserve(image, sizeof(*leaf), sizeof(*leaf), &offset);

	if (!error)
		error = reserve_slots(table, stretch_intervals(stretch), &slots);
	if (error)
		return error;
	leaf = image_at(image, offset);
	leaf->slots = (uint32_t)(slots - table->slots);
	fill_leaf(stretch, leaf, slots);
	*slot = MXF_SLOT(MXF_SLOT_LEAF, offset / (uint32_t)sizeof(*leaf));
	return 0;
}

static uint32_t node_bits(size_t intervals, uint32_t rest)
{
	uint32_t bits = 1;

	while (bits < MXF_NODE_BITS_MAX && bits < rest && intervals >> bits > NODE_SLOT_INTERVALS)
		bits++;
	return bits;
}

static int build_slot(struct table_plan *table, const struct stretch *stretch, uint32_t rest,
		      struct image *image, uint32_t *slot);

/* `rest`: how many of the key's bits are still to be told apart. */
static int build_node(struct table_plan *table, struct stretch stretch, uint32_t rest,
		      struct image *image, uint32_t *slot)
{
	uint32_t bits = node_bits(stretch_intervals(&stretch), rest), node;
	uint64_t end = stretch.first;
	int error = image_reserve(image, sizeof(uint32_t) << bits, 64, &node);

	for (uint32_t i = 0; !error && i < 1u << bits; i++) {
		struct stretch part;
		uint32_t part_slot = 0;

		end += 1u << (rest - bits);
		part = stretch_take(&stretch, end);
		error = build_slot(table, &part, rest - bits, image, &part_slot);
		((uint32_t *)image_at(image, node))[i] = part_slot;
	}
	*slot = MXF_SLOT(MXF_SLOT_NODE, node / 64 << 4 | bits);
	return error;
}

static int build_slot(struct table_plan *table, const struct stretch *stretch, uint32_t rest,
		      struct image *image, uint32_t *slot)
{
	size_t intervals = stretch_intervals(stretch);

	if (intervals > MXF_LEAF_INTERVALS)
		return build_node(table, *stretch, rest, image, slot);
	if (intervals > 1)
		return build_leaf(table, stretch, image, slot);
	*slot = stretch_begins(stretch) ? stretch->boundaries[0].slot : stretch->before;
	return 0;
}

int table_plan_build_index(struct table_plan *table, struct image *image)
{
	struct stretch rest = {table->boundaries, table->boundary_count, 0, 0};
	uint32_t *index;
	int error = image_reserve(image, MXF_INDEX_SLOTS * sizeof(*index), 64, &table->place.index);

	for (uint32_t i = 0; !error && i < MXF_INDEX_SLOTS; i++) {
		struct stretch part = stretch_take(&rest, (uint64_t)(i + 1) << 16);
		uint32_t slot = 0;

		error = build_slot(table, &part, 16, image, &slot);
		index = image_at(image, table->place.index);
		index[i] = slot;
	}
	return error;
}
