// SPDX-License-Identifier: GPL-2.0-only
#include "gate/gate.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "core/log.h"
#include "core/scoped.h"
#include "gate/gate_internal.h"
#include "gate/opener.h"
#include "gate/process.h"

/*
 * A process that was not asked to end has a successor at once; after one that followed so soon it
 * takes longer and longer.
 */
#define RESTART_SOON_S 10
#define RESTART_WAIT_MAX_S 32

static struct team_plan current_plan(const struct gate *gate)
{
	return (struct team_plan){.config = gate->config,
				  .policy = gate->policy,
				  .tls = gate->tls,
				  .sockets = gate->sockets,
				  .socket_count = gate->socket_count};
}

/* Ends. */

static struct gate_process *find_process(const struct gate *gate, pid_t pid)
{
	for (size_t slot = 0; slot < MXF_GATE_SLOTS_MAX; slot++)
		if (gate->slots[slot] && gate->slots[slot]->pid == pid)
			return gate->slots[slot];
	if (gate->team && gate->team->hasher && gate->team->hasher->pid == pid)
		return gate->team->hasher;
	for (struct gate_team *team = gate->retired; team; team = team->next)
		if (team->hasher && team->hasher->pid == pid)
			return team->hasher;
	return NULL;
}

static void free_finished_teams(struct gate *gate)
{
	struct gate_team **at = &gate->retired;

	while (*at) {
		struct gate_team *team = *at;

		if (!team_is_over(team)) {
			at = &team->next;
			continue;
		}
		*at = team->next;
		team_free(&team);
	}
}

/* Another one could not open ports below 1024: what that took has been given up. */
static void opener_ended(struct gate *gate, int status)
{
	const char *signal = WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : NULL;

	log_error("the gate's opener %ld has ended%s%s%s; what listens goes on, but a reload that "
		  "needs another socket fails until mxfenced is restarted",
		  (long)gate->opener_pid, signal ? " (" : "", signal ? signal : "",
		  signal ? ")" : "");
	scoped_close(&gate->opener);
	gate->opener_pid = 0;
	gate->crashes++;
}

static void reap(struct gate *gate)
{
	siginfo_t info;

	for (;;) {
		struct gate_process *process;
		int status;

		memset(&info, 0, sizeof(info));
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) || !info.si_pid)
			return;
		process = find_process(gate, info.si_pid);
		if (waitpid(info.si_pid, &status, WNOHANG) <= 0)
			return;
		if (process)
			process_ended(process, status);
		else if (info.si_pid == gate->opener_pid)
			opener_ended(gate, status);
	}
}

static time_t monotonic_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return now.tv_sec;
}

static void restart_later(struct gate *gate)
{
	struct timeval wait = {0};

	if (event_pending(gate->restart_event, EV_TIMEOUT, NULL))
		return;
	if (monotonic_seconds() - gate->restarted > RESTART_SOON_S + (time_t)gate->restart_wait)
		gate->restart_wait = 0;
	else if (gate->restart_wait == 0)
		gate->restart_wait = 1;
	else if (gate->restart_wait < RESTART_WAIT_MAX_S)
		gate->restart_wait *= 2;
	wait.tv_sec = (time_t)gate->restart_wait;
	event_add(gate->restart_event, &wait);
}

static void on_child(evutil_socket_t number, short what, void *context)
{
	struct gate *gate = context;

	(void)number;
	(void)what;
	reap(gate);
	free_finished_teams(gate);
	if (gate->team && !team_is_whole(gate->team))
		restart_later(gate);
}

static void on_restart(evutil_socket_t fd, short what, void *context)
{
	struct gate *gate = context;
	struct team_plan plan = current_plan(gate);
	struct trouble trouble;

	(void)fd;
	(void)what;
	if (!gate->team)
		return;
	gate->restarted = monotonic_seconds();
	if (team_mend(gate->team, &plan, &trouble)) {
		log_error("%s", trouble.text);
		restart_later(gate);
	}
	team_go(gate->team);
}

/* Opening. */

