/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two network namespaces without names, joined by a veth pair: a sender that owns no address, and a
 * mail host that listens. They end with the process.
 */
#ifndef NETNS_PAIR_H
#define NETNS_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet_recipe.h"

struct netns_pair {
	int home; /* the namespace the test came from */
	int sender;
	int receiver;
	int ifindex; /* of the mail host's end */
	int wire;    /* a packet socket on the sender's end */
	int tap;     /* a packet socket on the mail host's end, when asked for; else -1 */
	int listeners[4];
	size_t listener_count;
	uint16_t sentinel_port; /* the last source port that a sentinel used */
};

/*
 * 0, or -errno (-EPERM: not permitted). The mail host has the addresses of packet_people.h and
 * accepts all that Linux can be told to accept. `mtu` is the mail host's; the sender's is 9000.
 */
int netns_pair_open(unsigned int mtu, struct netns_pair *pair);
void netns_pair_close(struct netns_pair *pair);

/* Listens on a port, for both families. */
int netns_pair_listen(struct netns_pair *pair, uint16_t port);

/* For calls that look at the current namespace. */
int netns_pair_enter_receiver(const struct netns_pair *pair);
int netns_pair_leave(const struct netns_pair *pair);

/* Opens the tap: what the mail host's stack is handed, after the fence. */
int netns_pair_tap(struct netns_pair *pair);

/* Sends a frame; -EMSGSIZE when the wire is too narrow for it. */
int netns_pair_send(const struct netns_pair *pair, const struct packet *packet);

/*
 * Waits until everything sent so far has been processed, and tells whether a SYN-ACK came back to
 * `port` meanwhile: 1, 0, or -errno (-ETIME: the mail host has died).
 */
int netns_pair_answered(struct netns_pair *pair, uint16_t port);

/* The next frame the tap has, without waiting; its length, 0 when there is none, or -errno. */
int netns_pair_tapped(const struct netns_pair *pair, uint8_t *frame, size_t size);

#endif
