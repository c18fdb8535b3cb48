// SPDX-License-Identifier: GPL-2.0-only
#include "gate/client.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/scoped.h"

/* The connection's own operations; those on the backend are in worker_session.c. */

static void replies_flush(struct client *client)
{
	struct worker *worker = client->run.worker;
	const struct iovec piece = {.iov_base = worker->replies, .iov_len = worker->reply_size};

	worker->reply_size = 0;
	if (piece.iov_len > 0 && !client->mute)
		stream_write(&client->stream, &piece, 1);
}

static void write_client(void *context, const char *data, size_t size)
{
	struct client *client = context;
	struct worker *worker = client->run.worker;

	while (size > 0) {
		size_t part = WORKER_REPLIES_MAX - worker->reply_size;

		if (part > size)
			part = size;
		memcpy(worker->replies + worker->reply_size, data, part);
		worker->reply_size += part;
		data += part;
		size -= part;
		if (size > 0)
			replies_flush(client);
	}
}

static void close_backend(void *context, bool abort)
{
	replies_flush(context);
	worker_close_backend(context, abort);
}

static void start_client_tls(void *context)
{
	((struct client *)context)->wants_tls = true;
}

static void authenticate(void *context, const char *mechanism, const char *login,
			 const char *password)
{
	worker_login_ask(context, mechanism, login, password);
}

static void note_event(void *context, const struct session_event *event)
{
	const struct client *client = context;

	worker_event(client->run.worker, client, client->listener->index, client->run.backend,
		     event);
}

const struct session_ops client_ops = {
	.write_client = write_client,
	.write_backend = worker_write_backend,
	.connect_backend = worker_connect_backend,
	.close_backend = close_backend,
	.start_client_tls = start_client_tls,
	.start_backend_tls = worker_start_backend_tls,
	.authenticate = authenticate,
	.event = note_event,
	.finish = worker_finish,
};

static uint64_t client_deadline(const struct client *client)
{
	uint64_t deadline = client->until ? client->until : UINT64_MAX;

	if (client->state == CLIENT_SESSION && session_deadline(client->run.session) < deadline)
		deadline = session_deadline(client->run.session);
	return deadline;
}

/* A deadline that moved away is noticed when the timer fires: they move all the time. */
void client_arm(struct client *client)
{
	const uint64_t deadline = client_deadline(client), now = stream_clock();
	const uint64_t wait = deadline > now ? deadline - now : 0;
	struct timeval time = {.tv_sec = (time_t)(wait / 1000),
			       .tv_usec = (suseconds_t)(wait % 1000 * 1000)};

	if (deadline == UINT64_MAX || (client->armed && client->armed <= deadline))
		return;
	client->armed = deadline ? deadline : 1;
	event_add(&client->timer, &time);
}

/* The end. */

static void client_free(struct client *client)
{
	struct worker *worker = client->run.worker;

	if (client->state == CLIENT_LINGER)
		worker->lingering--;
	event_del(&client->timer);
	LIST_REMOVE(client, link);
	free(client->rest);
	free(client);
	worker_client_left(worker);
}

/* All but the connection itself. */
static void client_release(struct client *client)
{
	struct worker *worker = client->run.worker;

	worker->reply_size = 0;
	if (client->run.session)
		worker_count_session(worker, -1);
	session_free(&client->run.session);
	worker_close_backend(&client->run, true);
	worker_session_forget(&client->run);
	worker_login_forget(client);
	worker_board_leave(client);
	if (client->counted)
		source_table_leave(worker->setup->sources, worker->setup->slot, client->peer.client,
				   client->peer.client_family);
	client->counted = false;
	free(TAKE_PTR(client->login_name));
	free(client->rest);
	client->rest = NULL;
	client->rest_size = 0;
}

void client_drop(struct client *client)
{
	client_release(client);
	stream_close(&client->stream, false, false);
	client_free(client);
}

static void client_close(struct client *client)
{
	stream_close(&client->stream, true, false);
	client_free(client);
}

static uint64_t after(time_t seconds)
{
	return stream_clock() + (uint64_t)seconds * 1000;
}

/*
 * With bytes of the client unread, or still to come, a close is an RST, and that overtakes the
 * last reply.
 */
static bool must_linger(const struct client *client)
{
	const struct stream *stream = &client->stream;

	if (stream->broken || client->end_known || client->mute ||
	    client->run.worker->lingering >= WORKER_LINGER_MAX)
		return false;
	return stream->readable || (client->run.result != MXF_SESSION_QUIT &&
				    client->run.result != MXF_SESSION_STOPPED);
}

static void client_lingers(struct client *client)
{
	stream_shutdown(&client->stream);
	client->state = CLIENT_LINGER;
	client->until = after(WORKER_LINGER_S);
	client->run.worker->lingering++;
}

