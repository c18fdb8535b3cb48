// SPDX-License-Identifier: GPL-2.0-only
/* What is known of a client before it names a recipient. */
#include <string.h>

#include "policy/policy_internal.h"

const struct gate_login *policy_find_login(const struct policy *policy, const char *name,
					   size_t size)
{
	const struct key_entry *found = NULL;
	char key[LOGIN_KEY_MAX + 1];

	if (login_key(name, size, key))
		found = key_table_find(&policy->logins, key, size);
	return found ? &policy->gate->senders.logins[found->value] : NULL;
}

void policy_client_make(const struct policy *policy, const struct policy_session *session,
			struct policy_client *client)
{
	const struct gate_relay *relay = &policy->gate->relay;
	const char *login = session->login;

	client->never = gate_ranges_find(&relay->never, session->client, session->client_family);
	client->from = gate_ranges_find(&relay->from, session->client, session->client_family);
	client->local = gate_ranges_find(&relay->to_local, session->local, session->local_family);
	client->internal = login || (!client->never && (client->from || client->local));
	client->identity = login ? policy_find_login(policy, login, strlen(login)) : NULL;
}

static uint32_t login_number(const struct policy *policy, const struct gate_login *login)
{
	return (uint32_t)(login - policy->gate->senders.logins);
}

/* True when the login is a mailbox of ours, and this one. */
static bool login_is(const struct policy *policy, const char *login, const struct mailbox *mailbox)
{
	struct mailbox own;
	struct mailbox_keys keys;
	bool is = false;

	if (mailbox_parse(login, strlen(login), true, &own) ||
	    !policy_find_our_domain(policy, &own))
		return false;
	mailbox_keys_begin(&keys, mailbox);
	while (!is && mailbox_keys_next(&keys))
		is = keys.size == own.size && memcmp(keys.key, own.key, own.size) == 0;
	return is;
}

bool policy_login_owns(const struct policy *policy, const struct policy_session *session,
		       const struct policy_client *client, const struct mailbox *mailbox)
{
	if (mailbox_is_null(mailbox))
		return true;
	if (!policy->gate->senders.has_login_map)
		return session->login && login_is(policy, session->login, mailbox);
	return client->identity &&
	       policy_find_mailbox(&policy->owned, mailbox, login_number(policy, client->identity));
}

const struct limits *policy_limits(const struct policy *policy, const struct policy_client *client)
{
	return client->internal ? &policy->gate->limits_internal : &policy->gate->limits;
}