/* Every session takes two descriptors in its worker. */
static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int gate_fill(struct gate *gate, struct trouble *trouble)
{
	uint64_t key;

	if (getrandom(&key, sizeof(key), 0) != sizeof(key))
		return trouble_set(trouble, -errno, "no random key: %s", strerror(errno));
	gate->sources = source_table_new(key);
	if (!gate->sources)
		return trouble_set(trouble, -ENOMEM, "no memory for the table of sources");
	gate->child_event = evsignal_new(gate->base, SIGCHLD, on_child, gate);
	gate->restart_event = evtimer_new(gate->base, on_restart, gate);
	if (!gate->child_event || !gate->restart_event || evsignal_add(gate->child_event, NULL))
		return trouble_set(trouble, -ENOMEM, "out of memory");
	return 0;
}

/* Its end is watched already. */
static int start_opener(struct gate *gate, struct trouble *trouble)
{
	gate->opener = opener_start(&gate->opener_pid);
	if (gate->opener >= 0)
		return 0;
	gate->opener_pid = 0;
	return trouble_set(trouble, gate->opener, "cannot start the opener: %s",
			   strerror(-gate->opener));
}

/* At once, and asked for: one that hangs would keep us waiting. */
static void stop_opener(struct gate *gate)
{
	scoped_close(&gate->opener);
	if (gate->opener_pid <= 0)
		return;
	process_end(gate->opener_pid);
	while (waitpid(gate->opener_pid, NULL, 0) < 0 && errno == EINTR)
		;
	gate->opener_pid = 0;
}

int gate_open(struct event_base *base, const char *run_dir, gate_record_fn *fn, void *context,
	      struct gate **gate, struct trouble *trouble)
{
	struct gate *opened = calloc(1, sizeof(*opened));
	struct timespec now;
	int error;

	if (!opened)
		return trouble_set(trouble, -ENOMEM, "out of memory");
	opened->opener = -1;
	opened->base = base;
	opened->record_fn = fn;
	opened->context = context;
	opened->run_dir = strdup(run_dir);
	/* Numbers of sessions differ from those of earlier agents. */
	clock_gettime(CLOCK_REALTIME, &now);
	opened->next_session = (uint64_t)now.tv_sec << 20;
	opened->restarted = -RESTART_SOON_S - 1;
	raise_file_limit();
	error = opened->run_dir ? gate_fill(opened, trouble) : -ENOMEM;
	if (!error)
		error = start_opener(opened, trouble);
	/* Only who wants a gate needs to hear of it. */
	if (!error)
		process_prepare(&opened->unfit);
	if (error) {
		gate_close(&opened);
		return error;
	}
	*gate = opened;
	return 0;
}

/* Changing. */

int gate_prepare(struct gate *gate, const struct config *config, const struct policy *policy,
		 struct gate_next **next, struct trouble *trouble)
{
	struct gate_next *prepared;
	struct team_plan plan = {.config = config, .policy = policy};
	int error;

	if (gate->unfit.text[0])
		return trouble_set(trouble, -EPERM, "%s", gate->unfit.text);
	prepared = calloc(1, sizeof(*prepared));
	if (!prepared)
		return trouble_set(trouble, -ENOMEM, "out of memory");
	prepared->gate = gate;
	prepared->config = config;
	prepared->policy = policy;
	error = config->gate.tls.certificate_count || config->gate.backend_count
			? tls_contexts_new(config, &prepared->tls, trouble)
			: 0;
	if (!error)
		error = sockets_open(gate->opener, gate->sockets, gate->socket_count, &config->gate,
				     gate_team_size(&config->gate), &prepared->sockets, trouble);
	if (!error) {
		prepared->socket_count = config->gate.listener_count;
		plan.tls = prepared->tls;
		plan.sockets = prepared->sockets;
		plan.socket_count = prepared->socket_count;
		error = team_start(gate, &plan, &prepared->team, trouble);
	}
	if (error) {
		gate_discard(&prepared);
		return error;
	}
	*next = prepared;
	return 0;
}

