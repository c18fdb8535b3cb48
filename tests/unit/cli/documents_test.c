// SPDX-License-Identifier: GPL-2.0-only
/* Man pages and completions say what the tables in the code say. Run from the top folder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/schema.h"
#include "core/source.h"
#include "mxfence/reasons.h"
#include "tools/mxfence/doctor.h"
#include "tools/mxfence/verbs.h"

struct document {
	struct sources sources;
	const char *text;
};

static struct document document_open(const char *path)
{
	struct document document = {.text = NULL};

	if (sources_read(&document.sources, path, path) != 0)
		fail_msg("cannot read %s", path);
	document.text = document.sources.items[0].text;
	return document;
}

/*
 * The entries (".It WHAT" lines, without ".It ") of a man page between two lines that begin with
 * `from` and `to`, each followed by a line end.
 */
static char *document_entries(const struct document *document, const char *from, const char *to)
{
	const char *line = strstr(document->text, from);
	char *entries = NULL;
	size_t size;
	FILE *out = open_memstream(&entries, &size);

	assert_non_null(out);
	if (!line)
		fail_msg("there is no \"%s\"", from);
	while (*line && strncmp(line, to, strlen(to)) != 0) {
		size_t length = strcspn(line, "\n");

		if (strncmp(line, ".It ", 4) == 0)
			fprintf(out, "%.*s\n", (int)(length - 4), line + 4);
		line += length + (line[length] == '\n');
	}
	fclose(out);
	return entries;
}

static void expect_entries(const char *page, const char *from, const char *to, const char *expected)
{
	struct document document = document_open(page);
	char *entries = document_entries(&document, from, to);

	assert_string_equal(entries, expected);
	free(entries);
	sources_clear(&document.sources);
}

/* What a table says, one line a row; the test frees it. */
struct expectation {
	char *text;
	size_t size;
	FILE *out;
};

static void expectation_begin(struct expectation *expectation)
{
	expectation->text = NULL;
	expectation->out = open_memstream(&expectation->text, &expectation->size);
	assert_non_null(expectation->out);
}

static void expect_verb_option(FILE *out, const struct cli_option *option)
{
	fputs(" Op Fl", out);
	if (option->letter)
		fprintf(out, " %c , -%s", option->letter, option->name);
	else
		fprintf(out, " -%s", option->name);
	if (option->value != VALUE_NONE)
		fprintf(out, "%s Ar %s", option->value == VALUE_OPTIONAL ? " Op" : "",
			option->word);
}

/* "[FILE]" is "Op Ar FILE" in mdoc. */
static void expect_operands(FILE *out, const char *operands)
{
	if (operands[0] == '[')
		fprintf(out, " Op Ar %.*s", (int)strlen(operands) - 2, operands + 1);
	else if (operands[0])
		fprintf(out, " Ar %s", operands);
}

static void test_manual_has_every_verb(void **state)
{
	struct expectation expected;

	(void)state;
	expectation_begin(&expected);
	for (size_t i = 0; i < cli_verb_count; i++) {
		fprintf(expected.out, "Cm %s", cli_verbs[i].name);
		expect_operands(expected.out, cli_verbs[i].operands);
		for (size_t o = 0; o < OPTION_COUNT; o++) {
			if (cli_verbs[i].options & 1u << o)
				expect_verb_option(expected.out, &cli_options[o]);
		}
		fputs("\n", expected.out);
	}
	fclose(expected.out);
	expect_entries("tools/man/mxfence.8", ".Sh VERBS", ".Sh REASONS", expected.text);
	free(expected.text);
}

static void test_manual_has_every_common_option(void **state)
{
	struct expectation expected;

	(void)state;
	expectation_begin(&expected);
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct cli_option *option = &cli_options[i];

		if (!(CLI_COMMON_OPTIONS & 1u << i))
			continue;
		if (option->letter)
			fprintf(expected.out, "Fl %c , -%s", option->letter, option->name);
		else
			fprintf(expected.out, "Fl -%s", option->name);
		fprintf(expected.out, "%s%s\n", option->value == VALUE_NONE ? "" : " Ar ",
			option->word);
	}
	fclose(expected.out);
	expect_entries("tools/man/mxfence.8", ".Ss Options of every verb", ".Sh VERBS",
		       expected.text);
	free(expected.text);
}

