/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who sends in the packet tests, and to whom. A stranger is in no range; the trusted peer's
 * addresses are the only trusted ranges; the denied peer's the only denied ones. The sentinel tells
 * that what went before it has been processed.
 */
#ifndef PACKET_PEOPLE_H
#define PACKET_PEOPLE_H

#include "packet_recipe.h"

enum packet_person {
	PERSON_STRANGER,
	PERSON_TRUSTED,
	PERSON_DENIED,
	PERSON_SENTINEL,
	PERSON_COUNT
};

#define PORT_CLOSED 25 /* guarded: only for trusted sources */
#define PORT_OPEN 587  /* guarded: for all but denied sources */
#define PORT_UNGUARDED 2525

struct config;

/* A packet from `person` to `port` of the mail host; ids and source ports are the caller's. */
void packet_people_subject(enum packet_person person, uint16_t port, uint16_t source_port,
			   struct packet_subject *subject);

/*
 * A configuration in which the ports and the people are as above, enforced and strict; what the
 * caller changes in it afterwards is scalar. It lives in static memory.
 */
struct config *packet_people_config(void);

/* Makes the mail host's first addresses the only guarded destinations. */
void packet_people_guard_mail_host(struct config *config);

#endif
