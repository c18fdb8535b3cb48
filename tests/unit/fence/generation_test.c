// SPDX-License-Identifier: GPL-2.0-only
#include "fence/generation.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/range.h"
#include "mxfence/maps.h"
#include "tests/support/ranges.h"

#define CPUS 2

static uint16_t closed_port = 25, open_port = 587;

/* A configuration with one trusted and one denied list. */
struct fixture {
	struct range_list lists[2];
	struct source source;
	struct config config;
};

static void fixture_open(struct fixture *fixture, const char *const *trusted,
			 const char *const *denied)
{
	*fixture = (struct fixture){
		.lists = {ranges_read("partners", LIST_TRUSTED, trusted),
			  ranges_read("never", LIST_DENIED, denied)},
		.source = {.name = "mxfence.yaml"},
	};
	fixture->config = (struct config){
		.sources = {&fixture->source, 1},
		.has_filter = true,
		.filter = {.closed_ports = &closed_port,
			   .closed_port_count = 1,
			   .open_ports = &open_port,
			   .open_port_count = 1,
			   .strict = true,
			   .lists = fixture->lists,
			   .list_count = 2},
		.hash = 42,
	};
}

static void fixture_close(struct fixture *fixture)
{
	free(fixture->lists[0].ranges);
	free(fixture->lists[1].ranges);
}

static struct mxf_generation *generation_make(const struct fixture *fixture, uint64_t number,
					      size_t *size)
{
	struct generation_facts facts = {.number = number, .created = 7, .seed = 99, .cpus = CPUS};
	struct generation_plan *plan;
	void *memory;

	assert_int_equal(generation_plan_create(&fixture->config, &plan), 0);
	*size = (size_t)generation_plan_elements(plan, CPUS) * MXF_ELEMENT_SIZE;
	memory = calloc(1, *size);
	assert_non_null(memory);
	generation_write(plan, &facts, memory);
	generation_plan_free(&plan);
	assert_null(plan);
	return memory;
}

static const char *const trusted[] = {"10.0.0.0/8", "192.0.2.7", "2001:db8::/32",
				      "2001:db8:1:2:3:4:5:6", NULL};
static const char *const denied[] = {"10.66.0.0/16", "2001:db8:ffff::/48", NULL};

struct judgement_case {
	const char *address;
	uint16_t port;
	enum mxf_verdict verdict;
	enum mxf_reason reason;
	const char *range; /* NULL: none decides */
};

static const struct judgement_case judgement_cases[] = {
	{"10.0.0.1", 25, MXF_VERDICT_PASS, MXF_REASON_TRUSTED, "10.0.0.0/8"},
	{"10.66.0.1", 25, MXF_VERDICT_DROP, MXF_REASON_DENIED, "10.66.0.0/16"},
	{"10.66.0.1", 587, MXF_VERDICT_DROP, MXF_REASON_DENIED, "10.66.0.0/16"},
	{"192.0.2.7", 25, MXF_VERDICT_PASS, MXF_REASON_TRUSTED, "192.0.2.7"},
	{"192.0.2.8", 25, MXF_VERDICT_DROP, MXF_REASON_UNTRUSTED, NULL},
	{"192.0.2.8", 587, MXF_VERDICT_PASS, MXF_REASON_OPEN, NULL},
	{"2001:db8:1::", 25, MXF_VERDICT_PASS, MXF_REASON_TRUSTED, "2001:db8::/32"},
	{"2001:db8:1:2:3:4:5:6", 25, MXF_VERDICT_PASS, MXF_REASON_TRUSTED, "2001:db8:1:2:3:4:5:6"},
	{"2001:db8:ffff::9", 25, MXF_VERDICT_DROP, MXF_REASON_DENIED, "2001:db8:ffff::/48"},
	{"2001:db9::", 25, MXF_VERDICT_DROP, MXF_REASON_UNTRUSTED, NULL},
};

