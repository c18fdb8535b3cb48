// SPDX-License-Identifier: GPL-2.0-only
#include "fence/lint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/range.h"
#include "fence/intervals.h"

struct lint {
	const struct config *config;
	struct diags *diags;
	struct range_set set;	 /* of the family that is being inspected */
	uint8_t *inside_trusted; /* a bit for each range of the set */
};

static const struct range_list *list_of(const struct lint *lint, const struct ranked_range *ranked)
{
	return &lint->config->filter.lists[ranked->list];
}

static const struct range *range_of(const struct lint *lint, const struct ranked_range *ranked)
{
	return &list_of(lint, ranked)->ranges[ranked->range];
}

static bool is_trusted(const struct lint *lint, const struct ranked_range *ranked)
{
	return list_of(lint, ranked)->action == LIST_TRUSTED;
}

static const char *action_name(enum list_action action)
{
	return action == LIST_TRUSTED ? "trusted" : "denied";
}

/* The bytes of a line that can belong to an address, a prefix or a range. */
static size_t word_length(const char *text, size_t size)
{
	size_t length = 0;

	while (length < size && text[length] != '\0' && !strchr(" \t,;#\"'[]{}", text[length]))
		length++;
	return length;
}

/* The range that text begins with, in quotes or without. */
static size_t written_length(const char *text, size_t size)
{
	const char *quote =
		*text == '"' || *text == '\'' ? memchr(text + 1, *text, size - 1) : NULL;

	return quote ? (size_t)(quote - text) + 1 : word_length(text, size);
}

/* Ranges only remember small columns; behind those the range is looked for. */
static uint32_t find_column(const struct range *range, const char *line, size_t size)
{
	size_t at = UINT8_MAX - 1;

	while (at < size) {
		struct range found = {0};
		size_t length = word_length(line + at, size - at);

		if (length > 0 && range_parse(line + at, length, &found) <= RANGE_HOST_BITS &&
		    ip_equal(found.first, range->first) && ip_equal(found.last, range->last))
			return (uint32_t)at + 1;
		at += length + 1;
	}
	return UINT8_MAX;
}

/* Without a length, which underline() finds later, in one pass over the file. */
static struct place place_of(const struct lint *lint, const struct range *range)
{
	struct place place = {.file = range->file, .line = range->line, .column = range->column};
	const char *line;
	size_t size;

	if (range->column < UINT8_MAX)
		return place;
	line = sources_line(&lint->config->sources, range->file, range->line, &size);
	if (line)
		place.column = find_column(range, line, size);
	return place;
}

static const char *file_of(const struct lint *lint, const struct range *range)
{
	return sources_name(&lint->config->sources, range->file);
}

/* A range in a sentence: its text and where it is written. */
struct described {
	const struct range *range;
	char text[RANGE_TEXT_MAX];
	const char *file;
	const char *list;
	const char *action;
};

static struct described describe(const struct lint *lint, const struct ranked_range *ranked)
{
	const struct range_list *list = list_of(lint, ranked);
	struct described described = {
		.range = range_of(lint, ranked),
		.list = list->name,
		.action = action_name(list->action),
	};

	described.file = file_of(lint, described.range);
	range_format(described.range, described.text);
	return described;
}

static void report_conflict(struct lint *lint, enum range_relation relation,
			    const struct ranked_range *outer, const struct ranked_range *inner)
{
	static const char equal[] = "%s is %s (%s) here and %s (%s) at %s:%u";
	static const char overlap[] = "%s (%s, %s) overlaps %s (%s, %s) at %s:%u in part";
	const char *format = relation == RANGES_EQUAL ? equal : overlap;
	struct described a;
	struct described b;

	if (diags_count_only(lint->diags, DIAG_ERROR, range_of(lint, inner)->file, format))
		return;
	a = describe(lint, outer);
	b = describe(lint, inner);
	if (relation == RANGES_EQUAL)
		diags_add(lint->diags, DIAG_ERROR, place_of(lint, b.range), NULL, equal, b.text,
			  b.action, b.list, a.action, a.list, a.file, a.range->line);
	else
		diags_add(lint->diags, DIAG_ERROR, place_of(lint, b.range),
			  "divide one of them, so that none or all of it lies in the other",
			  overlap, b.text, b.action, b.list, a.text, a.action, a.list, a.file,
			  a.range->line);
}

static void report_repetition(struct lint *lint, enum range_relation relation,
			      const struct ranked_range *outer, const struct ranked_range *inner)
{
	static const char equal[] = "%s is %s already (%s, %s:%u)";
	static const char nested[] = "%s changes nothing: %s of the same list holds it (%s:%u)";
	const char *format = relation == RANGES_EQUAL ? equal : nested;
	struct described a;
	struct described b;

	if (diags_count_only(lint->diags, DIAG_WARNING, range_of(lint, inner)->file, format))
		return;
	a = describe(lint, outer);
	b = describe(lint, inner);
	if (relation == RANGES_EQUAL)
		diags_add(lint->diags, DIAG_WARNING, place_of(lint, b.range), NULL, equal, b.text,
			  a.action, a.list, a.file, a.range->line);
	else
		diags_add(lint->diags, DIAG_WARNING, place_of(lint, b.range), NULL, nested, b.text,
			  a.text, a.file, a.range->line);
}

