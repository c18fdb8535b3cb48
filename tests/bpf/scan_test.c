// SPDX-License-Identifier: GPL-2.0-only
/*
 * Verdicts equal a linear scan: random sets of ranges, every boundary from both sides, by the
 * program in the kernel (the deciding range's hits tell which it was) and by the same code here.
 *
 * MXF_SEED=N repeats a run.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fence/generation.h"
#include "tests/support/packet_people.h"
#include "tests/support/packet_random.h"
#include "tests/support/prog_load.h"

#define PROBES_MAX 6000

/* How a set of ranges looks. */
struct shape {
	const char *name;
	uint8_t family;
	uint32_t count;
	uint32_t shared;     /* leading bits that most addresses have in common */
	uint32_t shortest;   /* prefix lengths are drawn from here to the family's end */
	uint32_t intervals;  /* in 16: how many are no prefixes */
	uint32_t neighbours; /* in 16: how many begin where the one before ends */
};

static const struct shape shapes[] = {
	{"IPv4, few", MXF_FAMILY_IPV4, 12, 0, 0, 4, 2},
	{"IPv4, one", MXF_FAMILY_IPV4, 1, 0, 0, 8, 0},
	{"IPv4, anywhere", MXF_FAMILY_IPV4, 800, 0, 0, 4, 4},
	{"IPv4, long prefixes", MXF_FAMILY_IPV4, 5000, 0, 20, 2, 4},
	{"IPv4, in one /8", MXF_FAMILY_IPV4, 3000, 8, 8, 4, 8},
	{"IPv4, in one /16", MXF_FAMILY_IPV4, 3000, 16, 14, 4, 8},
	{"IPv4, in one /22", MXF_FAMILY_IPV4, 900, 22, 20, 6, 8},
	{"IPv4, neighbours alone", MXF_FAMILY_IPV4, 2000, 12, 30, 8, 16},
	{"IPv4, very many", MXF_FAMILY_IPV4, 150000, 0, 18, 1, 4},
	{"IPv6, few", MXF_FAMILY_IPV6, 12, 0, 0, 4, 2},
	{"IPv6, one", MXF_FAMILY_IPV6, 1, 0, 0, 8, 0},
	{"IPv6, anywhere", MXF_FAMILY_IPV6, 800, 0, 0, 4, 4},
	{"IPv6, up to /32", MXF_FAMILY_IPV6, 4000, 3, 16, 0, 4},
	{"IPv6, in one /16", MXF_FAMILY_IPV6, 3000, 16, 16, 4, 6},
	{"IPv6, in one /32", MXF_FAMILY_IPV6, 3000, 32, 30, 4, 8},
	{"IPv6, in one /64", MXF_FAMILY_IPV6, 2000, 64, 60, 4, 8},
	{"IPv6, in one /96", MXF_FAMILY_IPV6, 2000, 96, 90, 4, 8},
	{"IPv6, in one /120", MXF_FAMILY_IPV6, 300, 120, 112, 8, 8},
	{"IPv6, very many", MXF_FAMILY_IPV6, 100000, 3, 24, 1, 4},
};

static struct prog prog;
static struct packet_train train;

static uint32_t family_bits(uint8_t family)
{
	return family == MXF_FAMILY_IPV4 ? 32 : 128;
}

/* The lowest `bits` bits set. */
static struct ip low_bits(uint32_t bits)
{
	struct ip ip = {0, 0};

	if (bits >= 64)
		ip.lo = UINT64_MAX;
	else
		ip.lo = (1ULL << bits) - 1;
	if (bits >= 128)
		ip.hi = UINT64_MAX;
	else if (bits > 64)
		ip.hi = (1ULL << (bits - 64)) - 1;
	return ip;
}

static struct ip random_ip(struct random_source *random, const struct shape *shape)
{
	const struct ip same = {0x20010db8deadbeefULL, 0x0123456789abcdefULL};
	const uint32_t bits = family_bits(shape->family);
	struct ip own = {random_next(random), random_next(random)}, ip = own;
	struct ip free_bits = low_bits(bits - shape->shared), all = low_bits(bits);

	if (random_below(random, 16)) {
		ip.hi = (same.hi & ~free_bits.hi) | (own.hi & free_bits.hi);
		ip.lo = (same.lo & ~free_bits.lo) | (own.lo & free_bits.lo);
	}
	return (struct ip){ip.hi & all.hi, ip.lo & all.lo};
}

static struct ip random_begin(struct random_source *random, const struct shape *shape,
			      const struct range *ranges, uint32_t count)
{
	if (count && random_below(random, 16) < shape->neighbours &&
	    !ip_equal(ranges[count - 1].last, ip_highest(shape->family)))
		return ip_next(ranges[count - 1].last);
	if (count && !random_below(random, 3))
		return ranges[random_below(random, count)].first;
	return random_ip(random, shape);
}

