// SPDX-License-Identifier: GPL-2.0-only
/*
 * The program itself, without an agent and without privilege: exit status, what goes to standard
 * output, what to standard error. Run from the top folder; the program stands in the build folder.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "core/source.h"
#include "mxfence/control.h"
#include "tests/support/built_program.h"

#define SAMPLE_CONFIG "tools/systemd/mxfence.yaml"
#define NOWHERE "--run-dir %s/run --pin-dir %s/pins "

static char program[4096];
static char scratch[] = "/tmp/mxfence-cli-XXXXXX";

struct outcome {
	int exit;
	char *out;
	char *error;
};

static char *read_scratch(const char *name)
{
	struct sources sources = {.count = 0};
	char path[64];
	char *text;

	snprintf(path, sizeof(path), "%s/%s", scratch, name);
	assert_int_equal(sources_read(&sources, path, path), 0);
	text = strdup(sources.items[0].text);
	sources_clear(&sources);
	return text;
}

/* Runs the program with its directories in a place where nothing is. */
static struct outcome run(const char *arguments)
{
	char line[8192];
	int status;

	snprintf(line, sizeof(line), "%s " NOWHERE "%s >%s/out 2>%s/error </dev/null", program,
		 scratch, scratch, arguments, scratch, scratch);
	status = system(line);
	assert_true(WIFEXITED(status));
	return (struct outcome){.exit = WEXITSTATUS(status),
				.out = read_scratch("out"),
				.error = read_scratch("error")};
}

static void outcome_clear(struct outcome *outcome)
{
	free(outcome->out);
	free(outcome->error);
}

struct run_case {
	const char *arguments;
	enum mxf_exit exit;
	const char *out; /* a part of it; "" = nothing */
	const char *error;
};

static const struct run_case run_cases[] = {
	{"--help", MXF_EXIT_OK, "Usage: mxfence", ""},
	{"help", MXF_EXIT_OK, "trust add RANGE", ""},
	{"stats --help", MXF_EXIT_OK, "[--by KEY] [--watch [S]]", ""},
	{"trust --help", MXF_EXIT_OK, "trust del RANGE", ""},
	{"help trust add", MXF_EXIT_OK, "--note TEXT", ""},
	{"help nothing", MXF_EXIT_USAGE, "", "there is no verb \"nothing\""},
	{"version", MXF_EXIT_OK, "mxfence " MXF_VERSION "\n", ""},
	{"--version", MXF_EXIT_OK, "mxfence " MXF_VERSION "\n", ""},
	{"stauts", MXF_EXIT_USAGE, "", "did you mean \"status\"?"},
	{"trust", MXF_EXIT_USAGE, "", "possible: list, add, del"},
	{"explain 010.0.0.1", MXF_EXIT_USAGE, "", "leading zero"},
	{"explain 192.0.2.1 --local ::1", MXF_EXIT_USAGE, "", "not of the same family"},
	{"status", MXF_EXIT_NO_AGENT, "Agent: not running", ""},
	{"stats", MXF_EXIT_NO_AGENT, "", "the agent is not running"},
	{"drops --watch", MXF_EXIT_NO_AGENT, "", "the agent is not running"},
	{"unload", MXF_EXIT_NO_AGENT, "",
	 "nothing to unload: no agent runs, and nothing is pinned"},
	{"reload", MXF_EXIT_NO_AGENT, "", "systemctl start mxfence"},
	{"trust list", MXF_EXIT_NO_AGENT, "", "the agent is not running"},
	{"events -f", MXF_EXIT_NO_AGENT, "", "the agent is not running"},
	{"metrics", MXF_EXIT_NO_AGENT, "", "the agent is not running"},
	{"check " SAMPLE_CONFIG, MXF_EXIT_OK, "no errors, no warnings", ""},
	{"-c " SAMPLE_CONFIG " check", MXF_EXIT_OK, "no errors, no warnings", ""},
	{"check Makefile", MXF_EXIT_CONFIGURATION, "", "Makefile:"},
	{"check /nonexistent/file", MXF_EXIT_CONFIGURATION, "", "/nonexistent/file:1:1: error:"},
	{"-c " SAMPLE_CONFIG " explain 127.0.0.9", MXF_EXIT_OK, "pass (trusted)", ""},
	{"-c " SAMPLE_CONFIG " explain 198.51.100.9", MXF_EXIT_OK, "observe (untrusted)", ""},
	{"-c " SAMPLE_CONFIG " explain 198.51.100.9 --port 26", MXF_EXIT_OK, "not guarded", ""},
	{"import exchange tests/golden/exchange/table.export", MXF_EXIT_OK, "192.0.2.7\n",
	 "3 ranges (list)"},
	{"import exchange tests/golden/exchange/mistakes.export", MXF_EXIT_FAILED, "",
	 "mistakes.export:1:1: error:"},
	{"import exchange /nonexistent/file", MXF_EXIT_FAILED, "", "cannot read"},
	{"import exchange any.txt --dry-run", MXF_EXIT_USAGE, "", "--dry-run needs --output"},
	{"-c /nonexistent/file explain ::1", MXF_EXIT_CONFIGURATION, "", "has errors"},
};