static void test_manual_has_every_check_of_doctor(void **state)
{
	struct expectation expected;

	(void)state;
	expectation_begin(&expected);
	for (size_t i = 0; i < doctor_check_count; i++)
		fprintf(expected.out, "Cm %s\n", doctor_checks[i].name);
	fclose(expected.out);
	expect_entries("tools/man/mxfence.8", ".Sh WHAT DOCTOR LOOKS FOR", ".Sh JSON",
		       expected.text);
	free(expected.text);
}

#define NAME_ENTRY(id, name, text) "Cm " name "\n"
#define EXIT_ENTRY(id, status, text) #status "\n"

static void test_manual_has_every_reason_and_verdict(void **state)
{
	(void)state;
	expect_entries("tools/man/mxfence.8", ".Sh REASONS", ".Sh WHAT IS COUNTED",
		       MXF_REASONS(NAME_ENTRY) MXF_VERDICTS(NAME_ENTRY));
}

static void test_manual_has_every_exit_status(void **state)
{
	(void)state;
	expect_entries("tools/man/mxfence.8", ".Sh EXIT STATUS", ".Sh EXAMPLES",
		       MXF_EXITS(EXIT_ENTRY));
}

/* The words that follow each exit status, as `text` of the table. */
#define EXIT_TEXT(id, status, text) ".It " #status "\n" text "\n"

static void test_manual_explains_exit_status_as_the_table(void **state)
{
	struct document document = document_open("tools/man/mxfence.8");

	(void)state;
	assert_non_null(strstr(document.text, MXF_EXITS(EXIT_TEXT)));
	sources_clear(&document.sources);
}

static void test_manual_has_every_key_of_the_configuration(void **state)
{
	struct expectation expected;
	size_t count;
	const struct schema_key *keys = config_schema(&count);

	(void)state;
	expectation_begin(&expected);
	for (size_t i = 0; i < count; i++) {
		bool is_alone = !keys[i].group[0] || strcmp(keys[i].group, "list") == 0;

		/* limits-internal has the keys of limits, and one paragraph says so. */
		if (!keys[i].summary || strcmp(keys[i].group, "limits-internal") == 0)
			continue;
		fprintf(expected.out, "Ic %s%s%s\n", is_alone ? "" : keys[i].group,
			is_alone ? "" : ".", keys[i].name);
	}
	fclose(expected.out);
	expect_entries("tools/man/mxfence.yaml.5", ".Ss Top level", ".Ss Ranges", expected.text);
	free(expected.text);
}

/* The lines of a completion between the two marks, without leading tabs. */
static void expect_completion(const char *path, const char *expected)
{
	struct document document = document_open(path);
	const char *line = strstr(document.text, "# verbs\n");
	struct expectation found;

	if (!line) {
		fail_msg("%s has no mark \"# verbs\"", path);
		return;
	}
	expectation_begin(&found);
	for (line += strlen("# verbs\n"); *line; line += strcspn(line, "\n") + 1) {
		line += strspn(line, "\t");
		if (strncmp(line, "# end of verbs", 14) == 0)
			break;
		fwrite(line, 1, strcspn(line, "\n") + 1, found.out);
	}
	fclose(found.out);
	assert_string_equal(found.text, expected);
	free(found.text);
	sources_clear(&document.sources);
}

static void print_options(FILE *out, unsigned int options)
{
	const char *separator = "";

	for (size_t i = 0; i < OPTION_COUNT; i++) {
		if (!(options & 1u << i))
			continue;
		fprintf(out, "%s--%s", separator, cli_options[i].name);
		separator = " ";
	}
}

