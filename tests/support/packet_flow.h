/* SPDX-License-Identifier: GPL-2.0-only */
/* The walk of bpf/packet.h on the host, in the letters of packet_cases.h. */
#ifndef PACKET_FLOW_H
#define PACKET_FLOW_H

#include "bpf/packet.h"
#include "packet_recipe.h"

#define PACKET_LETTERS_MAX (PACKET_TRAIN_MAX + 1)

void packet_flow(const struct packet *packet, struct mxf_flow *flow);
char packet_flow_letter(const struct mxf_flow *flow);

/* One letter for each frame, NUL-terminated. */
void packet_train_letters(const struct packet_train *train, char letters[PACKET_LETTERS_MAX]);

#endif
