/* SPDX-License-Identifier: GPL-2.0-only */
/* What the measuring programs in the kernel and their drivers share: the .bss of the former. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <linux/types.h>

#define BENCH_SOURCES (1u << 20)
#define BENCH_CLOCK_FRAMES 64 /* the generator looks at the clock once in so many */

struct bench_sources {
	__u32 ipv4[BENCH_SOURCES]; /* network order */
	__u64 ipv6[BENCH_SOURCES][2];
	__u32 position;
};

/* The generator's. The checksums are those of a frame whose source address and port are zero. */
struct bench_flood {
	struct bench_sources sources;
	__u32 ifindex; /* where the frames go */
	__u16 ip_checksum;
	__u16 tcp_checksum;
	__u64 begin; /* nanoseconds: the first frame since it was zeroed */
	__u64 end;   /* one of the last BENCH_CLOCK_FRAMES frames */
};

#endif
