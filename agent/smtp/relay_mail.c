// SPDX-License-Identifier: GPL-2.0-only
/* Transactions with the backend. */
#include <stdio.h>
#include <string.h>

#include "smtp/relay.h"

static const struct answer lacks_extension = {
	451, "4.3.5", "The mail server lacks an extension that the message needs"};

void relay_abandon_transaction(struct session *session)
{
	struct relay *relay = session->relay;

	if (!relay || !relay->in_mail)
		return;
	relay->in_mail = false;
	relay->rset_owed = true;
}

static void send_mail(struct session *session)
{
	const struct transaction *transaction = session->transaction;
	struct relay *relay = session->relay;
	char size[sizeof(" SIZE=") + 20];

	relay_write_text(session, "MAIL FROM:<");
	relay_write(session, transaction->sender.text, transaction->sender.size);
	relay_write_text(session, ">");
	if (transaction->declared_size && relay->extensions & EXTENSION_SIZE) {
		snprintf(size, sizeof(size), " SIZE=%llu",
			 (unsigned long long)transaction->declared_size);
		relay_write_text(session, size);
	}
	if (transaction->is_8bit)
		relay_write_text(session, " BODY=8BITMIME");
	if (transaction->utf8)
		relay_write_text(session, " SMTPUTF8");
	if (relay->extensions & EXTENSION_DSN)
		relay_write_text(session, transaction->dsn);
	relay_write_text(session, "\r\n");
	relay->in_mail = true;
	relay_await(session, WAIT_MAIL);
}

static void send_rset(struct session *session)
{
	relay_write_text(session, "RSET\r\n");
	session->relay->rset_owed = false;
	relay_await(session, WAIT_RSET);
}

static void send_rcpt(struct session *session, struct pending *pending)
{
	bool dsn = session->relay->extensions & EXTENSION_DSN;

	relay_write(session, pending->text, dsn ? pending->full_size : pending->size);
	relay_write_text(session, "\r\n");
	pending->state = PENDING_SENT;
	relay_await(session, WAIT_RCPT);
}

/* Sends the next line of the envelope; false when there is none. */
static bool send_next(struct session *session)
{
	struct transaction *transaction = session->transaction;
	struct pending *pending = transaction->unsent;

	if (!pending)
		return false;
	if (session->relay->rset_owed) {
		send_rset(session);
		return true;
	}
	if (!session->relay->in_mail) {
		send_mail(session);
		return true;
	}
	send_rcpt(session, pending);
	while (pending && pending->state != PENDING_UNSENT)
		pending = pending->next;
	transaction->unsent = pending;
	return true;
}

static bool lacks(const struct session *session)
{
	const struct transaction *transaction = session->transaction;
	unsigned int needed = (transaction->is_8bit ? EXTENSION_8BITMIME : 0) |
			      (transaction->utf8 ? EXTENSION_SMTPUTF8 : 0);

	return (session->relay->extensions & needed) != needed;
}

void relay_send_envelope(struct session *session)
{
	struct transaction *transaction = session->transaction;
	struct relay *relay = session->relay;

	if (!relay || relay->phase != RELAY_READY || !transaction || !transaction->unsent)
		return;
	if (lacks(session)) {
		refusal_set(&transaction->refusal, &lacks_extension);
		pending_advance(session);
		return;
	}
	while (relay->extensions & EXTENSION_PIPELINING || !relay->wait_count)
		if (!send_next(session))
			break;
}

void relay_send_data(struct session *session)
{
	relay_write_text(session, "DATA\r\n");
	relay_await(session, WAIT_DATA);
}

void relay_send_pieces(struct session *session, struct data_piece *pieces, size_t count, bool last)
{
	static const char dot[] = ".\r\n";

	session_flush(session);
	if (last)
		pieces[count++] = (struct data_piece){dot, sizeof(dot) - 1};
	session->shared->ops->write_backend(session->context, pieces, count);
	if (last)
		relay_await(session, WAIT_DOT);
}

/* Replies. */

/* 421 speaks of a connection that is not the client's. */
int relay_code_for_client(int code)
{
	return code == 421 ? 451 : code;
}

void relay_take_rset(struct session *session, const struct smtp_reply *reply)
{
	if (reply->code >= 300)
		relay_fail(session, MXF_BACKEND_PROTOCOL, "it refused RSET");
}

void relay_take_mail(struct session *session, const struct smtp_reply *reply)
{
	if (reply->code < 300)
		return;
	session->relay->in_mail = false;
	refusal_set_passed(&session->transaction->refusal, relay_code_for_client(reply->code),
			   reply->text, reply->size);
	pending_advance(session);
}

void relay_take_rcpt(struct session *session, const struct smtp_reply *reply)
{
	pending_answer(session, relay_code_for_client(reply->code), reply->text, reply->size);
}

void relay_take_data(struct session *session, const struct smtp_reply *reply)
{
	if (reply->code < 300)
		relay_fail(session, MXF_BACKEND_PROTOCOL, "it answered DATA with 2xx");
	else
		session_data_answered(session, relay_code_for_client(reply->code), reply->text,
				      reply->size);
}

void relay_take_dot(struct session *session, const struct smtp_reply *reply)
{
	session->relay->in_mail = false;
	session->relay->served = true;
	session_dot_answered(session, relay_code_for_client(reply->code), reply->text, reply->size);
}
