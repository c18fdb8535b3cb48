// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>

#include "core/scoped.h"
#include "names.h"
#include "views.h"

static const char *first_name(const json_t *suggestion)
{
	return json_string_value(json_array_get(json_object_get(suggestion, "names"), 0));
}

/* "passed,mail" */
static void add_evidence(struct table *table, const json_t *evidence)
{
	char text[64] = "";
	size_t i, used = 0;
	json_t *word;

	json_array_foreach (evidence, i, word) {
		const char *name = json_string_value(word);

		if (name && used < sizeof(text))
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
						 i ? "," : "", name);
	}
	table_text(table, text);
}

/* The first name, and how many there are besides. */
static void add_name(struct table *table, const json_t *suggestion)
{
	size_t count = json_array_size(json_object_get(suggestion, "names"));
	const char *first = first_name(suggestion);
	SCOPED_FREE char *text = NULL;

	if (first && count > 1 && asprintf(&text, "%s +%zu", first, count - 1) < 0)
		text = NULL;
	table_text(table, text ? text : first);
}

static void print_table(const struct screen *screen, const json_t *suggestions)
{
	static const struct table_column columns[] = {
		{.name = "RANGE"},
		{.name = "SOURCES", .right = true},
		{.name = "DROPS", .right = true},
		{.name = "LAST", .right = true},
		{.name = "WHY"},
		{.name = "NAME", .may_cut = true},
	};
	struct table *table = table_new(screen, columns, sizeof(columns) / sizeof(columns[0]));
	size_t i;
	json_t *suggestion;

	json_array_foreach (suggestions, i, suggestion) {
		char age[SCREEN_AGE_MAX];

		screen_age(screen, view_text(suggestion, "last"), age);
		table_text(table, view_text(suggestion, "range"));
		table_number(table, json_array_size(json_object_get(suggestion, "sources")));
		table_number(table, view_number(suggestion, "count"));
		table_text(table, age);
		add_evidence(table, json_object_get(suggestion, "evidence"));
		add_name(table, suggestion);
	}
	table_print(&table);
}

/* For a shell, so nothing but what is a host's name stands there as a name. */
static void print_commands(const struct screen *screen, const json_t *suggestions)
{
	size_t i;
	json_t *suggestion;

	fputs("\n", screen->out);
	json_array_foreach (suggestions, i, suggestion) {
		SCOPED_FREE char *range = screen_escape(view_text(suggestion, "range"));
		const char *name = first_name(suggestion);

		fprintf(screen->out, "mxfence trust add %s", range ? range : "");
		if (name && names_is_host(name))
			fprintf(screen->out, " --note \"%s\"", name);
		fputs("\n", screen->out);
	}
}

static void print_none(const struct screen *screen, uint64_t dropped)
{
	if (dropped)
		fprintf(screen->out,
			"No suggestion: nothing speaks for %s %" PRIu64
			" source%s that no range holds and that knocked.\n",
			dropped == 1 ? "the" : "any of the", dropped, dropped == 1 ? "" : "s");
	else
		fputs("No suggestion: nobody is cut off for want of trust.\n", screen->out);
}

void view_suggest(const struct screen *screen, const struct view *view)
{
	const json_t *suggestions = json_object_get(view->body, "suggestions");
	uint64_t unanswered = view_number(view->body, "unanswered");

	print_table(screen, suggestions);
	if (screen->raw)
		return;
	if (json_array_size(suggestions))
		print_commands(screen, suggestions);
	else
		print_none(screen, view_number(view->body, "dropped"));
	if (unanswered)
		fprintf(screen->out, "\nThe names of %" PRIu64 " source%s did not come in time.\n",
			unanswered, unanswered == 1 ? "" : "s");
}
