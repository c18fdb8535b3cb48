// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/file.h"
#include "core/source.h"

static int add(struct sources *sources, const char *text)
{
	return sources_add(sources, "name", "path", strdup(text), strlen(text));
}

static void assert_line(const struct sources *sources, uint32_t line, const char *expected)
{
	size_t length = 99;
	const char *text = sources_line(sources, 0, line, &length);

	assert_non_null(text);
	assert_int_equal(length, strlen(expected));
	assert_memory_equal(text, expected, length);
}

static void test_lines(void **state)
{
	struct sources sources = {0};
	size_t length;

	(void)state;
	assert_int_equal(add(&sources, "first\r\n\nthird\n\rlast"), 0);
	assert_line(&sources, 1, "first");
	assert_line(&sources, 2, "");
	assert_line(&sources, 3, "third");
	assert_line(&sources, 4, "\rlast");
	assert_null(sources_line(&sources, 0, 5, &length));
	assert_null(sources_line(&sources, 0, 0, &length));
	assert_null(sources_line(&sources, 1, 1, &length));
	sources_clear(&sources);
	assert_int_equal(sources.count, 0);
}

static void test_no_line_after_the_last_newline(void **state)
{
	struct sources sources = {0};
	size_t length;

	(void)state;
	add(&sources, "one\n");
	assert_null(sources_line(&sources, 0, 2, &length));
	add(&sources, "");
	assert_null(sources_line(&sources, 1, 1, &length));
	sources_clear(&sources);
}

/* Whatever order lines are asked for in, a cursor finds what a fresh search finds. */
static void test_cursor(void **state)
{
	static const uint32_t asked[] = {1, 3, 3, 2, 4, 9, 1, 4, 5, 2};
	struct sources sources = {0};
	struct source_cursor cursor = {0};

	(void)state;
	add(&sources, "a\nb\nc\nd\n");
	add(&sources, "1\n2\n3\n4\n");
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		uint16_t file = i % 3 == 2;
		size_t length = 0;
		size_t expected_length = 0;
		const char *line = sources_seek(&sources, &cursor, file, asked[i], &length);

		assert_ptr_equal(line, sources_line(&sources, file, asked[i], &expected_length));
		assert_int_equal(length, expected_length);
	}
	sources_clear(&sources);
}

static void test_byte_order_mark(void **state)
{
	struct sources sources = {0};

	(void)state;
	add(&sources, "\xef\xbb\xbf"
		      "text");
	assert_line(&sources, 1, "text");
	assert_int_equal(sources.items[0].size, 4);
	assert_int_equal(sources.items[0].text[4], '\0');
	sources_clear(&sources);
}

static void test_names(void **state)
{
	struct sources sources = {0};

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_int_equal(add(&sources, "x"), i);
	assert_string_equal(sources_name(&sources, 99), "name");
	assert_string_equal(sources_name(&sources, 100), "");
	sources_clear(&sources);
}

static int make_directory(void **state)
{
	static char directory[] = "/tmp/mxfence-source-XXXXXX";

	*state = mkdtemp(directory);
	return *state ? 0 : -1;
}

static int remove_directory(void **state)
{
	return rmdir(*state);
}

/* Reads a file of that size with a hole in it, which is then removed. */
static int read_of_size(const char *directory, off_t size, struct sources *sources)
{
	char path[64];
	int fd;
	int file;

	snprintf(path, sizeof(path), "%s/file", directory);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
	close(fd);
	file = sources_read(sources, "name", path);
	assert_int_equal(unlink(path), 0);
	return file;
}

static void test_size_limit(void **state)
{
	struct sources sources = {0};

	assert_int_equal(read_of_size(*state, 0, &sources), 0);
	assert_int_equal(read_of_size(*state, FILE_SIZE_MAX, &sources), 1);
	assert_int_equal(sources.items[0].size, 0);
	assert_int_equal(sources.items[1].size, FILE_SIZE_MAX);
	assert_int_equal(read_of_size(*state, FILE_SIZE_MAX + 1, &sources), -EFBIG);
	sources_clear(&sources);
}

/* Says that it has no bytes, and has some. */
static void test_file_without_a_size(void **state)
{
	struct sources sources = {0};

	(void)state;
	assert_int_equal(sources_read(&sources, "name", "/proc/self/status"), 0);
	assert_true(sources.items[0].size > 100);
	assert_int_equal(strlen(sources.items[0].text), sources.items[0].size);
	sources_clear(&sources);
}

static void test_what_is_no_file(void **state)
{
	struct sources sources = {0};
	char path[64];

	assert_int_equal(sources_read(&sources, "name", *state), -EISDIR);
	assert_int_equal(sources_read(&sources, "name", "/dev/null"), -EINVAL);
	snprintf(path, sizeof(path), "%s/fifo", (const char *)*state);
	assert_int_equal(sources_read(&sources, "name", path), -ENOENT);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(sources_read(&sources, "name", path), -EINVAL);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(sources.count, 0);
	sources_clear(&sources);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_no_line_after_the_last_newline),
		cmocka_unit_test(test_cursor),
		cmocka_unit_test(test_byte_order_mark),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_size_limit),
		cmocka_unit_test(test_file_without_a_size),
		cmocka_unit_test(test_what_is_no_file),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
