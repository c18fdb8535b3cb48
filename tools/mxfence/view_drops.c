// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "table.h"
#include "views.h"

/* One source and port with one reason: what a row of the table is about. */
static const char *drop_key(const json_t *drop, char key[128])
{
	const char *address = view_text(drop, "address");
	const char *reason = view_text(drop, "reason");

	snprintf(key, 128, "%s %llu %s", address ? address : "",
		 (unsigned long long)view_number(drop, "port"), reason ? reason : "");
	return key;
}

static json_t *counts_by_key(const json_t *body)
{
	json_t *counts = json_object();
	char key[128];
	size_t i;
	json_t *drop;

	json_array_foreach (json_object_get(body, "drops"), i, drop)
		json_object_set(counts, drop_key(drop, key), json_object_get(drop, "count"));
	return counts;
}

/* When first: left out where a rate or a name, which tell more, need the room. */
static struct table *new_table(const struct screen *screen, const struct view *view)
{
	static const struct table_column columns[] = {
		{.name = "LAST", .right = true},
		{.name = "ADDRESS"},
		{.name = "PORT", .right = true},
		{.name = "VERDICT"},
		{.name = "REASON"},
		{.name = "COUNT", .right = true},
	};
	static const struct table_column first = {.name = "FIRST", .right = true};
	static const struct table_column name = {.name = "NAME", .may_cut = true};
	static const struct table_column rate = {.name = "PER-SECOND", .right = true};
	static const struct table_column history = {.name = "HISTORY"};
	size_t count = sizeof(columns) / sizeof(columns[0]);
	struct table_column all[sizeof(columns) / sizeof(columns[0]) + 4];

	memcpy(all, columns, sizeof(columns));
	if (view->before)
		all[count++] = rate;
	else if (!view->command->given[OPTION_NAMES])
		all[count++] = first;
	if (view->before && view->history)
		all[count++] = history;
	if (view->command->given[OPTION_NAMES])
		all[count++] = name;
	return table_new(screen, all, count);
}

static void add_drop(struct table *table, const struct screen *screen, const json_t *drop)
{
	char age[SCREEN_AGE_MAX];
	uint64_t port = view_number(drop, "port");

	screen_age(screen, view_text(drop, "last"), age);
	table_text(table, age);
	table_text(table, view_text(drop, "address"));
	if (port)
		table_number(table, port);
	else
		table_text(table, NULL);
	table_text(table, view_text(drop, "verdict"));
	table_text(table, view_text(drop, "reason"));
	table_number(table, view_number(drop, "count"));
}

static void add_row(struct table *table, const struct screen *screen, const struct view *view,
		    const struct view_row *row)
{
	bool names = view->command->given[OPTION_NAMES];
	char age[SCREEN_AGE_MAX];

	add_drop(table, screen, row->record);
	view_row_rate(table, screen, view, row);
	if (!view->before && !names) {
		screen_age(screen, view_text(row->record, "first"), age);
		table_text(table, age);
	}
	if (names)
		table_text(table, view_text(row->record, "name"));
}

static struct view_rows rows_of(const struct view *view)
{
	json_t *before = counts_by_key(view->before);
	struct view_rows rows = {.count = 0};
	char key[128];
	size_t i;
	json_t *drop;

	json_array_foreach (json_object_get(view->body, "drops"), i, drop) {
		const json_t *count = json_object_get(before, drop_key(drop, key));

		view_rows_add(&rows, view, drop, key,
			      view_rate(view, view_number(drop, "count"),
					(uint64_t)json_integer_value(count)));
	}
	json_decref(before);
	return rows;
}

static void view_suppressed(const struct screen *screen, uint64_t suppressed)
{
	fprintf(screen->out, "\n%llu more drops came too fast to be listed by source.\n",
		(unsigned long long)suppressed);
}

#define WIDE 100 /* columns that hold both history and names */

void view_drops(const struct screen *screen, const struct view *given)
{
	bool narrow = given->command->given[OPTION_NAMES] && screen->width < WIDE;
	const struct view without_history = {.command = given->command,
					     .body = given->body,
					     .before = given->before,
					     .seconds = given->seconds};
	const struct view *view = narrow ? &without_history : given;
	struct table *table = new_table(screen, view);
	struct view_rows rows = rows_of(view);
	uint64_t suppressed = screen->raw ? 0 : view_number(view->body, "suppressed");
	size_t below = suppressed ? 2 : 0;

	view_rows_sort(&rows, screen->height > below ? screen->height - below : 0);
	for (size_t i = 0; i < rows.shown; i++)
		add_row(table, screen, view, &rows.items[i]);
	table_print(&table);
	if (rows.count == 0 && !screen->raw)
		fputs("Nothing dropped yet.\n", screen->out);
	view_rows_end(&rows, screen);
	if (suppressed)
		view_suppressed(screen, suppressed);
}
