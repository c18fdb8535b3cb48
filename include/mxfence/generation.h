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
 * Lookup, for both families, over 32-bit keys (an IPv4 address; the top of an IPv6 address):
 *
 *   front    one bit for each block of keys that any range touches: a flood of strangers ends here,
 *            in one cache line. IPv4: the top 20 bits of the key. IPv6: of a seeded hash of it.
 *   sieve    the same for 24 bits; there, and asked instead, when many ranges blunt the front.
 *   index    one slot for each value of the key's top 16 bits, as in DXR (Zec, Rizzo, Mikuc, "DXR:
 *            Towards a Billion Routing Lookups Per Second in Software", CCR 42(5), 2012).
 *   node     where a slot would hold more intervals than a leaf takes: 2^bits slots for the next
 *            bits, which may be nodes again.
 *   leaf     a slot's disjoint intervals, half a cache line. One bit for each tells whether any
 *            range holds it; the slot that says which is elsewhere, so that what a flood touches
 *            stays small. Most-specific-wins is already resolved.
 *   deep     IPv6 only: the same for the next 32 bits of the address, inside a block that holds
 *            longer ranges.
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

/*
 * A slot: the answer for all its keys, or where to go on. Bits 31..29 say which, the rest names it.
 */
#define MXF_SLOT_KIND(slot) ((slot) >> 29)
#define MXF_SLOT_VALUE(slot) ((slot)&0x1fffffffu)
#define MXF_SLOT(kind, value) (((__u32)(kind) << 29) | (value))

/* A node's slot, by the next `bits` bits of the key. */
#define MXF_NODE_BITS(slot) ((slot)&15)
#define MXF_NODE_MASK(slot) ((1u << MXF_NODE_BITS(slot)) - 1)
#define MXF_NODE_OFFSET(slot) (MXF_SLOT_VALUE(slot) >> 4 << 6)

enum mxf_slot_kind {
	MXF_ANSWER_NONE,    /* no range holds the source; the whole slot is 0 */
	MXF_ANSWER_TRUSTED, /* value: the range that decides */
	MXF_ANSWER_DENIED,  /* value: the range that decides */
	MXF_SLOT_DEEP,	    /* value: offset of a struct mxf_deep, in units of 4 bytes */
	MXF_SLOT_LEAF,	    /* value: offset of a struct mxf_leaf, in units of 32 bytes */
	MXF_SLOT_NODE, /* value: offset of a node in units of 64 bytes, then 4 bits for its bits */
};

/* An answer is a slot of the first three kinds. */
#define MXF_ANSWER_KIND(answer) MXF_SLOT_KIND(answer)
#define MXF_ANSWER_ID(answer) MXF_SLOT_VALUE(answer)

#define MXF_INDEX_SLOTS 65536u
#define MXF_NODE_BITS_MAX 8u
#define MXF_NODE_LEVELS 6 /* a node that is needed has at least 2 bits, and 4 keys need none */

#define MXF_LEAF_ENDS 12u
#define MXF_LEAF_INTERVALS (MXF_LEAF_ENDS + 1)

/*
 * The interval that holds a key is as many from the first as there are ends below the key: counted
 * without a branch, since a flood's sources would make every one a wrong guess.
 */
struct mxf_leaf {
	__u32 slots;   /* number of the first interval's slot in the table's slots */
	__u16 present; /* bit n: the slot of interval n is not 0 */
	__u16 reserved;
	__u16 ends[MXF_LEAF_ENDS]; /* low 16 bits of each interval's last key; 0xffff from the last
				      on */
};

/* Sorted intervals of 32 bits: this head, then __u32 keys[count], __u32 slots[count]; keys[0] is 0.
 */
struct mxf_deep {
	__u32 count;
	__u32 keys[];
};

#define MXF_DEEP_STEPS 22 /* binary search over at most 4 Mi intervals */
#define MXF_DEEP_LEVELS 3 /* of 32 bits each, behind the top ones */

