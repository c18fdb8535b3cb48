// SPDX-License-Identifier: GPL-2.0-only
/* Whom the entries of `restrict` hold for, as senders and as recipients. */
#include <stdio.h>
#include <string.h>

#include "policy/policy_internal.h"

/* Where somebody wants to send. */
struct destination {
	const struct policy *policy;
	const struct mailbox *recipient;
	bool routed; /* further than one of our domains, nobody knows where */
};

static bool is_allowed(const struct destination *destination, uint32_t restriction)
{
	const struct policy *policy = destination->policy;
	const struct mailbox *recipient = destination->recipient;
	const char *domain;
	size_t size;

	if (destination->routed || !policy->gate->restricts[restriction].allow.count)
		return false;
	domain = mailbox_domain_key(recipient, &size);
	return policy_find_mailbox(&policy->allow, recipient, restriction) ||
	       policy_find_value(&policy->allow, domain, size, restriction) ||
	       policy_find_domain_above(&policy->allow, domain, size, restriction);
}

/* The entry that keeps a group's members from sending there, or NULL. */
static const struct gate_restrict *group_forbids(const struct destination *destination,
						 size_t group)
{
	const struct group_reach *reach = &destination->policy->reach[group];

	for (size_t i = 0; i < reach->count; i++) {
		const struct gate_restrict *entry =
			&destination->policy->gate->restricts[reach->restricts[i]];

		if (entry->send == SEND_INTERNAL && !is_allowed(destination, reach->restricts[i]))
			return entry;
	}
	return NULL;
}

/* The same for the groups that stand behind one key. */
static const struct gate_restrict *key_forbids(const struct destination *destination,
					       const struct key_table *table, const char *key,
					       size_t size)
{
	const struct key_entry *member = key_table_find(table, key, size);
	const struct gate_restrict *entry = NULL;

	for (; member && !entry; member = key_table_next(table, member))
		entry = group_forbids(destination, member->value);
	return entry;
}

static const struct gate_restrict *mailbox_forbidden(const struct destination *destination,
						     const struct mailbox *mailbox)
{
	const struct gate_restrict *entry = NULL;
	struct mailbox_keys keys;

	mailbox_keys_begin(&keys, mailbox);
	while (!entry && mailbox_keys_next(&keys))
		entry = key_forbids(destination, &destination->policy->members, keys.key,
				    keys.size);
	return entry;
}

/* "@domain" counts as every mailbox of it. */
static const struct gate_restrict *domain_forbidden(const struct destination *destination,
						    const struct gate_text *text)
{
	const struct policy *policy = destination->policy;
	char key[MAILBOX_DOMAIN_MAX + 2] = "@";
	const struct gate_restrict *entry;
	size_t size;

	if (mailbox_parse_domain(text->text + 1, text->size - 1, true, key + 1, &size))
		return NULL;
	entry = key_forbids(destination, &policy->members, key, size + 1);
	return entry ? entry : key_forbids(destination, &policy->member_domains, key + 1, size);
}

static const struct gate_restrict *identity_forbidden(const struct destination *destination,
						      const struct gate_login *login)
{
	const struct gate_restrict *entry = NULL;
	struct mailbox mailbox;

	for (size_t i = 0; i < login->addresses.count && !entry; i++) {
		const struct gate_text *address = &login->addresses.items[i];

		if (address->text[0] == '@')
			entry = domain_forbidden(destination, address);
		else if (!mailbox_parse(address->text, address->size, true, &mailbox))
			entry = mailbox_forbidden(destination, &mailbox);
	}
	return entry;
}

static const struct gate_restrict *name_forbidden(const struct destination *destination,
						  const char *name, size_t size)
{
	const struct gate_login *login = policy_find_login(destination->policy, name, size);

	return login ? identity_forbidden(destination, login) : NULL;
}

/*
 * A name without a domain of ours is that user of each of our domains, where a group names him
 * himself; a group of a whole domain may mean others of that name.
 */
