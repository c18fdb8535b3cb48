// SPDX-License-Identifier: GPL-2.0-only
#include "policy/mailbox.h"

#include <idn2.h>
#include <stdio.h>
#include <string.h>

#include "core/range.h"

#define LABEL_MAX 63 /* octets, RFC 1035 section 2.3.4 */

/* What a character may be part of. */
enum character {
	ATEXT = 1 << 0,	 /* RFC 5322 section 3.2.3 */
	QTEXT = 1 << 1,	 /* RFC 5321 section 4.1.2: qtextSMTP */
	LETDIG = 1 << 2, /* of a domain's label */
};

#define A (ATEXT | QTEXT)
#define L (ATEXT | QTEXT | LETDIG)
#define Q QTEXT
static const unsigned char characters[128] = {
	[' '] = Q,  ['!'] = A, ['#'] = A, ['$'] = A,	     ['%'] = A, ['&'] = A,
	['\''] = A, ['('] = Q, [')'] = Q, ['*'] = A,	     ['+'] = A, [','] = Q,
	['-'] = A,  ['.'] = Q, ['/'] = A, ['0' ... '9'] = L, [':'] = Q, [';'] = Q,
	['<'] = Q,  ['='] = A, ['>'] = Q, ['?'] = A,	     ['@'] = Q, ['A' ... 'Z'] = L,
	['['] = Q,  [']'] = Q, ['^'] = A, ['_'] = A,	     ['`'] = A, ['a' ... 'z'] = L,
	['{'] = A,  ['|'] = A, ['}'] = A, ['~'] = A,
};
#undef A
#undef L
#undef Q

/* Reading from left to right. */
struct cursor {
	const char *at;
	const char *end;
	bool utf8;
};

static bool cursor_takes(struct cursor *cursor, char wanted)
{
	if (cursor->at == cursor->end || *cursor->at != wanted)
		return false;
	cursor->at++;
	return true;
}

