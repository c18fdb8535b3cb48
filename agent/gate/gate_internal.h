/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the gate*.c files alone. */
#ifndef GATE_GATE_INTERNAL_H
#define GATE_GATE_INTERNAL_H

#include "gate/gate.h"
#include "gate/tls.h"
#include "gate/worker.h"

/*
 * What counters are kept by over reloads: an index means something in one configuration only, and
 * workers of several may be there at once.
 */
struct gate_names {
	char *listeners[MXF_GATE_LISTENERS_MAX];
	size_t listener_count;
	char *backends[MXF_GATE_BACKENDS_MAX];
	size_t backend_count;
	enum auth_source auth;
};

/* The sockets that listen on one endpoint: one for each worker, or more. */
struct gate_sockets {
	struct gate_endpoint endpoint;
	int *fds;
	size_t count;
};

/* One configuration's workers, and the hasher that they ask. */
struct gate_team {
	struct gate *gate;
	struct gate_names names;
	size_t size;
	struct gate_process **workers; /* of each number; NULL when it has ended */
	struct gate_process *hasher;   /* NULL: none needed, or it has ended */
	int (*hasher_pairs)[2];	       /* of each worker: its end, the hasher's end */
	bool needs_hasher;
	bool retired;
	struct gate_team *next; /* of those retired */
};

/* A worker, or a hasher. */
struct gate_process {
	struct gate_team *team;
	pid_t pid;
	int channel;
	struct event *channel_event;
	/* The rest is a worker's. */
	size_t number;
	unsigned int slot;
	struct mxf_gate_share *share;
	size_t share_size;
	int doorbell;
	struct event *doorbell_event;
	bool went; /* was told WORKER_GO */
};

struct gate {
	struct event_base *base;
	char *run_dir;
	gate_record_fn *record_fn;
	void *context;
	int opener; /* -1: it has ended */
	pid_t opener_pid;
	struct trouble unfit; /* why this process cannot have workers; "" = it can */
	struct source_table *sources;
	const struct config *config; /* of the team that accepts; NULL: there is none */
	const struct policy *policy;
	struct tls_contexts *tls;
	struct gate_sockets *sockets;
	size_t socket_count;
	struct gate_team *team;	   /* that accepts, or NULL */
	struct gate_team *retired; /* those that finish their sessions */
	struct gate_process *slots[MXF_GATE_SLOTS_MAX];
	struct mxf_gate_counters ended; /* of workers that have ended, by gate_names() */
	uint64_t next_session;
	uint32_t crashes;
	struct event *child_event;   /* SIGCHLD */
	struct event *restart_event; /* what ended unasked is started again */
	time_t restarted;	     /* CLOCK_MONOTONIC, the last time */
	unsigned int restart_wait;   /* seconds, before the last time */
};

/* What is ready to take over. */
struct gate_next {
	struct gate *gate;
	const struct config *config;
	const struct policy *policy;
	struct tls_contexts *tls;
	struct gate_sockets *sockets;
	size_t socket_count;
	struct gate_team *team;
};

/* --- gate_sockets.c --- */

/* Sockets for every listener: those of `held` where they are open, duplicates of descriptors. */
int sockets_open(int opener, const struct gate_sockets *held, size_t held_count,
		 const struct gate_config *config, size_t workers, struct gate_sockets **sockets,
		 struct trouble *trouble);
/* Those among others that are held do not listen before: until then no client comes to them. */
void sockets_listen(const struct gate_sockets *sockets, size_t count);
void sockets_close(struct gate_sockets **sockets, size_t *count);

/* --- gate_team.c --- */

/* How many workers the configuration wants. */
size_t gate_team_size(const struct gate_config *config);

/* What a team is made from. */
struct team_plan {
	const struct config *config;
	const struct policy *policy;
	const struct tls_contexts *tls;
	const struct gate_sockets *sockets;
	size_t socket_count;
};

/*
 * Forks hasher and workers, and waits until they have given up their privileges and can work. They
 * do not before team_go().
 */
int team_start(struct gate *gate, const struct team_plan *plan, struct gate_team **team,
	       struct trouble *trouble);
void team_go(struct gate_team *team); /* those that do not work yet */
bool team_is_whole(const struct gate_team *team);
/* Tells the workers: enum worker_command. */
void team_tell(struct gate_team *team, char command);
/* Starts again what is missing of a team. Returns 0 or -errno. */
int team_mend(struct gate_team *team, const struct team_plan *plan, struct trouble *trouble);
/* A process has ended: its records are told, its counters kept, its memory freed. */
void process_ended(struct gate_process *process, int status);
bool team_is_over(const struct gate_team *team);
/* Kills what is left, and frees. */
void team_free(struct gate_team **team);

/* --- gate_tell.c --- */

int names_copy(const struct gate_config *config, struct gate_names *names);
void names_clear(struct gate_names *names);
/* Those of the configuration in force; none without one. */
const struct gate_names *gate_names(const struct gate *gate);

/* Adds what has a name among those of the sums. */
void counters_add(struct mxf_gate_counters *sums, const struct gate_names *sum_names,
		  const struct mxf_gate_counters *added, const struct gate_names *names);

/* Hands over the records that wait. */
void process_read_records(struct gate_process *process);

#endif
