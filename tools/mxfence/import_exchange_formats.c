// SPDX-License-Identifier: GPL-2.0-only
/* What PowerShell makes of connectors: Format-List and Export-Csv. */
#include <string.h>

#include "core/text.h"
#include "import_exchange.h"

#define COLUMNS_MAX 512

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct exchange_slice trim(struct exchange_slice slice)
{
	while (slice.at < slice.end && is_blank(*slice.at))
		slice.at++;
	while (slice.at < slice.end && (is_blank(slice.end[-1]) || slice.end[-1] == '\r'))
		slice.end--;
	return slice;
}

/* The next line of *rest, without its end; *rest then begins behind it. */
static struct exchange_slice take_line(struct exchange_slice *rest)
{
	const char *newline = memchr(rest->at, '\n', (size_t)(rest->end - rest->at));
	struct exchange_slice line = {rest->at, newline ? newline : rest->end};

	rest->at = newline ? newline + 1 : rest->end;
	return line;
}

/* Format-List. */

/* "Name : value"; *value is what follows the colon. */
static bool split_property(struct exchange_slice line, struct exchange_slice *name,
			   struct exchange_slice *value)
{
	*name = *value = trim(line);
	for (; value->at < value->end && *value->at != ':'; value->at++)
		if (!(*value->at >= 'a' && *value->at <= 'z') &&
		    !(*value->at >= 'A' && *value->at <= 'Z') && !is_blank(*value->at))
			return false;
	name->end = value->at;
	*name = trim(*name);
	if (value->at == value->end || name->at == name->end)
		return false;
	value->at++;
	return true;
}

bool exchange_has_properties(struct exchange_slice text)
{
	while (text.at < text.end) {
		struct exchange_slice name, value;

		if (split_property(take_line(&text), &name, &value) && exchange_is_property(name))
			return true;
	}
	return false;
}

/* To the closing brace, over lines; a value without braces goes on in indented lines. */
static void find_value_end(struct exchange_reader *reader, struct exchange_slice *value,
			   struct exchange_slice *rest)
{
	struct exchange_slice opened = trim(*value), name, ignored;

	if (opened.at < opened.end && *opened.at == '{') {
		const char *close = memchr(opened.at, '}', (size_t)(rest->end - opened.at));

		value->end = close ? close : value->end;
		rest->at = close && close > rest->at ? close : rest->at;
		if (!close)
			diags_add(&reader->exchange->diags, DIAG_ERROR,
				  exchange_place(reader,
						 (struct exchange_slice){opened.at, opened.at + 1}),
				  "the export ends within the list: it is cut off",
				  "the brace is not closed");
		return;
	}
	while (rest->at < rest->end && is_blank(*rest->at)) {
		struct exchange_slice ahead = *rest, line = take_line(&ahead);

		if (split_property(line, &name, &ignored))
			return;
		value->end = line.end;
		*rest = ahead;
	}
}

void exchange_read_properties(struct exchange_reader *reader)
{
	struct exchange_slice rest = reader->text;

	while (rest.at < rest.end && !reader->error) {
		struct exchange_slice name, value;

		if (!split_property(take_line(&rest), &name, &value) || !exchange_is_property(name))
			continue;
		find_value_end(reader, &value, &rest);
		exchange_read_entries(reader, value, false);
	}
}

/* CSV, RFC 4180. */

struct csv {
	struct exchange_reader *reader;
	struct exchange_slice rest;
	char delimiter;
	bool wanted[COLUMNS_MAX];
	size_t columns;
};

/* A field without its quotes; two of them inside stay two. Returns whether another one follows. */
static bool take_field(struct csv *csv, struct exchange_slice *field)
{
	struct exchange_slice *rest = &csv->rest;
	const char *at = rest->at;
	bool more;

	*field = (struct exchange_slice){at, at};
	if (at < rest->end && *at == '"') {
		field->at = ++at;
		while (at < rest->end && (*at != '"' || (at + 1 < rest->end && at[1] == '"')))
			at += *at == '"' ? 2 : 1;
		field->end = at = at > rest->end ? rest->end : at;
		if (at == rest->end && csv->reader)
			diags_add(&csv->reader->exchange->diags, DIAG_ERROR,
				  exchange_place(csv->reader, *field), NULL,
				  "a quote is not closed");
	}
	while (at < rest->end && *at != csv->delimiter && *at != '\n')
		at++;
	if (field->at == rest->at) /* without quotes */
		field->end = at;
	*field = trim(*field);
	more = at < rest->end && *at == csv->delimiter;
	rest->at = at + (at < rest->end);
	return more;
}

/* Export-Csv of Windows PowerShell says in the first line what type its objects were. */
static void skip_type(struct exchange_slice *rest)
{
	if (rest->end - rest->at > 6 && strncmp(rest->at, "#TYPE ", 6) == 0)
		take_line(rest);
}

/* True when the header, split at `delimiter`, has a column of ranges beside others or in quotes. */
static bool read_header(struct csv *csv, struct exchange_slice text, char delimiter)
{
	bool more = true, found = false;

	*csv = (struct csv){.rest = text, .delimiter = delimiter};
	skip_type(&csv->rest);
	text = csv->rest;
	while (more && csv->columns < COLUMNS_MAX) {
		struct exchange_slice field;

		more = take_field(csv, &field);
		csv->wanted[csv->columns] = exchange_is_property(field);
		found |= csv->wanted[csv->columns++];
	}
	return found && (csv->columns > 1 || *text.at == '"');
}

static bool find_header(struct csv *csv, struct exchange_slice text)
{
	return read_header(csv, text, ',') || read_header(csv, text, ';') ||
	       read_header(csv, text, '\t');
}

bool exchange_has_columns(struct exchange_slice text)
{
	struct csv csv = {.reader = NULL};

	return find_header(&csv, text);
}

static void read_row(struct csv *csv)
{
	bool more = true;

	for (size_t i = 0; more; i++) {
		struct exchange_slice field;

		more = take_field(csv, &field);
		if (i < csv->columns && csv->wanted[i])
			exchange_read_entries(csv->reader, field, false);
		if (i == csv->columns && field.at < field.end)
			diags_add(&csv->reader->exchange->diags, DIAG_ERROR,
				  exchange_place(csv->reader, field),
				  "a value with the delimiter in it needs quotes",
				  "the row has more fields than the header");
	}
}

void exchange_read_columns(struct exchange_reader *reader)
{
	struct csv csv = {.reader = NULL};

	find_header(&csv, reader->text);
	csv.reader = reader;
	while (csv.rest.at < csv.rest.end && !reader->error)
		read_row(&csv);
}
