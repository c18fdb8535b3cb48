/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * IP addresses as 128-bit numbers, and ranges of them.
 *
 * An IPv4 address is the number itself (hi = 0), not its IPv4-mapped form; the family stands beside
 * it. Pure.
 */
#ifndef CORE_IP_H
#define CORE_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mxfence/reasons.h"

struct ip {
	uint64_t hi;
	uint64_t lo;
};

/* Both ends belong to the range. `file` and `line` say where it is written (struct sources). */
struct range {
	struct ip first;
	struct ip last;
	uint32_t line;
	uint16_t file;
	uint8_t family; /* MXF_FAMILY_IPV4 or MXF_FAMILY_IPV6 */
	uint8_t column; /* from 1, in bytes; 255 = that or more */
};

static inline int ip_compare(struct ip a, struct ip b)
{
	if (a.hi != b.hi)
		return a.hi < b.hi ? -1 : 1;
	return a.lo < b.lo ? -1 : a.lo > b.lo;
}

static inline bool ip_equal(struct ip a, struct ip b)
{
	return a.hi == b.hi && a.lo == b.lo;
}

/* The next address; wraps to zero after the highest. */
static inline struct ip ip_next(struct ip a)
{
	a.lo++;
	a.hi += a.lo == 0;
	return a;
}

/* The previous address; wraps to the highest before zero. */
static inline struct ip ip_previous(struct ip a)
{
	a.hi -= a.lo == 0;
	a.lo--;
	return a;
}

static inline struct ip ip_subtract(struct ip a, struct ip b)
{
	return (struct ip){.hi = a.hi - b.hi - (a.lo < b.lo), .lo = a.lo - b.lo};
}

/* The highest address of a family. */
static inline struct ip ip_highest(uint8_t family)
{
	if (family == MXF_FAMILY_IPV4)
		return (struct ip){.hi = 0, .lo = UINT32_MAX};
	return (struct ip){.hi = UINT64_MAX, .lo = UINT64_MAX};
}

/* 127.0.0.0/8 and ::1. */
static inline bool ip_is_loopback(struct ip ip, uint8_t family)
{
	return ip.hi == 0 && (family == MXF_FAMILY_IPV4 ? ip.lo >> 24 == 127 : ip.lo == 1);
}

/* How many addresses a range has, less one (so that ::/0 fits). */
static inline struct ip range_extent(const struct range *range)
{
	return ip_subtract(range->last, range->first);
}

static inline bool range_holds(const struct range *range, struct ip ip)
{
	return ip_compare(range->first, ip) <= 0 && ip_compare(ip, range->last) <= 0;
}

/* Four words, most significant first, as the maps store addresses (IPv4 in word 3). */
static inline struct ip ip_from_words(const uint32_t words[4])
{
	return (struct ip){.hi = (uint64_t)words[0] << 32 | words[1],
			   .lo = (uint64_t)words[2] << 32 | words[3]};
}

static inline void ip_to_words(struct ip ip, uint32_t words[4])
{
	words[0] = (uint32_t)(ip.hi >> 32);
	words[1] = (uint32_t)ip.hi;
	words[2] = (uint32_t)(ip.lo >> 32);
	words[3] = (uint32_t)ip.lo;
}

#endif
