/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the kernel_*.c files alone. */
#ifndef FENCE_KERNEL_INTERNAL_H
#define FENCE_KERNEL_INTERNAL_H

#include <bpf/libbpf.h>
#include <limits.h>

#include "fence/device.h"
#include "fence/kernel.h"

/* X(IDENTIFIER, name, type, value size, entries): the pinned maps. The schema comes last: a pin
 * directory that has it is complete. */
#define FENCE_MAPS(X)                                                                              \
	X(GENERATIONS, MXF_MAP_GENERATIONS, BPF_MAP_TYPE_ARRAY_OF_MAPS, sizeof(__u32),             \
	  MXF_GENERATION_COUNT)                                                                    \
	X(COUNTERS, MXF_MAP_COUNTERS, BPF_MAP_TYPE_PERCPU_ARRAY, sizeof(struct mxf_counters),      \
	  MXF_INTERFACES_MAX)                                                                      \
	X(DROPS, MXF_MAP_DROPS, BPF_MAP_TYPE_ARRAY, sizeof(struct mxf_drop_bucket),                \
	  MXF_DROP_BUCKETS)                                                                        \
	X(PASSES, MXF_MAP_PASSES, BPF_MAP_TYPE_ARRAY, sizeof(struct mxf_drop_bucket),              \
	  MXF_DROP_BUCKETS)                                                                        \
	X(EVENTS, MXF_MAP_EVENTS, BPF_MAP_TYPE_RINGBUF, 0, MXF_EVENT_RING_BYTES)                   \
	X(INTERFACES, MXF_MAP_INTERFACES, BPF_MAP_TYPE_ARRAY, sizeof(struct mxf_interface),        \
	  MXF_INTERFACES_MAX)                                                                      \
	X(TEMPORARY, MXF_MAP_TEMPORARY, BPF_MAP_TYPE_HASH, sizeof(struct mxf_temporary),           \
	  MXF_TEMPORARY_MAX)                                                                       \
	X(TEMPORARY_HITS, MXF_MAP_TEMPORARY_HITS, BPF_MAP_TYPE_ARRAY,                              \
	  sizeof(struct mxf_temporary_hits), MXF_TEMPORARY_MAX)                                    \
	X(TEMPORARY_LENGTHS, MXF_MAP_TEMPORARY_LENGTHS, BPF_MAP_TYPE_ARRAY,                        \
	  sizeof(struct mxf_temporary_lengths), 1)                                                 \
	X(SCHEMA, MXF_MAP_SCHEMA, BPF_MAP_TYPE_ARRAY, sizeof(struct mxf_schema), 1)

#define FENCE_MAP_ENUM(id, name, type, size, entries) FENCE_MAP_##id,
enum fence_map { FENCE_MAPS(FENCE_MAP_ENUM) FENCE_MAP_COUNT };

extern const char *const fence_map_names[FENCE_MAP_COUNT];

/* An inner map of `generations`; fd is -1 when there is none. */
struct inner_map {
	int fd;
	uint32_t id;
	void *memory; /* mapped, or NULL */
	size_t size;
};

struct fence {
	char *pin_dir;
	int directory; /* locked against a second agent; -1 when only reading */
	int maps[FENCE_MAP_COUNT];
	int links[MXF_INTERFACES_MAX];
	int programs[MXF_INTERFACES_MAX][2]; /* loaded: plain, with frags; or -1 */
	bool put[MXF_INTERFACES_MAX];	     /* runs the program of this process */
	char names[MXF_INTERFACES_MAX][16];  /* last told to fence_note_name(), or "" */
	bool created;			     /* the pins are this process's */
	struct inner_map current;
	struct inner_map previous; /* until the publication is settled */
	struct inner_map before;   /* at MXF_GENERATION_PREVIOUS: what a trial goes back to */
	uint64_t *given;	   /* hits the generation on trial began with, by range; or NULL */
	struct temporary_index *temporary; /* made when first needed */
	struct ring_buffer *ring;
	fence_event_fn *event_fn;
	void *event_context;
};

/* PIN_DIR/name. */
void fence_pin_path(const struct fence *fence, const char *name, char path[PATH_MAX]);

/*
 * Maps the inner maps of the slots read-only into fence->current and fence->before. -ENOENT:
 * nothing was published. Without a trial fence->before is none.
 */
int fence_load_generations(struct fence *fence, struct trouble *trouble);

/* Puts an inner map into a slot of `generations`, or empties the slot (-1). */
int fence_slot_put(const struct fence *fence, uint32_t slot, int map, struct trouble *trouble);

/*
 * Before a publication: with a deadline, puts what is current where the kernel goes back to, unless
 * a trial is on already. trial_settle(), after it or its undo: empties that place when nothing is
 * on trial.
 */
int trial_before_swap(struct fence *fence, uint64_t deadline, struct trouble *trouble);
void trial_settle(struct fence *fence);

/* The time by which trials end: CLOCK_BOOTTIME nanoseconds. */
uint64_t trial_now(void);
void inner_map_clear(struct inner_map *inner);

int fence_read_slot(const struct fence *fence, unsigned int slot, struct mxf_interface *out);
int fence_write_slot(const struct fence *fence, unsigned int slot,
		     const struct mxf_interface *interface);

/*
 * The interface that the slot's link is on, 0 when it is on none (any more); *program is the id of
 * the program it runs, when not NULL. Opens the pin of a link that is not open yet.
 */
uint32_t fence_link_ifindex(struct fence *fence, unsigned int slot, uint32_t *program);

/* What the interface that the slot's link is on is called now; false when there is none. */
bool fence_link_name(struct fence *fence, unsigned int slot, char name[16]);

/* Takes the slot's program off its interface and removes its pin. */
void fence_link_remove(struct fence *fence, unsigned int slot);

/*
 * Puts the slot's program on the device: into `*link`, or as a new one when that is -1. *frags
 * tells whether it could be the one with multi-buffer support.
 */
int fence_program_attach(struct fence *fence, unsigned int slot, const struct device *device,
			 enum mxf_attach attach, int *link, bool *frags, struct trouble *trouble);

/* Why bpf(2) said no: capabilities, the kernel's age, or its own words. Returns `error`. */
int explain_bpf(int error, const char *what, struct trouble *trouble);

/* Why the program could not be loaded. */
int explain_load(int error, struct trouble *trouble);

/* Why the program could not be attached to the device. */
int explain_attach(int error, const struct device *device, enum mxf_attach attach,
		   struct trouble *trouble);

/*
 * 0 when no XDP program is on the device but `own` (a program id, 0 for none); else -EBUSY and a
 * message that names the program.
 */
int explain_foreign_program(const struct device *device, uint32_t own, struct trouble *trouble);

/* "native" or "generic". */
const char *attach_name(uint32_t attach);

#endif
