/* SPDX-License-Identifier: GPL-2.0-only */
/* What the measuring programs and their driver share: the .bss of the former. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <linux/types.h>

#define BENCH_SOURCES (1u << 20)

struct bench_sources {
	__u32 ipv4[BENCH_SOURCES]; /* network order */
	__u64 ipv6[BENCH_SOURCES][2];
	__u32 position;
};

#endif
