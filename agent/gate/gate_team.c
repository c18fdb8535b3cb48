// SPDX-License-Identifier: GPL-2.0-only
/* The processes of one configuration. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/log.h"
#include "core/scoped.h"
#include "gate/gate_internal.h"
#include "gate/hasher.h"
#include "gate/process.h"

/* A worker's numbers of sessions do not meet those of another. */
#define SESSIONS_OF_A_WORKER ((uint64_t)1 << 40)

/* For a child to give up its privileges and read what it needs. */
#define PREPARE_MS 10000

static const char *process_kind(const struct gate_process *process)
{
	return process->share ? "worker" : "hasher";
}

static void on_doorbell(evutil_socket_t fd, short what, void *context)
{
	uint64_t rings;

	(void)what;
	if (read(fd, &rings, sizeof(rings)) == sizeof(rings))
		process_read_records(context);
}

/* A child that cannot do its work says why; one that is gone is reported by SIGCHLD. */
static void on_channel(evutil_socket_t fd, short what, void *context)
{
	struct gate_process *process = context;
	struct trouble trouble;
	ssize_t size = recv(fd, trouble.text, sizeof(trouble.text) - 1, MSG_DONTWAIT);

	(void)what;
	if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR))
		event_del(process->channel_event);
	if (size <= 1)
		return;
	trouble.text[size] = '\0';
	log_error("%s", trouble.text);
}

/* What a child says when it can begin, and else instead of it: a reason, which is longer. */
static const char prepared = 'p';

static void tell_prepared(int channel)
{
	if (send(channel, &prepared, 1, MSG_NOSIGNAL) != 1)
		_exit(EXIT_FAILURE);
}

static _Noreturn void give_up(int channel, const struct trouble *trouble)
{
	(void)!send(channel, trouble->text, strlen(trouble->text), MSG_NOSIGNAL);
	_exit(EXIT_FAILURE);
}

static int wait_until_prepared(const struct gate_process *process, struct trouble *trouble)
{
	struct pollfd channel = {.fd = process->channel, .events = POLLIN};
	struct trouble reason;
	ssize_t size;
	int ready;

	do
		ready = poll(&channel, 1, PREPARE_MS);
	while (ready < 0 && errno == EINTR);
	size = ready > 0
		       ? recv(process->channel, reason.text, sizeof(reason.text) - 1, MSG_DONTWAIT)
		       : -1;
	if (size == 1 && reason.text[0] == prepared)
		return 0;
	if (size <= 1)
		return trouble_set(trouble, -ECHILD, "the gate's %s %s", process_kind(process),
				   ready > 0 ? "ended at once" : "does not begin");
	reason.text[size] = '\0';
	return trouble_set(trouble, -ECHILD, "%s", reason.text);
}

/* Making a worker. */

static int slot_find(const struct gate *gate)
{
	for (int slot = 0; slot < MXF_GATE_SLOTS_MAX; slot++)
		if (!gate->slots[slot])
			return slot;
	return -EBUSY;
}

static void process_free(struct gate_process **process)
{
	struct gate_process *freeing = TAKE_PTR(*process);

	if (!freeing)
		return;
	if (freeing->channel_event)
		event_free(freeing->channel_event);
	if (freeing->doorbell_event)
		event_free(freeing->doorbell_event);
	scoped_close(&freeing->channel);
	scoped_close(&freeing->doorbell);
	if (freeing->share)
		munmap(freeing->share, freeing->share_size);
	free(freeing);
}

static struct gate_process *process_new(struct gate_team *team)
{
	struct gate_process *process = calloc(1, sizeof(*process));

	if (!process)
		return NULL;
	process->team = team;
	process->channel = -1;
	process->doorbell = -1;
	return process;
}

