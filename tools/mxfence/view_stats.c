// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "table.h"
#include "views.h"

#define KEYS_MAX 4

/* How a table of `stats` comes from the answer: which records, added up over which members. */
struct grouping {
	const char *records;
	const char *keys[KEYS_MAX]; /* NULL: no more */
	const char *columns[KEYS_MAX];
	const char *count;
	const char *empty;
};

static const struct grouping groupings[STATS_KEY_COUNT] = {
	[STATS_BY_REASON] = {"packets",
			     {"verdict", "reason"},
			     {"VERDICT", "REASON"},
			     "packets",
			     "No packet to a guarded port yet."},
	[STATS_BY_INTERFACE] = {"packets",
				{"interface", "family", "verdict", "reason"},
				{"INTERFACE", "FAMILY", "VERDICT", "REASON"},
				"packets",
				"No packet to a guarded port yet."},
	[STATS_BY_LIST] =
		{"ranges", {"list", "action"}, {"LIST", "ACTION"}, "hits", "No list of ranges."},
	[STATS_BY_RANGE] = {"ranges",
			    {"range", "list", "action"},
			    {"RANGE", "LIST", "ACTION"},
			    "hits",
			    "No range."},
};

#define GROUP_KEY_MAX 512

/*
 * What is counted, and the members that name a record's group, joined by a character that none of
 * them holds.
 */
static void group_key(const struct grouping *grouping, const json_t *record,
		      char key[GROUP_KEY_MAX])
{
	size_t used = (size_t)snprintf(key, GROUP_KEY_MAX, "%s\n", grouping->count);

	for (size_t i = 0; i < KEYS_MAX && grouping->keys[i] && used < GROUP_KEY_MAX; i++) {
		const char *text = view_text(record, grouping->keys[i]);

		used += (size_t)snprintf(key + used, GROUP_KEY_MAX - used, "%s\n",
					 text ? text : "");
	}
}

static void add_number(json_t *group, const json_t *record, const char *key)
{
	json_object_set_new(
		group, key,
		json_integer((json_int_t)(view_number(group, key) + view_number(record, key))));
}

/* RFC 3339 times in UTC, to the second, sort as text. */
static void keep_latest(json_t *group, const json_t *record)
{
	const char *mine = view_text(group, "last_hit");
	const char *other = view_text(record, "last_hit");

	if (other && (!mine || strcmp(other, mine) > 0))
		json_object_set(group, "last_hit", json_object_get(record, "last_hit"));
}

/* {group key: {members, count, bytes, last_hit}} in the order of first appearance. */
static json_t *group_records(const struct grouping *grouping, const json_t *body)
{
	json_t *groups = json_object();
	size_t i;
	json_t *record;

	json_array_foreach (json_object_get(body, grouping->records), i, record) {
		char key[GROUP_KEY_MAX];
		json_t *group;

		group_key(grouping, record, key);
		group = json_object_get(groups, key);
		if (!group) {
			json_object_set_new(groups, key, json_copy(record));
			continue;
		}
		add_number(group, record, grouping->count);
		add_number(group, record, "bytes");
		keep_latest(group, record);
	}
	return groups;
}

static struct table *new_table(const struct screen *screen, const struct grouping *grouping,
			       const struct view *view)
{
	bool packets = strcmp(grouping->count, "packets") == 0;
	struct table_column columns[KEYS_MAX + 4];
	size_t count = 0;

	for (size_t i = 0; i < KEYS_MAX && grouping->keys[i]; i++)
		columns[count++] =
			(struct table_column){.name = grouping->columns[i], .may_cut = true};
	columns[count++] =
		(struct table_column){.name = packets ? "PACKETS" : "HITS", .right = true};
	columns[count++] = packets ? (struct table_column){.name = "BYTES", .right = true}
				   : (struct table_column){.name = "LAST-HIT", .right = true};
	if (view->before)
		columns[count++] = (struct table_column){.name = "PER-SECOND", .right = true};
	if (view->before && view->history)
		columns[count++] = (struct table_column){.name = "HISTORY"};
	return table_new(screen, columns, count);
}

