// SPDX-License-Identifier: GPL-2.0-only
/* The processes of one configuration. */
#include <errno.h>
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

/* Records. */

/* The keeper trusts nothing in shared memory: a record is copied, and its texts are ended. */
static void record_read(const struct mxf_gate_ring *ring, uint64_t number,
			struct mxf_gate_record *record)
{
	*record = ring->records[number % MXF_GATE_RECORDS];
	record->enhanced[sizeof(record->enhanced) - 1] = '\0';
	record->command[sizeof(record->command) - 1] = '\0';
	record->mechanism[sizeof(record->mechanism) - 1] = '\0';
	record->sender[sizeof(record->sender) - 1] = '\0';
	record->recipient[sizeof(record->recipient) - 1] = '\0';
	record->helo[sizeof(record->helo) - 1] = '\0';
	record->login[sizeof(record->login) - 1] = '\0';
	record->text[sizeof(record->text) - 1] = '\0';
	record->reason[sizeof(record->reason) - 1] = '\0';
}

static void read_ring(struct gate_process *process)
{
	struct mxf_gate_ring *ring = &process->share->ring;
	uint64_t head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE), tail = ring->tail;
	struct mxf_gate_record record;

	/* A head that makes no sense means a worker gone wild; what it says is not read. */
	if (head - tail > MXF_GATE_RECORDS)
		tail = head;
	for (; tail != head; tail++) {
		record_read(ring, tail, &record);
		/* Its places are in files of a configuration that is not in force any more. */
		if (process->team->retired)
			record.origin_line = 0;
		process->team->gate->record_fn(process->team->gate->context, &record);
	}
	__atomic_store_n(&ring->tail, tail, __ATOMIC_RELEASE);
}

void process_read_records(struct gate_process *process)
{
	struct mxf_gate_ring *ring = &process->share->ring;

	__atomic_store_n(&ring->sleeping, 0, __ATOMIC_SEQ_CST);
	read_ring(process);
	__atomic_store_n(&ring->sleeping, 1, __ATOMIC_SEQ_CST);
	/* What came before the worker saw that rings no bell. */
	read_ring(process);
}

static void on_doorbell(evutil_socket_t fd, short what, void *context)
{
	uint64_t rings;

	(void)what;
	if (read(fd, &rings, sizeof(rings)) == sizeof(rings))
		process_read_records(context);
}

/* A worker says that it accepts, or is gone; SIGCHLD tells the second. */
static void on_channel(evutil_socket_t fd, short what, void *context)
{
	struct gate_process *process = context;
	char byte;

	(void)what;
	if (recv(fd, &byte, 1, MSG_DONTWAIT) <= 0 && errno != EAGAIN)
		event_del(process->channel_event);
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
			int channel, int hasher, const int *listeners)
{
	const struct worker_setup setup = {
		.config = plan->config,
		.policy = plan->policy,
		.tls = plan->tls,
		.listeners = listeners,
		.share = process->share,
		.sources = process->team->gate->sources,
		.slot = process->slot,
		.first_session = process->team->gate->next_session,
		.doorbell = process->doorbell,
		.channel = channel,
		.hasher = hasher,
	};
	char go;

	if (process_drop())
		_exit(EXIT_FAILURE);
	if (recv(channel, &go, 1, 0) != 1)
		_exit(EXIT_SUCCESS);
	_exit(worker_run(&setup));
}

static void worker_fork(struct gate_process *process, const struct team_plan *plan, int channel)
{
	struct gate_team *team = process->team;
	size_t number = process->number, count = 0;
	int hasher = team->needs_hasher ? team->hasher_pairs[number][0] : -1;
	int *kept SCOPED_FREE = calloc(plan->socket_count + 3, sizeof(*kept));
	int *listeners SCOPED_FREE = calloc(plan->socket_count + 1, sizeof(*listeners));

	if (!kept || !listeners)
		return;
	for (size_t i = 0; i < plan->socket_count; i++)
		kept[count++] = listeners[i] = plan->sockets[i].fds[number];
	kept[count++] = channel;
	kept[count++] = process->doorbell;
	if (hasher >= 0)
		kept[count++] = hasher;
	process->pid = process_fork("mxfenced:worker", kept, count);
	if (process->pid == 0)
		worker_main(process, plan, channel, hasher, listeners);
}

