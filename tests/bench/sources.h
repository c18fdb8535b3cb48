/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entry points for measuring: bench4 and bench6 give the frame the next of 2^20 prepared sources,
 * then run the program; one repeated source would hide what a lookup costs. bench runs it with the
 * frame as it is.
 */
#ifndef BENCH_SOURCES_H
#define BENCH_SOURCES_H

#include "tests/bench/bench.h"

struct bench_sources sources;

static __always_inline int write_source4(struct xdp_md *ctx)
{
	char *data = (char *)(long)ctx->data, *end = (char *)(long)ctx->data_end;

	if (data + 30 > end)
		return -1;
	*(__u32 *)(data + 26) = sources.ipv4[bench_next(&sources)];
	return 0;
}

static __always_inline int write_source6(struct xdp_md *ctx)
{
	char *data = (char *)(long)ctx->data, *end = (char *)(long)ctx->data_end;
	__u32 at = bench_next(&sources);

	if (data + 38 > end)
		return -1;
	*(__u64 *)(data + 22) = sources.ipv6[at][0];
	*(__u64 *)(data + 30) = sources.ipv6[at][1];
	return 0;
}

#define BENCH_ENTRIES(run)                                                                         \
	char _license[] SEC("license") = "GPL";                                                    \
	SEC("xdp") int bench(struct xdp_md *ctx)                                                   \
	{                                                                                          \
		bench_next(&sources);                                                              \
		return run(ctx);                                                                   \
	}                                                                                          \
	SEC("xdp") int bench4(struct xdp_md *ctx)                                                  \
	{                                                                                          \
		return write_source4(ctx) ? XDP_ABORTED : run(ctx);                                \
	}                                                                                          \
	SEC("xdp") int bench6(struct xdp_md *ctx)                                                  \
	{                                                                                          \
		return write_source6(ctx) ? XDP_ABORTED : run(ctx);                                \
	}

#endif