/* Octets of the well-formed UTF-8 character (RFC 3629) that is not ASCII, or 0. */
static size_t utf8_length(const char *text, size_t size)
{
	static const struct {
		unsigned char first, last, low, high; /* of the first octet; of the second */
		size_t length;
	} forms[] = {
		{0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
		{0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3},
		{0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
		{0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
	};
	const unsigned char *octets = (const unsigned char *)text;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (octets[0] < forms[i].first || octets[0] > forms[i].last)
			continue;
		if (size < forms[i].length || octets[1] < forms[i].low || octets[1] > forms[i].high)
			return 0;
		for (size_t k = 2; k < forms[i].length; k++)
			if ((octets[k] & 0xc0) != 0x80)
				return 0;
		return forms[i].length;
	}
	return 0;
}

/*
 * Bytes of the character at the cursor, if it is one of `kind` or, where that is allowed, not
 * ASCII; else 0 with *error set if its coding is what is wrong.
 */
static size_t character_length(const struct cursor *cursor, enum character kind,
			       enum mailbox_error *error)
{
	unsigned char first;
	size_t length;

	if (cursor->at == cursor->end)
		return 0;
	first = (unsigned char)*cursor->at;
	if (first < 0x80)
		return characters[first] & kind ? 1 : 0;
	if (!cursor->utf8) {
		*error = MAILBOX_UTF8;
		return 0;
	}
	length = utf8_length(cursor->at, (size_t)(cursor->end - cursor->at));
	if (!length)
		*error = MAILBOX_NOT_UTF8;
	return length;
}

/* The mailbox as it is written down. */
struct draft {
	struct mailbox *mailbox;
	size_t size;
};

static bool draft_add(struct draft *draft, const char *text, size_t size)
{
	if (size > MAILBOX_TEXT_MAX - draft->size)
		return false;
	memcpy(draft->mailbox->text + draft->size, text, size);
	draft->size += size;
	return true;
}

static enum mailbox_error read_atom(struct cursor *cursor, struct draft *draft)
{
	enum mailbox_error error = MAILBOX_LOCAL;
	const char *begin = cursor->at;
	size_t length;

	while ((length = character_length(cursor, ATEXT, &error)))
		cursor->at += length;
	if (cursor->at == begin || error != MAILBOX_LOCAL)
		return error;
	return draft_add(draft, begin, (size_t)(cursor->at - begin)) ? MAILBOX_OK
								     : MAILBOX_LOCAL_LONG;
}

static enum mailbox_error read_dot_string(struct cursor *cursor, struct draft *draft)
{
	enum mailbox_error error = read_atom(cursor, draft);

	while (!error && cursor_takes(cursor, '.')) {
		if (!draft_add(draft, ".", 1))
			return MAILBOX_LOCAL_LONG;
		error = read_atom(cursor, draft);
	}
	return error;
}

/* The characters within the quotes, without their backslashes. */
static enum mailbox_error read_quoted(struct cursor *cursor, struct draft *draft)
{
	while (!cursor_takes(cursor, '"')) {
		enum mailbox_error error = MAILBOX_LOCAL;
		size_t length;

		if (cursor_takes(cursor, '\\'))
			length = cursor->at < cursor->end && *cursor->at >= ' ' &&
				 *cursor->at < 0x7f;
		else
			length = character_length(cursor, QTEXT, &error);
		if (!length)
			return error;
		if (!draft_add(draft, cursor->at, length))
			return MAILBOX_LOCAL_LONG;
		cursor->at += length;
	}
	return MAILBOX_OK;
}

static bool is_dot_string(const char *text, size_t size, bool utf8)
{
	struct mailbox scratch;
	struct draft draft = {.mailbox = &scratch};
	struct cursor cursor = {.at = text, .end = text + size, .utf8 = utf8};

	return read_dot_string(&cursor, &draft) == MAILBOX_OK && cursor.at == cursor.end;
}

/* Quotes what was read, where it needs quotes. */
static enum mailbox_error quote_local(struct draft *draft, bool utf8)
{
	char plain[MAILBOX_TEXT_MAX];
	size_t size = draft->size;

	if (is_dot_string(draft->mailbox->text, size, utf8))
		return MAILBOX_OK;
	memcpy(plain, draft->mailbox->text, size);
	draft->size = 0;
	draft_add(draft, "\"", 1);
	for (size_t i = 0; i < size; i++) {
		bool special = plain[i] == '"' || plain[i] == '\\';

		if ((special && !draft_add(draft, "\\", 1)) || !draft_add(draft, plain + i, 1))
			return MAILBOX_LOCAL_LONG;
	}
	return draft_add(draft, "\"", 1) ? MAILBOX_OK : MAILBOX_LOCAL_LONG;
}

static enum mailbox_error read_local(struct cursor *cursor, struct draft *draft)
{
	enum mailbox_error error;

	if (cursor_takes(cursor, '"')) {
		error = read_quoted(cursor, draft);
		if (!error)
			error = quote_local(draft, cursor->utf8);
	} else {
		error = read_dot_string(cursor, draft);
	}
	if (error)
		return error;
	if (draft->size > MAILBOX_LOCAL_MAX)
		return MAILBOX_LOCAL_LONG;
	draft->mailbox->local_size = (uint16_t)draft->size;
	return MAILBOX_OK;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

static bool is_label_octet(char c)
{
	return c > 0 && (c == '-' || characters[(unsigned char)c] & LETDIG);
}

/* One label: letters, digits, and hyphens inside of it (RFC 5321 section 4.1.2, sub-domain). */
static bool read_label(struct cursor *cursor)
{
	const char *begin = cursor->at;

	while (cursor->at != cursor->end && is_label_octet(*cursor->at))
		cursor->at++;
	return cursor->at > begin && cursor->at - begin <= LABEL_MAX && *begin != '-' &&
	       cursor->at[-1] != '-';
}

/* A domain in ASCII, to its end; `key` gets it in lower case. */
static enum mailbox_error read_ascii_domain(const char *text, size_t size, char *key)
{
	struct cursor cursor = {.at = text, .end = text + size};

	if (size > MAILBOX_DOMAIN_MAX)
		return MAILBOX_DOMAIN_LONG;
	do {
		if (!read_label(&cursor))
			return MAILBOX_DOMAIN;
	} while (cursor_takes(&cursor, '.'));
	if (cursor.at != cursor.end)
		return MAILBOX_DOMAIN;
	for (size_t i = 0; i < size; i++)
		key[i] = lower(text[i]);
	key[size] = '\0';
	return MAILBOX_OK;
}

/* U-labels become A-labels, as IDNA 2008 and UTS #46 (nontransitional) say. */
static enum mailbox_error read_idn_domain(const char *text, size_t size, char *key,
					  size_t *key_size)
{
	char copy[4 * MAILBOX_DOMAIN_MAX + 1];
	enum mailbox_error error = MAILBOX_DOMAIN_LONG;
	char *ascii = NULL;
	size_t length;

	if (size >= sizeof(copy))
		return MAILBOX_DOMAIN_LONG;
	memcpy(copy, text, size);
	copy[size] = '\0';
	if (idn2_to_ascii_8z(copy, &ascii, IDN2_NONTRANSITIONAL) != IDN2_OK)
		return MAILBOX_IDN;
	length = strlen(ascii);
	if (length <= MAILBOX_DOMAIN_MAX) {
		error = read_ascii_domain(ascii, length, key);
		*key_size = length;
	}
	idn2_free(ascii);
	return error == MAILBOX_DOMAIN ? MAILBOX_IDN : error;
}

static enum mailbox_error check_utf8(const char *text, size_t size, bool utf8, bool *ascii)
{
	size_t length;

	*ascii = true;
	for (size_t i = 0; i < size; i += length) {
		length = 1;
		if (text[i] > 0)
			continue;
		if (text[i] == '\0')
			return MAILBOX_DOMAIN;
		*ascii = false;
		length = utf8_length(text + i, size - i);
		if (!length)
			return utf8 ? MAILBOX_NOT_UTF8 : MAILBOX_UTF8;
	}
	return *ascii || utf8 ? MAILBOX_OK : MAILBOX_UTF8;
}

enum mailbox_error mailbox_parse_domain(const char *text, size_t size, bool utf8, char *key,
					size_t *key_size)
{
	bool ascii;
	enum mailbox_error error = check_utf8(text, size, utf8, &ascii);

	if (error)
		return error;
	if (!ascii)
		return read_idn_domain(text, size, key, key_size);
	*key_size = size;
	return read_ascii_domain(text, size, key);
}

/* An address literal without its brackets, RFC 5321 section 4.1.3. */
static enum mailbox_error read_literal(const char *text, size_t size, struct draft *draft)
{
	static const char tag[] = "IPv6:";
	const size_t tag_size = sizeof(tag) - 1;
	bool tagged = size > tag_size && strncasecmp(text, tag, tag_size) == 0;
	char address[RANGE_TEXT_MAX];
	struct ip ip;
	uint8_t family;

	if (tagged) {
		text += tag_size;
		size -= tag_size;
	}
	if (ip_parse(text, size, &ip, &family) != RANGE_OK ||
	    tagged != (family == MXF_FAMILY_IPV6) || text[0] == ' ' || text[size - 1] == ' ')
		return MAILBOX_LITERAL;
	draft->mailbox->literal = true;
	return draft_add(draft, "[", 1) && (!tagged || draft_add(draft, tag, tag_size)) &&
			       draft_add(draft, address, ip_format(ip, family, address)) &&
			       draft_add(draft, "]", 1)
		       ? MAILBOX_OK
		       : MAILBOX_DOMAIN_LONG;
}

static enum mailbox_error read_domain(struct cursor *cursor, struct draft *draft)
{
	size_t size = (size_t)(cursor->end - cursor->at), key_size;
	char key[MAILBOX_DOMAIN_MAX + 1];
	enum mailbox_error error;

	if (size && *cursor->at == '[') {
		const char *close = memchr(cursor->at, ']', size);

		if (!close)
			return MAILBOX_LITERAL;
		if (close + 1 != cursor->end)
			return MAILBOX_TRAILING;
		return read_literal(cursor->at + 1, size - 2, draft);
	}
	error = mailbox_parse_domain(cursor->at, size, cursor->utf8, key, &key_size);
	if (!error && !draft_add(draft, key, key_size))
		error = MAILBOX_DOMAIN_LONG;
	return error;
}

/* "@one.example,@two.example:" before the mailbox is read and forgotten, RFC 5321 appendix C. */
static enum mailbox_error skip_route(struct cursor *cursor)
{
	char key[MAILBOX_DOMAIN_MAX + 1];

	if (cursor->at == cursor->end || *cursor->at != '@')
		return MAILBOX_OK;
	do {
		const char *begin = cursor->at + 1;
		size_t size;

		if (!cursor_takes(cursor, '@'))
			return MAILBOX_ROUTE;
		while (cursor->at < cursor->end && *cursor->at != ',' && *cursor->at != ':')
			cursor->at++;
		if (mailbox_parse_domain(begin, (size_t)(cursor->at - begin), cursor->utf8, key,
					 &size))
			return MAILBOX_ROUTE;
	} while (cursor_takes(cursor, ','));
	return cursor_takes(cursor, ':') ? MAILBOX_OK : MAILBOX_ROUTE;
}

static void finish(struct draft *draft)
{
	struct mailbox *mailbox = draft->mailbox;

	mailbox->utf8 = false;
	for (size_t i = 0; i < draft->size; i++) {
		mailbox->key[i] = lower(mailbox->text[i]);
		mailbox->utf8 |= mailbox->text[i] < 0;
	}
	mailbox->size = (uint16_t)draft->size;
	mailbox->text[draft->size] = '\0';
	mailbox->key[draft->size] = '\0';
}

enum mailbox_error mailbox_parse(const char *path, size_t size, bool utf8, struct mailbox *mailbox)
{
	struct cursor cursor = {.at = path, .end = path + size, .utf8 = utf8};
	struct draft draft = {.mailbox = mailbox};
	enum mailbox_error error;

	if (size == 0)
		return MAILBOX_EMPTY;
	mailbox->literal = false;
	error = skip_route(&cursor);
	if (!error)
		error = read_local(&cursor, &draft);
	if (error)
		return error;
	if (cursor.at == cursor.end)
		return MAILBOX_NO_DOMAIN;
	if (!cursor_takes(&cursor, '@'))
		return MAILBOX_LOCAL;
	draft_add(&draft, "@", 1);
	error = read_domain(&cursor, &draft);
	if (!error)
		finish(&draft);
	return error;
}

void mailbox_clear(struct mailbox *mailbox)
{
	memset(mailbox, 0, offsetof(struct mailbox, text));
	mailbox->text[0] = '\0';
	mailbox->key[0] = '\0';
}

/* A local part (as the inside of quotes is written) with quotes where it needs them, or 0. */
static size_t write_local(const char *local, size_t size, char *key)
{
	bool plain = is_dot_string(local, size, true);

	if (size + (plain ? 0 : 2) > MAILBOX_LOCAL_MAX)
		return 0;
	memcpy(key + !plain, local, size);
	if (plain)
		return size;
	key[0] = key[size + 1] = '"';
	return size + 2;
}

size_t mailbox_untagged_key(const struct mailbox *mailbox, size_t *position, char *key)
{
	const char *local = mailbox->key + (mailbox->key[0] == '"');
	const char *end = mailbox->key + mailbox->local_size, *tag;
	size_t rest = (size_t)(mailbox->size - mailbox->local_size);
	size_t at = *position ? *position : (size_t)(local - mailbox->key) + 1;
	size_t size = 0;

	while (!size && at < mailbox->local_size) {
		tag = memchr(mailbox->key + at, '+', (size_t)(end - mailbox->key) - at);
		if (!tag)
			return 0;
		at = (size_t)(tag - mailbox->key) + 1;
		size = write_local(local, (size_t)(tag - local), key);
	}
	*position = at;
	if (!size)
		return 0;
	memcpy(key + size, end, rest + 1);
	return size + rest;
}

/* Exchange's encapsulated addresses: IMCEA, letters or digits, a hyphen, and the address. */
static bool is_imcea(const char *key, size_t size)
{
	static const char prefix[] = "imcea";
	size_t i = sizeof(prefix) - 1;

	if (size <= i || memcmp(key, prefix, i) != 0)
		return false;
	while (i < size && key[i] > 0 && characters[(unsigned char)key[i]] & LETDIG)
		i++;
	return i > sizeof(prefix) - 1 && i < size && key[i] == '-';
}

bool mailbox_has_routing(const struct mailbox *mailbox)
{
	const char *local = mailbox->key + (mailbox->key[0] == '"');
	size_t size = mailbox->local_size - (size_t)(local - mailbox->key);

	return memchr(local, '%', size) || memchr(local, '!', size) || memchr(local, '@', size) ||
	       is_imcea(local, size);
}

const char *mailbox_error_text(enum mailbox_error error)
{
	static const char *const texts[] = {
		[MAILBOX_OK] = "is a mailbox",
		[MAILBOX_EMPTY] = "is empty",
		[MAILBOX_NO_DOMAIN] = "has no @ and domain",
		[MAILBOX_LOCAL] = "has a local part that is neither a dot-string nor quoted",
		[MAILBOX_LOCAL_LONG] = "has a local part of more than 64 octets",
		[MAILBOX_DOMAIN] = "has no valid domain behind the @",
		[MAILBOX_DOMAIN_LONG] = "has a domain of more than 255 octets",
		[MAILBOX_LITERAL] = "has an address literal that is no address",
		[MAILBOX_ROUTE] = "begins with something that is no source route",
		[MAILBOX_UTF8] = "is not ASCII, which needs SMTPUTF8",
		[MAILBOX_NOT_UTF8] = "is neither ASCII nor UTF-8",
		[MAILBOX_IDN] = "has a domain that is not permitted in internationalised names",
		[MAILBOX_TRAILING] = "has something behind the address literal",
	};

	return texts[error];
}
