/* SPDX-License-Identifier: GPL-2.0-only */
/* The latest rates of whatever has a key, and how they look in a line of a table. Pure. */
#ifndef MXFENCE_HISTORY_H
#define MXFENCE_HISTORY_H

#include <stdbool.h>
#include <stddef.h>

#define HISTORY_TICKS 16u

/* Room for the drawing: three bytes a tick in UTF-8. */
#define HISTORY_TEXT_MAX (3 * HISTORY_TICKS + 1)

struct history;

/* NULL without memory, which every function here takes. */
struct history *history_new(void);
void history_free(struct history **history);

/* A tick begins. What was noted in neither this nor the last one is forgotten. */
void history_begin(struct history *history);

/* The rate of this tick; a second one of the same tick replaces it. */
void history_note(struct history *history, const char *key, double rate);

/*
 * Draws the last `ticks` (at most HISTORY_TICKS) of a key, the latest to the right: the lowest
 * character for nothing, the highest for the highest of them. Blank where nothing is known.
 */
void history_draw(const struct history *history, const char *key, size_t ticks, bool utf8,
		  char text[HISTORY_TEXT_MAX]);

#endif
