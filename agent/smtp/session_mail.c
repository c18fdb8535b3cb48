// SPDX-License-Identifier: GPL-2.0-only
/* The envelope: MAIL, RCPT, and the replies to RCPT that wait for the backend. */
#include <stdlib.h>
#include <string.h>

#include "smtp/relay.h"
#include "smtp/session_internal.h"

static const struct answer bad_syntax = {501, "5.5.4", "Syntax error in the arguments"};
static const struct answer unknown_parameter = {555, "5.5.4", "A parameter is not supported"};
static const struct answer bad_sender = {501, "5.1.7", "Bad sender address syntax"};
static const struct answer needs_utf8 = {553, "5.6.7", "SMTPUTF8 is needed for this address"};
static const struct answer too_large = {552, "5.3.4", "The message is too large"};
static const struct answer too_many_recipients = {452, "4.5.3", "Too many recipients"};
static const struct answer no_such_mailbox = {550, "5.1.1", POLICY_NO_SUCH_MAILBOX};
static const struct answer sender_ok = {250, "2.1.0", "Sender OK"};
static const struct answer recipient_ok = {250, "2.1.5", "Recipient OK"};

static const struct ending too_many_messages = {{421, "4.7.0", "Too many messages in one session"},
						MXF_SESSION_LIMIT};

static const struct answer *const path_answers[] = {
	[PATH_SYNTAX] = &bad_syntax,
	[PATH_UNKNOWN] = &unknown_parameter,
	[PATH_PARAMETER] = &bad_syntax,
	[PATH_UTF8] = &needs_utf8,
};

uint64_t session_size_limit(const struct session *session)
{
	const struct session_offer *offer = session->shared->offer;
	uint64_t limit = (uint64_t)session_limit(session, LIMIT_MESSAGE_SIZE);

	return offer->known && offer->size && offer->size < limit ? offer->size : limit;
}

/* Refusals of a transaction. */

void refusal_set(struct refusal *refusal, const struct answer *answer)
{
	if (!refusal_is_set(refusal))
		refusal->answer = answer;
}

void refusal_set_passed(struct refusal *refusal, int code, const char *text, size_t size)
{
	if (refusal_is_set(refusal))
		return;
	refusal->code = code;
	refusal->text = malloc(size + 1);
	if (!refusal->text)
		return;
	memcpy(refusal->text, text, size);
	refusal->text[size] = '\0';
	refusal->size = size;
}

/* The policy's answer. `recipient` is what the client wrote, where no canonical form is known. */
static void refuse_decided(struct session *session, const struct policy_decision *decision,
			   struct text_span recipient)
{
	const struct answer answer = {decision->code, decision->enhanced, decision->text};
	struct session_event event;

	event_begin(session, &event, SESSION_EVENT_REFUSED);
	event.decided = true;
	event.rule = decision->rule;
	event.origin = decision->origin;
	event.recipient = recipient;
	event_refuse_answer(session, &event, &answer);
}

/* MAIL. */

static bool read_sender(struct session *session, const struct mail_arguments *mail,
			struct mailbox *sender)
{
	enum mailbox_error error;

	mailbox_clear(sender);
	if (mail->path.size == 0)
		return true;
	error = mailbox_parse(mail->path.text, mail->path.size, mail->utf8, sender);
	if (error == MAILBOX_OK)
		return true;
	session_refuse_command(session, error == MAILBOX_UTF8 ? &needs_utf8 : &bad_sender,
			       mailbox_error_text(error));
	return false;
}

static char *append(char *out, const char *text, size_t size)
{
	memcpy(out, text, size);
	return out + size;
}

static char *append_parameter(char *out, const char *name, struct text_span value)
{
	if (!value.text)
		return out;
	out = append(out, name, strlen(name));
	return append(out, value.text, value.size);
}

static struct transaction *transaction_new(const struct mail_arguments *mail)
{
	size_t room = mail->ret.size + mail->envid.size + sizeof(" RET= ENVID=");
	struct transaction *transaction = calloc(1, sizeof(*transaction) + room);
	char *end;

	if (!transaction)
		return NULL;
	end = append_parameter(transaction->dsn, " RET=", mail->ret);
	append_parameter(end, " ENVID=", mail->envid);
	transaction->declared_size = mail->size;
	transaction->is_8bit = mail->body == BODY_8BITMIME;
	transaction->utf8 = mail->utf8;
	return transaction;
}

