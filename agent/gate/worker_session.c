// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "gate/worker_internal.h"

/* What was collected goes first; `pieces` may be none. */
static void write_link(struct worker_session *self, const struct data_piece *pieces, size_t count)
{
	struct worker *worker = self->worker;
	struct iovec vectors[DATA_PIECES_MAX + 1];
	size_t used = 0;

	if (worker->batch_size > 0)
		vectors[used++] =
			(struct iovec){.iov_base = worker->batch, .iov_len = worker->batch_size};
	worker->batch_size = 0;
	do {
		for (; count > 0 && used < sizeof(vectors) / sizeof(vectors[0]); pieces++, count--)
			vectors[used++] = (struct iovec){.iov_base = (void *)pieces->data,
							 .iov_len = pieces->size};
		if (self->link)
			stream_write(&self->link->stream, vectors, used);
		used = 0;
	} while (count > 0);
}

void worker_session_flush(struct worker_session *self)
{
	if (self->worker->batch_size > 0)
		write_link(self, NULL, 0);
}

void worker_write_backend(void *context, const struct data_piece *pieces, size_t count)
{
	struct worker_session *self = context;
	struct worker *worker = self->worker;
	size_t size = 0;

	for (size_t i = 0; i < count; i++)
		size += pieces[i].size;
	if (size > WORKER_BATCH_MAX - worker->batch_size) {
		write_link(self, pieces, count);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		memcpy(worker->batch + worker->batch_size, pieces[i].data, pieces[i].size);
		worker->batch_size += pieces[i].size;
	}
}

static void link_changed(void *owner)
{
	struct worker_session *self = owner;

	self->settle(self);
}

void worker_connect_backend(void *context, size_t first)
{
	struct worker_session *self = context;
	struct worker *worker = self->worker;
	const struct gate_backend *backend = &worker->gate->backends[self->backend];
	const bool write_first = backend->client_address == CLIENT_PROXY_V1 ||
				 backend->client_address == CLIENT_PROXY_V2;

	worker_close_backend(self, true);
	self->link = server_link_new(worker->base, backend, &worker->servers[self->backend], first,
				     write_first, link_changed, self);
	self->out_of_memory = !self->link;
}

void worker_close_backend(void *context, bool abort)
{
	struct worker_session *self = context;

	if (abort)
		self->worker->batch_size = 0;
	else
		worker_session_flush(self);
	server_link_close(&self->link, abort);
	self->link_known = self->link_wants_tls = false;
}

void worker_start_backend_tls(void *context)
{
	((struct worker_session *)context)->link_wants_tls = true;
}

void worker_finish(void *context, enum mxf_session_result result)
{
	struct worker_session *self = context;

	self->finished = true;
	self->result = (uint8_t)result;
}

static bool tell_failure(struct worker_session *self)
{
	if (self->link)
		server_link_close(&self->link, true);
	self->out_of_memory = false;
	session_backend_failed(self->session, MXF_BACKEND_CONNECT, stream_clock());
	return true;
}

static void tell_connected(struct worker_session *self)
{
	self->link_known = true;
	session_backend_connected(self->session, self->link->server, stream_clock());
}

/* Reads replies, or learns whether the connection came to be. */
static bool read_link(struct worker_session *self)
{
	struct worker *worker = self->worker;
	struct server_link *link = self->link;
	const ssize_t count = server_link_read(link, worker->input, WORKER_COMMANDS_MAX);
	const bool connects = link->state == SERVER_CONNECTED && !self->link_known;

	if (connects)
		tell_connected(self);
	if (self->finished || self->link != link)
		return true;
	if (count > 0) {
		session_backend_input(self->session, worker->input, (size_t)count, stream_clock());
		return true;
	}
	if (count < 0) {
		worker_close_backend(self, false);
		session_backend_closed(self->session, stream_clock());
		return true;
	}
	return connects || link->state == SERVER_FAILED;
}

static bool shake_hands(struct worker_session *self)
{
	struct server_link *link = self->link;
	enum stream_handshake done = HANDSHAKE_FAILED;

	if (self->link_wants_tls) {
		SSL *ssl = tls_new_client(self->worker->setup->tls, self->backend, link->server);

		self->link_wants_tls = false;
		if (ssl)
			done = server_link_shake_hands(link, ssl);
	} else {
		if (!link->stream.readable && !link->stream.broken)
			return false;
		done = server_link_shake_hands(link, NULL);
	}
	if (done == HANDSHAKE_MORE)
		return false;
	if (done == HANDSHAKE_FAILED)
		server_link_close(&self->link, true);
	session_backend_tls_done(self->session, done == HANDSHAKE_DONE, stream_clock());
	return true;
}

static bool tell_stall(struct worker_session *self)
{
	const bool stalled = worker_session_is_stalled(self);

	if (stalled == self->stalled)
		return false;
	self->stalled = stalled;
	session_backend_stalled(self->session, stalled, stream_clock());
	return true;
}

bool worker_session_step(struct worker_session *self)
{
	const struct server_link *link = self->link;

	if (self->out_of_memory || (link && link->state == SERVER_FAILED))
		return tell_failure(self);
	if (tell_stall(self))
		return true;
	if (!link)
		return false;
	if (link->state == SERVER_CONNECTED && !self->link_known) {
		tell_connected(self);
		return true;
	}
	if (link->stream.handshaking ||
	    (self->link_wants_tls && stream_waiting(&link->stream) == 0))
		return shake_hands(self);
	if (link->stream.readable || link->stream.broken)
		return read_link(self);
	return false;
}

void worker_session_again(struct worker_session *self)
{
	const struct timeval now = {0};
	struct worker *worker = self->worker;

	if (self->is_again)
		return;
	if (TAILQ_EMPTY(&worker->again))
		event_add(&worker->again_timer, &now);
	TAILQ_INSERT_TAIL(&worker->again, self, again);
	self->is_again = true;
}

void worker_session_forget(struct worker_session *self)
{
	if (self->is_again)
		TAILQ_REMOVE(&self->worker->again, self, again);
	self->is_again = false;
}
