// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "core/scoped.h"
#include "mxfence/reasons.h"
#include "views.h"

struct meaning {
	const char *name;
	const char *text;
};

#define MEANING(id, name, text) {name, text},
static const struct meaning reasons[] = {MXF_REASONS(MEANING){NULL, ""}};
static const struct meaning verdicts[] = {MXF_VERDICTS(MEANING){NULL, ""}};

/* "" for a name that is not in the table. */
static const char *meaning_of(const struct meaning *table, const char *name)
{
	while (table->name && strcmp(table->name, name) != 0)
		table++;
	return table->text;
}

static enum screen_style verdict_style(const char *verdict)
{
	if (strcmp(verdict, "pass") == 0)
		return STYLE_GOOD;
	return strcmp(verdict, "drop") == 0 ? STYLE_BAD : STYLE_WARNING;
}

/* "ADDRESS to port N of LOCAL" */
static void print_question(const struct screen *screen, const struct command *command)
{
	const char *local = command->values[OPTION_LOCAL];
	SCOPED_FREE char *source = screen_escape(command->operands[0]);
	SCOPED_FREE char *destination = screen_escape(local ? local : "");

	fprintf(screen->out, "%s to port %u%s%s: ", source, command->port, local ? " of " : "",
		destination);
}

/* A temporary entry: why it is there, and until when. */
static void print_entry(const struct screen *screen, const json_t *kernel, const char *range)
{
	SCOPED_FREE char *cause = screen_escape(view_text(kernel, "cause"));
	SCOPED_FREE char *note = screen_escape(view_text(kernel, "note"));
	char until[SCREEN_AGE_MAX];

	screen_until(screen, view_text(kernel, "expires"), until);
	fprintf(screen->out, "  temporary entry %s (%s%s%s), ends %s", range, cause ? cause : "?",
		note ? ": " : "", note ? note : "", until);
}

static void print_range(const struct screen *screen, const json_t *kernel)
{
	SCOPED_FREE char *range = screen_escape(view_text(kernel, "range"));
	SCOPED_FREE char *list = screen_escape(view_text(kernel, "list"));
	SCOPED_FREE char *origin = screen_escape(view_text(kernel, "origin"));
	const json_t *hits = json_object_get(kernel, "hits");

	if (!range)
		return;
	if (list)
		fprintf(screen->out, "  range %s of list %s, written in %s", range, list,
			origin ? origin : "?");
	else
		print_entry(screen, kernel, range);
	if (json_is_integer(hits))
		fprintf(screen->out, ", %" JSON_INTEGER_FORMAT " hit%s", json_integer_value(hits),
			json_integer_value(hits) == 1 ? "" : "s");
	fputs("\n", screen->out);
}

void view_explain(const struct screen *screen, const struct view *view)
{
	const json_t *kernel = json_object_get(view->body, "kernel");
	const char *verdict = view_text(kernel, "verdict");
	const char *reason = view_text(kernel, "reason");
	SCOPED_FREE char *shown_verdict = screen_escape(verdict);
	SCOPED_FREE char *shown_reason = screen_escape(reason);

	print_question(screen, view->command);
	if (!shown_verdict || !shown_reason) {
		screen_print(screen, STYLE_GOOD, "pass");
		fputs(", not guarded: no fence looks at that port or destination\n", screen->out);
		view_smtp(screen, view);
		return;
	}
	screen_print(screen, verdict_style(verdict), "%s", shown_verdict);
	fprintf(screen->out, " (%s)\n  %s\n", shown_reason, meaning_of(reasons, reason));
	if (strcmp(verdict, "observe") == 0)
		fprintf(screen->out, "  %s\n", meaning_of(verdicts, verdict));
	print_range(screen, kernel);
	view_smtp(screen, view);
}
