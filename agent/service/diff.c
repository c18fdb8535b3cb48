// SPDX-License-Identifier: GPL-2.0-only
#include "service/diff.h"

#include <stdio.h>
#include <string.h>

#include "core/range.h"
#include "core/scoped.h"
#include "mxfence/control.h"
#include "service/diff_gate.h"
#include "service/report_internal.h"

/* Settings. */

static json_t *ports_text(const uint16_t *ports, size_t count)
{
	SCOPED_FREE char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s%u", i ? ", " : "", ports[i]);
	fclose(out);
	return json_string(text ? text : "");
}

static json_t *destinations_text(const struct filter_config *filter)
{
	SCOPED_FREE char *text = NULL;
	char range[RANGE_TEXT_MAX];
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (size_t i = 0; i < filter->destination_count; i++) {
		range_format(&filter->destinations[i], range);
		fprintf(out, "%s%s", i ? ", " : "", range);
	}
	fclose(out);
	return json_string(text && *text ? text : "any");
}

static json_t *metrics_text_of(const struct metrics_config *metrics)
{
	char text[sizeof(metrics->address) + 16];

	if (!metrics->enabled)
		return json_string("off");
	snprintf(text, sizeof(text), "%s port %u", metrics->address, metrics->port);
	return json_string(text);
}

static json_t *filter_settings(const struct filter_config *filter)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:s, s:s, s:s, s:s}", "attach",
			 filter->attach == MXF_ATTACH_GENERIC ? "generic" : "native",
			 "closed-ports",
			 ports_text(filter->closed_ports, filter->closed_port_count), "open-ports",
			 ports_text(filter->open_ports, filter->open_port_count), "destinations",
			 destinations_text(filter), "mode",
			 filter->mode == FILTER_OBSERVE ? "observe" : "enforce", "answer",
			 filter->answer == FILTER_RESET ? "reset" : "silent", "strict",
			 filter->strict ? "true" : "false", "on-stop",
			 filter->on_stop == FILTER_DETACH ? "detach" : "keep");
}

/* Every setting as the text a person would compare. */
static json_t *settings_of(const struct config *config)
{
	static const char *const targets[] = {"auto", "stderr", "syslog"};
	static const char *const levels[] = {"error", "warning", "info", "debug"};
	json_t *settings = config->has_filter ? filter_settings(&config->filter) : json_object();

	json_object_set_new(settings, "metrics.listen", metrics_text_of(&config->metrics));
	json_object_set_new(settings, "log.to", json_string(targets[config->log.target]));
	json_object_set_new(settings, "log.level", json_string(levels[config->log.level]));
	if (config->has_gate)
		diff_gate_settings(&config->gate, settings);
	return settings;
}

static void append_change(json_t *array, const char *key, json_t *from, json_t *to)
{
	json_array_append_new(array,
			      json_pack("{s:o, s:O?, s:O?}", "key", report_text(key, strlen(key)),
					"from", from, "to", to));
}

/* A setting that only one of them has is null in the other. */
static json_t *diff_settings(const struct config *running, const struct config *next)
{
	json_t *before = settings_of(running), *after = settings_of(next);
	json_t *array = json_array();
	const char *key;
	json_t *from, *to;

	json_object_foreach (before, key, from) {
		to = json_object_get(after, key);
		if (!to || !json_equal(from, to))
			append_change(array, key, from, to);
	}
	json_object_foreach (after, key, to)
		if (!json_object_get(before, key))
			append_change(array, key, NULL, to);
	json_decref(before);
	json_decref(after);
	return array;
}

/* Interfaces. */

static json_t *interfaces_only_in(const struct filter_config *filter,
				  const struct filter_config *other)
{
	json_t *array = json_array();

	for (size_t i = 0; i < filter->interface_count; i++) {
		const char *name = filter->interfaces[i].name;

		if (!config_find_interface(other, name))
			json_array_append_new(array, report_text(name, strlen(name)));
	}
	return array;
}

/* Lists. */

static int compare_ranges(const void *a, const void *b)
{
	const struct range *left = a, *right = b;
	int order;

	if (left->family != right->family)
		return left->family < right->family ? -1 : 1;
	order = ip_compare(left->first, right->first);
	return order ? order : ip_compare(left->last, right->last);
}

