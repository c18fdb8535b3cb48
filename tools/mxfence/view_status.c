// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <string.h>

#include "core/scoped.h"
#include "table.h"
#include "views.h"

#define LAST_MINUTE 60
#define PORTS_SHOWN 8

static bool is_true(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

static size_t count_attached(const json_t *body)
{
	size_t count = 0;
	size_t i;
	json_t *interface;

	json_array_foreach (json_object_get(body, "interfaces"), i, interface)
		count += is_true(interface, "attached");
	return count;
}

/* The first line: does the fence hold? */
static void print_headline(const struct screen *screen, const json_t *body)
{
	size_t attached = count_attached(body);
	const char *mode = view_text(body, "mode");

	fputs("Fence: ", screen->out);
	if (!mode && json_is_object(json_object_get(body, "gate")))
		screen_print(screen, STYLE_PLAIN, "none is configured");
	else if (json_object_get(body, "error"))
		screen_print(screen, STYLE_WARNING, "unknown, see the error");
	else if (!mode)
		screen_print(screen, STYLE_BAD, "nothing is loaded, every packet passes");
	else if (!attached)
		screen_print(screen, STYLE_BAD,
			     "not attached to any interface, every packet passes");
	else if (strcmp(mode, "enforce") == 0)
		screen_print(screen, STYLE_GOOD, "enforcing");
	else
		screen_print(screen, STYLE_WARNING,
			     "observing: counts what it would drop, drops nothing");
	if (attached && attached < json_array_size(json_object_get(body, "interfaces")))
		screen_print(screen, STYLE_BAD, ", but not on every interface");
	fputs("\n", screen->out);
}

static void print_ports(const struct screen *screen, const char *label, const json_t *ports)
{
	size_t i;
	json_t *port;

	if (json_array_size(ports) == 0)
		return;
	fputs(label, screen->out);
	json_array_foreach (ports, i, port) {
		if (i == PORTS_SHOWN) {
			fprintf(screen->out, " and %zu more", json_array_size(ports) - i);
			break;
		}
		fprintf(screen->out, " %" JSON_INTEGER_FORMAT, json_integer_value(port));
	}
	fputs("\n", screen->out);
}

static void print_generation(const struct screen *screen, const json_t *body)
{
	char age[SCREEN_AGE_MAX];

	if (!view_text(body, "mode"))
		return;
	print_ports(screen, "Closed ports:", json_object_get(body, "closed_ports"));
	print_ports(screen, "Open ports:", json_object_get(body, "open_ports"));
	screen_age(screen, view_text(body, "published"), age);
	fprintf(screen->out, "Generation: %" PRIu64 ", published %s\n",
		view_number(body, "generation"), age);
}

static void print_agent(const struct screen *screen, const json_t *body)
{
	const json_t *agent = json_object_get(body, "agent");
	const char *error = view_text(agent, "reload_error");
	SCOPED_FREE char *version = screen_escape(view_text(agent, "version"));
	char age[SCREEN_AGE_MAX];

	fputs("Agent: ", screen->out);
	if (!is_true(agent, "running")) {
		screen_print(screen, STYLE_WARNING, "not running");
		fputs(count_attached(body) ? "; the fence goes on without it\n" : "\n",
		      screen->out);
		return;
	}
	fprintf(screen->out, "running, version %s, process %llu\n", version ? version : "unknown",
		(unsigned long long)view_number(agent, "pid"));
	if (!is_true(agent, "loaded"))
		fputs("  the fence is unloaded; mxfence load attaches it\n", screen->out);
	if (!error)
		return;
	screen_age(screen, view_text(agent, "reload_time"), age);
	fprintf(screen->out, "Last reload: ");
	screen_print(screen, STYLE_BAD, "failed (%s), what ran before goes on", age);
	fputs("\n", screen->out);
	view_line(screen, STYLE_PLAIN, "  why", error);
}

static void print_trial(const struct screen *screen, const json_t *body)
{
	const json_t *trial = json_object_get(body, "trial");
	const char *state = view_text(trial, "state");
	char until[SCREEN_AGE_MAX];

	if (state && strcmp(state, "running") == 0) {
		screen_until(screen, view_text(trial, "deadline"), until);
		fputs("Trial: ", screen->out);
		screen_print(screen, STYLE_WARNING, "generation %" PRIu64 " comes back %s",
			     view_number(trial, "previous"), until);
		fputs(" unless mxfence confirm\n", screen->out);
	} else if (state) {
		fprintf(screen->out, "Trial: over; generation %" PRIu64 " is in force again\n",
			view_number(trial, "previous"));
	} else if (is_true(json_object_get(body, "agent"), "unconfirmed")) {
		fputs("Trial: ", screen->out);
		screen_print(screen, STYLE_WARNING, "what the files hold was not confirmed");
		fputs(" and is not in force; mxfence reload applies it\n", screen->out);
	}
}

/* Nothing when there are none. */
static void print_temporary(const struct screen *screen, const json_t *temporary)
{
	const uint64_t bans = view_number(temporary, "bans");
	const uint64_t trusted = view_number(temporary, "trusted");

	if (!bans && !trusted)
		return;
	fprintf(screen->out,
		"Temporary: %" PRIu64 " ban%s, %" PRIu64 " trusted; mxfence ban list, trust list\n",
		bans, bans == 1 ? "" : "s", trusted);
}

static void print_interfaces(const struct screen *screen, const json_t *interfaces)
{
	static const struct table_column columns[] = {
		{.name = "INTERFACE"}, {.name = "ATTACHED"}, {.name = "MODE"}};
	struct table *table = table_new(screen, columns, 3);
	size_t i;
	json_t *interface;

	if (json_array_size(interfaces))
		fputs("\n", screen->out);
	json_array_foreach (interfaces, i, interface) {
		bool attached = is_true(interface, "attached");
		const char *name = view_text(interface, "name");
		const char *now = view_text(interface, "now");
		SCOPED_FREE char *both = NULL;

		if (now && name && asprintf(&both, "%s (now %s)", name, now) < 0)
			both = NULL;
		table_text(table, both ? both : name);
		table_text(table, attached ? "yes" : "no");
		table_text(table, view_text(interface, "mode"));
		table_style(table, attached ? STYLE_PLAIN : STYLE_BAD);
	}
	table_print(&table);
}

static bool any_has_source(const json_t *lists)
{
	size_t i;
	json_t *list;

	json_array_foreach (lists, i, list) {
		if (view_text(list, "source"))
			return true;
	}
	return false;
}

/* How old a list is that is kept current; with emphasis when it is older than two refreshes. */
static void print_update(struct table *table, const struct screen *screen, const json_t *list)
{
	const char *updated = view_text(list, "updated");
	time_t patience = 2 * (time_t)view_number(list, "refresh");
	char age[SCREEN_AGE_MAX];

	if (!view_text(list, "source")) {
		table_text(table, NULL);
		return;
	}
	screen_age(screen, updated, age);
	table_text(table, age);
	if (!screen_is_recent(screen, updated, patience))
		table_style(table, STYLE_WARNING);
}

static void print_lists(const struct screen *screen, const json_t *lists)
{
	static const struct table_column columns[] = {{.name = "LIST", .may_cut = true},
						      {.name = "ACTION"},
						      {.name = "RANGES", .right = true},
						      {.name = "HITS", .right = true},
						      {.name = "UPDATED", .right = true}};
	const bool sources = any_has_source(lists);
	struct table *table = table_new(screen, columns, sources ? 5 : 4);
	size_t i;
	json_t *list;

	if (json_array_size(lists))
		fputs("\n", screen->out);
	json_array_foreach (lists, i, list) {
		table_text(table, view_text(list, "name"));
		table_text(table, view_text(list, "action"));
		table_number(table, view_number(list, "ranges"));
		table_number(table, view_number(list, "hits"));
		if (sources)
			print_update(table, screen, list);
	}
	table_print(&table);
}

/* How many sources were dropped within the last minute, and which was the last. */
static void print_last_minute(const struct screen *screen, const json_t *drops)
{
	const json_t *latest = json_array_get(drops, 0);
	SCOPED_FREE char *address = screen_escape(view_text(latest, "address"));
	SCOPED_FREE char *reason = screen_escape(view_text(latest, "reason"));
	const char *verdict = view_text(latest, "verdict");
	bool observed = verdict && strcmp(verdict, "observe") == 0;
	char age[SCREEN_AGE_MAX];
	size_t count = 0;
	size_t i;
	json_t *drop;

	if (!address)
		return;
	json_array_foreach (drops, i, drop)
		count += screen_is_recent(screen, view_text(drop, "last"), LAST_MINUTE);
	screen_age(screen, view_text(latest, "last"), age);
	fprintf(screen->out, "\nLast minute: %zu source%s %s. Latest: %s (%s), %s\n", count,
		count == 1 ? "" : "s", observed ? "observed" : "dropped", address,
		reason ? reason : "?", age);
}

void view_status(const struct screen *screen, const struct view *view)
{
	print_headline(screen, view->body);
	print_generation(screen, view->body);
	print_trial(screen, view->body);
	print_temporary(screen, json_object_get(view->body, "temporary"));
	print_agent(screen, view->body);
	print_interfaces(screen, json_object_get(view->body, "interfaces"));
	print_lists(screen, json_object_get(view->body, "lists"));
	if (json_array_size(json_object_get(view->body, "packets"))) {
		fputs("\n", screen->out);
		view_packets(screen, view);
	}
	print_last_minute(screen, json_object_get(view->body, "drops"));
	view_gate(screen, view);
}
