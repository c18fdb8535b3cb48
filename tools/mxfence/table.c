// SPDX-License-Identifier: GPL-2.0-only
#include "table.h"

#include <inttypes.h>
#include <libsmartcols.h>
#include <stdlib.h>

struct table {
	const struct screen *screen;
	struct libscols_table *lines;
	struct libscols_line *line;
	size_t columns;
	size_t next; /* cell of `line` */
	bool failed;
};

/* Beside output that is cut nowhere, as pipes and files get it. */
#define WIDTH_UNLIMITED 4096

static void table_set_up(struct table *table, const struct screen *screen)
{
	scols_table_set_stream(table->lines, screen->out);
	scols_table_enable_noencoding(table->lines, 1);
	scols_table_enable_raw(table->lines, screen->raw);
	scols_table_enable_colors(table->lines, screen->colour);
	scols_table_set_termforce(table->lines, SCOLS_TERMFORCE_ALWAYS);
	scols_table_set_termwidth(table->lines, screen->width ? screen->width : WIDTH_UNLIMITED);
	scols_table_set_column_separator(table->lines, screen->raw ? " " : "  ");
}

struct table *table_new(const struct screen *screen, const struct table_column *columns,
			size_t count)
{
	struct table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->screen = screen;
	table->columns = count;
	table->next = count;
	table->lines = scols_new_table();
	if (!table->lines) {
		table->failed = true;
		return table;
	}
	table_set_up(table, screen);
	for (size_t i = 0; i < count; i++) {
		int flags = (columns[i].right ? SCOLS_FL_RIGHT : 0) |
			    (columns[i].may_cut ? SCOLS_FL_TRUNC : 0);

		if (!scols_table_new_column(table->lines, columns[i].name, 0, flags))
			table->failed = true;
	}
	return table;
}

void table_text(struct table *table, const char *text)
{
	char *escaped = screen_escape(text ? text : "-");

	if (!table || table->failed) {
		free(escaped);
		return;
	}
	if (table->next == table->columns) {
		table->line = scols_table_new_line(table->lines, NULL);
		table->next = 0;
	}
	if (!escaped || !table->line ||
	    scols_line_refer_data(table->line, table->next, escaped) < 0) {
		free(escaped);
		table->failed = true;
	}
	table->next++;
}

void table_number(struct table *table, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, number);
	table_text(table, text);
}

void table_rate(struct table *table, double per_second)
{
	char text[32];

	snprintf(text, sizeof(text), per_second < 10 && per_second > 0 ? "%.1f" : "%.0f",
		 per_second);
	table_text(table, text);
}

void table_style(struct table *table, enum screen_style style)
{
	if (table && table->line && table->screen->colour && style != STYLE_PLAIN)
		scols_line_set_color(table->line, screen_style_sgr(table->screen, style));
}

void table_print(struct table **table)
{
	struct table *printed = *table;

	*table = NULL;
	if (!printed || printed->failed)
		fputs("(not enough memory for this table)\n", stderr);
	else if (scols_table_get_nlines(printed->lines) > 0)
		scols_print_table(printed->lines);
	if (printed) {
		scols_unref_table(printed->lines);
		free(printed);
	}
}
