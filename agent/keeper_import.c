// SPDX-License-Identifier: GPL-2.0-only
#include "keeper_import.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/range.h"
#include "core/scoped.h"
#include "fence/generation.h"
#include "fence/intervals.h"
#include "keeper_edit.h"
#include "service/range_lines.h"
#include "service/report.h"
#include "service/request.h"

#define NANOSECONDS 1000000000ull
#define PASSED_WITHIN (86400 * NANOSECONDS)

/* Refusals name at most so many. */
#define NAMED_MAX 3

struct import {
	struct list_edit edit;
	struct range_lines lines;
	struct range_lines old; /* none where the file cannot be understood */
	const char *text;
	bool force;
};

/* The names of a few of many, one after the other. */
struct some_names {
	char text[NAMED_MAX * (RANGE_TEXT_MAX + 2) + 8];
	size_t used;
	size_t count;
};

static void names_add(struct some_names *names, const char *name)
{
	size_t room = sizeof(names->text) - names->used;

	if (names->count++ < NAMED_MAX)
		names->used += (size_t)snprintf(names->text + names->used, room, "%s%s",
						names->used ? ", " : "", name);
	else if (names->count == NAMED_MAX + 1)
		names->used += (size_t)snprintf(names->text + names->used, room, ", ...");
}

/* How much of the list would go. */

