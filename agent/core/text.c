// SPDX-License-Identifier: GPL-2.0-only
#include "core/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define GUESS_WORD_MAX 64

/* What a candidate begins with, if not shorter than this, was meant as an abbreviation of it. */
#define ABBREVIATION_MIN 3

/* Well-formed UTF-8 (RFC 3629) of two to four bytes; 0 when it is none. */
static size_t utf8_decode(const unsigned char *text, size_t size, uint32_t *point)
{
	static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t length = text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;

	if (text[0] < 0xc2 || text[0] > 0xf4 || size < length)
		return 0;
	*point = text[0] & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		*point = *point << 6 | (text[i] & 0x3f);
	}
	if (*point < lowest[length] || *point > 0x10ffff || (*point >= 0xd800 && *point < 0xe000))
		return 0;
	return length;
}

/* C1 controls, soft hyphen, zero width, direction marks, separators, byte order mark, tags. */
static bool is_invisible(uint32_t point)
{
	static const struct {
		uint32_t first;
		uint32_t last;
	} ranges[] = {
		{0x80, 0x9f},	  {0xad, 0xad},	    {0x61c, 0x61c},
		{0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},
		{0xfeff, 0xfeff}, {0xfff0, 0xfffb}, {0xe0000, 0xe0fff},
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (point >= ranges[i].first && point <= ranges[i].last)
			return true;
	return false;
}

size_t text_printable(const char *text, size_t size)
{
	uint32_t point;
	size_t length;
	unsigned char first;

	if (size == 0)
		return 0;
	first = (unsigned char)text[0];
	if (first < 0x80)
		return first >= 0x20 && first != 0x7f;
	length = utf8_decode((const unsigned char *)text, size, &point);
	return length > 0 && !is_invisible(point) ? length : 0;
}

size_t text_escape(const char *text, size_t size, char *out, size_t out_size)
{
	size_t length = 0;
	size_t fits = 0; /* where "..." still has room */

	while (size > 0) {
		size_t bytes = text_printable(text, size);
		size_t width = bytes ? bytes : 4;

		if (length + width >= out_size)
			return fits + (size_t)snprintf(out + fits, out_size - fits, "...");
		if (bytes)
			memcpy(out + length, text, bytes);
		else
			snprintf(out + length, 5, "\\x%02x", (unsigned char)text[0]);
		length += width;
		if (length + 4 <= out_size)
			fits = length;
		text += bytes ? bytes : 1;
		size -= bytes ? bytes : 1;
	}
	out[length] = '\0';
	return length;
}

const char *text_quote(const char *text, size_t size, char quote[TEXT_QUOTE_SIZE])
{
	text_escape(text, size, quote, TEXT_QUOTE_SIZE);
	return quote;
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Insertions, deletions, replacements and swaps of neighbours that make one word of the other. */
static size_t edit_distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
	size_t rows[3][GUESS_WORD_MAX + 1];

	for (size_t j = 0; j <= b_size; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_size; i++) {
		size_t *row = rows[i % 3];
		const size_t *above = rows[(i + 2) % 3];
		const size_t *second = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= b_size; j++) {
			row[j] = smaller(smaller(above[j], row[j - 1]) + 1,
					 above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = smaller(row[j], second[j - 2] + 1);
		}
	}
	return rows[a_size % 3][b_size];
}

void text_guess_offer(struct text_guess *guess, const char *candidate)
{
	size_t size = strlen(candidate);
	size_t distance;
	bool abbreviates;

	if (guess->size > GUESS_WORD_MAX || size > GUESS_WORD_MAX)
		return;
	distance = edit_distance(guess->word, guess->size, candidate, size);
	abbreviates = guess->size >= ABBREVIATION_MIN &&
		      strncmp(candidate, guess->word, guess->size) == 0;
	if (!abbreviates && distance > (guess->size > size ? guess->size : size) / 3)
		return;
	if (!guess->best || distance < guess->distance) {
		guess->best = candidate;
		guess->distance = distance;
	}
}
