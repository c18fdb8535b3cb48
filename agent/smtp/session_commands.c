// SPDX-License-Identifier: GPL-2.0-only
/* Lines of a client, the table of commands, and those that need no more than a few lines. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "smtp/line.h"
#include "smtp/relay.h"
#include "smtp/session_internal.h"

#define CLIENT_TLS_MS 60000

/* When a command is allowed; the first that does not hold answers. */
enum command_flag {
	NEEDS_HELO = 1 << 0,
	NEEDS_EHLO = 1 << 1,
	NEEDS_MAIL = 1 << 2,
	OUTSIDE_MAIL = 1 << 3,
	NO_ARGUMENT = 1 << 4,
	IDLE = 1 << 5, /* moves nothing: counts against idle-commands */
};

struct command_row {
	const char *word;
	void (*handle)(struct session *session, const struct smtp_command *command);
	unsigned int flags;
};

static const struct answer ok = {250, "2.0.0", "OK"};
static const struct answer bare_newline = {500, "5.5.2", "Lines end with CRLF"};
static const struct answer long_line = {500, "5.5.2", "Line too long"};
static const struct answer long_login = {500, "5.5.6", "Authentication exchange line is too long"};
static const struct answer unknown = {500, "5.5.1", "Unknown command"};
static const struct answer not_mail = {500, "5.5.1", "This is a mail server"};
static const struct answer not_waited = {503, "5.5.1", "The message was not asked for"};

static const struct ending too_many_unknown = {{421, "4.7.0", "Too many unknown commands"},
					       MXF_SESSION_LIMIT};
static const struct ending too_many_idle = {{421, "4.7.0", "Too many commands without mail"},
					    MXF_SESSION_LIMIT};

void session_count_idle(struct session *session)
{
	session->idle_commands++;
	if (session->idle_commands >= session_limit(session, LIMIT_IDLE_COMMANDS))
		session_end_soon(session, &too_many_idle);
}

/* Greetings. */

static bool starttls_is_possible(const struct session *session)
{
	const struct gate_listener *listener = session->shared->listener;

	return session->shared->tls_available && !session->facts.tls &&
	       (listener->tls == LISTENER_TLS_OPTIONAL || listener->tls == LISTENER_TLS_REQUIRED);
}

/* What is offered now: of our own, and what the backend had when it was last asked. */
static unsigned int extensions_now(const struct session *session)
{
	const struct session_offer *offer = session->shared->offer;
	unsigned int extensions = EXTENSION_PIPELINING | EXTENSION_SIZE |
				  EXTENSION_ENHANCEDSTATUSCODES | session_mechanisms(session);

	if (starttls_is_possible(session))
		extensions |= EXTENSION_STARTTLS;
	if (offer->known)
		extensions |= offer->extensions &
			      (EXTENSION_8BITMIME | EXTENSION_SMTPUTF8 | EXTENSION_DSN);
	return extensions;
}

/* The list in its order; SIZE is written apart. */
static const struct {
	unsigned int extension;
	const char *text;
} ehlo_lines[] = {
	{EXTENSION_PIPELINING, "PIPELINING"},
	{EXTENSION_SIZE, NULL},
	{EXTENSION_STARTTLS, "STARTTLS"},
	{EXTENSION_AUTH_PLAIN | EXTENSION_AUTH_LOGIN, "AUTH"},
	{EXTENSION_8BITMIME, "8BITMIME"},
	{EXTENSION_SMTPUTF8, "SMTPUTF8"},
	{EXTENSION_DSN, "DSN"},
	{EXTENSION_ENHANCEDSTATUSCODES, "ENHANCEDSTATUSCODES"},
};

struct ehlo_text {
	char text[COMMAND_LINE_MAX];
	size_t size;
};

static void ehlo_add(struct ehlo_text *ehlo, const char *text)
{
	size_t size = strlen(text);

	if (size > sizeof(ehlo->text) - ehlo->size)
		return;
	memcpy(ehlo->text + ehlo->size, text, size);
	ehlo->size += size;
}

static void ehlo_add_size(struct ehlo_text *ehlo, uint64_t value)
{
	char digits[24], *at = digits + sizeof(digits) - 1;

	*at = '\0';
	do
		*--at = (char)('0' + value % 10);
	while (value /= 10);
	ehlo_add(ehlo, "SIZE ");
	ehlo_add(ehlo, at);
}

