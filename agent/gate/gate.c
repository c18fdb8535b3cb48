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

/* Between the end of a process that was not asked to end and its successor. */
#define RESTART_S 1

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

/* Only known children are waited for: others belong to others. */
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
	}
}

static bool team_is_whole(const struct gate_team *team)
{
	for (size_t i = 0; i < team->size; i++)
		if (!team->workers[i])
			return false;
	return !team->needs_hasher || team->hasher;
}

static void on_child(evutil_socket_t number, short what, void *context)
{
	const struct timeval soon = {.tv_sec = RESTART_S};
	struct gate *gate = context;

	(void)number;
	(void)what;
	reap(gate);
	free_finished_teams(gate);
	if (gate->team && !team_is_whole(gate->team) &&
	    !event_pending(gate->restart_event, EV_TIMEOUT, NULL))
		event_add(gate->restart_event, &soon);
}

static void on_restart(evutil_socket_t fd, short what, void *context)
{
	const struct timeval again = {.tv_sec = RESTART_S};
	struct gate *gate = context;
	struct team_plan plan = current_plan(gate);
	struct trouble trouble;

	(void)fd;
	(void)what;
	if (!gate->team)
		return;
	if (team_mend(gate->team, &plan, &trouble)) {
		log_error("%s", trouble.text);
		event_add(gate->restart_event, &again);
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

int gate_open(struct event_base *base, const char *run_dir, gate_record_fn *fn, void *context,
	      struct gate **gate, struct trouble *trouble)
{
	struct gate *opened = calloc(1, sizeof(*opened));
	struct timespec now;
	int error;

	if (!opened)
		return trouble_set(trouble, -ENOMEM, "out of memory");
	opened->base = base;
	opened->record_fn = fn;
	opened->context = context;
	opened->run_dir = strdup(run_dir);
	/* Numbers of sessions differ from those of earlier agents. */
	clock_gettime(CLOCK_REALTIME, &now);
	opened->next_session = (uint64_t)now.tv_sec << 20;
	raise_file_limit();
	opened->opener = opener_start();
	error = opened->opener < 0
			? trouble_set(trouble, opened->opener, "cannot start the opener: %s",
				      strerror(-opened->opener))
			: 0;
	/* Only who wants a gate needs to hear of it. */
	if (!error)
		process_prepare(&opened->unfit);
	if (!error)
		error = opened->run_dir ? gate_fill(opened, trouble) : -ENOMEM;
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

static void retire(struct gate *gate)
{
	struct gate_team *team = TAKE_PTR(gate->team);

	if (!team)
		return;
	team_tell(team, WORKER_RETIRE);
	team->retired = true;
	team->next = gate->retired;
	gate->retired = team;
	/* One whose workers have all crashed just now. */
	free_finished_teams(gate);
}

void gate_commit(struct gate *gate, struct gate_next **next)
{
	struct gate_next *taken = TAKE_PTR(*next);

	retire(gate);
	sockets_close(&gate->sockets, &gate->socket_count);
	tls_contexts_free(&gate->tls);
	gate->config = NULL;
	gate->policy = NULL;
	if (!taken)
		return;
	gate->config = taken->config;
	gate->policy = taken->policy;
	gate->tls = taken->tls;
	gate->sockets = taken->sockets;
	gate->socket_count = taken->socket_count;
	gate->team = taken->team;
	team_go(gate->team);
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
		if (event_base_got_break(gate->base))
			break;
	}
	if (timer)
		event_free(timer);
}

static void gate_stop(struct gate *gate)
{
	if (gate->team)
		team_tell(gate->team, WORKER_STOP);
	for (struct gate_team *team = gate->retired; team; team = team->next)
		team_tell(team, WORKER_STOP);
	retire(gate);
	wait_for_workers(gate);
	while (gate->retired) {
		struct gate_team *team = gate->retired;

		gate->retired = team->next;
		team_free(&team);
	}
}

void gate_close(struct gate **gate)
{
	struct gate *closing = TAKE_PTR(*gate);

	if (!closing)
		return;
	if (closing->child_event)
		gate_stop(closing);
	sockets_close(&closing->sockets, &closing->socket_count);
	tls_contexts_free(&closing->tls);
	if (closing->child_event)
		event_free(closing->child_event);
	if (closing->restart_event)
		event_free(closing->restart_event);
	source_table_free(&closing->sources);
	scoped_close(&closing->opener);
	free(closing->run_dir);
	free(closing);
}

/* Telling. */

/* A copy that no write has touched; false when the entry is free or never holds still. */
static bool copy_session(const struct mxf_gate_session *entry, struct mxf_gate_session *copy)
{
	for (int attempt = 0; attempt < 16; attempt++) {
		uint32_t before = __atomic_load_n(&entry->sequence, __ATOMIC_ACQUIRE);

		if (before & 1)
			continue;
		*copy = *entry;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (__atomic_load_n(&entry->sequence, __ATOMIC_RELAXED) != before)
			continue;
		copy->state[sizeof(copy->state) - 1] = '\0';
		copy->helo[sizeof(copy->helo) - 1] = '\0';
		copy->login[sizeof(copy->login) - 1] = '\0';
		copy->sender[sizeof(copy->sender) - 1] = '\0';
		return copy->session != 0;
	}
	return false;
}

static uint32_t tell_sessions(const struct gate_process *process, gate_session_fn *fn,
			      void *context)
{
	const size_t most = (process->share_size - sizeof(struct mxf_gate_share)) /
			    sizeof(struct mxf_gate_session);
	uint32_t now = __atomic_load_n(&process->share->sessions_now, __ATOMIC_RELAXED), told = 0;
	struct mxf_gate_session copy;

	for (size_t i = 0; i < most && told < now; i++) {
		if (!copy_session(&process->share->sessions[i], &copy))
			continue;
		fn(context, &copy);
		told++;
	}
	return told;
}

uint32_t gate_sessions(const struct gate *gate, gate_session_fn *fn, void *context)
{
	uint32_t told = 0;

	for (size_t slot = 0; slot < MXF_GATE_SLOTS_MAX; slot++)
		if (gate->slots[slot])
			told += tell_sessions(gate->slots[slot], fn, context);
	return told;
}

void gate_state(const struct gate *gate, struct gate_state *state)
{
	*state = (struct gate_state){.enabled = gate->team != NULL, .crashes = gate->crashes};
	for (size_t slot = 0; slot < MXF_GATE_SLOTS_MAX; slot++) {
		const struct gate_process *process = gate->slots[slot];

		if (!process)
			continue;
		state->workers += process->team == gate->team;
		state->retiring += process->team != gate->team;
		state->sessions += __atomic_load_n(&process->share->sessions_now, __ATOMIC_RELAXED);
	}
	if (gate->team && gate->team->hasher)
		state->hasher = gate->team->hasher->pid;
}