static void judges_and_names_the_range(void **state)
{
	struct mxf_generation *generation;
	struct fixture fixture;
	size_t size;

	(void)state;
	fixture_open(&fixture, trusted, denied);
	generation = generation_make(&fixture, 1, &size);
	assert_true(generation_check(generation, size));
	for (size_t i = 0; i < sizeof(judgement_cases) / sizeof(*judgement_cases); i++) {
		const struct judgement_case *at = &judgement_cases[i];
		struct generation_range entry;
		struct generation_verdict verdict;
		char text[RANGE_TEXT_MAX];
		uint8_t family;
		struct ip ip = address_read(at->address, &family);

		generation_judge(generation, family, ip, NULL, at->port, MXF_ANSWER_NONE, &verdict);
		assert_true(verdict.guarded);
		assert_int_equal(verdict.verdict, at->verdict);
		assert_int_equal(verdict.reason, at->reason);
		assert_int_equal(MXF_ANSWER_KIND(verdict.answer) != MXF_ANSWER_NONE,
				 at->range != NULL);
		if (!at->range)
			continue;
		generation_read_range(generation, MXF_ANSWER_ID(verdict.answer), &entry);
		range_format(&entry.range, text);
		assert_string_equal(text, at->range);
	}
	free(generation);
	fixture_close(&fixture);
}

static void guards_only_what_it_is_told(void **state)
{
	static const char *const guarded[] = {"203.0.113.25", NULL};
	struct range_list destinations = ranges_read("", LIST_TRUSTED, guarded);
	struct generation_verdict verdict;
	struct mxf_generation *generation;
	struct fixture fixture;
	uint8_t family;
	struct ip source = address_read("192.0.2.8", &family), to;
	size_t size;

	(void)state;
	fixture_open(&fixture, trusted, denied);
	fixture.config.filter.destinations = destinations.ranges;
	fixture.config.filter.destination_count = destinations.count;
	generation = generation_make(&fixture, 1, &size);
	generation_judge(generation, family, source, NULL, 443, MXF_ANSWER_NONE, &verdict);
	assert_false(verdict.guarded);
	to = address_read("203.0.113.25", &family);
	generation_judge(generation, family, source, &to, 25, MXF_ANSWER_NONE, &verdict);
	assert_true(verdict.guarded);
	to = address_read("203.0.113.26", &family);
	generation_judge(generation, family, source, &to, 25, MXF_ANSWER_NONE, &verdict);
	assert_false(verdict.guarded);
	/* no IPv6 destination is guarded, so whichever it may be is not */
	source = address_read("2001:db9::", &family);
	generation_judge(generation, family, source, NULL, 25, MXF_ANSWER_NONE, &verdict);
	assert_false(verdict.guarded);
	free(generation);
	free(destinations.ranges);
	fixture_close(&fixture);
}

static void describes_itself(void **state)
{
	struct mxf_generation *generation;
	struct generation_range entry;
	struct fixture fixture;
	size_t size;

	(void)state;
	fixture_open(&fixture, trusted, denied);
	generation = generation_make(&fixture, 5, &size);
	assert_int_equal(generation->number, 5);
	assert_int_equal(generation->config_hash, 42);
	assert_int_equal(generation->directory.range_count, 6);
	assert_int_equal(generation->directory.ranges4, 3);
	generation_read_range(generation, 1, &entry); /* 10.66.0.0/16, behind 10.0.0.0/8 */
	assert_int_equal(entry.range.line, 1);
	assert_string_equal(generation_file(generation, entry.range.file), "mxfence.yaml");
	assert_string_equal(
		generation_string(generation, generation_list(generation, entry.list)->name),
		"never");
	assert_int_equal(generation_list(generation, entry.list)->action, MXF_ANSWER_DENIED);
	assert_int_equal(generation_list(generation, 99)->range_count, 0);
	assert_string_equal(generation_file(generation, 99), "");
	free(generation);
	fixture_close(&fixture);
}

