// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the resolved intervals to the tables: boundaries of 32-bit keys, then chunks of them; for
 * IPv6 the /32 blocks with longer ranges inside become deep chunks.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fence/generation_plan.h"

/* Entries that fit one element, and so the alignment of what must not cross one. */
#define ELEMENT_ENTRIES (MXF_ELEMENT_SIZE / sizeof(struct mxf_entry))

static uint32_t answer_of(const struct config *config, const struct table_plan *table,
			  uint32_t first_id, uint32_t decider)
{
	enum list_action action;

	if (decider == RANGE_NONE)
		return 0;
	action = config->filter.lists[table->set.ranges[decider].list].action;
	return MXF_ANSWER(action == LIST_TRUSTED ? MXF_ANSWER_TRUSTED : MXF_ANSWER_DENIED,
			  first_id + decider);
}

static void add_boundary(struct table_plan *table, uint32_t key, uint32_t answer)
{
	table->boundaries[table->boundary_count++] = (struct boundary){key, answer};
}

static void find_boundaries4(const struct config *config, const struct interval_set *intervals,
			     struct table_plan *table)
{
	for (size_t i = 0; i < intervals->count; i++)
		add_boundary(table, (uint32_t)intervals->items[i].first.lo,
			     answer_of(config, table, 0, intervals->items[i].decider));
}

static uint32_t block_of(struct ip ip)
{
	return (uint32_t)(ip.hi >> 32);
}

static bool begins_block(struct ip ip)
{
	return (uint32_t)ip.hi == 0 && ip.lo == 0;
}

static void add_deep_entry(struct table_plan *table, struct ip first, uint32_t answer)
{
	table->deep_entries[table->deep_entry_count++] = (struct mxf_deep_entry){
		.middle = first.hi << 32 | first.lo >> 32,
		.low = (uint32_t)first.lo,
		.answer = answer,
	};
}

/*
 * The intervals [from, to) begin in one /32 block, the first of them perhaps with the block: a deep
 * chunk, and a boundary behind the block for what goes on there.
 */
static void add_deep_block(const struct config *config, const struct interval_set *intervals,
			   size_t from, size_t to, uint32_t first_id, struct table_plan *table)
{
	const struct interval *items = intervals->items;
	uint32_t block = block_of(items[from].first), answer = 0;
	size_t entries = table->deep_entry_count;

	if (!begins_block(items[from].first))
		add_deep_entry(table, (struct ip){(uint64_t)block << 32, 0},
			       answer_of(config, table, first_id, items[from - 1].decider));
	for (size_t i = from; i < to; i++) {
		answer = answer_of(config, table, first_id, items[i].decider);
		add_deep_entry(table, items[i].first, answer);
	}
	add_boundary(table, block, MXF_ANSWER(MXF_ANSWER_DEEP, (uint32_t)table->deep_chunk_count));
	table->deep_chunks[table->deep_chunk_count++] = (struct mxf_chunk){
		(uint32_t)entries, (uint32_t)(table->deep_entry_count - entries)};
	if (block != UINT32_MAX &&
	    (to == intervals->count || block_of(items[to].first) != block + 1))
		add_boundary(table, block + 1, answer);
}

static void find_boundaries6(const struct config *config, const struct interval_set *intervals,
			     uint32_t first_id, struct table_plan *table)
{
	const struct interval *items = intervals->items;
	size_t from = 0, to;

	for (; from < intervals->count; from = to) {
		uint32_t block = block_of(items[from].first);

		for (to = from + 1; to < intervals->count; to++)
			if (block_of(items[to].first) != block)
				break;
		if (to == from + 1 && begins_block(items[from].first))
			add_boundary(table, block,
				     answer_of(config, table, first_id, items[from].decider));
		else
			add_deep_block(config, intervals, from, to, first_id, table);
	}
}

/*
 * Where `count` entries may begin at or behind `at` without crossing an element.
 */
static size_t place_chunk(size_t at, size_t count)
{
	size_t room = ELEMENT_ENTRIES - at % ELEMENT_ENTRIES;

	return count <= room ? at : at + room;
}

