// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/diag.h"

struct fixture {
	struct sources sources;
	struct diags diags;
	char *printed;
};

static int set_up(void **state)
{
	*state = calloc(1, sizeof(struct fixture));
	return *state ? 0 : -1;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	sources_clear(&fixture->sources);
	diags_clear(&fixture->diags);
	free(fixture->printed);
	free(fixture);
	return 0;
}

static void add_source(struct fixture *fixture, const char *name, const char *text)
{
	assert_true(sources_add(&fixture->sources, name, name, strdup(text), strlen(text)) >= 0);
}

static void print(struct fixture *fixture, bool colour)
{
	size_t size;
	FILE *stream = open_memstream(&fixture->printed, &size);

	assert_non_null(stream);
	diags_print(&fixture->diags, &fixture->sources, colour, stream);
	fclose(stream);
}

static void assert_printed(struct fixture *fixture, bool colour, const char *expected)
{
	print(fixture, colour);
	assert_string_equal(fixture->printed, expected);
}

static void test_form(void **state)
{
	struct fixture *fixture = *state;
	struct place place = {.line = 12, .column = 14, .length = 12};

	add_source(fixture, "mxfence.yaml",
		   "\n\n\n\n\n\n\n\n\n\n\n    ranges: [300.1.1.0/24, 10.0.0.0/8]\n");
	diags_add(&fixture->diags, DIAG_ERROR, place,
		  "expected an address, a CIDR prefix, or address and mask",
		  "%s is not an IPv4 address", "300.1.1.0/24");
	assert_printed(fixture, false,
		       "mxfence.yaml:12:14: error: 300.1.1.0/24 is not an IPv4 address\n"
		       "   12 |     ranges: [300.1.1.0/24, 10.0.0.0/8]\n"
		       "      |              ^~~~~~~~~~~~\n"
		       "      = expected an address, a CIDR prefix, or address and mask\n");
}

static void test_without_hint_and_length(void **state)
{
	struct fixture *fixture = *state;

	add_source(fixture, "f", "abc\n");
	diags_add(&fixture->diags, DIAG_WARNING, (struct place){.line = 1, .column = 2}, NULL, "m");
	assert_printed(fixture, false,
		       "f:1:2: warning: m\n"
		       "    1 | abc\n"
		       "      |  ^\n");
}

static void test_wide_gutter(void **state)
{
	struct fixture *fixture = *state;
	char text[100001];

	memset(text, '\n', sizeof(text) - 2);
	text[sizeof(text) - 2] = 'x';
	text[sizeof(text) - 1] = '\0';
	add_source(fixture, "f", text);
	diags_add(&fixture->diags, DIAG_ERROR, (struct place){.line = 100000, .column = 1}, "h",
		  "m");
	assert_printed(fixture, false,
		       "f:100000:1: error: m\n"
		       "100000 | x\n"
		       "       | ^\n"
		       "       = h\n");
}

static void test_no_such_line(void **state)
{
	struct fixture *fixture = *state;

	add_source(fixture, "f", "");
	diags_add(&fixture->diags, DIAG_ERROR, (struct place){.line = 1, .column = 1}, "h", "m");
	assert_printed(fixture, false, "f:1:1: error: m\n      = h\n");
}

/* The caret stands under its place behind tabs, controls and characters of several bytes. */
static void test_caret_column(void **state)
{
	struct fixture *fixture = *state;

	add_source(fixture, "f",
		   "\ta\x1b\xc3\xbc"
		   "bad\tx\n");
	diags_add(&fixture->diags, DIAG_ERROR, (struct place){.line = 1, .column = 6, .length = 5},
		  NULL, "m");
	assert_printed(fixture, false,
		       "f:1:6: error: m\n"
		       "    1 | \ta\\x1b\xc3\xbc"
		       "bad\tx\n"
		       "      | \t      ^~~~~\n");
}

