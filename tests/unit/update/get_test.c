// SPDX-License-Identifier: GPL-2.0-only
/* Lists out of files, JSON and programs, and the text that is made of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/file.h"
#include "core/range.h"
#include "tools/update/list_text.h"
#include "tools/update/parse.h"
#include "tools/update/program.h"

/* The ranges, divided by blanks; or "error: ..." */
static char *parse(const char *input, size_t size)
{
	struct gathering gathering = {.all_secure = false};
	struct failure failure;
	char *copy = malloc(size + 1), *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	int error;

	assert_non_null(out);
	memcpy(copy, input, size);
	copy[size] = '\0';
	error = parse_ranges("input", copy, size, &gathering, &failure);
	if (!error)
		error = gathering_finish(&gathering, false, &failure);
	if (error)
		fprintf(out, "error: %s", failure.why.text);
	for (size_t i = 0; !error && i < gathering.found.count; i++) {
		char range[RANGE_TEXT_MAX];

		range_format(&gathering.found.items[i].range, range);
		fprintf(out, "%s%s", i ? " " : "", range);
	}
	fclose(out);
	gathering_clear(&gathering);
	return text;
}

struct parse_case {
	const char *name;
	const char *input;
	const char *expected;
};

static const struct parse_case parse_cases[] = {
	{"list", "192.0.2.0/24 # a comment\r\n\n; nothing\n2001:db8::/32\n",
	 "192.0.2.0/24 2001:db8::/32"},
	{"forms", "192.0.2.0 255.255.255.0\n198.51.100.1-198.51.100.9\n",
	 "192.0.2.0/24 198.51.100.1-198.51.100.9"},
	{"private is the administrator's own affair", "10.0.0.0/8\n", "10.0.0.0/8"},
	{"everybody is not", "0.0.0.0/0\n", "error: 0.0.0.0/0 is wider than /8"},
	{"wide by parts", "16.0.0.0-16.255.255.255\n16.255.0.0-17.0.0.5\n",
	 "error: 16.0.0.0-17.0.0.5 is wider than /8"},
	{"one bad line", "192.0.2.0/24\n300.1.1.1\nx\n",
	 "error: input:2: 300.1.1.1 is not an IPv4 address (and 1 errors more)"},
	{"nothing", "# nothing\n", "error: it names no range at all"},
	{"empty", "", "error: it names no range at all"},
	{"joined", "192.0.2.0-192.0.2.9\n192.0.2.5-192.0.2.20\n192.0.2.7\n",
	 "192.0.2.0-192.0.2.20"},
	{"JSON of prefixes",
	 "{\"syncToken\": \"1693\", \"creationTime\": \"2023-09-01T00:00:00\", \"prefixes\": "
	 "[{\"ipv4Prefix\": \"192.0.2.0/24\"}, {\"ipv6Prefix\": \"2001:db8::/32\"}]}",
	 "192.0.2.0/24 2001:db8::/32"},
	{"JSON of services",
	 "\n[{\"id\": 1, \"serviceArea\": \"Exchange\", \"urls\": [\"a.example\"], \"ips\": "
	 "[\"192.0.2.0/31\", \"2001:db8:6::/48\"], \"tcpPorts\": \"25,443\", \"required\": true},"
	 " {\"id\": 2, \"ips\": [\"198.51.100.0/22\"], \"notes\": null}]",
	 "192.0.2.0/31 198.51.100.0/22 2001:db8:6::/48"},
	{"JSON with twice the same", "[\"192.0.2.0/24\", [\"192.0.2.0/24\", \"192.0.2.9\"]]",
	 "192.0.2.0/24"},
	{"JSON without ranges", "{\"a\": [1, true, \"x\", \"1.2.3\"]}",
	 "error: it names no range at all"},
	{"bad JSON", "[\"192.0.2.0/24\"", "error: input: line 1 is no JSON: "},
	{"everybody in JSON", "[\"0.0.0.0/0\"]", "error: 0.0.0.0/0 is wider than /8"},
};

static void test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(parse_cases) / sizeof(parse_cases[0]); i++) {
		const struct parse_case *c = &parse_cases[i];
		char *text = parse(c->input, strlen(c->input));
		bool is_error = strncmp(c->expected, "error: ", 7) == 0;

		if (is_error ? strncmp(text, c->expected, strlen(c->expected)) != 0
			     : strcmp(text, c->expected) != 0)
			fail_msg("%s: \"%s\", not \"%s\"", c->name, text, c->expected);
		free(text);
	}
}

/* The text can be read as a list again, whatever the source is called. */
static void test_list_text(void **state)
{
	struct list_source source = {.kind = SOURCE_EXEC, .text = "exec:x\x1b[0m y"};
	struct gathering gathering = {.all_secure = false};
	struct failure failure;
	char input[] = "192.0.2.0/24\n192.0.2.7\n198.51.100.7\n", *text, *again;

	(void)state;
	assert_int_equal(parse_ranges("input", strdup(input), strlen(input), &gathering, &failure),
			 0);
	assert_int_equal(gathering_finish(&gathering, false, &failure), 0);
	text = list_text_write(&source, &gathering, 1700000000);
	assert_string_equal(text,
			    "# Written by mxfence-update; what is changed here by hand is lost.\n"
			    "# source: exec:x\\x1b[0m y\n"
			    "# time: 2023-11-14T22:13:20Z\n"
			    "# left out or changed:\n"
			    "#   192.0.2.7 (line 2): 192.0.2.0/24 (line 1) holds it\n"
			    "192.0.2.0/24 # line 1\n"
			    "198.51.100.7 # line 3\n");
	again = parse(text, strlen(text));
	assert_string_equal(again, "192.0.2.0/24 198.51.100.7");
	free(again);
	free(text);
	gathering_clear(&gathering);
}

