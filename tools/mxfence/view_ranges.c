// SPDX-License-Identifier: GPL-2.0-only
#include "table.h"
#include "views.h"

static bool has_notes(const json_t *ranges)
{
	size_t i;
	json_t *range;

	json_array_foreach (ranges, i, range) {
		if (view_text(range, "note"))
			return true;
	}
	return false;
}

void view_ranges(const struct screen *screen, const struct view *view)
{
	static const struct table_column columns[] = {
		{.name = "RANGE"},
		{.name = "LIST", .may_cut = true},
		{.name = "HITS", .right = true},
		{.name = "LAST-HIT", .right = true},
		{.name = "ORIGIN", .may_cut = true},
		{.name = "NOTE", .may_cut = true},
	};
	const json_t *ranges = json_object_get(view->body, "ranges");
	bool notes = has_notes(ranges);
	size_t count = sizeof(columns) / sizeof(columns[0]);
	struct table *table = table_new(screen, columns, notes ? count : count - 1);
	size_t i;
	json_t *range;

	json_array_foreach (ranges, i, range) {
		char age[SCREEN_AGE_MAX];

		table_text(table, view_text(range, "range"));
		table_text(table, view_text(range, "list"));
		table_number(table, view_number(range, "hits"));
		screen_age(screen, view_text(range, "last_hit"), age);
		table_text(table, age);
		table_text(table, view_text(range, "origin"));
		if (notes)
			table_text(table, view_text(range, "note"));
	}
	table_print(&table);
	if (json_array_size(ranges) == 0 && !screen->raw)
		fputs("No trusted range.\n", screen->out);
}
