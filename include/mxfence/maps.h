/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The maps that program and agent share: names under the pin directory, keys, values.
 *
 * MXF_SCHEMA changes with every change of a layout in this folder that a program of the other
 * schema would misread. An agent never adopts pins of another schema.
 */
#ifndef MXFENCE_MAPS_H
#define MXFENCE_MAPS_H

#include <linux/bpf.h>
#include <linux/types.h>

#include "mxfence/reasons.h"
#include "mxfence/temporary.h"

#define MXF_SCHEMA 2u
#define MXF_SCHEMA_MAGIC 0x6d78666eu /* "mxfn" */

/* Pinned as PIN_DIR/NAME; the link of interface slot N as PIN_DIR/link_N (bpffs forbids dots). */
#define MXF_MAP_GENERATIONS                                                                        \
	"generations" /* ARRAY_OF_MAPS: MXF_GENERATION_CURRENT, _PREVIOUS -> a generation */
#define MXF_MAP_COUNTERS "counters"	/* PERCPU_ARRAY: interface slot -> struct mxf_counters */
#define MXF_MAP_DROPS "drops"		/* ARRAY: bucket -> struct mxf_drop_bucket */
#define MXF_MAP_PASSES "passes"		/* the same of sources that passed because trusted */
#define MXF_MAP_EVENTS "events"		/* RINGBUF: struct mxf_event */
#define MXF_MAP_INTERFACES "interfaces" /* ARRAY: interface slot -> struct mxf_interface */
#define MXF_MAP_TEMPORARY "temporary"	/* HASH: struct mxf_temporary_key -> struct mxf_temporary */
#define MXF_MAP_TEMPORARY_HITS "temporary_hits" /* ARRAY: id -> struct mxf_temporary_hits */
#define MXF_MAP_TEMPORARY_LENGTHS                                                                  \
	"temporary_lengths"	/* ARRAY: 0 -> struct mxf_temporary_lengths                        \
				 */
#define MXF_MAP_SCHEMA "schema" /* ARRAY: 0 -> struct mxf_schema */
#define MXF_PIN_LINK "link_%u"

#define MXF_GENERATION_CURRENT 0u
#define MXF_GENERATION_PREVIOUS 1u /* while the current one is on trial, or was */
#define MXF_GENERATION_COUNT 2u

#define MXF_INTERFACES_MAX 64u

struct mxf_schema {
	__u32 magic;
	__u32 version;
	__u64 seed; /* of the drops table's hash; the program draws it at the first drop */
};

/* Interface names are the kernel's IFNAMSIZ long. A slot with an empty name is free. */
struct mxf_interface {
	char name[16];
	__u32 ifindex;
	__u32 attach; /* enum mxf_attach */
	__u32 frags;  /* loaded as xdp.frags */
	__u32 state;  /* enum mxf_interface_state */
};

enum mxf_interface_state {
	MXF_INTERFACE_REMOVED,	/* not configured any more; the slot keeps its counters */
	MXF_INTERFACE_ATTACHED, /* the fence was put on it; the kernel knows whether it still is */
	MXF_INTERFACE_UNLOADED, /* configured, but taken off by `mxfence unload` */
};

enum mxf_attach { MXF_ATTACH_NATIVE, MXF_ATTACH_GENERIC };

struct mxf_count {
	__u64 packets;
	__u64 bytes; /* IPv4's total length, or 40 plus IPv6's payload length; else the frame's */
};

/* What may still be recorded in this tick. */
struct mxf_budget {
	__u64 tick; /* jiffies of the last one */
	__u64 left;
};

/*
 * One CPU's counters of one interface. `recorded` drops went to the drops table and the event
 * ring; those over the limit of MXF_RECORDS_PER_TICK are only counted (mxf_counters_suppressed()).
 */
struct mxf_counters {
	struct mxf_count counts[MXF_FAMILY_COUNT][MXF_VERDICT_COUNT][MXF_REASON_COUNT];
	struct mxf_budget drops;
	struct mxf_budget passes;
	__u64 recorded;
	__u64 events_lost; /* the ring was full */
};

/* Drops that were counted and not recorded. */
static inline __u64 mxf_counters_suppressed(const struct mxf_counters *counters)
{
	__u64 drops = 0;

	for (int family = 0; family < MXF_FAMILY_COUNT; family++)
		for (int reason = 0; reason < MXF_REASON_COUNT; reason++)
			drops += counters->counts[family][MXF_VERDICT_DROP][reason].packets +
				 counters->counts[family][MXF_VERDICT_OBSERVE][reason].packets;
	return drops > counters->recorded ? drops - counters->recorded : 0;
}

/* Drops, and passes, a CPU records in one timer tick, at 1000, 250 or 100 ticks a second. */
#define MXF_RECORDS_PER_TICK 4

/*
 * Dropped sources: a set-associative table of bounded size. A source that is in its bucket is
 * counted there. A new one takes a free slot, or else the slot of the source with the fewest
 * drops, with a probability of one in that many: a flood of sources seen once displaces other
 * sources seen once, and hardly ever one that keeps coming. Under a flood only
 * MXF_RECORDS_PER_TICK drops a tick and CPU are recorded, so counts are then lower bounds.
 *
 * Of those that passed because they are trusted, the last that were seen are kept, so that it can
 * be told who would be cut off. There a new source takes the slot that was quiet for longest.
 */
#define MXF_DROP_BUCKETS 1024u
#define MXF_DROP_WAYS 8u

struct mxf_drop {
	__u32 address[4]; /* most significant word first; IPv4 in word 3 */
	__u16 port;	  /* destination port; 0 when it could not be seen */
	__u8 reason;
	__u8 family; /* MXF_FAMILY_OTHER: a free slot */
	__u8 verdict;
	__u8 reserved[3];
	__u64 count;
	__u64 first; /* CLOCK_MONOTONIC nanoseconds */
	__u64 last;
};

struct mxf_drop_bucket {
	struct bpf_spin_lock lock; /* readers use BPF_F_LOCK */
	__u32 reserved;
	struct mxf_drop ways[MXF_DROP_WAYS];
};

struct mxf_event {
	__u64 time; /* CLOCK_MONOTONIC nanoseconds */
	__u32 source[4];
	__u32 destination[4];
	__u32 interface_slot;
	__u32 length; /* as bytes in struct mxf_count */
	__u16 source_port;
	__u16 destination_port;
	__u8 family;
	__u8 verdict;
	__u8 reason;
	__u8 reserved;
};

#define MXF_EVENT_RING_BYTES (256 * 1024)

_Static_assert(sizeof(struct mxf_interface) == 32, "interface");
_Static_assert(sizeof(struct mxf_count) == 16, "count");
_Static_assert(sizeof(struct mxf_drop) == 48, "drop");
_Static_assert(sizeof(struct mxf_event) == 56, "event");

#endif
