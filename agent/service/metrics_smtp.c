// SPDX-License-Identifier: GPL-2.0-only
/* The gate's counters in Prometheus' text format. */
#include <stdio.h>
#include <string.h>

#include "service/metrics_internal.h"
#include "service/smtp_words.h"

static const int answers[MXF_DECISION_ANSWERS] = {250, 501, 530, 550, 553};
static const unsigned int bounds_ms[MXF_BACKEND_BUCKETS] = MXF_BACKEND_BOUNDS_MS;
static const char *const source_words[] = {
	[AUTH_NONE] = "none",
	[AUTH_BACKEND] = "backend",
	[AUTH_FILE] = "file",
	[AUTH_DOVECOT] = "dovecot",
};

static void write_sessions(FILE *out, const struct gate_config *config,
			   const struct mxf_gate_counters *counters)
{
	char label[METRICS_LABEL_MAX];

	metric_begin(out, METRIC_SMTP_SESSIONS_TOTAL);
	for (size_t i = 0; i < config->listener_count; i++)
		for (size_t k = 0; k < MXF_SESSION_RESULT_COUNT; k++)
			fprintf(out, "%s{listener=\"%s\",result=\"%s\"} %llu\n",
				metric_name(METRIC_SMTP_SESSIONS_TOTAL),
				metrics_escape_label(config->listeners[i].name, label),
				smtp_session_words[k],
				(unsigned long long)counters->sessions[i][k]);
}

/* Only answers that a rule has given: most pairs cannot be. */
static void write_decisions(FILE *out, const struct mxf_gate_counters *counters)
{
	metric_begin(out, METRIC_SMTP_DECISIONS);
	for (size_t i = 0; i < MXF_RULE_COUNT; i++)
		for (size_t k = 0; k < MXF_DECISION_ANSWERS; k++)
			if (counters->decisions[i][k])
				fprintf(out, "%s{rule=\"%s\",answer=\"%d\"} %llu\n",
					metric_name(METRIC_SMTP_DECISIONS), smtp_rule_words[i],
					answers[k], (unsigned long long)counters->decisions[i][k]);
}

static void write_auth(FILE *out, const struct gate_config *config,
		       const struct mxf_gate_counters *counters)
{
	metric_begin(out, METRIC_AUTH);
	for (size_t i = 0; config->auth.source != AUTH_NONE && i < MXF_AUTH_RESULT_COUNT; i++)
		fprintf(out, "%s{source=\"%s\",result=\"%s\"} %llu\n", metric_name(METRIC_AUTH),
			source_words[config->auth.source], smtp_auth_words[i],
			(unsigned long long)counters->auth[i]);
}

static void write_backend_errors(FILE *out, const struct gate_config *config,
				 const struct mxf_gate_counters *counters)
{
	char label[METRICS_LABEL_MAX];

	metric_begin(out, METRIC_BACKEND_ERRORS);
	for (size_t i = 0; i < config->backend_count; i++)
		for (size_t k = 0; k < MXF_BACKEND_ERROR_COUNT; k++)
			fprintf(out, "%s{backend=\"%s\",kind=\"%s\"} %llu\n",
				metric_name(METRIC_BACKEND_ERRORS),
				metrics_escape_label(config->backends[i].name, label),
				smtp_backend_words[k],
				(unsigned long long)counters->backend_errors[i][k]);
}

static void write_histogram(FILE *out, const char *name, const char *backend,
			    const uint64_t buckets[MXF_BACKEND_BUCKETS + 1], uint64_t milliseconds)
{
	char label[METRICS_LABEL_MAX];
	uint64_t below = 0;

	metrics_escape_label(backend, label);
	for (size_t i = 0; i < MXF_BACKEND_BUCKETS; i++) {
		below += buckets[i];
		fprintf(out, "%s_bucket{backend=\"%s\",le=\"%g\"} %llu\n", name, label,
			bounds_ms[i] / 1000.0, (unsigned long long)below);
	}
	below += buckets[MXF_BACKEND_BUCKETS];
	fprintf(out, "%s_bucket{backend=\"%s\",le=\"+Inf\"} %llu\n", name, label,
		(unsigned long long)below);
	fprintf(out, "%s_sum{backend=\"%s\"} %.3f\n", name, label, (double)milliseconds / 1000);
	fprintf(out, "%s_count{backend=\"%s\"} %llu\n", name, label, (unsigned long long)below);
}

void metrics_write_gate(FILE *out, const struct config *config, const struct gate *gate)
{
	struct mxf_gate_counters counters;
	struct gate_state state;

	gate_state(gate, &state);
	if (!config->has_gate || !state.enabled)
		return;
	gate_counters(gate, &counters);
	metric_number(out, METRIC_SMTP_SESSIONS, state.sessions);
	write_sessions(out, &config->gate, &counters);
	write_decisions(out, &counters);
	write_auth(out, &config->gate, &counters);
	write_backend_errors(out, &config->gate, &counters);
	metric_begin(out, METRIC_BACKEND_SECONDS);
	for (size_t i = 0; i < config->gate.backend_count; i++)
		write_histogram(out, metric_name(METRIC_BACKEND_SECONDS),
				config->gate.backends[i].name, counters.backend_buckets[i],
				counters.backend_milliseconds[i]);
	metric_number(out, METRIC_SMTP_RECORDS_LOST, counters.records_lost);
}
