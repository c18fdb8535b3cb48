// SPDX-License-Identifier: GPL-2.0-only
/* Entries of `restrict` and ranges of `relay` that could never take effect. */
#include <string.h>

#include "core/range.h"
#include "core/text.h"
#include "policy/policy_internal.h"

static bool reaches(const struct policy *policy, size_t group, size_t restriction)
{
	const struct group_reach *reach = &policy->reach[group];

	for (size_t i = 0; i < reach->count; i++)
		if (reach->restricts[i] == restriction)
			return true;
	return false;
}

/* Whether all that `wide` allows `narrow` allows too, so that `wide` refuses whatever it does. */
static bool allows_all_of(const struct policy *policy, size_t narrow, size_t wide)
{
	for (size_t i = 0; i < policy->allow.count; i++) {
		const struct key_entry *entry = &policy->allow.entries[i];

		if (entry->value == wide &&
		    !policy_find_value(&policy->allow, entry->key, entry->size, (uint32_t)narrow))
			return false;
	}
	return true;
}

/* What an entry does, apart. */
static bool covers_sending(const struct policy *policy, size_t other, size_t number)
{
	const struct gate_restrict *entries = policy->gate->restricts;

	return entries[number].send == SEND_ANY ||
	       (entries[other].send == SEND_INTERNAL && allows_all_of(policy, number, other));
}

static bool covers_receiving(const struct policy *policy, size_t other, size_t number)
{
	const struct gate_restrict *entries = policy->gate->restricts;

	return entries[number].receive == RECEIVE_ANY ||
	       (entries[other].receive == RECEIVE_AUTHENTICATED &&
		entries[number].hide <= entries[other].hide);
}

/* True when the other entry holds for the same mailboxes and more, and does the same and more. */
static bool covers(const struct policy *policy, size_t other, size_t number)
{
	return reaches(policy, policy->gate->restricts[number].group, other) &&
	       covers_sending(policy, other, number) && covers_receiving(policy, other, number);
}

/* Of two that say the same the later one is told. */
static void lint_covered(struct compiler *compiler, size_t number)
{
	const struct policy *policy = compiler->policy;
	const struct gate_restrict *entries = policy->gate->restricts;
	const struct group_reach *reach = &policy->reach[entries[number].group];

	for (size_t i = 0; i < reach->count; i++) {
		size_t other = reach->restricts[i];

		if (other == number || !covers(policy, other, number) ||
		    (other > number && covers(policy, number, other)))
			continue;
		COMPILER_WARNING(compiler, entries[number].place, NULL,
				 "this entry adds nothing to that at %s:%u",
				 compiler_file(compiler, entries[other].place),
				 entries[other].place.line);
		return;
	}
}

/* Whether anybody may send elsewhere at all, so that `send: internal` has something to forbid. */
static bool anybody_relays(const struct gate_config *gate)
{
	bool logins = false;

	for (size_t i = 0; i < gate->listener_count; i++)
		logins |= gate->listeners[i].auth != LISTENER_AUTH_OFF;
	return gate->relay.from.count || gate->relay.to_local.count ||
	       (logins && gate->relay.authenticated);
}

static void lint_restrict(struct compiler *compiler, size_t number)
{
	const struct gate_config *gate = compiler->policy->gate;
	const struct gate_restrict *entry = &gate->restricts[number];

	if (entry->send == SEND_ANY && entry->receive == RECEIVE_ANY) {
		COMPILER_WARNING(compiler, entry->place,
				 "give it send: internal or receive: authenticated",
				 "this entry restricts nothing");
		return;
	}
	if (entry->send == SEND_ANY && entry->allow.count)
		COMPILER_WARNING(compiler, entry->place, "it is for send: internal",
				 "`allow` has no effect here");
	if (entry->receive == RECEIVE_ANY && entry->hide)
		COMPILER_WARNING(compiler, entry->place, "it is for receive: authenticated",
				 "`hide` has no effect here");
	if (entry->send == SEND_INTERNAL && !anybody_relays(gate))
		COMPILER_WARNING(compiler, entry->place, "gate.relay says who may",
				 "send: internal has no effect: nobody may relay");
	lint_covered(compiler, number);
}

