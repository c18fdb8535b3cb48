// SPDX-License-Identifier: GPL-2.0-only
/* The packet walk: stays inside the frame, and the short look never says otherwise. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "bpf/packet.h"

/* No header that the short look reads lies deeper. */
#define LINEAR_MAX 96

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

static void check_flow(const struct mxf_flow *flow, size_t size)
{
	if (flow->kind == MXF_FLOW_IGNORE)
		return;
	require(flow->family < MXF_FAMILY_COUNT);
	require(flow->family == MXF_FAMILY_OTHER || flow->network >= FRAME_HEADER);
	if (flow->kind == MXF_FLOW_SYN) {
		require(flow->seen & MXF_SEEN_PORT);
		require(flow->transport > flow->network);
		require(flow->transport + (size_t)TCP_DECISIVE <= size);
	}
}

static void check_glance(const uint8_t *data, size_t linear, const struct mxf_flow *walked)
{
	struct mxf_flow glanced = {0};

	switch (packet_glance(data, data + linear, &glanced)) {
	case MXF_GLANCE_IGNORE:
		require(walked->kind == MXF_FLOW_IGNORE);
		break;
	case MXF_GLANCE_SYN:
		require(!memcmp(&glanced, walked, sizeof(glanced)));
		break;
	case MXF_GLANCE_WALK:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct packet_context packet = {data, (uint32_t)size};
	struct mxf_flow flow;

	if (size > UINT16_MAX)
		return 0;
	packet_walk(&packet, &flow);
	check_flow(&flow, size);
	for (size_t linear = 0; linear <= size && linear <= LINEAR_MAX; linear++)
		check_glance(data, linear, &flow);
	return 0;
}
