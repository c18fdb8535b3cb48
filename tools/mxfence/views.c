// SPDX-License-Identifier: GPL-2.0-only
#include "views.h"

#include <string.h>

#include "core/diag.h"
#include "core/scoped.h"

const char *view_text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

uint64_t view_number(const json_t *object, const char *key)
{
	json_int_t number = json_integer_value(json_object_get(object, key));

	return number > 0 ? (uint64_t)number : 0;
}

double view_rate(const struct view *view, uint64_t now, uint64_t before)
{
	if (view->seconds <= 0 || now < before)
		return 0;
	return (double)(now - before) / view->seconds;
}

void view_line(const struct screen *screen, enum screen_style style, const char *label,
	       const char *text)
{
	SCOPED_FREE char *escaped = screen_escape(text);

	if (!escaped)
		return;
	fprintf(screen->out, "%s: ", label);
	screen_print(screen, style, "%s", escaped);
	fputs("\n", screen->out);
}

void view_version(const struct screen *screen, const struct view *view)
{
	fprintf(screen->out, "mxfence %s\n", view_text(view->body, "version"));
}

static void print_end(const struct screen *screen, const json_t *event, const char *address_key,
		      const char *port_key)
{
	SCOPED_FREE char *address = screen_escape(view_text(event, address_key));
	bool is_ipv6 = address && strchr(address, ':');

	fprintf(screen->out, " %s%s%s:%llu", is_ipv6 ? "[" : "", address ? address : "?",
		is_ipv6 ? "]" : "", (unsigned long long)view_number(event, port_key));
}

/* TIME INTERFACE VERDICT REASON SOURCE:PORT > DESTINATION:PORT */
/* "refused RCPT 550 5.7.1 from=<...> to=<...> Unable to relay (relay, mxfence.yaml:20)" */
static void print_smtp_event(const struct screen *screen, const json_t *event)
{
	static const struct {
		const char *key, *before, *after;
	} members[] = {
		{"time", "", ""},	  {"client", " ", ""},	  {"smtp", " smtp ", ""},
		{"result", " ", ""},	  {"command", " ", ""},	  {"enhanced", " ", ""},
		{"from", " from=<", ">"}, {"to", " to=<", ">"},	  {"login", " login=<", ">"},
		{"text", " ", ""},	  {"rule", " rule=", ""}, {"origin", " origin=", ""},
	};

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		SCOPED_FREE char *text = screen_escape(view_text(event, members[i].key));

		if (strcmp(members[i].key, "enhanced") == 0 && view_number(event, "answer"))
			fprintf(screen->out, " %llu",
				(unsigned long long)view_number(event, "answer"));
		if (text)
			fprintf(screen->out, "%s%s%s", members[i].before, text, members[i].after);
	}
	fputs("\n", screen->out);
}

void view_event(const struct screen *screen, const struct view *view)
{
	static const char *const members[] = {"time", "interface", "verdict", "reason"};

	if (view_text(view->body, "smtp")) {
		print_smtp_event(screen, view->body);
		return;
	}
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		SCOPED_FREE char *text = screen_escape(view_text(view->body, members[i]));

		fprintf(screen->out, "%s%s", i ? " " : "", text ? text : "-");
	}
	print_end(screen, view->body, "source", "source_port");
	fputs(" >", screen->out);
	print_end(screen, view->body, "destination", "destination_port");
	fputs("\n", screen->out);
}

void view_done(const struct screen *screen, const struct view *view)
{
	SCOPED_FREE char *done = screen_escape(view_text(view->body, "done"));

	if (done)
		fprintf(screen->out, "%s\n", done);
}

/* False when the answer has no line, or none that fits. */
static bool read_excerpt(const json_t *diagnostic, struct diag_excerpt *excerpt)
{
	const json_t *source = json_object_get(diagnostic, "source");
	size_t size = json_string_length(source);
	uint64_t column = view_number(diagnostic, "source_column");

	if (!json_is_string(source) || size > sizeof(excerpt->text) || column < 1 ||
	    column > size + 1)
		return false;
	memcpy(excerpt->text, json_string_value(source), size);
	excerpt->size = size;
	excerpt->column = (uint32_t)column;
	excerpt->length = (uint32_t)view_number(diagnostic, "length");
	return true;
}

static void print_diagnostic(const struct screen *screen, const json_t *diagnostic)
{
	const char *file = view_text(diagnostic, "file");
	const char *severity = view_text(diagnostic, "severity");
	SCOPED_FREE char *message = screen_escape(view_text(diagnostic, "message"));
	SCOPED_FREE char *hint = screen_escape(view_text(diagnostic, "hint"));
	const struct diag diag = {
		.severity = severity && strcmp(severity, "error") == 0 ? DIAG_ERROR : DIAG_WARNING,
		.place = {.line = (uint32_t)view_number(diagnostic, "line"),
			  .column = (uint32_t)view_number(diagnostic, "column")},
		.message = message ? message : "?",
		.hint = hint,
	};
	struct diag_excerpt excerpt;
	bool found = read_excerpt(diagnostic, &excerpt);

	diag_print(&diag, file ? file : "?", found ? &excerpt : NULL,
		   view_number(diagnostic, "more"), screen->colour, screen->out);
}

void view_diagnostics(const struct screen *screen, const struct view *view)
{
	size_t i;
	json_t *diagnostic;

	json_array_foreach (json_object_get(view->body, "diagnostics"), i, diagnostic)
		print_diagnostic(screen, diagnostic);
}
