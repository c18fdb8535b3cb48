// SPDX-License-Identifier: GPL-2.0-only
#include "smtp/session.h"

#include <stdlib.h>
#include <string.h>

#include "smtp/relay.h"
#include "smtp/session_internal.h"

/* What a state takes from the client (NULL: nothing, it waits), and what its deadline means. */
struct state_row {
	const char *text;
	size_t (*take)(struct session *session, const char *data, size_t size);
	void (*late)(struct session *session);
};

static const struct answer too_late = {421, "4.4.2", "Timeout, closing connection"};
static const struct answer too_early = {554, "5.5.0", "You spoke before the greeting"};

static const struct ending session_too_long = {{421, "4.7.0", "This session was too long"},
					       MXF_SESSION_LIMIT};
static const struct ending agent_stops = {{421, "4.3.2", "The service is shutting down"},
					  MXF_SESSION_STOPPED};

static size_t take_before_greeting(struct session *session, const char *data, size_t size)
{
	(void)data;
	session_close(session, &too_early, "spoke before the greeting", MXF_SESSION_PROTOCOL);
	return size;
}

static void late_greeting(struct session *session)
{
	session_write_client(session, "220 ", 4);
	session_write_client(session, session->shared->config->gate.hostname,
			     strlen(session->shared->config->gate.hostname));
	session_write_client(session, " ESMTP\r\n", 8);
	session_await_command(session);
}

static void late_client(struct session *session)
{
	session_close(session, &too_late, "silent for too long", MXF_SESSION_TIMEOUT);
}

static void late_tls(struct session *session)
{
	session_finish(session, MXF_SESSION_TLS);
}

static void late_login_check(struct session *session)
{
	session_login_done(session, MXF_AUTH_ERROR);
}

static const struct state_row states[STATE_COUNT] = {
	[STATE_GREETING] = {.take = take_before_greeting, .late = late_greeting},
	[STATE_COMMAND] = {.take = session_take_command, .late = late_client},
	[STATE_LOGIN_LINE] = {.take = session_take_login_line, .late = late_client},
	[STATE_LOGIN_CHECK] = {.late = late_login_check},
	[STATE_LOGIN_DELAY] = {.late = session_login_refuse},
	[STATE_TLS] = {.late = late_tls},
	[STATE_DATA_ASKED] = {0},
	[STATE_DATA] = {.take = session_take_data, .late = late_client},
	[STATE_SWALLOW] = {.take = session_swallow, .late = late_client},
	[STATE_DOT] = {0},
	[STATE_OVER] = {0},
};

#define STATE_TEXT(id, text) [STATE_##id] = text,
static const char *const state_texts[STATE_COUNT] = {SESSION_STATES(STATE_TEXT)};

/* Time. */

uint64_t session_after(const struct session *session, uint64_t milliseconds)
{
	return session->call->now + milliseconds;
}

uint64_t session_after_limit(const struct session *session, enum limit limit)
{
	return session_after(session, (uint64_t)session_limit(session, limit) * 1000);
}

void session_change_state(struct session *session, enum session_state state, uint64_t deadline)
{
	session->state = state;
	session->deadline = deadline;
	session->seen = 0;
	session->stalled = false;
}

void session_await_command(struct session *session)
{
	session_change_state(session, STATE_COMMAND,
			     session_after_limit(session, LIMIT_COMMAND_TIMEOUT));
	session->blocked = false;
}

/* Ends. */

/* True when no message is under way and nobody waits for an answer. */
static bool can_end_now(const struct session *session)
{
	switch ((enum session_state)session->state) {
	case STATE_GREETING:
	case STATE_LOGIN_LINE:
		return true;
	case STATE_COMMAND:
		return !session_has_pending(session);
	case STATE_SWALLOW:
		return session->ending->result != MXF_SESSION_STOPPED;
	default:
		return false;
	}
}

void session_end_soon(struct session *session, const struct ending *ending)
{
	if (!session->ending)
		session->ending = ending;
}

