/* SPDX-License-Identifier: GPL-2.0-only */
/* The last events of fence and gate, kept for who asks. */
#ifndef SERVICE_EVENTS_H
#define SERVICE_EVENTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/source.h"
#include "mxfence/gate.h"
#include "mxfence/maps.h"

#define EVENTS_KEPT 1024

struct event_record {
	bool is_smtp;
	struct mxf_event event; /* of the fence */
	char interface[16];
	struct mxf_gate_record smtp; /* of the gate */
};

struct events {
	struct event_record records[EVENTS_KEPT];
	uint64_t seen; /* all that ever came */
};

void events_add(struct events *events, const struct mxf_event *event, const char interface[16]);
void events_add_smtp(struct events *events, const struct mxf_gate_record *record);

/* A new array of event objects, oldest first; NULL without memory. */
json_t *events_list(const struct events *events, const struct sources *sources);

#endif
