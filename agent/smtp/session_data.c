// SPDX-License-Identifier: GPL-2.0-only
/* The message: from DATA to what the backend says to the final dot. */
#include "smtp/relay.h"
#include "smtp/session_internal.h"

#define RATE_WINDOW_S 30

static const struct answer no_recipients = {554, "5.5.1", "No valid recipients"};
static const struct answer go_ahead = {354, "", "End data with <CR><LF>.<CR><LF>"};
static const struct answer too_large = {552, "5.3.4", "The message is too large"};
static const struct answer bad_newline = {550, "5.5.2", "The message has bare CR or LF, or NUL"};
static const struct answer too_slow = {421, "4.4.2", "The message came too slowly"};

static void back_to_commands(struct session *session)
{
	transaction_reset(session);
	session_await_command(session);
}

static void refuse_message(struct session *session)
{
	struct session_event event;

	event_begin(session, &event, SESSION_EVENT_REFUSED);
	event.bytes = session->transaction->reader.size;
	event.recipients = session->transaction->accepted;
	event_refuse_refusal(session, &event, &session->transaction->refusal);
	back_to_commands(session);
}

void session_data(struct session *session, const struct smtp_command *command)
{
	struct transaction *transaction = session->transaction;

	(void)command;
	session->distrust = session->call->input_left ? DISTRUST_ALL : DISTRUST_UNKNOWN;
	if (!transaction->accepted) {
		session_refuse_command(session, &no_recipients, NULL);
	} else if (refusal_is_set(&transaction->refusal)) {
		refuse_message(session);
	} else {
		session_change_state(session, STATE_DATA_ASKED, NEVER);
		relay_send_data(session);
	}
}

void session_restart_rate(struct session *session)
{
	struct transaction *transaction = session->transaction;
	bool limited = session_limit(session, LIMIT_MIN_DATA_RATE) > 0;

	transaction->rate_at = limited ? session_after(session, RATE_WINDOW_S * 1000) : NEVER;
	transaction->rate_size = transaction->reader.size;
}

void session_check_rate(struct session *session)
{
	const struct transaction *transaction = session->transaction;
	uint64_t least = (uint64_t)session_limit(session, LIMIT_MIN_DATA_RATE) * RATE_WINDOW_S;

	if (transaction->reader.size - transaction->rate_size < least)
		session_close(session, &too_slow, "less than min-data-rate", MXF_SESSION_TIMEOUT);
	else
		session_restart_rate(session);
}

void session_data_answered(struct session *session, int code, const char *text, size_t size)
{
	const struct gate_config *gate = &session->shared->config->gate;
	struct session_event event;

	if (code != 354) {
		event_begin(session, &event, SESSION_EVENT_REFUSED);
		event_refuse_passed(session, &event, code, text, size);
		back_to_commands(session);
		return;
	}
	session->distrust = DISTRUST_NONE;
	session->word = "END-OF-MESSAGE";
	data_begin(&session->transaction->reader,
		   gate_ranges_find(&gate->normalise, session->facts.client,
				    session->facts.client_family) != NULL);
	session_change_state(session, STATE_DATA, session_after_limit(session, LIMIT_DATA_TIMEOUT));
	session_restart_rate(session);
	session_reply(session, &go_ahead);
}

/* The backend never sees the final dot of this message. */
static void refuse_rest(struct session *session, const struct answer *answer)
{
	refusal_set(&session->transaction->refusal, answer);
	relay_close(session, true);
	session_data_failed(session);
}

void session_data_failed(struct session *session)
{
	switch ((enum session_state)session->state) {
	case STATE_DATA:
		if (session->stalled)
			session_restart_rate(session);
		session_change_state(session, STATE_SWALLOW,
				     session_after_limit(session, LIMIT_DATA_TIMEOUT));
		break;
	case STATE_DATA_ASKED:
	case STATE_DOT:
		refuse_message(session);
		break;
	default:
		break;
	}
}

static void pass_pieces(struct session *session, struct data_piece *pieces, size_t count)
{
	bool ended = session->transaction->reader.state == DATA_END;

	if (count || ended)
		relay_send_pieces(session, pieces, count, ended);
	if (ended)
		session_change_state(session, STATE_DOT, NEVER);
}

size_t session_take_data(struct session *session, const char *data, size_t size)
{
	struct data_reader *reader = &session->transaction->reader;
	struct data_piece pieces[DATA_PIECES_MAX + 1]; /* and the final dot */
	size_t count;
	size_t taken = data_feed(reader, data, size, pieces, &count);

	session->deadline = session_after_limit(session, LIMIT_DATA_TIMEOUT);
	if (reader->bad)
		refuse_rest(session, &bad_newline);
	else if (reader->size > session_size_limit(session))
		refuse_rest(session, &too_large);
	else
		pass_pieces(session, pieces, count);
	if (session->state == STATE_SWALLOW && reader->state == DATA_END)
		refuse_message(session);
	return taken;
}

size_t session_swallow(struct session *session, const char *data, size_t size)
{
	struct data_reader *reader = &session->transaction->reader;
	struct data_piece pieces[DATA_PIECES_MAX];
	size_t count;
	size_t taken = data_feed(reader, data, size, pieces, &count);

	session->deadline = session_after_limit(session, LIMIT_DATA_TIMEOUT);
	if (reader->state == DATA_END)
		refuse_message(session);
	return taken;
}

static bool is_success(int code)
{
	return code < 300;
}

void session_dot_answered(struct session *session, int code, const char *text, size_t size)
{
	struct transaction *transaction = session->transaction;
	struct session_event event;

	event_begin(session, &event, SESSION_EVENT_MESSAGE);
	event.bytes = transaction->reader.size;
	event.recipients = transaction->accepted;
	event_set_passed(&event, code, text, size);
	event_send(session, &event);
	if (is_success(code))
		session->messages++;
	session->idle_commands = 0;
	session_pass_reply(session, is_success(code) ? 250 : code, text, size);
	back_to_commands(session);
}