/* The number of the last interval that begins at or before the address. */
static size_t interval_at(const struct interval_set *set, struct ip ip)
{
	size_t low = 0, high = set->count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (ip_compare(set->items[middle].first, ip) <= 0)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static bool is_covered(const struct interval_set *set, const struct range *range)
{
	for (size_t i = interval_at(set, range->first);
	     i < set->count && ip_compare(set->items[i].first, range->last) <= 0; i++)
		if (set->items[i].decider == RANGE_NONE)
			return false;
	return true;
}

/* Counts the ranges of one family that the new lines do not hold. */
static int count_lost(const struct range_lines *old, const struct range_lines *lines,
		      uint8_t family, struct some_names *lost)
{
	const struct range_list list = {.ranges = lines->ranges, .count = lines->count};
	struct range_set set;
	struct interval_set intervals;
	char text[RANGE_TEXT_MAX];
	int error = range_set_build(&list, 1, family, &set);

	if (error)
		return error;
	error = interval_set_build(&set, &intervals);
	range_set_clear(&set);
	if (error)
		return error;
	for (size_t i = 0; i < old->count; i++) {
		if (old->ranges[i].family != family || is_covered(&intervals, &old->ranges[i]))
			continue;
		range_format(&old->ranges[i], text);
		names_add(lost, text);
	}
	interval_set_clear(&intervals);
	return 0;
}

static int check_shrinking(const struct import *import, struct trouble *trouble)
{
	const struct range_lines *old = &import->old;
	struct some_names lost = {.count = 0};
	int error = 0;

	if (!import->force)
		error = count_lost(old, &import->lines, MXF_FAMILY_IPV4, &lost);
	if (!import->force && !error)
		error = count_lost(old, &import->lines, MXF_FAMILY_IPV6, &lost);
	if (error)
		return trouble_set(trouble, error, "out of memory");
	if (lost.count * 2 <= old->count)
		return 0;
	return trouble_set(
		trouble, -EPERM,
		"list %s would lose %zu of its %zu ranges (%s), which is more than half; "
		"nothing was changed; --force does it",
		import->edit.list, lost.count, old->count, lost.text);
}

/* Who passed lately and would be cut off. */

static bool is_trusted(const struct mxf_generation *generation, const struct mxf_drop *pass)
{
	uint32_t answer =
		generation_look_up(generation, pass->family, ip_from_words(pass->address));

	return MXF_ANSWER_KIND(answer) == MXF_ANSWER_TRUSTED;
}

static void find_cut_off(const struct mxf_drop *passes, int count, const struct mxf_generation *now,
			 const struct mxf_generation *next, struct some_names *cut_off)
{
	const uint64_t since = report_monotonic_now() - PASSED_WITHIN;

	for (int i = 0; i < count; i++) {
		const struct mxf_drop *pass = &passes[i];
		char text[RANGE_TEXT_MAX];

		if ((int64_t)(pass->last - since) < 0 || !is_trusted(now, pass) ||
		    is_trusted(next, pass))
			continue;
		ip_format(ip_from_words(pass->address), pass->family, text);
		names_add(cut_off, text);
	}
}

static int guard_passed(struct keeper *keeper, const struct config *next, struct trouble *trouble)
{
	SCOPED_FREE struct mxf_generation *would_be = NULL;
	SCOPED_FREE struct mxf_drop *passes = NULL;
	const struct mxf_generation *now;
	struct some_names cut_off = {.count = 0};
	int count, error = fence_generation(keeper->fence, &now, trouble);

	if (error)
		return error;
	count = fence_read_passes(keeper->fence, &passes);
	if (count > 0)
		error = generation_compile(next, &would_be);
	if (count < 0 || error)
		return trouble_set(trouble, count < 0 ? count : error,
				   "who passed lately cannot be told: %s",
				   strerror(count < 0 ? -count : -error));
	if (count)
		find_cut_off(passes, count, now, would_be, &cut_off);
	if (!cut_off.count)
		return 0;
	return trouble_set(
		trouble, -EPERM,
		"%zu source%s that passed within a day would be cut off: %s; nothing was "
		"changed; --force does it",
		cut_off.count, cut_off.count == 1 ? "" : "s", cut_off.text);
}

/* The request. */

static int import_open(const struct keeper *keeper, const json_t *arguments, struct import *import,
		       struct trouble *trouble)
{
	const struct range_list *list;
	struct trouble ignored;
	const char *name;
	int error = request_string(arguments, "list", true, &name, trouble);

	if (!error)
		error = request_string(arguments, "text", true, &import->text, trouble);
	if (error)
		return error;
	import->force = json_is_true(json_object_get(arguments, "force"));
	list = config_find_list(keeper->config, name);
	if (list && !list->from_directory && list->source.kind == SOURCE_NONE)
		return trouble_set(trouble, -EPERM,
				   "list %s is written in %s:%u; edit it there, or name another "
				   "list",
				   name, sources_name(&keeper->config->sources, list->place.file),
				   list->place.line);
	error = list_edit_open(keeper, name, &import->edit, trouble);
	if (!error)
		error = range_lines_read(import->text, &import->lines, trouble);
	if (!error)
		range_lines_read(import->edit.data, &import->old, &ignored);
	return error;
}

static void import_close(struct import *import)
{
	list_edit_close(&import->edit);
	range_lines_clear(&import->lines);
	range_lines_clear(&import->old);
}

/* The same ranges on the same lines: only comments differ. */
static bool changes_no_range(const struct import *import)
{
	const struct range *old = import->old.ranges, *new = import->lines.ranges;
	bool same = import->old.count && import->old.count == import->lines.count;

	for (size_t i = 0; i < import->old.count && same; i++)
		same = old[i].line == new[i].line &&old[i].family ==
			       new[i].family &&ip_equal(old[i].first, new[i].first) &&
		       ip_equal(old[i].last, new[i].last);
	return same;
}

static void import_say(const struct import *import, bool unchanged, json_t *body)
{
	const size_t count = import->lines.count;
	char done[LIST_NAME_MAX + sizeof(import->lines.masked) + 96];

	snprintf(done, sizeof(done), "list %s %s %zu range%s%s%s", import->edit.list,
		 unchanged ? "has the same" : "has now", count, count == 1 ? "" : "s",
		 import->lines.masked[0] ? "; " : "", import->lines.masked);
	json_object_set_new(body, "list", json_string(import->edit.list));
	json_object_set_new(body, "ranges", json_integer((json_int_t)count));
	json_object_set_new(body, "unchanged", json_boolean(unchanged));
	json_object_set_new(body, "done", report_text(done, strlen(done)));
}

static void import_carry_out(struct keeper *keeper, const struct import *import,
			     struct control_answer *answer)
{
	const struct text text = {.data = (char *)import->text, .size = strlen(import->text)};
	const struct keeper_terms terms = {.guard = import->force ? NULL : guard_passed};
	const bool unchanged =
		changes_no_range(import) && list_edit_is_in_force(keeper, &import->edit);
	struct trouble trouble;
	int error;

	if (unchanged) {
		error = list_edit_write(keeper, &import->edit, &text, &trouble);
		if (error)
			keeper_answer_error(answer, keeper_exit_for(error), "%s", trouble.text);
		else
			answer->body = json_pack("{s:i}", "schema", MXF_JSON_SCHEMA);
	} else {
		list_edit_apply(keeper, &import->edit, &text, &terms, answer);
	}
	if (answer->exit == MXF_EXIT_OK)
		import_say(import, unchanged, answer->body);
}

void keeper_trust_import(void *context, const json_t *arguments, struct control_answer *answer)
{
	__attribute__((cleanup(import_close))) struct import import = {.text = NULL};
	struct keeper *keeper = context;
	struct trouble trouble;
	int error;

	if (!keeper_has_fence(keeper, answer))
		return;
	error = keeper_check_edit(keeper, &trouble);
	if (!error)
		error = import_open(keeper, arguments, &import, &trouble);
	if (!error)
		error = check_shrinking(&import, &trouble);
	if (error)
		keeper_answer_error(answer, error == -EINVAL ? MXF_EXIT_USAGE : MXF_EXIT_FAILED,
				    "%s", trouble.text);
	else
		import_carry_out(keeper, &import, answer);
}
