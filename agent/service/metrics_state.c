// SPDX-License-Identifier: GPL-2.0-only
/* Metrics of what comes and goes: temporary entries, trials, lists that are kept current. */
#include <sys/stat.h>

#include "service/metrics_internal.h"

#define ACTION_NAME(id, name, text) [MXF_TEMPORARY_##id] = name,
static const char *const actions[MXF_TEMPORARY_ACTION_COUNT] = {MXF_TEMPORARY_ACTIONS(ACTION_NAME)};

static void write_bans(FILE *out, const struct temporary_counts *counts)
{
	metric_begin(out, METRIC_BANS);
	for (int cause = 0; cause < MXF_CAUSE_COUNT; cause++)
		fprintf(out, "%s{cause=\"%s\"} %zu\n", metric_name(METRIC_BANS),
			report_causes[cause], counts->counts[MXF_TEMPORARY_BAN][cause]);
}

static void write_entries(FILE *out, const struct temporary_counts *counts)
{
	metric_begin(out, METRIC_TEMPORARY);
	for (int action = 0; action < MXF_TEMPORARY_ACTION_COUNT; action++) {
		size_t sum = 0;

		for (int cause = 0; cause < MXF_CAUSE_COUNT; cause++)
			sum += counts->counts[action][cause];
		fprintf(out, "%s{action=\"%s\"} %zu\n", metric_name(METRIC_TEMPORARY),
			actions[action], sum);
	}
	metric_number(out, METRIC_TEMPORARY_MAX, MXF_TEMPORARY_MAX);
}

static void write_sources(FILE *out, const struct filter_config *filter, enum metric metric)
{
	char label[METRICS_LABEL_MAX];
	struct stat status;

	metric_begin(out, metric);
	for (size_t i = 0; i < filter->list_count; i++) {
		const struct range_list *list = &filter->lists[i];
		long long value = list->source.refresh;

		if (list->source.kind == SOURCE_NONE)
			continue;
		if (metric == METRIC_LIST_UPDATED)
			value = stat(list->source.path, &status) ? 0 : status.st_mtime;
		fprintf(out, "%s{list=\"%s\"} %lld\n", metric_name(metric),
			metrics_escape_label(list->name, label), value);
	}
}

void metrics_write_state(FILE *out, struct fence *fence, const struct config *config,
			 bool unconfirmed)
{
	struct temporary_counts counts;
	struct fence_trial trial = {.deadline = 0};
	struct trouble ignored;

	if (fence && !temporary_read_counts(fence, &counts, &ignored)) {
		write_bans(out, &counts);
		write_entries(out, &counts);
	}
	if (fence && !fence_trial_read(fence, &trial, &ignored))
		metric_number(out, METRIC_TRIAL, trial.deadline && !trial.ended);
	metric_number(out, METRIC_UNCONFIRMED, unconfirmed);
	write_sources(out, &config->filter, METRIC_LIST_UPDATED);
	write_sources(out, &config->filter, METRIC_LIST_REFRESH);
}