static void test_notes_are_bounded(void **state)
{
	struct gathering gathering = {.all_secure = false};

	(void)state;
	for (int i = 0; i < NOTES_MAX + 5; i++)
		notes_add(&gathering.left, "note %d\n", i);
	assert_int_equal(gathering.left.count, NOTES_MAX);
	assert_int_equal(gathering.left.more, 5);
	assert_string_equal(gathering.left.lines[3], "note 3\\x0a");
	gathering_clear(&gathering);
}

struct program_case {
	const char *script;
	int error;
	const char *expected; /* what it prints, or what the message has */
};

#define LIMIT 100000

static const struct program_case program_cases[] = {
	{"echo 192.0.2.1; echo note >&2", 0, "192.0.2.1\n"},
	{"true", 0, ""},
	{"printf '%s.' $#; cat", 0, "0."}, /* nothing is on standard input */
	{"echo 192.0.2.1; echo cannot reach it >&2; exit 3", -EIO,
	 "sh failed with status 3: cannot reach it"},
	{"exit 1", -EIO, "sh failed with status 1"},
	{"kill -9 $$", -EIO, "sh was killed by signal 9"},
	{"head -c 100000 /dev/zero | tr '\\0' a", 0, NULL},
	{"head -c 100001 /dev/zero", -EFBIG, "sh printed more than 100000 bytes"},
	{"yes", -EFBIG, "sh printed more than 100000 bytes"},
	{"head -c 500000 /dev/zero >&2; exit 4", -EIO, "sh failed with status 4"},
	{"exec sleep 100", -ETIMEDOUT, "sh did not end within 1 seconds"},
	{"exec >&- 2>&-; exec sleep 100", -ETIMEDOUT, "sh did not end within 1 seconds"},
	{"sleep 100 & echo 192.0.2.1", 0, "192.0.2.1\n"}, /* what it leaves does not matter */
	{"trap '' TERM; sleep 100; echo late", -ETIMEDOUT, "sh did not end"},
};

/* Arguments are words: the script has to come from a file. */
static void run_script(const struct program_case *c, const char *path)
{
	char *text = NULL;
	size_t size = 0;
	struct failure failure;
	struct trouble trouble;
	int error;

	assert_int_equal(file_replace(path, c->script, strlen(c->script), &trouble), 0);
	error = program_run("sh", path, LIMIT, 1000, &text, &size, &failure);
	if (error != c->error)
		fail_msg("%s: %d (%s)", c->script, error, error ? failure.why.text : "");
	if (error && strncmp(failure.why.text, c->expected, strlen(c->expected)) != 0)
		fail_msg("%s: \"%s\"", c->script, failure.why.text);
	if (!error && c->expected)
		assert_string_equal(text, c->expected);
	if (!error)
		free(text);
}

static void test_programs(void **state)
{
	char path[] = "/tmp/mxfence-update-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	for (size_t i = 0; i < sizeof(program_cases) / sizeof(program_cases[0]); i++)
		run_script(&program_cases[i], path);
	unlink(path);
}

static void test_program_missing(void **state)
{
	struct failure failure;
	char *text;
	size_t size;

	(void)state;
	assert_int_equal(
		program_run("/nonexistent/program", " a b", 100, 1000, &text, &size, &failure),
		-EIO);
	assert_non_null(strstr(failure.why.text, "No such file or directory"));
}

/* A process that has ended and waits to be asked has no command line any more. */
static bool is_running(pid_t pid)
{
	char path[64];
	FILE *file;
	bool running;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	file = fopen(path, "re");
	running = file && fgetc(file) != EOF;
	if (file)
		fclose(file);
	return running;
}

static void test_children_are_killed(void **state)
{
	static const struct program_case c = {"sleep 98 & echo $! >$0.pid; wait", -ETIMEDOUT,
					      "sh did not end within 1 seconds"};
	char path[] = "/tmp/mxfence-update-XXXXXX", pid_path[64], *text;
	size_t size;
	int fd = mkstemp(path);
	pid_t child;

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	run_script(&c, path);
	snprintf(pid_path, sizeof(pid_path), "%s.pid", path);
	assert_int_equal(file_read(pid_path, &text, &size), 0);
	child = (pid_t)atoi(text);
	assert_true(child > 1);
	for (int i = 0; i < 200 && is_running(child); i++)
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	assert_false(is_running(child));
	free(text);
	unlink(pid_path);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_list_text),
		cmocka_unit_test(test_notes_are_bounded),
		cmocka_unit_test(test_programs),
		cmocka_unit_test(test_program_missing),
		cmocka_unit_test(test_children_are_killed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
