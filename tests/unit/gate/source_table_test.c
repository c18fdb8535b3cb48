// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "gate/source_table.h"

static const struct source_limits limits = {
	.sessions = 1000,
	.sessions_per_source = 3,
	.connections = 100,
	.connection_seconds = 60,
};

static struct ip ipv4(uint32_t address)
{
	return (struct ip){.lo = address};
}

static int set_up(void **state)
{
	*state = source_table_new(0x1234567890abcdefu);
	return *state ? 0 : -1;
}

static int tear_down(void **state)
{
	struct source_table *table = *state;

	source_table_free(&table);
	assert_null(table);
	return 0;
}

static enum source_answer enter(struct source_table *table, unsigned int slot, struct ip ip,
				uint64_t now)
{
	bool first;

	return source_table_enter(table, slot, ip, MXF_FAMILY_IPV4, &limits, now, &first);
}

/* Three sessions at once and no more, whichever worker has them; a place is free again at once. */
static void test_sessions_per_source(void **state)
{
	struct source_table *table = *state;
	bool first;

	for (unsigned int slot = 0; slot < 3; slot++)
		assert_int_equal(enter(table, slot, ipv4(7), 0), SOURCE_WELCOME);
	assert_int_equal(
		source_table_enter(table, 0, ipv4(7), MXF_FAMILY_IPV4, &limits, 10, &first),
		SOURCE_TOO_MANY);
	assert_true(first);
	source_table_enter(table, 1, ipv4(7), MXF_FAMILY_IPV4, &limits, 900, &first);
	assert_false(first);
	source_table_enter(table, 1, ipv4(7), MXF_FAMILY_IPV4, &limits, 1900, &first);
	assert_true(first);
	assert_int_equal(enter(table, 0, ipv4(8), 0), SOURCE_WELCOME);
	assert_int_equal(source_table_sessions(table), 4);

	source_table_leave(table, 2, ipv4(7), MXF_FAMILY_IPV4);
	assert_int_equal(source_table_sessions(table), 3);
	assert_int_equal(enter(table, 5, ipv4(7), 0), SOURCE_WELCOME);
	assert_int_equal(enter(table, 5, ipv4(7), 0), SOURCE_TOO_MANY);
}

/* An IPv6 host is its /64; a family is no part of another's number. */
static void test_what_a_source_is(void **state)
{
	struct source_table *table = *state;
	bool first;

	for (uint64_t i = 0; i < 4; i++) {
		const struct ip ip = {.hi = 0x20010db800000000u, .lo = i << 32};
		const struct ip other = {.hi = 0x20010db800000001u + i, .lo = 0};

		assert_int_equal(
			source_table_enter(table, 0, ip, MXF_FAMILY_IPV6, &limits, 0, &first),
			i < 3 ? SOURCE_WELCOME : SOURCE_TOO_MANY);
		assert_int_equal(
			source_table_enter(table, 0, other, MXF_FAMILY_IPV6, &limits, 0, &first),
			SOURCE_WELCOME);
		assert_int_equal(enter(table, 0, ipv4((uint32_t)i), 0), SOURCE_WELCOME);
	}
}

static unsigned int welcomes(struct source_table *table, struct ip ip, unsigned int tries,
			     uint64_t now)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < tries; i++) {
		if (enter(table, 0, ip, now) != SOURCE_WELCOME)
			continue;
		source_table_leave(table, 0, ip, MXF_FAMILY_IPV4);
		count++;
	}
	return count;
}

/* 100 a minute: at once, and then as the minute passes; who hammers stays out. */
static void test_connections(void **state)
{
	static const struct {
		uint64_t now;
		unsigned int tries, welcomes;
	} steps[] = {
		{0, 150, 100},	 {59000, 10, 0},   {60000, 1, 0},
		{90000, 30, 19}, {119000, 10, 10}, {300000, 150, 100},
	};
	struct source_table *table = *state;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		unsigned int count = welcomes(table, ipv4(9), steps[i].tries, steps[i].now);

		if (count != steps[i].welcomes)
			fail_msg("at %u ms: %u welcomes", (unsigned int)steps[i].now, count);
	}
	assert_int_equal(enter(table, 0, ipv4(10), 0), SOURCE_WELCOME);
}

