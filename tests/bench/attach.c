// SPDX-License-Identifier: GPL-2.0-only
/*
 * Puts a program on a network interface, its tables filled with a random set: XDP in native mode,
 * or clsact ingress. It stays there as long as the interface.
 *
 *     attach OBJECT PROGRAM DEVICE FAMILY COUNT
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>

#include "mxfence/generation.h"
#include "tests/bench/support.h"

static int attach_tc(int program, int ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = program);
	int error = bpf_tc_hook_create(&hook);

	return error ? error : bpf_tc_attach(&hook, &options);
}

int main(int argc, char **argv)
{
	struct bpf_object *object;
	struct bench_set set;
	int program, ifindex;

	if (argc != 6) {
		fprintf(stderr, "usage: attach OBJECT PROGRAM DEVICE FAMILY COUNT\n");
		return 2;
	}
	ifindex = (int)if_nametoindex(argv[3]);
	if (!ifindex)
		bench_fail(argv[3]);
	bench_set_fill(&set, bench_family(argv[4]), bench_number(argv[5], MXF_RANGES_MAX));
	object = bench_object_load(argv[1]);
	program = bench_program(object, argv[2]);
	bench_object_publish(object, &set);
	if (bpf_program__type(bpf_object__find_program_by_name(object, argv[2])) ==
	    BPF_PROG_TYPE_SCHED_CLS)
		errno = -attach_tc(program, ifindex);
	else
		errno = -bpf_xdp_attach(ifindex, program, XDP_FLAGS_DRV_MODE, NULL);
	if (errno)
		bench_fail(argv[1]);
	bench_set_clear(&set);
	bpf_object__close(object);
	return 0;
}
