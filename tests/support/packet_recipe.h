/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Packets from recipes: one line of words makes one Ethernet frame, or the fragments of one.
 *
 *     "q ip4 nop:4 tcp"                 a priority tag, IPv4 with four NOPs, a SYN
 *     "ip6 hop:8 cut dst:8 tcp split:16" its fragments; the fragment header stands at `cut`
 *
 * Headers stand in the order of the words; a word that is no header changes the header before it.
 * Next-protocol fields, lengths and checksums are made right at the end, unless a word says
 * otherwise. All words are in the tables of packet_words.c and packet_extensions.c. Pure.
 */
#ifndef PACKET_RECIPE_H
#define PACKET_RECIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_MAX 20000    /* bytes in a frame */
#define PACKET_TRAIN_MAX 40 /* fragments of one recipe */
#define PACKET_RECIPE_MAX 512
#define PACKET_VIA_NUMBER 8 /* the last byte of the mail host's second address */

struct packet {
	size_t length;
	uint8_t bytes[PACKET_MAX];
};

struct packet_train {
	size_t count;
	struct packet packets[PACKET_TRAIN_MAX];
};

struct packet_end {
	uint8_t mac[6];
	uint8_t ipv4[4];
	uint8_t ipv6[16];
	uint16_t port;
};

/* What a recipe leaves open: who sends, to whom, and the identification of its fragments. */
struct packet_subject {
	struct packet_end from;
	struct packet_end to;
	uint16_t id;
};

/* Returns 0; -EINVAL: no such word, or not here; -E2BIG: a bound above. *train is then garbage. */
int packet_build(const char *recipe, const struct packet_subject *subject,
		 struct packet_train *train);

/* True when the recipe's first network header is IPv6. */
bool packet_recipe_is_ipv6(const char *recipe);

/* The Internet checksum of RFC 1071, to be stored as it is; `sum` carries a pseudo header. */
uint16_t packet_checksum(const uint8_t *bytes, size_t length, uint32_t sum);

/* The sum of a TCP pseudo header; the addresses are 4 or 16 bytes long. */
uint32_t packet_pseudo_sum(const uint8_t *source, const uint8_t *destination, size_t address_length,
			   uint8_t protocol, size_t length);

#endif
