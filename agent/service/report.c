// SPDX-License-Identifier: GPL-2.0-only
/* Answers that come from the pinned maps. */
#include "service/report.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "core/scoped.h"
#include "service/report_internal.h"

#define NANOSECONDS 1000000000u

/* A fence without a generation is told as one that is empty. */
static int snapshot_read_interfaces(struct fence *fence, struct report_snapshot *snapshot,
				    struct trouble *trouble)
{
	snapshot->interface_count = fence_read_interfaces(fence, snapshot->interfaces);
	if (snapshot->interface_count >= 0)
		return 0;
	return trouble_set(trouble, snapshot->interface_count, "reading the counters: %s",
			   strerror(-snapshot->interface_count));
}

int report_snapshot_read(struct fence *fence, struct report_snapshot *snapshot,
			 struct trouble *trouble)
{
	int error;

	if (!fence) {
		snapshot->generation = NULL;
		snapshot->interface_count = 0;
		return 0;
	}
	error = fence_generation(fence, &snapshot->generation, trouble);
	if (error == -ENOENT)
		snapshot->generation = NULL;
	else if (error)
		return error;
	return snapshot_read_interfaces(fence, snapshot, trouble);
}

static json_t *status_agent(const struct report_agent *agent)
{
	const char *error = agent->reload_error;

	return json_pack("{s:b, s:o, s:o, s:b, s:o, s:o, s:b}", "running", agent->running, "pid",
			 agent->running ? json_integer(agent->pid) : json_null(), "version",
			 agent->version ? json_string(agent->version) : json_null(), "loaded",
			 agent->loaded, "reload_error",
			 error ? report_text(error, strlen(error)) : json_null(), "reload_time",
			 agent->reload_time ? report_time(agent->reload_time) : json_null(),
			 "unconfirmed", agent->unconfirmed);
}

static json_t *status_interfaces(const struct fence_interface *interfaces, int count)
{
	json_t *array = json_array();

	for (int i = 0; array && i < count; i++) {
		const struct fence_interface *at = &interfaces[i];

		if (at->removed)
			continue;
		json_array_append_new(
			array,
			json_pack("{s:o, s:o, s:b, s:s, s:b}", "name",
				  report_text(at->name, strlen(at->name)), "now",
				  at->now[0] ? report_text(at->now, strlen(at->now)) : json_null(),
				  "attached", at->attached, "mode",
				  at->attach == MXF_ATTACH_GENERIC ? "generic" : "native", "frags",
				  at->frags));
	}
	return array;
}

static json_t *status_lists(const struct mxf_generation *generation)
{
	SCOPED_FREE uint64_t *hits = NULL;
	json_t *array = json_array();
	struct generation_range entry;

	if (!generation)
		return array;
	hits = calloc(generation->directory.list_count + 1, sizeof(*hits));
	for (uint32_t id = 0; hits && id < generation->directory.range_count; id++) {
		generation_read_range(generation, id, &entry);
		hits[entry.list] += entry.hits;
	}
	for (uint32_t i = 0; hits && array && i < generation->directory.list_count; i++) {
		const struct mxf_list *list = generation_list(generation, i);

		json_array_append_new(array, json_pack("{s:o, s:s, s:I, s:I}", "name",
						       report_list_name(generation, i), "action",
						       report_action(list->action), "ranges",
						       (json_int_t)list->range_count, "hits",
						       (json_int_t)hits[i]));
	}
	return array;
}

static void list_add_source(json_t *list, const struct list_source *source)
{
	struct stat written;
	bool known = !stat(source->path, &written);

	json_object_set_new(list, "source", report_text(source->text, strlen(source->text)));
	json_object_set_new(list, "updated",
			    known ? report_time((uint64_t)written.st_mtime * NANOSECONDS)
				  : json_null());
	json_object_set_new(list, "refresh", json_integer(source->refresh));
}

void report_add_sources(json_t *status, const struct config *config)
{
	size_t i;
	json_t *object;

	json_array_foreach (json_object_get(status, "lists"), i, object) {
		const char *name = json_string_value(json_object_get(object, "name"));
		const struct range_list *list = name ? config_find_list(config, name) : NULL;

		if (list && list->source.kind != SOURCE_NONE)
			list_add_source(object, &list->source);
	}
}

static json_t *status_ports(const struct mxf_generation *generation, enum mxf_port_class class)
{
	json_t *array = json_array();

	for (uint32_t port = 0; array && generation && port <= UINT16_MAX; port++) {
		uint8_t classes = generation->ports[port / 4];

		if ((classes >> port % 4 * 2 & 3) == (unsigned int)class)
			json_array_append_new(array, json_integer(port));
	}
	return array;
}

/* Null without a trial. */
static json_t *status_trial(struct fence *fence)
{
	struct fence_trial trial = {.deadline = 0};
	char deadline[REPORT_TIME_MAX];
	struct trouble ignored;

	if (!fence || fence_trial_read(fence, &trial, &ignored) || !trial.deadline)
		return json_null();
	report_boot_time_text(trial.deadline, deadline);
	return json_pack("{s:s, s:s, s:I, s:I}", "state", trial.ended ? "ended" : "running",
			 "deadline", deadline, "generation", (json_int_t)trial.generation,
			 "previous", (json_int_t)trial.previous);
}

/* Null without a fence. */
static json_t *status_temporary(const struct fence *fence)
{
	struct temporary_counts counts;
	json_int_t sums[MXF_TEMPORARY_ACTION_COUNT] = {0};
	struct trouble ignored;

	if (!fence || temporary_read_counts(fence, &counts, &ignored))
		return json_null();
	for (int action = 0; action < MXF_TEMPORARY_ACTION_COUNT; action++)
		for (int cause = 0; cause < MXF_CAUSE_COUNT; cause++)
			sums[action] += (json_int_t)counts.counts[action][cause];
	return json_pack("{s:I, s:I}", "bans", sums[MXF_TEMPORARY_BAN], "trusted",
			 sums[MXF_TEMPORARY_TRUST]);
}