static int share_create(struct gate_process *process, const struct gate_config *config)
{
	uint32_t sessions = (uint32_t)config->limits.values[LIMIT_SESSIONS];
	size_t size = sizeof(struct mxf_gate_share) + sessions * sizeof(struct mxf_gate_session);

	process->share = mmap(NULL, size, PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (process->share == MAP_FAILED) {
		process->share = NULL;
		return -errno;
	}
	process->share_size = size;
	process->share->session_count = sessions;
	process->share->ring.sleeping = 1;
	process->doorbell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return process->doorbell < 0 ? -errno : 0;
}

static int watch(struct gate_process *process)
{
	struct event_base *base = process->team->gate->base;

	process->channel_event =
		event_new(base, process->channel, EV_READ | EV_PERSIST, on_channel, process);
	if (!process->channel_event || event_add(process->channel_event, NULL))
		return -ENOMEM;
	if (!process->share)
		return 0;
	process->doorbell_event =
		event_new(base, process->doorbell, EV_READ | EV_PERSIST, on_doorbell, process);
	return process->doorbell_event && !event_add(process->doorbell_event, NULL) ? 0 : -ENOMEM;
}

/* In the child. It does nothing before the keeper says go. */
static void worker_main(const struct gate_process *process, const struct team_plan *plan,
			int channel, int hasher, const struct worker_socket *sockets,
			size_t socket_count)
{
	const struct worker_setup setup = {
		.config = plan->config,
		.policy = plan->policy,
		.tls = plan->tls,
		.sockets = sockets,
		.socket_count = socket_count,
		.share = process->share,
		.sources = process->team->gate->sources,
		.slot = process->slot,
		.first_session = process->team->gate->next_session,
		.doorbell = process->doorbell,
		.channel = channel,
		.hasher = hasher,
	};
	struct trouble trouble;
	char go;

	if (process_drop(&trouble))
		give_up(channel, &trouble);
	tell_prepared(channel);
	if (recv(channel, &go, 1, 0) != 1 || go != WORKER_GO)
		_exit(EXIT_SUCCESS);
	_exit(worker_run(&setup));
}

/*
 * The sockets that worker `number` accepts from: one in `size` of each listener, so that all are
 * somebody's, also where there are more of them than workers. Returns how many; `sockets` may be
 * NULL.
 */
static size_t share_sockets(const struct team_plan *plan, size_t number, size_t size,
			    struct worker_socket *sockets)
{
	size_t count = 0;

	for (size_t i = 0; i < plan->socket_count; i++)
		for (size_t k = number; k < plan->sockets[i].count; k += size, count++)
			if (sockets)
				sockets[count] = (struct worker_socket){
					.listener = i, .fd = plan->sockets[i].fds[k]};
	return count;
}

static void worker_fork(struct gate_process *process, const struct team_plan *plan, int channel)
{
	struct gate_team *team = process->team;
	size_t number = process->number, count = share_sockets(plan, number, team->size, NULL);
	int hasher = team->needs_hasher ? team->hasher_pairs[number][0] : -1;
	int *kept SCOPED_FREE = calloc(count + 3, sizeof(*kept));
	struct worker_socket *sockets SCOPED_FREE = calloc(count + 1, sizeof(*sockets));
	size_t kept_count = 0;

	process->pid = -ENOMEM;
	if (!kept || !sockets)
		return;
	share_sockets(plan, number, team->size, sockets);
	for (size_t i = 0; i < count; i++)
		kept[kept_count++] = sockets[i].fd;
	kept[kept_count++] = channel;
	kept[kept_count++] = process->doorbell;
	if (hasher >= 0)
		kept[kept_count++] = hasher;
	process->pid = process_fork("mxfenced:worker", kept, kept_count);
	if (process->pid == 0)
		worker_main(process, plan, channel, hasher, sockets, count);
	/* Nobody else has a hand in what it tells. */
	madvise(process->share, process->share_size, MADV_DONTFORK);
}

static int channel_create(struct gate_process *process, int *child)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	process->channel = pair[0];
	*child = pair[1];
	return 0;
}

static int worker_start(struct gate_team *team, size_t number, const struct team_plan *plan)
{
	struct gate *gate = team->gate;
	struct gate_process *process = process_new(team);
	SCOPED_FD int child = -1;
	int slot = slot_find(gate);
	int error = process ? 0 : -ENOMEM;

	if (!error && slot < 0)
		error = slot;
	if (!error) {
		process->number = number;
		process->slot = (unsigned int)slot;
		error = share_create(process, &plan->config->gate);
	}
	if (!error)
		error = channel_create(process, &child);
	if (!error) {
		gate->next_session += SESSIONS_OF_A_WORKER;
		worker_fork(process, plan, child);
		error = process->pid > 0 ? watch(process) : (int)process->pid;
	}
	if (error) {
		if (process && process->pid > 0)
			process_end(process->pid);
		process_free(&process);
		return error;
	}
	gate->slots[slot] = process;
	team->workers[number] = process;
	return 0;
}

