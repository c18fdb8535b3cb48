/* SPDX-License-Identifier: GPL-2.0-only */
/* BPF_MAP_TYPE_LPM_TRIE as one would use it; the values are answers (mxfence/generation.h). */
#ifndef BENCH_TRIE_H
#define BENCH_TRIE_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "mxfence/generation.h"

struct key4 {
	__u32 length;
	__u32 address;
};

struct key6 {
	__u32 length;
	__u32 address[4];
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, MXF_RANGES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct key4);
	__type(value, __u32);
} trie4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, MXF_RANGES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct key6);
	__type(value, __u32);
} trie6 SEC(".maps");

#endif
