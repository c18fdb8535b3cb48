// SPDX-License-Identifier: GPL-2.0-only
/* From boundaries to slots: a direct answer, a leaf, or a node of slots. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fence/generation_plan.h"

/* More intervals than this in a slot of the index become a node with as many slots as it takes. */
#define LEAF_COUNT_MAX 128

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
		leaf->present[number / 16] |= (uint16_t)(1u << number % 16);
}

static int build_leaf(struct table_plan *table, const struct stretch *stretch, struct image *image,
		      uint32_t *slot)
{
	uint32_t count = (uint32_t)stretch_intervals(stretch), offset, number = 0;
	struct mxf_leaf *leaf;
	uint16_t *keys;
	uint32_t *slots;
	int error;

	if (count == 1) {
		*slot = stretch_begins(stretch) ? stretch->boundaries[0].slot : stretch->before;
		return 0;
	}
	error = image_reserve(image, MXF_LEAF_SIZE(count), sizeof(uint32_t), &offset);
	if (!error)
		error = reserve_slots(table, count, &slots);
	if (error)
		return error;
	leaf = image_at(image, offset);
	leaf->slots = (uint32_t)(slots - table->slots);
	leaf->count = (uint16_t)(count - 1);
	keys = image_at(image, offset + MXF_LEAF_KEYS(count));
	if (!stretch_begins(stretch))
		leaf_set_slot(leaf, slots, number++, stretch->before);
	for (size_t i = 0; i < stretch->count; i++, number++) {
		if (number > 0)
			keys[number - 1] = (uint16_t)stretch->boundaries[i].key;
		leaf_set_slot(leaf, slots, number, stretch->boundaries[i].slot);
	}
	*slot = MXF_SLOT(MXF_SLOT_LEAF, offset / sizeof(uint32_t));
	return 0;
}

static uint32_t node_bits(size_t intervals)
{
	uint32_t bits = 1;

	while (bits < MXF_NODE_BITS_MAX && intervals >> bits > LEAF_COUNT_MAX)
		bits++;
	return bits;
}

static int build_node(struct table_plan *table, struct stretch stretch, struct image *image,
		      uint32_t *slot)
{
	uint32_t bits = node_bits(stretch_intervals(&stretch)), node;
	uint64_t end = stretch.first;
	int error = image_reserve(image, sizeof(uint32_t) << bits, 64, &node);

	for (uint32_t i = 0; !error && i < 1u << bits; i++) {
		struct stretch part;
		uint32_t part_slot = 0;

		end += MXF_INDEX_SLOTS >> bits;
		part = stretch_take(&stretch, end);
		error = build_leaf(table, &part, image, &part_slot);
		((uint32_t *)image_at(image, node))[i] = part_slot;
	}
	*slot = MXF_SLOT(MXF_SLOT_NODE, node / 64 << 4 | bits);
	return error;
}

int table_plan_build_index(struct table_plan *table, struct image *image)
{
	struct stretch rest = {table->boundaries, table->boundary_count, 0, 0};
	uint32_t *index;
	int error = image_reserve(image, MXF_INDEX_SLOTS * sizeof(*index), 64, &table->place.index);

	for (uint32_t i = 0; !error && i < MXF_INDEX_SLOTS; i++) {
		struct stretch part = stretch_take(&rest, (uint64_t)(i + 1) << 16);
		uint32_t slot = 0;

		if (stretch_intervals(&part) > LEAF_COUNT_MAX)
			error = build_node(table, part, image, &slot);
		else
			error = build_leaf(table, &part, image, &slot);
		index = image_at(image, table->place.index);
		index[i] = slot;
	}
	return error;
}