/* Making the hasher. */

static int hasher_drop(void *context, struct trouble *trouble)
{
	int error = process_drop(trouble);

	if (!error)
		tell_prepared(*(const int *)context);
	return error;
}

static void hasher_fork(struct gate_process *process, const struct team_plan *plan, int channel)
{
	struct gate_team *team = process->team;
	int *kept SCOPED_FREE = calloc(team->size + 1, sizeof(*kept));
	struct trouble trouble;
	struct hasher_setup setup = {
		.config = plan->config,
		.run_dir = team->gate->run_dir,
		.workers = kept,
		.worker_count = team->size,
		.channel = channel,
	};

	process->pid = -ENOMEM;
	if (!kept)
		return;
	for (size_t i = 0; i < team->size; i++)
		kept[i] = team->hasher_pairs[i][1];
	kept[team->size] = channel;
	process->pid = process_fork("mxfenced:hasher", kept, team->size + 1);
	if (process->pid != 0)
		return;
	if (hasher_run(&setup, hasher_drop, &channel, &trouble))
		give_up(channel, &trouble);
	_exit(EXIT_SUCCESS);
}

static int hasher_start(struct gate_team *team, const struct team_plan *plan)
{
	struct gate_process *process = process_new(team);
	SCOPED_FD int child = -1;
	int error = process ? channel_create(process, &child) : -ENOMEM;

	if (!error) {
		hasher_fork(process, plan, child);
		error = process->pid > 0 ? watch(process) : (int)process->pid;
	}
	if (error) {
		if (process && process->pid > 0)
			process_end(process->pid);
		process_free(&process);
		return error;
	}
	team->hasher = process;
	return 0;
}

static bool wants_hasher(const struct gate_auth *auth)
{
	return auth->source == AUTH_FILE || auth->source == AUTH_DOVECOT;
}

/*
 * Both ends stay open here: a worker or a hasher that is started again finds the other one where it
 * was.
 */
static int pairs_create(struct gate_team *team)
{
	team->hasher_pairs = calloc(team->size, sizeof(*team->hasher_pairs));
	if (!team->hasher_pairs)
		return -ENOMEM;
	for (size_t i = 0; i < team->size; i++)
		team->hasher_pairs[i][0] = team->hasher_pairs[i][1] = -1;
	for (size_t i = 0; i < team->size; i++)
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
			       team->hasher_pairs[i]))
			return -errno;
	return 0;
}

static void pairs_close(struct gate_team *team)
{
	for (size_t i = 0; team->hasher_pairs && i < team->size; i++) {
		scoped_close(&team->hasher_pairs[i][0]);
		scoped_close(&team->hasher_pairs[i][1]);
	}
	free(TAKE_PTR(team->hasher_pairs));
}

/* The team. */

size_t gate_team_size(const struct gate_config *config)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (config->workers)
		return config->workers;
	if (cpus < 1)
		return 1;
	return cpus > GATE_WORKERS_MAX / 2 ? GATE_WORKERS_MAX / 2 : (size_t)cpus;
}

int team_mend(struct gate_team *team, const struct team_plan *plan, struct trouble *trouble)
{
	int error = 0;

	if (team->needs_hasher && !team->hasher)
		error = hasher_start(team, plan);
	for (size_t i = 0; !error && i < team->size; i++)
		if (!team->workers[i])
			error = worker_start(team, i, plan);
	if (error == -EBUSY)
		return trouble_set(trouble, error,
				   "%d workers still finish sessions of earlier configurations; "
				   "try again when some have ended",
				   MXF_GATE_SLOTS_MAX);
	if (error)
		return trouble_set(trouble, error, "cannot start the gate's processes: %s",
				   strerror(-error));
	return 0;
}

static int team_fill(struct gate_team *team, const struct gate_config *config)
{
	int error = names_copy(config, &team->names);

	team->size = gate_team_size(config);
	team->needs_hasher = wants_hasher(&config->auth);
	team->workers = calloc(team->size, sizeof(struct gate_process *));
	if (!error && !team->workers)
		error = -ENOMEM;
	if (!error && team->needs_hasher)
		error = pairs_create(team);
	return error;
}

