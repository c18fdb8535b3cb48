// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/mxfence/history.h"

static void expect(const struct history *history, const char *key, size_t ticks, bool utf8,
		   const char *drawing)
{
	char text[HISTORY_TEXT_MAX];

	history_draw(history, key, ticks, utf8, text);
	assert_string_equal(text, drawing);
}

static void tick(struct history *history, const char *key, double rate)
{
	history_begin(history);
	history_note(history, key, rate);
}

static void test_grows_from_the_right(void **state)
{
	struct history *history = history_new();

	(void)state;
	expect(history, "a", 4, false, "    ");
	tick(history, "a", 0);
	expect(history, "a", 4, false, "   _");
	tick(history, "a", 1);
	tick(history, "a", 100);
	expect(history, "a", 4, false, " _.#");
	expect(history, "a", 4, true, " \u2581\u2582\u2588");
	expect(history, "b", 4, true, "    ");
	history_free(&history);
	assert_null(history);
}

/* What scrolled out of sight does not flatten what is seen. */
static void test_scale_is_that_of_what_is_drawn(void **state)
{
	struct history *history = history_new();

	(void)state;
	tick(history, "a", 1e9);
	tick(history, "a", 3);
	tick(history, "a", 6);
	expect(history, "a", 2, false, "=#");
	expect(history, "a", 3, false, "#..");
	history_free(&history);
}

/* A screen that is drawn twice within a tick notes the same tick. */
static void test_same_tick_replaces(void **state)
{
	struct history *history = history_new();

	(void)state;
	tick(history, "a", 1);
	tick(history, "a", 0);
	history_note(history, "a", 1);
	expect(history, "a", 4, false, "  ##");
	history_free(&history);
}

static void test_is_bounded_and_forgets(void **state)
{
	struct history *history = history_new();
	char full[HISTORY_TICKS + 1] = "";

	(void)state;
	for (unsigned int i = 0; i < 3 * HISTORY_TICKS; i++)
		tick(history, "a", 5);
	memset(full, '#', HISTORY_TICKS);
	expect(history, "a", HISTORY_TICKS, false, full);
	history_begin(history);
	tick(history, "a", 5);
	expect(history, "a", 4, false, "   #");
	history_free(&history);
}

static void test_nothing_is_taken(void **state)
{
	struct history *none = NULL;

	(void)state;
	history_begin(none);
	history_note(none, "a", 1);
	expect(none, "a", 2, true, "  ");
	history_free(&none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grows_from_the_right),
		cmocka_unit_test(test_scale_is_that_of_what_is_drawn),
		cmocka_unit_test(test_same_tick_replaces),
		cmocka_unit_test(test_is_bounded_and_forgets),
		cmocka_unit_test(test_nothing_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
