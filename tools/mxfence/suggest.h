/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whom to trust: dropped sources for which something speaks, in the smallest sensible ranges. Pure.
 */
#ifndef MXFENCE_SUGGEST_H
#define MXFENCE_SUGGEST_H

#include <stdbool.h>
#include <stddef.h>

#include "core/ip.h"

/* X(IDENTIFIER, "name", "what speaks for the source") */
#define SUGGEST_EVIDENCE(X)                                                                        \
	X(PASSED, "passed", "it passed before, because it was trusted then")                       \
	X(MAIL, "mail", "a message of it was accepted")                                            \
	X(NAME, "name", "it has a mail host's name, and that name has its address")

#define SUGGEST_EVIDENCE_ENUM(id, name, text) SUGGEST_##id,
enum suggest_evidence { SUGGEST_EVIDENCE(SUGGEST_EVIDENCE_ENUM) SUGGEST_EVIDENCE_COUNT };
#define SUGGEST_BIT(id) (1u << SUGGEST_##id)

extern const char *const suggest_evidence_names[SUGGEST_EVIDENCE_COUNT];

struct suggest_source {
	struct ip ip;
	uint8_t family;
	unsigned int evidence; /* SUGGEST_BIT()s; 0: nothing speaks for it */
	uint64_t count;
	const char *last; /* RFC 3339 in UTC, or NULL */
	const char *name; /* confirmed, or NULL */
};

/* A prefix and those of the sources that it holds, all with evidence. */
struct suggestion {
	struct range range;
	const struct suggest_source *sources;
	size_t source_count;
	unsigned int evidence;
	uint64_t count;
	const char *last;
};

/* Not wider than this, whoever is in it. */
#define SUGGEST_LENGTH_IPV4 24u
#define SUGGEST_LENGTH_IPV6 64u

/*
 * Sorts the sources by address, makes one of those with the same address (*count goes down), and
 * groups those with evidence: each is in one suggestion, of which there are as few as can be. Some
 * share the smallest prefix that holds them when it is not wider than allowed, no source without
 * evidence is in it, and, IPv4, at least half of its addresses are such sources. (A /64 of IPv6 is
 * one link, RFC 4291 section 2.5.4, so there nothing is counted.) Those for whom more than a name
 * speaks come first, then those that were dropped most.
 *
 * `*suggestions` is new (free()) and points into `sources`. Returns how many, or -ENOMEM.
 */
int suggest_group(struct suggest_source *sources, size_t *count, struct suggestion **suggestions);

/*
 * True when a host's name says that it sends mail: one of the words that digits, hyphens and
 * underscores make of its first label is a usual one ("mail", "smtp-out-3", "mx07").
 */
bool suggest_is_mail_name(const char *name);

#endif
