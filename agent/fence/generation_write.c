// SPDX-License-Identifier: GPL-2.0-only
/* From the tables to memory: every array's place, then its contents. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fence/generation_plan.h"

#include "bpf/table.h"

/* Stripes of hits are doubled until every CPU has one, while they stay below this. */
#define HIT_STRIPES_BYTES ((uint64_t)64 << 20)

/* Fewer boundaries than this leave most of the front's bits clear: no sieve behind it. */
#define SIEVE_BOUNDARIES_MIN (1u << 19)

/* Keys of IPv6 that are marked one by one; beyond, front and sieve say "perhaps" to all. */
#define MARKS_MAX (1u << 22)

static uint64_t round_up(uint64_t value, uint64_t unit)
{
	return (value + unit - 1) / unit * unit;
}

/* Reserves `size` bytes and returns where; 0 for nothing. Entries of 16 bytes stay aligned. */
static uint32_t reserve(uint64_t *cursor, uint64_t size, uint64_t alignment)
{
	uint64_t at = round_up(*cursor, alignment);

	if (size == 0)
		return 0;
	*cursor = at + size;
	return (uint32_t)at;
}

static void lay_out_slots(struct table_plan *table, uint64_t *cursor)
{
	table->place.slots = reserve(cursor, table->slot_count * sizeof(uint32_t), 64);
}

static void lay_out_sieve(struct table_plan *table, uint64_t *cursor)
{
	if (table->boundary_count >= SIEVE_BOUNDARIES_MIN)
		table->place.sieve =
			reserve(cursor, MXF_SIEVE_WORDS * sizeof(uint32_t), MXF_ELEMENT_SIZE);
}

static uint32_t strings_size(const struct config *config)
{
	size_t size = 1; /* offset 0 is the empty string */

	for (size_t i = 0; i < config->filter.list_count; i++)
		size += strlen(config->filter.lists[i].name) + 1;
	for (size_t i = 0; i < config->sources.count; i++)
		size += strlen(config->sources.items[i].name) + 1;
	return (uint32_t)size;
}

static void lay_out_directory(struct generation_plan *plan, uint64_t *cursor)
{
	const struct config *config = plan->config;
	struct mxf_directory *directory = &plan->directory;

	directory->range_count = plan->range_count;
	directory->ranges4 = (uint32_t)plan->ipv4.set.count;
	directory->list_count = (uint32_t)config->filter.list_count;
	directory->file_count = (uint32_t)config->sources.count;
	directory->strings_size = strings_size(config);
	directory->ranges =
		reserve(cursor, (uint64_t)plan->range_count * sizeof(struct mxf_range), 16);
	directory->lists = reserve(cursor, directory->list_count * sizeof(struct mxf_list), 16);
	directory->files = reserve(cursor, directory->file_count * sizeof(uint32_t), 16);
	directory->strings = reserve(cursor, directory->strings_size, 16);
}

static uint64_t stripe_size(const struct generation_plan *plan)
{
	return plan->range_count * sizeof(struct mxf_hits);
}

int generation_plan_lay_out(struct generation_plan *plan)
{
	uint64_t cursor = plan->image.base + plan->image.size, most;

	lay_out_slots(&plan->ipv4, &cursor);
	lay_out_slots(&plan->ipv6, &cursor);
	lay_out_slots(&plan->destinations4, &cursor);
	lay_out_slots(&plan->destinations6, &cursor);
	lay_out_sieve(&plan->ipv4, &cursor);
	lay_out_sieve(&plan->ipv6, &cursor);
	lay_out_directory(plan, &cursor);
	plan->carry = reserve(&cursor, plan->range_count * sizeof(struct mxf_carry), 16);
	plan->size = round_up(cursor, sizeof(struct mxf_hits));
	most = plan->size + HIT_STRIPES_BYTES + stripe_size(plan);
	return most > (uint64_t)MXF_ELEMENTS_MAX * MXF_ELEMENT_SIZE ? -E2BIG : 0;
}

static uint32_t hit_stripes(const struct generation_plan *plan, uint32_t cpus)
{
	uint32_t stripes = 1;

	while (stripes < cpus && 2 * stripes * stripe_size(plan) <= HIT_STRIPES_BYTES)
		stripes *= 2;
	return stripes;
}

