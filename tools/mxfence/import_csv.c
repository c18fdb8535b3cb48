// SPDX-License-Identifier: GPL-2.0-only
/* CSV, RFC 4180: of the Exchange 5.5 administrator, of csvde, and of PowerShell's Export-Csv. */
#include <stdio.h>
#include <string.h>

#include "import.h"

#define COLUMNS_MAX 512

/* What a column is for. */
enum column { IGNORED, ADDRESSES, NAME, DN, MODE, CLOSED_COLUMN, MEMBERS };

static const struct {
	const char *name;
	enum column column;
} columns[] = {
	{"PrimarySmtpAddress", ADDRESSES},
	{"EmailAddresses", ADDRESSES},
	{"proxyAddresses", ADDRESSES},
	{"mail", ADDRESSES},
	{"WindowsEmailAddress", ADDRESSES},
	{"E-mail addresses", ADDRESSES},
	{"Secondary-Proxy-Addresses", ADDRESSES},
	{"Directory Name", NAME},
	{"Name", NAME},
	{"cn", NAME},
	{"DN", DN},
	{"DistinguishedName", DN},
	{"Mode", MODE},
	{"msExchRequireAuthToSendTo", CLOSED_COLUMN},
	{"RequireSenderAuthenticationEnabled", CLOSED_COLUMN},
	{"member", MEMBERS},
	{"Members", MEMBERS},
};

struct csv {
	struct import *import;
	const char *at, *end;
	uint32_t line;
	bool exchange55;
	enum column columns[COLUMNS_MAX];
	size_t column_count;
};

/* A field in quotes, in which two quotes are one. */
static struct import_text read_quoted(struct csv *csv)
{
	struct import_text field = {.line = csv->line};
	const char *begin = ++csv->at;
	char *out;

	while (csv->at < csv->end &&
	       (*csv->at != '"' || (csv->at + 1 < csv->end && csv->at[1] == '"'))) {
		csv->line += *csv->at == '\n';
		csv->at += *csv->at == '"' ? 2 : 1;
	}
	if (csv->at > csv->end)
		csv->at = csv->end;
	field.text = out = import_allocate(csv->import, (size_t)(csv->at - begin) + 1);
	for (const char *from = begin; out && from < csv->at; from++) {
		out[field.size++] = *from;
		from += *from == '"';
	}
	if (csv->at == csv->end)
		import_tell(csv->import, true, field.line, "a quote is not closed");
	else
		csv->at++;
	return field;
}

/* The next field of the row; *more: another one follows. */
static struct import_text read_field(struct csv *csv, bool *more)
{
	struct import_text field = {.text = csv->at, .line = csv->line};

	if (csv->at < csv->end && *csv->at == '"') {
		field = read_quoted(csv);
		while (csv->at < csv->end && *csv->at != ',' && *csv->at != '\n')
			csv->at++;
	} else {
		while (csv->at < csv->end && *csv->at != ',' && *csv->at != '\n')
			csv->at++;
		field.size = (size_t)(csv->at - field.text);
	}
	while (field.size && field.text[field.size - 1] == '\r')
		field.size--;
	*more = csv->at < csv->end && *csv->at == ',';
	csv->line += csv->at < csv->end && *csv->at == '\n';
	csv->at += csv->at < csv->end;
	return field;
}

static bool text_is(struct import_text text, const char *word)
{
	return text.size == strlen(word) && strncasecmp(text.text, word, text.size) == 0;
}

static void read_header(struct csv *csv)
{
	bool more = true;

	while (more) {
		struct import_text field = read_field(csv, &more);
		enum column column = IGNORED;

		for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
			if (text_is(field, columns[i].name))
				column = columns[i].column;
		if (csv->column_count < COLUMNS_MAX)
			csv->columns[csv->column_count++] = column;
	}
}

/* Of Exchange 5.5: values between percent signs; \% is one that belongs to a value. */
static struct import_text next_value55(struct csv *csv, struct import_text *rest)
{
	struct import_text value = {.line = rest->line};
	size_t i = 0;
	char *out = import_allocate(csv->import, rest->size + 1);

	value.text = out;
	for (; out && i < rest->size && rest->text[i] != '%'; i++) {
		if (rest->text[i] == '\\' && i + 1 < rest->size && rest->text[i + 1] == '%')
			i++;
		out[value.size++] = rest->text[i];
	}
	i += i < rest->size;
	rest->text += i;
	rest->size -= i;
	return value;
}

