// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "fence/generation.h"

#include "bpf/judge.h"

/* Do `count` entries of a table at `offset` lie in the first `size` bytes, and on their alignment?
 */
static bool lies_inside(uint64_t offset, uint64_t count, uint64_t each, uint64_t size)
{
	return offset <= size && count * each <= size - offset && (each == 1 || offset % 8 == 0);
}

static bool check_directory(const struct mxf_generation *header, uint64_t size)
{
	const struct mxf_directory *directory = &header->directory;

	return directory->ranges4 <= directory->range_count && directory->strings_size > 0 &&
	       lies_inside(directory->ranges, directory->range_count, sizeof(struct mxf_range),
			   size) &&
	       lies_inside(directory->lists, directory->list_count, sizeof(struct mxf_list),
			   size) &&
	       lies_inside(directory->files, directory->file_count, sizeof(uint32_t), size) &&
	       lies_inside(directory->strings, directory->strings_size, 1, size) &&
	       ((const char *)header)[directory->strings + directory->strings_size - 1] == '\0';
}

static bool check_hits(const struct mxf_generation *header, uint64_t size)
{
	uint64_t ranges = header->directory.range_count, stripes = header->hit_stripes;

	return stripes > 0 && (stripes & (stripes - 1)) == 0 &&
	       lies_inside(header->carry, ranges, sizeof(struct mxf_carry), size) &&
	       lies_inside(header->hits, stripes * ranges, sizeof(struct mxf_hits), size);
}

bool generation_check(const void *memory, size_t size)
{
	const struct mxf_generation *header = memory;

	if (size < MXF_ELEMENT_SIZE || header->magic != MXF_GENERATION_MAGIC ||
	    header->elements > size / MXF_ELEMENT_SIZE)
		return false;
	size = (size_t)header->elements * MXF_ELEMENT_SIZE;
	return check_directory(header, size) && check_hits(header, size);
}

static const void *at(const struct mxf_generation *generation, uint32_t offset)
{
	return (const char *)generation + offset;
}

static const struct mxf_range *stored_range(const struct mxf_generation *generation, uint32_t id)
{
	const struct mxf_range *ranges = at(generation, generation->directory.ranges);

	return &ranges[id];
}

static const struct mxf_hits *stored_hits(const struct mxf_generation *generation, uint32_t stripe,
					  uint32_t id)
{
	const struct mxf_hits *hits = at(generation, generation->hits);

	return &hits[(uint64_t)stripe * generation->directory.range_count + id];
}

static const struct mxf_carry *stored_carry(const struct mxf_generation *generation, uint32_t id)
{
	const struct mxf_carry *carry = at(generation, generation->carry);

	return &carry[id];
}

/* All that was counted for a range, in the form of what is carried. */
static struct mxf_carry sum_hits(const struct mxf_generation *generation, uint32_t id)
{
	const struct mxf_carry *carry = stored_carry(generation, id);
	struct mxf_carry sum = {
		.packets = __atomic_load_n(&carry->packets, __ATOMIC_RELAXED),
		.last = __atomic_load_n(&carry->last, __ATOMIC_RELAXED),
	};

	for (uint32_t stripe = 0; stripe < generation->hit_stripes; stripe++) {
		const struct mxf_hits *hits = stored_hits(generation, stripe, id);
		uint32_t last = __atomic_load_n(&hits->last, __ATOMIC_RELAXED);

		sum.packets += __atomic_load_n(&hits->packets, __ATOMIC_RELAXED);
		if (last > sum.last)
			sum.last = last;
	}
	return sum;
}

static uint64_t monotonic_time(uint32_t last)
{
	return last ? (uint64_t)(last - 1) << MXF_HITS_LAST_SHIFT | 1 : 0;
}

static uint8_t family_of(const struct mxf_generation *generation, uint32_t id)
{
	return id < generation->directory.ranges4 ? MXF_FAMILY_IPV4 : MXF_FAMILY_IPV6;
}

void generation_read_range(const struct mxf_generation *generation, uint32_t id,
			   struct generation_range *out)
{
	const struct mxf_range *range = stored_range(generation, id);
	struct mxf_carry hits = sum_hits(generation, id);

	*out = (struct generation_range){
		.range =
			{
				.first = ip_from_words(range->first),
				.last = ip_from_words(range->last),
				.line = range->line,
				.file = range->file,
				.family = family_of(generation, id),
			},
		.list = range->list,
		.hits = hits.packets,
		.last_hit = monotonic_time(hits.last),
	};
}

const struct mxf_list *generation_list(const struct mxf_generation *generation, uint32_t list)
{
	static const struct mxf_list none;
	const struct mxf_list *lists = at(generation, generation->directory.lists);

	return list < generation->directory.list_count ? &lists[list] : &none;
}