uint32_t generation_plan_elements(const struct generation_plan *plan, uint32_t cpus)
{
	uint64_t size = plan->size + hit_stripes(plan, cpus) * stripe_size(plan);

	return (uint32_t)(round_up(size, MXF_ELEMENT_SIZE) / MXF_ELEMENT_SIZE);
}

static void mark(uint32_t *bits, uint32_t position)
{
	bits[position / 32] |= 1u << position % 32;
}

/* The last key of boundary `i`'s stretch. */
static uint32_t last_key(const struct table_plan *table, size_t i)
{
	return i + 1 < table->boundary_count ? table->boundaries[i + 1].key - 1 : UINT32_MAX;
}

static void mark_blocks(uint32_t *bits, unsigned int width, uint32_t first, uint32_t last)
{
	for (uint32_t block = first >> (32 - width); block <= last >> (32 - width); block++)
		mark(bits, block);
}

/* `sieve` is NULL when there is none. */
static void mark_front4(const struct table_plan *table, uint32_t *front, uint32_t *sieve)
{
	for (size_t i = 0; i < table->boundary_count; i++) {
		uint32_t first = table->boundaries[i].key, last = last_key(table, i);

		if (!table->boundaries[i].slot)
			continue;
		mark_blocks(front, MXF_FRONT_BITS, first, last);
		if (sieve)
			mark_blocks(sieve, MXF_SIEVE_BITS, first, last);
	}
}

static bool has_many_marks(const struct table_plan *table)
{
	uint64_t marks = 0;

	for (size_t i = 0; i < table->boundary_count; i++)
		if (table->boundaries[i].slot)
			marks += last_key(table, i) - table->boundaries[i].key + UINT64_C(1);
	return marks > MARKS_MAX;
}

static void mark_front6(const struct table_plan *table, uint64_t seed, uint32_t *front,
			uint32_t *sieve)
{
	if (has_many_marks(table)) {
		memset(front, 0xff, MXF_FRONT_WORDS * sizeof(*front));
		if (sieve)
			memset(sieve, 0xff, MXF_SIEVE_WORDS * sizeof(*sieve));
		return;
	}
	for (size_t i = 0; i < table->boundary_count; i++) {
		uint64_t key = table->boundaries[i].key, last = last_key(table, i);

		for (; table->boundaries[i].slot && key <= last; key++) {
			uint32_t hash = front_hash((uint32_t)key, seed);

			mark(front, hash >> (32 - MXF_FRONT_BITS));
			if (sieve)
				mark(sieve, hash >> (32 - MXF_SIEVE_BITS));
		}
	}
}

static uint32_t *sieve_in(void *memory, const struct table_plan *table)
{
	return table->place.sieve ? (void *)((char *)memory + table->place.sieve) : NULL;
}

static void copy(void *memory, uint32_t offset, const void *from, size_t size)
{
	if (size > 0)
		memcpy((char *)memory + offset, from, size);
}

static void copy_slots(void *memory, const struct table_plan *table)
{
	copy(memory, table->place.slots, table->slots, table->slot_count * sizeof(uint32_t));
}

static void write_tables(const struct generation_plan *plan, void *memory)
{
	const struct table_plan *ipv4 = &plan->ipv4, *ipv6 = &plan->ipv6;
	struct mxf_generation *header = memory;

	copy(memory, plan->image.base, plan->image.bytes, plan->image.size);
	copy_slots(memory, ipv4);
	copy_slots(memory, ipv6);
	copy_slots(memory, &plan->destinations4);
	copy_slots(memory, &plan->destinations6);
	mark_front4(ipv4, header->front4, sieve_in(memory, ipv4));
	mark_front6(ipv6, header->seed, header->front6, sieve_in(memory, ipv6));
}

static void set_ports(const uint16_t *ports, size_t count, enum mxf_port_class class,
		      struct mxf_generation *header)
{
	for (size_t i = 0; i < count; i++)
		header->ports[ports[i] / 4] |= (uint8_t)(class << ports[i] % 4 * 2);
	header->guarded_ports += (uint32_t)count;
}