static void inspect(void *context, enum range_relation relation, bool nearest,
		    const struct ranked_range *outer, const struct ranked_range *inner)
{
	struct lint *lint = context;
	size_t index = (size_t)(inner - lint->set.ranges);
	bool same_action = is_trusted(lint, outer) == is_trusted(lint, inner);

	if (relation == RANGES_NESTED && is_trusted(lint, outer))
		lint->inside_trusted[index / 8] |= (uint8_t)(1 << index % 8);
	if (!same_action &&
	    (relation == RANGES_OVERLAPPING || (relation == RANGES_EQUAL && nearest)))
		report_conflict(lint, relation, outer, inner);
	else if (same_action && nearest && (relation == RANGES_EQUAL || outer->list == inner->list))
		report_repetition(lint, relation, outer, inner);
}

/* Where all ports are closed, who is denied would be dropped as untrusted anyway. */
static void report_needless_denial(struct lint *lint, const struct ranked_range *ranked)
{
	static const char needless[] = "denying %s changes nothing: no trusted range holds it";
	struct described described;

	if (diags_count_only(lint->diags, DIAG_WARNING, range_of(lint, ranked)->file, needless))
		return;
	described = describe(lint, ranked);
	diags_add(lint->diags, DIAG_WARNING, place_of(lint, described.range),
		  "closed ports drop every source that is not trusted; deny for open ports, or "
		  "inside trusted ranges",
		  needless, described.text);
}

static void report_needless_denials(struct lint *lint)
{
	for (size_t i = 0; i < lint->set.count; i++) {
		const struct ranked_range *ranked = &lint->set.ranges[i];

		if (!is_trusted(lint, ranked) && !(lint->inside_trusted[i / 8] & 1 << i % 8))
			report_needless_denial(lint, ranked);
	}
}

/* Whoever closes a port and then trusts everyone has not closed it. */
static void report_universal_trust(struct lint *lint)
{
	for (size_t i = 0; i < lint->set.count; i++) {
		const struct ranked_range *ranked = &lint->set.ranges[i];
		struct described described;

		if (ranked->first.hi != 0 || ranked->first.lo != 0)
			return;
		if (!is_trusted(lint, ranked) ||
		    !ip_equal(ranked->last, ip_highest(lint->set.family)))
			continue;
		described = describe(lint, ranked);
		diags_add(lint->diags, DIAG_WARNING, place_of(lint, described.range), NULL,
			  "trusting %s opens the closed ports to everyone who is not denied",
			  described.text);
	}
}

static int lint_family(struct lint *lint, uint8_t family)
{
	const struct filter_config *filter = &lint->config->filter;
	int error = range_set_build(filter->lists, filter->list_count, family, &lint->set);

	lint->inside_trusted = calloc(lint->set.count / 8 + 1, 1);
	if (!lint->inside_trusted)
		error = error ? error : -ENOMEM;
	if (!error)
		error = range_set_inspect(&lint->set, inspect, lint);
	if (!error && filter->open_port_count == 0 && lint->diags->errors == 0)
		report_needless_denials(lint);
	if (!error && filter->closed_port_count > 0)
		report_universal_trust(lint);
	free(lint->inside_trusted);
	range_set_clear(&lint->set);
	return error;
}

/* What is missing altogether; an error elsewhere may be why. */
static void lint_absences(const struct config *config, struct diags *diags)
{
	const struct filter_config *filter = &config->filter;
	struct place start = {.line = 1, .column = 1};
	size_t trusted = 0;

	if (!config->has_filter) {
		if (!config->has_gate)
			diags_add(diags, DIAG_WARNING, start, NULL,
				  "there is no \"filter\" and no \"gate\": nothing is guarded");
		return;
	}
	for (size_t i = 0; i < filter->list_count; i++) {
		const struct range_list *list = &filter->lists[i];

		trusted += list->action == LIST_TRUSTED ? list->count : 0;
		if (list->count == 0 && !list->from_directory && !list->source.pending)
			diags_add(diags, DIAG_WARNING, list->place, NULL,
				  "the list \"%s\" has no ranges", list->name);
	}
	if (filter->closed_port_count + filter->open_port_count == 0)
		diags_add(diags, DIAG_WARNING, filter->place, NULL,
			  "no port is closed or open: nothing is guarded");
	else if (filter->closed_port_count > 0 && trusted == 0)
		diags_add(diags, DIAG_WARNING, filter->place,
			  "name the hosts that may connect under \"trusted\"",
			  "nobody may connect to the closed ports: no range is trusted");
}

int lint_filter(const struct config *config, struct diags *diags)
{
	struct lint lint = {.config = config, .diags = diags};
	int error;

	if (diags->errors == 0)
		lint_absences(config, diags);
	error = lint_family(&lint, MXF_FAMILY_IPV4);
	return error ? error : lint_family(&lint, MXF_FAMILY_IPV6);
}

void lint_underline(const struct sources *sources, struct diags *diags)
{
	struct source_cursor cursor = {0};

	for (size_t i = 0; i < diags->count; i++) {
		struct place *place = &diags->items[i].place;
		size_t size;
		const char *line;

		if (place->length > 0)
			continue;
		line = sources_seek(sources, &cursor, place->file, place->line, &size);
		if (line && place->column > 0 && place->column <= size)
			place->length = (uint32_t)written_length(line + place->column - 1,
								 size - place->column + 1);
	}
}
