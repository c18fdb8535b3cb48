/* SPDX-License-Identifier: GPL-2.0-only */
/* A configuration of the gate, given as text, and the policy that it makes. */
#ifndef TESTS_POLICY_WORLD_H
#define TESTS_POLICY_WORLD_H

#include "config/config.h"
#include "core/diag.h"
#include "policy/policy.h"

struct policy_world {
	char directory[64]; /* where its files are; removed with them */
	struct config *config;
	struct diags diags;
	struct policy *policy;
};

/* A file that the configuration names. */
struct world_file {
	const char *name;
	const char *text;
};

/* Reads and compiles; `files` end with a NULL name. The test fails when there is no memory. */
void policy_world_make(struct policy_world *world, const char *yaml,
		       const struct world_file *files);

/* The line of the configuration that a place is in, or "". It belongs to the caller's buffer. */
const char *policy_world_line(const struct policy_world *world, struct place place,
			      char buffer[256]);

void policy_world_clear(struct policy_world *world);

/* One question to the policy. */
struct policy_facts {
	const char *client; /* NULL: 203.0.113.9 */
	const char *local;  /* NULL: 192.0.2.1 */
	size_t listener;    /* its number in the configuration */
	bool tls;
	const char *login; /* NULL: none */
	const char *from;  /* "" is the null sender */
	const char *to;
	bool ascii; /* the client did not say SMTPUTF8 */
};

void policy_world_decide(const struct policy_world *world, const struct policy_facts *facts,
			 struct policy_decision *decision, struct policy_step *steps,
			 size_t *step_count);

#endif