/* Chunks [from, to) of boundaries begin in the key range of one index slot. */
static void add_chunk(struct table_plan *table, uint32_t slot, size_t from, size_t to)
{
	const struct boundary *boundaries = table->boundaries;
	bool begins = from < to && boundaries[from].key == slot << 16;
	size_t count = to - from + !begins;
	size_t at;

	if (count == 1) { /* one answer for the whole chunk, without an entry */
		table->chunks[slot] =
			(struct mxf_chunk){boundaries[begins ? from : from - 1].answer, 0};
		return;
	}
	at = place_chunk(table->entry_count, count);
	table->chunks[slot] = (struct mxf_chunk){(uint32_t)at, (uint32_t)count};
	if (!begins)
		table->entries[at++] = (struct mxf_entry){slot << 16, boundaries[from - 1].answer};
	for (size_t i = from; i < to; i++)
		table->entries[at++] = (struct mxf_entry){boundaries[i].key, boundaries[i].answer};
	table->entry_count = at;
}

static int build_chunks(struct table_plan *table)
{
	/* Each chunk may add one entry for its start, and each element one gap below a chunk. */
	size_t most = table->boundary_count + MXF_CHUNKS;
	size_t from = 0, to;

	table->chunks = calloc(MXF_CHUNKS, sizeof(*table->chunks));
	table->entries = calloc(2 * most, sizeof(*table->entries));
	if (!table->chunks || !table->entries)
		return -ENOMEM;
	for (uint32_t slot = 0; slot < MXF_CHUNKS; slot++, from = to) {
		for (to = from; to < table->boundary_count; to++)
			if (table->boundaries[to].key >> 16 != slot)
				break;
		add_chunk(table, slot, from, to);
	}
	return 0;
}

static int allocate_table(const struct interval_set *intervals, struct table_plan *table)
{
	/* A deep block adds at most one boundary behind it, and one entry at its start. */
	size_t most = 2 * intervals->count;

	table->boundaries = calloc(most, sizeof(*table->boundaries));
	if (!table->boundaries)
		return -ENOMEM;
	if (table->set.family == MXF_FAMILY_IPV4)
		return 0;
	table->deep_chunks = calloc(intervals->count, sizeof(*table->deep_chunks));
	table->deep_entries = calloc(most, sizeof(*table->deep_entries));
	return table->deep_chunks && table->deep_entries ? 0 : -ENOMEM;
}

static int build_table(const struct config *config, uint8_t family, uint32_t first_id,
		       struct table_plan *table)
{
	struct interval_set intervals;
	int error = range_set_build(&config->filter, family, &table->set);

	if (error || table->set.count == 0)
		return error;
	error = interval_set_build(&table->set, &intervals);
	if (error)
		return error;
	error = allocate_table(&intervals, table);
	if (!error && family == MXF_FAMILY_IPV4)
		find_boundaries4(config, &intervals, table);
	else if (!error)
		find_boundaries6(config, &intervals, first_id, table);
	interval_set_clear(&intervals);
	return error ? error : build_chunks(table);
}

static void table_plan_clear(struct table_plan *table)
{
	range_set_clear(&table->set);
	free(table->boundaries);
	free(table->chunks);
	free(table->entries);
	free(table->deep_chunks);
	free(table->deep_entries);
}

static int check_range_count(const struct config *config, struct generation_plan *plan)
{
	size_t count = 0;

	for (size_t i = 0; i < config->filter.list_count; i++)
		count += config->filter.lists[i].count;
	if (count > MXF_RANGES_MAX)
		return -E2BIG;
	plan->range_count = (uint32_t)count;
	return 0;
}

int generation_plan_create(const struct config *config, struct generation_plan **out)
{
	struct generation_plan *plan = calloc(1, sizeof(*plan));
	int error;

	if (!plan)
		return -ENOMEM;
	plan->config = config;
	error = check_range_count(config, plan);
	if (!error)
		error = build_table(config, MXF_FAMILY_IPV4, 0, &plan->ipv4);
	if (!error)
		error = build_table(config, MXF_FAMILY_IPV6, (uint32_t)plan->ipv4.set.count,
				    &plan->ipv6);
	if (!error)
		error = generation_plan_lay_out(plan);
	if (error)
		generation_plan_free(&plan);
	else
		*out = plan;
	return error;
}

void generation_plan_free(struct generation_plan **plan)
{
	if (!*plan)
		return;
	table_plan_clear(&(*plan)->ipv4);
	table_plan_clear(&(*plan)->ipv6);
	free(*plan);
	*plan = NULL;
}
