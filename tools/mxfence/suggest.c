// SPDX-License-Identifier: GPL-2.0-only
#include "suggest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define EVIDENCE_NAME(id, name, text) name,
const char *const suggest_evidence_names[SUGGEST_EVIDENCE_COUNT] = {
	SUGGEST_EVIDENCE(EVIDENCE_NAME)};

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool is_mail_word(const char *word, size_t size)
{
	static const char *const words[] = {
		"mail",	     "mails",	 "email",  "mailer",   "mailers",   "mailgate",
		"mailgw",    "mailhost", "mailin", "mailout",  "mailrelay", "mailserver",
		"mx",	     "mxin",	 "mxout",  "smtp",     "smtps",	    "smtpin",
		"smtpout",   "esmtp",	 "mta",	   "mtas",     "mtaout",    "out",
		"outgoing",  "outbound", "mout",   "wout",     "relay",	    "relays",
		"smarthost", "postfix",	 "exim",   "sendmail", "exchange",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i]) == size && strncasecmp(words[i], word, size) == 0)
			return true;
	return false;
}

bool suggest_is_mail_name(const char *name)
{
	const char *end = name + strcspn(name, ".");

	while (name < end) {
		size_t size = strspn(name, LETTERS);

		if (is_mail_word(name, size))
			return true;
		name += size ? size : 1;
	}
	return false;
}

static int compare_sources(const void *left, const void *right)
{
	const struct suggest_source *a = left, *b = right;

	return a->family != b->family ? a->family - b->family : ip_compare(a->ip, b->ip);
}

static const char *later(const char *a, const char *b)
{
	return !a || (b && strcmp(a, b) < 0) ? b : a;
}

static void merge_same(struct suggest_source *sources, size_t *count)
{
	size_t kept = 0;

	for (size_t i = 0; i < *count; i++) {
		struct suggest_source *before = kept ? &sources[kept - 1] : NULL;

		if (!before || compare_sources(before, &sources[i]) != 0) {
			sources[kept++] = sources[i];
			continue;
		}
		before->evidence |= sources[i].evidence;
		before->count += sources[i].count;
		before->last = later(before->last, sources[i].last);
		before->name = before->name ? before->name : sources[i].name;
	}
	*count = kept;
}

/* The smallest prefix that holds both, which are of one family. */
static struct range joint_prefix(const struct suggest_source *first,
				 const struct suggest_source *last)
{
	struct ip differ = {.hi = first->ip.hi ^ last->ip.hi, .lo = first->ip.lo ^ last->ip.lo};
	struct ip host = {0};

	if (differ.hi) {
		host.hi = UINT64_MAX >> __builtin_clzll(differ.hi);
		host.lo = UINT64_MAX;
	} else if (differ.lo) {
		host.lo = UINT64_MAX >> __builtin_clzll(differ.lo);
	}
	return (struct range){
		.first = {.hi = first->ip.hi & ~host.hi, .lo = first->ip.lo & ~host.lo},
		.last = {.hi = first->ip.hi | host.hi, .lo = first->ip.lo | host.lo},
		.family = first->family,
	};
}

struct grouping {
	const struct suggest_source *sources;
	size_t source_count;
	struct suggestion *suggestions;
	size_t count;
};

/* The first source of `family` at or after `ip`, in [low, high). */
static size_t find_from(const struct grouping *grouping, uint8_t family, struct ip ip, size_t low,
			size_t high)
{
	const struct suggest_source sought = {.ip = ip, .family = family};

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_sources(&grouping->sources[middle], &sought) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* May all of the prefix, which holds exactly sources[first..end), be trusted? */
static bool is_sensible(const struct grouping *grouping, const struct range *range, size_t first,
			size_t end)
{
	const struct ip extent = range_extent(range);

	for (size_t i = first; i < end; i++)
		if (!grouping->sources[i].evidence)
			return false;
	if (range->family == MXF_FAMILY_IPV6)
		return extent.hi == 0;
	return extent.lo >> (32 - SUGGEST_LENGTH_IPV4) == 0 && (end - first) * 2 > extent.lo;
}

static void add_suggestion(struct grouping *grouping, const struct range *range, size_t first,
			   size_t end)
{
	struct suggestion *added = &grouping->suggestions[grouping->count++];

	*added = (struct suggestion){
		.range = *range,
		.sources = &grouping->sources[first],
		.source_count = end - first,
	};
	for (size_t i = first; i < end; i++) {
		added->evidence |= grouping->sources[i].evidence;
		added->count += grouping->sources[i].count;
		added->last = later(added->last, grouping->sources[i].last);
	}
}

/* The first address of a prefix's upper half. */
static struct ip upper_half(const struct range *range)
{
	const struct ip extent = range_extent(range);

	return (struct ip){
		.hi = range->first.hi | (extent.hi ^ extent.hi >> 1),
		.lo = range->first.lo | (extent.lo ^ (extent.lo >> 1 | extent.hi << 63)),
	};
}

/*
 * Groups sources[first..end), all of one family: as one if that is sensible, else each half of
 * their prefix for itself, so that a prefix is as wide as it may be. No deeper than an address is
 * long.
 */
static void group_part(struct grouping *grouping, size_t first, size_t end)
{
	const struct suggest_source *sources = grouping->sources;
	struct range range;
	size_t from, to, half;

	while (first < end && !sources[first].evidence)
		first++;
	while (first < end && !sources[end - 1].evidence)
		end--;
	if (first == end)
		return;
	range = joint_prefix(&sources[first], &sources[end - 1]);
	from = find_from(grouping, range.family, range.first, 0, first);
	to = find_from(grouping, range.family, range.last, end, grouping->source_count);
	if (to < grouping->source_count && ip_equal(sources[to].ip, range.last) &&
	    sources[to].family == range.family)
		to++;
	if (is_sensible(grouping, &range, from, to)) {
		add_suggestion(grouping, &range, from, to);
		return;
	}
	half = find_from(grouping, range.family, upper_half(&range), first, end);
	group_part(grouping, first, half);
	group_part(grouping, half, end);
}

static int compare_suggestions(const void *left, const void *right)
{
	const struct suggestion *a = left, *b = right;
	bool a_weak = a->evidence == SUGGEST_BIT(NAME), b_weak = b->evidence == SUGGEST_BIT(NAME);

	if (a_weak != b_weak)
		return a_weak ? 1 : -1;
	if (a->count != b->count)
		return a->count < b->count ? 1 : -1;
	return a->sources < b->sources ? -1 : 1;
}

int suggest_group(struct suggest_source *sources, size_t *count, struct suggestion **suggestions)
{
	struct grouping grouping = {.sources = sources};
	size_t ipv6;

	if (*count)
		qsort(sources, *count, sizeof(*sources), compare_sources);
	merge_same(sources, count);
	grouping.source_count = *count;
	grouping.suggestions = calloc(*count + 1, sizeof(*grouping.suggestions));
	if (!grouping.suggestions)
		return -ENOMEM;
	ipv6 = find_from(&grouping, MXF_FAMILY_IPV6, (struct ip){0}, 0, *count);
	group_part(&grouping, 0, ipv6);
	group_part(&grouping, ipv6, *count);
	if (grouping.count)
		qsort(grouping.suggestions, grouping.count, sizeof(*grouping.suggestions),
		      compare_suggestions);
	*suggestions = grouping.suggestions;
	return (int)grouping.count;
}
