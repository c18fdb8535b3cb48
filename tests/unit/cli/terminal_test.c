// SPDX-License-Identifier: GPL-2.0-only
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/mxfence/terminal.h"

static void test_fits(void **state)
{
	static const struct {
		const char *text;
		size_t width, bytes;
	} cases[] = {
		{"", 5, 0},
		{"abc", 5, 3},
		{"abcdef", 5, 5},
		{"abc", 0, 0},
		{"\033[1;31mabc\033[0m", 2, 9},
		{"\033[1;31mabc\033[0m", 3, 14},
		{"\u2588\u2588\u2588", 2, 6},
		{"\u4e00\u4e01", 3, 3}, /* two columns each */
		{"a\xff\xff", 2, 2},
		{"e\u0301e", 1, 3}, /* a combining accent */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(terminal_fit(cases[i].text, strlen(cases[i].text), cases[i].width),
				 cases[i].bytes);
}

static void test_draws_what_fits(void **state)
{
	struct screen screen = {.width = 4, .height = 2};
	struct terminal terminal = {.entered = true};
	char *written = NULL;
	size_t size;

	(void)state;
	terminal.out = open_memstream(&written, &size);
	assert_non_null(terminal.out);
	terminal_draw(&terminal, &screen, "long line\nab\nc\n");
	fclose(terminal.out);
	assert_string_equal(written, "\033[Hlong\033[0m\033[K\r\nab\033[K\033[J");
	free(written);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fits),
		cmocka_unit_test(test_draws_what_fits),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
