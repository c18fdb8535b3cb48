/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entry points for measuring: each gives the frame the next of 2^20 prepared sources, then runs the
 * fence. One repeated source would hide what a lookup costs.
 */
#ifndef BENCH_SOURCES_H
#define BENCH_SOURCES_H

#define SOURCES (1u << 20)

__u32 sources4[SOURCES];
__u64 sources6[SOURCES][2];
__u32 position;

static __always_inline int write_source4(struct xdp_md *ctx)
{
	char *data = (char *)(long)ctx->data, *end = (char *)(long)ctx->data_end;

	if (data + 30 > end)
		return -1;
	*(__u32 *)(data + 26) = sources4[position++ & (SOURCES - 1)];
	return 0;
}

static __always_inline int write_source6(struct xdp_md *ctx)
{
	char *data = (char *)(long)ctx->data, *end = (char *)(long)ctx->data_end;
	__u32 at = position++ & (SOURCES - 1);

	if (data + 38 > end)
		return -1;
	*(__u64 *)(data + 22) = sources6[at][0];
	*(__u64 *)(data + 30) = sources6[at][1];
	return 0;
}

#define BENCH_ENTRIES(run)                                                                         \
	char _license[] SEC("license") = "GPL";                                                    \
	SEC("xdp") int bench4(struct xdp_md *ctx)                                                  \
	{                                                                                          \
		return write_source4(ctx) ? XDP_ABORTED : run(ctx);                                \
	}                                                                                          \
	SEC("xdp") int bench6(struct xdp_md *ctx)                                                  \
	{                                                                                          \
		return write_source6(ctx) ? XDP_ABORTED : run(ctx);                                \
	}

#endif