/* Throws away what comes; true when the client has closed. */
static bool client_throws_away(struct client *client)
{
	struct worker *worker = client->run.worker;
	char *const input = worker->input;

	for (unsigned int i = 0; i < WORKER_STEPS_MAX && client->stream.readable; i++)
		if (stream_read(&client->stream, input, WORKER_COMMANDS_MAX) < 0)
			return true;
	return client->stream.readable; /* it has been sending a lot: enough */
}

/* Goes on with the end; may free the client. */
static void client_ends(struct client *client)
{
	if (client->state == CLIENT_FLUSH &&
	    (client->stream.broken || stream_waiting(&client->stream) == 0)) {
		if (!must_linger(client)) {
			client_close(client);
			return;
		}
		client_lingers(client);
	}
	if (client->state == CLIENT_LINGER && client_throws_away(client))
		client_close(client);
	else
		client_arm(client);
}

static void client_finished(struct client *client)
{
	const bool unread = client->rest_size > 0;

	client_release(client);
	client->stream.readable |= unread;
	client->state = CLIENT_FLUSH;
	client->until = after(WORKER_FLUSH_S);
	client_ends(client);
}

/* The session. */

/* True when bytes of the client may be offered. */
static bool client_may_speak(const struct client *client)
{
	return !client->run.finished && !client->wants_tls && !client->stream.handshaking &&
	       stream_waiting(&client->stream) == 0 && !worker_session_is_stalled(&client->run) &&
	       session_takes_input(client->run.session);
}

static void client_flush(struct client *client)
{
	replies_flush(client);
	worker_session_flush(&client->run);
}

/* Keeps data, which is not in client->rest, as what the session did not take. */
static void rest_keep(struct client *client, const char *data, size_t size)
{
	char *rest = NULL;

	if (size > 0) {
		rest = malloc(size);
		if (!rest) {
			client->stream.broken = true;
			size = 0;
		} else {
			memcpy(rest, data, size);
		}
	}
	free(client->rest);
	client->rest = rest;
	client->rest_size = (uint32_t)size;
}

/* Offers what is in the worker's input; true when the session took some of it. */
static bool client_offer(struct client *client, size_t size)
{
	const char *data = client->run.worker->input;
	size_t used = 0, took;

	client->run.told = false;
	do {
		took = session_client_input(client->run.session, data + used, size - used,
					    stream_clock());
		used += took;
		client_flush(client);
	} while (took > 0 && used < size && client_may_speak(client));
	if (used < size && took > 0)
		client->run.told = true; /* it stopped, but not for want of bytes */
	if (client->run.finished)
		client->rest_size = 0;
	else if (used > 0 || size != client->rest_size)
		rest_keep(client, data + used, size - used);
	if (used < size && client->run.finished)
		client->stream.readable = true;
	return used > 0;
}

/* What was kept, alone: the session may want it now. */
static bool client_offer_rest(struct client *client)
{
	memcpy(client->run.worker->input, client->rest, client->rest_size);
	return client_offer(client, client->rest_size);
}

static void tell_end(struct client *client)
{
	client->end_known = true;
	client->run.told = true;
	session_client_closed(client->run.session, stream_clock());
}

/* How much to read: what else is kept bounds the memory that a client can make us use. */
static size_t client_reads(const struct client *client)
{
	size_t most = WORKER_COMMANDS_MAX;

	if (session_is_in_data(client->run.session) ||
	    client->rest_size > SESSION_INPUT_MAX - WORKER_COMMANDS_MAX)
		most = SESSION_INPUT_MAX - client->rest_size;
	return most;
}

/* Reads behind what was kept and offers both. */
static bool client_read(struct client *client)
{
	char *const input = client->run.worker->input;
	const size_t kept = client->rest_size;
	const size_t most = client_reads(client);
	ssize_t count;

	if (!client->stream.readable || client->end_known || most == 0)
		return false;
	count = stream_read(&client->stream, input + kept, most);
	if (count == 0)
		return false;
	if (count < 0) {
		tell_end(client);
		return true;
	}
	if (kept > 0)
		memcpy(input, client->rest, kept);
	client_offer(client, kept + (size_t)count);
	return true;
}

/* STARTTLS: the reply to it has to be out first. */
static bool client_step_tls(struct client *client)
{
	enum stream_handshake done;

	if (client->wants_tls) {
		if (stream_waiting(&client->stream) > 0)
			return false;
		client->wants_tls = false;
		client->until = after(WORKER_TLS_S);
		if (client->rest_size > 0 ||
		    stream_start_tls(&client->stream,
				     tls_new_server(client->run.worker->setup->tls))) {
			client->stream.broken = true;
			session_client_tls_done(client->run.session, false, stream_clock());
			return true;
		}
	}
	done = stream_shake_hands(&client->stream);
	if (done == HANDSHAKE_MORE && stream_clock() < client->until)
		return false;
	client->until = 0;
	if (done != HANDSHAKE_DONE) {
		client->stream.broken = true;
		client->stream.handshaking = false;
	}
	session_client_tls_done(client->run.session, done == HANDSHAKE_DONE, stream_clock());
	return true;
}

