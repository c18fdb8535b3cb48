/* SPDX-License-Identifier: GPL-2.0-only */
/* One condition of an nftables rule against a packet that is only partly known. Pure. */
#ifndef MXFENCE_FIREWALL_MATCH_H
#define MXFENCE_FIREWALL_MATCH_H

#include "doctor_firewall.h"

enum firewall_match { MATCH_NO, MATCH_MAYBE, MATCH_YES };

/* A named set is looked for in the table of the rule. */
struct firewall_scope {
	const json_t *ruleset; /* the array `nftables` */
	const char *family;
	const char *table;
};

/*
 * `match` is the object behind "match". *names_port becomes true when it is about the packet's
 * port and holds.
 */
enum firewall_match firewall_match(const struct firewall_scope *scope,
				   const struct firewall_packet *packet, const json_t *match,
				   bool *names_port);

/*
 * The verdict that a "vmap" has for the packet; NULL when it has none, or none that is known;
 * *match says how sure it is.
 */
const json_t *firewall_vmap(const struct firewall_scope *scope,
			    const struct firewall_packet *packet, const json_t *vmap,
			    bool *names_port, enum firewall_match *match);

/* True when the text member `key` of the object is `text`. */
bool firewall_text_is(const json_t *object, const char *key, const char *text);

#endif
