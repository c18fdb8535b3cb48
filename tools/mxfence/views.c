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
	return (uint64_t)json_integer_value(json_object_get(object, key));
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

/* Says what was done, and of a range what and where. */
void view_done(const struct screen *screen, const struct view *view)
{
	view_line(screen, STYLE_PLAIN, view->command->verb->name, view_text(view->body, "done"));
}
