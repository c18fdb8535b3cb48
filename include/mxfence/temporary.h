/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Temporary entries: bans, and trust that ends by itself.
 *
 * They stand beside the generations, so no reload touches them, and carry the moment they end, so
 * nothing has to run for it: the XDP program reads the clock when it has found one. They are found
 * by their prefix, one probe for each length that is in use.
 */
#ifndef MXFENCE_TEMPORARY_H
#define MXFENCE_TEMPORARY_H

#include <linux/types.h>

/* X(IDENTIFIER, "name", "what it does"); the order is the order of judgement. */
#define MXF_TEMPORARY_ACTIONS(X)                                                                   \
	X(BAN, "ban", "drops what it holds, whatever the ranges say")                              \
	X(TRUST, "trust", "passes what it holds, unless a ban holds it too")

#define MXF_TEMPORARY_ENUM(id, name, text) MXF_TEMPORARY_##id,
enum mxf_temporary_action { MXF_TEMPORARY_ACTIONS(MXF_TEMPORARY_ENUM) MXF_TEMPORARY_ACTION_COUNT };

/* X(IDENTIFIER, "name", "why the entry was made") */
#define MXF_CAUSES(X)                                                                              \
	X(MANUAL, "manual", "`mxfence ban add` or `mxfence trust add --for`")                      \
	X(AUTH_FAILURES, "auth-failures", "logins that failed")                                    \
	X(RELAY_ATTEMPTS, "relay-attempts", "recipients refused because relaying is")              \
	X(UNKNOWN_RECIPIENTS, "unknown-recipients", "recipients that do not exist")                \
	X(PROTOCOL_ERRORS, "protocol-errors", "commands that are none")                            \
	X(PREGREET, "pregreet", "talking before the greeting")

#define MXF_CAUSE_ENUM(id, name, text) MXF_CAUSE_##id,
enum mxf_cause { MXF_CAUSES(MXF_CAUSE_ENUM) MXF_CAUSE_COUNT };

/* What a ban makes of a source; trust makes it MXF_ANSWER_TRUSTED. */
#define MXF_FOUND_BANNED 8

#define MXF_TEMPORARY_MAX 131072u
#define MXF_TEMPORARY_NOTE_MAX 103 /* bytes, without the NUL */

/*
 * The address's 128 bits, most significant first, without those behind `length`; an IPv4 address is
 * the first 32 of them.
 */
struct mxf_temporary_key {
	__u64 high;
	__u64 low;
	__u8 action; /* enum mxf_temporary_action */
	__u8 family; /* enum mxf_family */
	__u8 length; /* of the prefix, in bits */
	__u8 reserved[5];
};

struct mxf_temporary {
	__u64 expires; /* CLOCK_BOOTTIME nanoseconds: from then on it holds nothing */
	__u64 added;   /* CLOCK_REALTIME nanoseconds */
	__u32 id;      /* of its hits; below MXF_TEMPORARY_MAX, no two entries have the same */
	__u8 cause;    /* enum mxf_cause */
	__u8 reserved[3];
	char note[MXF_TEMPORARY_NOTE_MAX + 1];
};

struct mxf_temporary_hits {
	__u64 packets; /* added to atomically */
	__u64 last;    /* CLOCK_MONOTONIC nanoseconds; 0 = never */
};

/*
 * Which lengths are in use: a bit for each, bit n of the longest length less n, so that the lowest
 * bit is the most specific one. A bit may stand for no entry; no entry is without its bit.
 */
#define MXF_TEMPORARY_WORDS 3
#define MXF_TEMPORARY_SETS (MXF_TEMPORARY_ACTION_COUNT * 2)
#define MXF_TEMPORARY_SET(action, is_ipv6) ((action)*2 + !!(is_ipv6))
#define MXF_TEMPORARY_LONGEST(set) ((set)&1 ? 128u : 32u)

struct mxf_temporary_lengths {
	__u64 used; /* 0: there is no entry at all */
	__u64 words[MXF_TEMPORARY_SETS][MXF_TEMPORARY_WORDS];
};

/* Cuts the key's address to its length. */
static inline void mxf_temporary_mask(struct mxf_temporary_key *key)
{
	const __u64 all = ~0ull;

	if (key->length <= 64) {
		key->high &= key->length ? all << (64 - key->length) : 0;
		key->low = 0;
	} else if (key->length < 128) {
		key->low &= all << (128 - key->length);
	}
}

_Static_assert(sizeof(struct mxf_temporary_key) == 24, "temporary key");
_Static_assert(sizeof(struct mxf_temporary) == 128, "temporary");
_Static_assert(sizeof(struct mxf_temporary_hits) == 16, "temporary hits");

#endif
