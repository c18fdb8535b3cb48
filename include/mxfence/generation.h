/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A generation: everything the XDP program consults, in one map.
 *
 * A generation is one inner map of `generations` (ARRAY_OF_MAPS): an mmapable array whose elements
 * are MXF_ELEMENT_SIZE bytes, as many as the tables need. User space builds it in mapped memory
 * and publishes it with one update of the outer map, so no packet sees parts of two.
 *
 * The elements form one address space. A table is named by its byte offset in it; offset 0 is the
 * header, so 0 also says "there is none". No entry crosses an element.
 *
 * Lookup, for both families, over 32-bit keys (an IPv4 address; the top half of an IPv6 prefix):
 *
 *   front    one bit for each block of keys that any range touches. A flood of strangers ends here,
 *            in one cache line. IPv4: the top 20 bits. IPv6: a seeded hash of the top 32 bits.
 *   index    one struct mxf_chunk for each value of the key's top 16 bits (DXR: Zec, Rizzo, Mikuc,
 *            "DXR: Towards a Billion Routing Lookups Per Second in Software", CCR 42(5), 2012).
 *   entries  the chunk's disjoint intervals, sorted by their first key; the last one that does not
 *            begin after the key holds the answer. Most-specific-wins is already resolved.
 *   deep     IPv6 only: the answer of a /32 block that holds ranges longer than /32 names a chunk of
 *            struct mxf_deep_entry, sorted by the remaining 96 bits.
 *
 * All numbers are in the host's byte order.
 */
#ifndef MXFENCE_GENERATION_H
#define MXFENCE_GENERATION_H

#include <linux/types.h>

#include "mxfence/reasons.h"

#define MXF_ELEMENT_SHIFT 19
#define MXF_ELEMENT_SIZE (1u << MXF_ELEMENT_SHIFT)
#define MXF_ELEMENT_MASK (MXF_ELEMENT_SIZE - 1)
#define MXF_ELEMENTS_MAX 4096 /* 2 GiB */

#define MXF_GENERATION_MAGIC 0x6d786667 /* "mxfg" */

/* An answer: what was found for a source. Bits 31..30 say what, the rest names it. */
#define MXF_ANSWER_KIND(answer) ((answer) >> 30)
#define MXF_ANSWER_ID(answer) ((answer)&0x3fffffffu)
#define MXF_ANSWER(kind, id) (((__u32)(kind) << 30) | (id))

enum mxf_answer_kind {
	MXF_ANSWER_NONE,    /* no range holds the source */
	MXF_ANSWER_TRUSTED, /* id: the range that decides */
	MXF_ANSWER_DENIED,  /* id: the range that decides */
	MXF_ANSWER_DEEP,    /* IPv6, inside the tables only: id of a deep chunk */
};

struct mxf_chunk {
	__u32 first; /* number of the chunk's first entry; or the answer itself when count is 0 */
	__u32 count;
};

struct mxf_entry {
	__u32 first; /* the interval begins at this key and ends before the next entry's */
	__u32 answer;
};

struct mxf_deep_entry {
	__u64 middle; /* bits 32 to 95 of the address, counted from the top */
	__u32 low;    /* bits 96 to 127 */
	__u32 answer;
};

struct mxf_hits {
	__u64 packets; /* added to atomically, by the program and by whoever carries hits over */
	__u64 last;    /* CLOCK_MONOTONIC nanoseconds, coarse; 0 = never */
};

#define MXF_CHUNKS 65536u
#define MXF_CHUNK_ENTRIES_MAX 65536u /* a chunk has 65536 keys; its entries fit one element */
#define MXF_DEEP_STEPS 22	     /* binary search over at most 4 Mi entries */
#define MXF_RANGES_MAX (1u << 21)    /* trusted and denied ranges of both families together */

#define MXF_FRONT_BITS 20
#define MXF_FRONT_WORDS ((1u << MXF_FRONT_BITS) / 32)

