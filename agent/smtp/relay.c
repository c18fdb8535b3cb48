// SPDX-License-Identifier: GPL-2.0-only
/* The connection to the backend, what it is waited for, and trouble with it. */
#include "smtp/relay.h"

#include <stdlib.h>
#include <string.h>

/* All of connecting and what comes before MAIL, on whatever server. */
#define SETUP_MS 120000

static const struct answer unreachable = {451, "4.4.1", "The mail server cannot be reached"};
static const struct answer lost = {451, "4.4.2", "The connection to the mail server was lost"};

static const struct ending lost_login = {
	{421, "4.4.2", "The connection to the mail server was lost"}, MXF_SESSION_BACKEND};

/* What is done with a reply, by what it was waited for. */
typedef void relay_take_fn(struct session *session, const struct smtp_reply *reply);

#define RELAY_WAIT_ROW(id, milliseconds, take) [WAIT_##id] = {(milliseconds), (take)},
static const struct {
	uint32_t milliseconds; /* 0: data-timeout */
	relay_take_fn *take;
} waits[WAIT_COUNT] = {RELAY_WAITS(RELAY_WAIT_ROW)};

/* Bytes and what is waited for. */

void relay_write(struct session *session, const char *data, size_t size)
{
	struct session_call *call = session->call;
	const struct data_piece piece = {data, size};

	if (size > sizeof(call->backend) - call->backend_size)
		session_flush(session);
	if (size > sizeof(call->backend)) {
		session->shared->ops->write_backend(session->context, &piece, 1);
		return;
	}
	memcpy(call->backend + call->backend_size, data, size);
	call->backend_size += size;
}

void relay_write_text(struct session *session, const char *text)
{
	relay_write(session, text, strlen(text));
}

static void set_deadline(struct session *session)
{
	struct relay *relay = session->relay;
	enum relay_wait first = relay->waits[relay->wait_first];

	if (!relay->wait_count)
		relay->deadline = NEVER;
	else if (waits[first].milliseconds)
		relay->deadline = session_after(session, waits[first].milliseconds);
	else
		relay->deadline = session_after_limit(session, LIMIT_DATA_TIMEOUT);
}

void relay_await(struct session *session, enum relay_wait wait)
{
	struct relay *relay = session->relay;
	size_t at = (relay->wait_first + relay->wait_count) % sizeof(relay->waits);

	relay->waits[at] = (uint8_t)wait;
	relay->wait_count++;
	if (relay->wait_count == 1)
		set_deadline(session);
}

void relay_event(struct session *session, enum mxf_backend_error error, const char *reason)
{
	const struct smtp_reply *reply = &session->relay->reply;
	struct session_event event;

	event_begin(session, &event, SESSION_EVENT_BACKEND);
	event.backend_error = error;
	event.reason = reason;
	if (error == MXF_BACKEND_REFUSED && reply->text)
		event_set_passed(&event, reply->code, reply->text, reply->size);
	event_send(session, &event);
}

/* Connections. */

static void connect_to(struct session *session, size_t first)
{
	struct relay *relay = session->relay;

	reply_clear(&relay->reply);
	relay->phase = RELAY_CONNECTING;
	relay->deadline = relay->asked_at + SETUP_MS;
	relay->extensions = 0;
	relay->xclient = 0;
	relay->tls = false;
	relay->xclient_done = false;
	relay->in_mail = false;
	relay->rset_owed = false;
	relay->served = false;
	relay->wait_count = 0;
	session->call->backend_size = 0;
	session->shared->ops->connect_backend(session->context, first);
}

void relay_open(struct session *session, enum relay_goal goal)
{
	struct relay *relay = session->relay;

	if (relay && goal == GOAL_LOGIN && relay->rset_owed) {
		relay_close(session, false);
		relay = NULL;
	}
	if (relay) {
		relay->goal = goal;
		if (goal == GOAL_LOGIN && relay->phase == RELAY_READY)
			relay_log_in(session);
		return;
	}
	session->relay = calloc(1, sizeof(*relay));
	if (!session->relay) {
		session_out_of_memory(session);
		return;
	}
	session->relay->goal = goal;
	session->relay->asked_at = session->call->now;
	connect_to(session, 0);
}

