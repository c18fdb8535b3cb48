/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by metrics.c and metrics_smtp.c alone. */
#ifndef SERVICE_METRICS_INTERNAL_H
#define SERVICE_METRICS_INTERNAL_H

#include <stdio.h>

#include "service/metrics.h"
#include "service/report.h"

/* X(IDENTIFIER, name, type, help): every metric, once. */
#define METRICS(X)                                                                                 \
	X(PACKETS, "mxfence_packets_total", "counter", "Connection attempts that were judged.")    \
	X(BYTES, "mxfence_bytes_total", "counter", "Bytes of the packets in packets_total.")       \
	X(RANGES, "mxfence_ranges", "gauge", "Ranges of each list.")                               \
	X(RANGE_HITS, "mxfence_range_hits_total", "counter",                                       \
	  "Packets that a range of the list decided.")                                             \
	X(GENERATION, "mxfence_generation", "gauge", "Number of the generation in force.")         \
	X(CONFIG, "mxfence_config_info", "gauge", "Hash of the configuration in force.")           \
	X(RELOAD, "mxfence_last_reload_success", "gauge", "1 when the last reload was applied.")   \
	X(ATTACHED, "mxfence_attached", "gauge", "1 when the fence is on the interface now.")      \
	X(SUPPRESSED, "mxfence_events_suppressed_total", "counter",                                \
	  "Drops that were counted but not recorded one by one.")                                  \
	X(BANS, "mxfence_bans", "gauge", "Bans in force, by what caused them.")                    \
	X(TEMPORARY, "mxfence_temporary_entries", "gauge", "Temporary entries in force.")          \
	X(TEMPORARY_MAX, "mxfence_temporary_entries_max", "gauge",                                 \
	  "Room in the table of temporary entries.")                                               \
	X(TRIAL, "mxfence_trial", "gauge", "1 while a configuration is on trial.")                 \
	X(UNCONFIRMED, "mxfence_unconfirmed", "gauge",                                             \
	  "1 when the files hold what was tried and is not in force.")                             \
	X(LIST_UPDATED, "mxfence_list_updated_timestamp_seconds", "gauge",                         \
	  "When mxfence-update last wrote the list; 0 for never.")                                 \
	X(LIST_REFRESH, "mxfence_list_refresh_seconds", "gauge",                                   \
	  "How often the list is to be written.")                                                  \
	X(SMTP_SESSIONS, "mxfence_smtp_sessions", "gauge", "SMTP sessions now.")                   \
	X(SMTP_SESSIONS_TOTAL, "mxfence_smtp_sessions_total", "counter",                           \
	  "SMTP sessions that have ended, by how they did.")                                       \
	X(SMTP_DECISIONS, "mxfence_smtp_decisions_total", "counter",                               \
	  "Decisions about recipients, by the rule that answered.")                                \
	X(AUTH, "mxfence_auth_total", "counter", "Login attempts.")                                \
	X(BACKEND_ERRORS, "mxfence_backend_errors_total", "counter",                               \
	  "Backend connections that failed.")                                                      \
	X(BACKEND_SECONDS, "mxfence_backend_seconds", "histogram",                                 \
	  "Time until a backend was ready for a message.")                                         \
	X(SMTP_RECORDS_LOST, "mxfence_smtp_records_lost_total", "counter",                         \
	  "Log records of the gate that found no room.")                                           \
	X(BUILD, "mxfence_build_info", "gauge", "Version of the agent.")

#define METRIC_ENUM(id, name, type, help) METRIC_##id,
enum metric { METRICS(METRIC_ENUM) };

const char *metric_name(enum metric metric);
/* The lines before a metric's values; and a metric that is one number. */
void metric_begin(FILE *out, enum metric metric);
void metric_number(FILE *out, enum metric metric, uint64_t value);

/* Temporary entries and trials where there is a fence, and the lists that have a source. */
void metrics_write_state(FILE *out, struct fence *fence, const struct config *config,
			 bool unconfirmed);

/* Nothing where there is no gate. */
void metrics_write_gate(FILE *out, const struct config *config, const struct gate *gate);

#endif
