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

static struct table *new_table(const struct screen *screen, bool rates)
{
	static const struct table_column columns[] = {
		{.name = "LAST", .right = true},
		{.name = "ADDRESS"},
		{.name = "PORT", .right = true},
		{.name = "VERDICT"},
		{.name = "REASON"},
		{.name = "COUNT", .right = true},
		{.name = "FIRST", .right = true},
		{.name = "PER-SECOND", .right = true},
	};
	size_t count = sizeof(columns) / sizeof(columns[0]);

	return table_new(screen, columns, rates ? count : count - 1);
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
	screen_age(screen, view_text(drop, "first"), age);
	table_text(table, age);
}

void view_drops(const struct screen *screen, const struct view *view)
{
	const json_t *drops = json_object_get(view->body, "drops");
	struct table *table = new_table(screen, view->before != NULL);
	json_t *before = counts_by_key(view->before);
	uint64_t suppressed = view_number(view->body, "suppressed");
	char key[128];
	size_t i;
	json_t *drop;

	json_array_foreach (drops, i, drop) {
		const json_t *count = json_object_get(before, drop_key(drop, key));

		add_drop(table, screen, drop);
		if (view->before)
			table_rate(table, view_rate(view, view_number(drop, "count"),
						    (uint64_t)json_integer_value(count)));
	}
	table_print(&table);
	json_decref(before);
	if (screen->raw)
		return;
	if (json_array_size(drops) == 0)
		fputs("Nothing dropped yet.\n", screen->out);
	if (suppressed)
		fprintf(screen->out, "\n%llu more drops came too fast to be listed by source.\n",
			(unsigned long long)suppressed);
}