static int team_wait(const struct gate_team *team, struct trouble *trouble)
{
	int error = team->hasher ? wait_until_prepared(team->hasher, trouble) : 0;

	for (size_t i = 0; !error && i < team->size; i++)
		error = wait_until_prepared(team->workers[i], trouble);
	return error;
}

int team_start(struct gate *gate, const struct team_plan *plan, struct gate_team **team,
	       struct trouble *trouble)
{
	struct gate_team *started = calloc(1, sizeof(*started));
	int error = started ? team_fill(started, &plan->config->gate) : -ENOMEM;

	if (error) {
		trouble_set(trouble, error, "cannot start the gate: %s", strerror(-error));
	} else {
		started->gate = gate;
		error = team_mend(started, plan, trouble);
	}
	if (!error)
		error = team_wait(started, trouble);
	if (error) {
		team_free(&started);
		return error;
	}
	*team = started;
	return 0;
}

static void process_tell(const struct gate_process *process, char command)
{
	/* One that does not take it is gone, or about to be. */
	(void)!send(process->channel, &command, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void team_tell(struct gate_team *team, char command)
{
	for (size_t i = 0; i < team->size; i++)
		if (team->workers[i])
			process_tell(team->workers[i], command);
}

void team_go(struct gate_team *team)
{
	for (size_t i = 0; i < team->size; i++) {
		struct gate_process *worker = team->workers[i];

		if (!worker || worker->went)
			continue;
		process_tell(worker, WORKER_GO);
		worker->went = true;
	}
}

bool team_is_whole(const struct gate_team *team)
{
	for (size_t i = 0; i < team->size; i++)
		if (!team->workers[i])
			return false;
	return !team->needs_hasher || team->hasher;
}

bool team_is_over(const struct gate_team *team)
{
	for (size_t i = 0; i < team->size; i++)
		if (team->workers[i])
			return false;
	return true;
}

static void log_end(const struct gate_process *process, int status)
{
	const char *what = process_kind(process);

	if (WIFSIGNALED(status))
		log_error("the gate's %s %ld was ended by signal %d (%s)%s", what,
			  (long)process->pid, WTERMSIG(status), strsignal(WTERMSIG(status)),
			  process->share ? "; its sessions are lost" : "");
	else if (WEXITSTATUS(status))
		log_error("the gate's %s %ld gave up with status %d", what, (long)process->pid,
			  WEXITSTATUS(status));
}

/* What it was asked and had not answered is answered by nobody: its successor has only the queue.
 */
static void tell_hasher_lost(const struct gate_team *team)
{
	const struct hasher_answer lost = {.id = HASHER_LOST, .result = MXF_AUTH_ERROR};

	for (size_t i = 0; i < team->size; i++)
		(void)!send(team->hasher_pairs[i][1], &lost, sizeof(lost),
			    MSG_NOSIGNAL | MSG_DONTWAIT);
}

void process_ended(struct gate_process *process, int status)
{
	struct gate_team *team = process->team;
	struct gate *gate = team->gate;

	log_end(process, status);
	if (WIFSIGNALED(status) || WEXITSTATUS(status))
		gate->crashes++;
	if (process == team->hasher) {
		team->hasher = NULL;
		tell_hasher_lost(team);
	} else {
		process_read_records(process);
		counters_add(&gate->ended, gate_names(gate), &process->share->counters,
			     &team->names);
		source_table_clear_slot(gate->sources, process->slot);
		gate->slots[process->slot] = NULL;
		team->workers[process->number] = NULL;
	}
	process_free(&process);
}

static void process_kill(struct gate_process *process)
{
	int status = 0;

	if (!process)
		return;
	process_end(process->pid);
	while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR)
		;
	/* Asked for, so not worth a word. */
	process_ended(process, 0);
}

void team_free(struct gate_team **team)
{
	struct gate_team *freeing = TAKE_PTR(*team);

	if (!freeing)
		return;
	for (size_t i = 0; freeing->workers && i < freeing->size; i++)
		process_kill(freeing->workers[i]);
	process_kill(freeing->hasher);
	pairs_close(freeing);
	names_clear(&freeing->names);
	free(freeing->workers);
	free(freeing);
}