/* Offsets of one family's tables; all 0 when the family has no range. */
struct mxf_table {
	__u32 index;	      /* MXF_CHUNKS of struct mxf_chunk */
	__u32 entries;	      /* struct mxf_entry, packed so that no chunk crosses an element */
	__u32 deep_directory; /* struct mxf_chunk for each deep chunk */
	__u32 deep_entries;   /* struct mxf_deep_entry */
};

enum mxf_port_class { MXF_PORT_UNGUARDED, MXF_PORT_CLOSED, MXF_PORT_OPEN };

#define MXF_DESTINATIONS_MAX 64

struct mxf_destination4 {
	__u32 first;
	__u32 last;
};

struct mxf_destination6 {
	__u32 first[4];
	__u32 last[4];
};

#define MXF_FLAG_OBSERVE (1u << 0) /* mode: observe */
#define MXF_FLAG_RESET (1u << 1)   /* answer: reset */
#define MXF_FLAG_STRICT (1u << 2)  /* strict: true */

/* What user space needs to describe a generation without its configuration; offsets and counts. */
struct mxf_directory {
	__u32 ranges;  /* struct mxf_range, IPv4 first, each family sorted by (first, -last) */
	__u32 ranges4; /* how many of them are IPv4 */
	__u32 range_count;
	__u32 lists; /* struct mxf_list */
	__u32 list_count;
	__u32 files; /* __u32: offset in strings of each file's name */
	__u32 file_count;
	__u32 strings; /* NUL-terminated names */
	__u32 strings_size;
};

struct mxf_range {
	__u32 first[4]; /* most significant word first; IPv4 in word 3 */
	__u32 last[4];
	__u32 line; /* where it is written */
	__u16 file;
	__u16 list;
};

struct mxf_list {
	__u32 name; /* offset in strings */
	__u32 file;
	__u32 line;
	__u32 action; /* enum mxf_answer_kind: trusted or denied */
	__u32 range_count;
	__u32 reserved;
};

struct mxf_generation {
	__u32 magic;
	__u32 elements; /* of the map, for readers that know only the header */
	__u64 number;	/* counts up with every publication */
	__u64 created;	/* CLOCK_REALTIME, nanoseconds */
	__u64 config_hash;
	__u64 seed; /* odd and secret: multiplier of the IPv6 front's hash */
	__u32 flags;
	__u32 guarded_ports; /* how many; 0 guards nothing */
	__u32 hits;	     /* offset of struct mxf_hits [hit_stripes][range_count] */
	__u32 hit_stripes;   /* a power of two: CPUs that share a stripe differ by a multiple of it */
	__u32 destination4_count;
	__u32 destination6_count; /* both 0 = every destination is guarded */
	struct mxf_table ipv4;
	struct mxf_table ipv6;
	struct mxf_directory directory;
	__u32 reserved1[3];
	struct mxf_destination4 destinations4[MXF_DESTINATIONS_MAX];
	struct mxf_destination6 destinations6[MXF_DESTINATIONS_MAX];
	__u8 ports[65536 / 4]; /* two bits a port: enum mxf_port_class */
	__u32 front4[MXF_FRONT_WORDS];
	__u32 front6[MXF_FRONT_WORDS];
};

_Static_assert(sizeof(struct mxf_chunk) == 8, "chunk");
_Static_assert(sizeof(struct mxf_entry) == 8, "entry");
_Static_assert(sizeof(struct mxf_deep_entry) == 16, "deep entry");
_Static_assert(sizeof(struct mxf_hits) == 16, "hits");
_Static_assert(sizeof(struct mxf_range) == 40, "range");
_Static_assert(sizeof(struct mxf_list) == 24, "list");
_Static_assert(sizeof(struct mxf_generation) <= MXF_ELEMENT_SIZE, "the header is one element");
_Static_assert(MXF_CHUNKS * sizeof(struct mxf_chunk) == MXF_ELEMENT_SIZE, "an index is one element");

#endif
