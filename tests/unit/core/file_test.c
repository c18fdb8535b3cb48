// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/file.h"

static char directory[] = "/tmp/mxfence-file-XXXXXX";

static const char *in_directory(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void assert_holds(const char *path, const char *expected)
{
	char *data;
	size_t size;

	assert_int_equal(file_read(path, &data, &size), 0);
	assert_string_equal(data, expected);
	assert_int_equal(size, strlen(expected));
	free(data);
}

static void replace(const char *path, const char *text)
{
	struct trouble trouble;

	assert_int_equal(file_replace(path, text, strlen(text), &trouble), 0);
}

static void test_replace_keeps_mode_and_owner(void **state)
{
	const char *path = in_directory("list.cidr");
	bool root = geteuid() == 0;
	struct stat status;

	(void)state;
	replace(path, "one\n");
	assert_holds(path, "one\n");
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0644);
	assert_int_equal(chmod(path, 0640), 0);
	if (root)
		assert_int_equal(chown(path, 65534, 65533), 0);
	replace(path, "two\n");
	assert_holds(path, "two\n");
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0640);
	assert_int_equal(status.st_uid, root ? 65534 : geteuid());
	if (root)
		assert_int_equal(status.st_gid, 65533);
	assert_int_equal(unlink(path), 0);
}

static void test_replace_leaves_links_alone(void **state)
{
	struct trouble trouble;
	char target[128];

	(void)state;
	snprintf(target, sizeof(target), "%s", in_directory("target"));
	replace(target, "kept\n");
	assert_int_equal(symlink("target", in_directory("link")), 0);
	assert_int_equal(file_replace(in_directory("link"), "new\n", 4, &trouble), -ELOOP);
	assert_non_null(strstr(trouble.text, "edit its target"));
	assert_holds(target, "kept\n");
	assert_int_equal(unlink(in_directory("link")), 0);
	assert_int_equal(unlink(target), 0);
}

static void test_unfinished_files_are_removed_alone(void **state)
{
	static const char *const kept[] = {"a.cidr", ".a.cidr.swp", ".a.cidr.AbCdEf",
					   ".mxfence-AbCdEf", "a.mxfence-AbCdEf"};

	(void)state;
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		replace(in_directory(kept[i]), "");
	replace(in_directory(".a.cidr.mxfence-AbCdEf"), "");
	assert_int_equal(file_remove_unfinished(directory), 1);
	assert_int_equal(file_remove_unfinished(directory), 0);
	assert_int_equal(access(in_directory(".a.cidr.mxfence-AbCdEf"), F_OK), -1);
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		assert_int_equal(unlink(in_directory(kept[i])), 0);
	assert_int_equal(file_remove_unfinished(in_directory("nothing")), 0);
}

static int make_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	(void)state;
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replace_keeps_mode_and_owner),
		cmocka_unit_test(test_replace_leaves_links_alone),
		cmocka_unit_test(test_unfinished_files_are_removed_alone),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
