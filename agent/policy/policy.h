/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The policy: who may relay, send and receive, compiled from the configuration, and the decision
 * for one recipient. One pure function, asked alike by the gate's sessions and by `explain`.
 */
#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "core/diag.h"
#include "mxfence/smtp.h"
#include "policy/mailbox.h"

struct policy;

/*
 * Compiles the gate of a configuration; reports what cannot be (errors: no mailbox, an include
 * that goes in circles, a group that is not there) and what could never take effect (warnings).
 * `config` must outlive the policy. Returns 0 with *policy set, also when diags has errors, or
 * -ENOMEM.
 */
int policy_compile(const struct config *config, struct diags *diags, struct policy **policy);
void policy_free(struct policy **policy);

/* True when the domain (canonical key) is one of ours. */
bool policy_is_our_domain(const struct policy *policy, const char *domain, size_t size);

/* What is known of a session, all of it outside of the message. */
struct policy_session {
	const struct gate_listener *listener;
	struct ip client;
	struct ip local; /* the address of ours that the client connected to */
	uint8_t client_family, local_family;
	bool tls;
	const char *login; /* as the client gave it, NUL-terminated; NULL = not logged in */
};

/*
 * What follows from it and does not change between recipients; to be made again when the session
 * logs in. It points into the policy.
 */
struct policy_client {
	bool internal;		   /* logged in; or, unless in `never`, in `from` or at `local` */
	const struct range *never; /* of relay.never, or NULL */
	const struct range *from;  /* of relay.from, or NULL */
	const struct range *local; /* of relay.to-local, or NULL */
	const struct gate_login *identity; /* the login's entry in the login map, or NULL */
};
void policy_client_make(const struct policy *policy, const struct policy_session *session,
			struct policy_client *client);

/*
 * True when the login owns the mailbox: the login map says so, or there is none and the login is
 * that mailbox of ours. The null sender is everybody's.
 */
bool policy_login_owns(const struct policy *policy, const struct policy_session *session,
		       const struct policy_client *client, const struct mailbox *mailbox);

/* What one rule found, for `explain`. */
struct policy_step {
	enum mxf_rule rule;
	bool refuses;
	const char *result;  /* static: why it holds or does not */
	struct place origin; /* of what decided; line 0 = nothing in the configuration */
};

/*
 * The answer: `code` 250 accepts. `enhanced` and `text` are static, the text without code. For
 * ACCEPT and for refusals of rule 4 and later `recipient` is the mailbox in canonical form.
 */
struct policy_decision {
	enum mxf_rule rule;
	int code;
	const char *enhanced;
	const char *text;
	struct place origin;
	bool ours; /* the recipient's domain is one of ours */
	struct mailbox recipient;
};

/* MAIL whose path is no mailbox: 501 5.1.7. */
#define POLICY_BAD_SENDER "Bad sender address syntax"

/* 550 5.1.1 for a recipient that is unknown or hidden: nobody outside may tell which. */
#define POLICY_NO_SUCH_MAILBOX "No such mailbox here"

/* Rules 1 and 2, which already answer MAIL. True when one of them refuses. */
bool policy_refuse_mail(const struct policy *policy, const struct policy_session *session,
			struct policy_decision *decision);

/*
 * Decides about the recipient whose path (without angle brackets) is given. `sender` is that of
 * MAIL; `utf8` as for mailbox_parse(). `steps` may be NULL; else it has MXF_RULE_COUNT entries, and
 * *step_count of them are filled, in the order asked, the answering one last (rule ACCEPT when no
 * rule refuses).
 */
void policy_decide(const struct policy *policy, const struct policy_session *session,
		   const struct policy_client *client, const struct mailbox *sender,
		   const char *path, size_t size, bool utf8, struct policy_decision *decision,
		   struct policy_step *steps, size_t *step_count);

/* The limits that hold for the client. */
const struct limits *policy_limits(const struct policy *policy, const struct policy_client *client);

#endif
