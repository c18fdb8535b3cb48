// SPDX-License-Identifier: GPL-2.0-only
/* Command lines, and what is made of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tools/mxfence/command.h"

#define WORDS_MAX 12

/* Splits at blanks; `line` is changed and must outlive *command. */
static bool parse(char *line, struct command *command, struct usage_error *error)
{
	char *argv[WORDS_MAX + 1] = {"mxfence"};
	int argc = 1;

	for (char *word = strtok(line, " "); word && argc < WORDS_MAX; word = strtok(NULL, " "))
		argv[argc++] = word;
	return command_parse(argc, argv, command, error);
}

struct good_case {
	const char *line;
	const char *verb;
	unsigned int operands;
};

static const struct good_case good_cases[] = {
	{"", "status", 0},
	{"status", "status", 0},
	{"--json", "status", 0},
	{"check", "check", 0},
	{"check FILE", "check", 1},
	{"-c FILE check", "check", 0},
	{"check -cFILE", "check", 0},
	{"check --config=FILE", "check", 0},
	{"trust list --list cli", "trust list", 0},
	{"trust --json list", "trust list", 0},
	{"trust add 192.0.2.0 255.255.255.0", "trust add", 2},
	{"--run-dir D trust del 192.0.2.7", "trust del", 1},
	{"check -- -odd-name", "check", 1},
	{"check -", "check", 1},
	{"explain 192.0.2.7 --port 587 --local 192.0.2.1", "explain", 1},
	{"stats --by range --watch", "stats", 0},
	{"drops --watch=9", "drops", 0},
	{"--watch drops", "drops", 0},
	{"events -jf", "events", 0},
	{"--version", "version", 0},
	{"trust --help", "help", 1},
	{"explain --help", "explain", 0},
	{"help trust add", "help", 2},
};

static void test_good_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good_cases) / sizeof(good_cases[0]); i++) {
		const struct good_case *at = &good_cases[i];
		struct usage_error error;
		struct command command;
		char line[128];

		strcpy(line, at->line);
		if (!parse(line, &command, &error))
			fail_msg("\"%s\": %s", at->line, error.text);
		assert_string_equal(command.verb->name, at->verb);
		assert_int_equal(command.operand_count, at->operands);
	}
}

struct bad_case {
	const char *line;
	const char *text;
	const char *hint; /* a part of it */
};

static const struct bad_case bad_cases[] = {
	{"stauts", "unknown verb \"stauts\", did you mean \"status\"?", "check, reload"},
	{"stat", "unknown verb \"stat\", did you mean \"stats\"?", "stats, drops"},
	{"trust", "\"trust\" alone is not a verb", "possible: list, add, del"},
	{"trust ad", "unknown verb \"ad\", did you mean \"add\"?", "possible: list, add, del"},
	{"trust status", "unknown verb \"status\"", "possible: list, add, del"},
	{"--jsno", "unknown option \"--jsno\", did you mean \"--json\"?", "--pin-dir"},
	{"--js", "unknown option \"--js\", did you mean \"--json\"?", "--json"},
	{"drops --by reason", "--by does not go with \"drops\"", ""},
	{"stats --wacth", "unknown option \"--wacth\", did you mean \"--watch\"?", "--by, --watch"},
	{"-x", "unknown option \"-x\"", "possible: --config"},
	{"stats --by", "--by needs a value: --by KEY", ""},
	{"stats --by raeson", "unknown key \"raeson\", did you mean \"reason\"?", "interface"},
	{"stats --watch 0", "--watch: \"0\" is not a number of seconds (1 to 86400)", ""},
	{"stats --watch=x", "--watch: \"x\" is not a number of seconds (1 to 86400)", ""},
	{"stats x", "stats: \"x\" is one argument too many", ""},
	{"explain", "explain needs ADDRESS", ""},
	{"explain ::1 --port 65536", "--port: \"65536\" is not a port (1 to 65535)", ""},
	{"explain ::1 --port 0", "--port: \"0\" is not a port (1 to 65535)", ""},
	{"explain ::1 --port 99999999999999999999",
	 "--port: \"99999999999999999999\" is not a port (1 to 65535)", ""},
	{"explain ::1 --port 25 --port 26", "--port is given twice", ""},
	{"trust add", "trust add needs RANGE", ""},
	{"trust add a b c", "trust add: \"c\" is one argument too many", ""},
	{"--json=yes", "--json takes no value", ""},
	{"-c", "--config needs a value: --config FILE", ""},
};

static void test_bad_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_cases) / sizeof(bad_cases[0]); i++) {
		const struct bad_case *at = &bad_cases[i];
		struct usage_error error;
		struct command command;
		char line[128];

		strcpy(line, at->line);
		if (parse(line, &command, &error))
			fail_msg("\"%s\" is accepted", at->line);
		assert_string_equal(error.text, at->text);
		if (!strstr(error.hint, at->hint))
			fail_msg("\"%s\": hint \"%s\"", at->line, error.hint);
	}
}

static void test_values(void **state)
{
	struct usage_error error;
	struct command command;
	char first[] = "--run-dir=R explain ::1 --local ::2 --pin-dir P --port 587";
	char second[] = "stats --by list --watch";
	char third[] = "explain ::1";

	(void)state;
	assert_true(parse(first, &command, &error));
	assert_string_equal(command_run_dir(&command), "R");
	assert_string_equal(command_pin_dir(&command), "P");
	assert_string_equal(command_config_path(&command), "/etc/mxfence/mxfence.yaml");
	assert_string_equal(command.values[OPTION_LOCAL], "::2");
	assert_int_equal(command.port, 587);
	assert_int_equal(command.watch, 0);

	assert_true(parse(second, &command, &error));
	assert_int_equal(command.by, STATS_BY_LIST);
	assert_int_equal(command.watch, COMMAND_WATCH_DEFAULT);

	assert_true(parse(third, &command, &error));
	assert_int_equal(command.port, 25);
	assert_int_equal(command.by, STATS_KEY_COUNT);
}

/* An error is told as JSON when that was asked for, before or after the mistake. */
static void test_json_is_known_in_spite_of_errors(void **state)
{
	static const char *const lines[] = {"--json stauts", "stauts --json", "-j trust",
					    "explain -j"};
	struct usage_error error;
	struct command command;
	char line[64];

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		strcpy(line, lines[i]);
		assert_false(parse(line, &command, &error));
		assert_true(command.given[OPTION_JSON]);
	}
	strcpy(line, "stauts -- --json");
	assert_false(parse(line, &command, &error));
	assert_false(command.given[OPTION_JSON]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_lines),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_json_is_known_in_spite_of_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