static void take_login(struct client *client)
{
	SCOPED_FREE char *name = TAKE_PTR(client->login_name);

	client->login_answered = false;
	session_auth_done(client->run.session, client->login_result, name, stream_clock());
}

static bool client_step_own(struct client *client)
{
	if (client->login_answered) {
		take_login(client);
		return true;
	}
	if (client->stream.broken && !client->end_known && !client->stream.handshaking) {
		tell_end(client);
		return true;
	}
	if (client->wants_tls || client->stream.handshaking)
		return client_step_tls(client);
	return false;
}

/* Does one thing and tells the session; false: there is nothing to do. */
static bool client_step(struct client *client)
{
	if (worker_session_step(&client->run) || client_step_own(client)) {
		client->run.told = true;
		return true;
	}
	if (!client_may_speak(client))
		return false;
	if (client->rest_size > 0 && client->run.told && client_offer_rest(client))
		return true;
	return client_may_speak(client) && client_read(client);
}

static void client_go_on(struct client *client);

void client_settle(struct client *client)
{
	unsigned int steps = 0;

	client_flush(client);
	while (!client->run.finished && client_step(client)) {
		client_flush(client);
		if (++steps < WORKER_STEPS_MAX)
			continue;
		worker_session_again(&client->run);
		break;
	}
	if (client->run.finished) {
		client_finished(client);
		return;
	}
	worker_board_update(client);
	client_arm(client);
}

void client_greet(struct client *client)
{
	uint64_t now;

	client_read(client);
	now = stream_clock();
	if (!client->run.finished && session_deadline(client->run.session) <= now)
		session_tick(client->run.session, now);
	client->run.told = true;
	client_settle(client);
}

static void settle_session(struct worker_session *run)
{
	client_go_on((struct client *)run);
}

/* Whatever the client waits for may be there. */
static void client_go_on(struct client *client)
{
	static void (*const steps[])(struct client *) = {
		[CLIENT_PROXY] = client_read_proxy_header,
		[CLIENT_HANDSHAKE] = client_shake_hands,
		[CLIENT_SESSION] = client_settle,
		[CLIENT_FLUSH] = client_ends,
		[CLIENT_LINGER] = client_ends,
	};

	steps[client->state](client);
}

static void client_is_ready(evutil_socket_t fd, short what, void *context)
{
	struct client *client = context;

	(void)fd;
	stream_note(&client->stream, what);
	client_go_on(client);
}

static void client_is_due(evutil_socket_t fd, short what, void *context)
{
	struct client *client = context;
	const uint64_t now = stream_clock();

	(void)fd;
	(void)what;
	client->armed = 0;
	if (client_deadline(client) > now) {
		client_arm(client);
		return;
	}
	if (client->state != CLIENT_SESSION) {
		client_drop(client);
		return;
	}
	if (session_deadline(client->run.session) <= now) {
		client->run.told = true;
		session_tick(client->run.session, now);
	}
	client_settle(client);
}

void client_open(struct worker_listener *listener, int fd, const struct session_peer *peer)
{
	struct worker *worker = listener->worker;
	struct client *client = calloc(1, sizeof(*client));

	if (!client ||
	    stream_open(&client->stream, worker->base, fd, false, client_is_ready, client)) {
		if (!client)
			close(fd);
		free(client);
		return;
	}
	client->run.worker = worker;
	client->run.settle = settle_session;
	client->run.backend = (uint8_t)listener->listener->backend;
	client->listener = listener;
	client->peer = *peer;
	client->number = worker->next_session++;
	client->started = stream_clock();
	client->stream.readable = true;
	evtimer_assign(&client->timer, worker->base, client_is_due, client);
	LIST_INSERT_HEAD(&worker->clients, client, link);
	client_begin(client);
}

void client_retire(struct client *client, bool stop)
{
	if (client->state == CLIENT_PROXY || client->state == CLIENT_HANDSHAKE) {
		client_drop(client);
	} else if (client->state == CLIENT_SESSION && stop) {
		client->run.told = true;
		session_drain(client->run.session, stream_clock());
		client_settle(client);
	}
}

void client_login_done(struct client *client, enum mxf_auth_result result, const char *login)
{
	free(client->login_name);
	client->login_name = *login ? strdup(login) : NULL;
	if (*login && !client->login_name)
		result = MXF_AUTH_ERROR;
	client->login_answered = true;
	client->login_result = (uint8_t)result;
	client_go_on(client);
}
