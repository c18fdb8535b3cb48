/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a frame to what the fence must know of it: a bounded walk from Ethernet to TCP.
 *
 * Two walks give the same result. packet_glance() reads the frames that make up all ordinary
 * traffic straight from the linear part and leaves the rest to packet_walk(), which follows VLAN
 * tags, IPv4 options, fragments and IPv6 extension headers wherever they lie, also in the fragments
 * of a jumbo frame. Both also compile on the host.
 *
 * What Linux opens connections from decides what is followed (net/core/dev.c, net/ipv4/ip_input.c,
 * net/ipv4/ip_options.c, net/ipv6/ip6_input.c, net/ipv6/exthdrs.c, net/ipv6/reassembly.c): the
 * walk ends where the kernel refuses a packet, and calls undecidable what the kernel might accept
 * and the walk cannot see.
 */
#ifndef BPF_PACKET_H
#define BPF_PACKET_H

#include <linux/types.h>

#include "mxfence/reasons.h"

enum mxf_flow_kind {
	MXF_FLOW_IGNORE,      /* opens no connection: not the fence's business */
	MXF_FLOW_SYN,	      /* SYN without ACK */
	MXF_FLOW_UNDECIDABLE, /* may open a connection: not to be seen */
};

#define MXF_SEEN_PORT (1 << 0)	      /* the ports are known */
#define MXF_SEEN_DESTINATION (1 << 1) /* the destination is known, and final */
#define MXF_SEEN_WHOLE (1 << 2)	      /* the packet is no fragment and has its whole TCP header */

/* Without padding: the verifier wants every byte written before another function sees it. */
struct mxf_flow {
	__u8 kind;   /* enum mxf_flow_kind; the rest is unset for MXF_FLOW_IGNORE */
	__u8 family; /* enum mxf_family; MXF_FAMILY_OTHER: no address is known */
	__u16 seen;  /* MXF_SEEN_* */
	__u16 source_port;
	__u16 destination_port;
	__u32 bytes;	 /* IPv4's total length, 40 plus IPv6's payload length, else the frame's */
	__u32 source[4]; /* host order, most significant word first; IPv4 in word 3 */
	__u32 destination[4];
	__u32 network;	      /* offset of the IP header */
	__u32 transport;      /* offset of the TCP header */
	__u32 transport_size; /* bytes of the packet from there on */
};

#define FRAME_TYPE_OFFSET 12
#define FRAME_HEADER 14
#define VLAN_HEADER 4
#define VLAN_TAGS_MAX 8
#define IPV4_HEADER 20
#define IPV4_OPTIONS_MAX 40
#define IPV6_HEADER 40
#define IPV6_EXTENSIONS_MAX 8
#define TCP_HEADER 20
#define TCP_PORTS 4	/* bytes that show the ports */
#define TCP_DECISIVE 14 /* bytes that show ports and flags */

#define FRAME_TYPE_IPV4 0x0800
#define FRAME_TYPE_IPV6 0x86dd
#define FRAME_TYPE_VLAN 0x8100
#define FRAME_TYPE_SERVICE_VLAN 0x88a8

#define NEXT_HOP_BY_HOP 0
#define NEXT_IPV4 4
#define NEXT_TCP 6
#define NEXT_IPV6 41
#define NEXT_ROUTING 43
#define NEXT_FRAGMENT 44
#define NEXT_AUTHENTICATION 51
#define NEXT_DESTINATION 60
#define NEXT_MOBILITY 135

#define IPV4_MORE_FRAGMENTS 0x2000
#define IPV4_OFFSET 0x1fff
#define IPV4_OPTION_END 0
#define IPV4_OPTION_NOP 1
#define IPV4_OPTION_LSRR 131
#define IPV4_OPTION_SSRR 137

#define TCP_SYN 0x02
#define TCP_ACK 0x10

#ifdef __bpf__
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* Verified once each, instead of once for every path that leads to them. */
#define WALK_FUNCTION __noinline

/*
 * Headers begin at odd multiples of 2; the machines XDP runs on read words there all the same, and
 * reading bytes instead costs an eighth of the whole packet.
 */
