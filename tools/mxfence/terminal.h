/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A terminal that is written over and over: its second screen, without a cursor, without what is
 * typed, and everything as it was before when it is left.
 */
#ifndef MXFENCE_TERMINAL_H
#define MXFENCE_TERMINAL_H

#include <stdio.h>
#include <termios.h>

#include "screen.h"

struct terminal {
	FILE *out;
	bool entered;
	bool quiet; /* `settings` are to be restored */
	struct termios settings;
};

void terminal_enter(struct terminal *terminal, FILE *out);
void terminal_leave(struct terminal *terminal);

/*
 * Replaces what is on the screen by the text, cut to its width and height, with one write, and
 * without clearing first: what stays the same does not flicker.
 */
void terminal_draw(const struct terminal *terminal, const struct screen *screen, const char *text);

/* Bytes of text[0..size) that fit into `width` columns; escape sequences of colours take none. */
size_t terminal_fit(const char *text, size_t size, size_t width);

#endif
