/* SPDX-License-Identifier: GPL-2.0-only */
/* The SMTP half of `explain`: the gate's own decision for a client that is described. */
#ifndef SERVICE_EXPLAIN_SMTP_H
#define SERVICE_EXPLAIN_SMTP_H

#include <jansson.h>

#include "config/config.h"
#include "mxfence/control.h"
#include "policy/policy.h"

struct explain_question {
	struct ip client;
	uint8_t client_family;
	bool has_local;
	struct ip local;
	uint8_t local_family;
	uint16_t port;
	bool tls;
	const char *login; /* NULL: not logged in */
	/* With the angle brackets or without; NULL, "" and "<>" are the null sender. */
	const char *sender;
	const char *recipient; /* likewise; NULL: only what already answers MAIL is asked */
};

/*
 * {listener, answer, enhanced, text, rule, origin, steps: [{number, rule, refuses, result,
 * origin}]}, or JSON null when no listener has that port (and address). The client is taken to say
 * SMTPUTF8. A sender that is no mailbox is answered as MAIL would be, with a `rule` of null. *exit
 * is MXF_EXIT_OK for an acceptance, else MXF_EXIT_FAILED. NULL: out of memory.
 */
json_t *explain_smtp(const struct config *config, const struct policy *policy,
		     const struct explain_question *question, enum mxf_exit *exit);

/* The listener that a connection to that port, and address where it is given, would reach. */
const struct gate_listener *explain_find_listener(const struct gate_config *gate,
						  const struct explain_question *question);

#endif
