// SPDX-License-Identifier: GPL-2.0-only
#include "service/suggest.h"

#include <stdlib.h>
#include <string.h>

#include "core/scoped.h"
#include "fence/temporary.h"
#include "service/report_internal.h"

static int compare_addresses(const struct mxf_drop *a, const struct mxf_drop *b)
{
	int order = ip_compare(ip_from_words(a->address), ip_from_words(b->address));

	return order ? order : a->family - b->family;
}

/* The latest of an address is its first. */
static int pass_compare(const void *left, const void *right)
{
	const struct mxf_drop *a = left, *b = right;
	int order = compare_addresses(a, b);

	return order ? order : (a->last < b->last) - (a->last > b->last);
}

static int drop_compare_often_first(const void *left, const void *right)
{
	const struct mxf_drop *a = left, *b = right;

	if (a->count != b->count)
		return a->count < b->count ? 1 : -1;
	return compare_addresses(a, b);
}

/* CLOCK_MONOTONIC nanoseconds; 0: never. `passes` are sorted. */
static uint64_t find_passed(const struct suggest_tables *tables, const struct mxf_drop *drop)
{
	size_t low = 0, high = tables->pass_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_addresses(&tables->passes[middle], drop) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == tables->pass_count || compare_addresses(&tables->passes[low], drop) != 0)
		return 0;
	return tables->passes[low].last;
}

/* A drop of one that nothing holds, then and now. */
static bool is_for_want_of_trust(const struct mxf_generation *generation,
				 const struct mxf_drop *drop)
{
	struct generation_verdict now;

	if (drop->reason != MXF_REASON_UNTRUSTED || drop->verdict >= MXF_VERDICT_COUNT ||
	    (drop->family != MXF_FAMILY_IPV4 && drop->family != MXF_FAMILY_IPV6))
		return false;
	generation_judge(generation, drop->family, ip_from_words(drop->address), NULL, drop->port,
			 MXF_ANSWER_NONE, &now);
	return now.guarded && now.reason == MXF_REASON_UNTRUSTED;
}

static json_t *source_object(const struct mxf_drop *drop, uint64_t passed, uint64_t mail)
{
	return json_pack("{s:o, s:i, s:s, s:I, s:o, s:o, s:o, s:o}", "address",
			 report_address(drop->address, drop->family), "port", drop->port, "verdict",
			 report_verdicts[drop->verdict], "count", (json_int_t)drop->count, "first",
			 report_monotonic_time(drop->first), "last",
			 report_monotonic_time(drop->last), "passed", report_monotonic_time(passed),
			 "mail", mail ? report_time(mail) : json_null());
}

json_t *suggest_body(const struct suggest_tables *tables)
{
	json_t *known = json_array(), *others = json_array();

	if (tables->pass_count)
		qsort(tables->passes, tables->pass_count, sizeof(*tables->passes), pass_compare);
	if (tables->drop_count)
		qsort(tables->drops, tables->drop_count, sizeof(*tables->drops),
		      drop_compare_often_first);
	for (size_t i = 0; i < tables->drop_count; i++) {
		const struct mxf_drop *drop = &tables->drops[i];
		uint64_t passed, mail;

		if (!is_for_want_of_trust(tables->generation, drop))
			continue;
		passed = find_passed(tables, drop);
		mail = partners_find(tables->partners, drop->family, ip_from_words(drop->address));
		json_array_append_new(passed || mail ? known : others,
				      source_object(drop, passed, mail));
	}
	if (known && others)
		json_array_extend(known, others);
	json_decref(others);
	return json_pack("{s:i, s:o}", "schema", MXF_JSON_SCHEMA, "sources", known);
}

/* Banned, or trusted for a time: neither is cut off for want of trust. */
static bool has_entry(const struct fence *fence, const struct mxf_drop *drop)
{
	struct temporary_entry entry;
	struct trouble ignored;

	for (int action = 0; action < MXF_TEMPORARY_ACTION_COUNT; action++)
		if (temporary_find(fence, (enum mxf_temporary_action)action, drop->family,
				   ip_from_words(drop->address), &entry, &ignored) > 0)
			return true;
	return false;
}

static size_t forget_entries(const struct fence *fence, struct mxf_drop *drops, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (!has_entry(fence, &drops[i]))
			drops[kept++] = drops[i];
	return kept;
}

json_t *suggest_report(struct fence *fence, const struct partners *partners,
		       struct trouble *trouble)
{
	SCOPED_FREE struct mxf_drop *drops = NULL;
	SCOPED_FREE struct mxf_drop *passes = NULL;
	struct suggest_tables tables = {.partners = partners};
	int pass_count, drop_count;

	if (fence_generation(fence, &tables.generation, trouble))
		return NULL;
	pass_count = fence_read_passes(fence, &passes);
	drop_count = pass_count < 0 ? pass_count : fence_read_drops(fence, &drops);
	if (drop_count < 0) {
		trouble_set(trouble, drop_count, "reading the sources: %s", strerror(-drop_count));
		return NULL;
	}
	tables.drops = drops;
	tables.passes = passes;
	tables.pass_count = (size_t)pass_count;
	tables.drop_count = forget_entries(fence, drops, (size_t)drop_count);
	return suggest_body(&tables);
}
