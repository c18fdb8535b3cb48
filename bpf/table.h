/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Looking a source up in a generation (include/mxfence/generation.h). The same code in the kernel,
 * where every element is a map lookup away, and on the host, where they lie in a row.
 */
#ifndef BPF_TABLE_H
#define BPF_TABLE_H

#include "mxfence/generation.h"

/* Entries are 8 or 16 bytes and aligned to their size, so none crosses an element. */
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

/* Does any range touch this block of addresses? */
static __always_inline int front_has(const __u32 *front, __u32 block)
{
	return front[(block >> 5) & (MXF_FRONT_WORDS - 1)] >> (block & 31) & 1;
}

static __always_inline __u32 front_block4(__u32 address)
{
	return address >> (32 - MXF_FRONT_BITS);
}

/*
 * Multiply-shift hashing (Dietzfelbinger et al., "A Reliable Randomized Algorithm for the
 * Closest-Pair Problem", 1997): with a secret odd multiplier nobody can aim at the set bits.
 */
static __always_inline __u32 front_block6(__u32 top, __u64 seed)
{
	return (__u32)((top * seed) >> (64 - MXF_FRONT_BITS));
}

/* The answer for a 32-bit key, among the intervals of its chunk. */
static __always_inline __u32 table_search(struct mxf_memory memory, const struct mxf_table *table,
					  __u32 key)
{
	const struct mxf_chunk *chunk;
	const struct mxf_entry *entry;
	__u32 offset, low = 0, count;
	const char *element;

	chunk = memory_at(memory, entry_offset(table->index, key >> 16, sizeof(*chunk)),
			  sizeof(*chunk));
	if (!chunk)
		return 0;
	count = chunk->count;
	if (count == 0)
		return chunk->first;
	offset = entry_offset(table->entries, chunk->first, sizeof(*entry));
	element = memory_element(memory, offset);
	if (!element)
		return 0;
	for (int step = 0; step < 16; step++) {
		__u32 half = count >> 1;
		__s64 distance;

		if (half == 0)
			break;
		entry = (const void *)(element +
				       MXF_WITHIN(entry_offset(offset, low + half, sizeof(*entry)),
						  sizeof(*entry)));
		/* Without a branch, which the sources of a flood would make unpredictable. */
		distance = (__s64)key - entry->first;
		low += half & ~(__u32)(distance >> 63);
		count -= half;
	}
	entry = (const void *)(element + MXF_WITHIN(entry_offset(offset, low, sizeof(*entry)),
						    sizeof(*entry)));
	return entry->answer;
}

/* The answer inside a /32 of IPv6 that holds longer ranges. */
static __always_inline __u32 table_search_deep(struct mxf_memory memory,
					       const struct mxf_table *table, __u32 id,
					       __u64 middle, __u32 low)
{
	const struct mxf_deep_entry *entry;
	const struct mxf_chunk *chunk;
	__u32 first, count, answer = 0;

	chunk = memory_at(memory, entry_offset(table->deep_directory, id, sizeof(*chunk)),
			  sizeof(*chunk));
	if (!chunk)
		return 0;
	first = chunk->first;
	count = chunk->count;
	for (int step = 0; step < MXF_DEEP_STEPS + 1; step++) {
		__u32 half = count >> 1;

		entry = memory_at(memory,
				  entry_offset(table->deep_entries, first + half, sizeof(*entry)),
				  sizeof(*entry));
		if (!entry)
			return 0;
		if (entry->middle < middle || (entry->middle == middle && entry->low <= low)) {
			answer = entry->answer;
			first += half;
			count -= half;
		} else {
			count = half;
		}
		if (half == 0)
			break;
	}
	return answer;
}

static __always_inline __u32 table_look_up4(struct mxf_memory memory,
					    const struct mxf_generation *generation, __u32 address)
{
	if (!front_has(generation->front4, front_block4(address)))
		return 0;
	return table_search(memory, &generation->ipv4, address);
}

/* `words`: the address, most significant word first. */
static __always_inline __u32 table_look_up6(struct mxf_memory memory,
					    const struct mxf_generation *generation,
					    const __u32 words[4])
{
	__u32 answer;

	if (!front_has(generation->front6, front_block6(words[0], generation->seed)))
		return 0;
	answer = table_search(memory, &generation->ipv6, words[0]);
	if (MXF_ANSWER_KIND(answer) != MXF_ANSWER_DEEP)
		return answer;
	return table_search_deep(memory, &generation->ipv6, MXF_ANSWER_ID(answer),
				 (__u64)words[1] << 32 | words[2], words[3]);
}

static __always_inline enum mxf_port_class
generation_port_class(const struct mxf_generation *generation, __u16 port)
{
	return generation->ports[port >> 2] >> ((port & 3) * 2) & 3;
}

#endif