static void test_all_sources(void **state)
{
	const struct source_limits few = {.sessions = 2,
					  .sessions_per_source = 10,
					  .connections = 100,
					  .connection_seconds = 60};
	struct source_table *table = *state;
	bool first;

	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(
			source_table_enter(table, i, ipv4(i), MXF_FAMILY_IPV4, &few, 0, &first),
			i < 2 ? SOURCE_WELCOME : SOURCE_FULL);
	source_table_leave(table, 0, ipv4(0), MXF_FAMILY_IPV4);
	assert_int_equal(source_table_enter(table, 2, ipv4(2), MXF_FAMILY_IPV4, &few, 0, &first),
			 SOURCE_WELCOME);
}

/* More sources than fit: sessions stay counted, in all and for those that have an entry. */
static void test_flood(void **state)
{
	struct source_table *table = *state;
	const struct source_limits many = {.sessions = UINT32_MAX,
					   .sessions_per_source = 1,
					   .connections = 100,
					   .connection_seconds = 60};
	const uint32_t sources = 2 * SOURCE_TABLE_ENTRIES;
	bool first;

	for (uint32_t i = 0; i < sources; i++)
		assert_int_equal(
			source_table_enter(table, 0, ipv4(i), MXF_FAMILY_IPV4, &many, i, &first),
			SOURCE_WELCOME);
	assert_int_equal(source_table_sessions(table), sources);
	assert_int_equal(source_table_enter(table, 0, ipv4(0), MXF_FAMILY_IPV4, &many, 0, &first),
			 SOURCE_TOO_MANY);
	for (uint32_t i = 0; i < sources; i++)
		source_table_leave(table, 0, ipv4(i), MXF_FAMILY_IPV4);
	assert_int_equal(source_table_sessions(table), 0);
	/* Entries that are quiet make room. */
	assert_int_equal(enter(table, 0, ipv4(sources), sources), SOURCE_WELCOME);
	assert_int_equal(welcomes(table, ipv4(sources + 1), 150, sources), 100);
}

static void test_leave_without_entry(void **state)
{
	struct source_table *table = *state;

	source_table_leave(table, 3, ipv4(1), MXF_FAMILY_IPV4);
	assert_int_equal(source_table_sessions(table), 0);
	assert_int_equal(enter(table, 3, ipv4(1), 0), SOURCE_WELCOME);
	assert_int_equal(source_table_sessions(table), 1);
}

/* Four processes at once, each killed in the middle of it: nothing remains, nobody waits for ever.
 */
static void test_processes_that_die(void **state)
{
	struct source_table *table = *state;
	pid_t children[4];
	int status;

	for (unsigned int slot = 0; slot < 4; slot++) {
		children[slot] = fork();
		assert_true(children[slot] >= 0);
		if (children[slot] > 0)
			continue;
		for (uint64_t i = 0;; i++) {
			enter(table, slot, ipv4((uint32_t)i % 8), i / 1000);
			if (i % 3)
				source_table_leave(table, slot, ipv4((uint32_t)i % 8),
						   MXF_FAMILY_IPV4);
			if (i == 200000)
				abort();
		}
	}
	for (unsigned int slot = 0; slot < 4; slot++) {
		assert_int_equal(waitpid(children[slot], &status, 0), children[slot]);
		source_table_clear_slot(table, slot);
	}
	assert_int_equal(source_table_sessions(table), 0);
	for (uint32_t i = 0; i < 8; i++)
		for (unsigned int n = 0; n < 3; n++)
			assert_int_equal(enter(table, 0, ipv4(i), 1000000), SOURCE_WELCOME);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_sessions_per_source, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_a_source_is, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_connections, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_all_sources, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_flood, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_leave_without_entry, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_processes_that_die, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
