// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gate/client.h"

/* This process alone writes them; a reader never sees half a number. */
static void count(uint64_t *counter, uint64_t more)
{
	__atomic_store_n(counter, *counter + more, __ATOMIC_RELAXED);
}

static void count_decision(struct mxf_gate_counters *counters, const struct session_event *event)
{
	static const int answers[MXF_DECISION_ANSWERS] = {250, 501, 530, 550, 553};
	const int code = event->kind == SESSION_EVENT_ACCEPTED ? 250 : event->code;

	if (!event->decided || event->rule >= MXF_RULE_COUNT)
		return;
	for (size_t i = 0; i < MXF_DECISION_ANSWERS; i++)
		if (answers[i] == code)
			count(&counters->decisions[event->rule][i], 1);
}

static void count_ready(struct mxf_gate_counters *counters, size_t backend, uint32_t milliseconds)
{
	static const uint32_t bounds[MXF_BACKEND_BUCKETS] = MXF_BACKEND_BOUNDS_MS;
	size_t bucket = 0;

	while (bucket < MXF_BACKEND_BUCKETS && milliseconds > bounds[bucket])
		bucket++;
	count(&counters->backend_buckets[backend][bucket], 1);
	count(&counters->backend_milliseconds[backend], milliseconds);
}

static void count_event(struct mxf_gate_counters *counters, size_t listener, size_t backend,
			const struct session_event *event)
{
	switch (event->kind) {
	case SESSION_EVENT_REFUSED:
	case SESSION_EVENT_ACCEPTED:
		count_decision(counters, event);
		break;
	case SESSION_EVENT_MESSAGE:
		count(&counters->messages, event->code / 100 == 2);
		break;
	case SESSION_EVENT_LOGIN:
		count(&counters->auth[event->auth], 1);
		break;
	case SESSION_EVENT_BACKEND:
		count(&counters->backend_errors[backend][event->backend_error], 1);
		break;
	case SESSION_EVENT_READY:
		count_ready(counters, backend, event->elapsed_ms);
		break;
	case SESSION_EVENT_END:
		count(&counters->sessions[listener][event->result], 1);
		break;
	}
}

/* The kinds of records; what has none is only counted. */
static const struct {
	bool recorded;
	enum mxf_gate_record_kind kind;
} kinds[] = {
	[SESSION_EVENT_REFUSED] = {true, MXF_RECORD_REFUSED},
	[SESSION_EVENT_ACCEPTED] = {true, MXF_RECORD_ACCEPTED},
	[SESSION_EVENT_MESSAGE] = {true, MXF_RECORD_MESSAGE},
	[SESSION_EVENT_LOGIN] = {true, MXF_RECORD_LOGIN},
	[SESSION_EVENT_BACKEND] = {true, MXF_RECORD_BACKEND},
	[SESSION_EVENT_READY] = {false, MXF_RECORD_COUNT},
	[SESSION_EVENT_END] = {true, MXF_RECORD_END},
};

#define COPY_STRING(out, string)                                                                   \
	worker_copy_text(out, sizeof(out), string, string ? strlen(string) : 0)

static uint8_t result_of(const struct session_event *event)
{
	switch (event->kind) {
	case SESSION_EVENT_LOGIN:
		return (uint8_t)event->auth;
	case SESSION_EVENT_BACKEND:
		return (uint8_t)event->backend_error;
	default:
		return (uint8_t)event->result;
	}
}

static void fill_event(struct mxf_gate_record *record, const struct session_event *event)
{
	record->kind = (uint8_t)kinds[event->kind].kind;
	record->decided = event->decided;
	record->rule = (uint8_t)event->rule;
	record->result = result_of(event);
	record->esmtp = event->esmtp;
	record->has_sender = event->has_sender;
	record->code = (uint16_t)event->code;
	record->origin_file = event->origin.file;
	record->origin_line = event->origin.line;
	record->recipients = event->recipients;
	record->messages = event->messages;
	record->milliseconds = event->elapsed_ms;
	record->bytes = event->bytes;
	COPY_SPAN(record->enhanced, event->enhanced);
	COPY_STRING(record->command, event->command);
	COPY_STRING(record->mechanism, event->mechanism);
	COPY_SPAN(record->sender, event->sender);
	COPY_SPAN(record->recipient, event->recipient);
	COPY_SPAN(record->helo, event->helo);
	COPY_SPAN(record->login, event->login);
	COPY_SPAN(record->text, event->text);
	COPY_STRING(record->reason, event->reason);
}

static void fill_client(struct mxf_gate_record *record, const struct client *client)
{
	record->session = client->number;
	ip_to_words(client->peer.client, record->client);
	record->client_port = client->peer.client_port;
	record->client_family = client->peer.client_family;
	record->tls = client->stream.ssl != NULL;
	if (record->kind == MXF_RECORD_END)
		record->milliseconds = (uint32_t)(stream_clock() - client->started);
}

/* All bytes are written: the reader gets nothing of an older record behind a text. */
static void fill_record(struct mxf_gate_record *record, const struct client *client,
			size_t listener, const struct session_event *event)
{
	struct timespec time;

	memset(record, 0, sizeof(*record));
	clock_gettime(CLOCK_REALTIME, &time);
	record->time = (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
	record->listener = (uint16_t)listener;
	fill_event(record, event);
	if (client)
		fill_client(record, client);
}

/* One ring for many records: a system call and a keeper that wakes cost more than a session. */
static void bell_later(struct worker *worker)
{
	const struct timeval wait = {.tv_usec = WORKER_DOORBELL_MS * 1000};

	if (!event_pending(&worker->bell_timer, EV_TIMEOUT, NULL))
		event_add(&worker->bell_timer, &wait);
}

static void add_record(struct worker *worker, const struct client *client, size_t listener,
		       const struct session_event *event)
{
	struct mxf_gate_share *share = worker->setup->share;
	struct mxf_gate_ring *ring = &share->ring;
	const uint64_t waiting = ring->head - __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);

	if (waiting >= MXF_GATE_RECORDS) {
		count(&share->counters.records_lost, 1);
		return;
	}
	fill_record(&ring->records[ring->head % MXF_GATE_RECORDS], client, listener, event);
	__atomic_store_n(&ring->head, ring->head + 1, __ATOMIC_RELEASE);
	if (waiting > MXF_GATE_RECORDS / 2)
		worker_ring_bell(worker);
	else
		bell_later(worker);
}

void worker_ring_bell(struct worker *worker)
{
	struct mxf_gate_ring *ring = &worker->setup->share->ring;
	const uint64_t one = 1;

	event_del(&worker->bell_timer);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	/* Once: whoever sleeps again says so again. */
	if (__atomic_load_n(&ring->sleeping, __ATOMIC_RELAXED) &&
	    __atomic_exchange_n(&ring->sleeping, 0, __ATOMIC_SEQ_CST) &&
	    write(worker->setup->doorbell, &one, sizeof(one)) < 0)
		__atomic_store_n(&ring->sleeping, 1, __ATOMIC_SEQ_CST);
}

void worker_event(struct worker *worker, const struct client *client, size_t listener,
		  size_t backend, const struct session_event *event)
{
	count_event(&worker->setup->share->counters, listener, backend, event);
	if (!kinds[event->kind].recorded || (client && client->quiet))
		return;
	add_record(worker, client, listener, event);
}
