// SPDX-License-Identifier: GPL-2.0-only
#include "tests/support/built_program.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int built_program_find(const char *name, char *path, size_t size)
{
	char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *tests;

	if (length < 0)
		return -1;
	self[length] = '\0';
	tests = strstr(self, "/tests/");
	for (char *next = tests; next; next = strstr(next + 1, "/tests/"))
		tests = next;
	if (!tests)
		return -1;
	snprintf(path, size, "%.*s/%s", (int)(tests - self), self, name);
	return access(path, X_OK);
}
