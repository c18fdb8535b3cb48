/* SPDX-License-Identifier: GPL-2.0-only */
/* What the measuring programs in the kernel and their drivers share: the .bss of the former. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <linux/types.h>

#define BENCH_SOURCES (1u << 20)
#define BENCH_CLOCK_PACKETS 1024 /* the program looks at the clock once in so many */

struct bench_sources {
	__u32 ipv4[BENCH_SOURCES]; /* network order */
	__u64 ipv6[BENCH_SOURCES][2];
	__u32 position; /* counts packets */
	__u64 begin;	/* nanoseconds: the first packet since it was zeroed */
	__u64 end;	/* the last of BENCH_CLOCK_PACKETS */
};

/* The generator's. The checksums are those of a frame whose source address and port are zero. */
struct bench_flood {
	struct bench_sources sources;
	__u32 ifindex; /* where the frames go */
	__u16 ip_checksum;
	__u16 tcp_checksum;
};

#ifdef __bpf__
#include <bpf/bpf_helpers.h>

/* The next source's number. */
static __always_inline __u32 bench_next(struct bench_sources *sources)
{
	__u32 at = sources->position++ & (BENCH_SOURCES - 1);

	if (at % BENCH_CLOCK_PACKETS == 0) {
		sources->end = bpf_ktime_get_ns();
		if (!sources->begin)
			sources->begin = sources->end;
	}
	return at;
}
#endif

#endif
