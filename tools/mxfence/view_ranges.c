// SPDX-License-Identifier: GPL-2.0-only
#include "table.h"
#include "views.h"

/* What a column shows of a range. */
enum cell { CELL_TEXT, CELL_NUMBER, CELL_AGE, CELL_UNTIL };

struct column {
	struct table_column table;
	const char *key;
	enum cell cell;
	bool optional; /* left out when no range has it */
};

#define COLUMNS_MAX 8

static const struct column trust_columns[] = {
	{{.name = "RANGE"}, "range", CELL_TEXT, false},
	{{.name = "LIST", .may_cut = true}, "list", CELL_TEXT, false},
	{{.name = "HITS", .right = true}, "hits", CELL_NUMBER, false},
	{{.name = "LAST-HIT", .right = true}, "last_hit", CELL_AGE, false},
	{{.name = "EXPIRES", .right = true}, "expires", CELL_UNTIL, true},
	{{.name = "ORIGIN", .may_cut = true}, "origin", CELL_TEXT, false},
	{{.name = "NOTE", .may_cut = true}, "note", CELL_TEXT, true},
};

static const struct column ban_columns[] = {
	{{.name = "RANGE"}, "range", CELL_TEXT, false},
	{{.name = "CAUSE"}, "cause", CELL_TEXT, false},
	{{.name = "HITS", .right = true}, "hits", CELL_NUMBER, false},
	{{.name = "LAST-HIT", .right = true}, "last_hit", CELL_AGE, false},
	{{.name = "EXPIRES", .right = true}, "expires", CELL_UNTIL, false},
	{{.name = "NOTE", .may_cut = true}, "note", CELL_TEXT, true},
};

static bool any_has(const json_t *ranges, const char *key)
{
	size_t i;
	json_t *range;

	json_array_foreach (ranges, i, range) {
		if (view_text(range, key))
			return true;
	}
	return false;
}

static void print_cell(struct table *table, const struct screen *screen,
		       const struct column *column, const json_t *range)
{
	const char *value = view_text(range, column->key);
	char text[SCREEN_AGE_MAX];

	switch (column->cell) {
	case CELL_TEXT:
		table_text(table, value);
		return;
	case CELL_NUMBER:
		table_number(table, view_number(range, column->key));
		return;
	case CELL_AGE:
		screen_age(screen, value, text);
		break;
	case CELL_UNTIL:
		screen_until(screen, value, text);
		break;
	}
	table_text(table, column->cell == CELL_UNTIL && !value ? NULL : text);
}

static void print_ranges(const struct screen *screen, const json_t *ranges,
			 const struct column *columns, size_t count)
{
	const struct column *shown[COLUMNS_MAX];
	struct table_column heads[COLUMNS_MAX];
	struct table *table;
	size_t used = 0, i;
	json_t *range;

	for (i = 0; i < count; i++) {
		if (columns[i].optional && !any_has(ranges, columns[i].key))
			continue;
		heads[used] = columns[i].table;
		shown[used++] = &columns[i];
	}
	table = table_new(screen, heads, used);
	json_array_foreach (ranges, i, range)
		for (size_t column = 0; column < used; column++)
			print_cell(table, screen, shown[column], range);
	table_print(&table);
}

void view_ranges(const struct screen *screen, const struct view *view)
{
	const json_t *ranges = json_object_get(view->body, "ranges");

	print_ranges(screen, ranges, trust_columns,
		     sizeof(trust_columns) / sizeof(trust_columns[0]));
	if (json_array_size(ranges) == 0 && !screen->raw)
		fputs("No trusted range.\n", screen->out);
}

void view_bans(const struct screen *screen, const struct view *view)
{
	const json_t *ranges = json_object_get(view->body, "ranges");

	print_ranges(screen, ranges, ban_columns, sizeof(ban_columns) / sizeof(ban_columns[0]));
	if (json_array_size(ranges) == 0 && !screen->raw)
		fputs("No ban.\n", screen->out);
}
