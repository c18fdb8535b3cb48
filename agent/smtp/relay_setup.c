// SPDX-License-Identifier: GPL-2.0-only
/* What comes before the first MAIL on a backend connection. */
#include <stdlib.h>
#include <string.h>

#include "core/range.h"
#include "smtp/codec.h"
#include "smtp/proxy_header.h"
#include "smtp/relay.h"

#define XCLIENT_LINE_MAX 1024

/* PROXY: a probe speaks for itself. */

static void send_proxy_header(struct session *session)
{
	const struct proxy_header header = {
		.local = session->limits == NULL,
		.family = session->facts.client_family,
		.source = session->facts.client,
		.destination = session->facts.local,
		.source_port = session->client_port,
		.destination_port = session->local_port,
	};
	char text[PROXY_HEADER_WRITE_MAX];

	if (session->shared->backend->client_address == CLIENT_PROXY_V1)
		relay_write(session, text, proxy_header_write_v1(&header, text));
	else if (session->shared->backend->client_address == CLIENT_PROXY_V2)
		relay_write(session, text, proxy_header_write_v2(&header, text));
}

/* XCLIENT, as Postfix has it: NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT. */

struct xclient_line {
	char text[XCLIENT_LINE_MAX];
	size_t size;
};

/* An attribute that does not fit is left out: values are bounded, so that this is the last resort.
 */
static void xclient_add(struct xclient_line *line, const char *name, const char *value, size_t size)
{
	char encoded[XCLIENT_LINE_MAX];
	size_t made = xtext_encode(value, size, encoded, sizeof(encoded));
	size_t name_size = strlen(name);

	if (!made || line->size + name_size + made + sizeof(" =\r\n") > sizeof(line->text))
		return;
	line->text[line->size++] = ' ';
	memcpy(line->text + line->size, name, name_size);
	line->size += name_size;
	line->text[line->size++] = '=';
	memcpy(line->text + line->size, encoded, made);
	line->size += made;
}

static void xclient_add_word(struct xclient_line *line, const char *name, const char *word)
{
	line->text[line->size++] = ' ';
	memcpy(line->text + line->size, name, strlen(name));
	line->size += strlen(name);
	line->text[line->size++] = '=';
	memcpy(line->text + line->size, word, strlen(word));
	line->size += strlen(word);
}

static void xclient_add_address(struct xclient_line *line, const char *name, struct ip ip,
				uint8_t family)
{
	char text[RANGE_TEXT_MAX + 5] = "IPV6:";
	char *address = family == MXF_FAMILY_IPV4 ? text : text + 5;

	address[ip_format(ip, family, address)] = '\0';
	xclient_add(line, name, text, strlen(text));
}

static void xclient_add_port(struct xclient_line *line, const char *name, uint16_t port)
{
	char digits[6], *at = digits + sizeof(digits);

	do
		*--at = (char)('0' + port % 10);
	while (port /= 10);
	xclient_add(line, name, at, (size_t)(digits + sizeof(digits) - at));
}

static void xclient_name(const struct session *session, struct xclient_line *line)
{
	(void)session;
	xclient_add_word(line, "NAME", "[UNAVAILABLE]");
}

static void xclient_addr(const struct session *session, struct xclient_line *line)
{
	xclient_add_address(line, "ADDR", session->facts.client, session->facts.client_family);
}

static void xclient_port(const struct session *session, struct xclient_line *line)
{
	xclient_add_port(line, "PORT", session->client_port);
}

static void xclient_proto(const struct session *session, struct xclient_line *line)
{
	xclient_add_word(line, "PROTO", session->esmtp ? "ESMTP" : "SMTP");
}

static void xclient_helo(const struct session *session, struct xclient_line *line)
{
	if (session->helo)
		xclient_add(line, "HELO", session->helo, strlen(session->helo));
}

static void xclient_login(const struct session *session, struct xclient_line *line)
{
	if (session->login)
		xclient_add(line, "LOGIN", session->login, strlen(session->login));
	else
		xclient_add_word(line, "LOGIN", "[UNAVAILABLE]");
}

static void xclient_destaddr(const struct session *session, struct xclient_line *line)
{
	xclient_add_address(line, "DESTADDR", session->facts.local, session->facts.local_family);
}

static void xclient_destport(const struct session *session, struct xclient_line *line)
{
	xclient_add_port(line, "DESTPORT", session->local_port);
}

