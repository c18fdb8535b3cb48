// SPDX-License-Identifier: GPL-2.0-only
/* Log lines as they come out on stderr. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/log.h"

#define PREFIX "mxfenced: "

/* What log_info() writes about the text. */
static void log_text(const char *text, char *out, size_t out_size)
{
	const struct log_config config = {.target = LOG_STDERR, .level = LOG_LEVEL_INFO};
	FILE *file = tmpfile();
	int stderr_before = dup(STDERR_FILENO);
	ssize_t size;

	assert_non_null(file);
	log_open(&config, true);
	dup2(fileno(file), STDERR_FILENO);
	log_info("%s", text);
	dup2(stderr_before, STDERR_FILENO);
	close(stderr_before);
	size = pread(fileno(file), out, out_size - 1, 0);
	fclose(file);
	assert_true(size >= 0);
	out[size] = '\0';
}

static void test_escapes(void **state)
{
	char out[256];

	(void)state;
	log_text("one\nmxfenced: two\x1b", out, sizeof(out));
	assert_string_equal(out, PREFIX "one\\x0amxfenced: two\\x1b\n");
}

static void test_longest(void **state)
{
	char text[LOG_LINE_MAX + 1], out[2 * LOG_LINE_MAX];
	const size_t prefix = strlen(PREFIX);

	(void)state;
	memset(text, 'x', sizeof(text));
	text[LOG_LINE_MAX - 1] = '\0';
	log_text(text, out, sizeof(out));
	assert_int_equal(strlen(out), prefix + strlen(text) + 1);
	assert_memory_equal(out + prefix, text, strlen(text));
}

/* What is cut shows it. */
static void test_too_long(void **state)
{
	char text[2 * LOG_LINE_MAX], out[2 * LOG_LINE_MAX];
	size_t size;

	(void)state;
	for (int i = 0; i < 2; i++) {
		memset(text, i ? '\n' : 'x', sizeof(text));
		text[sizeof(text) - 1] = '\0';
		log_text(text, out, sizeof(out));
		size = strlen(out);
		assert_true(size > LOG_LINE_MAX - 16 && size <= LOG_LINE_MAX + strlen(PREFIX));
		assert_string_equal(out + size - 4, "...\n");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
