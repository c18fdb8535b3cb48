/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A table on a screen: as wide as it needs, cut to a terminal's width; columns of numbers to the
 * right; on a raw screen one blank between columns and none inside a cell.
 */
#ifndef MXFENCE_TABLE_H
#define MXFENCE_TABLE_H

#include <stdint.h>

#include "screen.h"

struct table_column {
	const char *name;
	bool right;   /* numbers */
	bool may_cut; /* gives way when the terminal is too narrow */
};

struct table;

/* `columns` is copied. NULL without memory, which every function here takes; a table
 * that lost a cell for want of memory prints a message instead. */
struct table *table_new(const struct screen *screen, const struct table_column *columns,
			size_t count);

/* Cells are filled from left to right; a full line begins the next. Text is escaped here. */
void table_text(struct table *table, const char *text);
void table_number(struct table *table, uint64_t number);
void table_rate(struct table *table, double per_second);

/* The style of the line that the last cell went into. */
void table_style(struct table *table, enum screen_style style);

/* Prints, nothing when it has no line, and frees. */
void table_print(struct table **table);

#endif
