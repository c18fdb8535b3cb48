// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"
#include "core/range.h"
#include "service/trust_text.h"

static struct range range_of(const char *text)
{
	struct range range;

	assert_int_equal(range_parse(text, strlen(text), &range), RANGE_OK);
	return range;
}

static void test_add_appends_and_keeps_the_rest(void **state)
{
	static const struct {
		const char *before;
		const char *range;
		const char *note;
		const char *after;
	} cases[] = {
		{"", "192.0.2.1", NULL, "192.0.2.1\n"},
		{"", "192.0.2.1", "", "192.0.2.1\n"},
		{"", "192.0.2.0/24", "the office", "192.0.2.0/24 # the office\n"},
		{"# top\n\n10.0.0.0/8 ; a\n", "2001:db8::/32", NULL,
		 "# top\n\n10.0.0.0/8 ; a\n2001:db8::/32\n"},
		{"10.0.0.0/8", "10.0.0.1-10.0.0.9", NULL, "10.0.0.0/8\n10.0.0.1-10.0.0.9\n"},
		{"10.0.0.0/8\r\n", "192.0.2.1", "x", "10.0.0.0/8\r\n192.0.2.1 # x\r\n"},
		{"10.0.0.0/8\r\n11.0.0.0/8", "192.0.2.1", NULL,
		 "10.0.0.0/8\r\n11.0.0.0/8\r\n192.0.2.1\r\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct range range = range_of(cases[i].range);
		struct text text;

		assert_int_equal(trust_text_add(cases[i].before, strlen(cases[i].before), &range,
						cases[i].note, &text),
				 0);
		assert_string_equal(text.data, cases[i].after);
		assert_int_equal(text.size, strlen(cases[i].after));
		free(text.data);
	}
}

static void test_add_refuses_notes_that_break_the_line(void **state)
{
	static const char *const notes[] = {"a\nb", "a\rb", "\t", "\x1b[31m", "\x7f"};
	struct range range = range_of("192.0.2.1");

	(void)state;
	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
		struct text text;

		assert_int_equal(trust_text_add("", 0, &range, notes[i], &text), -EINVAL);
	}
}

static void test_remove_takes_every_spelling_and_nothing_else(void **state)
{
	static const struct {
		const char *before;
		const char *range;
		int removed;
		const char *after;
	} cases[] = {
		{"", "192.0.2.1", 0, ""},
		{"192.0.2.1\n", "192.0.2.1", 1, ""},
		{"192.0.2.1", "192.0.2.1", 1, ""},
		{"a\n192.0.2.1 # note\nb\n", "192.0.2.1", 1, "a\nb\n"},
		{"192.0.2.0 255.255.255.0\r\n#\r\n  192.0.2.0/24;x\r\n", "192.0.2.0/24", 2,
		 "#\r\n"},
		{"192.0.2.0-192.0.2.255\n", "192.0.2.0/24", 1, ""},
		{"192.0.2.7/24\n", "192.0.2.0/24", 1, ""},
		{"# 192.0.2.1\n192.0.2.10\n192.0.2.0/24\n", "192.0.2.1", 0,
		 "# 192.0.2.1\n192.0.2.10\n192.0.2.0/24\n"},
		{"2001:DB8:0::1\n", "2001:db8::1", 1, ""},
		{"::c000:201\n", "192.0.2.1", 0, "::c000:201\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct range range = range_of(cases[i].range);
		struct text text;

		assert_int_equal(
			trust_text_remove(cases[i].before, strlen(cases[i].before), &range, &text),
			cases[i].removed);
		assert_string_equal(text.data, cases[i].after);
		assert_int_equal(text.size, strlen(cases[i].after));
		free(text.data);
	}
}

static void test_find_counts_lines(void **state)
{
	static const struct {
		const char *text;
		uint32_t line;
	} cases[] = {
		{"", 0},
		{"192.0.2.1", 1},
		{"# 192.0.2.1\r\n\r\n  192.0.2.1/32 ; x\r\n192.0.2.1\n", 3},
		{"192.0.2.10\n192.0.2.0/24\n192.0.2.1-192.0.2.2\n", 0},
	};
	struct range range = range_of("192.0.2.1");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(trust_text_find(cases[i].text, strlen(cases[i].text), &range),
				 cases[i].line);
}

static void test_names(void **state)
{
	static const char *const good[] = {"cli", "a", "Office-2", "a_b", "a.b"};
	static const char *const bad[] = {"",	 ".",	 "..",	".a",  "a.",
					  "a/b", "../a", "a b", "a\n", "\xc3\xa4"};
	char name[LIST_NAME_MAX + 2] = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(trust_name_is_valid(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(trust_name_is_valid(bad[i]));
	memset(name, 'a', LIST_NAME_MAX);
	assert_true(trust_name_is_valid(name));
	name[LIST_NAME_MAX] = 'a';
	assert_false(trust_name_is_valid(name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add_appends_and_keeps_the_rest),
		cmocka_unit_test(test_add_refuses_notes_that_break_the_line),
		cmocka_unit_test(test_remove_takes_every_spelling_and_nothing_else),
		cmocka_unit_test(test_find_counts_lines),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
