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
					 sources_name(&policy->config->sources, above->place.file),
					 above->place.line);
	}
}

/* Members of other domains are senders at most, and those only that relay without a login. */
static void lint_members(struct compiler *compiler, const struct key_table *table, const char *what)
{
	const struct policy *policy = compiler->policy;
	char quote[TEXT_QUOTE_SIZE];

	for (size_t i = 0; i < table->count; i++) {
		const struct key_entry *entry = &table->entries[i];
		const char *at = memrchr(entry->key, '@', entry->size);
		size_t size = entry->size - (size_t)(at + 1 - entry->key);

		if (!policy_is_our_domain(policy, at + 1, size))
			COMPILER_WARNING(compiler, entry->place,
					 "gate.domains says which domains are ours",
					 "%s %s is outside of our domains", what,
					 text_quote(entry->key, entry->size, quote));
	}
}

static void lint_groups(struct compiler *compiler)
{
	const struct policy *policy = compiler->policy;
	const struct gate_config *gate = policy->gate;

	for (size_t i = 0; i < gate->group_count; i++) {
		const struct gate_group *group = &gate->groups[i];

		if (policy->reach[i].size == 0)
			COMPILER_WARNING(compiler, group->place, NULL, "the group \"%s\" is empty",
					 group->name);
		if (policy->reach[i].count == 0)
			COMPILER_WARNING(compiler, group->place,
					 "`restrict` says what holds for a group",
					 "nobody uses the group \"%s\"", group->name);
	}
}

static bool adds_nothing(const struct gate_restrict *entry, const struct gate_restrict *before)
{
	return entry->group == before->group && entry->send <= before->send &&
	       entry->receive <= before->receive && entry->hide <= before->hide &&
	       (entry->send == SEND_ANY || before->allow.count == 0);
}

static void lint_restrict(struct compiler *compiler, size_t number)
{
	const struct policy *policy = compiler->policy;
	const struct gate_restrict *entries = policy->gate->restricts, *entry = &entries[number];

	if (entry->send == SEND_ANY && entry->receive == RECEIVE_ANY)
		COMPILER_WARNING(compiler, entry->place,
				 "give it send: internal or receive: authenticated",
				 "this entry restricts nothing");
	if (entry->send == SEND_ANY && entry->allow.count)
		COMPILER_WARNING(compiler, entry->place, "it is for send: internal",
				 "`allow` has no effect here");
	if (entry->receive == RECEIVE_ANY && entry->hide)
		COMPILER_WARNING(compiler, entry->place, "it is for receive: authenticated",
				 "`hide` has no effect here");
	for (size_t i = 0; i < policy->gate->restrict_count; i++) {
		/* Of two that say the same the later one is told. */
		if (i == number || (i > number && adds_nothing(&entries[i], entry)) ||
		    !adds_nothing(entry, &entries[i]))
			continue;
		COMPILER_WARNING(compiler, entry->place, NULL,
				 "this entry adds nothing to that at %s:%u",
				 sources_name(&policy->config->sources, entries[i].place.file),
				 entries[i].place.line);
		return;
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
	lint_members(compiler, &policy->members, "the member");
	lint_members(compiler, &policy->recipients, "the recipient");
	lint_groups(compiler);
	for (size_t i = 0; i < policy->gate->restrict_count; i++)
		lint_restrict(compiler, i);
	lint_logins(compiler);
}
