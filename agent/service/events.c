// SPDX-License-Identifier: GPL-2.0-only
#include "service/events.h"

#include <stdio.h>
#include <string.h>

#include "service/report.h"
#include "service/report_smtp.h"

void events_add(struct events *events, const struct mxf_event *event, const char interface[16])
{
	struct event_record *record = &events->records[events->seen++ % EVENTS_KEPT];

	record->is_smtp = false;
	record->event = *event;
	memcpy(record->interface, interface, sizeof(record->interface));
}

void events_add_smtp(struct events *events, const struct mxf_gate_record *smtp, const char *origin)
{
	struct event_record *record = &events->records[events->seen++ % EVENTS_KEPT];

	record->is_smtp = true;
	record->smtp = *smtp;
	snprintf(record->origin, sizeof(record->origin), "%s", origin);
}

json_t *events_list(const struct events *events)
{
	uint64_t number = events->seen > EVENTS_KEPT ? events->seen - EVENTS_KEPT : 0;
	json_t *array = json_array();

	for (; array && number < events->seen; number++) {
		const struct event_record *record = &events->records[number % EVENTS_KEPT];

		json_array_append_new(
			array, record->is_smtp ? report_smtp_event(&record->smtp, record->origin)
					       : report_event(&record->event, record->interface));
	}
	return array;
}
