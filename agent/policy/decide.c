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

static const char no_such_mailbox[] = "No such mailbox here";

static struct place range_place(const struct range *range)
{
	return (struct place){.file = range->file, .line = range->line, .column = range->column};
}

bool policy_is_our_domain(const struct policy *policy, const char *domain, size_t size)
{
	return key_table_find_domain(&policy->domains, domain, size) != NULL;
}

static bool is_ours(const struct policy *policy, const struct mailbox *mailbox)
{
	size_t size;
	const char *domain;

	if (mailbox_is_null(mailbox))
		return false;
	domain = mailbox_domain_key(mailbox, &size);
	return policy_is_our_domain(policy, domain, size);
}

/*
 * The keys under which a mailbox may stand in a table: itself, without its tag, and @domain. A key
 * that would be asked for twice has size 0.
 */
enum { MAILBOX_KEYS = 3 };
struct mailbox_keys {
	char untagged[MAILBOX_TEXT_MAX + 1];
	const char *keys[MAILBOX_KEYS];
	size_t sizes[MAILBOX_KEYS];
};

static void mailbox_keys_make(const struct mailbox *mailbox, struct mailbox_keys *keys)
{
	size_t untagged = mailbox_untagged_key(mailbox, keys->untagged);

	keys->keys[0] = mailbox->key;
	keys->sizes[0] = mailbox->size;
	keys->keys[1] = keys->untagged;
	keys->sizes[1] = untagged == mailbox->size ? 0 : untagged;
	keys->keys[2] = mailbox->key + mailbox->local_size;
	keys->sizes[2] = (size_t)(mailbox->size - mailbox->local_size);
}

/* The first of the keys' entries with this value; UINT32_MAX: any value. */
static const struct key_entry *find_value(const struct key_table *table, const char *key,
					  size_t size, uint32_t value)
{
	const struct key_entry *entry = size ? key_table_find(table, key, size) : NULL;

	while (entry && value != UINT32_MAX && entry->value != value)
		entry = key_table_next(table, entry);
	return entry;
}

static const struct key_entry *find_mailbox(const struct key_table *table,
					    const struct mailbox *mailbox, uint32_t value)
{
	const struct key_entry *found = NULL;
	struct mailbox_keys keys;

	if (!table->count)
		return NULL;
	mailbox_keys_make(mailbox, &keys);
	for (size_t i = 0; i < MAILBOX_KEYS && !found; i++)
		found = find_value(table, keys.keys[i], keys.sizes[i], value);
	return found;
}

static bool is_postmaster(const struct mailbox *mailbox)
{
	static const char name[] = "postmaster";

	return mailbox->local_size == sizeof(name) - 1 &&
	       memcmp(mailbox->key, name, sizeof(name) - 1) == 0;
}

/* A login that is itself a mailbox of ours. */
static bool login_mailbox(const struct policy *policy, const struct policy_session *session,
			  struct mailbox *mailbox)
{
	return session->login &&
	       mailbox_parse(session->login, strlen(session->login), true, mailbox) == MAILBOX_OK &&
	       is_ours(policy, mailbox);
}

void policy_client_make(const struct policy *policy, const struct policy_session *session,
			struct policy_client *client)
{
	const struct gate_relay *relay = &policy->gate->relay;
	const struct key_entry *login = NULL;
	char key[LOGIN_KEY_MAX + 1];

	client->never = gate_ranges_find(&relay->never, session->client, session->client_family);
	client->from = gate_ranges_find(&relay->from, session->client, session->client_family);
	client->local = gate_ranges_find(&relay->to_local, session->local, session->local_family);
	client->internal = session->login || (!client->never && (client->from || client->local));
	if (session->login && login_key(session->login, strlen(session->login), key))
		login = key_table_find(&policy->logins, key, strlen(key));
	client->identity = login ? &policy->gate->senders.logins[login->value] : NULL;
}

static uint32_t login_number(const struct policy *policy, const struct gate_login *login)
{
	return (uint32_t)(login - policy->gate->senders.logins);
}

bool policy_login_owns(const struct policy *policy, const struct policy_client *client,
		       const struct mailbox *mailbox)
{
	if (mailbox_is_null(mailbox))
		return true;
	return client->identity && find_mailbox(&policy->owned, mailbox,
						login_number(policy, client->identity)) != NULL;
}

