/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The answers of service/report.h as people read them.
 */
#ifndef MXFENCE_VIEWS_H
#define MXFENCE_VIEWS_H

#include "output.h"
#include "table.h"

view_fn view_status;
view_fn view_done; /* what a verb that changed something says */
view_fn view_diff;
view_fn view_ranges;
view_fn view_bans;
view_fn view_suggest;
view_fn view_explain;
view_fn view_stats;
view_fn view_packets; /* the part of view_stats() by reason */
view_fn view_drops;
view_fn view_event;
view_fn view_sessions;
view_fn view_gate; /* the part of view_status() about it; nothing without a gate */
view_fn view_smtp; /* the part of view_explain() about mail */
view_fn view_doctor;
view_fn view_version;
view_fn view_diagnostics; /* the messages that an answer brings */

/* Members of an object that may be missing or of another type. */
const char *view_text(const json_t *object, const char *key); /* NULL then */
uint64_t view_number(const json_t *object, const char *key);  /* 0 then, and for less */

/*
 * How often a second a counter counted since the answer before; 0 when there is none, or when the
 * counter began again.
 */
double view_rate(const struct view *view, uint64_t now, uint64_t before);

/*
 * The rows of a table that is watched: each with the rate of its counter. view_rows_sort() puts the
 * highest rates first where there are any, and keeps the order else; of more rows than fit into
 * `room` lines (0: no limit), with a header and a line that says so, only those that fit are shown.
 */
struct view_row {
	json_t *record;
	char *key;
	double rate;
	size_t order;
};
struct view_rows {
	struct view_row *items;
	size_t count, shown;
	bool failed; /* for want of memory */
};
void view_rows_add(struct view_rows *rows, const struct view *view, json_t *record, const char *key,
		   double rate);
void view_rows_sort(struct view_rows *rows, size_t room);
/* The cells of rate and history, where there are any. */
void view_row_rate(struct table *table, const struct screen *screen, const struct view *view,
		   const struct view_row *row);
/* "12 more"; frees. Returns the lines below the header. */
size_t view_rows_end(struct view_rows *rows, const struct screen *screen);

/* "label", a colon, and the escaped text; nothing for NULL. */
void view_line(const struct screen *screen, enum screen_style style, const char *label,
	       const char *text);

#endif
