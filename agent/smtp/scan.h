/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The search that lines and message data have in common: the next octet that is CR, LF or NUL,
 * sixteen at a time. Pure.
 */
#ifndef SMTP_SCAN_H
#define SMTP_SCAN_H

#include <stdint.h>
#include <string.h>

typedef uint8_t scan_vector __attribute__((vector_size(16)));
typedef uint64_t scan_words __attribute__((vector_size(16)));

static inline int scan_is_special(char c)
{
	return c == '\r' || c == '\n' || c == '\0';
}

/* The first of them in at[0..], or `end`. */
static inline const char *scan_special(const char *at, const char *end)
{
	while (end - at >= 16) {
		scan_vector octets, found;
		scan_words words;

		memcpy(&octets, at, sizeof(octets));
		found = (scan_vector)((octets == '\r') | (octets == '\n') | (octets == 0));
		words = (scan_words)found;
		if (words[0] | words[1]) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
			return words[0] ? at + __builtin_ctzll(words[0]) / 8
					: at + 8 + __builtin_ctzll(words[1]) / 8;
#else
			break;
#endif
		}
		at += 16;
	}
	while (at < end && !scan_is_special(*at))
		at++;
	return at;
}

#endif
