// SPDX-License-Identifier: GPL-2.0-only
/* The decision for one recipient. */
#include <stdio.h>
#include <string.h>

#include "policy/policy_internal.h"

/* What the rules ask about, while one decision is made. */
struct question {
	const struct policy *policy;
	const struct policy_session *session;
	const struct policy_client *client;
	const struct mailbox *sender;
	const char *path;
	size_t size;
	bool utf8;
	struct policy_decision *decision;
};

/* What a rule found: `code` 0 when it does not refuse. */
struct finding {
	int code;
	const char *enhanced;
	const char *text;   /* of the reply */
	const char *result; /* for people, why it refuses or does not */
	struct place origin;
};

#define PASSES(why, ...) ((struct finding){.result = (why), __VA_ARGS__})
#define REFUSES(number, status, reply, why, ...)                                                   \
	((struct finding){.code = (number),                                                        \
			  .enhanced = (status),                                                    \
			  .text = (reply),                                                         \
			  .result = (why),                                                         \
			  __VA_ARGS__})

static bool is_postmaster(const char *key)
{
	static const char name[] = "postmaster@";

	return strncmp(key, name, sizeof(name) - 1) == 0;
}

static bool is_tagged_postmaster(const struct mailbox *mailbox)
{
	char key[MAILBOX_TEXT_MAX + 1];
	size_t position = 0;

	return mailbox_untagged_key(mailbox, &position, key) && is_postmaster(key);
}

/* The rules. */

static struct finding rule_tls_required(const struct question *question)
{
	const struct gate_listener *listener = question->session->listener;

	if (question->session->tls)
		return PASSES("the session is encrypted");
	if (listener->tls != LISTENER_TLS_REQUIRED && listener->tls != LISTENER_TLS_IMPLICIT)
		return PASSES("the listener does not require TLS", .origin = listener->place);
	return REFUSES(530, "5.7.0", "Must issue a STARTTLS command first",
		       "the listener requires TLS and there is none", .origin = listener->place);
}

static struct finding rule_login_required(const struct question *question)
{
	const struct gate_listener *listener = question->session->listener;

	if (question->session->login)
		return PASSES("the client is logged in");
	if (listener->role != ROLE_SUBMISSION && listener->auth != LISTENER_AUTH_REQUIRED)
		return PASSES("the listener does not require a login", .origin = listener->place);
	return REFUSES(530, "5.7.0", "Authentication required",
		       "the listener requires a login and there is none",
		       .origin = listener->place);
}

static bool path_is(const struct question *question, const char *word)
{
	return question->size == strlen(word) &&
	       strncasecmp(question->path, word, question->size) == 0;
}

/* <postmaster> is that of our first domain (RFC 5321 section 4.5.1). */
static enum mailbox_error read_recipient(const struct question *question)
{
	const struct key_table *domains = &question->policy->domains;
	struct mailbox *recipient = &question->decision->recipient;
	char path[sizeof("postmaster@") + MAILBOX_DOMAIN_MAX];

	if (!path_is(question, "postmaster") || !domains->count)
		return mailbox_parse(question->path, question->size, question->utf8, recipient);
	snprintf(path, sizeof(path), "%.10s@%.*s", question->path,
		 (int)(domains->entries[0].size - (domains->entries[0].key[0] == '.')),
		 domains->entries[0].key + (domains->entries[0].key[0] == '.'));
	return mailbox_parse(path, strlen(path), false, recipient);
}

static struct finding rule_recipient_form(const struct question *question)
{
	struct policy_decision *decision = question->decision;
	enum mailbox_error error = read_recipient(question);
	const struct key_entry *domain;

	if (error == MAILBOX_UTF8)
		return REFUSES(553, "5.6.7", "SMTPUTF8 is needed for this address",
			       "the address is not ASCII and the client did not say SMTPUTF8");
	if (error)
		return REFUSES(501, "5.1.3", "Bad recipient address syntax",
			       mailbox_error_text(error));
	domain = policy_find_our_domain(question->policy, &decision->recipient);
	decision->ours = domain != NULL;
	if (!domain)
		return PASSES("the address is a mailbox, of a domain that is not ours");
	if (!mailbox_has_routing(&decision->recipient))
		return PASSES("the address is a mailbox of one of our domains",
			      .origin = domain->place);
	if (question->client->internal)
		return PASSES("the address carries routing, which the client may use",
			      .origin = domain->place);
	return REFUSES(550, "5.1.3", "Routing through this host is not permitted",
		       "the address carries routing through one of our domains",
		       .origin = domain->place);
}

