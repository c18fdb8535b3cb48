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

/* The members that name a record's group, joined by a character that none of them holds. */
static void group_key(const struct grouping *grouping, const json_t *record,
		      char key[GROUP_KEY_MAX])
{
	size_t used = 0;

	key[0] = '\0';
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
			       bool rates)
{
	bool packets = strcmp(grouping->count, "packets") == 0;
	struct table_column columns[KEYS_MAX + 3];
	size_t count = 0;

	for (size_t i = 0; i < KEYS_MAX && grouping->keys[i]; i++)
		columns[count++] =
			(struct table_column){.name = grouping->columns[i], .may_cut = true};
	columns[count++] =
		(struct table_column){.name = packets ? "PACKETS" : "HITS", .right = true};
	columns[count++] = packets ? (struct table_column){.name = "BYTES", .right = true}
				   : (struct table_column){.name = "LAST-HIT", .right = true};
	if (rates)
		columns[count++] = (struct table_column){.name = "PER-SECOND", .right = true};
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

static void view_grouping(const struct screen *screen, const struct view *view,
			  const struct grouping *grouping)
{
	struct table *table = new_table(screen, grouping, view->before != NULL);
	json_t *groups = group_records(grouping, view->body);
	json_t *before = group_records(grouping, view->before);
	const char *key;
	json_t *group;

	if (json_object_size(groups) == 0)
		fprintf(screen->out, "%s\n", grouping->empty);
	json_object_foreach (groups, key, group) {
		add_group(table, screen, grouping, group);
		if (view->before)
			table_rate(table, view_rate(view, view_number(group, grouping->count),
						    view_number(json_object_get(before, key),
								grouping->count)));
		table_style(table, verdict_style(group));
	}
	table_print(&table);
	json_decref(groups);
	json_decref(before);
}

void view_packets(const struct screen *screen, const struct view *view)
{
	view_grouping(screen, view, &groupings[STATS_BY_REASON]);
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

void view_stats(const struct screen *screen, const struct view *view)
{
	enum stats_key by = view->command->by;
	uint64_t unlisted;

	if (by == STATS_KEY_COUNT) {
		view_packets(screen, view);
		fputs("\n", screen->out);
		view_grouping(screen, view, &groupings[STATS_BY_LIST]);
		return;
	}
	view_grouping(screen, view, &groupings[by]);
	unlisted = by == STATS_BY_RANGE && !screen->raw ? count_unlisted(view->body) : 0;
	if (unlisted)
		fprintf(screen->out, "\n%llu ranges without hits are not listed.\n",
			(unsigned long long)unlisted);
}
