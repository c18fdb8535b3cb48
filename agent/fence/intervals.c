// SPDX-License-Identifier: GPL-2.0-only
#include "fence/intervals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/ip.h"

/* Sorting. */

#define DIGITS 16 /* of eight bits, in an address */

static unsigned int address_digit(struct ip ip, unsigned int digit)
{
	uint64_t half = digit < DIGITS / 2 ? ip.lo : ip.hi;

	return (half >> (digit % (DIGITS / 2) * 8)) & 0xff;
}

static int ranked_compare(const struct ranked_range *a, const struct ranked_range *b)
{
	int order = ip_compare(a->first, b->first);

	return order ? order : -ip_compare(a->last, b->last);
}

static bool is_sorted(const struct ranked_range *ranges, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (ranked_compare(&ranges[i - 1], &ranges[i]) > 0)
			return false;
	return true;
}

/* One stable pass by one digit; false when all have the same one and nothing was moved. */
static bool sort_by_digit(const struct ranked_range *from, struct ranked_range *to, size_t count,
			  bool by_last, unsigned int digit)
{
	size_t position[257] = {0};

	for (size_t i = 0; i < count; i++) {
		struct ip key = by_last ? from[i].last : from[i].first;

		position[address_digit(key, digit) + 1]++;
	}
	for (unsigned int value = 0; value < 256; value++) {
		if (position[value + 1] == count)
			return false;
		position[value + 1] += position[value];
	}
	for (size_t i = 0; i < count; i++) {
		struct ip key = by_last ? from[i].last : from[i].first;

		to[position[address_digit(key, digit)]++] = from[i];
	}
	return true;
}

static void reverse(struct ranked_range *ranges, size_t count)
{
	for (size_t i = 0; i < count / 2; i++) {
		struct ranked_range other = ranges[count - 1 - i];

		ranges[count - 1 - i] = ranges[i];
		ranges[i] = other;
	}
}

/*
 * Radix sort, least significant digit first. The last address is to descend while everything else
 * ascends, and equal ranges keep their order: so the array is reversed before the passes over
 * `last`, and again after them.
 */
static int sort_ranges(struct range_set *set)
{
	struct ranked_range *from = set->ranges, *to;

	if (is_sorted(set->ranges, set->count))
		return 0;
	to = malloc(set->count * sizeof(*to));
	if (!to)
		return -ENOMEM;
	reverse(from, set->count);
	for (unsigned int pass = 0; pass < 2 * DIGITS; pass++) {
		if (pass == DIGITS)
			reverse(from, set->count);
		if (sort_by_digit(from, to, set->count, pass < DIGITS, pass % DIGITS)) {
			struct ranked_range *other = from;

			from = to;
			to = other;
		}
	}
	free(to);
	set->ranges = from;
	return 0;
}

static size_t count_family(const struct filter_config *filter, uint8_t family)
{
	size_t count = 0;

	for (size_t list = 0; list < filter->list_count; list++)
		for (size_t i = 0; i < filter->lists[list].count; i++)
			count += filter->lists[list].ranges[i].family == family;
	return count;
}

int range_set_build(const struct filter_config *filter, uint8_t family, struct range_set *set)
{
	size_t count = count_family(filter, family);

	*set = (struct range_set){.family = family};
	if (count == 0)
		return 0;
	set->ranges = malloc(count * sizeof(*set->ranges));
	if (!set->ranges)
		return -ENOMEM;
	for (uint32_t list = 0; list < filter->list_count; list++) {
		const struct range_list *members = &filter->lists[list];

		for (uint32_t i = 0; i < members->count; i++) {
			const struct range *range = &members->ranges[i];

			if (range->family != family)
				continue;
			set->ranges[set->count++] = (struct ranked_range){range->first, range->last,
									  .list = list, .range = i};
		}
	}
	return sort_ranges(set);
}

void range_set_clear(struct range_set *set)
{
	free(set->ranges);
	*set = (struct range_set){0};
}

/* Relations. */

static enum range_relation relation_of(const struct ranked_range *outer,
				       const struct ranked_range *inner)
{
	if (ranked_compare(outer, inner) == 0)
		return RANGES_EQUAL;
	return ip_compare(inner->last, outer->last) <= 0 ? RANGES_NESTED : RANGES_OVERLAPPING;
}

