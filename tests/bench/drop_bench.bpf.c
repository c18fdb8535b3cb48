// SPDX-License-Identifier: GPL-2.0-only
/* The least that a program can do about a flood. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "tests/bench/sources.h"

static __always_inline int drop(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_DROP;
}

BENCH_ENTRIES(drop)
