// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "core/scoped.h"
#include "mxfence/reasons.h"
#include "views.h"

#define REASON_TEXT(id, name, text) {name, text},
static const struct {
	const char *name;
	const char *text;
} reasons[] = {MXF_REASONS(REASON_TEXT)};

static const char *reason_text(const char *name)
{
	for (size_t i = 0; name && i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		if (strcmp(reasons[i].name, name) == 0)
			return reasons[i].text;
	}
	return "";
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

static void print_range(const struct screen *screen, const json_t *kernel)
{
	SCOPED_FREE char *range = screen_escape(view_text(kernel, "range"));
	SCOPED_FREE char *list = screen_escape(view_text(kernel, "list"));
	SCOPED_FREE char *origin = screen_escape(view_text(kernel, "origin"));
	const json_t *hits = json_object_get(kernel, "hits");

	if (!range)
		return;
	fprintf(screen->out, "  range %s of list %s, written in %s", range, list ? list : "?",
		origin ? origin : "?");
	if (json_is_integer(hits))
		fprintf(screen->out, ", %llu hits", (unsigned long long)json_integer_value(hits));
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
		fputs(", not guarded: the fence looks at other ports or destinations only\n",
		      screen->out);
		return;
	}
	screen_print(screen, verdict_style(verdict), "%s", shown_verdict);
	fprintf(screen->out, " (%s): %s\n", shown_reason, reason_text(reason));
	print_range(screen, kernel);
}