/* The team that accepts finishes its sessions, or what of them `command` allows. */
static void retire(struct gate *gate, enum worker_command command)
{
	struct gate_team *team;

	/* What was decided by this configuration is told while it is in force. */
	for (size_t i = 0; gate->team && i < gate->team->size; i++)
		if (gate->team->workers[i])
			process_read_records(gate->team->workers[i]);
	team = TAKE_PTR(gate->team);
	sockets_close(&gate->sockets, &gate->socket_count);
	tls_contexts_free(&gate->tls);
	gate->config = NULL;
	gate->policy = NULL;
	if (!team)
		return;
	team_tell(team, (char)command);
	team->retired = true;
	team->next = gate->retired;
	gate->retired = team;
	/* One whose workers have all crashed just now. */
	free_finished_teams(gate);
}

/* Counters of a listener or backend that is gone go with it. */
static void rename_counters(struct gate *gate, const struct gate_names *names)
{
	struct mxf_gate_counters renamed = {0};

	counters_add(&renamed, names, &gate->ended, gate_names(gate));
	gate->ended = renamed;
}

void gate_commit(struct gate *gate, struct gate_next **next)
{
	struct gate_next *taken = TAKE_PTR(*next);

	if (taken) {
		rename_counters(gate, &taken->team->names);
		/* Before the others go: a new one may stand in for one that does. */
		sockets_listen(taken->sockets, taken->socket_count);
	}
	retire(gate, WORKER_RETIRE);
	if (!taken)
		return;
	gate->config = taken->config;
	gate->policy = taken->policy;
	gate->tls = taken->tls;
	gate->sockets = taken->sockets;
	gate->socket_count = taken->socket_count;
	gate->team = taken->team;
	team_go(gate->team);
	if (!team_is_whole(gate->team))
		restart_later(gate);
	free(taken);
}

void gate_discard(struct gate_next **next)
{
	struct gate_next *discarded = TAKE_PTR(*next);

	if (!discarded)
		return;
	team_free(&discarded->team);
	sockets_close(&discarded->sockets, &discarded->socket_count);
	tls_contexts_free(&discarded->tls);
	free(discarded);
}

/* Closing. */

static bool has_workers(const struct gate *gate)
{
	for (size_t slot = 0; slot < MXF_GATE_SLOTS_MAX; slot++)
		if (gate->slots[slot])
			return true;
	return false;
}

static void on_patience_ends(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	*(bool *)context = true;
}

/* The loop goes on, so that records are still told; a second signal to stop breaks it. */
static void wait_for_workers(struct gate *gate)
{
	const struct timeval patience = {.tv_sec = WORKER_STOP_S + 1};
	bool late = false;
	struct event *timer = evtimer_new(gate->base, on_patience_ends, &late);

	if (!timer || event_add(timer, &patience))
		late = true;
	while (has_workers(gate) && !late) {
		event_base_loop(gate->base, EVLOOP_ONCE);
		if (!event_base_got_break(gate->base))
			continue;
		log_warning("told to stop again: sessions under way are cut off");
		break;
	}
	if (timer)
		event_free(timer);
}

static void gate_stop(struct gate *gate)
{
	for (struct gate_team *team = gate->retired; team; team = team->next)
		team_tell(team, WORKER_STOP);
	/* Whoever comes now is refused at once, and goes elsewhere. */
	retire(gate, WORKER_STOP);
	wait_for_workers(gate);
	while (gate->retired) {
		struct gate_team *team = gate->retired;

		gate->retired = team->next;
		team_free(&team);
	}
}

void gate_close(struct gate **gate)
{
	struct gate *closing = *gate;

	if (!closing)
		return;
	/* The loop runs in there, and what else it serves may ask about the gate. */
	if (closing->child_event)
		gate_stop(closing);
	*gate = NULL;
	if (closing->child_event)
		event_free(closing->child_event);
	if (closing->restart_event)
		event_free(closing->restart_event);
	source_table_free(&closing->sources);
	stop_opener(closing);
	free(closing->run_dir);
	free(closing);
}