static struct range random_range(struct random_source *random, const struct shape *shape,
				 const struct range *ranges, uint32_t count)
{
	const uint32_t bits = family_bits(shape->family);
	const uint32_t length = shape->shortest + random_below(random, bits - shape->shortest + 1);
	struct ip begin = random_begin(random, shape, ranges, count),
		  host = low_bits(bits - length);
	struct ip extent = {random_next(random) & host.hi, random_next(random) & host.lo};
	struct range range = {.family = shape->family};

	if (random_below(random, 16) >= shape->intervals) {
		range.first = (struct ip){begin.hi & ~host.hi, begin.lo & ~host.lo};
		range.last = (struct ip){range.first.hi | host.hi, range.first.lo | host.lo};
		return range;
	}
	range.first = begin;
	range.last = (struct ip){begin.hi + extent.hi, begin.lo + extent.lo};
	range.last.hi += range.last.lo < begin.lo;
	if (ip_compare(range.last, begin) < 0 ||
	    ip_compare(range.last, ip_highest(shape->family)) > 0)
		range.last = ip_highest(shape->family);
	return range;
}

/* All ranges in one row; the first half becomes the trusted list, the second the denied. */
static struct range *random_ranges(struct random_source *random, const struct shape *shape)
{
	struct range *ranges = calloc(shape->count, sizeof(*ranges));

	assert_non_null(ranges);
	for (uint32_t i = 0; i < shape->count; i++) {
		ranges[i] = random_range(random, shape, ranges, i);
		ranges[i].line = i + 1;
	}
	return ranges;
}

static void publish(const struct range *ranges, uint32_t count)
{
	struct config *config = packet_people_config();
	const uint32_t half = (count + 1) / 2;

	config->filter.lists[0].ranges = (struct range *)ranges;
	config->filter.lists[0].count = half;
	config->filter.lists[1].ranges = (struct range *)ranges + half;
	config->filter.lists[1].count = count - half;
	assert_int_equal(prog_publish(&prog, config), 0);
}

/*
 * Is `a` to decide rather than `b`, both holding the address? The one with fewer addresses; of as
 * many the one that begins first, then the one written first.
 */
static bool decides_before(const struct range *a, const struct range *b)
{
	int order = ip_compare(range_extent(a), range_extent(b));

	if (!order)
		order = ip_compare(a->first, b->first);
	return order < 0 || (!order && a->line < b->line);
}

static const struct range *scan(const struct range *ranges, uint32_t count, struct ip ip)
{
	const struct range *best = NULL;

	for (uint32_t i = 0; i < count; i++)
		if (range_holds(&ranges[i], ip) && (!best || decides_before(&ranges[i], best)))
			best = &ranges[i];
	return best;
}

/* The generation's number for each range, by the line it was written in. */
static uint32_t *ids_by_line(uint32_t count)
{
	const struct mxf_generation *generation = prog.generation;
	uint32_t *ids = calloc(count + 1, sizeof(*ids));

	assert_non_null(ids);
	assert_int_equal(generation->directory.range_count, count);
	for (uint32_t id = 0; id < count; id++) {
		struct generation_range range;

		generation_read_range(generation, id, &range);
		assert_in_range(range.range.line, 1, count);
		ids[range.range.line] = id;
	}
	return ids;
}

static unsigned int run_source(const struct shape *shape, struct ip ip)
{
	struct packet *packet = &train.packets[0];
	const bool ipv4 = shape->family == MXF_FAMILY_IPV4;
	uint8_t *source = packet->bytes + 14 + (ipv4 ? 12 : 8);
	const unsigned int size = ipv4 ? 4 : 16;
	struct prog_run run = {.frame = packet->bytes, .size = (unsigned int)packet->length};

	for (unsigned int i = 0; i < size; i++)
		source[size - 1 - i] = (uint8_t)((i < 8 ? ip.lo : ip.hi) >> 8 * (i % 8));
	assert_int_equal(prog_run(&prog, &run), 0);
	return run.action;
}

static uint64_t hits_of(uint32_t id)
{
	struct generation_range range;

	generation_read_range(prog.generation, id, &range);
	return range.hits;
}

struct probe {
	const struct shape *shape;
	const struct range *ranges;
	const uint32_t *ids;
	uint32_t half;
};

