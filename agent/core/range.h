/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ranges as people write them. Pure.
 *
 * Accepted, with any blanks around: ADDRESS, ADDRESS/LENGTH, ADDRESS/MASK, ADDRESS MASK,
 * "IP=ADDRESS, MASK=MASK" (Exchange's dialogs), ADDRESS-ADDRESS; IPv4 and IPv6 alike. IPv6 text is
 * that of RFC 4291 section 2.2. Refused: masks with holes, numbers with leading zeros, zone ids,
 * IPv4-mapped IPv6, an end before the beginning.
 */
#ifndef CORE_RANGE_H
#define CORE_RANGE_H

#include "core/ip.h"

/* The longest text range_format() writes, with its NUL. */
#define RANGE_TEXT_MAX 96

enum range_error {
	RANGE_OK,
	RANGE_HOST_BITS,   /* accepted: bits beyond the prefix were set and have been cleared */
	RANGE_NOT_ADDRESS, /* the rest are refusals */
	RANGE_NOT_IPV4,	   /* looks like an IPv4 address but is none */
	RANGE_NOT_IPV6,	   /* looks like an IPv6 address but is none */
	RANGE_LEADING_ZERO,
	RANGE_ZONE,
	RANGE_MAPPED,
	RANGE_LENGTH,	/* prefix length not a number or too large */
	RANGE_MASK,	/* the mask is not contiguous or not of the address's family */
	RANGE_FAMILIES, /* the two ends are of different families */
	RANGE_REVERSED,
	RANGE_TRAILING, /* something follows the range */
	RANGE_EMPTY,
	RANGE_HALF, /* "IP=ADDRESS" or "MASK=MASK" alone */
};

/*
 * Reads the range in text[0..size). Sets first, last and family of *range, nothing else. Returns
 * RANGE_OK, RANGE_HOST_BITS, or why it was refused; *range is untouched when refused.
 */
enum range_error range_parse(const char *text, size_t size, struct range *range);

/* As range_parse(), but the text must be one address. */
enum range_error ip_parse(const char *text, size_t size, struct ip *ip, uint8_t *family);

/* What was wrong, to follow the quoted text ("is not an IPv4 address"), and what to do. */
const char *range_error_text(enum range_error error);
const char *range_error_hint(enum range_error error);

/* True when the range is one prefix; *length is then its length (32 or 128 for one address). */
bool range_is_prefix(const struct range *range, unsigned int *length);

/*
 * Writes the canonical text: an address, a prefix, or first-last; IPv6 as in RFC 5952. Returns its
 * length. `text` has RANGE_TEXT_MAX bytes.
 */
size_t range_format(const struct range *range, char *text);
size_t ip_format(struct ip ip, uint8_t family, char *text);

#endif