static const struct {
	const char *name;
	void (*add)(const struct session *session, struct xclient_line *line);
} xclient_rows[] = {
	{"NAME", xclient_name},		{"ADDR", xclient_addr},		{"PORT", xclient_port},
	{"PROTO", xclient_proto},	{"LOGIN", xclient_login},	{"HELO", xclient_helo},
	{"DESTADDR", xclient_destaddr}, {"DESTPORT", xclient_destport},
};
#define XCLIENT_ROWS (sizeof(xclient_rows) / sizeof(xclient_rows[0]))

static void send_xclient(struct session *session)
{
	struct xclient_line line = {.text = "XCLIENT", .size = 7};

	for (size_t i = 0; i < XCLIENT_ROWS; i++)
		if (session->relay->xclient & 1u << i)
			xclient_rows[i].add(session, &line);
	memcpy(line.text + line.size, "\r\n", 2);
	relay_write(session, line.text, line.size + 2);
	session->relay->xclient_done = true;
	relay_await(session, WAIT_XCLIENT);
}

/* What EHLO says. */

struct word {
	const char *text;
	size_t size;
};

/* The next word of a line; blanks and, for old servers' "AUTH=LOGIN", = part them. */
static bool next_word(const char **at, const char *end, struct word *word)
{
	while (*at < end && (**at == ' ' || **at == '='))
		++*at;
	word->text = *at;
	while (*at < end && **at != ' ' && **at != '=')
		++*at;
	word->size = (size_t)(*at - word->text);
	return word->size > 0;
}

static bool word_is(const struct word *word, const char *text)
{
	return word->size == strlen(text) && strncasecmp(word->text, text, word->size) == 0;
}

static void read_size(struct relay *relay, const char *at, const char *end)
{
	struct word word;
	uint64_t size = 0;

	if (!next_word(&at, end, &word) || word.size > 18)
		return;
	for (size_t i = 0; i < word.size; i++) {
		if (word.text[i] < '0' || word.text[i] > '9')
			return;
		size = size * 10 + (uint64_t)(word.text[i] - '0');
	}
	relay->size = size;
}

static void read_auth(struct relay *relay, const char *at, const char *end)
{
	struct word word;

	while (next_word(&at, end, &word)) {
		if (word_is(&word, "PLAIN"))
			relay->extensions |= EXTENSION_AUTH_PLAIN;
		else if (word_is(&word, "LOGIN"))
			relay->extensions |= EXTENSION_AUTH_LOGIN;
	}
}

static void read_xclient(struct relay *relay, const char *at, const char *end)
{
	struct word word;

	while (next_word(&at, end, &word))
		for (size_t i = 0; i < XCLIENT_ROWS; i++)
			if (word_is(&word, xclient_rows[i].name))
				relay->xclient |= 1u << i;
}

static const struct {
	const char *word;
	unsigned int extension; /* 0: what the arguments say */
	void (*read)(struct relay *relay, const char *at, const char *end);
} ehlo_rows[] = {
	{"PIPELINING", EXTENSION_PIPELINING, NULL},
	{"SIZE", EXTENSION_SIZE, read_size},
	{"8BITMIME", EXTENSION_8BITMIME, NULL},
	{"SMTPUTF8", EXTENSION_SMTPUTF8, NULL},
	{"DSN", EXTENSION_DSN, NULL},
	{"STARTTLS", EXTENSION_STARTTLS, NULL},
	{"ENHANCEDSTATUSCODES", EXTENSION_ENHANCEDSTATUSCODES, NULL},
	{"AUTH", 0, read_auth},
	{"XCLIENT", EXTENSION_XCLIENT, read_xclient},
};

static void read_ehlo_line(struct relay *relay, const char *at, const char *end)
{
	struct word word;

	if (!next_word(&at, end, &word))
		return;
	for (size_t i = 0; i < sizeof(ehlo_rows) / sizeof(ehlo_rows[0]); i++) {
		if (!word_is(&word, ehlo_rows[i].word))
			continue;
		relay->extensions |= ehlo_rows[i].extension;
		if (ehlo_rows[i].read)
			ehlo_rows[i].read(relay, at, end);
	}
}

static void read_ehlo(struct relay *relay, const struct smtp_reply *reply)
{
	const char *end = reply->text + reply->size;
	const char *line = memchr(reply->text, '\n', reply->size);

	relay->extensions = 0;
	relay->xclient = 0;
	relay->size = 0;
	while (line) {
		const char *next = memchr(line + 1, '\n', (size_t)(end - line - 1));

		read_ehlo_line(relay, line + 1, next ? next : end);
		line = next;
	}
}

/* The steps. */