static const struct gate_restrict *user_forbidden(const struct destination *destination,
						  const char *name, size_t size)
{
	const struct key_table *domains = &destination->policy->domains;
	const struct gate_restrict *entry = NULL;
	char path[MAILBOX_TEXT_MAX + 1];
	struct mailbox mailbox;

	for (size_t i = 0; i < domains->count && !entry; i++) {
		const char *domain = domains->entries[i].key;
		size_t skip = domain[0] == '.';
		int length = snprintf(path, sizeof(path), "%.*s@%.*s", (int)size, name,
				      (int)(domains->entries[i].size - skip), domain + skip);

		if ((size_t)length >= sizeof(path) ||
		    mailbox_parse(path, (size_t)length, true, &mailbox))
			continue;
		entry = domains->count == 1
				? mailbox_forbidden(destination, &mailbox)
				: key_forbids(destination, &destination->policy->members,
					      mailbox.key, mailbox.size);
	}
	return entry;
}

/* The part of a login that names the user: no blanks around it, no "DOMAIN\" before it. */
static const char *login_user(const char *login, size_t *size)
{
	const char *slash = strrchr(login, '\\');
	const char *begin = slash ? slash + 1 : login, *end = login + strlen(login);

	while (begin < end && (*begin == ' ' || *begin == '\t'))
		begin++;
	while (end > begin && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*size = (size_t)(end - begin);
	return begin;
}

/*
 * A login that the login map does not name. Servers take several spellings of one, and none of
 * them is a way round: "DOMAIN\user", "user" and "user@domain" are all that user here. It gives
 * nobody a right; a login owns what the map says of it as it is.
 */
static const struct gate_restrict *stranger_forbidden(const struct destination *destination,
						      const char *login)
{
	size_t size, user_size;
	const char *name = login_user(login, &size), *at = memrchr(name, '@', size);
	const struct gate_restrict *entry = name_forbidden(destination, name, size);
	struct mailbox mailbox;

	user_size = at ? (size_t)(at - name) : size;
	if (!entry && at)
		entry = name_forbidden(destination, name, user_size);
	if (entry)
		return entry;
	if (at && !mailbox_parse(name, size, true, &mailbox) &&
	    policy_find_our_domain(destination->policy, &mailbox))
		return mailbox_forbidden(destination, &mailbox);
	return user_forbidden(destination, name, user_size);
}

const struct gate_restrict *
restrict_find_sending(const struct policy *policy, const struct policy_session *session,
		      const struct policy_client *client, const struct mailbox *sender,
		      const struct mailbox *recipient, bool routed, const char **result)
{
	const struct destination destination = {
		.policy = policy, .recipient = recipient, .routed = routed};
	const struct gate_restrict *entry;

	if (!policy->members.count)
		return NULL;
	*result = "the sender is in a group with send: internal";
	entry = mailbox_forbidden(&destination, sender);
	if (entry || !session->login)
		return entry;
	*result = "the login is of somebody in a group with send: internal";
	return client->identity ? identity_forbidden(&destination, client->identity)
				: stranger_forbidden(&destination, session->login);
}

/* Of several entries one that hides the mailbox comes first: it must not show. */
static const struct gate_restrict *group_closed(const struct policy *policy, size_t group,
						const struct gate_restrict *closed)
{
	const struct group_reach *reach = &policy->reach[group];

	for (size_t i = 0; i < reach->count; i++) {
		const struct gate_restrict *entry = &policy->gate->restricts[reach->restricts[i]];

		if (entry->receive == RECEIVE_AUTHENTICATED &&
		    (!closed || (entry->hide && !closed->hide)))
			closed = entry;
	}
	return closed;
}

const struct gate_restrict *restrict_find_receiving(const struct policy *policy,
						    const struct mailbox *recipient)
{
	const struct gate_restrict *closed = NULL;
	struct mailbox_keys keys;

	mailbox_keys_begin(&keys, recipient);
	while (mailbox_keys_next(&keys)) {
		const struct key_entry *member =
			key_table_find(&policy->members, keys.key, keys.size);

		for (; member; member = key_table_next(&policy->members, member))
			closed = group_closed(policy, member->value, closed);
	}
	return closed;
}
