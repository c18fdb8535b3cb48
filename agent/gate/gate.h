/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The gate as the keeper sees it: processes that are started, replaced, watched and stopped, and
 * what they tell.
 *
 *     keeper ─ fork ─▶ opener     opens listening sockets; CAP_NET_BIND_SERVICE alone
 *            ─ fork ─▶ hasher     compares passwords; user mxfence, no capability
 *            ─ fork ─▶ worker × N speaks SMTP;        user mxfence, no capability
 */
#ifndef GATE_GATE_H
#define GATE_GATE_H

#include <event2/event.h>
#include <stdbool.h>

#include "config/config.h"
#include "core/trouble.h"
#include "mxfence/gate.h"
#include "policy/policy.h"

struct gate;
struct gate_next;

/* A record of a session, as it comes. */
typedef void gate_record_fn(void *context, const struct mxf_gate_record *record);

/*
 * Before privileges are given up: forks the opener, and prepares this process so that its children
 * can become user `mxfence` (or `nobody`) without a capability: that user is its saved set-user-ID.
 * Needed also when there is no gate yet, as a reload may bring one.
 */
int gate_open(struct event_base *base, const char *run_dir, gate_record_fn *fn, void *context,
	      struct gate **gate, struct trouble *trouble);

/*
 * Everything that can fail about a configuration: sockets are opened (those that are open already
 * are kept), certificates and keys loaded, workers and hasher forked but not accepting. Changes
 * nothing of what runs. `config` and `policy` must live until the gate has another configuration
 * and is closed or all workers of this one have ended: forked processes have copies of their own,
 * so the keeper may free them after the next gate_commit().
 */
int gate_prepare(struct gate *gate, const struct config *config, const struct policy *policy,
		 struct gate_next **next, struct trouble *trouble);
/* The prepared workers accept; those before retire. Cannot fail. NULL: no gate any more. */
void gate_commit(struct gate *gate, struct gate_next **next);
void gate_discard(struct gate_next **next);

/* Tells all workers to stop and waits until they have, at most WORKER_STOP_S; then frees. */
void gate_close(struct gate **gate);

/* Sums over all workers that ever were. */
void gate_counters(const struct gate *gate, struct mxf_gate_counters *sums);

/* Sessions now, as copies that are whole. Returns how many were told. */
typedef void gate_session_fn(void *context, const struct mxf_gate_session *session);
uint32_t gate_sessions(const struct gate *gate, gate_session_fn *fn, void *context);

struct gate_state {
	bool enabled;
	uint32_t workers;  /* that accept */
	uint32_t retiring; /* that finish their sessions */
	uint32_t crashes;  /* of all processes since the start */
	uint32_t sessions;
	pid_t hasher; /* 0 = none */
};
void gate_state(const struct gate *gate, struct gate_state *state);

#endif
