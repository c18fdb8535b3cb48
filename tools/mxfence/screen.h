/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where output goes and how it may look there. Nothing that came from a file, a packet or the agent
 * reaches a terminal but through screen_escape().
 */
#ifndef MXFENCE_SCREEN_H
#define MXFENCE_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

struct screen {
	FILE *out;
	bool colour;
	bool raw;
	bool utf8;
	size_t width;  /* columns; 0 = no limit */
	size_t height; /* lines; 0 = no limit, as everywhere but in a watch on a terminal */
	time_t now;    /* what ages are counted from */
};

/* X(IDENTIFIER, "SGR parameters") */
#define SCREEN_STYLES(X)                                                                           \
	X(PLAIN, "")                                                                               \
	X(BOLD, "1")                                                                               \
	X(FAINT, "2")                                                                              \
	X(GOOD, "32")                                                                              \
	X(WARNING, "33")                                                                           \
	X(BAD, "1;31")

#define SCREEN_STYLE_ENUM(id, sgr) STYLE_##id,
enum screen_style { SCREEN_STYLES(SCREEN_STYLE_ENUM) };

/* Colour and width for a stream: a terminal without NO_COLOR has colour; only a terminal has width.
 */
struct screen screen_for(FILE *out, bool raw);

/* Takes width and height of the terminal that `out` is; both are 0 when it is none. */
void screen_measure(struct screen *screen, FILE *out);

/* text_escape() into a new string; NULL without memory, or when `text` is NULL. */
char *screen_escape(const char *text);

/* printf in a style. Strings from outside must have gone through screen_escape(). */
void screen_print(const struct screen *screen, enum screen_style style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The escape sequence that starts a style; "" when the screen has no colour. */
const char *screen_style_sgr(const struct screen *screen, enum screen_style style);

/* "3 s", "5 min", "2 h", "4 days"; `size` of 24 is enough. */
void screen_duration(time_t seconds, char *text, size_t size);

#define SCREEN_AGE_MAX 32

/*
 * "3 s ago" for an RFC 3339 time in UTC; the time itself on a raw screen; "never" for NULL and what
 * is no time, "now" for less than a second.
 */
void screen_age(const struct screen *screen, const char *rfc3339, char text[SCREEN_AGE_MAX]);

/* An RFC 3339 time in UTC; false, and *out untouched, for NULL and what is none. */
bool screen_read_time(const char *rfc3339, time_t *out);

/* "in 3 s" for a time to come; otherwise as screen_age(). */
void screen_until(const struct screen *screen, const char *rfc3339, char text[SCREEN_AGE_MAX]);

/* True when an RFC 3339 time is at most so many seconds ago. */
bool screen_is_recent(const struct screen *screen, const char *rfc3339, time_t seconds);

#endif
