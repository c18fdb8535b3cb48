/* SPDX-License-Identifier: GPL-2.0-only */
/* The last events of fence and gate, kept for who asks. */
#ifndef SERVICE_EVENTS_H
#define SERVICE_EVENTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "mxfence/gate.h"
#include "mxfence/maps.h"
#include "service/smtp_words.h"

#define EVENTS_KEPT 1024

struct event_record {
	bool is_smtp;
	struct mxf_event event; /* of the fence */
	char interface[16];
	struct mxf_gate_record smtp; /* of the gate */
	char origin[SMTP_ORIGIN_MAX];
};

struct events {
	struct event_record records[EVENTS_KEPT];
	uint64_t seen; /* all that ever came */
};

void events_add(struct events *events, const struct mxf_event *event, const char interface[16]);
/* `origin`: what smtp_record_origin() says. */
void events_add_smtp(struct events *events, const struct mxf_gate_record *smtp, const char *origin);

/* A new array of event objects, oldest first; NULL without memory. */
json_t *events_list(const struct events *events);

#endif
