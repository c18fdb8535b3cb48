// SPDX-License-Identifier: GPL-2.0-only
/* The configuration's words become tables. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "policy/policy_internal.h"

/* A key as it goes into a table. */
struct key {
	char text[MAILBOX_TEXT_MAX + 2];
	size_t size;
};

bool login_key(const char *name, size_t size, char key[LOGIN_KEY_MAX + 1])
{
	if (size > LOGIN_KEY_MAX)
		return false;
	for (size_t i = 0; i < size; i++)
		key[i] = name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] + 'a' - 'A') : name[i];
	key[size] = '\0';
	return true;
}

static bool begins_with(const struct gate_text *text, char c)
{
	return text->size > 0 && text->text[0] == c;
}

static void report_address(struct compiler *compiler, const struct gate_text *text,
			   enum mailbox_error error, const char *hint)
{
	char quote[TEXT_QUOTE_SIZE];

	COMPILER_ERROR(compiler, text->place, hint, "\"%s\" %s",
		       text_quote(text->text, text->size, quote), mailbox_error_text(error));
}

static void report_domain(struct compiler *compiler, const struct gate_text *text, const char *hint)
{
	char quote[TEXT_QUOTE_SIZE];

	COMPILER_ERROR(compiler, text->place, hint, "\"%s\" is not a domain",
		       text_quote(text->text, text->size, quote));
}

static bool read_mailbox(struct compiler *compiler, const struct gate_text *text, const char *hint,
			 struct key *key)
{
	struct mailbox mailbox;
	enum mailbox_error error = mailbox_parse(text->text, text->size, true, &mailbox);

	if (error) {
		report_address(compiler, text, error, hint);
		return false;
	}
	memcpy(key->text, mailbox.key, mailbox.size);
	key->size = mailbox.size;
	return true;
}

/* A domain behind `skip` octets that are taken as they are: "@", "." or nothing. */
static bool read_domain(struct compiler *compiler, const struct gate_text *text, size_t skip,
			const char *hint, struct key *key)
{
	const char *domain = text->text + skip;
	size_t size = text->size - skip, length = 0;
	enum mailbox_error error;
	struct mailbox literal;
	char scratch[MAILBOX_DOMAIN_MAX + 3] = "x@";

	memcpy(key->text, text->text, skip);
	if (size > 0 && domain[0] == '[' && size <= MAILBOX_DOMAIN_MAX) {
		memcpy(scratch + 2, domain, size);
		error = mailbox_parse(scratch, size + 2, false, &literal);
		if (!error) {
			domain = mailbox_domain_key(&literal, &length);
			memcpy(key->text + skip, domain, length);
		}
	} else {
		error = mailbox_parse_domain(domain, size, true, key->text + skip, &length);
	}
	key->size = skip + length;
	if (error == MAILBOX_DOMAIN && !begins_with(text, '@'))
		report_domain(compiler, text, hint);
	else if (error)
		report_address(compiler, text, error, hint);
	return !error;
}

/* "user@example.com" or "@example.com". */
static bool read_member(struct compiler *compiler, const struct gate_text *text, struct key *key)
{
	static const char hint[] = "expected a mail address or @domain";

	return begins_with(text, '@') ? read_domain(compiler, text, 1, hint, key)
				      : read_mailbox(compiler, text, hint, key);
}

/* "example.com", ".example.com", "@example.com" or "user@example.com". */
static bool read_allowed(struct compiler *compiler, const struct gate_text *text, struct key *key)
{
	static const char hint[] =
		"expected a domain, with a leading dot for it and all below, or a mail address";

	if (begins_with(text, '@')) {
		if (!read_domain(compiler, text, 1, hint, key))
			return false;
		memmove(key->text, key->text + 1, --key->size);
		return true;
	}
	if (memchr(text->text, '@', text->size))
		return read_mailbox(compiler, text, hint, key);
	return read_domain(compiler, text, begins_with(text, '.'), hint, key);
}

/* Adds a key; says so when it stands in the same list already. */
static void add_key(struct compiler *compiler, struct key_table *table, const struct key *key,
		    uint32_t value, struct place place)
{
	const struct key_entry *before;
	char quote[TEXT_QUOTE_SIZE];

	if (compiler->error)
		return;
	compiler->error = key_table_add(table, key->text, key->size, value, place, &before);
	if (!compiler->error && before)
		COMPILER_WARNING(compiler, place, NULL, "%s is listed already at %s:%u",
				 text_quote(key->text, key->size, quote),
				 compiler_file(compiler, before->place), before->place.line);
}

