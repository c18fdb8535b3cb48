/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the policy's own files alone. */
#ifndef POLICY_POLICY_INTERNAL_H
#define POLICY_POLICY_INTERNAL_H

#include "core/range.h"
#include "policy/key_table.h"
#include "policy/policy.h"

/* The `restrict` entries that hold for a group's members: its own, and those of groups that include
 * it. */
struct group_reach {
	uint32_t *restricts; /* indexes in gate->restricts, ascending */
	size_t count;
	bool empty; /* it and all that it includes */
};

struct policy {
	const struct config *config;
	const struct gate_config *gate;
	struct key_table domains;	 /* ours */
	struct key_table members;	 /* mailbox or @domain -> group */
	struct key_table member_domains; /* domain of a member that is a mailbox -> group */
	struct key_table recipients;	 /* mailbox or @domain */
	struct key_table allow;		 /* mailbox or domain -> restrict entry */
	struct key_table logins;	 /* in lower case -> index in gate->senders.logins */
	struct key_table owned;		 /* mailbox or @domain -> login */
	struct group_reach *reach;	 /* for each group */
};

/* While a policy is compiled. */
struct compiler {
	struct policy *policy;
	struct diags *diags;
	int error; /* 0 or -ENOMEM */
};

#define COMPILER_ERROR(compiler, place, hint, ...)                                                 \
	diags_add((compiler)->diags, DIAG_ERROR, place, hint, __VA_ARGS__)
#define COMPILER_WARNING(compiler, place, hint, ...)                                               \
	diags_add((compiler)->diags, DIAG_WARNING, place, hint, __VA_ARGS__)

/* The name of the file that a place is in. */
static inline const char *compiler_file(const struct compiler *compiler, struct place place)
{
	return sources_name(&compiler->policy->config->sources, place.file);
}

static inline struct place range_place(const struct range *range)
{
	return (struct place){.file = range->file, .line = range->line, .column = range->column};
}

/* Finds each group's reach; reports includes that are unknown or go in circles. */
void compile_groups(struct compiler *compiler);

/* What could never take effect: all of it, and the parts about `restrict` and `relay`. */
void policy_lint(struct compiler *compiler);
void lint_restricts(struct compiler *compiler);
void lint_relay(struct compiler *compiler);

/*
 * The keys under which a mailbox may stand in a table: itself, without its tags, and @domain. The
 * null sender has none.
 */
struct mailbox_keys {
	const char *key; /* the one at hand */
	size_t size;
	const struct mailbox *mailbox;
	size_t position;
	enum { KEYS_ITSELF, KEYS_UNTAGGED, KEYS_END } state;
	char untagged[MAILBOX_TEXT_MAX + 1];
};
void mailbox_keys_begin(struct mailbox_keys *keys, const struct mailbox *mailbox);
bool mailbox_keys_next(struct mailbox_keys *keys);

/* The first entry of a key, or of one of a mailbox's keys, with this value; or NULL. */
#define ANY_VALUE UINT32_MAX
const struct key_entry *policy_find_value(const struct key_table *table, const char *key,
					  size_t size, uint32_t value);
const struct key_entry *policy_find_mailbox(const struct key_table *table,
					    const struct mailbox *mailbox, uint32_t value);

/* The entry with a leading dot that holds a domain, with this value; or NULL. */
const struct key_entry *policy_find_domain_above(const struct key_table *table, const char *domain,
						 size_t size, uint32_t value);

/* The domain of ours that the mailbox is in, or NULL. */
const struct key_entry *policy_find_our_domain(const struct policy *policy,
					       const struct mailbox *mailbox);

/* The login map's entry of a login, compared without case; or NULL. */
const struct gate_login *policy_find_login(const struct policy *policy, const char *name,
					   size_t size);

/*
 * The `restrict` entry that forbids the sender to send to the recipient, or NULL. One restricted
 * identity is enough, and every entry is asked. `routed`: the recipient is ours, but its local part
 * leads further. *result says whose identity it was; set when there is an entry.
 */
const struct gate_restrict *
restrict_find_sending(const struct policy *policy, const struct policy_session *session,
		      const struct policy_client *client, const struct mailbox *sender,
		      const struct mailbox *recipient, bool routed, const char **result);

/* The `restrict` entry that closes the recipient to mail from outside, or NULL. */
const struct gate_restrict *restrict_find_receiving(const struct policy *policy,
						    const struct mailbox *recipient);

/* A login's key: its name in lower case (ASCII). False when it is too long to be in the map. */
#define LOGIN_KEY_MAX 255
bool login_key(const char *name, size_t size, char key[LOGIN_KEY_MAX + 1]);

#endif
