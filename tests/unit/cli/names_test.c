// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tools/mxfence/names.h"

static atomic_int calls, running, most;
static int gate[2]; /* what reads from it waits until it is closed */

static bool named(const char *address, char name[NAMES_TEXT_MAX])
{
	calls++;
	snprintf(name, NAMES_TEXT_MAX, "host-%s", address);
	return strcmp(address, "192.0.2.2") != 0;
}

static bool stalled(const char *address, char name[NAMES_TEXT_MAX])
{
	int now = ++running;
	char byte;

	if (now > most)
		most = now;
	if (read(gate[0], &byte, 1) < 0)
		return false;
	running--;
	return named(address, name);
}

static bool hostile(const char *address, char name[NAMES_TEXT_MAX])
{
	(void)address;
	strcpy(name, "\033[2J\xff");
	return true;
}

static json_t *drops(unsigned int count)
{
	json_t *array = json_array();

	for (unsigned int i = 1; i <= count; i++) {
		char address[32];

		snprintf(address, sizeof(address), "192.0.%u.%u", 2 + i / 256, i % 256);
		json_array_append_new(array, json_pack("{s:s}", "address", address));
	}
	return array;
}

static const char *name_of(const json_t *array, size_t index)
{
	const json_t *name = json_object_get(json_array_get(array, index), "name");

	assert_non_null(name);
	return json_string_value(name);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void test_each_address_once(void **state)
{
	struct names *names = names_start(named);
	json_t *array = drops(3);

	(void)state;
	calls = 0;
	json_array_append(array, json_array_get(array, 0));
	json_array_append_new(array, json_pack("{s:n}", "address"));
	for (int i = 0; i < 3; i++)
		names_add(names, array, 99, 5000);
	assert_int_equal(calls, 3);
	assert_string_equal(name_of(array, 0), "host-192.0.2.1");
	assert_null(name_of(array, 1));
	assert_string_equal(name_of(array, 2), "host-192.0.2.3");
	assert_null(name_of(array, 4));
	json_decref(array);
	names_stop(&names);
	assert_null(names);
}

static void test_only_the_first_are_asked_for(void **state)
{
	struct names *names = names_start(named);
	json_t *array = drops(3);

	(void)state;
	calls = 0;
	names_add(names, array, 1, 5000);
	assert_int_equal(calls, 1);
	assert_string_equal(name_of(array, 0), "host-192.0.2.1");
	assert_null(name_of(array, 2));
	json_decref(array);
	names_stop(&names);
}

/* Patience is for all of them together; what came too late is there the next time. */
static void test_patience_ends(void **state)
{
	struct names *names = names_start(stalled);
	json_t *array = drops(100);
	double begin = now();

	(void)state;
	assert_int_equal(pipe(gate), 0);
	names_add(names, array, 100, 200);
	assert_true(now() - begin >= 0.19);
	assert_true(now() - begin < 3);
	assert_null(name_of(array, 0));
	assert_in_range(most, 1, NAMES_THREADS);
	close(gate[1]);
	names_add(names, array, 100, 10000);
	assert_string_equal(name_of(array, 0), "host-192.0.2.1");
	assert_string_equal(name_of(array, 99), "host-192.0.2.100");
	assert_in_range(most, 1, NAMES_THREADS);
	json_decref(array);
	names_stop(&names);
	close(gate[0]);
}

/* Who stops does not wait, and those who still look up do no harm. */
static void test_stops_in_the_middle(void **state)
{
	struct names *names = names_start(stalled);
	json_t *array = drops(100);
	double begin = now();

	(void)state;
	assert_int_equal(pipe(gate), 0);
	names_add(names, array, 100, 10);
	names_stop(&names);
	assert_true(now() - begin < 3);
	close(gate[1]);
	while (running > 0)
		usleep(1000);
	json_decref(array);
	close(gate[0]);
}

static void test_many_addresses_are_bounded(void **state)
{
	struct names *names = names_start(named);
	json_t *array = drops(3 * NAMES_MAX);

	(void)state;
	names_add(names, array, 3 * NAMES_MAX, 10000);
	names_add(names, array, 10, 10000);
	assert_string_equal(name_of(array, 0), "host-192.0.2.1");
	json_decref(array);
	names_stop(&names);
}

static void test_any_bytes_become_text(void **state)
{
	struct names *names = names_start(hostile);
	json_t *array = drops(1);

	(void)state;
	names_add(names, array, 1, 5000);
	assert_string_equal(name_of(array, 0), "\033[2J?");
	json_decref(array);
	names_stop(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_address_once),
		cmocka_unit_test(test_only_the_first_are_asked_for),
		cmocka_unit_test(test_patience_ends),
		cmocka_unit_test(test_stops_in_the_middle),
		cmocka_unit_test(test_many_addresses_are_bounded),
		cmocka_unit_test(test_any_bytes_become_text),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
