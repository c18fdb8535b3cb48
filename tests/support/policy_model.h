/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The policy by the most straightforward means: lists of texts that are searched from end to end.
 * Its mailboxes are plain: the local part without quotes, in lower case.
 */
#ifndef SUPPORT_POLICY_MODEL_H
#define SUPPORT_POLICY_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "mxfence/smtp.h"

#define MODEL_MAX 6 /* items of every list */

struct model_mailbox {
	const char *local; /* NULL: all of the domain */
	const char *domain;
};

struct model_group {
	struct model_mailbox members[MODEL_MAX];
	size_t member_count;
	bool includes[MODEL_MAX];
};

/* "domain", ".domain" or a mailbox. */
struct model_allow {
	const char *local; /* NULL: the domain */
	const char *domain;
	bool below;
};

struct model_restrict {
	size_t group;
	bool send_internal, receive_authenticated, hide;
	struct model_allow allow[MODEL_MAX];
	size_t allow_count;
};

struct model_login {
	const char *name;
	struct model_mailbox addresses[MODEL_MAX];
	size_t address_count;
};

struct model {
	struct model_allow domains[MODEL_MAX]; /* ours, without local parts */
	size_t domain_count;
	struct model_group groups[MODEL_MAX];
	size_t group_count;
	struct model_restrict restricts[MODEL_MAX];
	size_t restrict_count;
	struct model_mailbox recipients[MODEL_MAX];
	size_t recipient_count;
	bool recipients_file;
	struct model_login logins[MODEL_MAX];
	size_t login_count;
	bool has_login_map, relay_authenticated, spoof_reject;
};

struct model_facts {
	bool needs_tls, needs_login; /* of the listener */
	bool tls;
	bool from_relay, to_local, never; /* where the client is, and what it connected to */
	const char *login;		  /* in lower case; NULL: none */
	struct model_mailbox login_is;	  /* the login as a mailbox; domain NULL: it is none */
	bool null_sender;
	struct model_mailbox sender, recipient;
	bool bare_postmaster;
};

struct model_answer {
	enum mxf_rule rule;
	int code;
	const char *enhanced;
	bool entries[MODEL_MAX]; /* of `restrict` that refuse, where they do */
};

struct model_answer model_decide(const struct model *model, const struct model_facts *facts);

/* The configuration as text, and the files that it names. */
void model_write(const struct model *model, FILE *yaml, FILE *recipients, FILE *logins);

#endif
