// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/range.h"
#include "service/range_lines.h"

static struct range_lines lines;
static struct trouble trouble;

static void expect_line(size_t index, const char *text, uint32_t line)
{
	char found[RANGE_TEXT_MAX];

	assert_true(index < lines.count);
	range_format(&lines.ranges[index], found);
	assert_string_equal(found, text);
	assert_int_equal(lines.ranges[index].line, line);
}

static void reads_what_a_list_file_holds(void **state)
{
	(void)state;
	assert_int_equal(range_lines_read("# head\r\n192.0.2.0/24 # office\r\n\n; more\n"
					  "IP=198.51.100.0, MASK=255.255.255.0\n2001:db8::1",
					  &lines, &trouble),
			 0);
	assert_int_equal(lines.count, 3);
	expect_line(0, "192.0.2.0/24", 2);
	expect_line(1, "198.51.100.0/24", 5);
	expect_line(2, "2001:db8::1", 6);
	assert_string_equal(lines.masked, "");
	range_lines_clear(&lines);
	assert_int_equal(lines.count, 0);
}

static void nothing_is_no_error(void **state)
{
	(void)state;
	assert_int_equal(range_lines_read("", &lines, &trouble), 0);
	assert_int_equal(lines.count, 0);
	range_lines_clear(&lines);
	assert_int_equal(range_lines_read("# only words\n", &lines, &trouble), 0);
	assert_int_equal(lines.count, 0);
	range_lines_clear(&lines);
}

static void names_what_was_cut_off(void **state)
{
	(void)state;
	assert_int_equal(range_lines_read("192.0.2.77/24", &lines, &trouble), 0);
	expect_line(0, "192.0.2.0/24", 1);
	assert_string_equal(lines.masked, "192.0.2.77/24 has host bits set, taken as 192.0.2.0/24");
	range_lines_clear(&lines);
}

static void refuses_with_the_line(void **state)
{
	static const struct {
		const char *text;
		const char *message;
	} cases[] = {
		{"192.0.2.300", "192.0.2.300 is not an IPv4 address"},
		{"192.0.2.1\n\nnonsense\n192.0.2.400\n", "line 3: nonsense is not an IP address"},
		{"010.1.1.1\n", "line 1: 010.1.1.1 has a number with a leading zero"},
		{"192.0.2.9-192.0.2.1", "192.0.2.9-192.0.2.1 ends before it begins"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(range_lines_read(cases[i].text, &lines, &trouble), -EINVAL);
		assert_string_equal(trouble.text, cases[i].message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_a_list_file_holds),
		cmocka_unit_test(nothing_is_no_error),
		cmocka_unit_test(names_what_was_cut_off),
		cmocka_unit_test(refuses_with_the_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
