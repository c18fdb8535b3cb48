// SPDX-License-Identifier: GPL-2.0-only
/* The keys under which a mailbox may stand in a table. */
#include <string.h>

#include "policy/policy_internal.h"

void mailbox_keys_begin(struct mailbox_keys *keys, const struct mailbox *mailbox)
{
	keys->mailbox = mailbox;
	keys->position = 0;
	keys->state = KEYS_ITSELF;
}

bool mailbox_keys_next(struct mailbox_keys *keys)
{
	const struct mailbox *mailbox = keys->mailbox;

	switch (keys->state) {
	case KEYS_ITSELF:
		keys->key = mailbox->key;
		keys->size = mailbox->size;
		keys->state = mailbox_is_null(mailbox) ? KEYS_END : KEYS_UNTAGGED;
		return !mailbox_is_null(mailbox);
	case KEYS_UNTAGGED:
		keys->key = keys->untagged;
		keys->size = mailbox_untagged_key(mailbox, &keys->position, keys->untagged);
		if (keys->size)
			return true;
		keys->key = mailbox->key + mailbox->local_size;
		keys->size = (size_t)(mailbox->size - mailbox->local_size);
		keys->state = KEYS_END;
		return true;
	case KEYS_END:
		break;
	}
	return false;
}

const struct key_entry *policy_find_value(const struct key_table *table, const char *key,
					  size_t size, uint32_t value)
{
	const struct key_entry *entry = key_table_find(table, key, size);

	while (entry && value != ANY_VALUE && entry->value != value)
		entry = key_table_next(table, entry);
	return entry;
}

const struct key_entry *policy_find_mailbox(const struct key_table *table,
					    const struct mailbox *mailbox, uint32_t value)
{
	const struct key_entry *found = NULL;
	struct mailbox_keys keys;

	if (!table->count)
		return NULL;
	mailbox_keys_begin(&keys, mailbox);
	while (!found && mailbox_keys_next(&keys))
		found = policy_find_value(table, keys.key, keys.size, value);
	return found;
}

const struct key_entry *policy_find_domain_above(const struct key_table *table, const char *domain,
						 size_t size, uint32_t value)
{
	const struct key_entry *found = NULL;
	char dotted[MAILBOX_DOMAIN_MAX + 2] = ".";

	if (!table->dotted || size > MAILBOX_DOMAIN_MAX)
		return NULL;
	memcpy(dotted + 1, domain, size);
	for (size_t i = 0; i <= size && !found; i++)
		if (dotted[i] == '.')
			found = policy_find_value(table, dotted + i, size + 1 - i, value);
	return found;
}

const struct key_entry *policy_find_our_domain(const struct policy *policy,
					       const struct mailbox *mailbox)
{
	const char *domain;
	size_t size;

	if (mailbox_is_null(mailbox))
		return NULL;
	domain = mailbox_domain_key(mailbox, &size);
	return key_table_find_domain(&policy->domains, domain, size);
}

bool policy_is_our_domain(const struct policy *policy, const char *domain, size_t size)
{
	return key_table_find_domain(&policy->domains, domain, size) != NULL;
}