/* Else: between semicolons (csvde), commas or blanks (PowerShell's joins); an address has none. */
static struct import_text next_value(struct import_text *rest)
{
	struct import_text value = {.text = rest->text, .line = rest->line};
	size_t i = 0;
	bool quoted = false;

	for (; i < rest->size && (quoted || !strchr("; ,", rest->text[i])); i++)
		quoted ^= rest->text[i] == '"';
	value.size = i;
	i += i < rest->size;
	rest->text += i;
	rest->size -= i;
	return value;
}

static bool is_foreign_type(struct import_text field)
{
	return field.size > 5 && (strncasecmp(field.text, "X400:", 5) == 0 ||
				  strncasecmp(field.text, "X500:", 5) == 0);
}

/* PowerShell writes a list of values as {one, two}. */
static struct import_text without_braces(struct import_text field)
{
	if (field.size >= 2 && field.text[0] == '{' && field.text[field.size - 1] == '}') {
		field.text++;
		field.size -= 2;
	}
	return field;
}

static void add_addresses(struct csv *csv, struct import_object *object, struct import_text field)
{
	field = without_braces(field);
	while (field.size) {
		struct import_text value;

		/* Their own values hold blanks, commas and semicolons, to the next type. */
		if (!csv->exchange55 && is_foreign_type(field)) {
			const char *next = NULL;

			for (size_t i = 1; i + 5 <= field.size && !next; i++)
				if (strncasecmp(field.text + i, "smtp:", 5) == 0)
					next = field.text + i;
			csv->import->other_addresses++;
			if (!next)
				return;
			field.size -= (size_t)(next - field.text);
			field.text = next;
			continue;
		}
		value = csv->exchange55 ? next_value55(csv, &field) : next_value(&field);
		if (value.size && strncmp(value.text, "~DEL", value.size < 4 ? value.size : 4) != 0)
			import_add_address(csv->import, object, value);
	}
}

static void add_members(struct csv *csv, struct import_object *object, struct import_text field)
{
	while (field.size) {
		size_t i = 0;

		while (i < field.size && field.text[i] != (csv->exchange55 ? '%' : ';'))
			i++;
		if (i)
			import_add_text(csv->import, &object->members,
					(struct import_text){field.text, i, field.line});
		i += i < field.size;
		field.text += i;
		field.size -= i;
	}
}

static void read_row(struct csv *csv)
{
	struct import_object *object = import_add(csv->import);
	bool more = true, deleted = false;

	for (size_t i = 0; more && object; i++) {
		struct import_text field = read_field(csv, &more);

		switch (i < csv->column_count ? csv->columns[i] : IGNORED) {
		case ADDRESSES:
			add_addresses(csv, object, field);
			break;
		case NAME:
			object->name = field;
			break;
		case DN:
			object->dn = field;
			break;
		case MODE:
			deleted = text_is(field, "Delete");
			break;
		case CLOSED_COLUMN:
			object->closed = text_is(field, "TRUE");
			break;
		case MEMBERS:
			add_members(csv, object, field);
			break;
		case IGNORED:
			break;
		}
	}
	if (object && deleted)
		object->addresses.count = 0;
}

static bool has_addresses(const struct csv *csv)
{
	for (size_t i = 0; i < csv->column_count; i++)
		if (csv->columns[i] == ADDRESSES)
			return true;
	return false;
}

void import_read_csv(struct import *import, const char *text, size_t size, bool exchange55)
{
	struct csv csv = {.import = import,
			  .at = text,
			  .end = text + size,
			  .line = 1,
			  .exchange55 = exchange55};

	/* Export-Csv of Windows PowerShell says what type its objects were. */
	if (size > 6 && strncmp(text, "#TYPE ", 6) == 0) {
		csv.at = memchr(text, '\n', size);
		csv.at = csv.at ? csv.at + 1 : csv.end;
		csv.line++;
	}
	read_header(&csv);
	if (!has_addresses(&csv)) {
		import_tell(import, true, csv.line > 1 ? csv.line - 1 : 1,
			    "no column has addresses: PrimarySmtpAddress, EmailAddresses, mail, "
			    "proxyAddresses or E-mail addresses");
		return;
	}
	while (csv.at < csv.end && !import->out_of_memory)
		read_row(&csv);
}