const struct limits *policy_limits(const struct policy *policy, const struct policy_client *client)
{
	return client->internal ? &policy->gate->limits_internal : &policy->gate->limits;
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

	if (error == MAILBOX_UTF8)
		return REFUSES(553, "5.6.7", "SMTPUTF8 is needed for this address",
			       "the address is not ASCII and the client did not say SMTPUTF8");
	if (error)
		return REFUSES(501, "5.1.3", "Bad recipient address syntax",
			       mailbox_error_text(error));
	decision->ours = is_ours(question->policy, &decision->recipient);
	if (!decision->ours || !mailbox_has_routing(&decision->recipient))
		return PASSES("the address is a mailbox");
	if (question->client->internal)
		return PASSES("the address carries routing, which the client may use");
	return REFUSES(550, "5.1.3", "Routing through this host is not permitted",
		       "the address carries routing through one of our domains");
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
	if (policy_login_owns(question->policy, question->client, question->sender))
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
	if (!is_ours(question->policy, question->sender))
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

/* True when `allow` of a `restrict` entry holds the mailbox. */
static bool is_allowed(const struct policy *policy, uint32_t restriction,
		       const struct mailbox *mailbox)
{
	char dotted[MAILBOX_DOMAIN_MAX + 2] = ".";
	const char *domain;
	size_t size;

	if (!policy->gate->restricts[restriction].allow.count)
		return false;
	if (find_mailbox(&policy->allow, mailbox, restriction))
		return true;
	domain = mailbox_domain_key(mailbox, &size);
	memcpy(dotted + 1, domain, size);
	if (find_value(&policy->allow, domain, size, restriction))
		return true;
	for (size_t i = 0; policy->allow.dotted && i <= size; i++)
		if (dotted[i] == '.' &&
		    find_value(&policy->allow, dotted + i, size + 1 - i, restriction))
			return true;
	return false;
}

/* One identity of a sender, and where it may not send. */
static const struct gate_restrict *entry_forbids(const struct question *question,
						 const struct key_table *table,
						 const struct key_entry *member)
{
	const struct policy *policy = question->policy;

	for (; member; member = key_table_next(table, member)) {
		const struct group_reach *reach = &policy->reach[member->value];

		for (size_t i = 0; i < reach->count; i++) {
			const struct gate_restrict *entry =
				&policy->gate->restricts[reach->restricts[i]];

			if (entry->send == SEND_INTERNAL &&
			    !is_allowed(policy, reach->restricts[i],
					&question->decision->recipient))
				return entry;
		}
	}
	return NULL;
}

static const struct gate_restrict *mailbox_may_not_send(const struct question *question,
							const struct mailbox *mailbox)
{
	const struct key_table *members = &question->policy->members;
	const struct gate_restrict *entry = NULL;
	struct mailbox_keys keys;

	mailbox_keys_make(mailbox, &keys);
	for (size_t i = 0; i < MAILBOX_KEYS && !entry; i++)
		if (keys.sizes[i])
			entry = entry_forbids(question, members,
					      key_table_find(members, keys.keys[i], keys.sizes[i]));
	return entry;
}

/* "@domain" counts as every mailbox of it. */
static const struct gate_restrict *domain_may_not_send(const struct question *question,
						       const char *key, size_t size)
{
	const struct policy *policy = question->policy;
	const struct gate_restrict *entry = entry_forbids(
		question, &policy->members, key_table_find(&policy->members, key, size));

	if (entry)
		return entry;
	return entry_forbids(question, &policy->member_domains,
			     key_table_find(&policy->member_domains, key + 1, size - 1));
}

static const struct gate_restrict *login_may_not_send(const struct question *question)
{
	const struct gate_login *login = question->client->identity;
	const struct gate_restrict *entry = NULL;
	struct mailbox mailbox;
	char key[MAILBOX_DOMAIN_MAX + 2] = "@";
	size_t size;

	if (!question->policy->gate->senders.has_login_map)
		return login_mailbox(question->policy, question->session, &mailbox)
			       ? mailbox_may_not_send(question, &mailbox)
			       : NULL;
	for (size_t i = 0; login && i < login->addresses.count && !entry; i++) {
		const struct gate_text *address = &login->addresses.items[i];

		if (address->text[0] != '@') {
			if (!mailbox_parse(address->text, address->size, true, &mailbox))
				entry = mailbox_may_not_send(question, &mailbox);
		} else if (!mailbox_parse_domain(address->text + 1, address->size - 1, true,
						 key + 1, &size)) {
			entry = domain_may_not_send(question, key, size + 1);
		}
	}
	return entry;
}

static struct finding rule_send_internal(const struct question *question)
{
	const struct gate_restrict *entry = NULL;

	if (question->decision->ours)
		return PASSES("the recipient is in our domains");
	if (question->policy->members.count && !mailbox_is_null(question->sender))
		entry = mailbox_may_not_send(question, question->sender);
	if (question->policy->members.count && !entry && question->session->login)
		entry = login_may_not_send(question);
	if (!entry)
		return PASSES("no entry of `restrict` forbids the sender to send there");
	return REFUSES(550, "5.7.1", "Sender may not send to the Internet",
		       "the sender is in a group with send: internal", .origin = entry->place);
}

/* The entry that keeps outside mail from the recipient; one that hides it before others. */
static const struct gate_restrict *closed_to_outside(const struct question *question)
{
	const struct policy *policy = question->policy;
	const struct gate_restrict *closed = NULL;
	struct mailbox_keys keys;

	mailbox_keys_make(&question->decision->recipient, &keys);
	for (size_t k = 0; k < MAILBOX_KEYS; k++) {
		const struct key_entry *member =
			find_value(&policy->members, keys.keys[k], keys.sizes[k], UINT32_MAX);

		for (; member; member = key_table_next(&policy->members, member)) {
			const struct group_reach *reach = &policy->reach[member->value];

			for (size_t i = 0; i < reach->count; i++) {
				const struct gate_restrict *entry =
					&policy->gate->restricts[reach->restricts[i]];

				if (entry->receive == RECEIVE_AUTHENTICATED &&
				    (!closed || (entry->hide && !closed->hide)))
					closed = entry;
			}
		}
	}
	return closed;
}

static struct finding rule_receive_authenticated(const struct question *question)
{
	const struct gate_restrict *entry;

	if (!question->decision->ours)
		return PASSES("the recipient is not in our domains");
	if (question->client->internal)
		return PASSES("the client is internal");
	if (is_postmaster(&question->decision->recipient))
		return PASSES("postmaster is never restricted");
	entry = closed_to_outside(question);
	if (!entry)
		return PASSES("no entry of `restrict` closes the recipient to outside mail");
	if (entry->hide)
		return REFUSES(550, "5.1.1", no_such_mailbox,
			       "the recipient takes no mail from outside, and is hidden",
			       .origin = entry->place);
	return REFUSES(550, "5.7.1", "Recipient takes no mail from outside",
		       "the recipient takes no mail from outside", .origin = entry->place);
}

static struct finding rule_recipient_unknown(const struct question *question)
{
	const struct gate_recipients *recipients = &question->policy->gate->recipients;
	const struct key_entry *found;

	if (!question->decision->ours)
		return PASSES("the recipient is not in our domains");
	if (is_postmaster(&question->decision->recipient))
		return PASSES("postmaster always exists");
	if (recipients->source == RECIPIENTS_BACKEND)
		return PASSES("the backend will say whether it knows the recipient",
			      .origin = recipients->place);
	if (recipients->source == RECIPIENTS_ANY)
		return PASSES("every recipient in our domains is taken",
			      .origin = recipients->place);
	found = find_mailbox(&question->policy->recipients, &question->decision->recipient,
			     UINT32_MAX);
	if (found)
		return PASSES("the recipient is known", .origin = found->place);
	return REFUSES(550, "5.1.1", no_such_mailbox, "the recipient is not in the file",
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
		/* What permits relaying, or knows the recipient, is where an acceptance comes from.
		 */
		if (finding.origin.line && (rule == MXF_RULE_RELAY || rule == last))
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
	if (!ask_rules(&question, MXF_RULE_COUNT - 1, steps, &count) && steps)
		steps[count++] = (struct policy_step){.rule = MXF_RULE_ACCEPT,
						      .result = "no rule refuses",
						      .origin = decision->origin};
	if (steps)
		*step_count = count;
}
