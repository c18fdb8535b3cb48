/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `answer: reset`: turns a dropped SYN into the RST that a closed port would send (RFC 9293 section
 * 3.10.7.1), in the frame it came in, for XDP_TX.
 */
#ifndef BPF_RESET_H
#define BPF_RESET_H

#include "bpf/packet.h"

#define RESET_HOP_LIMIT 64
#define TCP_FIN 0x01
#define TCP_RST 0x04

struct reset4 {
	struct ipv4_header ip;
	struct tcp_header tcp;
} WIRE_FORMAT;

struct reset6 {
	struct ipv6_header ip;
	struct tcp_header tcp;
} WIRE_FORMAT;

static __always_inline __u16 checksum_fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* The sum of the pseudo header's words but for the addresses, which the caller's `sum` has. */
static __always_inline __u16 reset_checksum(const struct tcp_header *tcp, __u64 sum)
{
	sum += bpf_htons(sizeof(*tcp)) + bpf_htons(NEXT_TCP);
	return checksum_fold(
		bpf_csum_diff(0, 0, (void *)tcp, sizeof(*tcp), checksum_fold(sum) ^ 0xffff));
}

/* Fills all but the checksum; 0, or -1: the SYN is not all there, or is a reset itself. */
static __always_inline int reset_fill(struct xdp_md *ctx, const struct mxf_flow *flow,
				      struct tcp_header *tcp)
{
	struct tcp_header syn;
	__u32 header;

	if (bpf_xdp_load_bytes(ctx, flow->transport, &syn, sizeof(syn)))
		return -1;
	header = (syn.offset >> 4) * 4;
	if (syn.flags & TCP_RST || header < TCP_HEADER || header > flow->transport_size)
		return -1;
	*tcp = (struct tcp_header){
		.source = syn.destination,
		.destination = syn.source,
		.acknowledgement = bpf_htonl(bpf_ntohl(syn.sequence) + 1 + (syn.flags & TCP_FIN) +
					     flow->transport_size - header),
		.offset = TCP_HEADER / 4 << 4,
		.flags = TCP_RST | TCP_ACK,
	};
	return 0;
}

static __always_inline int reset_write4(struct xdp_md *ctx, const struct mxf_flow *flow)
{
	struct reset4 reset = {0};

	if (reset_fill(ctx, flow, &reset.tcp))
		return -1;
	reset.ip.version_size = 0x45;
	reset.ip.total = bpf_htons(sizeof(reset));
	reset.ip.fragment = bpf_htons(0x4000); /* do not fragment: then the id may be 0 */
	reset.ip.ttl = RESET_HOP_LIMIT;
	reset.ip.protocol = NEXT_TCP;
	reset.ip.source = bpf_htonl(flow->destination[3]);
	reset.ip.destination = bpf_htonl(flow->source[3]);
	reset.ip.checksum = checksum_fold(bpf_csum_diff(0, 0, (void *)&reset.ip, IPV4_HEADER, 0));
	reset.tcp.checksum =
		reset_checksum(&reset.tcp, bpf_csum_diff(0, 0, (void *)&reset.ip.source, 8, 0));
	return bpf_xdp_store_bytes(ctx, flow->network, &reset, sizeof(reset));
}

static __always_inline int reset_write6(struct xdp_md *ctx, const struct mxf_flow *flow)
{
	struct reset6 reset = {0};

	if (reset_fill(ctx, flow, &reset.tcp))
		return -1;
	reset.ip.version_flow = bpf_htonl(6u << 28);
	reset.ip.payload = bpf_htons(sizeof(reset.tcp));
	reset.ip.next = NEXT_TCP;
	reset.ip.hop_limit = RESET_HOP_LIMIT;
	for (int i = 0; i < 4; i++) {
		reset.ip.source[i] = bpf_htonl(flow->destination[i]);
		reset.ip.destination[i] = bpf_htonl(flow->source[i]);
	}
	reset.tcp.checksum =
		reset_checksum(&reset.tcp, bpf_csum_diff(0, 0, (void *)&reset.ip.source, 32, 0));
	return bpf_xdp_store_bytes(ctx, flow->network, &reset, sizeof(reset));
}

/* Swaps the MAC addresses; nobody answers for a group address. */
static __always_inline int reset_turn(struct xdp_md *ctx)
{
	__u8 addresses[12], turned[12];

	if (bpf_xdp_load_bytes(ctx, 0, addresses, sizeof(addresses)) || addresses[0] & 1)
		return -1;
	__builtin_memcpy(turned, addresses + 6, 6);
	__builtin_memcpy(turned + 6, addresses, 6);
	return bpf_xdp_store_bytes(ctx, 0, turned, sizeof(turned));
}

/* XDP_TX, or XDP_DROP when the SYN cannot be answered. VLAN tags stay, IP options go. */
__noinline int reset_answer(struct xdp_md *ctx)
{
	struct mxf_flow flow;
	__u32 size;
	int failed;

	packet_walk(ctx, &flow);
	if (flow.kind != MXF_FLOW_SYN || !(flow.seen & MXF_SEEN_WHOLE) ||
	    !(flow.seen & MXF_SEEN_DESTINATION))
		return XDP_DROP;
	if (flow.family == MXF_FAMILY_IPV4) {
		size = flow.network + sizeof(struct reset4);
		failed = reset_write4(ctx, &flow);
	} else {
		size = flow.network + sizeof(struct reset6);
		failed = reset_write6(ctx, &flow);
	}
	if (failed || reset_turn(ctx) ||
	    bpf_xdp_adjust_tail(ctx, (int)(size - bpf_xdp_get_buff_len(ctx))))
		return XDP_DROP;
	return XDP_TX;
}

#endif
