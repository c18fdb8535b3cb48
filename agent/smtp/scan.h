/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Octets looked at sixteen at a time, in the compiler's own vectors: SSE2, NEON, or whatever the
 * machine has. Pure.
 */
#ifndef SMTP_SCAN_H
#define SMTP_SCAN_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SCAN_WIDTH 16
typedef uint8_t scan_vector __attribute__((vector_size(SCAN_WIDTH)));
typedef uint64_t scan_words __attribute__((vector_size(SCAN_WIDTH)));

static inline scan_vector scan_load(const char *at)
{
	scan_vector octets;

	memcpy(&octets, at, sizeof(octets));
	return octets;
}

static inline bool scan_any(scan_vector found)
{
	scan_words words = (scan_words)found;

	return (words[0] | words[1]) != 0;
}

/* Which octet of `found` is the first that is not 0; there is one. */
static inline size_t scan_first(scan_vector found)
{
	scan_words words = (scan_words)found;

	if (words[0])
		return (size_t)__builtin_ctzll(htole64(words[0])) / 8;
	return 8 + (size_t)__builtin_ctzll(htole64(words[1])) / 8;
}

/* The first CR, LF or NUL from `at` on, or `end`. */
static inline const char *scan_special(const char *at, const char *end)
{
	for (; end - at >= SCAN_WIDTH; at += SCAN_WIDTH) {
		scan_vector octets = scan_load(at);
		scan_vector found =
			(scan_vector)((octets == '\r') | (octets == '\n') | (octets == '\0'));

		if (scan_any(found))
			return at + scan_first(found);
	}
	while (at < end && *at != '\r' && *at != '\n' && *at != '\0')
		at++;
	return at;
}

#endif
