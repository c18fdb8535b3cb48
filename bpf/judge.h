/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The order of judgement, once: for the XDP program, and on the host for explanations.
 */
#ifndef BPF_JUDGE_H
#define BPF_JUDGE_H

#include "bpf/packet.h"
#include "bpf/table.h"
#include "mxfence/reasons.h"
#include "mxfence/temporary.h"

/* Where a family has no guarded destination, no packet of it has; elsewhere what is unseen may be.
 */
static __always_inline int is_guarded_destination(struct mxf_memory memory,
						  const struct mxf_generation *generation,
						  const struct mxf_flow *flow)
{
	const int seen = flow->seen & MXF_SEEN_DESTINATION;

	if (!(generation->flags & MXF_FLAG_DESTINATIONS) || flow->family == MXF_FAMILY_OTHER)
		return 1;
	if (flow->family == MXF_FAMILY_IPV4)
		return generation->destinations4.index &&
		       (!seen ||
			table_search(memory, &generation->destinations4, flow->destination[3]));
	return generation->destinations6.index &&
	       (!seen || table_search6(memory, &generation->destinations6, flow->destination));
}

/* May this packet open a connection to what is guarded? What cannot be seen, may. */
static __always_inline int is_guarded(struct mxf_memory memory,
				      const struct mxf_generation *generation,
				      const struct mxf_flow *flow, enum mxf_port_class *port)
{
	*port = MXF_PORT_UNGUARDED;
	if (flow->seen & MXF_SEEN_PORT) {
		*port = generation_port_class(generation, flow->destination_port);
		if (*port == MXF_PORT_UNGUARDED)
			return 0;
	} else if (!generation->guarded_ports) {
		return 0;
	}
	return is_guarded_destination(memory, generation, flow);
}

static __always_inline __u32 flow_look_up(struct mxf_memory memory,
					  const struct mxf_generation *generation,
					  const struct mxf_flow *flow)
{
	if (flow->family == MXF_FAMILY_IPV4)
		return source_look_up4(memory, generation, flow->source[3]);
	if (flow->family == MXF_FAMILY_IPV6)
		return source_look_up6(memory, generation, flow->source);
	return 0;
}

/* Verdict and reason in one number: the place of their counter. */
#define OUTCOME(verdict, reason) ((verdict)*MXF_REASON_COUNT + (reason))
#define OUTCOME_VERDICT(outcome) ((outcome) / MXF_REASON_COUNT)
#define OUTCOME_REASON(outcome) ((outcome) % MXF_REASON_COUNT)
#define OUTCOME_COUNT (MXF_VERDICT_COUNT * MXF_REASON_COUNT)

/*
 * The first that holds decides. `port` is MXF_PORT_UNGUARDED only when it could not be seen;
 * `found` is the kind of the answer, or MXF_FOUND_BANNED.
 */
static __always_inline __u32 judge(__u32 flags, __u32 kind, __u32 port, __u32 found)
{
	const __u32 drop = flags & MXF_FLAG_OBSERVE ? MXF_VERDICT_OBSERVE : MXF_VERDICT_DROP;

	if (found == MXF_FOUND_BANNED)
		return OUTCOME(drop, MXF_REASON_BANNED);
	if (found == MXF_ANSWER_TRUSTED)
		return OUTCOME(MXF_VERDICT_PASS, MXF_REASON_TRUSTED);
	if (kind == MXF_FLOW_UNDECIDABLE && flags & MXF_FLAG_STRICT)
		return OUTCOME(drop, MXF_REASON_UNDECIDABLE);
	if (found == MXF_ANSWER_DENIED)
		return OUTCOME(drop, MXF_REASON_DENIED);
	if (port == MXF_PORT_OPEN)
		return OUTCOME(MXF_VERDICT_PASS, MXF_REASON_OPEN);
	if (port == MXF_PORT_CLOSED)
		return OUTCOME(drop, MXF_REASON_UNTRUSTED);
	return OUTCOME(MXF_VERDICT_PASS, MXF_REASON_UNDECIDABLE);
}

#endif
