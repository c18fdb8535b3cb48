/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text that somebody else wrote, made fit for a terminal or a log, and guesses at what was meant.
 * Pure.
 */
#ifndef CORE_TEXT_H
#define CORE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Bytes of the character that text[0..size) begins with, when it can be printed as it is: ASCII
 * without controls, or well-formed UTF-8 but for controls, line separators and characters that are
 * invisible or turn the writing direction. 0 when the first byte must be escaped, or size is 0.
 */
size_t text_printable(const char *text, size_t size);

/*
 * Writes text with what text_printable() refuses as \xNN; when that does not fit it is cut and
 * ends in "...". Always NUL-terminated; returns the length written. out_size is at least 8.
 */
size_t text_escape(const char *text, size_t size, char *out, size_t out_size);

/* A piece of somebody's text as a message may quote it. Returns `quote`. */
#define TEXT_QUOTE_SIZE 80
const char *text_quote(const char *text, size_t size, char quote[TEXT_QUOTE_SIZE]);

/*
 * "Did you mean": start with {.word, .size}, offer every candidate; `best` is then the nearest
 * that is near enough to be a slip of the finger or that the word abbreviates, or NULL. Candidates
 * are not copied.
 */
struct text_guess {
	const char *word;
	size_t size;
	const char *best;
	size_t distance;
};
void text_guess_offer(struct text_guess *guess, const char *candidate);

#endif