static uint32_t header_flags(const struct filter_config *filter)
{
	return (filter->mode == FILTER_OBSERVE ? MXF_FLAG_OBSERVE : 0) |
	       (filter->answer == FILTER_RESET ? MXF_FLAG_RESET : 0) |
	       (filter->strict ? MXF_FLAG_STRICT : 0) |
	       (filter->destination_count ? MXF_FLAG_DESTINATIONS : 0);
}

static void write_header(const struct generation_plan *plan, const struct generation_facts *facts,
			 struct mxf_generation *header)
{
	const struct filter_config *filter = &plan->config->filter;

	header->magic = MXF_GENERATION_MAGIC;
	header->elements = generation_plan_elements(plan, facts->cpus);
	header->number = facts->number;
	header->created = facts->created;
	header->config_hash = plan->config->hash;
	header->seed = facts->seed | 1;
	header->flags = header_flags(filter);
	header->hits = (uint32_t)plan->size;
	header->carry = plan->carry;
	header->hit_stripes = hit_stripes(plan, facts->cpus);
	if (header->hit_stripes < facts->cpus)
		header->flags |= MXF_FLAG_SHARED_HITS;
	header->ipv4 = plan->ipv4.place;
	header->ipv6 = plan->ipv6.place;
	header->destinations4 = plan->destinations4.place;
	header->destinations6 = plan->destinations6.place;
	header->directory = plan->directory;
	set_ports(filter->closed_ports, filter->closed_port_count, MXF_PORT_CLOSED, header);
	set_ports(filter->open_ports, filter->open_port_count, MXF_PORT_OPEN, header);
}

static void write_ranges(const struct config *config, const struct range_set *set,
			 struct mxf_range *to)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct ranked_range *ranked = &set->ranges[i];
		const struct range *range =
			&config->filter.lists[ranked->list].ranges[ranked->range];

		ip_to_words(range->first, to[i].first);
		ip_to_words(range->last, to[i].last);
		to[i].line = range->line;
		to[i].file = range->file;
		to[i].list = (uint16_t)ranked->list;
	}
}

/* Appends a string; returns its offset in the string table. */
static uint32_t write_string(char *strings, uint32_t *cursor, const char *string)
{
	uint32_t at = *cursor;
	size_t size = strlen(string) + 1;

	memcpy(strings + at, string, size);
	*cursor += (uint32_t)size;
	return at;
}

static void write_names(const struct generation_plan *plan, char *memory)
{
	const struct config *config = plan->config;
	const struct mxf_directory *directory = &plan->directory;
	struct mxf_list *lists = (void *)(memory + directory->lists);
	uint32_t *files = (void *)(memory + directory->files);
	char *strings = memory + directory->strings;
	uint32_t cursor = 1;

	for (size_t i = 0; i < config->filter.list_count; i++) {
		const struct range_list *list = &config->filter.lists[i];

		lists[i].name = write_string(strings, &cursor, list->name);
		lists[i].file = list->place.file;
		lists[i].line = list->place.line;
		lists[i].action =
			list->action == LIST_TRUSTED ? MXF_ANSWER_TRUSTED : MXF_ANSWER_DENIED;
		lists[i].range_count = (uint32_t)list->count;
	}
	for (size_t i = 0; i < config->sources.count; i++)
		files[i] = write_string(strings, &cursor, config->sources.items[i].name);
}

void generation_write(const struct generation_plan *plan, const struct generation_facts *facts,
		      void *memory)
{
	struct mxf_range *ranges = (void *)((char *)memory + plan->directory.ranges);
	struct mxf_generation *header = memory;

	write_header(plan, facts, header);
	write_tables(plan, memory);
	write_ranges(plan->config, &plan->ipv4.set, ranges);
	write_ranges(plan->config, &plan->ipv6.set, ranges + plan->ipv4.set.count);
	write_names(plan, memory);
}

int generation_compile(const struct config *config, struct mxf_generation **generation)
{
	const struct generation_facts facts = {.number = 1, .cpus = 1};
	struct generation_plan *plan;
	void *memory;
	int error = generation_plan_create(config, &plan);

	if (error)
		return error;
	memory = calloc(generation_plan_elements(plan, facts.cpus), MXF_ELEMENT_SIZE);
	if (memory)
		generation_write(plan, &facts, memory);
	generation_plan_free(&plan);
	*generation = memory;
	return memory ? 0 : -ENOMEM;
}
