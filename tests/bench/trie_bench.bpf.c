// SPDX-License-Identifier: GPL-2.0-only
/* The fence with BPF_MAP_TYPE_LPM_TRIE for its tables. */
#include "tests/bench/trie.h"

#include "bpf/judge.h"

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
