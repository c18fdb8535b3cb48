// SPDX-License-Identifier: GPL-2.0-only
#include "spf_record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/range.h"
#include "core/text.h"

#define VERSION "v=spf1"

/* What stands behind a mechanism's name. */
enum spf_argument {
	ARGUMENT_NONE,
	ARGUMENT_DOMAIN,
	ARGUMENT_MAYBE_DOMAIN,
	ARGUMENT_HOSTS, /* perhaps a domain, perhaps lengths of prefixes */
	ARGUMENT_RANGE,
};

struct spf_row {
	const char *name;
	enum spf_kind kind;
	enum spf_argument argument;
	bool queries;
};

static const struct spf_row mechanisms[] = {
	{"all", SPF_ALL, ARGUMENT_NONE, false},
	{"include", SPF_INCLUDE, ARGUMENT_DOMAIN, true},
	{"a", SPF_A, ARGUMENT_HOSTS, true},
	{"mx", SPF_MX, ARGUMENT_HOSTS, true},
	{"ptr", SPF_PTR, ARGUMENT_MAYBE_DOMAIN, true},
	{"ip4", SPF_IP4, ARGUMENT_RANGE, false},
	{"ip6", SPF_IP6, ARGUMENT_RANGE, false},
	{"exists", SPF_EXISTS, ARGUMENT_DOMAIN, true},
	{NULL},
};
static const struct spf_row modifiers[] = {
	{"redirect", SPF_REDIRECT, ARGUMENT_DOMAIN, true},
	{"exp", SPF_EXP, ARGUMENT_DOMAIN, false},
	{NULL},
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static const struct spf_row *find_row(const struct spf_row *rows, const char *name, size_t size)
{
	for (; rows->name; rows++)
		if (strlen(rows->name) == size && strncasecmp(rows->name, name, size) == 0)
			return rows;
	return NULL;
}

bool spf_term_queries(const struct spf_term *term)
{
	for (const struct spf_row *row = mechanisms; row->name; row++)
		if (row->kind == term->kind)
			return row->queries;
	return term->kind == SPF_REDIRECT;
}

bool spf_is_record(const char *text, size_t size)
{
	size_t length = strlen(VERSION);

	return size >= length && strncasecmp(text, VERSION, length) == 0 &&
	       (size == length || text[length] == ' ');
}

/* Bytes of the macro that text begins with, '%' included; 0 when it is none. */
static size_t macro_length(const char *text, size_t size)
{
	size_t at = 3;

	if (size < 2)
		return 0;
	if (strchr("%_-", text[1]))
		return 2;
	if (text[1] != '{' || size < 4 || !is_letter(text[2]) ||
	    !strchr("slodiphcrtv", text[2] | 0x20))
		return 0;
	while (at < size && is_digit(text[at]))
		at++;
	if (at < size && (text[at] | 0x20) == 'r')
		at++;
	while (at < size && text[at] != '}' && strchr(".-+,/_=", text[at]))
		at++;
	return at < size && text[at] == '}' ? at + 1 : 0;
}

/* Bytes up to `stop` outside of macros, or all; -1 when it is no macro-string. */
static long macro_string_length(const char *text, size_t size, char stop, bool *has_macros,
				bool *ends_in_macro)
{
	size_t at = 0;

	*has_macros = *ends_in_macro = false;
	while (at < size && text[at] != stop) {
		size_t length = text[at] == '%' ? macro_length(text + at, size - at) : 1;

		if (length == 0)
			return -1;
		*ends_in_macro = text[at] == '%';
		*has_macros |= *ends_in_macro;
		at += length;
	}
	return (long)at;
}

/* "." toplabel [ "." ] at the end. */
static bool has_top_label(const char *text, size_t size)
{
	size_t begin;
	bool other = false;

	if (size > 0 && text[size - 1] == '.')
		size--;
	begin = size;
	while (begin > 0 && text[begin - 1] != '.') {
		char c = text[--begin];

		if (!is_digit(c) && !is_letter(c) && c != '-')
			return false;
		other |= !is_digit(c);
	}
	return begin > 0 && begin < size && other && text[begin] != '-' && text[size - 1] != '-';
}

/* Reads a domain-spec up to `stop` or the end; *used is its length. */
static bool read_domain(const char *text, size_t size, char stop, struct spf_term *term,
			size_t *used)
{
	bool ends_in_macro;
	long length = macro_string_length(text, size, stop, &term->has_macros, &ends_in_macro);

	if (length <= 0 || (!ends_in_macro && !has_top_label(text, (size_t)length)))
		return false;
	term->domain = text;
	term->domain_size = *used = (size_t)length;
	return true;
}

/* A number without needless zeros, up to `most`. Returns its length, or 0. */
static size_t read_length(const char *text, size_t size, unsigned int most, unsigned int *value)
{
	unsigned int number = 0;
	size_t at = 0;

	for (; at < size && is_digit(text[at]); at++) {
		number = number * 10 + (unsigned int)(text[at] - '0');
		if (number > most || (at > 0 && text[0] == '0'))
			return 0;
	}
	*value = number;
	return at;
}

/* dual-cidr-length: "", "/24", "//64" or "/24//64". */
static bool read_lengths(const char *text, size_t size, unsigned int lengths[2])
{
	size_t used;

	if (size > 1 && text[0] == '/' && text[1] != '/') {
		used = read_length(text + 1, size - 1, 32, &lengths[0]);
		if (used == 0)
			return false;
		text += used + 1;
		size -= used + 1;
	}
	if (size == 0)
		return true;
	return size > 2 && text[0] == '/' && text[1] == '/' &&
	       read_length(text + 2, size - 2, 128, &lengths[1]) == size - 2;
}

static bool read_hosts(const char *text, size_t size, struct spf_term *term)
{
	size_t used = 0;

	term->lengths[0] = 32;
	term->lengths[1] = 128;
	if (size > 0 && text[0] == ':') {
		if (!read_domain(text + 1, size - 1, '/', term, &used))
			return false;
		used++;
	}
	return read_lengths(text + used, size - used, term->lengths);
}

/* Of the forms that range_parse() takes, SPF has ADDRESS and ADDRESS/LENGTH alone. */
static bool is_plain_range(const char *text, size_t size, enum spf_kind kind)
{
	const char *slash = memchr(text, '/', size);
	size_t address = slash ? (size_t)(slash - text) : size;
	unsigned int length;

	for (size_t i = 0; i < address; i++)
		if (!is_digit(text[i]) && text[i] != '.' &&
		    (kind == SPF_IP4 || !strchr(":abcdefABCDEF", text[i])))
			return false;
	if (kind == SPF_IP6 && !memchr(text, ':', address))
		return false;
	return !slash || (size > address + 1 && read_length(slash + 1, size - address - 1, 128,
							    &length) == size - address - 1);
}

static bool read_range(const char *text, size_t size, struct spf_term *term)
{
	if (size < 2 || text[0] != ':' || !is_plain_range(text + 1, size - 1, term->kind))
		return false;
	return range_parse(text + 1, size - 1, &term->range) <= RANGE_HOST_BITS;
}

static bool read_argument(enum spf_argument argument, const char *text, size_t size,
			  struct spf_term *term)
{
	size_t used;

	switch (argument) {
	case ARGUMENT_NONE:
		return size == 0;
	case ARGUMENT_MAYBE_DOMAIN:
		if (size == 0)
			return true;
		/* fallthrough */
	case ARGUMENT_DOMAIN:
		return size > 1 && (text[0] == ':' || text[0] == '=') &&
		       read_domain(text + 1, size - 1, '\0', term, &used);
	case ARGUMENT_HOSTS:
		return read_hosts(text, size, term);
	case ARGUMENT_RANGE:
		return read_range(text, size, term);
	}
	return false;
}

/* name "=" macro-string; redirect and exp are domains. */
static bool read_modifier(const char *text, size_t name, size_t size, struct spf_term *term)
{
	const struct spf_row *row = find_row(modifiers, text, name);
	bool has_macros, ends_in_macro;

	term->kind = row ? row->kind : SPF_MODIFIER;
	if (row)
		return read_argument(row->argument, text + name, size - name, term);
	return macro_string_length(text + name + 1, size - name - 1, '\0', &has_macros,
				   &ends_in_macro) >= 0;
}

static size_t name_length(const char *text, size_t size)
{
	size_t length = 0;

	if (size == 0 || !is_letter(text[0]))
		return 0;
	while (length < size &&
	       (is_letter(text[length]) || is_digit(text[length]) || strchr("-_.", text[length])))
		length++;
	return length;
}

static bool read_term(const char *text, size_t size, struct spf_term *term)
{
	bool qualified = strchr("+-~?", text[0]) != NULL;
	const char *name = text + qualified;
	size_t rest = size - qualified;
	size_t length = name_length(name, rest);
	const struct spf_row *row = find_row(mechanisms, name, length);

	*term = (struct spf_term){
		.qualifier = qualified ? text[0] : '+', .text = text, .size = size};
	if (length > 0 && length < rest && name[length] == '=')
		return !qualified && read_modifier(name, length, rest, term);
	if (!row || (length < rest && name[length] != ':' && name[length] != '/'))
		return false;
	term->kind = row->kind;
	return read_argument(row->argument, name + length, rest - length, term);
}

/* Nothing below need think of NULs then. */
static bool is_visible(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	return true;
}

/* redirect and exp may stand there once. */
static bool is_repeated(const struct spf_record *record, const struct spf_term *term)
{
	if (term->kind != SPF_REDIRECT && term->kind != SPF_EXP)
		return false;
	for (size_t i = 0; i < record->count; i++)
		if (record->terms[i].kind == term->kind)
			return true;
	return false;
}

static int add_term(struct spf_record *record, const char *text, size_t size,
		    struct trouble *trouble)
{
	char quote[TEXT_QUOTE_SIZE];
	struct spf_term term;
	struct spf_term *terms;

	if (!read_term(text, size, &term) || is_repeated(record, &term))
		return trouble_set(trouble, -EINVAL, "\"%s\" is not right in an SPF record",
				   text_quote(text, size, quote));
	if ((record->count & (record->count + 1)) == 0) { /* room for a power of two, less one */
		terms = reallocarray(record->terms, 2 * record->count + 1, sizeof(*terms));
		if (!terms)
			return trouble_set(trouble, -ENOMEM, "out of memory");
		record->terms = terms;
	}
	record->terms[record->count++] = term;
	return 0;
}

int spf_record_parse(const char *text, size_t size, struct spf_record *record,
		     struct trouble *trouble)
{
	size_t at = strlen(VERSION);

	if (!is_visible(text, size))
		return trouble_set(trouble, -EINVAL,
				   "an SPF record has blanks and visible ASCII alone");
	while (at < size) {
		const char *blank;
		size_t length;
		int error;

		if (text[at] == ' ') {
			at++;
			continue;
		}
		blank = memchr(text + at, ' ', size - at);
		length = blank ? (size_t)(blank - text) - at : size - at;
		error = add_term(record, text + at, length, trouble);
		if (error)
			return error;
		at += length;
	}
	return 0;
}

void spf_record_clear(struct spf_record *record)
{
	free(record->terms);
	*record = (struct spf_record){.terms = NULL};
}
