// SPDX-License-Identifier: GPL-2.0-only
#include "gather.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/range.h"
#include "core/scoped.h"
#include "core/text.h"

#define NOTE_MAX 400

int found_add(struct found *found, const struct range *range, char *origin)
{
	char *own SCOPED_FREE = origin;

	if (!own)
		return -ENOMEM;
	if (found->count == found->capacity) {
		size_t capacity = found->capacity + found->capacity / 2 + 16;
		struct found_range *items =
			reallocarray(found->items, capacity, sizeof(*found->items));

		if (!items)
			return -ENOMEM;
		found->items = items;
		found->capacity = capacity;
	}
	found->items[found->count++] =
		(struct found_range){.range = *range, .origin = TAKE_PTR(own)};
	return 0;
}

/* Adds the parts of the range that none of `except` holds. */
static int add_rest(struct found *found, struct range range, const char *origin,
		    const struct range_array *except)
{
	for (size_t i = 0; i < except->count; i++) {
		const struct range *hole = &except->items[i];
		struct range below = range;

		if (hole->family != range.family || ip_compare(hole->last, range.first) < 0 ||
		    ip_compare(range.last, hole->first) < 0)
			continue;
		below.last = ip_previous(hole->first);
		if (ip_compare(range.first, hole->first) < 0 &&
		    found_add(found, &below, strdup(origin)))
			return -ENOMEM;
		if (ip_compare(hole->last, range.last) >= 0)
			return 0;
		range.first = ip_next(hole->last);
	}
	return found_add(found, &range, strdup(origin));
}

int found_move(struct found *found, struct found *from, const struct range_array *except)
{
	int error = 0;

	for (size_t i = 0; i < from->count && !error; i++) {
		struct found_range *item = &from->items[i];

		if (except->count == 0)
			error = found_add(found, &item->range, TAKE_PTR(item->origin));
		else
			error = add_rest(found, item->range, item->origin, except);
	}
	found_clear(from);
	return error;
}

int found_merge_into(const struct found *found, struct range_array *ranges)
{
	size_t count = ranges->count + found->count;
	struct range *items = reallocarray(ranges->items, count + 1, sizeof(*items));

	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < found->count; i++)
		items[ranges->count + i] = found->items[i].range;
	ranges->items = items;
	ranges->count = count;
	ranges->capacity = count + 1;
	range_array_merge(ranges);
	return 0;
}

void found_clear(struct found *found)
{
	for (size_t i = 0; i < found->count; i++)
		free(found->items[i].origin);
	free(found->items);
	*found = (struct found){.items = NULL};
}

void notes_add(struct notes *notes, const char *format, ...)
{
	char raw[NOTE_MAX], line[NOTE_MAX];
	char **lines = NULL;
	va_list arguments;

	if (notes->count < NOTES_MAX)
		lines = reallocarray(notes->lines, notes->count + 1, sizeof(*lines));
	if (!lines) {
		notes->more++;
		return;
	}
	notes->lines = lines;
	va_start(arguments, format);
	vsnprintf(raw, sizeof(raw), format, arguments);
	va_end(arguments);
	text_escape(raw, strlen(raw), line, sizeof(line));
	lines[notes->count] = strdup(line);
	if (lines[notes->count])
		notes->count++;
	else
		notes->more++;
}

static void notes_clear(struct notes *notes)
{
	for (size_t i = 0; i < notes->count; i++)
		free(notes->lines[i]);
	free(notes->lines);
	*notes = (struct notes){.lines = NULL};
}

void gathering_clear(struct gathering *gathering)
{
	found_clear(&gathering->found);
	notes_clear(&gathering->read);
	notes_clear(&gathering->left);
}

/*
 * What no mail from the Internet comes from: RFC 6890 and its registries. Blocks for documentation
 * are not among them: nobody can send from those, and examples should work.
 */