static void probe(const struct probe *set, struct ip ip)
{
	const struct range *best = scan(set->ranges, set->shape->count, ip);
	const uint32_t answer = generation_look_up(prog.generation, set->shape->family, ip);
	const bool trusted = best && best->line <= set->half;
	const uint32_t kind = !best	? MXF_ANSWER_NONE
			      : trusted ? MXF_ANSWER_TRUSTED
					: MXF_ANSWER_DENIED;
	const uint32_t id = best ? set->ids[best->line] : 0;
	uint64_t before = best ? hits_of(id) : 0;
	unsigned int action = run_source(set->shape, ip);

	if (MXF_ANSWER_KIND(answer) != kind || (best && MXF_ANSWER_ID(answer) != id))
		fail_msg("%s: %016llx%016llx: found %u/%u instead of %u/%u", set->shape->name,
			 (unsigned long long)ip.hi, (unsigned long long)ip.lo,
			 MXF_ANSWER_KIND(answer), MXF_ANSWER_ID(answer), kind, id);
	if (action != (trusted ? XDP_PASS : XDP_DROP) || (best && hits_of(id) != before + 1))
		fail_msg("%s: %016llx%016llx: XDP action %u, range %u hit %u times",
			 set->shape->name, (unsigned long long)ip.hi, (unsigned long long)ip.lo,
			 action, id, (unsigned int)(hits_of(id) - before));
}

static void probe_boundaries(const struct probe *set, const struct range *range)
{
	const struct ip highest = ip_highest(range->family), zero = {0, 0};
	const struct ip boundaries[] = {range->first, range->last};

	for (int i = 0; i < 2; i++) {
		probe(set, boundaries[i]);
		if (!ip_equal(boundaries[i], zero))
			probe(set, ip_previous(boundaries[i]));
		if (!ip_equal(boundaries[i], highest))
			probe(set, ip_next(boundaries[i]));
	}
}

/* Publishes the set and asks for the boundaries of its ranges and for random addresses. */
static void scan_ranges(struct random_source *random, const struct shape *shape,
			const struct range *ranges)
{
	/* What a linear scan of so many costs bounds how many are asked for. */
	const uint32_t probes = shape->count > 20000 ? 60 : PROBES_MAX / 6;
	struct probe set = {.shape = shape, .ranges = ranges, .half = (shape->count + 1) / 2};
	struct packet_subject subject;
	uint32_t *ids;

	packet_people_subject(PERSON_STRANGER, PORT_CLOSED, 40000, &subject);
	assert_int_equal(packet_build(shape->family == MXF_FAMILY_IPV4 ? "ip4 tcp" : "ip6 tcp",
				      &subject, &train),
			 0);
	publish(ranges, shape->count);
	set.ids = ids = ids_by_line(shape->count);
	for (uint32_t i = 0; i < probes && i < shape->count; i++)
		probe_boundaries(
			&set,
			&ranges[shape->count > probes ? random_below(random, shape->count) : i]);
	for (uint32_t i = 0; i < probes; i++)
		probe(&set, random_ip(random, shape));
	probe(&set, (struct ip){0, 0});
	probe(&set, ip_highest(shape->family));
	free(ids);
}

static int load(void **state)
{
	(void)state;
	return prog_group_setup(&prog);
}

static int unload(void **state)
{
	(void)state;
	return prog_group_teardown(&prog);
}

static void random_sets(void **state)
{
	struct random_source random = {random_seed()};

	(void)state;
	if (!prog.skeleton)
		skip();
	print_message("MXF_SEED=%llu\n", (unsigned long long)random.state);
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		struct range *ranges = random_ranges(&random, &shapes[i]);

		scan_ranges(&random, &shapes[i], ranges);
		free(ranges);
	}
}

/* Every prefix length of a family, each inside the shorter ones; trusted and denied by turns. */
static void every_prefix_length(void **state)
{
	static const struct shape nested[] = {
		{"IPv4, nested", MXF_FAMILY_IPV4, 33, 8, 0, 0, 0},
		{"IPv6, nested", MXF_FAMILY_IPV6, 129, 32, 0, 0, 0},
	};
	struct random_source random = {random_seed()};
	struct range ranges[129];

	(void)state;
	if (!prog.skeleton)
		skip();
	for (size_t i = 0; i < sizeof(nested) / sizeof(nested[0]); i++) {
		const uint32_t count = nested[i].count;
		const struct ip ip = random_ip(&random, &nested[i]);

		for (uint32_t j = 0; j < count; j++) {
			/* The first half of the row is trusted: the even lengths. */
			const uint32_t half = (count + 1) / 2;
			const uint32_t length = j < half ? 2 * j : 2 * (j - half) + 1;
			struct ip host = low_bits(count - 1 - length);

			ranges[j] = (struct range){
				.first = {ip.hi & ~host.hi, ip.lo & ~host.lo},
				.last = {ip.hi | host.hi, ip.lo | host.lo},
				.line = j + 1,
				.family = nested[i].family,
			};
		}
		scan_ranges(&random, &nested[i], ranges);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_sets),
		cmocka_unit_test(every_prefix_length),
	};

	return cmocka_run_group_tests_name("verdicts equal a linear scan", tests, load, unload);
}