#define WIRE_FORMAT __attribute__((packed, aligned(4)))

#define packet_context xdp_md
#define from_be16 bpf_ntohs
#define from_be32 bpf_ntohl

/* 0, or negative when the frame does not reach that far. */
static __always_inline long packet_read(struct xdp_md *packet, __u32 offset, void *to, __u32 size)
{
	return bpf_xdp_load_bytes(packet, offset, to, size);
}

static __always_inline __u32 packet_size(struct xdp_md *packet)
{
	return bpf_xdp_get_buff_len(packet);
}
#else
#include <arpa/inet.h>
#include <string.h> /* and __always_inline, from the C library */

#define WALK_FUNCTION static inline __attribute__((unused))

#define WIRE_FORMAT __attribute__((packed))

struct packet_context {
	const __u8 *frame;
	__u32 size;
};

#define from_be16 ntohs
#define from_be32 ntohl

static inline long packet_read(struct packet_context *packet, __u32 offset, void *to, __u32 size)
{
	if (offset > packet->size || size > packet->size - offset)
		return -1;
	memcpy(to, packet->frame + offset, size);
	return 0;
}

static inline __u32 packet_size(struct packet_context *packet)
{
	return packet->size;
}
#endif

struct ipv4_header {
	__u8 version_size;
	__u8 service;
	__u16 total;
	__u16 id;
	__u16 fragment;
	__u8 ttl;
	__u8 protocol;
	__u16 checksum;
	__u32 source;
	__u32 destination;
} WIRE_FORMAT;

struct ipv6_header {
	__u32 version_flow;
	__u16 payload;
	__u8 next;
	__u8 hop_limit;
	__u32 source[4];
	__u32 destination[4];
} WIRE_FORMAT;

struct tcp_header {
	__u16 source;
	__u16 destination;
	__u32 sequence;
	__u32 acknowledgement;
	__u8 offset;
	__u8 flags;
	__u16 window;
	__u16 checksum;
	__u16 urgent;
} WIRE_FORMAT;

_Static_assert(sizeof(struct ipv4_header) == IPV4_HEADER, "RFC 791");
_Static_assert(sizeof(struct ipv6_header) == IPV6_HEADER, "RFC 8200");
_Static_assert(sizeof(struct tcp_header) == TCP_HEADER, "RFC 9293");
_Static_assert(__builtin_offsetof(struct tcp_header, window) == TCP_DECISIVE, "ports and flags");

static __always_inline int is_vlan(__u16 type)
{
	return type == FRAME_TYPE_VLAN || type == FRAME_TYPE_SERVICE_VLAN;
}

static __always_inline int is_extension(__u8 next)
{
	return next == NEXT_HOP_BY_HOP || next == NEXT_ROUTING || next == NEXT_FRAGMENT ||
	       next == NEXT_AUTHENTICATION || next == NEXT_DESTINATION || next == NEXT_MOBILITY;
}