static void test_underline_ends_with_the_line(void **state)
{
	struct fixture *fixture = *state;

	add_source(fixture, "f", "ab\n");
	diags_add(&fixture->diags, DIAG_ERROR, (struct place){.line = 1, .column = 2, .length = 99},
		  NULL, "m");
	assert_printed(fixture, false,
		       "f:1:2: error: m\n"
		       "    1 | ab\n"
		       "      |  ^\n");
}

/* Of a line without end only what is around the place is shown. */
static void test_long_line(void **state)
{
	struct fixture *fixture = *state;
	char text[5001];
	const char *line;
	const char *caret;

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	text[2999] = 'X';
	add_source(fixture, "f", text);
	diags_add(&fixture->diags, DIAG_ERROR,
		  (struct place){.line = 1, .column = 3000, .length = 1}, NULL, "m");
	print(fixture, false);
	assert_true(strlen(fixture->printed) < 600);
	line = strstr(fixture->printed, "    1 | ...");
	caret = strchr(fixture->printed, '^');
	assert_non_null(line);
	assert_non_null(caret);
	assert_int_equal(strchr(line, 'X') - line, caret - strchr(line, '\n') - 1);
}

/* The excerpt has its place where the line has it, wherever the line is cut. */
static void test_excerpt_of_a_long_line(void **state)
{
	struct fixture *fixture = *state;
	struct source_cursor cursor = {0};
	struct diag_excerpt excerpt;
	char text[1001];

	memset(text, '\x80', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		if (i % 4 == 0)
			text[i] = (char)('a' + i % 26);
	add_source(fixture, "f", text);
	for (uint32_t column = 1; column <= sizeof(text) + 50; column += 7) {
		struct diag diag = {.place = {.line = 1, .column = column, .length = 2000}};

		assert_true(diag_find_excerpt(&diag, &fixture->sources, &cursor, &excerpt));
		assert_in_range(excerpt.size, 200, sizeof(excerpt.text));
		assert_in_range(excerpt.column, 1, excerpt.size + 1);
		assert_in_range(excerpt.column + excerpt.length, 1, excerpt.size + 1);
		if (column < sizeof(text))
			assert_int_equal(excerpt.text[excerpt.column - 1], text[column - 1]);
	}
	diags_add(&fixture->diags, DIAG_ERROR, (struct place){.line = 2, .column = 1}, NULL, "m");
	assert_false(
		diag_find_excerpt(&fixture->diags.items[0], &fixture->sources, &cursor, &excerpt));
}

static void test_escapes(void **state)
{
	struct fixture *fixture = *state;

	add_source(fixture, "na\nme", "x\n");
	diags_add(&fixture->diags, DIAG_ERROR, (struct place){.line = 1, .column = 1}, "h\x1b",
		  "%s", "m\n\x1b[31m");
	assert_printed(fixture, false,
		       "na\\x0ame:1:1: error: m\\x0a\\x1b[31m\n"
		       "    1 | x\n"
		       "      | ^\n"
		       "      = h\\x1b\n");
}

static void test_colour(void **state)
{
	struct fixture *fixture = *state;

	add_source(fixture, "f", "x\n");
	diags_add(&fixture->diags, DIAG_ERROR, (struct place){.line = 1, .column = 1}, NULL, "m");
	assert_printed(fixture, true,
		       "\033[1mf:1:1: \033[1;31merror:\033[0m m\n"
		       "    1 | x\n"
		       "      | \033[1;32m^\033[0m\n");
}

static void test_sort(void **state)
{
	static const struct place places[] = {
		{.file = 1, .line = 1, .column = 1}, {.file = 0, .line = 2, .column = 1},
		{.file = 0, .line = 1, .column = 9}, {.file = 0, .line = 1, .column = 2},
		{.file = 0, .line = 1, .column = 2},
	};
	static const char *const order[] = {"4", "3", "first", "2", "1", "0"};
	struct fixture *fixture = *state;
	struct diags *diags = &fixture->diags;

	diags_add(diags, DIAG_WARNING, places[3], NULL, "%s", "first");
	for (int i = 0; i < 3; i++)
		diags_add(diags, DIAG_WARNING, places[i], NULL, "%d", i);
	diags_add(diags, DIAG_ERROR, places[4], NULL, "4");
	diags_add(diags, DIAG_ERROR, places[3], NULL, "3");
	diags_sort(diags);
	assert_int_equal(diags->count, 6);
	assert_int_equal(diags->errors, 2);
	assert_int_equal(diags->warnings, 4);
	for (size_t i = 0; i < 6; i++)
		assert_string_equal(diags->items[i].message, order[i]);
}

static void repeat(struct diags *diags, enum diag_severity severity, uint16_t file, uint32_t count)
{
	for (uint32_t i = count; i > 0; i--)
		diags_add(diags, severity, (struct place){.file = file, .line = i, .column = 1},
			  NULL, "again");
}

static void test_repetition(void **state)
{
	struct fixture *fixture = *state;
	struct diags *diags = &fixture->diags;
	size_t told = 0;

	repeat(diags, DIAG_WARNING, 0, DIAG_REPEAT_MAX + 7);
	repeat(diags, DIAG_WARNING, 1, DIAG_REPEAT_MAX);
	repeat(diags, DIAG_ERROR, 0, DIAG_REPEAT_MAX_ERRORS + 1);
	diags_sort(diags);
	assert_int_equal(diags->warnings, 2 * DIAG_REPEAT_MAX + 7);
	assert_int_equal(diags->errors, DIAG_REPEAT_MAX_ERRORS + 1);
	assert_int_equal(diags->count, 2 * DIAG_REPEAT_MAX + DIAG_REPEAT_MAX_ERRORS);
	for (size_t i = 0; i < diags->count; i++) {
		size_t more = diags_more(diags, i);

		if (more == 0)
			continue;
		told++;
		assert_int_equal(diags->items[i].place.file, 0);
		assert_int_equal(more, diags->items[i].severity == DIAG_ERROR ? 1 : 7);
	}
	assert_int_equal(told, 2);
}

static void test_repetition_is_told(void **state)
{
	struct fixture *fixture = *state;

	add_source(fixture, "f", "");
	repeat(&fixture->diags, DIAG_WARNING, 0, DIAG_REPEAT_MAX + 3);
	diags_sort(&fixture->diags);
	print(fixture, false);
	assert_non_null(strstr(fixture->printed, "again\n      = ... and 3 more like this\n"));
}

static void test_count_only(void **state)
{
	static const char format[] = "again";
	struct fixture *fixture = *state;
	struct diags *diags = &fixture->diags;
	struct place place = {.line = 1, .column = 1};

	for (int i = 0; i < DIAG_REPEAT_MAX; i++) {
		assert_false(diags_count_only(diags, DIAG_WARNING, 0, format));
		diags_add(diags, DIAG_WARNING, place, NULL, format);
	}
	assert_true(diags_count_only(diags, DIAG_WARNING, 0, format));
	assert_false(diags_count_only(diags, DIAG_WARNING, 1, format));
	assert_false(diags_count_only(diags, DIAG_ERROR, 0, format));
	assert_int_equal(diags->warnings, DIAG_REPEAT_MAX + 1);
	assert_int_equal(diags->errors, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_form),	 TEST(test_without_hint_and_length),
		TEST(test_wide_gutter),	 TEST(test_no_such_line),
		TEST(test_caret_column), TEST(test_underline_ends_with_the_line),
		TEST(test_long_line),	 TEST(test_escapes),
		TEST(test_colour),	 TEST(test_sort),
		TEST(test_repetition),	 TEST(test_repetition_is_told),
		TEST(test_count_only),	 TEST(test_excerpt_of_a_long_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
