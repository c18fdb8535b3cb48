/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fence on one page: glance at the frame or walk it, ask one generation, count, conclude.
 */
#ifndef BPF_FENCE_H
#define BPF_FENCE_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "bpf/judge.h"
#include "bpf/packet.h"
#include "bpf/record.h"
#include "bpf/reset.h"
#include "bpf/table.h"

struct generation_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE | BPF_F_INNER_MAP);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, MXF_ELEMENT_SIZE);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, MXF_SLOT_COUNT);
	__type(key, __u32);
	__array(values, struct generation_map);
} generations SEC(".maps");

static __always_inline int conclude(struct xdp_md *ctx, const struct mxf_generation *generation,
				    struct mxf_flow *flow, __u32 outcome)
{
	struct mxf_counters *of_interface;
	__u32 slot = interface_slot;

	of_interface = bpf_map_lookup_elem(&counters, &slot);
	if (!of_interface)
		return XDP_PASS;
	record_count(of_interface, flow, outcome);
	if (OUTCOME_VERDICT(outcome) == MXF_VERDICT_PASS)
		return XDP_PASS;
	if (record_allows(of_interface))
		record_drop(flow, outcome);
	if (OUTCOME_VERDICT(outcome) == MXF_VERDICT_OBSERVE)
		return XDP_PASS;
	if (generation->flags & MXF_FLAG_RESET && flow->kind == MXF_FLOW_SYN)
		return reset_answer(ctx, flow);
	return XDP_DROP;
}

/* What may open a connection is judged by one generation, taken once. */
static __always_inline int judge_flow(struct xdp_md *ctx, struct mxf_flow *flow)
{
	const struct mxf_generation *generation;
	__u32 current = MXF_SLOT_CURRENT, answer, outcome;
	struct mxf_memory memory;
	enum mxf_port_class port;

	memory.map = bpf_map_lookup_elem(&generations, &current);
	if (!memory.map)
		return XDP_PASS;
	generation = memory_element(memory, 0);
	if (!generation || !is_guarded(memory, generation, flow, &port))
		return XDP_PASS;
	answer = flow_look_up(memory, generation, flow);
	outcome = judge(generation->flags, flow->kind, port, MXF_ANSWER_KIND(answer));
	if (answer)
		record_hit(memory, generation, answer);
	return conclude(ctx, generation, flow, outcome);
}

static __always_inline int fence_frame(struct xdp_md *ctx)
{
	const __u8 *data = (const __u8 *)(long)ctx->data;
	const __u8 *end = (const __u8 *)(long)ctx->data_end;
	struct mxf_flow flow;

	switch (packet_glance(data, end, &flow)) {
	case MXF_GLANCE_IGNORE:
		return XDP_PASS;
	case MXF_GLANCE_WALK:
		packet_walk(ctx, &flow);
		if (flow.kind == MXF_FLOW_IGNORE)
			return XDP_PASS;
		if (!flow.bytes)
			flow.bytes = packet_size(ctx);
		break;
	case MXF_GLANCE_SYN:
		break;
	}
	return judge_flow(ctx, &flow);
}

#endif
