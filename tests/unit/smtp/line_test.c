// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "smtp/line.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEXT(literal) literal, sizeof(literal) - 1

#define LIMIT 24

struct line_case {
	const char *name;
	const char *data;
	size_t size;
	enum line_status status;
	size_t length;
};

static const struct line_case cases[] = {
	{"nothing", TEXT(""), LINE_MORE, 0},
	{"a line", TEXT("NOOP\r\n"), LINE_OK, 6},
	{"empty line", TEXT("\r\n"), LINE_OK, 2},
	{"two lines", TEXT("NOOP\r\nQUIT\r\n"), LINE_OK, 6},
	{"no end yet", TEXT("NOOP"), LINE_MORE, 0},
	{"no LF yet", TEXT("NOOP\r"), LINE_MORE, 0},
	{"bare LF", TEXT("NOOP\nQUIT\r\n"), LINE_BARE, 0},
	{"bare CR", TEXT("NOOP\rQUIT\r\n"), LINE_BARE, 0},
	{"CR CR LF", TEXT("NOOP\r\r\n"), LINE_BARE, 0},
	{"LF CR", TEXT("NOOP\n\r"), LINE_BARE, 0},
	{"NUL", TEXT("NO\0OP\r\n"), LINE_BARE, 0},
	{"NUL behind CR", TEXT("NOOP\r\0\n"), LINE_BARE, 0},
	{"8 bit", TEXT("\xff\x8d\x8a\x80\r\n"), LINE_OK, 6},
	{"longest", TEXT("1234567890123456789012\r\n"), LINE_OK, LIMIT},
	{"longest, no LF yet", TEXT("1234567890123456789012\r"), LINE_MORE, 0},
	{"longest, no CR yet", TEXT("1234567890123456789012"), LINE_MORE, 0},
	{"too long by one", TEXT("12345678901234567890123\r\n"), LINE_LONG, 0},
	{"too long, no end", TEXT("12345678901234567890123"), LINE_LONG, 0},
	{"much too long", TEXT("1234567890123456789012345678901234567890\r\n"), LINE_LONG, 0},
	{"bare LF at the end", TEXT("1234567890123456789012\n"), LINE_BARE, 0},
	{"bare CR at the end", TEXT("1234567890123456789012\r."), LINE_BARE, 0},
	{"bare LF too late", TEXT("12345678901234567890123\n"), LINE_LONG, 0},
};

static void test_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t length = 0;
		enum line_status status =
			line_find(cases[i].data, cases[i].size, 0, LIMIT, &length);

		if (status != cases[i].status || length != cases[i].length)
			fail_msg("%s: %d, %zu octets", cases[i].name, status, length);
	}
}

/* Octet by octet, from a copy that ends where the octets do. */
static enum line_status find_slowly(const struct line_case *each, size_t step, size_t *length)
{
	enum line_status status = LINE_MORE;

	for (size_t seen = 0; seen < each->size && status == LINE_MORE;) {
		size_t size = seen + step < each->size ? seen + step : each->size;
		char *copy = malloc(size);

		memcpy(copy, each->data, size);
		status = line_find(copy, size, seen, LIMIT, length);
		free(copy);
		seen = size;
	}
	return status;
}

static void test_pieces(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		for (size_t step = 1; step < 8; step++) {
			size_t length = 0;
			enum line_status status = find_slowly(&cases[i], step, &length);

			if (status != cases[i].status || length != cases[i].length)
				fail_msg("%s, %zu at once: %d, %zu octets", cases[i].name, step,
					 status, length);
		}
	}
}

/* Who looked further with a greater limit may ask with a smaller one. */
static void test_smaller_limit(void **state)
{
	static const char data[] = "123456789012345678901234567890";
	size_t length;

	(void)state;
	assert_int_equal(line_find(TEXT(data), 0, 100, &length), LINE_MORE);
	assert_int_equal(line_find(TEXT(data), sizeof(data) - 1, LIMIT, &length), LINE_LONG);
}

/* Each octet that ends the search, at each place of the vectors that look for it. */
static void test_places(void **state)
{
	static const char specials[] = {'\r', '\n', '\0'};

	(void)state;
	for (size_t place = 0; place < 70; place++) {
		for (size_t i = 0; i < COUNT(specials); i++) {
			char data[80];
			size_t length = 0;

			memset(data, 'x', sizeof(data));
			data[place] = specials[i];
			data[place + 1] = '\n';
			assert_int_equal(line_find(data, sizeof(data), 0, 512, &length),
					 specials[i] == '\r' ? LINE_OK : LINE_BARE);
			assert_int_equal(length, specials[i] == '\r' ? place + 2 : 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_smaller_limit),
		cmocka_unit_test(test_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
