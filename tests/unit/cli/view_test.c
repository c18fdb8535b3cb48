// SPDX-License-Identifier: GPL-2.0-only
/*
 * How answers look: golden/NAME.json holds a command line, the screen's width and a body,
 * golden/NAME.txt what must be shown. With GOLDEN_WRITE set the texts are written anew. Run from
 * the top folder.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/source.h"
#include "tools/mxfence/table.h"
#include "tools/mxfence/views.h"

#define GOLDEN "tests/unit/cli/golden/"
#define GOLDEN_NOW 1767268800 /* 2026-01-01T12:00:00Z */
#define WORDS_MAX 12

static const struct {
	const char *verb;
	view_fn *view;
} views[] = {
	{"status", view_status},	 {"reload", view_diagnostics}, {"diff", view_diff},
	{"unload", view_done},		 {"trust list", view_ranges},  {"ban list", view_bans},
	{"trust suggest", view_suggest}, {"explain", view_explain},    {"stats", view_stats},
	{"drops", view_drops},		 {"events", view_event},       {"version", view_version},
	{"doctor", view_doctor},
};

static view_fn *find_view(const char *verb)
{
	size_t i = 0;

	while (i < sizeof(views) / sizeof(views[0]) && strcmp(views[i].verb, verb) != 0)
		i++;
	assert_in_range(i, 0, sizeof(views) / sizeof(views[0]) - 1);
	return views[i].view;
}

/* Splits at blanks; `line` is changed and must outlive *command. */
static void parse(char *line, struct command *command)
{
	char *argv[WORDS_MAX + 1] = {"mxfence"};
	struct usage_error error;
	int argc = 1;

	for (char *word = strtok(line, " "); word && argc < WORDS_MAX; word = strtok(NULL, " "))
		argv[argc++] = word;
	if (!command_parse(argc, argv, command, &error))
		fail_msg("%s", error.text);
}

/* Of a sample that has "history": rates by key, before the one that is shown. */
static struct history *read_history(const json_t *sample)
{
	json_t *rates, *all = json_object_get(sample, "history");
	struct history *history = all ? history_new() : NULL;
	const char *key;

	for (size_t tick = 0; history && tick < HISTORY_TICKS; tick++) {
		history_begin(history);
		json_object_foreach (all, key, rates) {
			size_t first = HISTORY_TICKS - json_array_size(rates);

			if (tick >= first)
				history_note(
					history, key,
					json_number_value(json_array_get(rates, tick - first)));
		}
	}
	if (history)
		history_begin(history);
	return history;
}

/* The text that a sample gives; free() it. */
static char *render(const json_t *sample)
{
	char *line = strdup(view_text(sample, "command"));
	struct command command;
	struct view view = {.command = &command,
			    .body = json_object_get(sample, "body"),
			    .before = json_object_get(sample, "before"),
			    .seconds = json_number_value(json_object_get(sample, "seconds")),
			    .history = read_history(sample)};
	struct screen screen = {.now = GOLDEN_NOW,
				.width = view_number(sample, "width"),
				.height = view_number(sample, "height"),
				.colour = json_is_true(json_object_get(sample, "colour"))};
	char *text = NULL;
	size_t size;

	assert_non_null(line);
	parse(line, &command);
	screen.raw = command.given[OPTION_RAW];
	screen.out = open_memstream(&text, &size);
	assert_non_null(screen.out);
	find_view(command.verb->name)(&screen, &view);
	fclose(screen.out);
	history_free(&view.history);
	free(line);
	return text;
}

static void write_text(const char *path, const char *text)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

static void expect_file(const char *path, const char *text)
{
	struct sources sources = {.count = 0};

	if (sources_read(&sources, path, path) != 0)
		fail_msg("cannot read %s", path);
	assert_string_equal(text, sources.items[0].text);
	sources_clear(&sources);
}

static void test_sample(void **state)
{
	const char *name = *state;
	char path[128];
	json_error_t error;
	json_t *sample;
	char *text;

	snprintf(path, sizeof(path), GOLDEN "%s.json", name);
	sample = json_load_file(path, 0, &error);
	if (!sample)
		fail_msg("%s:%d: %s", path, error.line, error.text);
	text = render(sample);
	json_decref(sample);
	snprintf(path, sizeof(path), GOLDEN "%s.txt", name);
	if (getenv("GOLDEN_WRITE"))
		write_text(path, text);
	expect_file(path, text);
	free(text);
}