/* Each verb with its options, in the syntax of a shell. */
static void expect_verbs(const char *path, const char *before_options, const char *after_options)
{
	struct expectation expected;

	expectation_begin(&expected);
	for (size_t i = 0; i < cli_verb_count; i++) {
		const char *quote = strchr(cli_verbs[i].name, ' ') ? "\"" : "";

		fprintf(expected.out, "%s%s%s%s", quote, cli_verbs[i].name, quote, before_options);
		print_options(expected.out, cli_verbs[i].options);
		fprintf(expected.out, "%s\n", after_options);
	}
	fclose(expected.out);
	expect_completion(path, expected.text);
	free(expected.text);
}

static void test_completions_have_every_verb_and_option(void **state)
{
	(void)state;
	expect_verbs("tools/completion/mxfence.bash", ") echo \"", "\" ;;");
	expect_verbs("tools/completion/_mxfence", " \"", "\"");
}

static void expect_text(const char *path, const char *text)
{
	struct document document = document_open(path);

	if (!strstr(document.text, text))
		fail_msg("%s lacks: %s", path, text);
	sources_clear(&document.sources);
}

static void test_completions_have_the_common_options(void **state)
{
	struct expectation bash, zsh;

	(void)state;
	expectation_begin(&bash);
	expectation_begin(&zsh);
	fputs("_mxfence_common=\"", bash.out);
	fputs("common=(", zsh.out);
	print_options(bash.out, CLI_COMMON_OPTIONS);
	print_options(zsh.out, CLI_COMMON_OPTIONS);
	fputs("\"\n", bash.out);
	fputs(")\n", zsh.out);
	fclose(bash.out);
	fclose(zsh.out);
	expect_text("tools/completion/mxfence.bash", bash.text);
	expect_text("tools/completion/_mxfence", zsh.text);
	free(bash.text);
	free(zsh.text);
}

/* Options with a value: the word after them is none of the verb's. */
static void test_completions_know_which_options_take_a_value(void **state)
{
	struct expectation expected;

	(void)state;
	expectation_begin(&expected);
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const char *separator = ftell(expected.out) > 0 ? " | " : "";

		if (cli_options[i].value != VALUE_NEEDED)
			continue;
		if (cli_options[i].letter)
			fprintf(expected.out, "%s-%c | --%s", separator, cli_options[i].letter,
				cli_options[i].name);
		else
			fprintf(expected.out, "%s--%s", separator, cli_options[i].name);
	}
	fputs(") skip=1 ;;", expected.out);
	fclose(expected.out);
	expect_text("tools/completion/mxfence.bash", expected.text);
	for (char *blank = strstr(expected.text, " | "); blank; blank = strstr(blank, " | ")) {
		blank[0] = '|';
		memmove(blank + 1, blank + 3, strlen(blank + 3) + 1);
	}
	expect_text("tools/completion/_mxfence", expected.text);
	free(expected.text);
}

#define KEY_WORD(id, name) " " name

static void test_completions_have_every_key_of_stats(void **state)
{
	(void)state;
	expect_text("tools/completion/mxfence.bash", &CLI_STATS_KEYS(KEY_WORD)[1]);
	expect_text("tools/completion/_mxfence", &CLI_STATS_KEYS(KEY_WORD)[1]);
}

static void test_bash_completion_has_the_first_words(void **state)
{
	struct expectation expected;
	const char *last = "";

	(void)state;
	expectation_begin(&expected);
	fputs("_mxfence_verbs=\"", expected.out);
	for (size_t i = 0; i < cli_verb_count; i++) {
		const char *name = cli_verbs[i].name;
		size_t length = strcspn(name, " ");

		if (strncmp(last, name, length) == 0 && strcspn(last, " ") == length)
			continue;
		fprintf(expected.out, "%s%.*s", i ? " " : "", (int)length, name);
		last = name;
	}
	fputs("\"\n", expected.out);
	fclose(expected.out);
	expect_text("tools/completion/mxfence.bash", expected.text);
	free(expected.text);
}

/* What the agent answers, the command line asks; all but events are asked by their own name. */
#define CONTROL_VERB(name, changes) name,

static void test_every_verb_of_the_agent_is_offered(void **state)
{
	static const char *const verbs[] = {MXF_CONTROL_VERBS(CONTROL_VERB)};

	(void)state;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		const struct verb *verb = verb_find(verbs[i]);

		assert_non_null(verb);
		assert_int_not_equal(verb->agent, AGENT_UNUSED);
	}
}

