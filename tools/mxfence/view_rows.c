// SPDX-License-Identifier: GPL-2.0-only
/* Rows with rates, as `stats` and `drops` show them again and again. */
#include <stdlib.h>
#include <string.h>

#include "views.h"

#define WIDE 100 /* columns; on less the history is shorter */

void view_rows_add(struct view_rows *rows, const struct view *view, json_t *record, const char *key,
		   double rate)
{
	if ((rows->count & (rows->count - 1)) == 0) {
		size_t room = rows->count ? rows->count * 2 : 1;
		struct view_row *items = reallocarray(rows->items, room, sizeof(*items));

		rows->failed |= !items;
		if (!items)
			return;
		rows->items = items;
	}
	if (view->before)
		history_note(view->history, key, rate);
	rows->items[rows->count] = (struct view_row){
		.record = record, .key = strdup(key), .rate = rate, .order = rows->count};
	rows->count++;
}

static int compare(const void *left, const void *right)
{
	const struct view_row *a = left, *b = right;

	if (a->rate < b->rate || a->rate > b->rate)
		return a->rate > b->rate ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

void view_rows_sort(struct view_rows *rows, size_t room)
{
	if (rows->count)
		qsort(rows->items, rows->count, sizeof(*rows->items), compare);
	rows->shown = rows->count;
	if (room && rows->count + 1 > room)
		rows->shown = room > 3 ? room - 2 : 1;
}

void view_row_rate(struct table *table, const struct screen *screen, const struct view *view,
		   const struct view_row *row)
{
	char text[HISTORY_TEXT_MAX];

	if (!view->before)
		return;
	table_rate(table, row->rate);
	if (!view->history)
		return;
	history_draw(view->history, row->key ? row->key : "",
		     screen->width < WIDE ? HISTORY_TICKS / 2 : HISTORY_TICKS, screen->utf8, text);
	table_text(table, text);
}

size_t view_rows_end(struct view_rows *rows, const struct screen *screen)
{
	size_t lines = rows->shown, more = rows->count - rows->shown;

	if (rows->failed)
		fputs("(not enough memory for this table)\n", stderr);
	if (more)
		fprintf(screen->out, "%zu more\n", more);
	for (size_t i = 0; i < rows->count; i++)
		free(rows->items[i].key);
	free(rows->items);
	*rows = (struct view_rows){.count = 0};
	return lines + (more > 0);
}
