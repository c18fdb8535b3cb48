// SPDX-License-Identifier: GPL-2.0-only
#include "import_exchange.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/range.h"

#define FORMAT_NAME(id, name) [EXCHANGE_##id] = name,
const char *const exchange_format_names[EXCHANGE_FORMAT_COUNT] = {EXCHANGE_FORMATS(FORMAT_NAME)};

bool exchange_is_property(struct exchange_slice word)
{
	static const char *const names[] = {"RemoteIPRanges", "IPRange"};
	size_t size = (size_t)(word.end - word.at);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (size == strlen(names[i]) && strncasecmp(word.at, names[i], size) == 0)
			return true;
	return false;
}

struct place exchange_place(struct exchange_reader *reader, struct exchange_slice part)
{
	const char *newline;

	while ((newline =
			memchr(reader->line_begin, '\n', (size_t)(part.at - reader->line_begin)))) {
		reader->line_begin = newline + 1;
		reader->line++;
	}
	return (struct place){.line = reader->line,
			      .column = (uint32_t)(part.at - reader->line_begin) + 1,
			      .length = (uint32_t)(part.end - part.at)};
}

int exchange_compare(const struct range *a, const struct range *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	if (!ip_equal(a->first, b->first))
		return ip_compare(a->first, b->first);
	return ip_compare(b->last, a->last);
}

/* Of equal ranges the one that was written first comes first. */
static int compare_ranges(const void *left, const void *right)
{
	const struct range *a = left, *b = right;
	int order = exchange_compare(a, b);

	if (order)
		return order;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return (int)a->column - (int)b->column;
}

static void tell_repeated(struct exchange *exchange, const struct range *outer,
			  const struct range *inner)
{
	struct place place = {.line = inner->line, .column = inner->column};
	char what[RANGE_TEXT_MAX], where[RANGE_TEXT_MAX];

	exchange->repeated++;
	range_format(inner, what);
	range_format(outer, where);
	if (exchange_compare(outer, inner) == 0)
		diags_add(&exchange->diags, DIAG_WARNING, place, NULL,
			  "%s stands in line %u already; left out", what, outer->line);
	else
		diags_add(&exchange->diags, DIAG_WARNING, place, NULL,
			  "%s lies inside %s of line %u; left out", what, where, outer->line);
}

/* Sorts the ranges and drops those that another one holds. */
static void drop_repeated(struct exchange *exchange)
{
	struct range *ranges = exchange->ranges;
	size_t kept = 0;

	if (exchange->count)
		qsort(ranges, exchange->count, sizeof(*ranges), compare_ranges);
	/* What is kept ascends in both ends: only the last of it can hold the next. */
	for (size_t i = 0; i < exchange->count; i++) {
		if (kept && ranges[kept - 1].family == ranges[i].family &&
		    ip_compare(ranges[i].last, ranges[kept - 1].last) <= 0)
			tell_repeated(exchange, &ranges[kept - 1], &ranges[i]);
		else
			ranges[kept++] = ranges[i];
	}
	exchange->count = kept;
}

static void read_all(struct exchange_reader *reader)
{
	struct exchange *exchange = reader->exchange;

	if (exchange_has_columns(reader->text)) {
		exchange->format = EXCHANGE_CSV;
		exchange_read_columns(reader);
	} else if (exchange_has_properties(reader->text)) {
		exchange->format = EXCHANGE_PROPERTIES;
		exchange_read_properties(reader);
	} else {
		exchange->format = EXCHANGE_LIST;
		exchange_read_entries(reader, reader->text, true);
	}
}

int exchange_read(const char *path, char *text, size_t size, struct exchange *exchange)
{
	struct exchange_reader reader = {.exchange = exchange, .line = 1};
	int file;

	*exchange = (struct exchange){.count = 0};
	file = sources_add(&exchange->sources, path, path, text, size);
	if (file < 0)
		return file;
	reader.line_begin = reader.text.at = exchange->sources.items[file].text;
	reader.text.end = reader.text.at + exchange->sources.items[file].size;
	read_all(&reader);
	if (!exchange->count && !exchange->diags.errors)
		diags_add(&exchange->diags, DIAG_ERROR, (struct place){.line = 1, .column = 1},
			  "expected \"IP=192.0.2.0, MASK=255.255.255.0\", ranges one a line, or "
			  "what Format-List or Export-Csv show of RemoteIPRanges",
			  "there is no range in it");
	if (!exchange->diags.errors)
		drop_repeated(exchange);
	diags_sort(&exchange->diags);
	return exchange->diags.out_of_memory ? -ENOMEM : reader.error;
}

void exchange_clear(struct exchange *exchange)
{
	sources_clear(&exchange->sources);
	diags_clear(&exchange->diags);
	free(exchange->ranges);
	*exchange = (struct exchange){.count = 0};
}
