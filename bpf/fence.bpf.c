// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fence: drops TCP connection attempts to guarded ports from sources that the tables refuse,
 * before the network stack spends anything on them. Everything else passes untouched.
 */
#include "bpf/fence.h"

char _license[] SEC("license") = "GPL";

SEC("xdp")
int mxfence(struct xdp_md *ctx)
{
	return fence_frame(ctx);
}