/* Sorted, each once; `list` may be NULL. */
static struct range *ranges_sorted(const struct range_list *list, size_t *count)
{
	size_t all = list ? list->count : 0;
	struct range *ranges = calloc(all + 1, sizeof(*ranges));
	size_t kept = 0;

	if (!ranges)
		return NULL;
	if (all)
		memcpy(ranges, list->ranges, all * sizeof(*ranges));
	qsort(ranges, all, sizeof(*ranges), compare_ranges);
	for (size_t i = 0; i < all; i++)
		if (!kept || compare_ranges(&ranges[kept - 1], &ranges[i]))
			ranges[kept++] = ranges[i];
	*count = kept;
	return ranges;
}

struct list_change {
	json_t *ranges; /* the first DIFF_RANGES_MAX */
	size_t count;
};

static void change_add(struct list_change *change, const struct range *range)
{
	if (change->count++ < DIFF_RANGES_MAX)
		json_array_append_new(change->ranges, report_range_text(range));
}

static void changes_find(const struct range *before, size_t before_count, const struct range *after,
			 size_t after_count, struct list_change *added, struct list_change *removed)
{
	size_t b = 0, a = 0;

	while (b < before_count || a < after_count) {
		int order = b == before_count  ? 1
			    : a == after_count ? -1
					       : compare_ranges(&before[b], &after[a]);

		if (order < 0)
			change_add(removed, &before[b]);
		else if (order > 0)
			change_add(added, &after[a]);
		b += order <= 0;
		a += order >= 0;
	}
}

/* Appends to `array` when the two differ. Either may be NULL. */
static void diff_list(json_t *array, const struct range_list *before,
		      const struct range_list *after)
{
	const struct range_list *either = after ? after : before;
	struct list_change added = {.ranges = json_array()}, removed = {.ranges = json_array()};
	size_t before_count, after_count;
	SCOPED_FREE struct range *old = ranges_sorted(before, &before_count);
	SCOPED_FREE struct range *new = ranges_sorted(after, &after_count);
	json_t *object;

	if (old && new)
		changes_find(old, before_count, new, after_count, &added, &removed);
	object = json_pack("{s:o, s:s, s:o, s:o, s:I, s:I}", "name",
			   report_text(either->name, strlen(either->name)), "action",
			   either->action == LIST_DENIED ? "denied" : "trusted", "added",
			   added.ranges, "removed", removed.ranges, "added_count",
			   (json_int_t)added.count, "removed_count", (json_int_t)removed.count);
	if (added.count || removed.count || !before || !after)
		json_array_append_new(array, object);
	else
		json_decref(object);
}

/* A list that changed sides is another list. */
static const struct range_list *find_same(const struct config *config,
					  const struct range_list *list)
{
	const struct range_list *found = config_find_list(config, list->name);

	return found && found->action == list->action ? found : NULL;
}

static json_t *diff_lists(const struct config *running, const struct config *next)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < running->filter.list_count; i++) {
		const struct range_list *list = &running->filter.lists[i];

		diff_list(array, list, find_same(next, list));
	}
	for (size_t i = 0; array && i < next->filter.list_count; i++) {
		const struct range_list *list = &next->filter.lists[i];

		if (!find_same(running, list))
			diff_list(array, NULL, list);
	}
	return array;
}

json_t *diff_report(const struct config *running, const struct config *next)
{
	json_t *settings = diff_settings(running, next);
	json_t *lists = diff_lists(running, next);
	json_t *added = interfaces_only_in(&next->filter, &running->filter);
	json_t *removed = interfaces_only_in(&running->filter, &next->filter);
	bool changed = json_array_size(settings) || json_array_size(lists) ||
		       json_array_size(added) || json_array_size(removed);

	return json_pack("{s:i, s:b, s:o, s:{s:o, s:o}, s:o}", "schema", MXF_JSON_SCHEMA, "changed",
			 changed, "settings", settings, "interfaces", "added", added, "removed",
			 removed, "lists", lists);
}
