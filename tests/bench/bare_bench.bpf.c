// SPDX-License-Identifier: GPL-2.0-only
/* The fence with the lookup compiled out: what a packet costs before a table is asked. */
#include <linux/bpf.h>

#include "bpf/judge.h"

static __always_inline __u32 look_up_nothing(void)
{
	return 0;
}

#define flow_look_up(memory, generation, flow) look_up_nothing()

#include "bpf/fence.h"
#include "tests/bench/sources.h"

BENCH_ENTRIES(fence_frame)