static struct mxf_hits *hits_at(struct mxf_generation *generation, uint32_t stripe, uint32_t id)
{
	struct mxf_hits *hits = (void *)((char *)generation + generation->hits);

	return &hits[stripe * generation->directory.range_count + id];
}

static uint64_t hits_of(const struct mxf_generation *generation, uint32_t id)
{
	struct generation_range entry;

	generation_read_range(generation, id, &entry);
	return entry.hits;
}

/* Ranges that stay keep their hits, at whatever number; what comes between is not lost or doubled.
 */
static void hits_are_carried_over(void **state)
{
	static const char *const others[] = {"0.0.0.0/1", "192.0.2.7", NULL};
	struct mxf_generation *from, *to;
	struct fixture before, after;
	uint64_t carried[6] = {0};
	size_t size;

	(void)state;
	fixture_open(&before, trusted, denied);
	fixture_open(&after, others, denied);
	from = generation_make(&before, 1, &size);
	to = generation_make(&after, 2, &size);
	hits_at(from, 0, 2)->packets = 10; /* 192.0.2.7 */
	hits_at(from, 1, 2)->packets = 5;
	hits_at(from, 1, 1)->packets = 3; /* 10.66.0.0/16, denied */
	hits_at(from, 0, 0)->packets = 1; /* 10.0.0.0/8: is gone */
	generation_carry_hits(from, to, carried, NULL);
	hits_at(from, 1, 2)->packets += 2;
	hits_at(to, 0, 2)->packets += 100;
	generation_carry_hits(from, to, carried, NULL);
	generation_carry_hits(from, to, carried, NULL);
	assert_int_equal(hits_of(to, 0), 0);
	assert_int_equal(hits_of(to, 1), 3);
	assert_int_equal(hits_of(to, 2), 117);
	free(from);
	free(to);
	fixture_close(&before);
	fixture_close(&after);
}

/* A damaged generation is told from a good one, whatever byte of its head is changed. */
static void damage_is_seen_or_harmless(void **state)
{
	struct mxf_generation *generation, *copy;
	struct fixture fixture;
	size_t size;

	(void)state;
	fixture_open(&fixture, trusted, denied);
	generation = generation_make(&fixture, 1, &size);
	copy = malloc(size);
	assert_non_null(copy);
	assert_false(generation_check(generation, size - 1));
	assert_false(generation_check(generation, 0));
	for (size_t at = 0; at < offsetof(struct mxf_generation, ports); at++) {
		memcpy(copy, generation, size);
		((unsigned char *)copy)[at] ^= 0xff;
		if (!generation_check(copy, size))
			continue;
		for (uint32_t id = 0; id < copy->directory.range_count; id++) {
			struct generation_range entry;

			generation_read_range(copy, id, &entry);
			generation_list(copy, entry.list);
			generation_file(copy, entry.range.file);
			generation_look_up(copy, entry.range.family, entry.range.first);
		}
	}
	free(copy);
	free(generation);
	fixture_close(&fixture);
}

static void too_many_ranges_are_refused(void **state)
{
	struct generation_plan *plan = NULL;
	struct fixture fixture;
	size_t count;

	(void)state;
	fixture_open(&fixture, trusted, denied);
	count = fixture.lists[0].count;
	fixture.lists[0].count = (size_t)MXF_RANGES_MAX + 1;
	assert_int_equal(generation_plan_create(&fixture.config, &plan), -E2BIG);
	assert_null(plan);
	fixture.lists[0].count = count;
	fixture_close(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judges_and_names_the_range),
		cmocka_unit_test(guards_only_what_it_is_told),
		cmocka_unit_test(describes_itself),
		cmocka_unit_test(hits_are_carried_over),
		cmocka_unit_test(damage_is_seen_or_harmless),
		cmocka_unit_test(too_many_ranges_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
