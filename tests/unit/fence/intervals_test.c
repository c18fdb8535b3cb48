// SPDX-License-Identifier: GPL-2.0-only
#include "fence/intervals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/range.h"
#include "tests/support/ranges.h"

#define TEXT_MAX 1024

/* "first=number ..." of the intervals; the number is the line of the range that decides, - none. */
static void write_intervals(const struct range_list *list, uint8_t family, char text[TEXT_MAX])
{
	struct interval_set intervals;
	struct range_set set;
	size_t used = 0;

	assert_int_equal(range_set_build(list, 1, family, &set), 0);
	assert_int_equal(interval_set_build(&set, &intervals), 0);
	for (size_t i = 0; i < intervals.count; i++) {
		uint32_t decider = intervals.items[i].decider;
		char first[RANGE_TEXT_MAX], line[16] = "-";

		ip_format(intervals.items[i].first, family, first);
		if (decider != RANGE_NONE)
			snprintf(line, sizeof(line), "%u",
				 list->ranges[set.ranges[decider].range].line);
		used += (size_t)snprintf(text + used, TEXT_MAX - used, "%s%s=%s", i ? " " : "",
					 first, line);
	}
	interval_set_clear(&intervals);
	range_set_clear(&set);
}

struct interval_case {
	const char *ranges[8];
	const char *expected;
};

static const struct interval_case interval_cases[] = {
	{{NULL}, "0.0.0.0=-"},
	{{"0.0.0.0/0"}, "0.0.0.0=1"},
	{{"0.0.0.0/0", "255.255.255.255"}, "0.0.0.0=1 255.255.255.255=2"},
	{{"0.0.0.0", "0.0.0.1"}, "0.0.0.0=1 0.0.0.1=2 0.0.0.2=-"},
	{{"10.0.0.0/8", "10.1.0.0/16", "10.1.1.0/24"},
	 "0.0.0.0=- 10.0.0.0=1 10.1.0.0=2 10.1.1.0=3 10.1.2.0=2 10.2.0.0=1 11.0.0.0=-"},
	/* the same, given the other way round */
	{{"10.1.1.0/24", "10.1.0.0/16", "10.0.0.0/8"},
	 "0.0.0.0=- 10.0.0.0=3 10.1.0.0=2 10.1.1.0=1 10.1.2.0=2 10.2.0.0=3 11.0.0.0=-"},
	/* neighbours do not merge: each has hits of its own */
	{{"10.0.0.0/25", "10.0.0.128/25"}, "0.0.0.0=- 10.0.0.0=1 10.0.0.128=2 10.0.1.0=-"},
	/* equal ones: the first in order */
	{{"10.0.0.0/24", "10.0.0.0/24"}, "0.0.0.0=- 10.0.0.0=1 10.0.1.0=-"},
	/* in part: the smaller one decides where they overlap, whichever begins first */
	{{"10.0.0.0-10.0.0.9", "10.0.0.5-10.0.0.8", "10.0.0.7-10.0.0.20"},
	 "0.0.0.0=- 10.0.0.0=1 10.0.0.5=2 10.0.0.9=1 10.0.0.10=3 10.0.0.21=-"},
	{{"10.0.0.0-10.0.0.20", "10.0.0.15-10.0.0.25"},
	 "0.0.0.0=- 10.0.0.0=1 10.0.0.15=2 10.0.0.26=-"},
	{{"255.255.255.0/24", "255.255.255.255"}, "0.0.0.0=- 255.255.255.0=1 255.255.255.255=2"},
};

static void intervals_are_those_of_the_most_specific(void **state)
{
	char text[TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(interval_cases) / sizeof(*interval_cases); i++) {
		struct range_list list =
			ranges_read("list", LIST_TRUSTED, interval_cases[i].ranges);

		write_intervals(&list, MXF_FAMILY_IPV4, text);
		assert_string_equal(text, interval_cases[i].expected);
		free(list.ranges);
	}
}