static enum screen_style verdict_style(const json_t *record)
{
	const char *verdict = view_text(record, "verdict");

	if (verdict && strcmp(verdict, "drop") == 0)
		return STYLE_BAD;
	return verdict && strcmp(verdict, "observe") == 0 ? STYLE_WARNING : STYLE_PLAIN;
}

static void add_group(struct table *table, const struct screen *screen,
		      const struct grouping *grouping, const json_t *group)
{
	char age[SCREEN_AGE_MAX];

	for (size_t i = 0; i < KEYS_MAX && grouping->keys[i]; i++)
		table_text(table, view_text(group, grouping->keys[i]));
	table_number(table, view_number(group, grouping->count));
	if (strcmp(grouping->count, "packets") == 0) {
		table_number(table, view_number(group, "bytes"));
		return;
	}
	screen_age(screen, view_text(group, "last_hit"), age);
	table_text(table, age);
}

static struct view_rows rows_of(const struct grouping *grouping, const struct view *view,
				json_t *groups)
{
	json_t *before = group_records(grouping, view->before);
	struct view_rows rows = {.count = 0};
	const char *key;
	json_t *group;

	json_object_foreach (groups, key, group)
		view_rows_add(
			&rows, view, group, key,
			view_rate(view, view_number(group, grouping->count),
				  view_number(json_object_get(before, key), grouping->count)));
	json_decref(before);
	return rows;
}

/* Prints at most `room` lines (0: no limit); returns how many. */
static size_t view_grouping(const struct screen *screen, const struct view *view,
			    const struct grouping *grouping, size_t room)
{
	struct table *table = new_table(screen, grouping, view);
	json_t *groups = group_records(grouping, view->body);
	struct view_rows rows = rows_of(grouping, view, groups);
	size_t lines;

	if (rows.count == 0)
		fprintf(screen->out, "%s\n", grouping->empty);
	view_rows_sort(&rows, room);
	for (size_t i = 0; i < rows.shown; i++) {
		add_group(table, screen, grouping, rows.items[i].record);
		view_row_rate(table, screen, view, &rows.items[i]);
		table_style(table, verdict_style(rows.items[i].record));
	}
	table_print(&table);
	lines = view_rows_end(&rows, screen);
	json_decref(groups);
	return lines + 1;
}

void view_packets(const struct screen *screen, const struct view *view)
{
	view_grouping(screen, view, &groupings[STATS_BY_REASON], 0);
}

/* Ranges that the answer counts as without hits, but for those that it lists all the same. */
static uint64_t count_unlisted(const json_t *body)
{
	uint64_t count = view_number(body, "ranges_without_hits");
	size_t i;
	json_t *range;

	json_array_foreach (json_object_get(body, "ranges"), i, range)
		count -= count && !view_number(range, "hits");
	return count;
}

#define ROOM_LEAST 4 /* a table of two rows, or one row and what is more */

/* What is left of a height, at least enough for something; 0 of no height. */
static size_t room_beside(size_t height, size_t lines)
{
	if (!height)
		return 0;
	return height > lines + ROOM_LEAST ? height - lines : ROOM_LEAST;
}

static void view_both(const struct screen *screen, const struct view *view)
{
	size_t lines = view_grouping(screen, view, &groupings[STATS_BY_REASON],
				     room_beside(screen->height, ROOM_LEAST));

	fputs("\n", screen->out);
	view_grouping(screen, view, &groupings[STATS_BY_LIST],
		      room_beside(screen->height, lines + 1));
}

void view_stats(const struct screen *screen, const struct view *view)
{
	enum stats_key by = view->command->by;
	uint64_t unlisted;

	if (by == STATS_KEY_COUNT) {
		view_both(screen, view);
		return;
	}
	unlisted = by == STATS_BY_RANGE && !screen->raw ? count_unlisted(view->body) : 0;
	view_grouping(screen, view, &groupings[by], room_beside(screen->height, unlisted ? 2 : 0));
	if (unlisted)
		fprintf(screen->out, "\n%llu ranges without hits are not listed.\n",
			(unsigned long long)unlisted);
}