static const struct special_row {
	const char *range;
	const char *what;
} special_rows[] = {
	{"0.0.0.0/8", "this network"},
	{"10.0.0.0/8", "private"},
	{"100.64.0.0/10", "shared by providers"},
	{"127.0.0.0/8", "loopback"},
	{"169.254.0.0/16", "link-local"},
	{"172.16.0.0/12", "private"},
	{"192.0.0.0/24", "reserved"},
	{"192.168.0.0/16", "private"},
	{"198.18.0.0/15", "for benchmarks"},
	{"224.0.0.0/4", "multicast"},
	{"240.0.0.0/4", "reserved"},
	{"::1", "loopback"},
	{"fc00::/7", "private"},
	{"fe80::/10", "link-local"},
	{"ff00::/8", "multicast"},
	{"::-1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "reserved"},
	{"4000::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "reserved"},
};

/* What of the range is not public, or NULL. */
static const char *special_name(const struct range *range)
{
	for (size_t i = 0; i < sizeof(special_rows) / sizeof(special_rows[0]); i++) {
		struct range special = {.family = 0};
		const char *text = special_rows[i].range;

		range_parse(text, strlen(text), &special);
		if (special.family == range->family &&
		    ip_compare(special.first, range->last) <= 0 &&
		    ip_compare(range->first, special.last) <= 0)
			return special_rows[i].what;
	}
	return NULL;
}

/* Nobody has that much of the Internet: 2^24 addresses of IPv4, 2^112 of IPv6. */
static bool is_too_wide(const struct range *range)
{
	struct ip extent = range_extent(range);

	return range->family == MXF_FAMILY_IPV4 ? extent.lo >> 24 != 0 : extent.hi >> 48 != 0;
}

static int check_range(const struct found_range *item, bool public_only, struct failure *failure)
{
	const char *special = public_only ? special_name(&item->range) : NULL;
	bool too_wide = is_too_wide(&item->range);
	char text[RANGE_TEXT_MAX];

	if (!special && !too_wide)
		return 0;
	range_format(&item->range, text);
	failure->hint = FAILURE_HINT_OWNER;
	if (too_wide)
		return trouble_set(&failure->why, -EINVAL,
				   "%s is wider than %s: nobody should trust that much (%s)", text,
				   item->range.family == MXF_FAMILY_IPV4 ? "/8" : "/16",
				   item->origin);
	return trouble_set(&failure->why, -EINVAL,
			   "%s is or holds addresses that are no public ones: %s (%s)", text,
			   special, item->origin);
}

/* A range comes before those that lie in it. */
static int compare(const void *left, const void *right)
{
	const struct range *a = &((const struct found_range *)left)->range;
	const struct range *b = &((const struct found_range *)right)->range;

	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	if (!ip_equal(a->first, b->first))
		return ip_compare(a->first, b->first);
	return ip_compare(b->last, a->last);
}

/* `item` begins in `kept`. */
static void join(struct notes *notes, struct found_range *kept, struct found_range *item)
{
	char outer[RANGE_TEXT_MAX], inner[RANGE_TEXT_MAX];

	range_format(&kept->range, outer);
	range_format(&item->range, inner);
	if (ip_compare(item->range.last, kept->range.last) <= 0) {
		notes_add(notes, "%s (%s): %s (%s) holds it", inner, item->origin, outer,
			  kept->origin);
	} else {
		notes_add(notes, "%s (%s): made one with %s (%s)", inner, item->origin, outer,
			  kept->origin);
		kept->range.last = item->range.last;
	}
	free(item->origin);
}

static void merge(struct gathering *gathering)
{
	struct found *found = &gathering->found;
	size_t kept = 0;

	qsort(found->items, found->count, sizeof(*found->items), compare);
	for (size_t i = 0; i < found->count; i++) {
		struct found_range *last = &found->items[kept - (kept > 0)];
		struct found_range *next = &found->items[i];

		if (kept > 0 && last->range.family == next->range.family &&
		    ip_compare(next->range.first, last->range.last) <= 0)
			join(&gathering->left, last, next);
		else
			found->items[kept++] = *next;
	}
	found->count = kept;
}

int gathering_finish(struct gathering *gathering, bool public_only, struct failure *failure)
{
	struct found *found = &gathering->found;
	int error = 0;

	failure->hint = NULL;
	if (found->count == 0)
		return trouble_set(&failure->why, -EINVAL, "it names no range at all");
	for (size_t i = 0; i < found->count && !error; i++)
		error = check_range(&found->items[i], public_only, failure);
	if (error)
		return error;
	merge(gathering);
	/* Once more: what was made one may be too wide. */
	for (size_t i = 0; i < found->count && !error; i++)
		error = check_range(&found->items[i], public_only, failure);
	return error;
}