static void begin_transaction(struct session *session, const struct mail_arguments *mail)
{
	struct mailbox sender;

	if (!read_sender(session, mail, &sender))
		return;
	if (mail->size > session_size_limit(session)) {
		session_refuse_command(session, &too_large, NULL);
		return;
	}
	session->transaction = transaction_new(mail);
	if (!session->transaction) {
		session_out_of_memory(session);
		return;
	}
	session->transaction->sender = sender;
	session_reply(session, &sender_ok);
}

/*
 * A login, and with it AUTH= (RFC 4954 section 5), outlives an EHLO whose answer has no AUTH:
 * another one is not to be had then.
 */
static unsigned int mail_extensions(const struct session *session)
{
	unsigned int extensions = session->offered;

	if (session->login && session->esmtp)
		extensions |= EXTENSION_AUTH_PLAIN | EXTENSION_AUTH_LOGIN;
	return extensions;
}

void session_mail(struct session *session, const struct smtp_command *command)
{
	struct policy_decision decision;
	struct mail_arguments mail;
	enum path_error error;

	if (policy_refuse_mail(session->shared->policy, &session->facts, &decision)) {
		refuse_decided(session, &decision, (struct text_span){0});
		return;
	}
	error = command_parse_mail(command->argument, mail_extensions(session), &mail);
	if (error)
		session_refuse_command(session, path_answers[error], NULL);
	else if (session->messages >= session_limit(session, LIMIT_MESSAGES))
		session_end_soon(session, &too_many_messages);
	else
		begin_transaction(session, &mail);
}

/* RCPT. */

static void pending_append(struct transaction *transaction, struct pending *pending)
{
	if (transaction->last)
		transaction->last->next = pending;
	else
		transaction->first = pending;
	transaction->last = pending;
	transaction->pending++;
}

static bool is_postmaster(const struct mailbox *mailbox)
{
	static const char name[] = "postmaster";

	return mailbox->local_size == sizeof(name) - 1 &&
	       memcmp(mailbox->key, name, sizeof(name) - 1) == 0;
}

static struct pending *pending_new(const struct rcpt_arguments *rcpt,
				   const struct mailbox *recipient)
{
	size_t room = sizeof("RCPT TO:<> NOTIFY= ORCPT=") + recipient->size + rcpt->notify.size +
		      rcpt->orcpt.size;
	struct pending *pending = malloc(sizeof(*pending) + room);
	char *end;

	if (!pending)
		return NULL;
	*pending = (struct pending){.recipient_size = recipient->size};
	end = append(pending->text, "RCPT TO:<", PENDING_RECIPIENT);
	end = append(end, recipient->text, recipient->size);
	end = append(end, ">", 1);
	pending->size = (size_t)(end - pending->text);
	end = append_parameter(end, " NOTIFY=", rcpt->notify);
	end = append_parameter(end, " ORCPT=", rcpt->orcpt);
	pending->full_size = (size_t)(end - pending->text);
	return pending;
}

/* The policy has accepted it; the backend has the last word. */
static void pass_recipient(struct session *session, const struct rcpt_arguments *rcpt,
			   const struct policy_decision *decision)
{
	const struct gate_config *gate = &session->shared->config->gate;
	struct transaction *transaction = session->transaction;
	struct pending *pending = pending_new(rcpt, &decision->recipient);

	if (!pending) {
		session_out_of_memory(session);
		return;
	}
	pending->hidden_refusal = decision->ours && gate->recipients.source == RECIPIENTS_BACKEND &&
				  !is_postmaster(&decision->recipient);
	transaction->recipients++;
	pending_append(transaction, pending);
	if (refusal_is_set(&transaction->refusal)) {
		pending_advance(session);
		return;
	}
	if (!transaction->unsent)
		transaction->unsent = pending;
	relay_open(session, GOAL_MAIL);
	/* At the end of the call, so that a batch of the client is one of ours. */
	session->call->send_envelope = true;
}

/* RFC 6531 section 3.4: MAIL says for the whole transaction whether anything may be UTF-8. */
static unsigned int rcpt_extensions(const struct session *session)
{
	return session->transaction->utf8 ? session->offered
					  : session->offered & ~(unsigned int)EXTENSION_SMTPUTF8;
}

void session_rcpt(struct session *session, const struct smtp_command *command)
{
	struct transaction *transaction = session->transaction;
	struct policy_decision decision;
	struct rcpt_arguments rcpt;
	enum path_error error;

	error = command_parse_rcpt(command->argument, rcpt_extensions(session), &rcpt);
	if (error) {
		session_refuse_command(session, path_answers[error], NULL);
		return;
	}
	policy_decide(session->shared->policy, &session->facts, &session->client,
		      &transaction->sender, rcpt.path.text, rcpt.path.size, transaction->utf8,
		      &decision, NULL, NULL);
	if (decision.code != 250)
		refuse_decided(session, &decision, rcpt.path);
	else if (transaction->recipients >= session_limit(session, LIMIT_RECIPIENTS))
		session_refuse_command(session, &too_many_recipients, NULL);
	else
		pass_recipient(session, &rcpt, &decision);
}

