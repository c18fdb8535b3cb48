// SPDX-License-Identifier: GPL-2.0-only
/* A filter with BPF_MAP_TYPE_LPM_TRIE at clsact ingress; the qdisc counts its drops. */
#include "tests/bench/plain_walk.h"
#include "tests/bench/trie.h"

#include <linux/pkt_cls.h>

char _license[] SEC("license") = "GPL";

static __always_inline const __u32 *source_find(const void *data, const void *end,
						enum plain_kind kind)
{
	const struct iphdr *ip = data + sizeof(struct ethhdr);
	const struct ipv6hdr *ip6 = data + sizeof(struct ethhdr);
	struct key4 key4 = {.length = 32};
	struct key6 key6 = {.length = 128};

	if (kind == PLAIN_MAIL4) {
		if ((const void *)(ip + 1) > end)
			return 0;
		key4.address = ip->saddr;
		return bpf_map_lookup_elem(&trie4, &key4);
	}
	if ((const void *)(ip6 + 1) > end)
		return 0;
	__builtin_memcpy(key6.address, &ip6->saddr, sizeof(key6.address));
	return bpf_map_lookup_elem(&trie6, &key6);
}

SEC("tc")
int bench(struct __sk_buff *skb)
{
	const void *data = (const void *)(long)skb->data, *end = (const void *)(long)skb->data_end;
	enum plain_kind kind = plain_walk(data, end);

	if (kind < PLAIN_MAIL4 || source_find(data, end, kind))
		return TC_ACT_OK;
	return TC_ACT_SHOT;
}
