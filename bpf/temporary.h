/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Looking a source up among the temporary entries (include/mxfence/temporary.h).
 */
#ifndef BPF_TEMPORARY_H
#define BPF_TEMPORARY_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "bpf/judge.h"
#include "mxfence/temporary.h"

_Static_assert((MXF_TEMPORARY_SETS & (MXF_TEMPORARY_SETS - 1)) == 0, "sets are a power of two");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MXF_TEMPORARY_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct mxf_temporary_key);
	__type(value, struct mxf_temporary);
} temporary SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MXF_TEMPORARY_MAX);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct mxf_temporary_hits);
} temporary_hits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct mxf_temporary_lengths);
} temporary_lengths SEC(".maps");

static __always_inline struct mxf_temporary_lengths *lengths_in_use(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&temporary_lengths, &zero);
}

static __always_inline void temporary_hit(__u32 id)
{
	struct mxf_temporary_hits *hits = bpf_map_lookup_elem(&temporary_hits, &id);

	if (!hits)
		return;
	__sync_fetch_and_add(&hits->packets, 1);
	hits->last = bpf_ktime_get_coarse_ns();
}

/*
 * The number of the lowest bit that is set, by a de Bruijn sequence (Leiserson, Prokop, Randall,
 * "Using de Bruijn Sequences to Index a 1 in a Computer Word", 1998): BPF counts no zeros.
 */
static const __u8 bit_numbers[64] = {
	0,  1,	48, 2,	57, 49, 28, 3,	61, 58, 50, 42, 38, 29, 17, 4,	62, 55, 59, 36, 53, 51,
	43, 22, 45, 39, 33, 30, 24, 18, 12, 5,	63, 47, 56, 27, 60, 41, 37, 16, 54, 35, 52, 21,
	44, 32, 23, 11, 46, 26, 40, 15, 34, 20, 31, 10, 25, 14, 19, 9,	13, 8,	7,  6,
};

static __always_inline __u32 lowest_bit(__u64 bits)
{
	return bit_numbers[((bits & -bits) * 0x03f79d71b4cb0a89) >> 58];
}

/* Does an unexpired entry have this key? Then it was hit. */
static __always_inline int temporary_holds(const struct mxf_temporary_key *key)
{
	const struct mxf_temporary *entry = bpf_map_lookup_elem(&temporary, key);

	if (!entry || bpf_ktime_get_boot_ns() >= entry->expires)
		return 0;
	temporary_hit(entry->id);
	return 1;
}

/*
 * 1 when an unexpired entry of a set holds the address. A function of its own to the verifier,
 * which so walks its loops once.
 */
__noinline int temporary_search(__u64 high, __u64 low, __u32 set)
{
	const struct mxf_temporary_lengths *lengths = lengths_in_use();
	__u32 longest;

	if (!lengths)
		return 0;
	/* A bound that the verifier of Linux 6.1 keeps, and the compiler does not take back. */
	asm volatile("" : "+r"(set));
	set &= MXF_TEMPORARY_SETS - 1;
	longest = MXF_TEMPORARY_LONGEST(set);
#pragma clang loop unroll(disable)
	for (__u32 word = 0; word < MXF_TEMPORARY_WORDS; word++) {
		__u64 bits = lengths->words[set][word];

#pragma clang loop unroll(disable)
		for (__u32 tried = 0; tried < 64 && bits; tried++) {
			struct mxf_temporary_key key = {
				.high = high,
				.low = low,
				.action = set / 2,
				.family = set & 1 ? MXF_FAMILY_IPV6 : MXF_FAMILY_IPV4,
				.length = longest - word * 64 - lowest_bit(bits),
			};

			bits &= bits - 1;
			mxf_temporary_mask(&key);
			if (temporary_holds(&key))
				return 1;
		}
	}
	return 0;
}

/* MXF_FOUND_BANNED, MXF_ANSWER_TRUSTED, or MXF_ANSWER_NONE. */
static __always_inline __u32 temporary_look_up(const struct mxf_flow *flow)
{
	const struct mxf_temporary_lengths *lengths = lengths_in_use();
	const __u32 is_ipv6 = flow->family == MXF_FAMILY_IPV6;
	__u64 high, low = 0;

	if (!lengths || !lengths->used || flow->family == MXF_FAMILY_OTHER)
		return MXF_ANSWER_NONE;
	if (is_ipv6) {
		high = (__u64)flow->source[0] << 32 | flow->source[1];
		low = (__u64)flow->source[2] << 32 | flow->source[3];
	} else {
		high = (__u64)flow->source[3] << 32;
	}
	if (temporary_search(high, low, MXF_TEMPORARY_SET(MXF_TEMPORARY_BAN, is_ipv6)))
		return MXF_FOUND_BANNED;
	if (temporary_search(high, low, MXF_TEMPORARY_SET(MXF_TEMPORARY_TRUST, is_ipv6)))
		return MXF_ANSWER_TRUSTED;
	return MXF_ANSWER_NONE;
}

#endif
