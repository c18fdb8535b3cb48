// SPDX-License-Identifier: GPL-2.0-only
#include "output.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/scoped.h"
#include "service/report.h"
#include "views.h"

void output_json(const json_t *body, bool one_line)
{
	json_dumpf(body, stdout, one_line ? JSON_COMPACT : JSON_INDENT(2));
	putchar('\n');
}

/* Lines stay lines; what is in them is escaped. */
static void print_lines(FILE *out, const char *text)
{
	SCOPED_FREE char *copy = strdup(text);
	char *rest = copy;
	char *line;

	while (rest && *rest && (line = strsep(&rest, "\n"))) {
		SCOPED_FREE char *escaped = screen_escape(line);

		fprintf(out, "%s\n", escaped ? escaped : "");
	}
}

static void print_error(const char *message, const char *hint)
{
	struct screen screen = screen_for(stderr, false);

	fputs("mxfence: ", stderr);
	screen_print(&screen, STYLE_BAD, "error:");
	fputs(" ", stderr);
	print_lines(stderr, message);
	if (hint) {
		fputs("  ", stderr);
		print_lines(stderr, hint);
	}
}

enum mxf_exit output_error(const struct command *command, enum mxf_exit exit, const char *hint,
			   const char *format, ...)
{
	SCOPED_FREE char *message = NULL;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vasprintf(&message, format, arguments);
	va_end(arguments);
	if (length < 0)
		message = NULL;
	if (command->given[OPTION_JSON]) {
		json_t *body = report_error("%s", message ? message : "out of memory");

		if (hint)
			json_object_set_new(body, "hint", report_text(hint, strlen(hint)));
		output_json(body, false);
		json_decref(body);
		return exit;
	}
	print_error(message ? message : "out of memory", hint);
	return exit;
}

static void print_texts(const struct answer *answer)
{
	FILE *out = answer->exit == MXF_EXIT_OK ? stdout : stderr;
	const char *error = json_string_value(json_object_get(answer->body, "error"));

	/* After the messages themselves it is but their sum. */
	if (error && view_number(answer->body, "errors")) {
		fputs("mxfence: ", stderr);
		print_lines(stderr, error);
	} else if (error)
		print_error(error, json_string_value(json_object_get(answer->body, "hint")));
	if (answer->text)
		print_lines(out, json_string_value(answer->text));
}

enum mxf_exit output_answer(const struct command *command, const struct answer *answer, view_fn *fn)
{
	struct screen screen = screen_for(stdout, command->given[OPTION_RAW]);
	struct screen messages = screen_for(stderr, false);
	struct view view = {.command = command, .body = answer->body};

	if (command->given[OPTION_JSON] && answer->body) {
		output_json(answer->body, false);
		return answer->exit;
	}
	if (command->given[OPTION_JSON]) {
		json_t *body =
			json_pack("{s:i, s:O*}", "schema", MXF_JSON_SCHEMA, "text", answer->text);

		output_json(body, false);
		json_decref(body);
		return answer->exit;
	}
	view_diagnostics(&messages, &view);
	print_texts(answer);
	if (fn && answer->body)
		fn(&screen, &view);
	return answer->exit;
}
