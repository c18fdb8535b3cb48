// SPDX-License-Identifier: GPL-2.0-only
/* Ranges out of configuration text and list files. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/reader.h"
#include "core/range.h"
#include "core/text.h"

static int append(struct range_array *array, const struct range *range)
{
	if (array->count == array->capacity) {
		size_t capacity = array->capacity + array->capacity / 2 + 16;
		struct range *items = reallocarray(array->items, capacity, sizeof(*items));

		if (!items)
			return -ENOMEM;
		array->items = items;
		array->capacity = capacity;
	}
	array->items[array->count++] = *range;
	return 0;
}

static void report(enum range_error error, const struct range *range, const char *text, size_t size,
		   struct place place, struct diags *diags)
{
	char quote[TEXT_QUOTE_SIZE];
	char masked[RANGE_TEXT_MAX];

	text_quote(error == RANGE_EMPTY ? "\"\"" : text, error == RANGE_EMPTY ? 2 : size, quote);
	if (error != RANGE_HOST_BITS) {
		diags_add(diags, DIAG_ERROR, place, range_error_hint(error), "%s %s", quote,
			  range_error_text(error));
		return;
	}
	range_format(range, masked);
	diags_add(diags, DIAG_WARNING, place, range_error_hint(error), "%s %s, taken as %s", quote,
		  range_error_text(error), masked);
}

int range_array_read(struct range_array *array, const char *text, size_t size, struct place place,
		     struct diags *diags)
{
	struct range range = {
		.file = place.file,
		.line = place.line,
		.column = place.column < UINT8_MAX ? (uint8_t)place.column : UINT8_MAX,
	};
	enum range_error error = range_parse(text, size, &range);

	if (error)
		report(error, &range, text, size, place, diags);
	return error && error != RANGE_HOST_BITS ? 0 : append(array, &range);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Reads text[begin..end) of a line that starts at `line`. */
static int read_line(struct range_array *array, const char *line, const char *end,
		     struct place place, struct diags *diags)
{
	const char *begin = line;

	while (begin < end && is_blank(*begin))
		begin++;
	while (end > begin && is_blank(end[-1]))
		end--;
	if (begin == end)
		return 0;
	place.column = (uint32_t)(begin - line) + 1;
	place.length = (uint32_t)(end - begin);
	return range_array_read(array, begin, (size_t)(end - begin), place, diags);
}

/* Where a comment begins, or the line ends. */
static const char *find_comment(const char *at, const char *end)
{
	while (at < end && *at != '#' && *at != ';')
		at++;
	return at;
}

/* As some editors of Windows save: with a mark in front, or a zero in every first character. */
static bool is_utf16(const struct source *source)
{
	const char *text = source->text;

	return source->size >= 2 && (!memcmp(text, "\xff\xfe", 2) || !memcmp(text, "\xfe\xff", 2) ||
				     !text[0] != !text[1]);
}

int range_array_read_file(struct range_array *array, const struct sources *sources, uint16_t file,
			  size_t limit, struct diags *diags)
{
	const struct source *source = &sources->items[file];
	const char *end = source->text + source->size;
	const char *line = source->text;
	struct place place = {.file = file, .line = 1};

	if (is_utf16(source)) {
		place.column = 1;
		diags_add(diags, DIAG_ERROR, place, "save it as UTF-8", "the list is UTF-16");
		return 0;
	}
	while (line < end) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		const char *line_end = newline ? newline : end;
		int error = read_line(array, line, find_comment(line, line_end), place, diags);

		if (error)
			return error;
		if (array->count > limit) {
			diags_add(diags, DIAG_ERROR, place, NULL, "too many ranges");
			return 0;
		}
		line = line_end + 1;
		place.line++;
	}
	return 0;
}

static int compare(const void *left, const void *right)
{
	const struct range *a = left;
	const struct range *b = right;

	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return ip_compare(a->first, b->first);
}

/* True when nothing lies between the two; `next` does not begin before `range`. */
static bool touches(const struct range *range, const struct range *next)
{
	return range->family == next->family &&
	       (ip_equal(range->last, ip_highest(range->family)) ||
		ip_compare(next->first, ip_next(range->last)) <= 0);
}

size_t range_array_merge(struct range_array *array)
{
	size_t kept = 0;

	if (array->count > 0)
		qsort(array->items, array->count, sizeof(*array->items), compare);
	for (size_t i = 0; i < array->count; i++) {
		struct range *last = &array->items[kept - (kept > 0)];
		const struct range *next = &array->items[i];

		if (kept == 0 || !touches(last, next))
			array->items[kept++] = *next;
		else if (ip_compare(next->last, last->last) > 0)
			last->last = next->last;
	}
	array->count = kept;
	return kept;
}