const char *generation_string(const struct mxf_generation *generation, uint32_t offset)
{
	if (offset >= generation->directory.strings_size)
		return "";
	return at(generation, generation->directory.strings + offset);
}

const char *generation_file(const struct mxf_generation *generation, uint32_t file)
{
	const uint32_t *files = at(generation, generation->directory.files);

	return file < generation->directory.file_count ? generation_string(generation, files[file])
						       : "";
}

static struct mxf_memory memory_of(const struct mxf_generation *generation)
{
	return (struct mxf_memory){(void *)generation, generation->elements};
}

static struct mxf_flow flow_from(uint8_t family, struct ip source)
{
	struct mxf_flow flow = {.kind = MXF_FLOW_SYN, .family = family};

	ip_to_words(source, flow.source);
	return flow;
}

uint32_t generation_look_up(const struct mxf_generation *generation, uint8_t family, struct ip ip)
{
	struct mxf_flow flow = flow_from(family, ip);

	return flow_look_up(memory_of(generation), generation, &flow);
}

void generation_judge(const struct mxf_generation *generation, uint8_t family, struct ip source,
		      const struct ip *destination, uint16_t port, uint32_t temporary,
		      struct generation_verdict *out)
{
	struct mxf_flow flow = flow_from(family, source);
	enum mxf_port_class class;
	uint32_t outcome;

	flow.seen = MXF_SEEN_PORT;
	flow.destination_port = port;
	if (destination) {
		flow.seen |= MXF_SEEN_DESTINATION;
		ip_to_words(*destination, flow.destination);
	}
	*out = (struct generation_verdict){
		.guarded = is_guarded(memory_of(generation), generation, &flow, &class),
	};
	if (!out->guarded)
		return;
	if (!temporary)
		out->answer = flow_look_up(memory_of(generation), generation, &flow);
	outcome = judge(generation->flags, flow.kind, class,
			temporary ? temporary : MXF_ANSWER_KIND(out->answer));
	out->verdict = OUTCOME_VERDICT(outcome);
	out->reason = OUTCOME_REASON(outcome);
}

/* Carrying hits over. */

static int compare_stored(const struct mxf_range *a, const struct mxf_range *b)
{
	int order = ip_compare(ip_from_words(a->first), ip_from_words(b->first));

	return order ? order : ip_compare(ip_from_words(b->last), ip_from_words(a->last));
}

/* The first id of the same family that is not before `range`, in [low, high). */
static uint32_t find_range(const struct mxf_generation *in, const struct mxf_range *range,
			   uint32_t low, uint32_t high)
{
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (compare_stored(stored_range(in, middle), range) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_same_list(const struct mxf_generation *a, uint32_t list_a,
			 const struct mxf_generation *b, uint32_t list_b)
{
	const struct mxf_list *in_a = generation_list(a, list_a);
	const struct mxf_list *in_b = generation_list(b, list_b);

	return in_a->action == in_b->action &&
	       strcmp(generation_string(a, in_a->name), generation_string(b, in_b->name)) == 0;
}

/* Where range `id` of `from` is in `to`; range_count when it is gone. */
static uint32_t find_successor(const struct mxf_generation *from, uint32_t id,
			       const struct mxf_generation *to)
{
	const struct mxf_range *range = stored_range(from, id);
	const struct mxf_directory *directory = &to->directory;
	bool ipv4 = id < from->directory.ranges4;
	uint32_t end = ipv4 ? directory->ranges4 : directory->range_count;
	uint32_t found = find_range(to, range, ipv4 ? 0 : directory->ranges4, end);

	for (; found < end && compare_stored(stored_range(to, found), range) == 0; found++)
		if (is_same_list(from, range->list, to, stored_range(to, found)->list))
			return found;
	return directory->range_count;
}

static void carry_into(struct mxf_generation *to, uint32_t id, uint64_t packets, uint32_t last)
{
	struct mxf_carry *carry = (struct mxf_carry *)((char *)to + to->carry) + id;

	__atomic_fetch_add(&carry->packets, packets, __ATOMIC_RELAXED);
	if (last > __atomic_load_n(&carry->last, __ATOMIC_RELAXED))
		__atomic_store_n(&carry->last, last, __ATOMIC_RELAXED);
}

void generation_carry_hits(const struct mxf_generation *from, struct mxf_generation *to,
			   uint64_t *carried, uint64_t *given)
{
	for (uint32_t id = 0; id < from->directory.range_count; id++) {
		struct mxf_carry sum = sum_hits(from, id);
		uint32_t successor;

		if (sum.packets == carried[id])
			continue;
		successor = find_successor(from, id, to);
		if (successor < to->directory.range_count) {
			carry_into(to, successor, sum.packets - carried[id], sum.last);
			if (given)
				given[successor] += sum.packets - carried[id];
		}
		carried[id] = sum.packets;
	}
}