/*
 * Hits of a range, counted by one CPU: CPU n counts in stripe n % hit_stripes, alone and so without
 * an atomic addition unless MXF_FLAG_SHARED_HITS says that there are fewer stripes than CPUs. They
 * are small because each hit of a large table costs a page of the TLB; what goes beyond 32 bits is
 * added to the range's struct mxf_carry.
 */
struct mxf_hits {
	__u32 packets;
	__u32 last; /* CLOCK_MONOTONIC nanoseconds >> MXF_HITS_LAST_SHIFT, plus 1; 0 = never */
};

#define MXF_HITS_LAST_SHIFT 30 /* steps of 1.07 seconds, for 136 years */

/* Hits from an earlier generation and overflows of stripes; added to atomically. */
struct mxf_carry {
	__u64 packets;
	__u32 last; /* as in struct mxf_hits */
	__u32 reserved;
};

#define MXF_RANGES_MAX (1u << 21) /* trusted and denied ranges of both families together */

#define MXF_FRONT_BITS 20
#define MXF_FRONT_WORDS ((1u << MXF_FRONT_BITS) / 32)
#define MXF_SIEVE_BITS 24
#define MXF_SIEVE_WORDS ((1u << MXF_SIEVE_BITS) / 32)

/* Offsets of one family's tables; all 0 when the family has no range. */
struct mxf_table {
	__u32 index; /* MXF_INDEX_SLOTS of __u32 slots */
	__u32 slots; /* of the leaves' intervals */
	__u32 sieve; /* MXF_SIEVE_WORDS of __u32; 0: there is none */
	__u32 reserved;
};

enum mxf_port_class { MXF_PORT_UNGUARDED, MXF_PORT_CLOSED, MXF_PORT_OPEN };

#define MXF_FLAG_OBSERVE (1u << 0) /* mode: observe */
#define MXF_FLAG_RESET (1u << 1)   /* answer: reset */
#define MXF_FLAG_STRICT (1u << 2)  /* strict: true */
#define MXF_FLAG_SHARED_HITS (1u << 3)
#define MXF_FLAG_DESTINATIONS (1u << 4) /* only what the tables of destinations hold is guarded */

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
	__u32 action; /* MXF_ANSWER_TRUSTED or MXF_ANSWER_DENIED */
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
	/*
	 * CLOCK_BOOTTIME nanoseconds, 0 for none: from then on the program goes by the generation
	 * at MXF_GENERATION_PREVIOUS instead. Only this field and the next change after
	 * publication; that one is for agents alone: config_hash of what was tried after this
	 * generation and taken back, or 0.
	 */
	__u64 trial_deadline;
	__u64 unconfirmed;
	__u32 flags;
	__u32 guarded_ports; /* how many; 0 guards nothing */
	__u32 hits;	     /* offset of struct mxf_hits [hit_stripes][range_count] */
	__u32 hit_stripes;   /* a power of two */
	__u32 carry;	     /* offset of struct mxf_carry [range_count] */
	struct mxf_table ipv4;
	struct mxf_table ipv6;
	struct mxf_table destinations4; /* any answer but none: guarded */
	struct mxf_table destinations6;
	struct mxf_directory directory;
	__u32 reserved;
	__u8 ports[65536 / 4]; /* two bits a port: enum mxf_port_class */
	__u32 front4[MXF_FRONT_WORDS];
	__u32 front6[MXF_FRONT_WORDS];
};

_Static_assert(sizeof(struct mxf_leaf) == 32, "leaf");
_Static_assert(sizeof(struct mxf_hits) == 8, "hits");
_Static_assert(sizeof(struct mxf_carry) == 16, "carry");
_Static_assert(sizeof(struct mxf_range) == 40, "range");
_Static_assert(sizeof(struct mxf_list) == 24, "list");
_Static_assert(sizeof(struct mxf_generation) <= MXF_ELEMENT_SIZE, "the header is one element");

#endif