/* The entry with the same value that allows this one too, or NULL. */
static const struct key_entry *find_wider(const struct key_table *table,
					  const struct key_entry *entry)
{
	const char *at = memrchr(entry->key, '@', entry->size);
	const char *domain = at ? at + 1 : entry->key;
	size_t size = (size_t)(entry->key + entry->size - domain);
	const struct key_entry *found =
		at ? policy_find_value(table, domain, size, entry->value) : NULL;

	if (found)
		return found;
	if (domain[0] != '.')
		return policy_find_domain_above(table, domain, size, entry->value);
	for (size_t i = 1; i < size && !found; i++)
		if (domain[i] == '.')
			found = policy_find_value(table, domain + i, size - i, entry->value);
	return found;
}

static void lint_allowed(struct compiler *compiler, const struct key_entry *entry)
{
	const struct policy *policy = compiler->policy;
	const char *at = memrchr(entry->key, '@', entry->size);
	const char *domain = at ? at + 1 : entry->key + (entry->key[0] == '.');
	size_t size = (size_t)(entry->key + entry->size - domain);
	const struct key_entry *wider = find_wider(&policy->allow, entry);
	char quote[TEXT_QUOTE_SIZE], wider_quote[TEXT_QUOTE_SIZE];

	text_quote(entry->key, entry->size, quote);
	if (wider)
		COMPILER_WARNING(compiler, entry->place, NULL,
				 "allowing %s changes nothing: %s allows it (%s:%u)", quote,
				 text_quote(wider->key, wider->size, wider_quote),
				 compiler_file(compiler, wider->place), wider->place.line);
	else if (entry->key[0] == '.' ? policy_find_domain_above(&policy->domains, domain, size,
								 ANY_VALUE) != NULL
				      : policy_is_our_domain(policy, domain, size))
		COMPILER_WARNING(compiler, entry->place, NULL,
				 "allowing %s changes nothing: everybody may send to our domains",
				 quote);
}

void lint_restricts(struct compiler *compiler)
{
	const struct policy *policy = compiler->policy;

	for (size_t i = 0; i < policy->gate->restrict_count; i++)
		lint_restrict(compiler, i);
	for (size_t i = 0; i < policy->allow.count; i++)
		if (policy->gate->restricts[policy->allow.entries[i].value].send == SEND_INTERNAL)
			lint_allowed(compiler, &policy->allow.entries[i]);
}

/* Who may never relay is in vain permitted to. */
static void lint_from(struct compiler *compiler, const struct range *range)
{
	const struct gate_relay *relay = &compiler->policy->gate->relay;
	const struct range *never = gate_ranges_find(&relay->never, range->first, range->family);
	char text[RANGE_TEXT_MAX];

	if (!never || !range_holds(never, range->last))
		return;
	range_format(range, text);
	COMPILER_WARNING(compiler, range_place(range),
			 "relay.never beats all that permits relaying",
			 "%s has no effect in relay.from: it lies in relay.never (%s:%u)", text,
			 compiler_file(compiler, range_place(never)), never->line);
}

/* Whether clients can connect to an address of the range; a proxy may say that they did. */
static bool is_reached(const struct gate_config *gate, const struct range *range)
{
	const struct ip any = {0};

	for (size_t i = 0; i < gate->listener_count; i++) {
		const struct gate_listener *listener = &gate->listeners[i];

		if (listener->proxy_from.count || (listener->endpoint.family == range->family &&
						   (ip_equal(listener->endpoint.ip, any) ||
						    range_holds(range, listener->endpoint.ip))))
			return true;
	}
	return false;
}

void lint_relay(struct compiler *compiler)
{
	const struct gate_config *gate = compiler->policy->gate;
	char text[RANGE_TEXT_MAX];

	for (size_t i = 0; i < gate->relay.from.count; i++)
		lint_from(compiler, &gate->relay.from.items[i]);
	for (size_t i = 0; i < gate->relay.to_local.count; i++) {
		const struct range *range = &gate->relay.to_local.items[i];

		if (is_reached(gate, range))
			continue;
		range_format(range, text);
		COMPILER_WARNING(compiler, range_place(range), NULL,
				 "%s has no effect in relay.to-local: no listener is there", text);
	}
}
