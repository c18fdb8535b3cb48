// SPDX-License-Identifier: GPL-2.0-only
/* What the gate has to say, as people read it. */
#include <string.h>

#include "core/scoped.h"
#include "table.h"
#include "views.h"

/* explain. */

static void print_step(struct table *table, const json_t *step)
{
	bool refuses = json_is_true(json_object_get(step, "refuses"));
	uint64_t number = view_number(step, "number");

	if (number)
		table_number(table, number);
	else
		table_text(table, NULL);
	table_text(table, view_text(step, "rule"));
	table_text(table, view_text(step, "result"));
	table_text(table, view_text(step, "origin"));
	if (refuses)
		table_style(table, STYLE_BAD);
}

static void print_steps(const struct screen *screen, const json_t *steps)
{
	static const struct table_column columns[] = {{.name = "RULE", .right = true},
						      {.name = "NAME"},
						      {.name = "FOUND", .may_cut = true},
						      {.name = "WRITTEN-IN"}};
	struct table *table = table_new(screen, columns, sizeof(columns) / sizeof(columns[0]));
	size_t i;
	json_t *step;

	json_array_foreach (steps, i, step)
		print_step(table, step);
	table_print(&table);
}

void view_smtp(const struct screen *screen, const struct view *view)
{
	const json_t *smtp = json_object_get(view->body, "smtp");
	SCOPED_FREE char *enhanced = screen_escape(view_text(smtp, "enhanced"));
	SCOPED_FREE char *text = screen_escape(view_text(smtp, "text"));
	uint64_t answer = view_number(smtp, "answer");

	if (!json_is_object(smtp))
		return;
	fprintf(screen->out,
		"%s would be answered: ", view->command->values[OPTION_TO] ? "RCPT" : "MAIL");
	screen_print(screen, answer == 250 ? STYLE_GOOD : STYLE_BAD, "%llu %s %s",
		     (unsigned long long)answer, enhanced ? enhanced : "", text ? text : "");
	fputs("\n", screen->out);
	print_steps(screen, json_object_get(smtp, "steps"));
}

/* status. */

static void print_listeners(const struct screen *screen, const json_t *listeners)
{
	static const struct table_column columns[] = {
		{.name = "LISTENER"}, {.name = "ADDRESS"}, {.name = "PORT", .right = true},
		{.name = "ROLE"},     {.name = "TLS"},	   {.name = "AUTH"},
		{.name = "BACKEND"},
	};
	struct table *table = table_new(screen, columns, sizeof(columns) / sizeof(columns[0]));
	size_t i;
	json_t *listener;

	json_array_foreach (listeners, i, listener) {
		table_text(table, view_text(listener, "name"));
		table_text(table, view_text(listener, "address"));
		table_number(table, view_number(listener, "port"));
		table_text(table, view_text(listener, "role"));
		table_text(table, view_text(listener, "tls"));
		table_text(table, view_text(listener, "auth"));
		table_text(table, view_text(listener, "backend"));
	}
	table_print(&table);
}

static void print_backends(const struct screen *screen, const json_t *backends)
{
	size_t i, k;
	json_t *backend, *server;

	json_array_foreach (backends, i, backend) {
		SCOPED_FREE char *name = screen_escape(view_text(backend, "name"));
		uint64_t errors = view_number(backend, "errors");

		fprintf(screen->out, "Backend %s:", name ? name : "?");
		json_array_foreach (json_object_get(backend, "servers"), k, server) {
			SCOPED_FREE char *text = screen_escape(json_string_value(server));

			fprintf(screen->out, " %s", text ? text : "?");
		}
		if (errors)
			screen_print(screen, STYLE_WARNING, ", %llu failed connection%s",
				     (unsigned long long)errors, errors == 1 ? "" : "s");
		fputs("\n", screen->out);
	}
}

void view_gate(const struct screen *screen, const struct view *view)
{
	const json_t *gate = json_object_get(view->body, "gate");
	uint64_t retiring = view_number(gate, "retiring"), crashes = view_number(gate, "crashes");
	uint64_t workers = view_number(gate, "workers");

	if (!json_is_object(gate))
		return;
	fputs("\nGate: ", screen->out);
	if (workers)
		screen_print(screen, STYLE_GOOD, "open");
	else
		screen_print(screen, STYLE_BAD, "no worker runs");
	fprintf(screen->out, ", %llu session%s now, %llu message%s passed on; %llu worker%s",
		(unsigned long long)view_number(gate, "sessions"),
		view_number(gate, "sessions") == 1 ? "" : "s",
		(unsigned long long)view_number(gate, "messages"),
		view_number(gate, "messages") == 1 ? "" : "s", (unsigned long long)workers,
		workers == 1 ? "" : "s");
	if (retiring)
		fprintf(screen->out, ", %llu finishing sessions under earlier rules",
			(unsigned long long)retiring);
	fputs("\n", screen->out);
	if (crashes) {
		screen_print(screen, STYLE_BAD, "Crashes of the gate's processes: %llu",
			     (unsigned long long)crashes);
		fputs("; the log says which\n", screen->out);
	}
	print_listeners(screen, json_object_get(gate, "listeners"));
	print_backends(screen, json_object_get(gate, "backends"));
}

/* sessions. */

void view_sessions(const struct screen *screen, const struct view *view)
{
	static const struct table_column columns[] = {
		{.name = "SESSION"},
		{.name = "SINCE", .right = true},
		{.name = "CLIENT"},
		{.name = "LISTENER"},
		{.name = "STATE"},
		{.name = "TLS"},
		{.name = "HELO", .may_cut = true},
		{.name = "LOGIN"},
		{.name = "FROM", .may_cut = true},
		{.name = "RCPTS", .right = true},
		{.name = "BYTES", .right = true},
		{.name = "MESSAGES", .right = true},
	};
	const json_t *sessions = json_object_get(view->body, "sessions");
	struct table *table = table_new(screen, columns, sizeof(columns) / sizeof(columns[0]));
	char age[SCREEN_AGE_MAX];
	size_t i;
	json_t *session;

	json_array_foreach (sessions, i, session) {
		screen_age(screen, view_text(session, "since"), age);
		table_text(table, view_text(session, "session"));
		table_text(table, age);
		table_text(table, view_text(session, "client"));
		table_text(table, view_text(session, "listener"));
		table_text(table, view_text(session, "state"));
		table_text(table, json_is_true(json_object_get(session, "tls")) ? "yes" : "no");
		table_text(table, view_text(session, "helo"));
		table_text(table, view_text(session, "login"));
		table_text(table, view_text(session, "sender"));
		table_number(table, view_number(session, "recipients"));
		table_number(table, view_number(session, "bytes"));
		table_number(table, view_number(session, "messages"));
	}
	table_print(&table);
	if (json_array_size(sessions) == 0 && !screen->raw)
		fputs("No session now.\n", screen->out);
}