static void send_hello(struct session *session, const char *verb, enum relay_wait wait)
{
	relay_write_text(session, verb);
	relay_write_text(session, session->shared->config->gate.hostname);
	relay_write_text(session, "\r\n");
	relay_await(session, wait);
}

static void update_offer(struct session *session)
{
	*session->shared->offer = (struct session_offer){
		.known = true,
		.extensions = session->relay->extensions,
		.size = session->relay->size,
	};
}

static void ready(struct session *session)
{
	struct relay *relay = session->relay;
	uint64_t elapsed = session->call->now - relay->asked_at;
	struct session_event event;

	relay->phase = RELAY_READY;
	relay->deadline = NEVER;
	update_offer(session);
	event_begin(session, &event, SESSION_EVENT_READY);
	event.elapsed_ms = elapsed > UINT32_MAX ? UINT32_MAX : (uint32_t)elapsed;
	event_send(session, &event);
	if (relay->goal == GOAL_PROBE)
		session_finish(session, MXF_SESSION_QUIT);
	else if (relay->goal == GOAL_LOGIN)
		relay_log_in(session);
	else
		relay_send_envelope(session);
}

static bool wants_tls(const struct session *session)
{
	return session->shared->backend->tls != BACKEND_TLS_OFF && !session->relay->tls &&
	       !session->relay->plain;
}

static bool needs_tls(const struct session *session)
{
	enum backend_tls tls = session->shared->backend->tls;

	return !session->relay->tls && (tls == BACKEND_TLS_REQUIRED || tls == BACKEND_TLS_VERIFY);
}

/* After EHLO: STARTTLS before all else, as what is said before it is said to anybody. */
static void next_step(struct session *session)
{
	struct relay *relay = session->relay;
	bool starttls = relay->extensions & EXTENSION_STARTTLS;
	bool xclient =
		session->shared->backend->client_address == CLIENT_XCLIENT && !relay->xclient_done;

	if (wants_tls(session) && starttls) {
		relay_write_text(session, "STARTTLS\r\n");
		relay_await(session, WAIT_STARTTLS);
	} else if (needs_tls(session)) {
		relay_fail(session, MXF_BACKEND_TLS, "it does not offer STARTTLS");
	} else if (xclient && !relay->xclient) {
		/* Without it the backend would take the gate for the client, and trust it. */
		relay_fail(session, MXF_BACKEND_REFUSED, "it does not offer XCLIENT to this host");
	} else if (xclient && session->limits) {
		send_xclient(session);
	} else {
		ready(session);
	}
}

void relay_begin(struct session *session)
{
	send_proxy_header(session);
	relay_await(session, WAIT_GREETING);
}

void relay_take_greeting(struct session *session, const struct smtp_reply *reply)
{
	if (reply->code == 220)
		send_hello(session, "EHLO ", WAIT_EHLO);
	else if (reply->code >= 400)
		relay_fail(session, MXF_BACKEND_REFUSED, "it refused the connection");
	else
		relay_fail(session, MXF_BACKEND_PROTOCOL, "a greeting that is none");
}

void relay_take_ehlo(struct session *session, const struct smtp_reply *reply)
{
	if (reply->code < 300) {
		read_ehlo(session->relay, reply);
		next_step(session);
	} else if (reply->code >= 500 && !session->relay->tls && !session->relay->xclient_done) {
		send_hello(session, "HELO ", WAIT_HELO);
	} else {
		relay_fail(session, MXF_BACKEND_REFUSED, "it refused EHLO");
	}
}

void relay_take_helo(struct session *session, const struct smtp_reply *reply)
{
	if (reply->code < 300)
		next_step(session);
	else
		relay_fail(session, MXF_BACKEND_REFUSED, "it refused HELO");
}

/* XCLIENT is answered with a new greeting. */
void relay_take_xclient(struct session *session, const struct smtp_reply *reply)
{
	if (reply->code < 300)
		send_hello(session, "EHLO ", WAIT_EHLO);
	else
		relay_fail(session, MXF_BACKEND_REFUSED, "it refused XCLIENT");
}

/* What came in plain text behind the 220 was not said by the server that has the key. */
void relay_take_starttls(struct session *session, const struct smtp_reply *reply)
{
	if (reply->code < 300 && session->call->input_left) {
		relay_fail(session, MXF_BACKEND_TLS, "plain text behind the reply to STARTTLS");
	} else if (reply->code < 300) {
		session_flush(session);
		session->relay->phase = RELAY_TLS;
		session->relay->deadline = session_after(session, RELAY_TLS_MS);
		session->shared->ops->start_backend_tls(session->context);
	} else {
		session->relay->plain = true;
		next_step(session);
	}
}

