/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fence in the kernel: loading, attaching, adopting, publishing, and the pins that make it
 * outlive the agent. Everything that calls bpf(2) is here.
 *
 * Functions return 0 or -errno; what an administrator must read is in the struct trouble, one
 * line that says what failed, why, and what to do.
 */
#ifndef FENCE_KERNEL_H
#define FENCE_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "core/trouble.h"
#include "fence/generation.h"
#include "mxfence/maps.h"

struct fence;

/* -EPERM when this process lacks a capability that loading or attaching the program takes. */
int fence_check_permission(struct trouble *trouble);

/*
 * Opens what is pinned in `pin_dir` without changing anything; what a command line without an agent
 * reads. -ENOENT: nothing is pinned. -EPROTO: pins of another schema. -EPERM: not permitted.
 */
int fence_open_pinned(const char *pin_dir, struct fence **fence, struct trouble *trouble);

/*
 * Opens the pins, or creates maps and pins them. `replace` removes pins of another schema first
 * (and detaches what they hold) instead of refusing them.
 */
int fence_open(const char *pin_dir, bool replace, struct fence **fence, struct trouble *trouble);

/* Closes descriptors; what is pinned and attached stays. */
void fence_close(struct fence **fence);

/*
 * Builds the configuration's generation and makes it the current one, with one map update; hits of
 * ranges that stay are carried over. `*number` is the new generation's number. With a `deadline`
 * (CLOCK_BOOTTIME nanoseconds) it is on trial: from then on the kernel goes by the generation that
 * was in force before the trial. One that is on trial already is replaced, what to go back to
 * stays. Without a deadline (0) a trial ends with this.
 */
int fence_publish(struct fence *fence, const struct config *config, uint64_t deadline,
		  uint64_t *number, struct trouble *trouble);

struct fence_trial {
	uint64_t deadline;    /* CLOCK_BOOTTIME nanoseconds; 0: there is no trial */
	bool ended;	      /* it has passed: the kernel goes by the generation before */
	uint64_t generation;  /* the one on trial */
	uint64_t previous;    /* the one to go back to */
	uint64_t unconfirmed; /* config_hash of what was tried before and taken back; 0: nothing */
};
int fence_trial_read(struct fence *fence, struct fence_trial *trial, struct trouble *trouble);

/* The generation on trial stays. -ETIME: its time is over. -ENOENT: there is no trial. */
int fence_trial_confirm(struct fence *fence, struct trouble *trouble);

/* The generation before the trial is the current one again, at once. -ENOENT: there is no trial. */
int fence_trial_end(struct fence *fence, struct trouble *trouble);

/*
 * After fence_publish(), when what should follow failed: makes the generation before it the current
 * one again (none, if there was none). fence_publish_settle() lets go of that one for good.
 */
int fence_publish_undo(struct fence *fence, struct trouble *trouble);
void fence_publish_settle(struct fence *fence);

/* True when this process made the pins: nothing was adopted. */
bool fence_is_new(const struct fence *fence);

/*
 * Makes the attached interfaces those of `filter`: attaches new ones, updates the program of those
 * that are attached already (without a gap), detaches those that are not listed any more. All that
 * can be checked is checked before anything is changed. Call after fence_publish(). An interface
 * that was attached before and does not exist now is no error: fence_repair() attaches it when it
 * comes back.
 */
int fence_attach(struct fence *fence, const struct filter_config *filter, struct trouble *trouble);

/* Checks that fence_attach() could attach: the interfaces exist, are Ethernet, are free. */
int fence_check_attach(struct fence *fence, const struct filter_config *filter,
		       struct trouble *trouble);

/*
 * Attaches those interfaces of `filter` that exist and that the program is not on: what vanished
 * has come back. Returns how many, or -errno for the first that could not be attached.
 */
int fence_repair(struct fence *fence, const struct filter_config *filter, struct trouble *trouble);

/*
 * Does what takes more than the two capabilities that are kept, so that fence_publish() and
 * fence_attach() need no more than these; changes nothing that is in force. Loads the program
 * (CAP_PERFMON) for every interface that has a slot or is listed in `filter`, and for `spares`
 * besides. Opens the current generation (CAP_SYS_ADMIN); without that its hits are not carried
 * over.
 */
int fence_prepare(struct fence *fence, const struct filter_config *filter, unsigned int spares,
		  struct trouble *trouble);

/* Detaches every interface. `remove_pins` also removes maps and counters from the pin directory. */
int fence_detach(struct fence *fence, bool remove_pins, struct trouble *trouble);

/*
 * The generation that the kernel goes by: the current one, or the one before a trial that has
 * ended. Mapped read-only until the next call or fence_close().
 */
int fence_generation(struct fence *fence, const struct mxf_generation **generation,
		     struct trouble *trouble);

/* One interface slot with its counters summed over the CPUs. */
struct fence_interface {
	unsigned int slot;
	char name[16];
	uint32_t ifindex;
	enum mxf_attach attach;
	bool frags;
	bool removed;  /* not configured any more, only its counters are kept */
	bool attached; /* the kernel says that our program is on an interface now */
	char now[16];  /* what that is called, when not `name` any more; else "" */
	struct mxf_counters counters;
};

/* Fills at most MXF_INTERFACES_MAX; returns how many, or -errno. */
int fence_read_interfaces(struct fence *fence,
			  struct fence_interface interfaces[MXF_INTERFACES_MAX]);

/* The interface whose slot this is, or ever was; "" when it is free. */
void fence_interface_name(const struct fence *fence, unsigned int slot, char name[16]);

/*
 * Takes note of what an interface is called. True when the fence is on it and it was called
 * otherwise `before`; told once a change.
 */
bool fence_note_name(struct fence *fence, uint32_t ifindex, const char *name, char before[16]);

/*
 * All sources in the drops table, unsorted, newly allocated (free()). Returns how many or -errno.
 */
int fence_read_drops(struct fence *fence, struct mxf_drop **drops);

/* The same of the sources that passed because they are trusted, the last that were seen. */
int fence_read_passes(struct fence *fence, struct mxf_drop **passes);

/* Descriptor that becomes readable with events, and the call that hands them over. */
typedef void fence_event_fn(void *context, const struct mxf_event *event);
int fence_events_open(struct fence *fence, fence_event_fn *fn, void *context);
int fence_events_fd(const struct fence *fence);
int fence_events_consume(struct fence *fence);

#endif
