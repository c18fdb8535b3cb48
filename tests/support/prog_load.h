/* SPDX-License-Identifier: GPL-2.0-only */
/* The XDP program loaded without the agent: nothing is pinned, all ends with the process. */
#ifndef PROG_LOAD_H
#define PROG_LOAD_H

#include <stdbool.h>

#include "config/config.h"
#include "mxfence/generation.h"
#include "mxfence/maps.h"

#define PROG_SLOT 3 /* the interface slot that the program counts in */

struct fence_bpf;

struct prog {
	struct fence_bpf *skeleton;
	int program_fd;
	int generation_fd;
	void *generation; /* mapped: struct mxf_generation */
	size_t generation_size;
};

/* What has been counted: packets by family, verdict and reason, all CPUs together. */
struct prog_counts {
	struct mxf_counters sum;
};

/* 0 or -errno; -EPERM when not permitted. */
int prog_load(bool frags, struct prog *prog);
void prog_unload(struct prog *prog);

/*
 * For the setup and teardown of a group of tests. Where loading is not permitted the tests are to
 * skip: skeleton is NULL then. A program that the kernel refuses fails the group.
 */
int prog_group_setup(struct prog *prog);
int prog_group_teardown(struct prog *prog);

/* Makes the configuration's generation the current one. */
int prog_publish(struct prog *prog, const struct config *config);

int prog_read_counts(const struct prog *prog, struct prog_counts *counts);

/* One packet through BPF_PROG_RUN. */
struct prog_run {
	const void *frame;
	unsigned int size;
	unsigned int linear;	  /* bytes in the linear part; 0 = all */
	void *answer;		  /* the frame afterwards, or NULL */
	unsigned int answer_size; /* in: room; out: its length */
	unsigned int action;	  /* out: XDP_* */
};
int prog_run(const struct prog *prog, struct prog_run *run);

/* A link that ends when the descriptor is closed; returns it or -errno. */
int prog_attach(const struct prog *prog, int ifindex, bool generic);

#endif