void relay_free(struct session *session)
{
	if (!session->relay)
		return;
	reply_free(&session->relay->reply);
	free(session->relay);
	session->relay = NULL;
}

void relay_close(struct session *session, bool abort)
{
	struct relay *relay = session->relay;

	if (!relay)
		return;
	if (relay->phase != RELAY_READY || relay->wait_count || session->state == STATE_DATA)
		abort = true;
	if (abort)
		session->call->backend_size = 0;
	else
		relay_write_text(session, "QUIT\r\n");
	session_flush(session);
	relay_free(session);
	session->shared->ops->close_backend(session->context, abort);
}

/* Trouble. */

void relay_restart(struct session *session, size_t first)
{
	session->shared->ops->close_backend(session->context, true);
	connect_to(session, first);
}

/* The next server may do better, as long as nothing was asked of this one. */
static bool try_next_server(struct session *session)
{
	struct relay *relay = session->relay;

	if (relay->phase == RELAY_CONNECTING || relay->phase == RELAY_READY ||
	    relay->server + 1 >= session->shared->backend->server_count ||
	    session->call->now >= relay->asked_at + SETUP_MS)
		return false;
	relay->plain = false;
	relay_restart(session, relay->server + 1);
	return true;
}

/*
 * A connection that was kept may have been closed before the transaction reached it. Nothing of
 * that was answered, so it can be asked again elsewhere.
 */
static bool try_again(struct session *session)
{
	struct transaction *transaction = session->transaction;
	struct relay *relay = session->relay;
	enum relay_wait first = relay->waits[relay->wait_first];

	if (!relay->served || relay->pinned || !session_has_pending(session) ||
	    !relay->wait_count || (first != WAIT_RSET && first != WAIT_MAIL) ||
	    refusal_is_set(&transaction->refusal))
		return false;
	pending_unsend(session);
	relay->asked_at = session->call->now;
	relay->goal = GOAL_MAIL;
	relay->plain = false;
	relay_restart(session, 0);
	return true;
}

static void answer_awaited(struct session *session, const struct answer *answer, bool in_mail)
{
	struct transaction *transaction = session->transaction;

	if (session->state == STATE_LOGIN_CHECK &&
	    session->shared->config->gate.auth.source == AUTH_BACKEND) {
		session_login_done(session, MXF_AUTH_ERROR);
		return;
	}
	if (!transaction || (!in_mail && !transaction->first))
		return;
	refusal_set(&transaction->refusal, answer);
	if (transaction->first)
		pending_fail(session);
	else
		session_data_failed(session);
}

static const struct answer *answer_for(const struct relay *relay, enum mxf_backend_error error)
{
	if (relay->phase == RELAY_READY || error == MXF_BACKEND_CLOSED ||
	    error == MXF_BACKEND_PROTOCOL)
		return &lost;
	return &unreachable;
}

void relay_fail(struct session *session, enum mxf_backend_error error, const char *reason)
{
	struct relay *relay = session->relay;
	const struct answer *answer = answer_for(relay, error);
	bool in_mail = relay->in_mail, pinned = relay->pinned;

	if (error == MXF_BACKEND_CLOSED && try_again(session))
		return;
	relay_event(session, error, reason);
	if (try_next_server(session))
		return;
	relay_close(session, true);
	if (!session->limits) {
		session_finish(session, MXF_SESSION_BACKEND);
		return;
	}
	if (pinned)
		session_end_soon(session, &lost_login);
	answer_awaited(session, answer, in_mail);
}

void relay_tick(struct session *session)
{
	relay_fail(session, MXF_BACKEND_TIMEOUT, "it did not answer in time");
}

/* Replies. */

/* Between transactions a server may leave; the next one gets a new connection. */
static void take_leave(struct session *session, const char *reason)
{
	const struct relay *relay = session->relay;

	if (relay->phase == RELAY_READY && !relay->wait_count && !relay->in_mail && !relay->pinned)
		relay_close(session, true);
	else
		relay_fail(session, MXF_BACKEND_CLOSED, reason);
}