/* Replies in their order. */

void pending_add_reply(struct session *session, const char *data, size_t size)
{
	struct pending *pending = malloc(sizeof(*pending) + size);

	if (!pending) {
		session_finish(session, MXF_SESSION_LIMIT);
		return;
	}
	*pending = (struct pending){.state = PENDING_LOCAL, .size = size};
	memcpy(pending->text, data, size);
	pending_append(session->transaction, pending);
}

static void refuse_recipient(struct session *session, const struct pending *pending,
			     struct session_event *event, int code, const char *text, size_t size)
{
	if (code >= 500 && pending->hidden_refusal) {
		event->decided = true;
		event->rule = MXF_RULE_RECIPIENT_UNKNOWN;
		event->origin = session->shared->config->gate.recipients.place;
		event_refuse_answer(session, event, &no_such_mailbox);
		return;
	}
	event_refuse_passed(session, event, code, text, size);
}

static void accept_recipient(struct session *session, struct session_event *event)
{
	session->transaction->accepted++;
	event->kind = SESSION_EVENT_ACCEPTED;
	event->decided = true;
	event->rule = MXF_RULE_ACCEPT;
	event->code = recipient_ok.code;
	event->enhanced = span_of(recipient_ok.enhanced);
	event->text = span_of(recipient_ok.text);
	event_send(session, event);
	session_reply(session, &recipient_ok);
}

/* Says what one RCPT is answered: `code` 0 when the transaction is refused. */
static void answer_recipient(struct session *session, const struct pending *pending, int code,
			     const char *text, size_t size)
{
	struct transaction *transaction = session->transaction;
	struct session_event event;

	event_begin(session, &event, SESSION_EVENT_REFUSED);
	event.command = "RCPT";
	event.recipient.text = pending->text + PENDING_RECIPIENT;
	event.recipient.size = pending->recipient_size;
	if (refusal_is_set(&transaction->refusal))
		event_refuse_refusal(session, &event, &transaction->refusal);
	else if (code < 300)
		accept_recipient(session, &event);
	else
		refuse_recipient(session, pending, &event, code, text, size);
	if (event.kind == SESSION_EVENT_REFUSED)
		transaction->recipients--;
}

/* Takes the first one out and says its reply, before those that still wait. */
static void answer_first(struct session *session, int code, const char *text, size_t size)
{
	struct transaction *transaction = session->transaction;
	struct pending *pending = transaction->first, *last = transaction->last;

	transaction->first = NULL;
	if (pending->state == PENDING_LOCAL)
		session_write_client(session, pending->text, pending->size);
	else
		answer_recipient(session, pending, code, text, size);
	transaction->first = pending->next;
	transaction->last = pending->next ? last : NULL;
	transaction->pending--;
	free(pending);
}

void pending_advance(struct session *session)
{
	struct transaction *transaction = session->transaction;
	bool refused = refusal_is_set(&transaction->refusal);
	bool waited = transaction->first != NULL;

	if (refused)
		transaction->unsent = NULL;
	while (transaction->first && (transaction->first->state == PENDING_LOCAL ||
				      (refused && transaction->first->state == PENDING_UNSENT)))
		answer_first(session, 0, NULL, 0);
	if (waited && !transaction->first && session->state == STATE_COMMAND)
		session_await_command(session);
}

void pending_answer(struct session *session, int code, const char *text, size_t size)
{
	answer_first(session, code, text, size);
	if (session->transaction->first)
		pending_advance(session);
	else
		session_await_command(session);
}

void pending_unsend(struct session *session)
{
	struct transaction *transaction = session->transaction;

	for (struct pending *pending = transaction->first; pending; pending = pending->next)
		if (pending->state == PENDING_SENT)
			pending->state = PENDING_UNSENT;
	transaction->unsent = transaction->first;
	while (transaction->unsent && transaction->unsent->state != PENDING_UNSENT)
		transaction->unsent = transaction->unsent->next;
}

void pending_fail(struct session *session)
{
	pending_unsend(session);
	pending_advance(session);
}

void transaction_reset(struct session *session)
{
	struct transaction *transaction = session->transaction;

	session->transaction = NULL;
	relay_abandon_transaction(session);
	if (!transaction)
		return;
	while (transaction->first) {
		struct pending *pending = transaction->first;

		transaction->first = pending->next;
		free(pending);
	}
	free(transaction->refusal.text);
	free(transaction);
}
