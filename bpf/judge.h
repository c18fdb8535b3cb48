/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The order of judgement, once: for the XDP program, and on the host for explanations.
 */
#ifndef BPF_JUDGE_H
#define BPF_JUDGE_H

#include "bpf/packet.h"
#include "bpf/table.h"
#include "mxfence/reasons.h"

struct mxf_judgement {
	__u32 verdict; /* enum mxf_verdict */
	__u32 reason;  /* enum mxf_reason */
};

static __always_inline int is_destination4(const struct mxf_generation *generation, __u32 address)
{
	for (__u32 i = 0; i < MXF_DESTINATIONS_MAX && i < generation->destination4_count; i++) {
		const struct mxf_destination4 *range = &generation->destinations4[i];

		if (range->first <= address && address <= range->last)
			return 1;
	}
	return 0;
}

/* Is a <= b, as 128-bit numbers? */
static __always_inline int words_ordered(const __u32 a[4], const __u32 b[4])
{
	for (int i = 0; i < 4; i++)
		if (a[i] != b[i])
			return a[i] < b[i];
	return 1;
}

static __always_inline int is_destination6(const struct mxf_generation *generation,
					   const __u32 address[4])
{
	for (__u32 i = 0; i < MXF_DESTINATIONS_MAX && i < generation->destination6_count; i++) {
		const struct mxf_destination6 *range = &generation->destinations6[i];

		if (words_ordered(range->first, address) && words_ordered(address, range->last))
			return 1;
	}
	return 0;
}

static __always_inline int is_guarded_destination(const struct mxf_generation *generation,
						  const struct mxf_flow *flow)
{
	if (!(generation->destination4_count | generation->destination6_count) ||
	    !(flow->seen & MXF_SEEN_DESTINATION))
		return 1;
	if (flow->family == MXF_FAMILY_IPV4)
		return is_destination4(generation, flow->destination[3]);
	return is_destination6(generation, flow->destination);
}

/* May this packet open a connection to what is guarded? What cannot be seen, may. */
static __always_inline int is_guarded(const struct mxf_generation *generation,
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
	return is_guarded_destination(generation, flow);
}

static __always_inline __u32 flow_look_up(struct mxf_memory memory,
					  const struct mxf_generation *generation,
					  const struct mxf_flow *flow)
{
	if (flow->family == MXF_FAMILY_IPV4)
		return table_look_up4(memory, generation, flow->source[3]);
	if (flow->family == MXF_FAMILY_IPV6)
		return table_look_up6(memory, generation, flow->source);
	return 0;
}

/* `port` is MXF_PORT_UNGUARDED only when it could not be seen. The first that holds decides. */
static __always_inline struct mxf_judgement judge(__u32 flags, enum mxf_flow_kind kind,
						  enum mxf_port_class port, __u32 answer)
{
	const __u32 drop = flags & MXF_FLAG_OBSERVE ? MXF_VERDICT_OBSERVE : MXF_VERDICT_DROP;
	const __u32 found = MXF_ANSWER_KIND(answer);

	if (found == MXF_ANSWER_TRUSTED)
		return (struct mxf_judgement){MXF_VERDICT_PASS, MXF_REASON_TRUSTED};
	if (kind == MXF_FLOW_UNDECIDABLE && flags & MXF_FLAG_STRICT)
		return (struct mxf_judgement){drop, MXF_REASON_UNDECIDABLE};
	if (found == MXF_ANSWER_DENIED)
		return (struct mxf_judgement){drop, MXF_REASON_DENIED};
	if (port == MXF_PORT_OPEN)
		return (struct mxf_judgement){MXF_VERDICT_PASS, MXF_REASON_OPEN};
	if (port == MXF_PORT_CLOSED)
		return (struct mxf_judgement){drop, MXF_REASON_UNTRUSTED};
	return (struct mxf_judgement){MXF_VERDICT_PASS, MXF_REASON_UNDECIDABLE};
}

#endif
