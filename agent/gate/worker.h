/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A worker: the process that speaks SMTP. It has no capability, opens no file, and knows what it
 * inherited by fork.
 */
#ifndef GATE_WORKER_H
#define GATE_WORKER_H

#include "config/config.h"
#include "gate/source_table.h"
#include "gate/tls.h"
#include "mxfence/gate.h"
#include "policy/policy.h"

/* A socket that a worker accepts from. */
struct worker_socket {
	size_t listener; /* of gate->listeners */
	int fd;
};

struct worker_setup {
	const struct config *config;
	const struct policy *policy;
	const struct tls_contexts *tls; /* NULL when no listener has TLS */
	/*
	 * This worker's own listening sockets, one or more for each of gate->listeners:
	 * non-blocking, with SO_REUSEPORT and TCP_NODELAY (accepted sockets inherit that one). They
	 * stay open in the keeper, so that nothing in their queues is lost when a worker ends.
	 */
	const struct worker_socket *sockets;
	size_t socket_count;
	struct mxf_gate_share *share;
	struct source_table *sources;
	unsigned int slot;
	uint64_t first_session; /* its sessions' numbers count from here, in steps of 1 */
	int doorbell;		/* eventfd, see struct mxf_gate_ring */
	/*
	 * To the keeper, SOCK_SEQPACKET: commands come (enum worker_command, one byte each),
	 * WORKER_READY goes once, when connections are accepted. Its end means that the keeper is
	 * gone: the worker finishes its sessions as for WORKER_RETIRE.
	 */
	int channel;
	int hasher; /* SOCK_SEQPACKET, see gate/hasher.h; -1 without auth sources file and dovecot
		     */
};

enum worker_command {
	WORKER_GO = 'g',     /* comes before worker_run() is called */
	WORKER_RETIRE = 'r', /* accept no more, let sessions end by themselves */
	WORKER_STOP = 's',   /* the same, but sessions end as soon as no message is under way */
	WORKER_READY = 'k',
};

/* How long WORKER_STOP waits for messages under way. */
#define WORKER_STOP_S 30

/* Works until it is told to stop and its sessions have ended. Returns an exit status. */
int worker_run(const struct worker_setup *setup);

#endif
