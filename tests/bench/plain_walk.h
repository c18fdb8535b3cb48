/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a frame to its source and port the way most filters go: straight ahead, without VLAN tags,
 * options, fragments or extension headers.
 */
#ifndef BENCH_PLAIN_WALK_H
#define BENCH_PLAIN_WALK_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

enum plain_kind { PLAIN_OTHER, PLAIN_TCP4, PLAIN_TCP6, PLAIN_MAIL4, PLAIN_MAIL6, PLAIN_KINDS };

static __always_inline int is_mail(const struct tcphdr *tcp)
{
	return tcp->dest == bpf_htons(25) && tcp->syn && !tcp->ack;
}

static __always_inline enum plain_kind plain_walk4(const struct iphdr *ip, const void *end)
{
	const struct tcphdr *tcp = (const void *)(ip + 1);

	if ((const void *)(ip + 1) > end || ip->protocol != IPPROTO_TCP ||
	    (const void *)(tcp + 1) > end)
		return PLAIN_OTHER;
	return is_mail(tcp) ? PLAIN_MAIL4 : PLAIN_TCP4;
}

static __always_inline enum plain_kind plain_walk6(const struct ipv6hdr *ip, const void *end)
{
	const struct tcphdr *tcp = (const void *)(ip + 1);

	if ((const void *)(ip + 1) > end || ip->nexthdr != IPPROTO_TCP ||
	    (const void *)(tcp + 1) > end)
		return PLAIN_OTHER;
	return is_mail(tcp) ? PLAIN_MAIL6 : PLAIN_TCP6;
}

static __always_inline enum plain_kind plain_walk(const void *data, const void *end)
{
	const struct ethhdr *frame = data;

	if ((const void *)(frame + 1) > end)
		return PLAIN_OTHER;
	if (frame->h_proto == bpf_htons(ETH_P_IP))
		return plain_walk4((const void *)(frame + 1), end);
	if (frame->h_proto == bpf_htons(ETH_P_IPV6))
		return plain_walk6((const void *)(frame + 1), end);
	return PLAIN_OTHER;
}

#endif