static struct finding rule_login_sender(const struct question *question)
{
	const struct gate_senders *senders = &question->policy->gate->senders;

	if (!question->session->login)
		return PASSES("the client is not logged in");
	if (!senders->has_login_map)
		return PASSES("there is no login map");
	if (mailbox_is_null(question->sender))
		return PASSES("the null sender is everybody's");
	if (policy_login_owns(question->policy, question->session, question->client,
			      question->sender))
		return PASSES("the login owns the sender",
			      .origin = question->client->identity->name.place);
	if (!question->client->identity)
		return REFUSES(553, "5.7.1", "Sender address rejected: not owned by the login",
			       "the login is not in the login map", .origin = senders->place);
	return REFUSES(553, "5.7.1", "Sender address rejected: not owned by the login",
		       "the sender is not one of the login's addresses",
		       .origin = question->client->identity->name.place);
}

static struct finding rule_spoofed_sender(const struct question *question)
{
	const struct gate_senders *senders = &question->policy->gate->senders;

	if (senders->spoof == SPOOF_ACCEPT)
		return PASSES("senders may claim to be ours", .origin = senders->spoof_place);
	if (question->client->internal)
		return PASSES("the client is internal");
	if (!policy_find_our_domain(question->policy, question->sender))
		return PASSES("the sender is not of our domains");
	return REFUSES(550, "5.7.1", "Sender address rejected: log in to send as one of us",
		       "a stranger sends in the name of one of our domains",
		       .origin = senders->spoof_place);
}

static struct finding rule_relay_never(const struct question *question)
{
	if (question->decision->ours)
		return PASSES("the recipient is in our domains");
	if (!question->client->never)
		return PASSES("the client is not in relay.never");
	return REFUSES(550, "5.7.1", "Unable to relay", "the client is in relay.never",
		       .origin = range_place(question->client->never));
}

static struct finding rule_relay(const struct question *question)
{
	const struct gate_relay *relay = &question->policy->gate->relay;

	if (question->decision->ours)
		return PASSES("the recipient is in our domains");
	if (question->session->login && relay->authenticated)
		return PASSES("the client is logged in, and those who are may relay",
			      .origin = relay->authenticated_place);
	if (question->client->from)
		return PASSES("the client is in relay.from",
			      .origin = range_place(question->client->from));
	if (question->client->local)
		return PASSES("the client connected to an address of relay.to-local",
			      .origin = range_place(question->client->local));
	return REFUSES(550, "5.7.1", "Unable to relay", "nothing permits the client to relay",
		       .origin = relay->place);
}

/* Routing through one of our domains leads out of them as well. */
static struct finding rule_send_internal(const struct question *question)
{
	const struct mailbox *recipient = &question->decision->recipient;
	bool routed = question->decision->ours && mailbox_has_routing(recipient);
	const struct gate_restrict *entry;
	const char *whose;

	if (question->decision->ours && !routed)
		return PASSES("the recipient is in our domains");
	entry = restrict_find_sending(question->policy, question->session, question->client,
				      question->sender, recipient, routed, &whose);
	if (!entry)
		return PASSES("no entry of `restrict` forbids the sender to send there");
	return REFUSES(550, "5.7.1", "Sender may not send to the Internet", whose,
		       .origin = entry->place);
}

static struct finding rule_receive_authenticated(const struct question *question)
{
	const struct gate_restrict *entry;

	if (!question->decision->ours)
		return PASSES("the recipient is not in our domains");
	if (question->client->internal)
		return PASSES("the client is internal");
	if (is_postmaster(question->decision->recipient.key))
		return PASSES("postmaster is never restricted");
	entry = restrict_find_receiving(question->policy, &question->decision->recipient);
	if (!entry)
		return PASSES("no entry of `restrict` closes the recipient to outside mail");
	if (entry->hide)
		return REFUSES(550, "5.1.1", POLICY_NO_SUCH_MAILBOX,
			       "the recipient takes no mail from outside, and is hidden",
			       .origin = entry->place);
	return REFUSES(550, "5.7.1", "Recipient takes no mail from outside",
		       "the recipient takes no mail from outside", .origin = entry->place);
}

static struct finding rule_recipient_unknown(const struct question *question)
{
	const struct gate_recipients *recipients = &question->policy->gate->recipients;
	const struct mailbox *recipient = &question->decision->recipient;
	const struct key_entry *found;