static void expect_part(const char *arguments, const char *text, const char *part)
{
	if (part[0] ? !strstr(text, part) : text[0] != '\0')
		fail_msg("mxfence %s: expected \"%s\", got \"%s\"", arguments, part, text);
}

static void test_exit_status_and_streams(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(run_cases) / sizeof(run_cases[0]); i++) {
		const struct run_case *at = &run_cases[i];
		struct outcome outcome = run(at->arguments);

		if (outcome.exit != (int)at->exit)
			fail_msg("mxfence %s: exit %d", at->arguments, outcome.exit);
		expect_part(at->arguments, outcome.out, at->out);
		expect_part(at->arguments, outcome.error, at->error);
		outcome_clear(&outcome);
	}
}

/* Whatever happens, --json prints one object with the schema, and nothing else anywhere. */
static void test_json_whatever_happens(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(run_cases) / sizeof(run_cases[0]); i++) {
		const struct run_case *at = &run_cases[i];
		char arguments[256];
		struct outcome outcome;
		json_t *body;

		snprintf(arguments, sizeof(arguments), "--json %s", at->arguments);
		outcome = run(arguments);
		body = json_loads(outcome.out, 0, NULL);
		if (!body)
			fail_msg("mxfence %s: \"%s\" is not JSON", arguments, outcome.out);
		assert_int_equal(outcome.exit, at->exit);
		assert_int_equal(json_integer_value(json_object_get(body, "schema")),
				 MXF_JSON_SCHEMA);
		if (outcome.exit == MXF_EXIT_USAGE)
			assert_true(json_is_string(json_object_get(body, "error")));
		assert_string_equal(outcome.error, "");
		json_decref(body);
		outcome_clear(&outcome);
	}
}

static void test_drop_is_a_negative_answer(void **state)
{
	struct outcome outcome;
	char path[64], arguments[128];
	FILE *config;

	(void)state;
	snprintf(path, sizeof(path), "%s/enforce.yaml", scratch);
	config = fopen(path, "w");
	assert_non_null(config);
	fputs("filter:\n  interfaces: [eth0]\n  closed-ports: [25]\n"
	      "  trusted: {office: {ranges: [192.0.2.0/24]}}\n",
	      config);
	fclose(config);
	snprintf(arguments, sizeof(arguments), "-c %s explain 192.0.3.1", path);
	outcome = run(arguments);
	assert_int_equal(outcome.exit, MXF_EXIT_FAILED);
	assert_non_null(strstr(outcome.out, "drop (untrusted)"));
	outcome_clear(&outcome);
}

/* --dry-run and an export with errors leave the list as it is. */
static void test_import_replaces_the_list_whole_or_not_at_all(void **state)
{
	static const struct {
		const char *export, *options, *out, *error, *list;
		enum mxf_exit exit;
	} steps[] = {
		{"table", "", "", "3 added, 0 removed\n", "\n10.0.0.0/8\n192.0.2.1\n192.0.2.7\n",
		 MXF_EXIT_OK},
		{"utf8-mark", "--dry-run", "- 10.0.0.0/8\n+ 192.0.2.0/24\n- 192.0.2.1\n",
		 "(nothing was written)", "\n192.0.2.7\n", MXF_EXIT_OK},
		{"cut-off", "", "", "nothing was written", "\n192.0.2.7\n", MXF_EXIT_FAILED},
		{"utf8-mark", "", "", "1 added, 3 removed\n", "exchange.\n192.0.2.0/24\n",
		 MXF_EXIT_OK},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		char arguments[256];
		struct outcome outcome;
		char *list;

		snprintf(arguments, sizeof(arguments),
			 "import exchange tests/golden/exchange/%s.export --output %s/list %s",
			 steps[i].export, scratch, steps[i].options);
		outcome = run(arguments);
		assert_int_equal(outcome.exit, steps[i].exit);
		expect_part(arguments, outcome.out, steps[i].out);
		expect_part(arguments, outcome.error, steps[i].error);
		list = read_scratch("list");
		expect_part(arguments, list, steps[i].list);
		free(list);
		outcome_clear(&outcome);
	}
}

static void test_output_that_cannot_be_written_is_a_failure(void **state)
{
	char line[8192];
	int status;

	(void)state;
	snprintf(line, sizeof(line), "%s version >/dev/full 2>/dev/null", program);
	status = system(line);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), MXF_EXIT_FAILED);
}

static int set_up(void **state)
{
	(void)state;
	if (built_program_find("mxfence", program, sizeof(program)) != 0 || !mkdtemp(scratch))
		return -1;
	return 0;
}

static int tear_down(void **state)
{
	static const char *const names[] = {"out", "error", "enforce.yaml", "list"};
	char path[64];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", scratch, names[i]);
		unlink(path);
	}
	return rmdir(scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exit_status_and_streams),
		cmocka_unit_test(test_json_whatever_happens),
		cmocka_unit_test(test_drop_is_a_negative_answer),
		cmocka_unit_test(test_import_replaces_the_list_whole_or_not_at_all),
		cmocka_unit_test(test_output_that_cannot_be_written_is_a_failure),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
