// SPDX-License-Identifier: GPL-2.0-only
#include "views.h"

#include <string.h>

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
void view_event(const struct screen *screen, const struct view *view)
{
	static const char *const members[] = {"time", "interface", "verdict", "reason"};

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

static void print_diagnostic(const struct screen *screen, const json_t *diagnostic)
{
	SCOPED_FREE char *file = screen_escape(view_text(diagnostic, "file"));
	SCOPED_FREE char *severity = screen_escape(view_text(diagnostic, "severity"));
	SCOPED_FREE char *message = screen_escape(view_text(diagnostic, "message"));
	SCOPED_FREE char *hint = screen_escape(view_text(diagnostic, "hint"));

	fprintf(screen->out, "%s:%llu:%llu: ", file ? file : "?",
		(unsigned long long)view_number(diagnostic, "line"),
		(unsigned long long)view_number(diagnostic, "column"));
	screen_print(screen, severity && strcmp(severity, "error") == 0 ? STYLE_BAD : STYLE_WARNING,
		     "%s:", severity ? severity : "?");
	fprintf(screen->out, " %s\n", message ? message : "?");
	if (hint)
		fprintf(screen->out, "  = %s\n", hint);
}

void view_diagnostics(const struct screen *screen, const struct view *view)
{
	size_t i;
	json_t *diagnostic;

	json_array_foreach (json_object_get(view->body, "diagnostics"), i, diagnostic)
		print_diagnostic(screen, diagnostic);
}