/* A reply that nothing was asked for. */
static void take_unasked(struct session *session, const struct smtp_reply *reply)
{
	struct transaction *transaction = session->transaction;

	if (session->state == STATE_DATA && reply->code >= 400) {
		refusal_set_passed(&transaction->refusal, relay_code_for_client(reply->code),
				   reply->text, reply->size);
		relay_close(session, true);
		session_data_failed(session);
	} else if (reply->code == 421) {
		take_leave(session, "it ended the session");
	} else {
		relay_fail(session, MXF_BACKEND_PROTOCOL, "a reply to nothing");
	}
}

/* 3xx asks for more, which only DATA and AUTH can give. */
static bool is_out_of_place(enum relay_wait wait, int code)
{
	bool asks = wait == WAIT_DATA ? code == 354
				      : (wait == WAIT_AUTH_NAME || wait == WAIT_AUTH_PASSWORD);

	return code >= 300 && code < 400 && !asks;
}

static void take_reply(struct session *session)
{
	struct relay *relay = session->relay;
	enum relay_wait wait = relay->waits[relay->wait_first];
	bool leaves = relay->reply.code == 421 && relay->phase == RELAY_READY;

	if (!relay->wait_count) {
		take_unasked(session, &relay->reply);
		return;
	}
	if (leaves && try_again(session))
		return;
	relay->wait_first = (relay->wait_first + 1) % (unsigned int)sizeof(relay->waits);
	relay->wait_count--;
	set_deadline(session);
	if (is_out_of_place(wait, relay->reply.code)) {
		relay_fail(session, MXF_BACKEND_PROTOCOL, "it asks for more where nothing is due");
		return;
	}
	waits[wait].take(session, &relay->reply);
	if (session->relay && leaves)
		take_leave(session, "it ended the session");
	if (session->relay)
		reply_clear(&session->relay->reply);
	relay_send_envelope(session);
}

static bool relay_reads(const struct session *session)
{
	return session->relay &&
	       (session->relay->phase == RELAY_SETUP || session->relay->phase == RELAY_READY);
}

void session_backend_input(struct session *session, const char *data, size_t size, uint64_t now)
{
	struct session_call call;

	if (session_is_over(session))
		return;
	session_enter(session, &call, now);
	while (size && relay_reads(session)) {
		size_t used = 0;
		enum reply_status status = reply_feed(&session->relay->reply, data, size, &used);

		data += used;
		size -= used;
		call.input_left = size;
		if (status == REPLY_BROKEN)
			relay_fail(session, MXF_BACKEND_PROTOCOL, session->relay->reply.broken);
		else if (status == REPLY_DONE)
			take_reply(session);
	}
	session_leave(session);
}

void session_backend_connected(struct session *session, size_t index, uint64_t now)
{
	struct session_call call;

	if (!session->relay || session->relay->phase != RELAY_CONNECTING)
		return;
	session_enter(session, &call, now);
	session->relay->server = index;
	session->relay->phase = RELAY_SETUP;
	relay_begin(session);
	session_leave(session);
}

void session_backend_failed(struct session *session, enum mxf_backend_error error, uint64_t now)
{
	struct session_call call;

	if (!session->relay || session->relay->phase != RELAY_CONNECTING)
		return;
	session_enter(session, &call, now);
	relay_fail(session, error, NULL);
	session_leave(session);
}

void session_backend_tls_done(struct session *session, bool established, uint64_t now)
{
	struct session_call call;

	if (!session->relay || session->relay->phase != RELAY_TLS)
		return;
	session_enter(session, &call, now);
	relay_tls_done(session, established);
	session_leave(session);
}

void session_backend_closed(struct session *session, uint64_t now)
{
	struct session_call call;

	if (!session->relay || session->relay->phase == RELAY_CONNECTING)
		return;
	session_enter(session, &call, now);
	take_leave(session, "it closed the connection");
	session_leave(session);
}

void session_backend_stalled(struct session *session, bool stalled, uint64_t now)
{
	struct session_call call;

	if (session->state != STATE_DATA || session->stalled == stalled)
		return;
	session_enter(session, &call, now);
	session->stalled = stalled;
	session->deadline = session_after_limit(session, LIMIT_DATA_TIMEOUT);
	session->relay->deadline = stalled ? session->deadline : NEVER;
	session_restart_rate(session);
	session_leave(session);
}
