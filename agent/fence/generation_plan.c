// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the resolved intervals to boundaries of 32-bit keys; for IPv6 the /32 blocks with longer
 * ranges inside become deep blocks.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fence/generation_plan.h"

static uint32_t answer_of(const struct table_plan *table, uint32_t decider)
{
	enum list_action action;

	if (decider == RANGE_NONE)
		return 0;
	action = table->lists[table->set.ranges[decider].list].action;
	return MXF_SLOT(action == LIST_TRUSTED ? MXF_ANSWER_TRUSTED : MXF_ANSWER_DENIED,
			table->first_id + decider);
}

/* The 32 bits of an address at a level: 0 for the top ones. */
static uint32_t key_at(struct ip ip, unsigned int level)
{
	uint64_t half = level < 2 ? ip.hi : ip.lo;

	return level % 2 ? (uint32_t)half : (uint32_t)(half >> 32);
}

/* Is the address the first with its key at this level, and those above? */
static bool begins_key(struct ip ip, unsigned int level)
{
	for (unsigned int below = level + 1; below <= MXF_DEEP_LEVELS; below++)
		if (key_at(ip, below))
			return false;
	return true;
}

/* Where the boundaries of one level go: those of level 0 to the table, of others to a block. */
struct level_output {
	struct boundary *boundaries;
	size_t count;
};

static void add_boundary(struct level_output *output, uint32_t key, uint32_t slot)
{
	output->boundaries[output->count++] = (struct boundary){key, slot};
}

struct resolver {
	const struct table_plan *table;
	const struct interval *intervals;
	struct image *image;
};

static uint32_t answer_at(const struct resolver *resolver, size_t interval)
{
	return answer_of(resolver->table, resolver->intervals[interval].decider);
}

static int resolve_level(const struct resolver *resolver, size_t from, size_t to,
			 unsigned int level, struct level_output *output);

static int write_deep(struct image *image, const struct level_output *level, uint32_t *slot)
{
	size_t size = (1 + 2 * level->count) * sizeof(uint32_t);
	struct mxf_deep *deep;
	uint32_t offset;
	int error = size <= MXF_ELEMENT_SIZE
			    ? image_reserve(image, size, sizeof(uint32_t), &offset)
			    : image_reserve_long(image, size, sizeof(uint32_t), &offset);

	if (error)
		return error;
	deep = image_at(image, offset);
	deep->count = (uint32_t)level->count;
	for (size_t i = 0; i < level->count; i++) {
		deep->keys[i] = level->boundaries[i].key;
		deep->keys[level->count + i] = level->boundaries[i].slot;
	}
	*slot = MXF_SLOT(MXF_SLOT_DEEP, offset / (uint32_t)sizeof(uint32_t));
	return 0;
}

/* The intervals [from, to) have one key at the level above; the block for what is below it. */
static int add_deep(const struct resolver *resolver, size_t from, size_t to, unsigned int level,
		    uint32_t *slot)
{
	/* At most two boundaries for each interval, and the one at the start. */
	struct level_output output = {calloc(2 * (to - from) + 1, sizeof(struct boundary)), 0};
	int error;

	if (!output.boundaries)
		return -ENOMEM;
	if (!begins_key(resolver->intervals[from].first, level - 1) &&
	    key_at(resolver->intervals[from].first, level) != 0)
		add_boundary(&output, 0, answer_at(resolver, from - 1));
	error = resolve_level(resolver, from, to, level, &output);
	if (!error)
		error = write_deep(resolver->image, &output, slot);
	free(output.boundaries);
	return error;
}

/*
 * Boundaries by the 32 bits of one level for the intervals [from, to), which share all bits above.
 * What begins between two keys makes the lower one deep.
 */
static int resolve_level(const struct resolver *resolver, size_t from, size_t to,
			 unsigned int level, struct level_output *output)
{
	const struct interval *intervals = resolver->intervals;
	size_t end;
	int error = 0;

	for (; !error && from < to; from = end) {
		uint32_t key = key_at(intervals[from].first, level), slot = 0;

		for (end = from + 1; end < to; end++)
			if (key_at(intervals[end].first, level) != key)
				break;
		if (end == from + 1 && begins_key(intervals[from].first, level)) {
			add_boundary(output, key, answer_at(resolver, from));
			continue;
		}
		error = add_deep(resolver, from, end, level + 1, &slot);
		add_boundary(output, key, slot);
		if (key != UINT32_MAX &&
		    (end == to || key_at(intervals[end].first, level) != key + 1))
			add_boundary(output, key + 1, answer_at(resolver, end - 1));
	}
	return error;
}

static int find_boundaries(const struct interval_set *intervals, struct table_plan *table,
			   struct image *image)
{
	struct resolver resolver = {table, intervals->items, image};
	struct level_output output = {calloc(2 * intervals->count, sizeof(struct boundary)), 0};
	int error = 0;

	if (!output.boundaries)
		return -ENOMEM;
	if (table->set.family == MXF_FAMILY_IPV6)
		error = resolve_level(&resolver, 0, intervals->count, 0, &output);
	else
		for (size_t i = 0; i < intervals->count; i++)
			add_boundary(&output, (uint32_t)intervals->items[i].first.lo,
				     answer_at(&resolver, i));
	table->boundaries = output.boundaries;
	table->boundary_count = output.count;
	return error;
}

static int build_table(const struct range_list *lists, size_t list_count, uint8_t family,
		       struct table_plan *table, struct image *image)
{
	struct interval_set intervals;
	int error = range_set_build(lists, list_count, family, &table->set);

	table->lists = lists;
	if (error || table->set.count == 0)
		return error;
	error = interval_set_build(&table->set, &intervals);
	if (error)
		return error;
	error = find_boundaries(&intervals, table, image);
	interval_set_clear(&intervals);
	return error ? error : table_plan_build_index(table, image);
}

static int build_sources(const struct filter_config *filter, struct generation_plan *plan)
{
	int error = build_table(filter->lists, filter->list_count, MXF_FAMILY_IPV4, &plan->ipv4,
				&plan->image);

	if (error)
		return error;
	plan->ipv6.first_id = (uint32_t)plan->ipv4.set.count;
	return build_table(filter->lists, filter->list_count, MXF_FAMILY_IPV6, &plan->ipv6,
			   &plan->image);
}

static int build_destinations(const struct filter_config *filter, struct generation_plan *plan)
{
	int error;

	plan->destinations = (struct range_list){.action = LIST_TRUSTED,
						 .ranges = filter->destinations,
						 .count = filter->destination_count};
	error = build_table(&plan->destinations, 1, MXF_FAMILY_IPV4, &plan->destinations4,
			    &plan->image);
	if (error)
		return error;
	return build_table(&plan->destinations, 1, MXF_FAMILY_IPV6, &plan->destinations6,
			   &plan->image);
}

static void table_plan_clear(struct table_plan *table)
{
	range_set_clear(&table->set);
	free(table->boundaries);
	free(table->slots);
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
	plan->image.base = MXF_ELEMENT_SIZE;
	error = check_range_count(config, plan);
	if (!error)
		error = build_sources(&config->filter, plan);
	if (!error)
		error = build_destinations(&config->filter, plan);
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
	table_plan_clear(&(*plan)->destinations4);
	table_plan_clear(&(*plan)->destinations6);
	free((*plan)->image.bytes);
	free(*plan);
	*plan = NULL;
}