typedef bool read_key_fn(struct compiler *compiler, const struct gate_text *text, struct key *key);

static void add_texts(struct compiler *compiler, const struct gate_texts *texts, read_key_fn *read,
		      struct key_table *table, uint32_t value)
{
	struct key key;

	for (size_t i = 0; i < texts->count && !compiler->error; i++)
		if (read(compiler, &texts->items[i], &key))
			add_key(compiler, table, &key, value, texts->items[i].place);
}

static bool read_our_domain(struct compiler *compiler, const struct gate_text *text,
			    struct key *key)
{
	return read_domain(compiler, text, begins_with(text, '.'),
			   "expected a domain, with a leading dot for it and all below", key);
}

static void compile_member(struct compiler *compiler, const struct gate_text *text, uint32_t group)
{
	const struct key_entry *before;
	struct key key;
	char *at;

	if (!read_member(compiler, text, &key))
		return;
	add_key(compiler, &compiler->policy->members, &key, group, text->place);
	at = memrchr(key.text, '@', key.size);
	if (at == key.text || compiler->error)
		return;
	compiler->error =
		key_table_add(&compiler->policy->member_domains, at + 1,
			      key.size - (size_t)(at + 1 - key.text), group, text->place, &before);
}

static void compile_members(struct compiler *compiler)
{
	const struct gate_config *gate = compiler->policy->gate;

	for (size_t i = 0; i < gate->group_count; i++)
		for (size_t k = 0; k < gate->groups[i].members.count && !compiler->error; k++)
			compile_member(compiler, &gate->groups[i].members.items[k], (uint32_t)i);
}

static void compile_login(struct compiler *compiler, const struct gate_login *login,
			  uint32_t number)
{
	const struct key_entry *before;
	char quote[TEXT_QUOTE_SIZE];
	char key[LOGIN_KEY_MAX + 1];

	if (!login_key(login->name.text, login->name.size, key)) {
		COMPILER_ERROR(compiler, login->name.place, NULL, "a login of more than %u octets",
			       LOGIN_KEY_MAX);
		return;
	}
	before = key_table_find(&compiler->policy->logins, key, login->name.size);
	if (before) {
		COMPILER_ERROR(compiler, login->name.place,
			       "logins are compared without case; give all addresses in one line",
			       "the login \"%s\" is there already at %s:%u",
			       text_quote(login->name.text, login->name.size, quote),
			       compiler_file(compiler, before->place), before->place.line);
		return;
	}
	compiler->error = key_table_add(&compiler->policy->logins, key, login->name.size, number,
					login->name.place, &before);
	add_texts(compiler, &login->addresses, read_member, &compiler->policy->owned, number);
}

static void compile_tables(struct compiler *compiler)
{
	struct policy *policy = compiler->policy;
	const struct gate_config *gate = policy->gate;

	add_texts(compiler, &gate->domains, read_our_domain, &policy->domains, 0);
	compile_members(compiler);
	add_texts(compiler, &gate->recipients.entries, read_member, &policy->recipients, 0);
	for (size_t i = 0; i < gate->restrict_count; i++)
		add_texts(compiler, &gate->restricts[i].allow, read_allowed, &policy->allow,
			  (uint32_t)i);
	for (size_t i = 0; i < gate->senders.login_count && !compiler->error; i++)
		compile_login(compiler, &gate->senders.logins[i], (uint32_t)i);
}

int policy_compile(const struct config *config, struct diags *diags, struct policy **policy)
{
	struct compiler compiler = {.policy = calloc(1, sizeof(struct policy)), .diags = diags};

	if (!compiler.policy)
		return -ENOMEM;
	compiler.policy->config = config;
	compiler.policy->gate = &config->gate;
	compile_tables(&compiler);
	if (!compiler.error)
		compile_groups(&compiler);
	if (!compiler.error)
		policy_lint(&compiler);
	if (compiler.error)
		policy_free(&compiler.policy);
	*policy = compiler.policy;
	return compiler.error;
}

void policy_free(struct policy **policy)
{
	struct policy *freeing = *policy;

	*policy = NULL;
	if (!freeing)
		return;
	key_table_clear(&freeing->domains);
	key_table_clear(&freeing->members);
	key_table_clear(&freeing->member_domains);
	key_table_clear(&freeing->recipients);
	key_table_clear(&freeing->allow);
	key_table_clear(&freeing->logins);
	key_table_clear(&freeing->owned);
	for (size_t i = 0; freeing->reach && i < freeing->gate->group_count; i++)
		free(freeing->reach[i].restricts);
	free(freeing->reach);
	free(freeing);
}
