// SPDX-License-Identifier: GPL-2.0-only
/* Parses and counts, nothing else: what any filter pays that looks at TCP. */
#include "tests/bench/plain_walk.h"
#include "tests/bench/sources.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PLAIN_KINDS);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

static __always_inline int count_frame(struct xdp_md *ctx)
{
	const void *data = (const void *)(long)ctx->data, *end = (const void *)(long)ctx->data_end;
	__u32 kind = plain_walk(data, end);
	__u64 *count = bpf_map_lookup_elem(&counts, &kind);

	if (count)
		++*count;
	return kind >= PLAIN_MAIL4 ? XDP_DROP : XDP_PASS;
}

BENCH_ENTRIES(count_frame)
