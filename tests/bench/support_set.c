// SPDX-License-Identifier: GPL-2.0-only
#include "tests/bench/support.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/packet_random.h"

#define SET_SEED 88172645463325252u
#define SOURCES_SEED 7046029254386353131u

static struct ip random_ip(struct random_source *random, uint8_t family)
{
	if (family == MXF_FAMILY_IPV4)
		return (struct ip){0, random_next(random) >> 32};
	return (struct ip){random_next(random) >> 3 | UINT64_C(1) << 61, random_next(random)};
}

static struct range random_range(struct random_source *random, uint8_t family)
{
	struct ip ip = random_ip(random, family), mask = {0, 0};

	if (family == MXF_FAMILY_IPV4)
		mask.lo = (UINT64_C(1) << random_below(random, 9)) - 1;
	else
		mask = (struct ip){(UINT64_C(1) << random_below(random, 33)) - 1, UINT64_MAX};
	return (struct range){
		.first = {ip.hi & ~mask.hi, ip.lo & ~mask.lo},
		.last = {ip.hi | mask.hi, ip.lo | mask.lo},
		.family = family,
	};
}

static int compare_ranges(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return ip_compare(x->first, y->first);
}

/* Sorts, and drops what overlaps with the range before it; returns how many stay. */
static size_t ranges_part(struct range *ranges, size_t count)
{
	size_t kept = 0;

	qsort(ranges, count, sizeof(*ranges), compare_ranges);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || ip_compare(ranges[kept - 1].last, ranges[i].first) < 0)
			ranges[kept++] = ranges[i];
	return kept;
}

void bench_set_fill(struct bench_set *set, uint8_t family, size_t count)
{
	static char name[] = "bench";
	struct random_source random = {SET_SEED + family};
	struct range *ranges = calloc(count, sizeof(*ranges));

	if (!ranges)
		bench_fail("ranges");
	for (size_t have = 0; have < count; have = ranges_part(ranges, count))
		for (size_t i = have; i < count; i++)
			ranges[i] = random_range(&random, family);
	*set = (struct bench_set){
		.list = {.name = name, .action = LIST_TRUSTED, .ranges = ranges, .count = count},
		.port = 25,
		.config = {.has_filter = true,
			   .filter = {.closed_ports = &set->port,
				      .closed_port_count = 1,
				      .strict = true,
				      .lists = &set->list,
				      .list_count = 1}},
	};
}

void bench_set_clear(struct bench_set *set)
{
	free(set->list.ranges);
	set->list = (struct range_list){0};
}

static struct ip choose_source(struct random_source *random, const struct range_list *list,
			       uint8_t family, bool near)
{
	uint64_t dice = random_next(random) >> 32;
	const struct range *range;

	if (!near || dice & 1)
		return random_ip(random, family);
	range = &list->ranges[random_below(random, (uint32_t)list->count)];
	return dice & 2 ? range->first : ip_next(range->last);
}

void bench_sources_fill(struct bench_sources *sources, const struct range_list *list,
			uint8_t family, bool near)
{
	struct random_source random = {SOURCES_SEED};

	for (uint32_t i = 0; i < BENCH_SOURCES; i++) {
		struct ip ip = choose_source(&random, list, family, near);

		if (family == MXF_FAMILY_IPV4) {
			sources->ipv4[i] = __builtin_bswap32((uint32_t)ip.lo);
		} else {
			sources->ipv6[i][0] = __builtin_bswap64(ip.hi);
			sources->ipv6[i][1] = __builtin_bswap64(ip.lo);
		}
	}
}