static void test_ages(void **state)
{
	static const struct {
		const char *time;
		const char *age;
	} cases[] = {
		{NULL, "never"},
		{"soon", "never"},
		{"2026-01-01T12:00:00Z", "now"},
		{"2026-01-01T12:00:09Z", "now"},
		{"2026-01-01T11:59:59Z", "1 s ago"},
		{"2026-01-01T11:58:01Z", "119 s ago"},
		{"2026-01-01T11:58:00Z", "2 min ago"},
		{"2026-01-01T10:00:01Z", "119 min ago"},
		{"2026-01-01T10:00:00Z", "2 h ago"},
		{"2025-12-30T12:00:01Z", "47 h ago"},
		{"2025-12-30T12:00:00Z", "2 days ago"},
	};
	const struct screen people = {.now = GOLDEN_NOW};
	const struct screen scripts = {.now = GOLDEN_NOW, .raw = true};
	char text[SCREEN_AGE_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		screen_age(&people, cases[i].time, text);
		assert_string_equal(text, cases[i].age);
	}
	screen_age(&scripts, "2026-01-01T11:58:00Z", text);
	assert_string_equal(text, "2026-01-01T11:58:00Z");
}

static void test_escape(void **state)
{
	static const struct {
		const char *text;
		const char *escaped;
	} cases[] = {
		{"", ""},
		{"mx.example.com", "mx.example.com"},
		{"m\xc3\xbcller", "m\xc3\xbcller"},
		{"\033[2J", "\\x1b[2J"},
		{"a\nb\tc\rd", "a\\x0ab\\x09c\\x0dd"},
		{"\x7f", "\\x7f"},
		{"\xc2\x9b"
		 "31m",
		 "\\xc2\\x9b31m"}, /* C1: CSI */
		{"\xe2\x80\xae"
		 "cba",
		 "\\xe2\\x80\\xaecba"}, /* right-to-left override */
		{"\xff\xfe", "\\xff\\xfe"},
		{"\xc0\xaf", "\\xc0\\xaf"}, /* overlong */
	};

	(void)state;
	assert_null(screen_escape(NULL));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *escaped = screen_escape(cases[i].text);

		assert_string_equal(escaped, cases[i].escaped);
		free(escaped);
	}
}

#define SAMPLE(name)                                                                               \
	{                                                                                          \
		"sample " name, test_sample, NULL, NULL, (void *)(uintptr_t)name                   \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SAMPLE("status"),
		SAMPLE("status-trial"),
		SAMPLE("status-observe"),
		SAMPLE("status-unloaded"),
		SAMPLE("status-partial"),
		SAMPLE("status-no-agent"),
		SAMPLE("status-nothing"),
		SAMPLE("status-hostile"),
		SAMPLE("reload-refused"),
		SAMPLE("diff"),
		SAMPLE("diff-nothing"),
		SAMPLE("unload"),
		SAMPLE("trust-list"),
		SAMPLE("trust-list-raw"),
		SAMPLE("trust-list-narrow"),
		SAMPLE("trust-list-temporary"),
		SAMPLE("suggest"),
		SAMPLE("suggest-none"),
		SAMPLE("ban-list"),
		SAMPLE("ban-list-empty"),
		SAMPLE("explain-trusted"),
		SAMPLE("explain-banned"),
		SAMPLE("explain-untrusted"),
		SAMPLE("explain-observe"),
		SAMPLE("explain-unguarded"),
		SAMPLE("stats"),
		SAMPLE("stats-interface"),
		SAMPLE("stats-range"),
		SAMPLE("stats-range-few"),
		SAMPLE("stats-watch"),
		SAMPLE("stats-watch-history"),
		SAMPLE("stats-empty"),
		SAMPLE("drops"),
		SAMPLE("drops-watch"),
		SAMPLE("drops-names"),
		SAMPLE("drops-raw"),
		SAMPLE("drops-empty"),
		SAMPLE("event"),
		SAMPLE("event-ipv6"),
		SAMPLE("doctor"),
		SAMPLE("doctor-nothing"),
		SAMPLE("version"),
		cmocka_unit_test(test_ages),
		cmocka_unit_test(test_escape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