static void answer_ehlo(struct session *session)
{
	const size_t lines = sizeof(ehlo_lines) / sizeof(ehlo_lines[0]);
	struct ehlo_text ehlo = {.size = 0};

	ehlo_add(&ehlo, "250-");
	ehlo_add(&ehlo, session->shared->config->gate.hostname);
	for (size_t i = 0; i < lines; i++) {
		unsigned int extension = ehlo_lines[i].extension & session->offered;

		if (!extension)
			continue;
		ehlo_add(&ehlo, i + 1 < lines ? "\r\n250-" : "\r\n250 ");
		if (ehlo_lines[i].text)
			ehlo_add(&ehlo, ehlo_lines[i].text);
		else
			ehlo_add_size(&ehlo, session_size_limit(session));
		if (extension & EXTENSION_AUTH_PLAIN)
			ehlo_add(&ehlo, " PLAIN");
		if (extension & EXTENSION_AUTH_LOGIN)
			ehlo_add(&ehlo, " LOGIN");
	}
	ehlo_add(&ehlo, "\r\n");
	session_reply_raw(session, ehlo.text, ehlo.size);
}

static void answer_helo(struct session *session)
{
	const struct answer hello = {250, "", session->shared->config->gate.hostname};

	session_reply(session, &hello);
}

static bool is_same_name(const char *name, struct text_span argument)
{
	return name && strlen(name) == argument.size &&
	       memcmp(name, argument.text, argument.size) == 0;
}

/* EHLO and HELO end a transaction, RFC 5321 section 4.1.4. */
static bool take_name(struct session *session, const struct smtp_command *command)
{
	static const struct answer bad_name = {501, "5.5.4",
					       "The argument is no host name or address"};
	char *name;

	if (!command_is_helo_name(command->argument)) {
		session_refuse_command(session, &bad_name, NULL);
		return false;
	}
	/* Once is needed. */
	if (session->helo)
		session_count_idle(session);
	transaction_reset(session);
	if (is_same_name(session->helo, command->argument))
		return true;
	name = strndup(command->argument.text, command->argument.size);
	if (!name) {
		session_out_of_memory(session);
		return false;
	}
	free(session->helo);
	session->helo = name;
	/* The backend was told the old one. */
	if (session->relay && !session->relay->pinned &&
	    session->shared->backend->client_address == CLIENT_XCLIENT)
		relay_close(session, false);
	return true;
}

static void handle_ehlo(struct session *session, const struct smtp_command *command)
{
	if (!take_name(session, command))
		return;
	session->esmtp = true;
	session->offered = extensions_now(session);
	answer_ehlo(session);
}

static void handle_helo(struct session *session, const struct smtp_command *command)
{
	if (!take_name(session, command))
		return;
	session->esmtp = false;
	session->offered = 0;
	answer_helo(session);
}

/* Short ones. */

static void handle_rset(struct session *session, const struct smtp_command *command)
{
	(void)command;
	transaction_reset(session);
	session_reply(session, &ok);
}

static void handle_noop(struct session *session, const struct smtp_command *command)
{
	(void)command;
	session_reply(session, &ok);
}

static void handle_vrfy(struct session *session, const struct smtp_command *command)
{
	static const struct answer cannot_verify = {
		252, "2.5.2", "Cannot verify a user, but will take mail and try"};

	(void)command;
	session_reply(session, &cannot_verify);
}

static void handle_help(struct session *session, const struct smtp_command *command)
{
	static const struct answer help = {214, "2.0.0", "See RFC 5321"};

	(void)command;
	session_reply(session, &help);
}

static void handle_quit(struct session *session, const struct smtp_command *command)
{
	static const struct answer bye = {221, "2.0.0", "Bye"};

	(void)command;
	session_reply(session, &bye);
	session_finish(session, MXF_SESSION_QUIT);
}

