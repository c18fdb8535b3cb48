// SPDX-License-Identifier: GPL-2.0-only
/* Entries of a list: labelled, "IP=192.0.2.0, MASK=255.255.255.0", or bare, in any form of range.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/range.h"
#include "core/text.h"
#include "import_exchange.h"

/* "ADDRESS MASK", both as long as they may be. */
#define ENTRY_MAX ((size_t)2 * RANGE_TEXT_MAX)

struct entries {
	struct exchange_reader *reader;
	const char *at, *end;
	bool list;
};

/* A NUL is of no set. */
static bool is_of(char c, const char *set)
{
	return c && strchr(set, c);
}

static size_t length(struct exchange_slice slice)
{
	return (size_t)(slice.end - slice.at);
}

static bool begins_with(struct exchange_slice slice, const char *text)
{
	return length(slice) >= strlen(text) && strncasecmp(slice.at, text, strlen(text)) == 0;
}

static bool ends_with(struct exchange_slice slice, const char *text)
{
	return length(slice) >= strlen(text) &&
	       memcmp(slice.end - strlen(text), text, strlen(text)) == 0;
}

/* "IP", blanks, "=", blanks; then *at stands behind them. */
static bool read_label(const char **at, const char *end, const char *label)
{
	struct exchange_slice rest = {*at, end};

	if (!begins_with(rest, label))
		return false;
	rest.at += strlen(label);
	while (rest.at < end && is_of(*rest.at, " \t"))
		rest.at++;
	if (rest.at == end || *rest.at != '=')
		return false;
	rest.at++;
	while (rest.at < end && is_of(*rest.at, " \t"))
		rest.at++;
	*at = rest.at;
	return true;
}

static bool label_follows(const char *at, const char *end)
{
	while (at < end && is_of(*at, " \t"))
		at++;
	return read_label(&at, end, "IP") || read_label(&at, end, "MASK") ||
	       read_label(&at, end, "DOMAIN");
}

/* A semicolon stands between entries, or, as in every list, before a comment. */
static bool comment_begins(const struct entries *entries, const char *at)
{
	return entries->list &&
	       (*at == '#' || (*at == ';' && !label_follows(at + 1, entries->end)));
}

static void skip_separators(struct entries *entries)
{
	while (entries->at < entries->end) {
		if (comment_begins(entries, entries->at)) {
			const char *newline =
				memchr(entries->at, '\n', (size_t)(entries->end - entries->at));

			entries->at = newline ? newline : entries->end;
		} else if (is_of(*entries->at, " \t\r\n,;{}\"")) {
			entries->at++;
		} else {
			return;
		}
	}
}

/* To a blank or a separator. */
static struct exchange_slice take_word(struct entries *entries)
{
	struct exchange_slice word = {entries->at, entries->at};

	while (word.end < entries->end &&
	       !is_of(*word.end, entries->list ? " \t\r\n,;{}\"#" : " \t\r\n,;{}\""))
		word.end++;
	entries->at = word.end;
	return word;
}

/* In a list to a separator: blanks belong to the forms "ADDRESS MASK" and "FIRST - LAST". */
static struct exchange_slice take_bare(struct entries *entries)
{
	struct exchange_slice bare = {entries->at, entries->at};

	if (!entries->list)
		return take_word(entries);
	while (bare.end < entries->end && !is_of(*bare.end, "\r\n,;{}\"#") &&
	       !(is_of(*bare.end, " \t") && label_follows(bare.end, entries->end)))
		bare.end++;
	entries->at = bare.end;
	while (bare.end > bare.at && is_of(bare.end[-1], " \t"))
		bare.end--;
	return bare;
}

static void tell(struct entries *entries, enum diag_severity severity, struct place place,
		 const char *hint, struct exchange_slice part, const char *what)
{
	char quote[TEXT_QUOTE_SIZE];

	diags_add(&entries->reader->exchange->diags, severity, place, hint, "%s %s",
		  text_quote(part.at, length(part), quote), what);
}

static int append(struct exchange *exchange, const struct range *range)
{
	if (exchange->count == exchange->capacity) {
		size_t capacity = exchange->capacity ? exchange->capacity * 2 : 64;
		struct range *ranges = reallocarray(exchange->ranges, capacity, sizeof(*ranges));

		if (!ranges)
			return -ENOMEM;
		exchange->ranges = ranges;
		exchange->capacity = capacity;
	}
	exchange->ranges[exchange->count++] = *range;
	return 0;
}

static bool holds_everybody(const struct range *range)
{
	return ip_equal(range->first, (struct ip){0}) &&
	       ip_equal(range->last, ip_highest(range->family));
}

/* 255.255.255.0 alone: its address got lost, or stands elsewhere. */
static bool looks_like_mask(const struct range *range)
{
	return range->family == MXF_FAMILY_IPV4 && ip_equal(range->first, range->last) &&
	       range->first.lo >> 24 == 255;
}

static void add_range(struct entries *entries, struct exchange_slice part, struct place place,
		      enum range_error error, struct range *range)
{
	struct exchange *exchange = entries->reader->exchange;
	char masked[RANGE_TEXT_MAX], what[RANGE_TEXT_MAX + 64];

	if (error && error != RANGE_HOST_BITS) {
		tell(entries, DIAG_ERROR, place, range_error_hint(error), part,
		     range_error_text(error));
	} else if (looks_like_mask(range)) {
		tell(entries, DIAG_ERROR, place, "as in \"IP=192.0.2.0, MASK=255.255.255.0\"", part,
		     "is a mask without its address");
	} else if (holds_everybody(range)) {
		exchange->open++;
		tell(entries, DIAG_WARNING, place,
		     "a list that holds everybody keeps nobody out; leave that connector out", part,
		     "is every address of its family; left out");
	} else {
		if (error) {
			range_format(range, masked);
			snprintf(what, sizeof(what), "%s, taken as %s", range_error_text(error),
				 masked);
			tell(entries, DIAG_WARNING, place, range_error_hint(error), part, what);
		}
		range->line = place.line;
		range->column = place.column < UINT8_MAX ? (uint8_t)place.column : UINT8_MAX;
		entries->reader->error = append(exchange, range);
	}
}

