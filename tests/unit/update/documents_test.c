// SPDX-License-Identifier: GPL-2.0-only
/* Manual and completions of mxfence-update say what its table of options says. Run from the top. */
#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/file.h"
#include "mxfence/control.h"
#include "tools/update/options.h"

#define MANUAL "tools/man/mxfence-update.8"

static char *read_document(const char *path)
{
	char *text = NULL;
	size_t size;

	if (file_read(path, &text, &size))
		fail_msg("cannot read %s", path);
	return text;
}

/* The lines that begin with `prefix`, without it. */
static char *select_lines(const char *path, const char *prefix)
{
	char *document = read_document(path), *selected = NULL;
	size_t size, length = strlen(prefix);
	FILE *out = open_memstream(&selected, &size);

	assert_non_null(out);
	for (const char *line = document; *line; line += strcspn(line, "\n") + 1)
		if (strncmp(line, prefix, length) == 0)
			fprintf(out, "%.*s\n", (int)(strcspn(line, "\n") - length), line + length);
	fclose(out);
	free(document);
	return selected;
}

static char *describe_options(const char *letter_format, const char *format, bool with_help)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	for (size_t i = 0; i < UPDATE_OPTION_COUNT; i++) {
		const struct update_option_row *row = &update_options[i];

		if (!with_help && (i == UPDATE_HELP || i == UPDATE_VERSION))
			continue;
		if (row->letter)
			fprintf(out, letter_format, row->letter, row->name);
		else
			fprintf(out, format, row->name);
		fprintf(out, "%s%s\n", row->value[0] ? " Ar " : "", row->value);
	}
	fclose(out);
	return text;
}

static void expect_lines(const char *prefix, char *expected)
{
	char *found = select_lines(MANUAL, prefix);

	assert_string_equal(found, expected);
	free(found);
	free(expected);
}

static void test_manual_has_every_option(void **state)
{
	(void)state;
	expect_lines(".It Fl ", describe_options("%c , -%s", "-%s", true));
}

/* Each with its letter where it has one. */
static void test_synopsis_has_every_option(void **state)
{
	(void)state;
	expect_lines(".Op Fl ", describe_options("%c", "-%s", false));
}

static void expect_in(const char *path, const char *before, const char *after)
{
	char *document = read_document(path), expected[512];
	size_t length = (size_t)snprintf(expected, sizeof(expected), "%s", before);

	for (size_t i = 0; i < UPDATE_OPTION_COUNT; i++)
		length += (size_t)snprintf(expected + length, sizeof(expected) - length, "%s--%s",
					   i ? " " : "", update_options[i].name);
	snprintf(expected + length, sizeof(expected) - length, "%s", after);
	if (!strstr(document, expected))
		fail_msg("%s lacks: %s", path, expected);
	free(document);
}

static void test_completions_have_every_option(void **state)
{
	(void)state;
	expect_in("tools/completion/mxfence-update.bash", "_mxfence_update_options=\"", "\"\n");
	expect_in("tools/completion/_mxfence-update", "options=(", ")\n");
}

#define EXIT_ENTRY(id, status, text) #status "\n"

static void test_manual_has_every_exit_status(void **state)
{
	char *entries = select_lines(MANUAL, ".It "), found[128] = "";

	(void)state;
	for (char *rest = entries, *line; (line = strsep(&rest, "\n"));)
		if (*line >= '0' && *line <= '9')
			snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s\n",
				 line);
	assert_string_equal(found, MXF_EXITS(EXIT_ENTRY));
	free(entries);
}

struct parse_case {
	const char *const words[6];
	int expected; /* -1: goes on */
};

static const struct parse_case parse_cases[] = {
	{{"mxfence-update"}, -1},
	{{"mxfence-update", "-c", "x", "--force", "list"}, -1},
	{{"mxfence-update", "--dns", "192.0.2.53@5353"}, -1},
	{{"mxfence-update", "--dns", "2001:db8::53"}, -1},
	{{"mxfence-update", "--dns", "resolver.example"}, MXF_EXIT_USAGE},
	{{"mxfence-update", "--dns", "192.0.2.53@"}, MXF_EXIT_USAGE},
	{{"mxfence-update", "--dns", "192.0.2.53:53"}, MXF_EXIT_USAGE},
	{{"mxfence-update", "--dns"}, MXF_EXIT_USAGE},
	{{"mxfence-update", "--nothing"}, MXF_EXIT_USAGE},
	{{"mxfence-update", "-x"}, MXF_EXIT_USAGE},
};

static void test_command_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(parse_cases) / sizeof(parse_cases[0]); i++) {
		struct update_command command;
		char *words[7] = {NULL};
		int count = 0;

		while (count < 6 && parse_cases[i].words[count]) {
			words[count] = (char *)parse_cases[i].words[count];
			count++;
		}
		optind = 0; /* anew */
		assert_int_equal(update_options_parse(count, words, &command),
				 parse_cases[i].expected);
		if (i != 1)
			continue;
		assert_string_equal(command.values[UPDATE_CONFIG], "x");
		assert_string_equal(command.values[UPDATE_RUN_DIR], UPDATE_DEFAULT_RUN_DIR);
		assert_true(command.given[UPDATE_FORCE]);
		assert_false(command.given[UPDATE_ALL]);
		assert_int_equal(command.list_count, 1);
		assert_string_equal(command.lists[0], "list");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_manual_has_every_option),
		cmocka_unit_test(test_synopsis_has_every_option),
		cmocka_unit_test(test_completions_have_every_option),
		cmocka_unit_test(test_manual_has_every_exit_status),
		cmocka_unit_test(test_command_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