/* Bytes behind STARTTLS would be taken for encrypted ones: RFC 3207 section 6. */
static void handle_starttls(struct session *session, const struct smtp_command *command)
{
	static const struct answer active = {503, "5.5.1", "TLS is active already"};
	static const struct answer not_offered = {502, "5.5.1", "STARTTLS is not offered"};
	static const struct answer go_ahead = {220, "2.0.0", "Ready to start TLS"};

	(void)command;
	if (session->facts.tls) {
		session_refuse_command(session, &active, NULL);
	} else if (!starttls_is_possible(session)) {
		session_refuse_command(session, &not_offered, NULL);
	} else if (session->call->input_left) {
		session_finish(session, MXF_SESSION_PROTOCOL);
	} else {
		session_reply(session, &go_ahead);
		session_flush(session);
		session_change_state(session, STATE_TLS, session_after(session, CLIENT_TLS_MS));
		session->shared->ops->start_client_tls(session->context);
	}
}

/* What follows BDAT is message text of which no end is known. */
static void handle_bdat(struct session *session, const struct smtp_command *command)
{
	static const struct answer no_chunks = {502, "5.5.1", "BDAT is not offered"};

	(void)command;
	session_close(session, &no_chunks, "BDAT was not offered", MXF_SESSION_PROTOCOL);
}

static void handle_foreign(struct session *session, const struct smtp_command *command)
{
	(void)command;
	session_close(session, &not_mail, "not a mail client", MXF_SESSION_PROTOCOL);
}

static void handle_unknown(struct session *session, const struct smtp_command *command)
{
	(void)command;
	session_refuse_command(session, &unknown, NULL);
	session->unknown_commands++;
	if (session->unknown_commands >= session_limit(session, LIMIT_UNKNOWN_COMMANDS))
		session_end_soon(session, &too_many_unknown);
}

/* The dispatch. Words that we know but never offer are unknown to the client. */
static const struct command_row commands[COMMAND_COUNT] = {
	[COMMAND_EHLO] = {"EHLO", handle_ehlo, 0},
	[COMMAND_HELO] = {"HELO", handle_helo, 0},
	[COMMAND_MAIL] = {"MAIL", session_mail, NEEDS_HELO | OUTSIDE_MAIL},
	[COMMAND_RCPT] = {"RCPT", session_rcpt, NEEDS_MAIL},
	[COMMAND_DATA] = {"DATA", session_data, NEEDS_MAIL | NO_ARGUMENT},
	[COMMAND_BDAT] = {"BDAT", handle_bdat, 0},
	[COMMAND_RSET] = {"RSET", handle_rset, NO_ARGUMENT | IDLE},
	[COMMAND_NOOP] = {"NOOP", handle_noop, IDLE},
	[COMMAND_QUIT] = {"QUIT", handle_quit, NO_ARGUMENT},
	[COMMAND_VRFY] = {"VRFY", handle_vrfy, IDLE},
	[COMMAND_EXPN] = {"EXPN", handle_unknown, 0},
	[COMMAND_HELP] = {"HELP", handle_help, IDLE},
	[COMMAND_STARTTLS] = {"STARTTLS", handle_starttls, NEEDS_EHLO | NO_ARGUMENT},
	[COMMAND_AUTH] = {"AUTH", session_auth, NEEDS_EHLO | OUTSIDE_MAIL},
	[COMMAND_ETRN] = {"ETRN", handle_unknown, 0},
	[COMMAND_XCLIENT] = {"XCLIENT", handle_unknown, 0},
	[COMMAND_XFORWARD] = {"XFORWARD", handle_unknown, 0},
	[COMMAND_UNKNOWN] = {"UNKNOWN", handle_unknown, 0},
	[COMMAND_FOREIGN] = {"UNKNOWN", handle_foreign, 0},
};

static const struct {
	unsigned int flag;
	struct answer answer;
} out_of_order[] = {
	{NEEDS_HELO, {503, "5.5.1", "Send EHLO first"}},
	{NEEDS_EHLO, {503, "5.5.1", "Send EHLO first"}},
	{NEEDS_MAIL, {503, "5.5.1", "Send MAIL first"}},
	{OUTSIDE_MAIL, {503, "5.5.1", "Not within a transaction"}},
	{NO_ARGUMENT, {501, "5.5.4", "The command has no argument"}},
};

/* The flags that keep the command from being handled now. */
static unsigned int violations(const struct session *session, const struct command_row *row,
			       const struct smtp_command *command)
{
	unsigned int broken = 0;

	if (!session->helo)
		broken |= NEEDS_HELO;
	if (!session->esmtp)
		broken |= NEEDS_EHLO;
	broken |= session->transaction ? OUTSIDE_MAIL : NEEDS_MAIL;
	if (command->argument.size)
		broken |= NO_ARGUMENT;
	return broken & row->flags;
}

