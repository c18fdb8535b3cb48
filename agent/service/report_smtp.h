/* SPDX-License-Identifier: GPL-2.0-only */
/* The JSON bodies of what the gate tells; as report.h says. */
#ifndef SERVICE_REPORT_SMTP_H
#define SERVICE_REPORT_SMTP_H

#include <jansson.h>
#include <stdbool.h>

#include "config/config.h"
#include "gate/gate.h"

/*
 * status.gate: {listeners: [{name, address, port, role, tls, auth, backend}], backends: [{name,
 * servers, errors}], workers, retiring, crashes, sessions, messages}; null without a gate.
 */
json_t *report_gate(const struct config *config, const struct gate *gate);

/* sessions: {schema, sessions: [{session, client, port, listener, since, state, tls, ...}]}. */
json_t *report_sessions(const struct config *config, const struct gate *gate);

/* True for what `events` shows: refusals, acceptances, messages, logins, trouble of backends. */
bool smtp_record_is_event(const struct mxf_gate_record *record);

/*
 * One line of `events`: {time, smtp: ..., session, client, ...}; `origin` is what
 * smtp_record_origin() says.
 */
json_t *report_smtp_event(const struct mxf_gate_record *record, const char *origin);

#endif
