// SPDX-License-Identifier: GPL-2.0-only
/*
 * What workers tell: records, counters, sessions. All of it lies in memory that they can write, so
 * it is copied before it is looked at, and every number in it is bounded.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gate/gate_internal.h"

/* Names. */

static int copy_name(char **names, size_t *count, const char *name)
{
	names[*count] = strdup(name);
	if (!names[*count])
		return -ENOMEM;
	++*count;
	return 0;
}

int names_copy(const struct gate_config *config, struct gate_names *names)
{
	int error = 0;

	names->auth = config->auth.source;
	for (size_t i = 0; !error && i < config->listener_count; i++)
		error = copy_name(names->listeners, &names->listener_count,
				  config->listeners[i].name);
	for (size_t i = 0; !error && i < config->backend_count; i++)
		error = copy_name(names->backends, &names->backend_count, config->backends[i].name);
	return error;
}

void names_clear(struct gate_names *names)
{
	for (size_t i = 0; i < names->listener_count; i++)
		free(names->listeners[i]);
	for (size_t i = 0; i < names->backend_count; i++)
		free(names->backends[i]);
	*names = (struct gate_names){0};
}

const struct gate_names *gate_names(const struct gate *gate)
{
	static const struct gate_names none;

	return gate->team ? &gate->team->names : &none;
}

/* `count` when it is not there. */
static size_t find_name(char *const *names, size_t count, const char *name)
{
	size_t at = 0;

	while (at < count && strcmp(names[at], name) != 0)
		at++;
	return at;
}

/* A listener's number as the configuration in force has it; UINT16_MAX when it has none. */
static uint16_t listener_now(const struct gate_process *process, uint16_t listener)
{
	const struct gate_names *now = gate_names(process->team->gate);
	const struct gate_names *then = &process->team->names;
	size_t found;

	if (listener >= then->listener_count)
		return UINT16_MAX;
	found = find_name(now->listeners, now->listener_count, then->listeners[listener]);
	return found < now->listener_count ? (uint16_t)found : UINT16_MAX;
}

/* Counters. */

static void add_numbers(uint64_t *sums, const uint64_t *added, size_t count)
{
	for (size_t i = 0; i < count; i++)
		sums[i] += __atomic_load_n(&added[i], __ATOMIC_RELAXED);
}

void counters_add(struct mxf_gate_counters *sums, const struct gate_names *sum_names,
		  const struct mxf_gate_counters *added, const struct gate_names *names)
{
	for (size_t i = 0; i < names->listener_count; i++) {
		size_t at = find_name(sum_names->listeners, sum_names->listener_count,
				      names->listeners[i]);

		if (at < sum_names->listener_count)
			add_numbers(sums->sessions[at], added->sessions[i],
				    MXF_SESSION_RESULT_COUNT);
	}
	for (size_t i = 0; i < names->backend_count; i++) {
		size_t at = find_name(sum_names->backends, sum_names->backend_count,
				      names->backends[i]);

		if (at == sum_names->backend_count)
			continue;
		add_numbers(sums->backend_errors[at], added->backend_errors[i],
			    MXF_BACKEND_ERROR_COUNT);
		add_numbers(sums->backend_buckets[at], added->backend_buckets[i],
			    MXF_BACKEND_BUCKETS + 1);
		add_numbers(&sums->backend_milliseconds[at], &added->backend_milliseconds[i], 1);
	}
	if (names->auth == sum_names->auth)
		add_numbers(sums->auth, added->auth, MXF_AUTH_RESULT_COUNT);
	for (size_t i = 0; i < MXF_RULE_COUNT; i++)
		add_numbers(sums->decisions[i], added->decisions[i], MXF_DECISION_ANSWERS);
	add_numbers(&sums->messages, &added->messages, 1);
	add_numbers(&sums->records_lost, &added->records_lost, 1);
}

void gate_counters(const struct gate *gate, struct mxf_gate_counters *sums)
{
	*sums = gate->ended;
	for (size_t slot = 0; slot < MXF_GATE_SLOTS_MAX; slot++)
		if (gate->slots[slot])
			counters_add(sums, gate_names(gate), &gate->slots[slot]->share->counters,
				     &gate->slots[slot]->team->names);
}

/* Records. */

static void record_read(const struct gate_process *process, uint64_t number,
			struct mxf_gate_record *record)
{
	*record = process->share->ring.records[number % MXF_GATE_RECORDS];
	record->enhanced[sizeof(record->enhanced) - 1] = '\0';
	record->command[sizeof(record->command) - 1] = '\0';
	record->mechanism[sizeof(record->mechanism) - 1] = '\0';
	record->sender[sizeof(record->sender) - 1] = '\0';
	record->recipient[sizeof(record->recipient) - 1] = '\0';
	record->helo[sizeof(record->helo) - 1] = '\0';
	record->login[sizeof(record->login) - 1] = '\0';
	record->text[sizeof(record->text) - 1] = '\0';
	record->reason[sizeof(record->reason) - 1] = '\0';
	record->listener = listener_now(process, record->listener);
	/* Its places are in files of a configuration that is not in force any more. */
	if (process->team->retired)
		record->origin_line = 0;
}

static void read_ring(struct gate_process *process)
{
	struct mxf_gate_ring *ring = &process->share->ring;
	uint64_t head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
	uint64_t tail = __atomic_load_n(&ring->tail, __ATOMIC_RELAXED);
	struct gate *gate = process->team->gate;
	struct mxf_gate_record record;

	/* A head that makes no sense means a worker gone wild; what it says is not read. */
	if (head - tail > MXF_GATE_RECORDS)
		tail = head;
	for (; tail != head; tail++) {
		record_read(process, tail, &record);
		gate->record_fn(gate->context, &record);
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

/* Sessions. */

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
		copy.listener = listener_now(process, copy.listener);
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