static void dispatch(struct session *session, const struct smtp_command *command)
{
	const struct command_row *row = &commands[command->verb];
	unsigned int broken = violations(session, row, command);

	if (row->flags & IDLE)
		session_count_idle(session);
	if (!broken) {
		row->handle(session, command);
		return;
	}
	for (size_t i = 0; i < sizeof(out_of_order) / sizeof(out_of_order[0]); i++) {
		if (!(out_of_order[i].flag & broken))
			continue;
		session_refuse_command(session, &out_of_order[i].answer, NULL);
		return;
	}
}

/*
 * After DATA was refused, a client that does not wait for 354 goes on with its message. No line of
 * it may be taken for a command.
 */
static bool is_message_text(struct session *session, enum smtp_verb verb)
{
	enum distrust distrust = session->distrust;

	session->distrust = DISTRUST_NONE;
	if (distrust == DISTRUST_NONE || verb == COMMAND_RSET || verb == COMMAND_QUIT)
		return false;
	return distrust == DISTRUST_ALL || verb >= COMMAND_UNKNOWN;
}

/* Only RCPT goes on while replies wait, and not without end. */
static bool must_wait(const struct session *session, enum smtp_verb verb)
{
	return session_has_pending(session) &&
	       (verb != COMMAND_RCPT || session->transaction->pending >= PENDING_MAX);
}

static size_t block(struct session *session)
{
	session->blocked = true;
	session->seen = 0;
	return 0;
}

static size_t line_refuse(struct session *session, const struct answer *answer, const char *reason,
			  size_t size)
{
	session->word = "UNKNOWN";
	session_close(session, answer, reason, MXF_SESSION_PROTOCOL);
	return size;
}

/* The limit that holds depends on the verb, which a line that is too long for others shows. */
static enum line_status find_line(const char *data, size_t size, size_t seen, bool login,
				  enum smtp_verb *verb, size_t *length)
{
	enum line_status status = LINE_LONG;
	struct smtp_command command;

	if (!login && seen < COMMAND_LINE_MAX)
		status = line_find(data, size, seen, COMMAND_LINE_MAX, length);
	if (status != LINE_LONG)
		return status;
	if (!login)
		smtp_command_parse(data, size < COMMAND_LINE_MAX ? size : COMMAND_LINE_MAX,
				   &command);
	*verb = login ? COMMAND_AUTH : command.verb;
	if (command_line_limit(*verb) == COMMAND_LINE_MAX)
		return LINE_LONG;
	return line_find(data, size, seen, command_line_limit(*verb), length);
}

size_t session_find_line(struct session *session, const char *data, size_t size, bool login)
{
	enum smtp_verb verb = COMMAND_UNKNOWN;
	size_t length = 0;
	enum line_status status = find_line(data, size, session->seen, login, &verb, &length);

	if (status == LINE_MORE) {
		session->seen = size;
		return 0;
	}
	session->seen = 0;
	if (status == LINE_OK)
		return length;
	if (session_has_pending(session))
		return block(session);
	if (status == LINE_BARE && command_looks_foreign(data, size))
		line_refuse(session, &not_mail, "not a mail client", size);
	else if (status == LINE_BARE)
		line_refuse(session, &bare_newline, "a line without CRLF", size);
	else
		line_refuse(session, verb == COMMAND_AUTH ? &long_login : &long_line,
			    "a line that is too long", size);
	return 0;
}

/* The deadline moves with whole commands alone, so that trickling octets gain nothing. */
size_t session_take_command(struct session *session, const char *data, size_t size)
{
	size_t length = session_find_line(session, data, size, false);
	struct smtp_command command;

	if (!length)
		return 0;
	smtp_command_parse(data, length - 2, &command);
	if (must_wait(session, command.verb))
		return block(session);
	session->word = commands[command.verb].word;
	session->call->input_left = size - length;
	if (is_message_text(session, command.verb))
		session_close(session, &not_waited, "a message that was not asked for",
			      MXF_SESSION_PROTOCOL);
	else
		dispatch(session, &command);
	if (session->state == STATE_COMMAND)
		session->deadline = session_has_pending(session)
					    ? NEVER
					    : session_after_limit(session, LIMIT_COMMAND_TIMEOUT);
	return length;
}