static __always_inline int opens_connection(__u8 flags)
{
	return (flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

static __always_inline void flow_set_ipv4(struct mxf_flow *flow, const struct ipv4_header *ip,
					  __u32 network)
{
	flow->family = MXF_FAMILY_IPV4;
	flow->seen = MXF_SEEN_DESTINATION;
	flow->bytes = from_be16(ip->total);
	flow->source[0] = flow->source[1] = flow->source[2] = 0;
	flow->source[3] = from_be32(ip->source);
	flow->destination[0] = flow->destination[1] = flow->destination[2] = 0;
	flow->destination[3] = from_be32(ip->destination);
	flow->network = network;
}

static __always_inline void flow_set_ipv6(struct mxf_flow *flow, const struct ipv6_header *ip,
					  __u32 network)
{
	flow->family = MXF_FAMILY_IPV6;
	flow->seen = MXF_SEEN_DESTINATION;
	flow->bytes = IPV6_HEADER + from_be16(ip->payload);
	for (int i = 0; i < 4; i++) {
		flow->source[i] = from_be32(ip->source[i]);
		flow->destination[i] = from_be32(ip->destination[i]);
	}
	flow->network = network;
}

static __always_inline void flow_set_syn(struct mxf_flow *flow, const struct tcp_header *tcp,
					 __u32 transport, __u32 size)
{
	flow->kind = MXF_FLOW_SYN;
	flow->seen |= MXF_SEEN_PORT;
	flow->source_port = from_be16(tcp->source);
	flow->destination_port = from_be16(tcp->destination);
	flow->transport = transport;
	flow->transport_size = size;
}

/*
 * The end of both walks: `size` bytes of the packet (not of the frame, whose padding is the
 * sender's to fill) follow at `transport`. A fragment too short to show the flags is undecidable;
 * a whole packet too short for a TCP header is refused by the kernel.
 */
static __always_inline void walk_tcp(struct packet_context *packet, __u32 transport, __u32 size,
				     int fragment, struct mxf_flow *flow)
{
	struct tcp_header tcp;

	if (size >= TCP_DECISIVE) {
		if (packet_read(packet, transport, &tcp, TCP_DECISIVE) ||
		    !opens_connection(tcp.flags))
			return;
		flow_set_syn(flow, &tcp, transport, size);
		if (!fragment && size >= TCP_HEADER)
			flow->seen |= MXF_SEEN_WHOLE;
		return;
	}
	if (!fragment)
		return;
	flow->kind = MXF_FLOW_UNDECIDABLE;
	if (size < TCP_PORTS || packet_read(packet, transport, &tcp, TCP_PORTS))
		return;
	flow->source_port = from_be16(tcp.source);
	flow->destination_port = from_be16(tcp.destination);
	flow->seen |= MXF_SEEN_PORT;
}

/* Do the IPv4 options (RFC 791 section 3.1) at `offset` hold a source route? */
WALK_FUNCTION int walk_source_route(struct packet_context *packet, __u32 offset, __u32 size)
{
	__u32 at = 0;

	for (int i = 0; i < IPV4_OPTIONS_MAX && at < size; i++) {
		__u8 option[2];

		if (packet_read(packet, offset + at, option, 1) || option[0] == IPV4_OPTION_END)
			return 0;
		if (option[0] == IPV4_OPTION_LSRR || option[0] == IPV4_OPTION_SSRR)
			return 1;
		if (option[0] == IPV4_OPTION_NOP) {
			at++;
			continue;
		}
		if (packet_read(packet, offset + at + 1, option, 1) || option[0] < 2)
			return 0;
		at += option[0];
	}
	return 0;
}

WALK_FUNCTION int walk_ipv4(struct packet_context *packet, __u32 network, struct mxf_flow *flow)
{
	__u32 header, total, fragment;
	struct ipv4_header ip;

	if (!flow || packet_read(packet, network, &ip, IPV4_HEADER))
		return 0;
	header = (ip.version_size & 0x0f) * 4;
	fragment = from_be16(ip.fragment);
	total = from_be16(ip.total);
	if (ip.version_size >> 4 != 4 || header < IPV4_HEADER || ip.protocol != NEXT_TCP)
		return 0;
	if ((fragment & IPV4_OFFSET) > 2)
		return 0; /* useless without a first fragment that passed */
	if (total == 0)	  /* larger than 64 kB, from segmentation offload */
		total = packet_size(packet) - network;
	if (total < header)
		return 0;
	flow_set_ipv4(flow, &ip, network);
	if (fragment & IPV4_OFFSET) {
		flow->kind = MXF_FLOW_UNDECIDABLE;
		return 0;
	}
	walk_tcp(packet, network + header, total - header, fragment & IPV4_MORE_FRAGMENTS, flow);
	if (flow->kind != MXF_FLOW_IGNORE && header > IPV4_HEADER &&
	    walk_source_route(packet, network + IPV4_HEADER, header - IPV4_HEADER)) {
		flow->kind = MXF_FLOW_UNDECIDABLE;
		flow->seen &= (__u16) ~(MXF_SEEN_DESTINATION | MXF_SEEN_WHOLE);
	}
	return 0;
}

/* Where the walk through IPv6 extension headers stands. */
struct extension_walk {
	__u32 offset;
	__u32 end;
	__u8 next;
	__u8 fragment; /* a first fragment: what is not in it is out of sight */
	__u8 routed;   /* a routing header went before */
};

enum extension_step {
	STEP_ON,	  /* one header further */
	STEP_ARRIVED,	  /* `next` is no extension header */
	STEP_IGNORE,	  /* the kernel refuses it, or it is a later fragment */
	STEP_UNDECIDABLE, /* the rest of the chain is in another fragment */
};

static __always_inline enum extension_step walk_extension(struct packet_context *packet,
							  struct extension_walk *walk)
{
	__u8 header[4];
	__u32 size;

	if (!is_extension(walk->next))
		return STEP_ARRIVED;
	if (walk->offset + 8 > walk->end)
		return walk->fragment ? STEP_UNDECIDABLE : STEP_IGNORE;
	if (packet_read(packet, walk->offset, header, sizeof(header)))
		return STEP_IGNORE;
	switch (walk->next) {
	case NEXT_FRAGMENT: /* always 8 bytes; its second one means nothing */
		size = 8;
		if (header[2] || header[3] & 0xf8)
			return STEP_IGNORE;
		walk->fragment |= header[3] & 1;
		break;
	case NEXT_AUTHENTICATION: /* in units of 4 bytes: RFC 4302 section 2.2 */
		size = (header[1] + 2) * 4;
		break;
	default:
		size = (header[1] + 1) * 8;
		walk->routed |= walk->next == NEXT_ROUTING;
	}
	walk->next = header[0];
	walk->offset += size;
	return STEP_ON;
}

WALK_FUNCTION int walk_ipv6(struct packet_context *packet, __u32 network, struct mxf_flow *flow)
{
	enum extension_step step = STEP_ON;
	struct extension_walk walk = {0};
	struct ipv6_header ip;

	if (!flow || packet_read(packet, network, &ip, IPV6_HEADER) ||
	    (from_be32(ip.version_flow) >> 28) != 6)
		return 0;
	walk.next = ip.next;
	walk.offset = network + IPV6_HEADER;
	/* A payload of 0 stands for a jumbogram, whose length is in an option. */
	walk.end = ip.payload ? walk.offset + from_be16(ip.payload) : packet_size(packet);
	for (int i = 0; i < IPV6_EXTENSIONS_MAX && step == STEP_ON; i++)
		step = walk_extension(packet, &walk);
	if (step == STEP_ON && !is_extension(walk.next))
		step = STEP_ARRIVED;
	if (step == STEP_IGNORE)
		return 0;
	flow_set_ipv6(flow, &ip, network);
	if (walk.routed)
		flow->seen &= (__u16)~MXF_SEEN_DESTINATION;
	if (step != STEP_ARRIVED ||
	    (walk.routed && (walk.next == NEXT_IPV4 || walk.next == NEXT_IPV6)))
		flow->kind = MXF_FLOW_UNDECIDABLE;
	else if (walk.next == NEXT_TCP)
		walk_tcp(packet, walk.offset, walk.offset < walk.end ? walk.end - walk.offset : 0,
			 walk.fragment, flow);
	return 0;
}

/* The type behind all VLAN tags, and in the upper half the offset of what follows it; 0: no end. */
WALK_FUNCTION __u32 walk_vlan(struct packet_context *packet)
{
	__u32 offset = FRAME_TYPE_OFFSET;

	for (int i = 0; i <= VLAN_TAGS_MAX; i++) {
		__u16 type;

		if (packet_read(packet, offset, &type, sizeof(type)))
			return 0;
		type = from_be16(type);
		if (!is_vlan(type) || i == VLAN_TAGS_MAX)
			return (offset + 2) << 16 | type;
		offset += VLAN_HEADER;
	}
	return 0;
}

/* The complete walk: fills *flow. */
static __always_inline void packet_walk(struct packet_context *packet, struct mxf_flow *flow)
{
	__u32 frame = walk_vlan(packet);
	__u16 type = frame & 0xffff;

	*flow = (struct mxf_flow){.kind = MXF_FLOW_IGNORE};
	if (type == FRAME_TYPE_IPV4)
		walk_ipv4(packet, frame >> 16, flow);
	else if (type == FRAME_TYPE_IPV6)
		walk_ipv6(packet, frame >> 16, flow);
	else if (is_vlan(type))
		flow->kind = MXF_FLOW_UNDECIDABLE;
	if (flow->kind != MXF_FLOW_IGNORE && !flow->bytes)
		flow->bytes = packet_size(packet);
}

/* What a glance tells. */
enum mxf_glance {
	MXF_GLANCE_IGNORE,
	MXF_GLANCE_SYN,	 /* *flow is filled */
	MXF_GLANCE_WALK, /* only packet_walk() can tell */
};

static __always_inline enum mxf_glance glance_ipv4(const __u8 *data, const __u8 *end,
						   struct mxf_flow *flow)
{
	const struct ipv4_header *ip = (const void *)(data + FRAME_HEADER);
	const struct tcp_header *tcp = (const void *)(data + FRAME_HEADER + IPV4_HEADER);
	__u32 total;

	if ((const __u8 *)(ip + 1) > end)
		return MXF_GLANCE_WALK;
	if (ip->protocol != NEXT_TCP)
		return MXF_GLANCE_IGNORE;
	if (ip->version_size != 0x45 ||
	    ip->fragment & from_be16(IPV4_MORE_FRAGMENTS | IPV4_OFFSET) ||
	    (const __u8 *)(tcp + 1) > end)
		return MXF_GLANCE_WALK;
	if (!opens_connection(tcp->flags))
		return MXF_GLANCE_IGNORE;
	total = from_be16(ip->total);
	if (total < IPV4_HEADER + TCP_HEADER)
		return MXF_GLANCE_WALK;
	flow_set_ipv4(flow, ip, FRAME_HEADER);
	flow_set_syn(flow, tcp, FRAME_HEADER + IPV4_HEADER, total - IPV4_HEADER);
	flow->seen |= MXF_SEEN_WHOLE;
	return MXF_GLANCE_SYN;
}

static __always_inline enum mxf_glance glance_ipv6(const __u8 *data, const __u8 *end,
						   struct mxf_flow *flow)
{
	const struct ipv6_header *ip = (const void *)(data + FRAME_HEADER);
	const struct tcp_header *tcp = (const void *)(data + FRAME_HEADER + IPV6_HEADER);
	__u32 payload;

	if ((const __u8 *)(ip + 1) > end)
		return MXF_GLANCE_WALK;
	if (ip->next != NEXT_TCP)
		return is_extension(ip->next) ? MXF_GLANCE_WALK : MXF_GLANCE_IGNORE;
	if ((const __u8 *)(tcp + 1) > end)
		return MXF_GLANCE_WALK;
	if (!opens_connection(tcp->flags))
		return MXF_GLANCE_IGNORE;
	payload = from_be16(ip->payload);
	if (payload < TCP_HEADER || *(const __u8 *)ip >> 4 != 6)
		return MXF_GLANCE_WALK;
	flow_set_ipv6(flow, ip, FRAME_HEADER);
	flow_set_syn(flow, tcp, FRAME_HEADER + IPV6_HEADER, payload);
	flow->seen |= MXF_SEEN_WHOLE;
	return MXF_GLANCE_SYN;
}

/* The frame's type in the linear part; that of a VLAN tag also stands for what is not there. */
static __always_inline __u16 glance_type(const __u8 *data, const __u8 *end)
{
	if (data + FRAME_HEADER > end)
		return FRAME_TYPE_VLAN;
	return from_be16(*(const __u16 *)(data + FRAME_TYPE_OFFSET));
}

/* Looks at the linear part of a frame, data up to before `end`. */
static __always_inline enum mxf_glance packet_glance(const __u8 *data, const __u8 *end,
						     struct mxf_flow *flow)
{
	__u16 type = glance_type(data, end);

	if (type == FRAME_TYPE_IPV4)
		return glance_ipv4(data, end, flow);
	if (type == FRAME_TYPE_IPV6)
		return glance_ipv6(data, end, flow);
	return is_vlan(type) ? MXF_GLANCE_WALK : MXF_GLANCE_IGNORE;
}

#endif
