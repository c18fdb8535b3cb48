// SPDX-License-Identifier: GPL-2.0-only
/*
 * The generator: gives each frame the next of 2^20 prepared sources, a source port and the right
 * checksums, and sends it to the interface under test.
 */
#include "tests/bench/plain_walk.h"

#include "tests/bench/bench.h"

char _license[] SEC("license") = "GPL";

struct bench_flood flood;

/* What a checksum becomes when fields that were zero get words whose sum this is (RFC 1624). */
static __always_inline __u16 checksum_add(__u16 checksum, __u64 sum)
{
	sum += (__u16)~checksum;
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~((sum & 0xffff) + (sum >> 16));
}

SEC("xdp")
int flood4(struct xdp_md *ctx)
{
	char *data = (char *)(long)ctx->data, *end = (char *)(long)ctx->data_end;
	struct iphdr *ip = (void *)(data + sizeof(struct ethhdr));
	struct tcphdr *tcp = (void *)(ip + 1);
	__u32 at = bench_next(&flood.sources);

	if ((char *)(tcp + 1) > end)
		return XDP_ABORTED;
	ip->saddr = flood.sources.ipv4[at];
	ip->check = checksum_add(flood.ip_checksum, ip->saddr);
	tcp->source = at | 0x8080;
	tcp->check = checksum_add(flood.tcp_checksum, (__u64)ip->saddr + tcp->source);
	return bpf_redirect(flood.ifindex, 0);
}

SEC("xdp")
int flood6(struct xdp_md *ctx)
{
	char *data = (char *)(long)ctx->data, *end = (char *)(long)ctx->data_end;
	struct ipv6hdr *ip = (void *)(data + sizeof(struct ethhdr));
	struct tcphdr *tcp = (void *)(ip + 1);
	__u32 at = bench_next(&flood.sources), *words;
	__u64 sum;

	if ((char *)(tcp + 1) > end)
		return XDP_ABORTED;
	words = ip->saddr.s6_addr32;
	__builtin_memcpy(words, flood.sources.ipv6[at], sizeof(ip->saddr));
	tcp->source = at | 0x8080;
	sum = (__u64)words[0] + words[1] + words[2] + words[3] + tcp->source;
	tcp->check = checksum_add(flood.tcp_checksum, sum);
	return bpf_redirect(flood.ifindex, 0);
}
