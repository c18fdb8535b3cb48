/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What nftables does with a connection attempt, judged roughly from the ruleset as `nft -j list
 * ruleset` prints it: conditions that depend on more than interface, family and port may hold or
 * not. Pure.
 */
#ifndef MXFENCE_DOCTOR_FIREWALL_H
#define MXFENCE_DOCTOR_FIREWALL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct firewall_packet {
	const char *interface; /* it arrives on */
	uint8_t family;	       /* MXF_FAMILY_IPV4 or _IPV6 */
	uint16_t port;
};

enum firewall_fate {
	FATE_PASS,
	FATE_MAY_DROP, /* some of them: a rule for that port has conditions besides */
	FATE_DROP,
};

/* The rule that drops, or the chain whose policy does. Names point into the ruleset. */
struct firewall_rule {
	const char *family;
	const char *table;
	const char *chain;
	uint64_t handle; /* 0: the policy */
};

/*
 * A TCP SYN of a new connection from an unknown source, on its way in: netdev ingress, prerouting,
 * input. What is passed on to other chains counts as passed only where all of them pass it.
 * `ruleset` may be NULL. `rule` may be NULL; it is filled unless the packet passes.
 */
enum firewall_fate firewall_judge(const json_t *ruleset, const struct firewall_packet *packet,
				  struct firewall_rule *rule);

#endif
