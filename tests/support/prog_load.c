// SPDX-License-Identifier: GPL-2.0-only
#include "prog_load.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fence.skel.h"
#include "fence/generation.h"

#define SEED 0x9e3779b97f4a7c15ULL

int prog_load(bool frags, struct prog *prog)
{
	struct prog loaded = {.generation_fd = -1};
	int error;

	libbpf_set_print(NULL);
	loaded.skeleton = fence_bpf__open();
	if (!loaded.skeleton)
		return -errno;
	loaded.skeleton->rodata->interface_slot = PROG_SLOT;
	if (frags)
		bpf_program__set_flags(loaded.skeleton->progs.mxfence, BPF_F_XDP_HAS_FRAGS);
	error = fence_bpf__load(loaded.skeleton);
	if (error) {
		fence_bpf__destroy(loaded.skeleton);
		return error;
	}
	loaded.program_fd = bpf_program__fd(loaded.skeleton->progs.mxfence);
	*prog = loaded;
	return 0;
}

static void generation_forget(struct prog *prog)
{
	if (prog->generation)
		munmap(prog->generation, prog->generation_size);
	if (prog->generation_fd >= 0)
		close(prog->generation_fd);
	prog->generation = NULL;
	prog->generation_fd = -1;
}

void prog_unload(struct prog *prog)
{
	generation_forget(prog);
	fence_bpf__destroy(prog->skeleton);
	prog->skeleton = NULL;
}

int prog_group_setup(struct prog *prog)
{
	int error = prog_load(true, prog);

	if (error)
		fprintf(stderr, "loading the program: %s\n", strerror(-error));
	return error == -EPERM ? 0 : error;
}

int prog_group_teardown(struct prog *prog)
{
	if (prog->skeleton)
		prog_unload(prog);
	return 0;
}

static int generation_map(struct prog *prog, uint32_t elements)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE | BPF_F_INNER_MAP);
	void *memory;

	generation_forget(prog);
	prog->generation_fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "generation", sizeof(uint32_t),
					     MXF_ELEMENT_SIZE, elements, &options);
	if (prog->generation_fd < 0)
		return -errno;
	prog->generation_size = (size_t)elements * MXF_ELEMENT_SIZE;
	memory = mmap(NULL, prog->generation_size, PROT_READ | PROT_WRITE, MAP_SHARED,
		      prog->generation_fd, 0);
	if (memory == MAP_FAILED)
		return -errno;
	prog->generation = memory;
	return 0;
}

int prog_publish(struct prog *prog, const struct config *config)
{
	const int cpus = libbpf_num_possible_cpus();
	const struct generation_facts facts = {
		.number = 1, .seed = SEED, .cpus = cpus > 0 ? (uint32_t)cpus : 1};
	const uint32_t current = MXF_GENERATION_CURRENT;
	struct generation_plan *plan = NULL;
	int error = generation_plan_create(config, &plan);

	if (error)
		return error;
	error = generation_map(prog, generation_plan_elements(plan, facts.cpus));
	if (!error) {
		generation_write(plan, &facts, prog->generation);
		error = bpf_map_update_elem(bpf_map__fd(prog->skeleton->maps.generations), &current,
					    &prog->generation_fd, BPF_ANY);
	}
	generation_plan_free(&plan);
	return error;
}

static void counters_add(struct mxf_counters *sum, const struct mxf_counters *of_cpu)
{
	for (int family = 0; family < MXF_FAMILY_COUNT; family++)
		for (int verdict = 0; verdict < MXF_VERDICT_COUNT; verdict++)
			for (int reason = 0; reason < MXF_REASON_COUNT; reason++) {
				const struct mxf_count *from =
					&of_cpu->counts[family][verdict][reason];
				struct mxf_count *to = &sum->counts[family][verdict][reason];

				to->packets += from->packets;
				to->bytes += from->bytes;
			}
	sum->recorded += of_cpu->recorded;
	sum->events_lost += of_cpu->events_lost;
}

int prog_read_counts(const struct prog *prog, struct prog_counts *counts)
{
	const int cpus = libbpf_num_possible_cpus(),
		  fd = bpf_map__fd(prog->skeleton->maps.counters);
	const uint32_t slot = PROG_SLOT;
	struct mxf_counters *of_cpus;
	int error;

	if (cpus < 1)
		return cpus;
	of_cpus = calloc((size_t)cpus, sizeof(*of_cpus));
	if (!of_cpus)
		return -ENOMEM;
	*counts = (struct prog_counts){0};
	error = bpf_map_lookup_elem(fd, &slot, of_cpus);
	for (int i = 0; !error && i < cpus; i++)
		counters_add(&counts->sum, &of_cpus[i]);
	free(of_cpus);
	return error;
}

int prog_run(const struct prog *prog, struct prog_run *run)
{
	struct xdp_md context = {.data_end = run->linear};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = run->frame, .data_size_in = run->size,
		    .data_out = run->answer, .data_size_out = run->answer ? run->answer_size : 0,
		    .repeat = 1);
	int error;

	if (run->linear) {
		options.ctx_in = &context;
		options.ctx_size_in = sizeof(context);
	}
	error = bpf_prog_test_run_opts(prog->program_fd, &options);
	if (error)
		return -errno;
	run->action = options.retval;
	run->answer_size = options.data_size_out;
	return 0;
}

int prog_attach(const struct prog *prog, int ifindex, bool generic)
{
	LIBBPF_OPTS(bpf_link_create_opts, options,
		    .flags = generic ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE);
	int fd = bpf_link_create(prog->program_fd, ifindex, BPF_XDP, &options);

	return fd < 0 ? -errno : fd;
}
