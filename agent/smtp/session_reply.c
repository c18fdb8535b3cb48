// SPDX-License-Identifier: GPL-2.0-only
/* Answers to the client, and events. */
#include <string.h>

#include "smtp/session_internal.h"

static const struct ending too_many_errors = {{421, "4.7.0", "Too many errors"}, MXF_SESSION_LIMIT};

void session_flush(struct session *session)
{
	struct session_call *call = session->call;

	if (call->client_size)
		session->shared->ops->write_client(session->context, call->client,
						   call->client_size);
	call->client_size = 0;
	if (call->backend_size) {
		const struct data_piece piece = {call->backend, call->backend_size};

		session->shared->ops->write_backend(session->context, &piece, 1);
	}
	call->backend_size = 0;
}

void session_write_client(struct session *session, const char *data, size_t size)
{
	struct session_call *call = session->call;

	if (size > sizeof(call->client) - call->client_size) {
		session_flush(session);
		if (size > sizeof(call->client)) {
			session->shared->ops->write_client(session->context, data, size);
			return;
		}
	}
	memcpy(call->client + call->client_size, data, size);
	call->client_size += size;
}

static char *append(char *out, const char *end, const char *text, size_t size)
{
	size_t room = (size_t)(end - out);

	if (size > room)
		size = room;
	memcpy(out, text, size);
	return out + size;
}

/* Our own texts are one line and printable; they end where the longest line of a reply does. */
static size_t format_answer(const struct answer *answer, char out[COMMAND_LINE_MAX])
{
	const char *end = out + (COMMAND_LINE_MAX - 2);
	char *at = out;

	*at++ = (char)('0' + answer->code / 100);
	*at++ = (char)('0' + answer->code / 10 % 10);
	*at++ = (char)('0' + answer->code % 10);
	*at++ = ' ';
	if (answer->enhanced[0]) {
		at = append(at, end, answer->enhanced, strlen(answer->enhanced));
		at = append(at, end, " ", 1);
	}
	at = append(at, end, answer->text, strlen(answer->text));
	*at++ = '\r';
	*at++ = '\n';
	return (size_t)(at - out);
}

static void count_error(struct session *session, int code)
{
	if (code < 500)
		return;
	session->errors++;
	if (session->errors >= session_limit(session, LIMIT_ERRORS))
		session_end_soon(session, &too_many_errors);
}

void session_reply_raw(struct session *session, const char *data, size_t size)
{
	if (session_has_pending(session))
		pending_add_reply(session, data, size);
	else
		session_write_client(session, data, size);
}

void session_reply(struct session *session, const struct answer *answer)
{
	char line[COMMAND_LINE_MAX];

	count_error(session, answer->code);
	session_reply_raw(session, line, format_answer(answer, line));
}

void event_begin(const struct session *session, struct session_event *event,
		 enum session_event_kind kind)
{
	*event = (struct session_event){
		.kind = kind,
		.command = session->word,
		.esmtp = session->esmtp,
	};
	if (session->helo)
		event->helo = span_of(session->helo);
	if (!session->transaction)
		return;
	event->has_sender = true;
	event->sender.text = session->transaction->sender.text;
	event->sender.size = session->transaction->sender.size;
}

void event_send(struct session *session, const struct session_event *event)
{
	session->shared->ops->event(session->context, event);
}

void event_refuse_answer(struct session *session, struct session_event *event,
			 const struct answer *answer)
{
	event->code = answer->code;
	event->enhanced = span_of(answer->enhanced);
	event->text = span_of(answer->text);
	event_send(session, event);
	session_reply(session, answer);
}

void session_refuse_command(struct session *session, const struct answer *answer,
			    const char *reason)
{
	struct session_event event;

	event_begin(session, &event, SESSION_EVENT_REFUSED);
	event.reason = reason;
	event_refuse_answer(session, &event, answer);
}

void event_set_passed(struct session_event *event, int code, const char *text, size_t size)
{
	size_t enhanced = reply_enhanced_code(text, size, code);
	size_t skip = enhanced && enhanced < size ? enhanced + 1 : enhanced;

	event->code = code;
	event->enhanced.text = enhanced ? text : NULL;
	event->enhanced.size = enhanced;
	event->text.text = text + skip;
	event->text.size = size - skip;
}

void session_pass_reply(struct session *session, int code, const char *text, size_t size)
{
	char out[2 * REPLY_LINE_MAX + REPLY_KEPT_MAX];
	bool utf8 = session->transaction && session->transaction->utf8;

	count_error(session, code);
	session_reply_raw(session, out, reply_format(code, text, size, utf8, out, sizeof(out)));
}

void event_refuse_passed(struct session *session, struct session_event *event, int code,
			 const char *text, size_t size)
{
	event_set_passed(event, code, text, size);
	event_send(session, event);
	session_pass_reply(session, code, text, size);
}

void event_refuse_refusal(struct session *session, struct session_event *event,
			  const struct refusal *refusal)
{
	if (refusal->answer)
		event_refuse_answer(session, event, refusal->answer);
	else
		event_refuse_passed(session, event, refusal->code,
				    refusal->text ? refusal->text : "", refusal->size);
}
