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
#include "bpf/temporary.h"

struct generation_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE | BPF_F_INNER_MAP);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, MXF_ELEMENT_SIZE);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, MXF_GENERATION_COUNT);
	__type(key, __u32);
	__array(values, struct generation_map);
} generations SEC(".maps");

/* What to do with a frame: an XDP action in the low 8 bits, the outcome in the next, and then... */
#define CONCLUSION_ACTION(conclusion) ((conclusion)&0xff)
#define CONCLUSION_OUTCOME(conclusion) ((conclusion) >> 8 & 0xff)
#define CONCLUSION_RECORD (1u << 16)  /* ...tell who it was */
#define CONCLUSION_RESET (1u << 17)   /* ...answer it instead of dropping it */
#define CONCLUSION_GO_BACK (1u << 18) /* none: the generation before is to judge */

static __always_inline __u32 conclude(const struct mxf_generation *generation,
				      const struct mxf_flow *flow, __u32 outcome)
{
	struct mxf_counters *of_interface;
	__u32 slot = interface_slot, conclusion;

	of_interface = bpf_map_lookup_elem(&counters, &slot);
	if (!of_interface)
		return XDP_PASS;
	record_count(of_interface, flow, outcome);
	if (outcome == OUTCOME(MXF_VERDICT_PASS, MXF_REASON_TRUSTED))
		return record_allows(&of_interface->passes)
			       ? XDP_PASS | CONCLUSION_RECORD | outcome << 8
			       : XDP_PASS;
	if (OUTCOME_VERDICT(outcome) == MXF_VERDICT_PASS)
		return XDP_PASS;
	if (OUTCOME_VERDICT(outcome) == MXF_VERDICT_OBSERVE)
		conclusion = XDP_PASS;
	else if (generation->flags & MXF_FLAG_RESET)
		conclusion = XDP_DROP | CONCLUSION_RESET;
	else
		conclusion = XDP_DROP;
	if (record_allows(&of_interface->drops)) {
		of_interface->recorded++;
		conclusion |= CONCLUSION_RECORD;
	}
	return conclusion | outcome << 8;
}

/* A generation that was not confirmed in time gives way to the one before it. */
static __always_inline int trial_has_ended(const struct mxf_generation *generation)
{
	return generation->trial_deadline && bpf_ktime_get_boot_ns() >= generation->trial_deadline;
}

/* What the source is: by the temporary entries, else by the ranges, whose hit is counted. */
static __always_inline __u32 source_find(struct mxf_memory memory,
					 const struct mxf_generation *generation,
					 const struct mxf_flow *flow)
{
	__u32 found = temporary_look_up(flow), answer;

	if (found)
		return found;
	answer = flow_look_up(memory, generation, flow);
	if (answer)
		record_hit(memory, generation, answer);
	return MXF_ANSWER_KIND(answer);
}

/* What may open a connection is judged by one generation, taken once. */
static __always_inline __u32 judge_flow(const struct mxf_flow *flow, __u32 slot)
{
	const struct mxf_generation *generation;
	struct mxf_memory memory;
	enum mxf_port_class port;
	__u32 found;

	memory.map = bpf_map_lookup_elem(&generations, &slot);
	if (!memory.map)
		return XDP_PASS;
	generation = memory_element(memory, 0);
	if (!generation)
		return XDP_PASS;
	/* Before all else: what a trial guards is on trial too. */
	if (slot == MXF_GENERATION_CURRENT && trial_has_ended(generation))
		return CONCLUSION_GO_BACK;
	if (!is_guarded(memory, generation, flow, &port))
		return XDP_PASS;
	found = source_find(memory, generation, flow);
	return conclude(generation, flow, judge(generation->flags, flow->kind, port, found));
}

__noinline __u32 judge_walked(struct xdp_md *ctx, __u32 slot)
{
	struct mxf_flow flow;

	packet_walk(ctx, &flow);
	return flow.kind == MXF_FLOW_IGNORE ? XDP_PASS : judge_flow(&flow, slot);
}

/*
 * The same as packet_glance() and judge_flow(), but with a flow for each family, whose address no
 * function gets: so each stays in registers, and its code is compiled for its family.
 */
static __always_inline __u32 judge_frame(struct xdp_md *ctx)
{
	const __u8 *data = (const __u8 *)(long)ctx->data;
	const __u8 *end = (const __u8 *)(long)ctx->data_end;
	__u16 type = glance_type(data, end);
	enum mxf_glance glance = is_vlan(type) ? MXF_GLANCE_WALK : MXF_GLANCE_IGNORE;
	struct mxf_flow ipv4, ipv6;

	if (type == FRAME_TYPE_IPV4) {
		glance = glance_ipv4(data, end, &ipv4);
		if (glance == MXF_GLANCE_SYN)
			return judge_flow(&ipv4, MXF_GENERATION_CURRENT);
	} else if (type == FRAME_TYPE_IPV6) {
		glance = glance_ipv6(data, end, &ipv6);
		if (glance == MXF_GLANCE_SYN)
			return judge_flow(&ipv6, MXF_GENERATION_CURRENT);
	}
	return glance == MXF_GLANCE_WALK ? judge_walked(ctx, MXF_GENERATION_CURRENT) : XDP_PASS;
}

static __always_inline int fence_frame(struct xdp_md *ctx)
{
	__u32 conclusion = judge_frame(ctx);

	if (conclusion == CONCLUSION_GO_BACK)
		conclusion = judge_walked(ctx, MXF_GENERATION_PREVIOUS);
	if (conclusion & CONCLUSION_RECORD)
		record_packet(ctx, CONCLUSION_OUTCOME(conclusion));
	if (conclusion & CONCLUSION_RESET)
		return reset_answer(ctx);
	return CONCLUSION_ACTION(conclusion);
}

#endif
