// SPDX-License-Identifier: GPL-2.0-only
#include "service/metrics.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/scoped.h"
#include "service/metrics_internal.h"
#include "service/report_internal.h"

#define METRIC_ROW(id, name, type, help) {name, type, help},
static const struct {
	const char *name;
	const char *type;
	const char *help;
} metrics[] = {METRICS(METRIC_ROW)};

const char *metrics_escape_label(const char *text, char out[METRICS_LABEL_MAX])
{
	size_t at = 0;

	for (; *text && at + 3 <= METRICS_LABEL_MAX; text++) {
		if (*text == '\\' || *text == '"' || *text == '\n')
			out[at++] = '\\';
		out[at++] = *text == '\n' ? 'n' : *text;
	}
	out[at] = '\0';
	return out;
}

const char *metric_name(enum metric metric)
{
	return metrics[metric].name;
}

void metric_begin(FILE *out, enum metric metric)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", metrics[metric].name, metrics[metric].help,
		metrics[metric].name, metrics[metric].type);
}

void metric_number(FILE *out, enum metric metric, uint64_t value)
{
	metric_begin(out, metric);
	fprintf(out, "%s %llu\n", metrics[metric].name, (unsigned long long)value);
}

static void write_counts(FILE *out, enum metric metric, const struct fence_interface *interface)
{
	char label[METRICS_LABEL_MAX];
	struct report_count count;

	metrics_escape_label(interface->name, label);
	for (size_t at = 0; report_next_count(&interface->counters, &at, &count);)
		fprintf(out,
			"%s{interface=\"%s\",family=\"%s\",verdict=\"%s\",reason=\"%s\"} %llu\n",
			metrics[metric].name, label, count.family, count.verdict, count.reason,
			(unsigned long long)(metric == METRIC_BYTES ? count.bytes : count.packets));
}

static void write_interfaces(FILE *out, const struct report_snapshot *snapshot)
{
	uint64_t suppressed = 0;

	for (enum metric metric = METRIC_PACKETS; metric <= METRIC_BYTES; metric++) {
		metric_begin(out, metric);
		for (int i = 0; i < snapshot->interface_count; i++)
			write_counts(out, metric, &snapshot->interfaces[i]);
	}
	metric_begin(out, METRIC_ATTACHED);
	for (int i = 0; i < snapshot->interface_count; i++) {
		const struct fence_interface *interface = &snapshot->interfaces[i];
		char label[METRICS_LABEL_MAX];

		suppressed += mxf_counters_suppressed(&interface->counters);
		if (interface->removed)
			continue;
		fprintf(out, "%s{interface=\"%s\",mode=\"%s\"} %d\n", metrics[METRIC_ATTACHED].name,
			metrics_escape_label(interface->name, label),
			interface->attach == MXF_ATTACH_GENERIC ? "generic" : "native",
			interface->attached);
	}
	metric_number(out, METRIC_SUPPRESSED, suppressed);
}

struct list_sum {
	uint64_t ranges[MXF_FAMILY_COUNT];
	uint64_t hits;
};

static struct list_sum *sum_lists(const struct mxf_generation *generation)
{
	struct list_sum *sums = calloc(generation->directory.list_count + 1, sizeof(*sums));
	struct generation_range entry;

	for (uint32_t id = 0; sums && id < generation->directory.range_count; id++) {
		generation_read_range(generation, id, &entry);
		sums[entry.list].ranges[entry.range.family]++;
		sums[entry.list].hits += entry.hits;
	}
	return sums;
}

static int write_lists(FILE *out, const struct mxf_generation *generation)
{
	SCOPED_FREE struct list_sum *sums = sum_lists(generation);
	char label[METRICS_LABEL_MAX];

	if (!sums)
		return -ENOMEM;
	metric_begin(out, METRIC_RANGES);
	for (uint32_t i = 0; i < generation->directory.list_count; i++) {
		metrics_escape_label(
			generation_string(generation, generation_list(generation, i)->name), label);
		for (uint8_t family = MXF_FAMILY_IPV4; family <= MXF_FAMILY_IPV6; family++)
			fprintf(out, "%s{list=\"%s\",family=\"%s\"} %llu\n",
				metrics[METRIC_RANGES].name, label, report_families[family],
				(unsigned long long)sums[i].ranges[family]);
	}
	metric_begin(out, METRIC_RANGE_HITS);
	for (uint32_t i = 0; i < generation->directory.list_count; i++) {
		metrics_escape_label(
			generation_string(generation, generation_list(generation, i)->name), label);
		fprintf(out, "%s{list=\"%s\"} %llu\n", metrics[METRIC_RANGE_HITS].name, label,
			(unsigned long long)sums[i].hits);
	}
	return 0;
}

static int write_all(FILE *out, struct fence *fence, const struct report_snapshot *snapshot,
		     const struct config *config, const struct gate *gate,
		     const struct metrics_agent *agent)
{
	char label[METRICS_LABEL_MAX];
	int error = 0;

	write_interfaces(out, snapshot);
	if (snapshot->generation)
		error = write_lists(out, snapshot->generation);
	metric_number(out, METRIC_GENERATION,
		      snapshot->generation ? snapshot->generation->number : 0);
	metric_begin(out, METRIC_CONFIG);
	fprintf(out, "%s{hash=\"%016llx\"} 1\n", metrics[METRIC_CONFIG].name,
		(unsigned long long)agent->config_hash);
	metric_number(out, METRIC_RELOAD, agent->last_reload_success);
	metrics_write_state(out, fence, config, agent->unconfirmed);
	metrics_write_gate(out, config, gate);
	metric_begin(out, METRIC_BUILD);
	fprintf(out, "%s{version=\"%s\"} 1\n", metrics[METRIC_BUILD].name,
		metrics_escape_label(agent->version, label));
	return error;
}

char *metrics_text(struct fence *fence, const struct config *config, const struct gate *gate,
		   const struct metrics_agent *agent, struct trouble *trouble)
{
	struct report_snapshot snapshot;
	SCOPED_FREE char *text = NULL;
	size_t size;
	FILE *out;
	int error;

	if (report_snapshot_read(fence, &snapshot, trouble))
		return NULL;
	out = open_memstream(&text, &size);
	error = out ? write_all(out, fence, &snapshot, config, gate, agent) : -ENOMEM;
	if (out && fclose(out))
		error = -ENOMEM;
	if (!error)
		return TAKE_PTR(text);
	trouble_set(trouble, error, "out of memory");
	return NULL;
}