/* What the generation in force says by itself; null or empty when there is none. */
static json_t *status_with_generation(json_t *status, const struct mxf_generation *generation)
{
	const char *mode =
		generation && generation->flags & MXF_FLAG_OBSERVE ? "observe" : "enforce";

	json_object_set_new(status, "mode", generation ? json_string(mode) : json_null());
	json_object_set_new(status, "generation",
			    json_integer(generation ? (json_int_t)generation->number : 0));
	json_object_set_new(status, "published",
			    generation ? report_time(generation->created) : json_null());
	json_object_set_new(status, "closed_ports", status_ports(generation, MXF_PORT_CLOSED));
	json_object_set_new(status, "open_ports", status_ports(generation, MXF_PORT_OPEN));
	json_object_set_new(status, "lists", status_lists(generation));
	return status;
}

json_t *report_status(struct fence *fence, const struct report_agent *agent,
		      struct trouble *trouble)
{
	struct report_snapshot snapshot;

	if (report_snapshot_read(fence, &snapshot, trouble))
		return NULL;
	return status_with_generation(
		json_pack("{s:i, s:o, s:o, s:o, s:o, s:n}", "schema", MXF_JSON_SCHEMA, "agent",
			  status_agent(agent), "trial", status_trial(fence), "temporary",
			  status_temporary(fence), "interfaces",
			  status_interfaces(snapshot.interfaces, snapshot.interface_count), "gate"),
		snapshot.generation);
}

static void packets_append(json_t *array, const struct fence_interface *interface)
{
	struct report_count count;

	for (size_t at = 0; report_next_count(&interface->counters, &at, &count);)
		json_array_append_new(
			array, json_pack("{s:o, s:s, s:s, s:s, s:I, s:I}", "interface",
					 report_text(interface->name, strlen(interface->name)),
					 "family", count.family, "verdict", count.verdict, "reason",
					 count.reason, "packets", (json_int_t)count.packets,
					 "bytes", (json_int_t)count.bytes));
}

static json_t *stats_ranges(const struct mxf_generation *generation, uint32_t *without_hits)
{
	uint32_t count = generation ? generation->directory.range_count : 0;
	json_t *array = json_array();
	struct generation_range entry;

	for (uint32_t id = 0; array && id < count; id++) {
		generation_read_range(generation, id, &entry);
		*without_hits += !entry.hits;
		if (!entry.hits && count > REPORT_RANGES_MAX)
			continue;
		json_array_append_new(
			array,
			json_pack("{s:o, s:o, s:s, s:I, s:o}", "range",
				  report_range_text(&entry.range), "list",
				  report_list_name(generation, entry.list), "action",
				  report_action(generation_list(generation, entry.list)->action),
				  "hits", (json_int_t)entry.hits, "last_hit",
				  report_monotonic_time(entry.last_hit)));
	}
	return array;
}

json_t *report_stats(struct fence *fence, struct trouble *trouble)
{
	struct report_snapshot snapshot;
	uint32_t without_hits = 0;
	json_t *packets, *ranges;

	if (report_snapshot_read(fence, &snapshot, trouble))
		return NULL;
	packets = json_array();
	for (int i = 0; packets && i < snapshot.interface_count; i++)
		packets_append(packets, &snapshot.interfaces[i]);
	ranges = stats_ranges(snapshot.generation, &without_hits);
	return json_pack("{s:i, s:o, s:o, s:I}", "schema", MXF_JSON_SCHEMA, "packets", packets,
			 "ranges", ranges, "ranges_without_hits", (json_int_t)without_hits);
}

static int drop_compare_recent_first(const void *a, const void *b)
{
	const struct mxf_drop *left = a, *right = b;

	return (left->last < right->last) - (left->last > right->last);
}

static json_t *drop_object(const struct mxf_drop *drop)
{
	if (drop->family >= MXF_FAMILY_COUNT || drop->reason >= MXF_REASON_COUNT ||
	    drop->verdict >= MXF_VERDICT_COUNT)
		return json_null();
	return json_pack("{s:o, s:i, s:s, s:s, s:I, s:o, s:o}", "address",
			 report_address(drop->address, drop->family), "port", drop->port, "reason",
			 report_reasons[drop->reason], "verdict", report_verdicts[drop->verdict],
			 "count", (json_int_t)drop->count, "first",
			 report_monotonic_time(drop->first), "last",
			 report_monotonic_time(drop->last));
}

json_t *report_drops(struct fence *fence, struct trouble *trouble)
{
	SCOPED_FREE struct mxf_drop *drops = NULL;
	struct report_snapshot snapshot = {.interface_count = 0};
	uint64_t suppressed = 0;
	json_t *array;
	int count;

	if (fence && snapshot_read_interfaces(fence, &snapshot, trouble))
		return NULL;
	count = fence ? fence_read_drops(fence, &drops) : 0;
	if (count < 0) {
		trouble_set(trouble, count, "reading the drops: %s", strerror(-count));
		return NULL;
	}
	for (int i = 0; i < snapshot.interface_count; i++)
		suppressed += mxf_counters_suppressed(&snapshot.interfaces[i].counters);
	if (count)
		qsort(drops, (size_t)count, sizeof(*drops), drop_compare_recent_first);
	array = json_array();
	for (int i = 0; array && i < count; i++)
		json_array_append_new(array, drop_object(&drops[i]));
	return json_pack("{s:i, s:o, s:I}", "schema", MXF_JSON_SCHEMA, "drops", array, "suppressed",
			 (json_int_t)suppressed);
}
