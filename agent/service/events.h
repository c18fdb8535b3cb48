/* SPDX-License-Identifier: GPL-2.0-only */
/* The last events, kept for who asks. */
#ifndef SERVICE_EVENTS_H
#define SERVICE_EVENTS_H

#include <jansson.h>
#include <stdint.h>

#include "mxfence/maps.h"

#define EVENTS_KEPT 1024

struct event_record {
	struct mxf_event event;
	char interface[16];
};

struct events {
	struct event_record records[EVENTS_KEPT];
	uint64_t seen; /* all that ever came */
};

void events_add(struct events *events, const struct mxf_event *event, const char interface[16]);

/* A new array of report_event() objects, oldest first; NULL without memory. */
json_t *events_list(const struct events *events);

#endif
