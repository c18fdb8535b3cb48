/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records of the gate as log lines: one event a line, keys in a fixed order, in Postfix's words
 * where Postfix has words for it, so that what reads Postfix's log reads ours. What a client or a
 * backend sent is escaped.
 */
#ifndef SERVICE_SMTP_LOG_H
#define SERVICE_SMTP_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "core/log.h"
#include "mxfence/gate.h"

/* Room for every field of a record at its longest. */
#define SMTP_LOG_MAX LOG_LINE_MAX

/*
 * Writes the line, NUL-terminated, and says how weighty it is. Returns its length, 0 when the
 * record is none that is logged. `origin` is what smtp_record_origin() says. Pure.
 */
size_t smtp_log_format(const struct mxf_gate_record *record, const char *origin,
		       char line[SMTP_LOG_MAX], enum log_level_name *level);

/* Logs it. */
void smtp_log_record(const struct mxf_gate_record *record, const char *origin);

#endif
