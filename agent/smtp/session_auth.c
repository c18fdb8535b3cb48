// SPDX-License-Identifier: GPL-2.0-only
/* AUTH, RFC 4954, with PLAIN (RFC 4616) and LOGIN. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "smtp/codec.h"
#include "smtp/relay.h"
#include "smtp/session_internal.h"

#define LOGIN_CHECK_MS 60000

static const struct answer not_offered = {503, "5.5.1", "AUTH is not offered"};
static const struct answer logged_in = {503, "5.5.1", "You are logged in already"};
static const struct answer needs_tls = {530, "5.7.0", "Must issue a STARTTLS command first"};
static const struct answer needs_encryption = {538, "5.7.11", "Encryption required to log in"};
static const struct answer bad_syntax = {501, "5.5.4", "Syntax: AUTH mechanism"};
static const struct answer no_mechanism = {504, "5.5.4", "Unknown authentication mechanism"};
static const struct answer cancelled = {501, "5.7.0", "Authentication cancelled"};
static const struct answer not_base64 = {501, "5.5.2", "Cannot decode the response"};
static const struct answer failed = {535, "5.7.8", "Authentication credentials invalid"};
static const struct answer trouble = {454, "4.7.0", "Temporary authentication failure"};
static const struct answer succeeded = {235, "2.7.0", "Authentication successful"};
static const struct answer challenge_plain = {334, "", ""};
static const struct answer challenge_name = {334, "", "VXNlcm5hbWU6"};
static const struct answer challenge_password = {334, "", "UGFzc3dvcmQ6"};

static const struct ending too_many_failures = {{421, "4.7.0", "Too many failed logins"},
						MXF_SESSION_LIMIT};

static const char *mechanism_name(unsigned int mechanism)
{
	return mechanism == AUTH_PLAIN ? "PLAIN" : "LOGIN";
}

/* What the listener would have, but for TLS. */
static bool auth_is_configured(const struct session *session)
{
	const struct gate_auth *auth = &session->shared->config->gate.auth;

	return session->shared->listener->auth != LISTENER_AUTH_OFF && auth->source != AUTH_NONE;
}

unsigned int session_mechanisms(const struct session *session)
{
	const struct gate_auth *auth = &session->shared->config->gate.auth;
	unsigned int extensions = 0;

	if (!auth_is_configured(session) || session->login ||
	    (!session->facts.tls && !session->shared->listener->auth_without_tls))
		return 0;
	if (auth->mechanisms & AUTH_PLAIN)
		extensions |= EXTENSION_AUTH_PLAIN;
	if (auth->mechanisms & AUTH_LOGIN)
		extensions |= EXTENSION_AUTH_LOGIN;
	return extensions;
}

void session_forget_attempt(struct session *session)
{
	if (!session->attempt)
		return;
	explicit_bzero(session->attempt, sizeof(*session->attempt));
	free(session->attempt);
	session->attempt = NULL;
}

static void login_event(struct session *session, enum mxf_auth_result result,
			const struct answer *answer)
{
	struct session_event event;

	event_begin(session, &event, SESSION_EVENT_LOGIN);
	event.auth = result;
	event.login = span_of(session->attempt->login);
	event.mechanism = mechanism_name(session->attempt->mechanism);
	event.code = answer->code;
	event.enhanced = span_of(answer->enhanced);
	event.text = span_of(answer->text);
	event_send(session, &event);
}

/* Outcomes. */

static void login_over(struct session *session, const struct answer *answer)
{
	session_forget_attempt(session);
	session_await_command(session);
	session_reply(session, answer);
}

static void login_abandon(struct session *session, const struct answer *answer)
{
	session_forget_attempt(session);
	session_await_command(session);
	session_refuse_command(session, answer, NULL);
}

void session_login_refuse(struct session *session)
{
	session->auth_failures++;
	if (session->auth_failures >= session_limit(session, LIMIT_AUTH_FAILURES))
		session_end_soon(session, &too_many_failures);
	login_over(session, &failed);
}

static void login_accept(struct session *session)
{
	session->login = strdup(session->attempt->login);
	if (!session->login) {
		session_out_of_memory(session);
		return;
	}
	/* A backend that was told about the client before does not know the login. */
	if (session->relay && !session->relay->pinned)
		relay_close(session, false);
	session_update_client(session);
	login_over(session, &succeeded);
}

void session_login_rename(struct session *session, const char *login)
{
	struct login_attempt *attempt = session->attempt;

	snprintf(attempt->login, sizeof(attempt->login), "%s", login);
}

void session_login_done(struct session *session, enum mxf_auth_result result)
{
	static const struct answer *const answers[] = {
		[MXF_AUTH_OK] = &succeeded,
		[MXF_AUTH_FAILED] = &failed,
		[MXF_AUTH_ERROR] = &trouble,
	};

	login_event(session, result, answers[result]);
	if (result == MXF_AUTH_OK) {
		login_accept(session);
	} else if (result == MXF_AUTH_ERROR) {
		session_count_idle(session);
		login_over(session, &trouble);
	} else {
		session_change_state(session, STATE_LOGIN_DELAY,
				     session_after_limit(session, LIMIT_FAILURE_DELAY));
	}
}