/* The socket pair to a child: ours is non-blocking. */
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
		error = process->pid > 0 ? watch(process) : -EAGAIN;
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

static int hasher_drop(void *context)
{
	(void)context;
	return process_drop();
}

static void hasher_fork(struct gate_process *process, const struct team_plan *plan, int channel)
{
	struct gate_team *team = process->team;
	int *kept SCOPED_FREE = calloc(team->size + 1, sizeof(*kept));
	struct hasher_setup setup = {
		.config = plan->config,
		.run_dir = team->gate->run_dir,
		.workers = kept,
		.worker_count = team->size,
		.channel = channel,
	};

	if (!kept)
		return;
	for (size_t i = 0; i < team->size; i++)
		kept[i] = team->hasher_pairs[i][1];
	kept[team->size] = channel;
	process->pid = process_fork("mxfenced:hasher", kept, team->size + 1);
	if (process->pid == 0)
		_exit(hasher_run(&setup, hasher_drop, NULL));
}

static int hasher_start(struct gate_team *team, const struct team_plan *plan)
{
	struct gate_process *process = process_new(team);
	SCOPED_FD int child = -1;
	int error = process ? channel_create(process, &child) : -ENOMEM;

	if (!error) {
		hasher_fork(process, plan, child);
		error = process->pid > 0 ? watch(process) : -EAGAIN;
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

int team_start(struct gate *gate, const struct team_plan *plan, struct gate_team **team,
	       struct trouble *trouble)
{
	struct gate_team *started = calloc(1, sizeof(*started));
	int error = started ? 0 : -ENOMEM;

	if (!error) {
		started->gate = gate;
		started->size = gate_team_size(&plan->config->gate);
		started->needs_hasher = wants_hasher(&plan->config->gate.auth);
		started->workers = calloc(started->size, sizeof(struct gate_process *));
		error = started->workers ? 0 : -ENOMEM;
	}
	if (!error && started->needs_hasher)
		error = pairs_create(started);
	if (error)
		trouble_set(trouble, error, "cannot start the gate: %s", strerror(-error));
	else
		error = team_mend(started, plan, trouble);
	if (error) {
		team_free(&started);
		return error;
	}
	*team = started;
	return 0;
}

void team_tell(struct gate_team *team, char command)
{
	for (size_t i = 0; i < team->size; i++)
		if (team->workers[i])
			send(team->workers[i]->channel, &command, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void team_go(struct gate_team *team)
{
	team_tell(team, 'g');
}

bool team_is_over(const struct gate_team *team)
{
	for (size_t i = 0; i < team->size; i++)
		if (team->workers[i])
			return false;
	return true;
}

static void add_counters(struct mxf_gate_counters *sums, const struct mxf_gate_counters *added)
{
	const uint64_t *from = (const uint64_t *)added;
	uint64_t *to = (uint64_t *)sums;

	for (size_t i = 0; i < sizeof(*sums) / sizeof(*to); i++)
		to[i] += from[i];
}

static void log_end(const struct gate_process *process, int status)
{
	const char *what = process->share ? "worker" : "hasher";

	if (WIFSIGNALED(status))
		log_error("the gate's %s %ld was ended by signal %d (%s)%s", what,
			  (long)process->pid, WTERMSIG(status), strsignal(WTERMSIG(status)),
			  process->share ? "; its sessions are lost" : "");
	else if (WEXITSTATUS(status))
		log_error("the gate's %s %ld gave up with status %d", what, (long)process->pid,
			  WEXITSTATUS(status));
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
	} else {
		process_read_records(process);
		add_counters(&gate->ended, &process->share->counters);
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
	free(freeing->workers);
	free(freeing);
}

void gate_counters(const struct gate *gate, struct mxf_gate_counters *sums)
{
	*sums = gate->ended;
	for (size_t slot = 0; slot < MXF_GATE_SLOTS_MAX; slot++)
		if (gate->slots[slot])
			add_counters(sums, &gate->slots[slot]->share->counters);
}
