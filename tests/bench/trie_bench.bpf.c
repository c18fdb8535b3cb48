// SPDX-License-Identifier: GPL-2.0-only
/* The fence with BPF_MAP_TYPE_LPM_TRIE for its tables; values are answers. */
#include <linux/bpf.h>

#include "bpf/judge.h"

struct key4 {
	__u32 length;
	__u32 address;
};

struct key6 {
	__u32 length;
	__u32 address[4];
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, MXF_RANGES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct key4);
	__type(value, __u32);
} trie4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, MXF_RANGES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct key6);
	__type(value, __u32);
} trie6 SEC(".maps");

static __always_inline __u32 look_up_trie(const struct mxf_flow *flow)
{
	struct key4 key4 = {32, bpf_htonl(flow->source[3])};
	struct key6 key6 = {.length = 128};
	__u32 *answer;

	if (flow->family == MXF_FAMILY_IPV4) {
		answer = bpf_map_lookup_elem(&trie4, &key4);
	} else {
		for (int i = 0; i < 4; i++)
			key6.address[i] = bpf_htonl(flow->source[i]);
		answer = bpf_map_lookup_elem(&trie6, &key6);
	}
	return answer ? *answer : 0;
}

#define flow_look_up(memory, generation, flow) look_up_trie(flow)

#include "bpf/fence.h"
#include "tests/bench/sources.h"

BENCH_ENTRIES(fence_frame)
