// SPDX-License-Identifier: GPL-2.0-only
#include "fence/intervals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/ip.h"

/*
 * Sorting. Ranges are large, so what moves are small records: 64 bits of the key and which range
 * it is. Records with equal keys are then sorted by the key's next word.
 */

struct record {
	uint64_t key;
	uint32_t list;
	uint32_t range;
};

#define DIGIT_BITS 11
#define DIGIT_VALUES (1u << DIGIT_BITS)

/* Up to here insertion is faster than passes over digits. */
#define INSERTION_MAX 64

/* Up to so many ascending runs merging is faster. */
#define RUNS_MAX 4

/* An IPv4 range's order fits one word. `last` is to descend, so its complement ascends. */
static uint64_t key_word(const struct range *range, unsigned int word)
{
	if (range->family == MXF_FAMILY_IPV4)
		return range->first.lo << 32 | (UINT32_MAX - range->last.lo);
	switch (word) {
	case 0:
		return range->first.hi;
	case 1:
		return range->first.lo;
	case 2:
		return ~range->last.hi;
	default:
		return ~range->last.lo;
	}
}

static unsigned int key_words(uint8_t family)
{
	return family == MXF_FAMILY_IPV4 ? 1 : 4;
}

static void insertion_sort(struct record *records, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct record record = records[i];
		size_t at = i;

		for (; at > 0 && records[at - 1].key > record.key; at--)
			records[at] = records[at - 1];
		records[at] = record;
	}
}

/* One stable pass by one digit; false when all have the same one and nothing was moved. */
static bool sort_by_digit(const struct record *from, struct record *to, size_t count,
			  unsigned int shift)
{
	size_t position[DIGIT_VALUES + 1] = {0};

	for (size_t i = 0; i < count; i++)
		position[(from[i].key >> shift) % DIGIT_VALUES + 1]++;
	if (position[(from[0].key >> shift) % DIGIT_VALUES + 1] == count)
		return false;
	for (size_t value = 0; value < DIGIT_VALUES; value++)
		position[value + 1] += position[value];
	for (size_t i = 0; i < count; i++)
		to[position[(from[i].key >> shift) % DIGIT_VALUES]++] = from[i];
	return true;
}

/* Stable, by `key`; `scratch` has as many records. */
static void sort_by_key(struct record *records, struct record *scratch, size_t count)
{
	struct record *from = records, *to = scratch;

	if (count <= INSERTION_MAX) {
		insertion_sort(records, count);
		return;
	}
	for (unsigned int shift = 0; shift < 64; shift += DIGIT_BITS) {
		if (sort_by_digit(from, to, count, shift)) {
			struct record *other = from;

			from = to;
			to = other;
		}
	}
	if (from != records)
		memcpy(records, from, count * sizeof(*records));
}

/* Where the ascending run that begins at `begin` ends. */
static size_t run_end(const struct record *records, size_t begin, size_t count)
{
	size_t end = begin + 1;

	while (end < count && records[end - 1].key <= records[end].key)
		end++;
	return end;
}

/* Stable; merges records[begin..middle) and records[middle..end). */
static void merge_runs(struct record *records, struct record *scratch, size_t begin, size_t middle,
		       size_t end)
{
	size_t left = begin, right = middle, to = begin;

	while (left < middle && right < end)
		scratch[to++] =
			records[right].key < records[left].key ? records[right++] : records[left++];
	memcpy(scratch + to, records + left, (middle - left) * sizeof(*records));
	memcpy(records + begin, scratch + begin, (to + middle - left - begin) * sizeof(*records));
}

/*
 * Lists are mostly written in order, so that all of them are a few ascending runs, which are merged
 * as they come. False, and nothing is lost, when there are more.
 */
static bool merge_few_runs(struct record *records, struct record *scratch, size_t count)
{
	size_t sorted = count ? run_end(records, 0, count) : 0;

	for (int runs = 1; sorted < count; runs++) {
		size_t end = run_end(records, sorted, count);

		if (runs == RUNS_MAX)
			return false;
		merge_runs(records, scratch, 0, sorted, end);
		sorted = end;
	}
	return true;
}

static const struct range *record_range(const struct range_list *lists, const struct record *record)
{
	return &lists[record->list].ranges[record->range];
}

/* Sorts by one word of the key and, where that is equal, by the words after it. */
static void sort_records(const struct range_list *lists, uint8_t family, unsigned int word,
			 struct record *records, struct record *scratch, size_t count)
{
	for (size_t i = 0; i < count; i++)
		records[i].key = key_word(record_range(lists, &records[i]), word);
	if (!merge_few_runs(records, scratch, count))
		sort_by_key(records, scratch, count);
	if (++word == key_words(family))
		return;
	for (size_t begin = 0, end; begin < count; begin = end) {
		for (end = begin + 1; end < count && records[end].key == records[begin].key;)
			end++;
		if (end - begin > 1)
			sort_records(lists, family, word, records + begin, scratch, end - begin);
	}
}

static size_t count_family(const struct range_list *lists, size_t list_count, uint8_t family)
{
	size_t count = 0;

	for (size_t list = 0; list < list_count; list++)
		for (size_t i = 0; i < lists[list].count; i++)
			count += lists[list].ranges[i].family == family;
	return count;
}

static void list_records(const struct range_list *lists, size_t list_count, uint8_t family,
			 struct record *records)
{
	for (uint32_t list = 0; list < list_count; list++)
		for (uint32_t i = 0; i < lists[list].count; i++)
			if (lists[list].ranges[i].family == family)
				*records++ = (struct record){.list = list, .range = i};
}

int range_set_build(const struct range_list *lists, size_t list_count, uint8_t family,
		    struct range_set *set)
{
	size_t count = count_family(lists, list_count, family);
	struct record *records;

	*set = (struct range_set){.family = family};
	if (count == 0)
		return 0;
	records = reallocarray(NULL, count, 2 * sizeof(*records)); /* the second half is scratch */
	set->ranges = reallocarray(NULL, count, sizeof(*set->ranges));
	if (!records || !set->ranges) {
		free(records);
		range_set_clear(set);
		return -ENOMEM;
	}
	list_records(lists, list_count, family, records);
	sort_records(lists, family, 0, records, records + count, count);
	for (size_t i = 0; i < count; i++) {
		const struct range *range = record_range(lists, &records[i]);

		set->ranges[set->count++] =
			(struct ranked_range){range->first, range->last, .list = records[i].list,
					      .range = records[i].range};
	}
	free(records);
	return 0;
}

void range_set_clear(struct range_set *set)
{
	free(set->ranges);
	*set = (struct range_set){0};
}

/* Relations. */

static int ranked_compare(const struct ranked_range *a, const struct ranked_range *b)
{
	int order = ip_compare(a->first, b->first);

	return order ? order : -ip_compare(a->last, b->last);
}

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
