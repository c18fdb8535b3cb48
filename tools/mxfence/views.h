/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The answers of service/report.h as people read them.
 */
#ifndef MXFENCE_VIEWS_H
#define MXFENCE_VIEWS_H

#include "output.h"

view_fn view_status;
view_fn view_done; /* what a verb that changed something says */
view_fn view_diff;
view_fn view_ranges;
view_fn view_bans;
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

/* "label", a colon, and the escaped text; nothing for NULL. */
void view_line(const struct screen *screen, enum screen_style style, const char *label,
	       const char *text);

#endif
