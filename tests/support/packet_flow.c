// SPDX-License-Identifier: GPL-2.0-only
#include "packet_flow.h"

void packet_flow(const struct packet *packet, struct mxf_flow *flow)
{
	struct packet_context context = {packet->bytes, (uint32_t)packet->length};

	packet_walk(&context, flow);
}

char packet_flow_letter(const struct mxf_flow *flow)
{
	switch (flow->kind) {
	case MXF_FLOW_IGNORE:
		return '-';
	case MXF_FLOW_SYN:
		return 'S';
	default:
		if (flow->family == MXF_FAMILY_OTHER)
			return 'x';
		return flow->seen & MXF_SEEN_PORT ? 'U' : 'u';
	}
}

void packet_train_letters(const struct packet_train *train, char letters[PACKET_LETTERS_MAX])
{
	struct mxf_flow flow;
	size_t i;

	for (i = 0; i < train->count; i++) {
		packet_flow(&train->packets[i], &flow);
		letters[i] = packet_flow_letter(&flow);
	}
	letters[i] = '\0';
}