/* Name and password are there. */
static void login_check(struct session *session)
{
	struct login_attempt *attempt = session->attempt;

	if (!attempt->login[0] || !attempt->password[0]) {
		session_login_done(session, MXF_AUTH_FAILED);
		return;
	}
	if (session->shared->config->gate.auth.source == AUTH_BACKEND) {
		session_change_state(session, STATE_LOGIN_CHECK, NEVER);
		relay_open(session, GOAL_LOGIN);
		return;
	}
	session_change_state(session, STATE_LOGIN_CHECK, session_after(session, LOGIN_CHECK_MS));
	session->shared->ops->authenticate(session->context, mechanism_name(attempt->mechanism),
					   attempt->login, attempt->password);
}

/* Responses. */

/* A part of a response as text; false when it does not fit or has NUL within. */
static bool take_text(const char *data, size_t size, char *out, size_t out_size)
{
	if (size >= out_size || memchr(data, '\0', size))
		return false;
	memcpy(out, data, size);
	out[size] = '\0';
	return true;
}

/* [authzid] NUL authcid NUL password; to act for somebody else is not possible. */
static bool take_plain(struct login_attempt *attempt, const char *data, size_t size)
{
	const char *end = data + size;
	const char *name = memchr(data, '\0', size);
	const char *password = name ? memchr(name + 1, '\0', (size_t)(end - name - 1)) : NULL;
	size_t authzid;

	if (!password)
		return false;
	authzid = (size_t)(name - data);
	name++;
	if (!take_text(name, (size_t)(password - name), attempt->login, sizeof(attempt->login)))
		return false;
	password++;
	if (!take_text(password, (size_t)(end - password), attempt->password,
		       sizeof(attempt->password)))
		return false;
	if (authzid &&
	    (authzid != strlen(attempt->login) || memcmp(data, attempt->login, authzid) != 0))
		attempt->password[0] = '\0';
	return true;
}

static void take_decoded(struct session *session, const char *data, size_t size)
{
	struct login_attempt *attempt = session->attempt;
	bool fits;

	if (attempt->mechanism == AUTH_PLAIN) {
		fits = take_plain(attempt, data, size);
	} else if (attempt->has_login) {
		fits = take_text(data, size, attempt->password, sizeof(attempt->password));
	} else {
		fits = take_text(data, size, attempt->login, sizeof(attempt->login));
		if (fits) {
			attempt->has_login = true;
			session_change_state(session, STATE_LOGIN_LINE,
					     session_after_limit(session, LIMIT_COMMAND_TIMEOUT));
			session_reply(session, &challenge_password);
			return;
		}
	}
	if (fits)
		login_check(session);
	else
		login_abandon(session, &not_base64);
}

static void take_response(struct session *session, const char *text, size_t size)
{
	char decoded[3 + LOGIN_MAX * 2 + PASSWORD_MAX];
	size_t length;

	if (base64_decode(text, size, decoded, sizeof(decoded), &length))
		login_abandon(session, &not_base64);
	else
		take_decoded(session, decoded, length);
	explicit_bzero(decoded, sizeof(decoded));
}

size_t session_take_login_line(struct session *session, const char *data, size_t size)
{
	size_t length = session_find_line(session, data, size, true);

	if (!length)
		return 0;
	if (length == 3 && data[0] == '*')
		login_abandon(session, &cancelled);
	else
		take_response(session, data, length - 2);
	return length;
}

/* The command. */

static const struct answer *refusal_of(const struct session *session)
{
	const struct gate_listener *listener = session->shared->listener;

	if (session->login)
		return &logged_in;
	if (!session->facts.tls && listener->tls == LISTENER_TLS_REQUIRED)
		return &needs_tls;
	if (!auth_is_configured(session))
		return &not_offered;
	if (!session_mechanisms(session))
		return &needs_encryption;
	return NULL;
}

static unsigned int find_mechanism(const struct session *session, struct text_span name)
{
	unsigned int offered = session_mechanisms(session);

	if (name.size != 5)
		return 0;
	if (offered & EXTENSION_AUTH_PLAIN && strncasecmp(name.text, "PLAIN", 5) == 0)
		return AUTH_PLAIN;
	if (offered & EXTENSION_AUTH_LOGIN && strncasecmp(name.text, "LOGIN", 5) == 0)
		return AUTH_LOGIN;
	return 0;
}

static void begin_attempt(struct session *session, unsigned int mechanism, struct text_span initial)
{
	session->attempt = calloc(1, sizeof(*session->attempt));
	if (!session->attempt) {
		session_out_of_memory(session);
		return;
	}
	session->attempt->mechanism = mechanism;
	session_change_state(session, STATE_LOGIN_LINE,
			     session_after_limit(session, LIMIT_COMMAND_TIMEOUT));
	if (initial.text)
		take_response(session, initial.text, initial.size);
	else
		session_reply(session,
			      mechanism == AUTH_PLAIN ? &challenge_plain : &challenge_name);
}

void session_auth(struct session *session, const struct smtp_command *command)
{
	const struct answer *refusal = refusal_of(session);
	struct text_span name, initial;
	unsigned int mechanism;

	if (refusal) {
		session_refuse_command(session, refusal, NULL);
		return;
	}
	if (!command_parse_auth(command->argument, &name, &initial)) {
		session_refuse_command(session, &bad_syntax, NULL);
		return;
	}
	mechanism = find_mechanism(session, name);
	if (mechanism)
		begin_attempt(session, mechanism, initial);
	else
		session_refuse_command(session, &no_mechanism, NULL);
}
