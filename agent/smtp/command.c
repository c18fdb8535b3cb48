// SPDX-License-Identifier: GPL-2.0-only
#include "smtp/command.h"

#include <arpa/inet.h>
#include <string.h>

#include "core/text.h"
#include "smtp/codec.h"

#define COMMAND_WORD(id, word) [COMMAND_##id] = word,
static const char *const words[] = {SMTP_COMMANDS(COMMAND_WORD)};

/* What speaks HTTP to a mail port. */
static const char *const foreign_words[] = {
	"GET", "POST", "HEAD", "PUT", "CONNECT", "OPTIONS", "DELETE", "TRACE", "PATCH", "PRI",
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_alphanumeric(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool span_is(struct text_span span, const char *word)
{
	return span.size == strlen(word) && strncasecmp(span.text, word, span.size) == 0;
}

bool command_looks_foreign(const char *data, size_t size)
{
	/* A TLS record of a handshake (RFC 8446 section 5.1), and SSH (RFC 4253 section 4.2). */
	return (size >= 2 && data[0] == 0x16 && data[1] == 0x03) ||
	       (size >= 4 && memcmp(data, "SSH-", 4) == 0);
}

static enum smtp_verb find_verb(struct text_span word)
{
	for (size_t i = 0; i < COMMAND_UNKNOWN; i++)
		if (span_is(word, words[i]))
			return (enum smtp_verb)i;
	for (size_t i = 0; i < sizeof(foreign_words) / sizeof(foreign_words[0]); i++)
		if (span_is(word, foreign_words[i]))
			return COMMAND_FOREIGN;
	return COMMAND_UNKNOWN;
}

void smtp_command_parse(const char *line, size_t size, struct smtp_command *command)
{
	struct text_span word = {.text = line};
	size_t begin;

	while (size > 0 && is_blank(line[size - 1]))
		size--;
	while (word.size < size && !is_blank(line[word.size]))
		word.size++;
	begin = word.size;
	while (begin < size && is_blank(line[begin]))
		begin++;
	command->verb = command_looks_foreign(line, size) ? COMMAND_FOREIGN : find_verb(word);
	command->argument = (struct text_span){0};
	if (begin < size)
		command->argument = (struct text_span){.text = line + begin, .size = size - begin};
}

size_t command_line_limit(enum smtp_verb verb)
{
	if (verb == COMMAND_AUTH)
		return AUTH_LINE_MAX;
	return verb == COMMAND_MAIL || verb == COMMAND_RCPT ? COMMAND_LINE_LONGEST
							    : COMMAND_LINE_MAX;
}

/* Where the bracket is that ends a path, as quoted strings demand; NULL when there is none. */
static const char *find_path_end(const char *at, const char *end)
{
	bool quoted = false;

	for (; at < end; at++) {
		if (*at == '"')
			quoted = !quoted;
		else if (quoted && *at == '\\' && at + 1 < end)
			at++;
		else if (!quoted && *at == '<')
			return NULL;
		else if (!quoted && *at == '>')
			return at;
	}
	return NULL;
}

/* Takes "FROM:" or "TO:" and the path behind it; `rest` are the parameters. */
static bool take_path(struct text_span argument, const char *keyword, struct text_span *path,
		      struct text_span *rest)
{
	size_t length = strlen(keyword);
	const char *at, *end, *bracket;

	if (argument.size < length || strncasecmp(argument.text, keyword, length) != 0)
		return false;
	at = argument.text + length;
	end = argument.text + argument.size;
	if (at < end && *at == ' ')
		at++;
	if (at == end || *at++ != '<')
		return false;
	bracket = find_path_end(at, end);
	if (!bracket)
		return false;
	*path = (struct text_span){.text = at, .size = (size_t)(bracket - at)};
	*rest = (struct text_span){.text = bracket + 1, .size = (size_t)(end - bracket - 1)};
	return rest->size == 0 || is_blank(rest->text[0]);
}

/* A parameter "KEYWORD" or "KEYWORD=value", RFC 5321 section 4.1.2. */
struct parameter {
	struct text_span keyword;
	struct text_span value; /* text NULL without = */
};

/* Takes the next parameter; false at the end. */
static bool next_parameter(struct text_span *rest, struct parameter *parameter)
{
	const char *at = rest->text, *end = at + rest->size, *begin, *equals;

	while (at < end && is_blank(*at))
		at++;
	begin = at;
	while (at < end && !is_blank(*at))
		at++;
	*rest = (struct text_span){.text = at, .size = (size_t)(end - at)};
	if (begin == at)
		return false;
	equals = memchr(begin, '=', (size_t)(at - begin));
	parameter->keyword =
		(struct text_span){.text = begin, .size = (size_t)((equals ? equals : at) - begin)};
	parameter->value = (struct text_span){0};
	if (equals)
		parameter->value =
			(struct text_span){.text = equals + 1, .size = (size_t)(at - equals - 1)};
	return true;
}

/* esmtp-keyword, RFC 5321 section 4.1.2. */
static bool is_keyword(struct text_span text)
{
	for (size_t i = 0; i < text.size; i++)
		if (!is_alphanumeric(text.text[i]) && (i == 0 || text.text[i] != '-'))
			return false;
	return text.size > 0;
}

/*
 * A keyword's own reader; what it finds goes into the arguments. It is called with a value that is
 * not empty, or with none where the keyword has none.
 */
typedef bool parameter_fn(struct text_span value, void *arguments);

struct parameter_row {
	const char *keyword;
	unsigned int extensions; /* one of these must have been offered */
	bool has_value;
	parameter_fn *read;
};

/* RFC 1870 section 3: up to 20 digits. */
static bool read_size(struct text_span value, void *arguments)
{
	struct mail_arguments *mail = arguments;
	uint64_t size = 0;

	if (value.size > 20)
		return false;
	for (size_t i = 0; i < value.size; i++) {
		if (value.text[i] < '0' || value.text[i] > '9')
			return false;
		if (__builtin_mul_overflow(size, 10u, &size) ||
		    __builtin_add_overflow(size, (uint64_t)(value.text[i] - '0'), &size))
			size = UINT64_MAX;
	}
	mail->size = size;
	return true;
}

static bool read_body(struct text_span value, void *arguments)
{
	struct mail_arguments *mail = arguments;

	if (span_is(value, "7BIT"))
		mail->body = BODY_7BIT;
	else if (span_is(value, "8BITMIME"))
		mail->body = BODY_8BITMIME;
	else
		return false;
	return true;
}

static bool read_utf8(struct text_span value, void *arguments)
{
	struct mail_arguments *mail = arguments;

	(void)value;
	mail->utf8 = true;
	return true;
}

static bool read_ret(struct text_span value, void *arguments)
{
	struct mail_arguments *mail = arguments;

	mail->ret = value;
	return span_is(value, "FULL") || span_is(value, "HDRS");
}

/*
 * xtext of printable ASCII and blanks, as RFC 3461 wants it in ENVID and ORCPT: what is decoded
 * ends in the header fields of a report.
 */
static bool is_printable_xtext(const char *text, size_t size)
{
	if (size == 0 || !xtext_is_valid(text, size))
		return false;
	for (size_t i = 0; i < size; i++)
		if (text[i] == '+' && (text[i + 1] < '2' || text[i + 1] > '7' ||
				       (text[i + 1] == '7' && text[i + 2] == 'F')))
			return false;
	return true;
}

static bool read_envid(struct text_span value, void *arguments)
{
	struct mail_arguments *mail = arguments;

	mail->envid = value;
	return value.size <= 100 && is_printable_xtext(value.text, value.size);
}

static bool read_auth(struct text_span value, void *arguments)
{
	struct mail_arguments *mail = arguments;

	mail->auth = value;
	return xtext_is_valid(value.text, value.size);
}

static bool read_notify(struct text_span value, void *arguments)
{
	static const char *const names[] = {"SUCCESS", "FAILURE", "DELAY"};
	struct rcpt_arguments *rcpt = arguments;
	unsigned int seen = 0;
	const char *at = value.text, *end = at + value.size;

	rcpt->notify = value;
	if (span_is(value, "NEVER"))
		return true;
	while (at < end) {
		const char *comma = memchr(at, ',', (size_t)(end - at));
		struct text_span name = {.text = at, .size = (size_t)((comma ? comma : end) - at)};
		unsigned int before = seen;

		for (size_t i = 0; i < 3; i++)
			if (span_is(name, names[i]) && !(seen & 1u << i))
				seen |= 1u << i;
		if (seen == before || (comma && comma + 1 == end))
			return false;
		at = comma ? comma + 1 : end;
	}
	return seen != 0;
}

static bool is_ascii(struct text_span text)
{
	for (size_t i = 0; i < text.size; i++)
		if ((unsigned char)text.text[i] >= 0x80)
			return false;
	return true;
}

/* utf-8-addr-unitext, RFC 6533 section 3. What it has beyond xtext is UTF-8. */
static bool is_unitext(const char *text, size_t size)
{
	for (size_t i = 0; i < size;) {
		size_t width = text_printable(text + i, size - i);

		if (width == 0 || text[i] == ' ' || text[i] == '+' || text[i] == '=')
			return false;
		i += width;
	}
	return size > 0;
}

static bool read_orcpt(struct text_span value, void *arguments)
{
	struct rcpt_arguments *rcpt = arguments;
	const char *semicolon = memchr(value.text, ';', value.size);
	struct text_span type = {.text = value.text};
	size_t size;

	rcpt->orcpt = value;
	if (!semicolon || value.size > 500)
		return false;
	type.size = (size_t)(semicolon - value.text);
	size = value.size - type.size - 1;
	return is_keyword(type) && (is_printable_xtext(semicolon + 1, size) ||
				    (span_is(type, "utf-8") && is_unitext(semicolon + 1, size)));
}

static const struct parameter_row mail_parameters[] = {
	{"SIZE", EXTENSION_SIZE, true, read_size},
	{"BODY", EXTENSION_8BITMIME, true, read_body},
	{"SMTPUTF8", EXTENSION_SMTPUTF8, false, read_utf8},
	{"RET", EXTENSION_DSN, true, read_ret},
	{"ENVID", EXTENSION_DSN, true, read_envid},
	{"AUTH", EXTENSION_AUTH_PLAIN | EXTENSION_AUTH_LOGIN, true, read_auth},
	{.keyword = NULL},
};

static const struct parameter_row rcpt_parameters[] = {
	{"NOTIFY", EXTENSION_DSN, true, read_notify},
	{"ORCPT", EXTENSION_DSN, true, read_orcpt},
	{.keyword = NULL},
};

static enum path_error read_parameters(struct text_span rest, const struct parameter_row *rows,
				       unsigned int extensions, void *arguments)
{
	struct parameter parameter;
	unsigned int given = 0;

	while (next_parameter(&rest, &parameter)) {
		size_t i = 0;

		while (rows[i].keyword && !span_is(parameter.keyword, rows[i].keyword))
			i++;
		if (!is_keyword(parameter.keyword))
			return PATH_SYNTAX;
		if (!rows[i].keyword || !(rows[i].extensions & extensions))
			return PATH_UNKNOWN;
		if (given & 1u << i || (parameter.value.text != NULL) != rows[i].has_value ||
		    (rows[i].has_value && parameter.value.size == 0) ||
		    !rows[i].read(parameter.value, arguments))
			return PATH_PARAMETER;
		given |= 1u << i;
	}
	return PATH_OK;
}

enum path_error command_parse_mail(struct text_span argument, unsigned int extensions,
				   struct mail_arguments *mail)
{
	struct text_span rest;

	*mail = (struct mail_arguments){.body = BODY_NONE};
	if (!take_path(argument, "FROM:", &mail->path, &rest))
		return PATH_SYNTAX;
	return read_parameters(rest, mail_parameters, extensions, mail);
}

enum path_error command_parse_rcpt(struct text_span argument, unsigned int extensions,
				   struct rcpt_arguments *rcpt)
{
	struct text_span rest;
	enum path_error error;

	*rcpt = (struct rcpt_arguments){.path = {0}};
	if (!take_path(argument, "TO:", &rcpt->path, &rest))
		return PATH_SYNTAX;
	error = read_parameters(rest, rcpt_parameters, extensions, rcpt);
	if (!error && !(extensions & EXTENSION_SMTPUTF8) && !is_ascii(rcpt->orcpt))
		return PATH_UTF8;
	return error;
}

/* An address literal without its brackets, RFC 5321 section 4.1.3. */
static bool is_literal(const char *text, size_t size)
{
	bool tagged = size > 5 && strncasecmp(text, "IPv6:", 5) == 0;
	char address[INET6_ADDRSTRLEN];
	unsigned char octets[sizeof(struct in6_addr)];

	if (tagged) {
		text += 5;
		size -= 5;
	}
	if (size >= sizeof(address) || memchr(text, '\0', size))
		return false;
	memcpy(address, text, size);
	address[size] = '\0';
	return inet_pton(tagged ? AF_INET6 : AF_INET, address, octets) == 1;
}

static bool is_label(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (!is_alphanumeric(text[i]) && text[i] != '_' && text[i] != '-')
			return false;
	return size > 0 && size <= 63 && text[0] != '-' && text[size - 1] != '-';
}

bool command_is_helo_name(struct text_span argument)
{
	const char *at = argument.text, *end;

	if (argument.size == 0 || argument.size > 255)
		return false;
	end = at + argument.size;
	if (argument.size > 2 && *at == '[' && end[-1] == ']')
		return is_literal(at + 1, argument.size - 2);
	for (;;) {
		const char *dot = memchr(at, '.', (size_t)(end - at));

		if (!is_label(at, (size_t)((dot ? dot : end) - at)))
			return false;
		if (!dot)
			return true;
		at = dot + 1;
	}
}

/* A SASL mechanism's name, RFC 4422 section 3.1, in any case. */
static bool is_mechanism(struct text_span text)
{
	for (size_t i = 0; i < text.size; i++)
		if (!is_alphanumeric(text.text[i]) && text.text[i] != '-' && text.text[i] != '_')
			return false;
	return text.size > 0 && text.size <= 20;
}

bool command_parse_auth(struct text_span argument, struct text_span *mechanism,
			struct text_span *initial)
{
	const char *blank = argument.size ? memchr(argument.text, ' ', argument.size) : NULL;

	*mechanism = argument;
	*initial = (struct text_span){0};
	if (blank) {
		mechanism->size = (size_t)(blank - argument.text);
		initial->text = blank + 1;
		initial->size = argument.size - mechanism->size - 1;
	}
	if (!is_mechanism(*mechanism))
		return false;
	if (!blank)
		return true;
	for (size_t i = 0; i < initial->size; i++)
		if (is_blank(initial->text[i]))
			return false;
	if (initial->size == 0)
		return false;
	if (initial->size == 1 && initial->text[0] == '=')
		initial->size = 0;
	return true;
}