void session_finish(struct session *session, enum mxf_session_result result)
{
	struct session_event event;

	if (session_is_over(session))
		return;
	/* The client need not wait for the backend's connection to be closed. */
	session_flush(session);
	relay_close(session, false);
	transaction_reset(session);
	session_forget_attempt(session);
	if (session->limits) {
		event_begin(session, &event, SESSION_EVENT_END);
		event.result = result;
		event.messages = session->messages;
		event_send(session, &event);
	}
	session_flush(session);
	session_change_state(session, STATE_OVER, NEVER);
	session->ends_at = NEVER;
	session->shared->ops->finish(session->context, result);
}

/* Past replies that wait: nobody will get those any more. */
void session_close(struct session *session, const struct answer *answer, const char *reason,
		   enum mxf_session_result result)
{
	relay_close(session, false);
	transaction_reset(session);
	session_refuse_command(session, answer, reason);
	session_finish(session, result);
}

void session_out_of_memory(struct session *session)
{
	static const struct answer no_memory = {421, "4.3.0", "Out of memory"};

	session_close(session, &no_memory, "out of memory", MXF_SESSION_LIMIT);
}

void session_update_client(struct session *session)
{
	session->facts.login = session->login;
	policy_client_make(session->shared->policy, &session->facts, &session->client);
	session->limits = policy_limits(session->shared->policy, &session->client);
}

static void forget_names(struct session *session)
{
	free(session->helo);
	session->helo = NULL;
	free(session->login);
	session->login = NULL;
}

void session_reset(struct session *session)
{
	relay_close(session, false);
	transaction_reset(session);
	session_forget_attempt(session);
	forget_names(session);
	session->esmtp = false;
	session->offered = 0;
	session->distrust = DISTRUST_NONE;
	session_update_client(session);
}

/* Calls. */

void session_enter(struct session *session, struct session_call *call, uint64_t now)
{
	call->now = now;
	call->input_left = 0;
	call->send_envelope = false;
	call->client_size = 0;
	call->backend_size = 0;
	session->call = call;
}

void session_leave(struct session *session)
{
	if (session->call->send_envelope && session->transaction)
		relay_send_envelope(session);
	if (session->ending && !session_is_over(session) && can_end_now(session))
		session_close(session, &session->ending->answer, NULL, session->ending->result);
	if (session->client_gone && !session->untaken && session_takes_input(session))
		session_finish(session, MXF_SESSION_CLOSED);
	session_flush(session);
	session->call = NULL;
}

static struct session *session_create(const struct session_shared *shared, void *context)
{
	struct session *session = calloc(1, sizeof(*session));

	if (!session)
		return NULL;
	session->shared = shared;
	session->context = context;
	session->ends_at = NEVER;
	session->word = "CONNECT";
	return session;
}

struct session *session_new(const struct session_shared *shared, const struct session_peer *peer,
			    void *context, uint64_t now)
{
	struct session *session = session_create(shared, context);

	if (!session)
		return NULL;
	session->facts = (struct policy_session){
		.listener = shared->listener,
		.client = peer->client,
		.local = peer->local,
		.client_family = peer->client_family,
		.local_family = peer->local_family,
		.tls = peer->tls,
	};
	session->client_port = peer->client_port;
	session->local_port = peer->local_port;
	session_update_client(session);
	session->deadline = now + (uint64_t)session_limit(session, LIMIT_GREET_DELAY) * 1000;
	session->ends_at = now + (uint64_t)session_limit(session, LIMIT_SESSION_TIMEOUT) * 1000;
	return session;
}

struct session *session_new_probe(const struct session_shared *shared, void *context, uint64_t now)
{
	struct session *session = session_create(shared, context);

	if (!session)
		return NULL;
	session->deadline = now;
	return session;
}

void session_free(struct session **session)
{
	struct session *old = *session;

	if (!old)
		return;
	*session = NULL;
	relay_free(old);
	transaction_reset(old);
	session_forget_attempt(old);
	forget_names(old);
	free(old);
}

void session_refuse(struct session *session, const char *text, uint64_t now)
{
	const struct answer answer = {421, "4.7.0", text};
	struct session_call call;

	session_enter(session, &call, now);
	session_close(session, &answer, NULL, MXF_SESSION_LIMIT);
	session_leave(session);
}

/* The client. */

bool session_takes_input(const struct session *session)
{
	return states[session->state].take && !session->blocked && session->limits;
}

