// SPDX-License-Identifier: GPL-2.0-only
#include "keeper_standing.h"

#include <errno.h>
#include <stdlib.h>

#include "core/range.h"
#include "core/scoped.h"

void standing_clear(struct standing *standing)
{
	free(TAKE_PTR(standing->entries));
	free(TAKE_PTR(standing->points));
}

/* Temporary entries. */

static bool is_inside(const struct range *range, const struct range *around)
{
	return range->family == around->family && range_holds(around, range->first) &&
	       range_holds(around, range->last);
}

static int entries_read(const struct keeper *keeper, struct standing *standing,
			struct trouble *trouble)
{
	int count;

	if (standing->entries)
		return 0;
	count = temporary_list(keeper->fence, &standing->entries, trouble);
	standing->entry_count = count > 0 ? (size_t)count : 0;
	return count < 0 ? count : 0;
}

/* As temporary_list() orders them, but for the length. */
static int compare_begin(const struct temporary_entry *entry, enum mxf_temporary_action action,
			 const struct range *range)
{
	if (entry->action != action)
		return entry->action < action ? -1 : 1;
	if (entry->range.family != range->family)
		return entry->range.family < range->family ? -1 : 1;
	return ip_compare(entry->range.first, range->first);
}

/* The first entry that does not begin before the range. */
static size_t first_behind(const struct standing *standing, enum mxf_temporary_action action,
			   const struct range *range)
{
	size_t low = 0, high = standing->entry_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_begin(&standing->entries[middle], action, range) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Does the walk from first_behind() go on? Prefixes nest, so what is inside begins inside. */
static bool begins_within(const struct standing *standing, size_t i,
			  enum mxf_temporary_action action, const struct range *range)
{
	const struct temporary_entry *entry = &standing->entries[i];

	return i < standing->entry_count && entry->action == action &&
	       entry->range.family == range->family && range_holds(range, entry->range.first);
}

int standing_find(const struct keeper *keeper, struct standing *standing,
		  enum mxf_temporary_action action, const struct range *range,
		  struct temporary_entry *found, struct trouble *trouble)
{
	int error, count = temporary_find(keeper->fence, action, range->family, range->first, found,
					  trouble);

	if (count || ip_equal(range->first, range->last))
		return count;
	error = entries_read(keeper, standing, trouble);
	if (error)
		return error;
	for (size_t i = first_behind(standing, action, range);
	     begins_within(standing, i, action, range); i++)
		if (is_inside(&standing->entries[i].range, range)) {
			*found = standing->entries[i];
			return 1;
		}
	return 0;
}

static bool stands(const struct standing *standing, const struct temporary_entry *entry)
{
	for (size_t i = first_behind(standing, entry->action, &entry->range);
	     i < standing->entry_count &&
	     !compare_begin(&standing->entries[i], entry->action, &entry->range);
	     i++)
		if (standing->entries[i].length == entry->length)
			return true;
	return false;
}

int standing_count_new(const struct keeper *keeper, struct standing *standing,
		       const struct temporary_entry *entries, size_t count, struct trouble *trouble)
{
	int new = 0, error = entries_read(keeper, standing, trouble);

	if (error)
		return error;
	for (size_t i = 0; i < count; i++)
		new += !stands(standing, &entries[i]);
	return new;
}

int standing_lift(struct keeper *keeper, struct standing *standing, const struct range *range,
		  struct trouble *trouble)
{
	int error = entries_read(keeper, standing, trouble);

	for (size_t i = error ? 0 : first_behind(standing, MXF_TEMPORARY_BAN, range);
	     !error && begins_within(standing, i, MXF_TEMPORARY_BAN, range); i++) {
		if (!is_inside(&standing->entries[i].range, range))
			continue;
		error = temporary_remove(keeper->fence, &standing->entries[i], trouble);
		/* Ended by itself, or by an earlier range. */
		if (error == -ENOENT)
			error = 0;
	}
	return error;
}

/* Ranges of the generation. */

/* The range of that kind that decides about an address; false when none does. */
static bool decides(const struct mxf_generation *generation, uint32_t kind, uint8_t family,
		    struct ip ip, uint32_t *id)
{
	uint32_t answer = generation_look_up(generation, family, ip);

	*id = MXF_ANSWER_ID(answer);
	return MXF_ANSWER_KIND(answer) == kind;
}

/* From the lowest to the highest address of the entries of a family; false when there is none. */
static bool read_hull(const struct temporary_entry *entries, size_t count, uint8_t family,
		      struct range *hull)
{
	bool any = false;

	for (size_t i = 0; i < count; i++) {
		const struct range *range = &entries[i].range;

		if (range->family != family)
			continue;
		if (!any || ip_compare(range->first, hull->first) < 0)
			hull->first = range->first;
		if (!any || ip_compare(range->last, hull->last) > 0)
			hull->last = range->last;
		any = true;
	}
	hull->family = family;
	return any;
}

static void point_add(struct standing *standing, const struct mxf_generation *generation,
		      uint32_t kind, const struct range *hull, struct ip at)
{
	struct standing_point *point = &standing->points[standing->point_count];

	if (!range_holds(hull, at) || !decides(generation, kind, hull->family, at, &point->id))
		return;
	point->family = hull->family;
	point->at = at;
	standing->point_count++;
}

/* The answer changes only where a range of the generation begins or has ended. */
static void points_add(struct standing *standing, const struct mxf_generation *generation,
		       uint32_t kind, const struct range *hull)
{
	struct generation_range entry;

	for (uint32_t id = 0; id < generation->directory.range_count; id++) {
		generation_read_range(generation, id, &entry);
		if (entry.range.family != hull->family)
			continue;
		point_add(standing, generation, kind, hull, entry.range.first);
		if (ip_compare(entry.range.last, hull->last) < 0)
			point_add(standing, generation, kind, hull, ip_next(entry.range.last));
	}
}

static int compare_points(const void *a, const void *b)
{
	const struct standing_point *left = a, *right = b;

	if (left->family != right->family)
		return left->family < right->family ? -1 : 1;
	return ip_compare(left->at, right->at);
}

int standing_read_points(struct standing *standing, const struct mxf_generation *generation,
			 uint32_t kind, const struct temporary_entry *entries, size_t count,
			 struct trouble *trouble)
{
	static const uint8_t families[] = {MXF_FAMILY_IPV4, MXF_FAMILY_IPV6};
	struct range hull;

	standing->points = calloc(generation->directory.range_count * (size_t)2 + 1,
				  sizeof(*standing->points));
	if (!standing->points)
		return trouble_set(trouble, -ENOMEM, "out of memory");
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (read_hull(entries, count, families[i], &hull) &&
		    !ip_equal(hull.first, hull.last))
			points_add(standing, generation, kind, &hull);
	qsort(standing->points, standing->point_count, sizeof(*standing->points), compare_points);
	return 0;
}

bool standing_decides(const struct standing *standing, const struct mxf_generation *generation,
		      uint32_t kind, const struct range *range, struct generation_range *found)
{
	const struct standing_point asked = {.family = range->family, .at = range->first};
	const struct standing_point *points = standing->points;
	size_t low = 0, high = standing->point_count;
	uint32_t id;
	bool any = decides(generation, kind, range->family, range->first, &id);

	while (!any && low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_points(&points[middle], &asked) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (!any && low < standing->point_count && points[low].family == range->family &&
	    range_holds(range, points[low].at)) {
		any = true;
		id = points[low].id;
	}
	if (any)
		generation_read_range(generation, id, found);
	return any;
}