void relay_tls_done(struct session *session, bool established)
{
	struct relay *relay = session->relay;

	if (established) {
		relay->phase = RELAY_SETUP;
		relay->tls = true;
		reply_clear(&relay->reply);
		send_hello(session, "EHLO ", WAIT_EHLO);
	} else if (session->shared->backend->tls == BACKEND_TLS_OPTIONAL) {
		relay_event(session, MXF_BACKEND_TLS, "the handshake failed; once more without");
		relay->plain = true;
		relay_restart(session, relay->server);
	} else {
		relay_fail(session, MXF_BACKEND_TLS, "the handshake failed");
	}
}

/* AUTH: with what the server has. */

/* A line with a secret; no copy of it stays. */
static void write_secret(struct session *session, const char *verb, const char *data, size_t size)
{
	char line[sizeof("AUTH PLAIN \r\n") + BASE64_SIZE(LOGIN_MAX + PASSWORD_MAX + 2)];
	struct data_piece piece = {.data = line};
	size_t at = strlen(verb);

	memcpy(line, verb, at);
	at += base64_encode(data, size, line + at, sizeof(line) - at);
	memcpy(line + at, "\r\n", 2);
	piece.size = at + 2;
	session_flush(session);
	session->shared->ops->write_backend(session->context, &piece, 1);
	explicit_bzero(line, sizeof(line));
}

static void send_plain(struct session *session)
{
	const struct login_attempt *attempt = session->attempt;
	size_t login = strlen(attempt->login), password = strlen(attempt->password);
	char text[LOGIN_MAX + PASSWORD_MAX + 2];

	text[0] = '\0';
	memcpy(text + 1, attempt->login, login + 1);
	memcpy(text + login + 2, attempt->password, password);
	write_secret(session, "AUTH PLAIN ", text, login + password + 2);
	explicit_bzero(text, sizeof(text));
	relay_await(session, WAIT_AUTH);
}

static void cannot_log_in(struct session *session, enum mxf_backend_error error, const char *reason)
{
	relay_event(session, error, reason);
	session_login_done(session, MXF_AUTH_ERROR);
}

void relay_log_in(struct session *session)
{
	struct relay *relay = session->relay;
	const struct gate_endpoint *server = &session->shared->backend->servers[relay->server];

	if (!relay->tls && !ip_is_loopback(server->ip, server->family)) {
		cannot_log_in(session, MXF_BACKEND_TLS, "passwords are not sent without TLS");
	} else if (relay->extensions & EXTENSION_AUTH_PLAIN) {
		send_plain(session);
	} else if (relay->extensions & EXTENSION_AUTH_LOGIN) {
		relay_write_text(session, "AUTH LOGIN\r\n");
		relay_await(session, WAIT_AUTH_NAME);
	} else {
		cannot_log_in(session, MXF_BACKEND_REFUSED, "it offers neither PLAIN nor LOGIN");
	}
}

void relay_take_auth_name(struct session *session, const struct smtp_reply *reply)
{
	const char *login = session->attempt->login;

	if (reply->code != 334) {
		relay_take_auth(session, reply);
		return;
	}
	write_secret(session, "", login, strlen(login));
	relay_await(session, WAIT_AUTH_PASSWORD);
}

void relay_take_auth_password(struct session *session, const struct smtp_reply *reply)
{
	const char *password = session->attempt->password;

	if (reply->code != 334) {
		relay_take_auth(session, reply);
		return;
	}
	write_secret(session, "", password, strlen(password));
	relay_await(session, WAIT_AUTH);
}

/* 5xx but 535 can also be said about the connection, not the password. */
static bool is_about_connection(int code)
{
	return code == 502 || code == 503 || code == 504 || code == 530 || code == 534 ||
	       code == 538;
}

void relay_take_auth(struct session *session, const struct smtp_reply *reply)
{
	if (reply->code == 235) {
		session->relay->pinned = true;
		session_login_done(session, MXF_AUTH_OK);
	} else if (reply->code >= 500 && !is_about_connection(reply->code)) {
		session_login_done(session, MXF_AUTH_FAILED);
	} else if (reply->code >= 400) {
		cannot_log_in(session, MXF_BACKEND_REFUSED, "it did not take the login");
	} else {
		relay_fail(session, MXF_BACKEND_PROTOCOL, "an answer to AUTH that is none");
	}
}