/* Tells of every range on the pile, which holds those that began before `inner`, latest on top. */
static void inspect_one(const struct range_set *set, const uint32_t *pile, size_t height,
			const struct ranked_range *inner, range_relation_fn *fn, void *context)
{
	bool nearest = true;

	for (size_t step = 0; step < height && step < RANGE_PILE_MAX; step++) {
		const struct ranked_range *outer = &set->ranges[pile[height - 1 - step]];
		enum range_relation relation;

		if (ip_compare(outer->last, inner->first) < 0)
			continue;
		relation = relation_of(outer, inner);
		fn(context, relation, nearest && relation != RANGES_OVERLAPPING, outer, inner);
		nearest = nearest && relation == RANGES_OVERLAPPING;
	}
}

int range_set_inspect(const struct range_set *set, range_relation_fn *fn, void *context)
{
	uint32_t *pile;
	size_t height = 0;

	if (set->count == 0)
		return 0;
	pile = malloc(set->count * sizeof(*pile));
	if (!pile)
		return -ENOMEM;
	for (uint32_t i = 0; i < set->count; i++) {
		const struct ranked_range *inner = &set->ranges[i];

		while (height > 0 &&
		       ip_compare(set->ranges[pile[height - 1]].last, inner->first) < 0)
			height--;
		inspect_one(set, pile, height, inner, fn, context);
		pile[height++] = i;
	}
	free(pile);
	return 0;
}

/* Intervals: a sweep over the addresses, with the ranges that hold the current one in a heap. */

struct candidate {
	struct ip extent;
	uint32_t range;
};

struct heap {
	struct candidate *items;
	size_t count;
};

static bool decides_before(const struct candidate *a, const struct candidate *b)
{
	int order = ip_compare(a->extent, b->extent);

	return order ? order < 0 : a->range < b->range;
}

static void heap_swap(struct heap *heap, size_t a, size_t b)
{
	struct candidate other = heap->items[a];

	heap->items[a] = heap->items[b];
	heap->items[b] = other;
}

static void heap_push(struct heap *heap, struct candidate candidate)
{
	size_t at = heap->count++;

	heap->items[at] = candidate;
	while (at > 0 && decides_before(&heap->items[at], &heap->items[(at - 1) / 2])) {
		heap_swap(heap, at, (at - 1) / 2);
		at = (at - 1) / 2;
	}
}

static void heap_pop(struct heap *heap)
{
	size_t at = 0;

	heap->items[0] = heap->items[--heap->count];
	for (;;) {
		size_t least = at;

		for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++)
			if (child < heap->count &&
			    decides_before(&heap->items[child], &heap->items[least]))
				least = child;
		if (least == at)
			return;
		heap_swap(heap, at, least);
		at = least;
	}
}

static void emit_interval(struct interval_set *intervals, struct ip first, uint32_t decider)
{
	if (intervals->count > 0 && intervals->items[intervals->count - 1].decider == decider)
		return;
	intervals->items[intervals->count++] = (struct interval){first, decider};
}

static void sweep(const struct range_set *set, struct heap *heap, struct interval_set *intervals)
{
	const struct ip highest = ip_highest(set->family);
	struct ip position = {0, 0};
	uint32_t next = 0;

	for (;;) {
		struct ip end = highest;

		for (; next < set->count && ip_equal(set->ranges[next].first, position); next++) {
			const struct ranked_range *range = &set->ranges[next];

			heap_push(heap,
				  (struct candidate){ip_subtract(range->last, range->first), next});
		}
		while (heap->count > 0 &&
		       ip_compare(set->ranges[heap->items[0].range].last, position) < 0)
			heap_pop(heap);
		emit_interval(intervals, position,
			      heap->count > 0 ? heap->items[0].range : RANGE_NONE);
		if (heap->count > 0)
			end = set->ranges[heap->items[0].range].last;
		if (next < set->count && ip_compare(set->ranges[next].first, end) <= 0)
			position = set->ranges[next].first;
		else if (ip_equal(end, highest))
			return;
		else
			position = ip_next(end);
	}
}

int interval_set_build(const struct range_set *set, struct interval_set *intervals)
{
	struct heap heap = {malloc((set->count + 1) * sizeof(*heap.items)), 0};

	/* Every range begins at most one interval and ends at most one. */
	*intervals =
		(struct interval_set){malloc((2 * set->count + 1) * sizeof(*intervals->items)), 0};
	if (!heap.items || !intervals->items) {
		free(heap.items);
		interval_set_clear(intervals);
		return -ENOMEM;
	}
	sweep(set, &heap, intervals);
	free(heap.items);
	return 0;
}

void interval_set_clear(struct interval_set *intervals)
{
	free(intervals->items);
	*intervals = (struct interval_set){0};
}