/* The options in the agent's own help. */
static void test_manual_has_every_option_of_the_agent(void **state)
{
	struct document source = document_open("agent/options.c");
	struct document manual = document_open("tools/man/mxfenced.8");
	size_t count = 0;

	(void)state;
	for (const char *at = strstr(source.text, " --"); at; at = strstr(at + 1, " --")) {
		char entry[64];
		int length = (int)strspn(at + 3, "abcdefghijklmnopqrstuvwxyz-");

		snprintf(entry, sizeof(entry), " -%.*s", length, at + 3);
		if (!strstr(manual.text, entry))
			fail_msg("mxfenced(8) lacks --%.*s", length, at + 3);
		count++;
	}
	assert_int_not_equal(count, 0);
	sources_clear(&source.sources);
	sources_clear(&manual.sources);
}

static bool is_metric_character(char c)
{
	return (c >= 'a' && c <= 'z') || c == '_';
}

/* The length of a metric's name without what a histogram's parts add to it. */
static int base_length(const char *name, int length)
{
	static const char *const parts[] = {"_seconds_bucket", "_seconds_sum", "_seconds_count"};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		int part = (int)strlen(parts[i]);

		if (length > part && strncmp(name + length - part, parts[i], (size_t)part) == 0)
			return length - part + (int)strlen("_seconds");
	}
	return length;
}

/* Every name that begins with mxfence_ in the file must be one that the agent makes. */
static void expect_only_metrics(const char *path, const char *source)
{
	struct document document = document_open(path);
	size_t count = 0;

	for (const char *at = strstr(document.text, "mxfence_"); at; at = strstr(at, "mxfence_")) {
		char quoted[80];
		int length = 0;

		while (is_metric_character(at[length]))
			length++;
		snprintf(quoted, sizeof(quoted), "\"%.*s\"", base_length(at, length), at);
		if (!strstr(source, quoted))
			fail_msg("%s: there is no metric %s", path, quoted);
		at += length;
		count++;
	}
	assert_int_not_equal(count, 0);
	sources_clear(&document.sources);
}

static void test_metrics_are_those_of_the_agent(void **state)
{
	struct document source = document_open("agent/service/metrics_internal.h");
	struct document manual = document_open("tools/man/mxfenced.8");
	const char *at = source.text;

	(void)state;
	expect_only_metrics("tools/man/mxfenced.8", source.text);
	expect_only_metrics("tools/grafana/mxfence.json", source.text);
	expect_only_metrics("tools/grafana/alerts.yaml", source.text);
	while ((at = strstr(at, "\"mxfence_"))) {
		char name[80];

		at++;
		snprintf(name, sizeof(name), ".It Li %.*s", (int)strcspn(at, "\""), at);
		if (!strstr(manual.text, name))
			fail_msg("mxfenced(8) lacks \"%s\"", name);
	}
	sources_clear(&source.sources);
	sources_clear(&manual.sources);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_manual_has_every_verb),
		cmocka_unit_test(test_manual_has_every_common_option),
		cmocka_unit_test(test_manual_has_every_check_of_doctor),
		cmocka_unit_test(test_manual_has_every_reason_and_verdict),
		cmocka_unit_test(test_manual_has_every_exit_status),
		cmocka_unit_test(test_manual_explains_exit_status_as_the_table),
		cmocka_unit_test(test_manual_has_every_key_of_the_configuration),
		cmocka_unit_test(test_completions_have_every_verb_and_option),
		cmocka_unit_test(test_completions_have_the_common_options),
		cmocka_unit_test(test_completions_know_which_options_take_a_value),
		cmocka_unit_test(test_completions_have_every_key_of_stats),
		cmocka_unit_test(test_bash_completion_has_the_first_words),
		cmocka_unit_test(test_every_verb_of_the_agent_is_offered),
		cmocka_unit_test(test_manual_has_every_option_of_the_agent),
		cmocka_unit_test(test_metrics_are_those_of_the_agent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
