/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Looking a source up in a generation (include/mxfence/generation.h). The same code in the kernel,
 * where every element is a map lookup away, and on the host, where they lie in a row.
 */
#ifndef BPF_TABLE_H
#define BPF_TABLE_H

#include <stddef.h>

#include "mxfence/generation.h"

/* Entries have a power of two of bytes and are aligned to it, so none crosses an element. */
#define MXF_WITHIN(offset, size) ((offset) & (MXF_ELEMENT_MASK & ~((__u32)(size)-1)))

#ifdef __bpf__
#include <bpf/bpf_helpers.h>

struct mxf_memory {
	void *map; /* the generation's inner map */
};

static __always_inline void *memory_element(struct mxf_memory memory, __u32 offset)
{
	__u32 element = offset >> MXF_ELEMENT_SHIFT;

	return bpf_map_lookup_elem(memory.map, &element);
}
#else
#include <sys/cdefs.h> /* __always_inline */

struct mxf_memory {
	void *base;
	__u32 elements;
};

static inline void *memory_element(struct mxf_memory memory, __u32 offset)
{
	__u32 element = offset >> MXF_ELEMENT_SHIFT;

	if (element >= memory.elements)
		return 0;
	return (char *)memory.base + ((__u64)element << MXF_ELEMENT_SHIFT);
}
#endif

static __always_inline void *memory_at(struct mxf_memory memory, __u32 offset, __u32 size)
{
	char *element = memory_element(memory, offset);

	return element ? element + MXF_WITHIN(offset, size) : 0;
}

static __always_inline __u32 entry_offset(__u32 table, __u32 number, __u32 size)
{
	return table + number * size;
}

/*
 * Multiply-shift hashing (Dietzfelbinger et al., "A Reliable Randomized Algorithm for the
 * Closest-Pair Problem", 1997): with a secret odd multiplier nobody can aim at the set bits.
 */
static __always_inline __u32 front_hash(__u32 top, __u64 seed)
{
	return (__u32)((top * seed) >> 32);
}

static __always_inline int bit_of(__u32 word, __u32 position)
{
	return word >> (position & 31) & 1;
}

/* Does any range touch the block that this key, or its hash, is in? */
static __always_inline int front_has(struct mxf_memory memory, const __u32 *front, __u32 sieve,
				     __u32 key)
{
	__u32 block = key >> (32 - MXF_FRONT_BITS);
	const __u32 *word;

	if (!sieve)
		return bit_of(front[block / 32], block);
	block = key >> (32 - MXF_SIEVE_BITS);
	word = memory_at(memory, entry_offset(sieve, block / 32, sizeof(*word)), sizeof(*word));
	return word && bit_of(*word, block);
}

/* The `number`th 32-bit word of a table. */
static __always_inline __u32 slot_read(struct mxf_memory memory, __u32 table, __u32 number)
{
	const __u32 *slot =
		memory_at(memory, entry_offset(table, number, sizeof(*slot)), sizeof(*slot));

	return slot ? *slot : 0;
}

/* 1 when a < b. Hidden from the compiler, which would make it a branch. */
static __always_inline __u32 count_below(__u32 a, __u32 b)
{
	__u64 difference = (__u64)a - b;

	asm volatile("" : "+r"(difference));
	return (__u32)(difference >> 63);
}

/* The slot of the interval that holds `key`, in the leaf at an offset. */
static __always_inline __u32 leaf_search(struct mxf_memory memory, __u32 slots, __u32 offset,
					 __u16 key)
{
	const struct mxf_leaf *leaf = memory_at(memory, offset, sizeof(*leaf));
	__u32 number = 0;

	if (!leaf)
		return 0;
#pragma GCC unroll 12
	for (__u32 i = 0; i < MXF_LEAF_ENDS; i++)
		number += count_below(leaf->ends[i], key);
	if (!bit_of(leaf->present, number))
		return 0;
	return slot_read(memory, slots, leaf->slots + number);
}

/* The slot for a 32-bit key: an answer, or a deep block. */
static __always_inline __u32 table_search(struct mxf_memory memory, const struct mxf_table *table,
					  __u32 key)
{
	__u32 slot = slot_read(memory, table->index, key >> 16);
	__u32 rest = 16;

	for (int level = 0; level < MXF_NODE_LEVELS; level++) {
		if (MXF_SLOT_KIND(slot) != MXF_SLOT_NODE)
			break;
		rest -= MXF_NODE_BITS(slot);
		slot = slot_read(memory, MXF_NODE_OFFSET(slot),
				 (key & 0xffff) >> (rest & 31) & MXF_NODE_MASK(slot));
	}
	if (MXF_SLOT_KIND(slot) == MXF_SLOT_LEAF)
		return leaf_search(memory, table->slots, MXF_SLOT_VALUE(slot) << 5, (__u16)key);
	return slot;
}

/* The slot of the interval that holds `key`, in the deep block at an offset. */
static __always_inline __u32 deep_search(struct mxf_memory memory, __u32 deep, __u32 key)
{
	__u32 total = slot_read(memory, deep, 0), count = total, low = 0;

	for (int step = 0; step < MXF_DEEP_STEPS; step++) {
		__u32 half = count >> 1;

		if (half == 0)
			break;
		/* A branch would be two states for the verifier in every step. */
		low += half & (count_below(key, slot_read(memory, deep, 1 + low + half)) - 1);
		count -= half;
	}
	return slot_read(memory, deep, 1 + total + low);
}

/* The same for an IPv6 address, most significant word first. */
static __always_inline __u32 table_search6(struct mxf_memory memory, const struct mxf_table *table,
					   const __u32 words[4])
{
	__u32 slot = table_search(memory, table, words[0]);

#pragma GCC unroll 3 /* an index that varies would force the address into memory */
	for (int level = 1; level <= MXF_DEEP_LEVELS; level++) {
		if (MXF_SLOT_KIND(slot) != MXF_SLOT_DEEP)
			break;
		slot = deep_search(memory, MXF_SLOT_VALUE(slot) << 2, words[level]);
	}
	return slot;
}

static __always_inline __u32 source_look_up4(struct mxf_memory memory,
					     const struct mxf_generation *generation, __u32 address)
{
	if (!front_has(memory, generation->front4, generation->ipv4.sieve, address))
		return 0;
	return table_search(memory, &generation->ipv4, address);
}

static __always_inline __u32 source_look_up6(struct mxf_memory memory,
					     const struct mxf_generation *generation,
					     const __u32 words[4])
{
	__u32 hash = front_hash(words[0], generation->seed);

	if (!front_has(memory, generation->front6, generation->ipv6.sieve, hash))
		return 0;
	return table_search6(memory, &generation->ipv6, words);
}

static __always_inline enum mxf_port_class
generation_port_class(const struct mxf_generation *generation, __u16 port)
{
	__u32 byte = port >> 2;

	/* To the verifier of Linux 6.1 a bpf_ntohs() is no longer known to have 16 bits. */
	asm volatile("" : "+r"(byte));
	return generation->ports[byte & (sizeof(generation->ports) - 1)] >> ((port & 3) * 2) & 3;
}

#endif