static void families_are_apart(void **state)
{
	static const char *const ranges[] = {"::/0", "10.0.0.0/8", "2001:db8::/32",
					     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL};
	struct range_list list = ranges_read("list", LIST_TRUSTED, ranges);
	char text[TEXT_MAX];

	(void)state;
	write_intervals(&list, MXF_FAMILY_IPV6, text);
	assert_string_equal(text, "::=1 2001:db8::=3 2001:db9::=1 "
				  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff=4");
	write_intervals(&list, MXF_FAMILY_IPV4, text);
	assert_string_equal(text, "0.0.0.0=- 10.0.0.0=2 11.0.0.0=-");
	free(list.ranges);
}

struct report {
	const struct range_list *list;
	char text[TEXT_MAX];
	size_t used;
};

static void report_relation(void *context, enum range_relation relation, bool nearest,
			    const struct ranked_range *outer, const struct ranked_range *inner)
{
	static const char *const words[] = {"=", ">", "x"};
	struct report *report = context;

	report->used += (size_t)snprintf(
		report->text + report->used, TEXT_MAX - report->used, "%s%u%s%u%s",
		report->used ? " " : "", report->list->ranges[outer->range].line, words[relation],
		report->list->ranges[inner->range].line, nearest ? "!" : "");
}

struct relation_case {
	const char *ranges[8];
	const char *expected; /* outer, relation, inner; ! nearest */
};

static const struct relation_case relation_cases[] = {
	{{"10.0.0.0/24", "10.0.1.0/24"}, ""},
	{{"10.0.0.0/24", "10.0.0.0/24"}, "1=2!"},
	{{"10.0.0.0/8", "10.1.0.0/16", "10.1.1.0/24", "10.2.0.0/16"}, "1>2! 2>3! 1>3 1>4!"},
	{{"10.0.0.0-10.0.0.9", "10.0.0.5-10.0.0.14"}, "1x2"},
	{{"10.0.0.0-10.0.0.9", "10.0.0.0/8", "10.0.0.5-10.0.0.14"}, "2>1! 1x3 2>3!"},
	/* what ended long ago is not told, though it lies below a live one */
	{{"10.0.0.0-10.0.0.9", "10.0.0.2-10.0.0.99", "10.0.0.50"}, "1x2 2>3!"},
};

static void relations_are_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(relation_cases) / sizeof(*relation_cases); i++) {
		struct range_list list =
			ranges_read("list", LIST_TRUSTED, relation_cases[i].ranges);
		struct report report = {.list = &list};
		struct range_set set;

		assert_int_equal(range_set_build(&list, 1, MXF_FAMILY_IPV4, &set), 0);
		assert_int_equal(range_set_inspect(&set, report_relation, &report), 0);
		assert_string_equal(report.text, relation_cases[i].expected);
		range_set_clear(&set);
		free(list.ranges);
	}
}

/* Many ranges, so that the radix sort is used: the order is that of the header. */
static void sorting_keeps_the_order_written(void **state)
{
	enum { COUNT = 20000 };
	struct range_list list = {.ranges = calloc(COUNT, sizeof(struct range)), .count = COUNT};
	struct range_set set;
	uint32_t random = 12345;

	(void)state;
	assert_non_null(list.ranges);
	for (uint32_t i = 0; i < COUNT; i++) {
		uint64_t first;

		random = random * 1664525 + 1013904223;
		first = random >> 22 << 12;
		list.ranges[i] = (struct range){.family = MXF_FAMILY_IPV4,
						.first = {0, first},
						.last = {0, first + (random & 3)}};
	}
	assert_int_equal(range_set_build(&list, 1, MXF_FAMILY_IPV4, &set), 0);
	assert_int_equal(set.count, COUNT);
	for (uint32_t i = 1; i < COUNT; i++) {
		const struct ranked_range *a = &set.ranges[i - 1], *b = &set.ranges[i];
		int order = ip_compare(a->first, b->first);

		if (order == 0)
			order = ip_compare(b->last, a->last);
		assert_true(order < 0 || (order == 0 && a->range < b->range));
	}
	range_set_clear(&set);
	free(list.ranges);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(intervals_are_those_of_the_most_specific),
		cmocka_unit_test(families_are_apart),
		cmocka_unit_test(relations_are_told),
		cmocka_unit_test(sorting_keeps_the_order_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