bool session_is_in_data(const struct session *session)
{
	return session->state == STATE_DATA;
}

size_t session_client_input(struct session *session, const char *data, size_t size, uint64_t now)
{
	struct session_call call;
	size_t used = 0;

	session_enter(session, &call, now);
	while (used < size && session_takes_input(session)) {
		size_t taken = states[session->state].take(session, data + used, size - used);

		used += taken;
		if (session->ending && can_end_now(session))
			break;
		if (!taken)
			break;
	}
	if (session_is_over(session))
		used = size;
	/* What is left and no whole line will never be one. */
	session->untaken = used < size && !session_takes_input(session);
	session_leave(session);
	return used;
}

void session_client_closed(struct session *session, uint64_t now)
{
	struct session_call call;

	if (session_is_over(session))
		return;
	session_enter(session, &call, now);
	session->client_gone = true;
	if (session->state == STATE_TLS)
		session_finish(session, MXF_SESSION_TLS);
	session_leave(session);
}

void session_client_tls_done(struct session *session, bool established, uint64_t now)
{
	struct session_call call;

	if (session->state != STATE_TLS)
		return;
	session_enter(session, &call, now);
	if (established) {
		session->facts.tls = true;
		session_reset(session);
		session_await_command(session);
	} else {
		session_finish(session, MXF_SESSION_TLS);
	}
	session_leave(session);
}

void session_auth_done(struct session *session, enum mxf_auth_result result, const char *login,
		       uint64_t now)
{
	struct session_call call;

	if (session->state != STATE_LOGIN_CHECK ||
	    session->shared->config->gate.auth.source == AUTH_BACKEND)
		return;
	session_enter(session, &call, now);
	if (login)
		session_login_rename(session, login);
	session_login_done(session, result);
	session_leave(session);
}

/* The clock. */

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t rate_deadline(const struct session *session)
{
	if ((session->state == STATE_DATA && !session->stalled) || session->state == STATE_SWALLOW)
		return session->transaction->rate_at;
	return NEVER;
}

uint64_t session_deadline(const struct session *session)
{
	uint64_t deadline = session->stalled ? NEVER : session->deadline;

	deadline = earlier(deadline, rate_deadline(session));
	if (!session->ending)
		deadline = earlier(deadline, session->ends_at);
	if (session->relay)
		deadline = earlier(deadline, session->relay->deadline);
	return deadline;
}

void session_tick(struct session *session, uint64_t now)
{
	struct session_call call;

	if (session_is_over(session))
		return;
	session_enter(session, &call, now);
	if (!session->limits && !session->relay) {
		/* From here on the relay alone has deadlines. */
		session->deadline = NEVER;
		relay_open(session, GOAL_PROBE);
	} else if (session->relay && session->relay->deadline <= now) {
		relay_tick(session);
	} else if (rate_deadline(session) <= now) {
		session_check_rate(session);
	} else if (!session->stalled && session->deadline <= now) {
		states[session->state].late(session);
	}
	if (session->ends_at <= now)
		session_end_soon(session, &session_too_long);
	session_leave(session);
}

void session_drain(struct session *session, uint64_t now)
{
	struct session_call call;

	if (session_is_over(session))
		return;
	session_enter(session, &call, now);
	if (!session->limits)
		session_finish(session, MXF_SESSION_STOPPED);
	session_end_soon(session, &agent_stops);
	session_leave(session);
}

/* Looks. */

void session_look(const struct session *session, struct session_view *view)
{
	const struct transaction *transaction = session->transaction;

	*view = (struct session_view){
		.state = session_has_pending(session) ? "backend" : state_texts[session->state],
		.messages = session->messages,
		.tls = session->facts.tls,
		.backend = session->relay && session->relay->phase != RELAY_CONNECTING,
	};
	if (session->helo)
		view->helo = span_of(session->helo);
	if (session->login)
		view->login = span_of(session->login);
	if (!transaction)
		return;
	view->sender.text = transaction->sender.text;
	view->sender.size = transaction->sender.size;
	view->recipients = transaction->accepted;
	view->bytes = transaction->reader.size;
}

const struct policy_session *session_facts(const struct session *session)
{
	return &session->facts;
}

const struct policy_client *session_client(const struct session *session)
{
	return &session->client;
}