/* An address and its mask, or, where `mask` is nowhere, whatever the first of them holds. */
static void add_pair(struct entries *entries, struct exchange_slice part, struct place place,
		     struct exchange_slice first, struct exchange_slice mask)
{
	char text[ENTRY_MAX];
	struct range range = {0};
	enum range_error error = RANGE_NOT_ADDRESS;

	if (mask.at && !length(mask)) {
		error = RANGE_MASK;
	} else if (length(first) < RANGE_TEXT_MAX && length(mask) < RANGE_TEXT_MAX) {
		snprintf(text, sizeof(text), "%.*s %.*s", (int)length(first), first.at,
			 (int)length(mask), mask.at ? mask.at : "");
		error = range_parse(text, strlen(text), &range);
	}
	add_range(entries, part, place, error, &range);
}

/* The cursor stands behind "IP="; the mask may be on the next line. */
static void read_labelled(struct entries *entries, const char *begin)
{
	struct exchange_slice address = take_word(entries);
	struct exchange_slice mask = {NULL, NULL};
	struct exchange_slice part = {begin, address.end};
	struct place place;
	const char *at = entries->at;

	while (at < entries->end && is_of(*at, " \t\r\n,"))
		at++;
	if (read_label(&at, entries->end, "MASK")) {
		entries->at = at;
		mask = take_word(entries);
		part.end = entries->at;
	}
	place = exchange_place(entries->reader, part);
	if (memchr(part.at, '\n', length(part)))
		place.length = (uint32_t)length(address);
	add_pair(entries, part, place, address, mask);
}

/* What was left out or cut off by the program that wrote the export. */
static const char *find_damage(struct exchange_slice bare, const char **hint)
{
	if (ends_with(bare, "...") || ends_with(bare, "\xe2\x80\xa6")) {
		*hint = "set $FormatEnumerationLimit = -1 in PowerShell, and export it again";
		return "is where the list was cut off";
	}
	if (begins_with(bare, "Microsoft.") || begins_with(bare, "System.")) {
		*hint = "export @{n='RemoteIPRanges';e={$_.RemoteIPRanges -join ' '}} instead";
		return "is the name of a type: the ranges themselves were not exported";
	}
	return NULL;
}

/* A header over a list, and the line below it. */
static bool is_header(struct exchange_slice bare)
{
	for (const char *at = bare.at; at < bare.end; at++)
		if (*at != '-')
			return exchange_is_property(bare);
	return true;
}

static void read_bare(struct entries *entries)
{
	struct exchange_slice part = take_bare(entries);
	struct exchange_slice first = part, mask = {NULL, NULL};
	struct place place = exchange_place(entries->reader, part);
	const char *hint = NULL, *damage = find_damage(part, &hint);
	const char *open = memchr(part.at, '(', length(part));

	if (damage) {
		tell(entries, DIAG_ERROR, place, hint, part, damage);
		return;
	}
	if (is_header(part))
		return;
	if (open && part.end[-1] == ')') {
		first.end = open;
		mask = (struct exchange_slice){open + 1, part.end - 1};
	}
	add_pair(entries, part, place, first, mask);
}

static void read_domain(struct entries *entries, const char *begin)
{
	struct exchange_slice part = {begin, take_word(entries).end};

	entries->reader->exchange->domains++;
	tell(entries, DIAG_WARNING, exchange_place(entries->reader, part),
	     "a range takes addresses: list those of its hosts, or use its SPF record as a source",
	     part, "is a name; left out");
}

static void read_entry(struct entries *entries)
{
	const char *begin = entries->at;
	struct exchange_slice part;

	if (read_label(&entries->at, entries->end, "IP")) {
		read_labelled(entries, begin);
	} else if (read_label(&entries->at, entries->end, "DOMAIN")) {
		read_domain(entries, begin);
	} else if (read_label(&entries->at, entries->end, "MASK")) {
		part = (struct exchange_slice){begin, take_word(entries).end};
		tell(entries, DIAG_ERROR, exchange_place(entries->reader, part),
		     range_error_hint(RANGE_HALF), part, range_error_text(RANGE_HALF));
	} else {
		read_bare(entries);
	}
}

/* "IP=192.0.2.0 255.255.255.0": what follows an entry must be set apart, or have a label. */
static void check_end(struct entries *entries)
{
	struct exchange_slice rest = {entries->at, entries->at};

	while (rest.at < entries->end && is_of(*rest.at, " \t"))
		rest.at++;
	if (!entries->list || rest.at == entries->end || is_of(*rest.at, "\r\n,;{}\"#") ||
	    label_follows(rest.at, entries->end))
		return;
	entries->at = rest.at;
	rest = take_bare(entries);
	tell(entries, DIAG_ERROR, exchange_place(entries->reader, rest),
	     "entries stand on lines of their own, or between commas", rest,
	     "follows an entry without a comma");
}

void exchange_read_entries(struct exchange_reader *reader, struct exchange_slice part, bool list)
{
	struct entries entries = {.reader = reader, .at = part.at, .end = part.end, .list = list};

	for (skip_separators(&entries); entries.at < entries.end && !reader->error;
	     skip_separators(&entries)) {
		const char *begin = entries.at;

		read_entry(&entries);
		check_end(&entries);
		entries.at += entries.at == begin;
	}
}