	if (!question->decision->ours)
		return PASSES("the recipient is not in our domains");
	if (is_postmaster(recipient->key) || is_tagged_postmaster(recipient))
		return PASSES("postmaster always exists");
	if (recipients->source == RECIPIENTS_BACKEND)
		return PASSES("the backend will say whether it knows the recipient",
			      .origin = recipients->place);
	if (recipients->source == RECIPIENTS_ANY)
		return PASSES("every recipient in our domains is taken",
			      .origin = recipients->place);
	found = policy_find_mailbox(&question->policy->recipients, recipient, ANY_VALUE);
	if (found)
		return PASSES("the recipient is known", .origin = found->place);
	return REFUSES(550, "5.1.1", POLICY_NO_SUCH_MAILBOX, "the recipient is not in the file",
		       .origin = recipients->place);
}

typedef struct finding rule_fn(const struct question *question);

static rule_fn *const rules[MXF_RULE_COUNT] = {
	[MXF_RULE_TLS_REQUIRED] = rule_tls_required,
	[MXF_RULE_LOGIN_REQUIRED] = rule_login_required,
	[MXF_RULE_RECIPIENT_FORM] = rule_recipient_form,
	[MXF_RULE_LOGIN_SENDER] = rule_login_sender,
	[MXF_RULE_SPOOFED_SENDER] = rule_spoofed_sender,
	[MXF_RULE_RELAY_NEVER] = rule_relay_never,
	[MXF_RULE_RELAY] = rule_relay,
	[MXF_RULE_SEND_INTERNAL] = rule_send_internal,
	[MXF_RULE_RECEIVE_AUTHENTICATED] = rule_receive_authenticated,
	[MXF_RULE_RECIPIENT_UNKNOWN] = rule_recipient_unknown,
};

/* What names our domain, permits relaying or knows the recipient is where an acceptance comes from.
 */
static bool explains_acceptance(enum mxf_rule rule)
{
	return rule == MXF_RULE_RECIPIENT_FORM || rule == MXF_RULE_RELAY ||
	       rule == MXF_RULE_RECIPIENT_UNKNOWN;
}

/* Asks rules up to `last`; true when one refuses. */
static bool ask_rules(const struct question *question, enum mxf_rule last,
		      struct policy_step *steps, size_t *step_count)
{
	struct policy_decision *decision = question->decision;
	struct place origin = {0};

	for (enum mxf_rule rule = MXF_RULE_TLS_REQUIRED; rule <= last; rule++) {
		struct finding finding = rules[rule](question);

		if (steps)
			steps[(*step_count)++] = (struct policy_step){.rule = rule,
								      .refuses = finding.code != 0,
								      .result = finding.result,
								      .origin = finding.origin};
		if (finding.origin.line && explains_acceptance(rule))
			origin = finding.origin;
		if (!finding.code)
			continue;
		decision->rule = rule;
		decision->code = finding.code;
		decision->enhanced = finding.enhanced;
		decision->text = finding.text;
		decision->origin = finding.origin;
		return true;
	}
	decision->rule = MXF_RULE_ACCEPT;
	decision->code = 250;
	decision->enhanced = "2.1.5";
	decision->text = "Recipient OK";
	decision->origin = origin;
	return false;
}

bool policy_refuse_mail(const struct policy *policy, const struct policy_session *session,
			struct policy_decision *decision)
{
	const struct question question = {
		.policy = policy, .session = session, .decision = decision};

	decision->ours = false;
	mailbox_clear(&decision->recipient);
	return ask_rules(&question, MXF_RULE_LOGIN_REQUIRED, NULL, NULL);
}

void policy_decide(const struct policy *policy, const struct policy_session *session,
		   const struct policy_client *client, const struct mailbox *sender,
		   const char *path, size_t size, bool utf8, struct policy_decision *decision,
		   struct policy_step *steps, size_t *step_count)
{
	const struct question question = {.policy = policy,
					  .session = session,
					  .client = client,
					  .sender = sender,
					  .path = path,
					  .size = size,
					  .utf8 = utf8,
					  .decision = decision};
	size_t count = 0;

	decision->ours = false;
	mailbox_clear(&decision->recipient);
	if (!ask_rules(&question, MXF_RULE_COUNT - 1, steps, &count) && steps)
		steps[count++] = (struct policy_step){.rule = MXF_RULE_ACCEPT,
						      .result = "no rule refuses",
						      .origin = decision->origin};
	if (steps)
		*step_count = count;
}
