/* SPDX-License-Identifier: GPL-2.0-only */
/* The gate's words by their numbers (include/mxfence/smtp.h), for log, reports and metrics. */
#ifndef SERVICE_SMTP_WORDS_H
#define SERVICE_SMTP_WORDS_H

#include "core/source.h"
#include "mxfence/gate.h"

extern const char *const smtp_rule_words[MXF_RULE_COUNT];
extern const char *const smtp_session_words[MXF_SESSION_RESULT_COUNT];
extern const char *const smtp_backend_words[MXF_BACKEND_ERROR_COUNT];
extern const char *const smtp_auth_words[MXF_AUTH_RESULT_COUNT];

/*
 * Where in the configuration it was decided, as file:line; "" when nowhere. To be asked while the
 * configuration that the record's worker works by is in force.
 */
#define SMTP_ORIGIN_MAX 256
void smtp_record_origin(const struct mxf_gate_record *record, const struct sources *sources,
			char origin[SMTP_ORIGIN_MAX]);

#endif
