// SPDX-License-Identifier: GPL-2.0-only
/* Rules that could never take effect. */
#include <string.h>

#include "core/text.h"
#include "policy/policy_internal.h"

/* Another domain with a leading dot that holds this one, or NULL. */
static const struct key_entry *domain_above(const struct key_table *table,
					    const struct key_entry *entry)
{
	bool is_dotted = entry->key[0] == '.';
	size_t size = entry->size - is_dotted;
	const struct key_entry *above = NULL;
	char dotted[MAILBOX_DOMAIN_MAX + 2] = ".";

	memcpy(dotted + 1, entry->key + is_dotted, size);
	for (size_t i = is_dotted; i <= size && !above; i++)
		if (dotted[i] == '.')
			above = key_table_find(table, dotted + i, size + 1 - i);
	return above;
}

static void lint_domains(struct compiler *compiler)
{
	const struct policy *policy = compiler->policy;
	char quote[TEXT_QUOTE_SIZE], above_quote[TEXT_QUOTE_SIZE];

	for (size_t i = 0; policy->domains.dotted && i < policy->domains.count; i++) {
		const struct key_entry *entry = &policy->domains.entries[i];
		const struct key_entry *above = domain_above(&policy->domains, entry);

		if (above)
			COMPILER_WARNING(compiler, entry->place, NULL,
					 "%s is held already by %s at %s:%u",
					 text_quote(entry->key, entry->size, quote),
					 text_quote(above->key, above->size, above_quote),
					 compiler_file(compiler, above->place), above->place.line);
	}
}

/* Its domain begins at the @ that is not within quotes: the last one. */
static const char *domain_of(const struct key_entry *entry, size_t *size)
{
	const char *at = memrchr(entry->key, '@', entry->size);

	*size = (size_t)(entry->key + entry->size - at - 1);
	return at + 1;
}

/* What could not get mail from outside anyway, and sends only where it relays without a login. */
static void lint_foreign(struct compiler *compiler, const struct key_entry *entry, const char *what)
{
	static const char foreign[] = "the %s %s is outside of our domains";
	char quote[TEXT_QUOTE_SIZE];
	const char *domain;
	size_t size;

	domain = domain_of(entry, &size);
	if (policy_is_our_domain(compiler->policy, domain, size) ||
	    diags_count_only(compiler->diags, DIAG_WARNING, entry->place.file, foreign))
		return;
	COMPILER_WARNING(compiler, entry->place, "gate.domains says which domains are ours",
			 foreign, what, text_quote(entry->key, entry->size, quote));
}

/* The entry of the same value that holds this mailbox too: @domain, or the user of its tag. */
static const struct key_entry *find_holder(const struct key_table *table,
					   const struct key_entry *entry)
{
	const struct key_entry *holder = NULL;
	struct mailbox mailbox;
	struct mailbox_keys keys;

	if (entry->key[0] == '@' || mailbox_parse(entry->key, entry->size, true, &mailbox))
		return NULL;
	mailbox_keys_begin(&keys, &mailbox);
	mailbox_keys_next(&keys);
	while (!holder && mailbox_keys_next(&keys))
		holder = policy_find_value(table, keys.key, keys.size, entry->value);
	return holder;
}

static void report_holder(struct compiler *compiler, const struct key_entry *entry,
			  const struct key_entry *holder)
{
	static const char held[] = "%s changes nothing: %s of the same list holds it (%s:%u)";
	char quote[TEXT_QUOTE_SIZE], holder_quote[TEXT_QUOTE_SIZE];

	if (!holder || diags_count_only(compiler->diags, DIAG_WARNING, entry->place.file, held))
		return;
	COMPILER_WARNING(compiler, entry->place, NULL, held,
			 text_quote(entry->key, entry->size, quote),
			 text_quote(holder->key, holder->size, holder_quote),
			 compiler_file(compiler, holder->place), holder->place.line);
}

static void lint_addresses(struct compiler *compiler, const struct key_table *table,
			   const char *what)
{
	for (size_t i = 0; i < table->count; i++) {
		if (what)
			lint_foreign(compiler, &table->entries[i], what);
		report_holder(compiler, &table->entries[i], find_holder(table, &table->entries[i]));
	}
}

static bool restricts_sending(const struct compiler *compiler, size_t group)
{
	const struct group_reach *reach = &compiler->policy->reach[group];

	for (size_t i = 0; i < reach->count; i++)
		if (compiler->policy->gate->restricts[reach->restricts[i]].send == SEND_INTERNAL)
			return true;
	return false;
}

static void lint_postmasters(struct compiler *compiler)
{
	static const char name[] = "postmaster@";
	const struct key_table *members = &compiler->policy->members;
	char quote[TEXT_QUOTE_SIZE];

	for (size_t i = 0; i < members->count; i++) {
		const struct key_entry *entry = &members->entries[i];

		if (entry->size >= sizeof(name) &&
		    memcmp(entry->key, name, sizeof(name) - 1) == 0 &&
		    compiler->policy->reach[entry->value].count &&
		    !restricts_sending(compiler, entry->value))
			COMPILER_WARNING(compiler, entry->place, NULL,
					 "the member %s changes nothing: postmaster always takes "
					 "mail from everybody",
					 text_quote(entry->key, entry->size, quote));
	}
}

static void lint_groups(struct compiler *compiler)
{
	const struct policy *policy = compiler->policy;
	const struct gate_config *gate = policy->gate;

	for (size_t i = 0; i < gate->group_count; i++) {
		const struct gate_group *group = &gate->groups[i];

		if (policy->reach[i].empty)
			COMPILER_WARNING(compiler, group->place, NULL, "the group \"%s\" is empty",
					 group->name);
		if (policy->reach[i].count == 0)
			COMPILER_WARNING(compiler, group->place,
					 "`restrict` says what holds for a group",
					 "nobody uses the group \"%s\"", group->name);
	}
}

static void lint_logins(struct compiler *compiler)
{
	const struct gate_senders *senders = &compiler->policy->gate->senders;
	char quote[TEXT_QUOTE_SIZE];

	for (size_t i = 0; i < senders->login_count; i++)
		if (senders->logins[i].addresses.count == 0)
			COMPILER_WARNING(compiler, senders->logins[i].name.place,
					 "it may send with the null sender alone",
					 "the login \"%s\" has no address",
					 text_quote(senders->logins[i].name.text,
						    senders->logins[i].name.size, quote));
}

void policy_lint(struct compiler *compiler)
{
	const struct policy *policy = compiler->policy;

	/* What follows from a mistake elsewhere would only distract from it. */
	if (compiler->diags->errors)
		return;
	lint_domains(compiler);
	lint_addresses(compiler, &policy->members, "member");
	lint_addresses(compiler, &policy->recipients, "recipient");
	lint_addresses(compiler, &policy->owned, NULL);
	lint_postmasters(compiler);
	lint_groups(compiler);
	lint_logins(compiler);
	lint_restricts(compiler);
	lint_relay(compiler);
}
