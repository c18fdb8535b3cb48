/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the policy's own files alone. */
#ifndef POLICY_POLICY_INTERNAL_H
#define POLICY_POLICY_INTERNAL_H

#include "policy/key_table.h"
#include "policy/policy.h"

/* The `restrict` entries that hold for a group's members: its own, and those of groups that include
 * it. */
struct group_reach {
	uint32_t *restricts; /* indexes in gate->restricts, ascending */
	size_t count;
	size_t size; /* members of it and of what it includes */
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

/* Finds each group's reach; reports includes that are unknown or go in circles. */
void compile_groups(struct compiler *compiler);

/* What could never take effect. */
void policy_lint(struct compiler *compiler);

/* A login's key: its name in lower case (ASCII). False when it is too long to be in the map. */
#define LOGIN_KEY_MAX 255
bool login_key(const char *name, size_t size, char key[LOGIN_KEY_MAX + 1]);

#endif
