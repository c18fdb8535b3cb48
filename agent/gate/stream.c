// SPDX-License-Identifier: GPL-2.0-only
#include "gate/stream.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WATCHED (EV_ET | EV_PERSIST | EV_READ | EV_CLOSED)

/* Of one TLS record; small pieces are gathered up to it. */
#define RECORD_MAX ((size_t)16384)

uint64_t stream_clock(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

static int stream_watch(struct stream *stream, struct event_base *base, short what,
			event_callback_fn fn, void *context)
{
	if (event_assign(&stream->event, base, stream->fd, what, fn, context) ||
	    event_add(&stream->event, NULL))
		return -ENOMEM;
	stream->watches_writes = what & EV_WRITE;
	return 0;
}

int stream_open(struct stream *stream, struct event_base *base, int fd, bool watch_writes,
		event_callback_fn fn, void *context)
{
	*stream = (struct stream){.fd = fd};
	if (stream_watch(stream, base, watch_writes ? WATCHED | EV_WRITE : WATCHED, fn, context)) {
		close(fd);
		stream->fd = -1;
		return -ENOMEM;
	}
	return 0;
}

static void stream_watch_writes(struct stream *stream)
{
	event_callback_fn fn = event_get_callback(&stream->event);
	void *context = event_get_callback_arg(&stream->event);
	struct event_base *base = event_get_base(&stream->event);

	if (stream->watches_writes)
		return;
	event_del(&stream->event);
	if (stream_watch(stream, base, WATCHED | EV_WRITE, fn, context))
		stream->broken = true;
}

static void queue_free(struct stream *stream)
{
	free(stream->queue);
	stream->queue = NULL;
	stream->queue_start = stream->queue_end = stream->queue_capacity = 0;
}

void stream_close(struct stream *stream, bool clean, bool reset)
{
	const struct linger none = {.l_onoff = 1, .l_linger = 0};

	queue_free(stream);
	if (stream->fd < 0)
		return;
	if (stream->ssl && clean && !stream->broken && !stream->handshaking)
		SSL_shutdown(stream->ssl);
	SSL_free(stream->ssl);
	ERR_clear_error();
	stream->ssl = NULL;
	event_del(&stream->event);
	if (reset)
		setsockopt(stream->fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	close(stream->fd);
	stream->fd = -1;
}

/* What OpenSSL says of a call that did nothing. False: the connection is broken. */
static bool tls_waits(struct stream *stream, int result)
{
	const int error = SSL_get_error(stream->ssl, result);

	if (error == SSL_ERROR_WANT_WRITE)
		stream_watch_writes(stream);
	if (error == SSL_ERROR_WANT_READ)
		stream->readable = false;
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
		return true;
	ERR_clear_error();
	return false;
}

static ssize_t read_tls(struct stream *stream, char *data, size_t size)
{
	size_t done = 0;

	while (done < size) {
		const int count = SSL_read(stream->ssl, data + done, (int)(size - done));

		if (count > 0) {
			done += (size_t)count;
			continue;
		}
		if (SSL_get_error(stream->ssl, count) == SSL_ERROR_ZERO_RETURN)
			stream->half_closed = true;
		else if (tls_waits(stream, count))
			break;
		else
			stream->broken = true;
		/* What came before is told first; the end is still there at the next read. */
		return done > 0 ? (ssize_t)done : -1;
	}
	return (ssize_t)done;
}

static ssize_t read_plain(struct stream *stream, char *data, size_t size)
{
	ssize_t count;

	do
		count = recv(stream->fd, data, size, 0);
	while (count < 0 && errno == EINTR);
	if (count > 0) {
		/* All there was, unless the end is behind it: that comes with no edge of its own.
		 */
		if ((size_t)count < size && !stream->half_closed)
			stream->readable = false;
		return count;
	}
	if (count == 0) {
		stream->half_closed = true;
		return -1;
	}
	if (errno == EAGAIN) {
		stream->readable = false;
		return 0;
	}
	stream->broken = true;
	return -1;
}

ssize_t stream_read(struct stream *stream, char *data, size_t size)
{
	if (stream->broken || stream->fd < 0)
		return -1;
	return stream->ssl ? read_tls(stream, data, size) : read_plain(stream, data, size);
}

/* Makes room for `more` bytes behind what waits. */
static int queue_reserve(struct stream *stream, size_t more)
{
	const size_t waiting = stream_waiting(stream);
	size_t capacity = waiting + more;
	char *queue;

	if (stream->queue_capacity - stream->queue_end >= more)
		return 0;
	if (capacity > INT32_MAX)
		return -ENOMEM;
	if (waiting > 0)
		capacity += capacity / 2;
	queue = malloc(capacity);
	if (!queue)
		return -ENOMEM;
	if (waiting > 0)
		memcpy(queue, stream->queue + stream->queue_start, waiting);
	free(stream->queue);
	stream->queue = queue;
	stream->queue_start = 0;
	stream->queue_end = (uint32_t)waiting;
	stream->queue_capacity = (uint32_t)capacity;
	return 0;
}

/* Keeps what is beyond the first `skip` bytes. */
static void queue_add(struct stream *stream, const struct iovec *pieces, size_t count, size_t skip)
{
	size_t more = 0;

	for (size_t i = 0; i < count; i++)
		more += pieces[i].iov_len;
	more -= skip;
	if (more == 0)
		return;
	if (queue_reserve(stream, more)) {
		stream->broken = true;
		return;
	}
	for (size_t i = 0; i < count; i++) {
		const size_t past = skip < pieces[i].iov_len ? skip : pieces[i].iov_len;
		const size_t size = pieces[i].iov_len - past;

		if (size > 0)
			memcpy(stream->queue + stream->queue_end,
			       (const char *)pieces[i].iov_base + past, size);
		stream->queue_end += (uint32_t)size;
		skip -= past;
	}
}

/* How many bytes the socket took. */
static size_t send_plain(struct stream *stream, const struct iovec *pieces, size_t count)
{
	const struct msghdr message = {.msg_iov = (struct iovec *)pieces, .msg_iovlen = count};
	ssize_t sent;

	do
		sent = count == 1
			       ? send(stream->fd, pieces->iov_base, pieces->iov_len, MSG_NOSIGNAL)
			       : sendmsg(stream->fd, &message, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent < 0 && errno != EAGAIN)
		stream->broken = true;
	return sent > 0 ? (size_t)sent : 0;
}

/* The same, of one record. What was tried is tried again later, at no less size. */
static size_t send_record(struct stream *stream, const char *data, size_t size)
{
	const int sent = SSL_write(stream->ssl, data, (int)(size < RECORD_MAX ? size : RECORD_MAX));

	if (sent > 0)
		return (size_t)sent;
	if (!tls_waits(stream, sent))
		stream->broken = true;
	return 0;
}

/*
 * The bytes of one record from `skip` on: where they lie if that is in one piece, or gathered.
 * Returns how many.
 */
static size_t next_record(const struct iovec *pieces, size_t count, size_t skip, char *scratch,
			  const char **record)
{
	size_t size = 0;

	for (; count > 0 && skip >= pieces->iov_len; pieces++, count--)
		skip -= pieces->iov_len;
	if (count == 0)
		return 0;
	*record = (const char *)pieces->iov_base + skip;
	if (count == 1 || pieces->iov_len - skip >= RECORD_MAX)
		return pieces->iov_len - skip;
	for (*record = scratch; count > 0 && size < RECORD_MAX; pieces++, count--, skip = 0) {
		size_t part = pieces->iov_len - skip;

		if (part > RECORD_MAX - size)
			part = RECORD_MAX - size;
		memcpy(scratch + size, (const char *)pieces->iov_base + skip, part);
		size += part;
	}
	return size;
}

static size_t send_tls(struct stream *stream, const struct iovec *pieces, size_t count)
{
	char scratch[RECORD_MAX];
	const char *record = NULL;
	size_t done = 0;

	while (!stream->broken) {
		const size_t size = next_record(pieces, count, done, scratch, &record);
		const size_t sent = size > 0 ? send_record(stream, record, size) : 0;

		if (sent == 0)
			break;
		done += sent;
	}
	return done;
}

static size_t pieces_size(const struct iovec *pieces, size_t count)
{
	size_t size = 0;

	for (size_t i = 0; i < count; i++)
		size += pieces[i].iov_len;
	return size;
}

void stream_write(struct stream *stream, const struct iovec *pieces, size_t count)
{
	const size_t size = pieces_size(pieces, count);
	size_t sent = 0;

	/* Nobody has anything to say during a handshake but that it is over. */
	if (stream->broken || stream->fd < 0 || stream->handshaking || size == 0)
		return;
	if (!stream->queue)
		sent = stream->ssl ? send_tls(stream, pieces, count)
				   : send_plain(stream, pieces, count);
	if (sent == size || stream->broken)
		return;
	queue_add(stream, pieces, count, sent);
	stream_watch_writes(stream);
}

static void stream_flush(struct stream *stream)
{
	while (stream->queue && !stream->broken) {
		const struct iovec piece = {.iov_base = stream->queue + stream->queue_start,
					    .iov_len = stream_waiting(stream)};
		const size_t sent = stream->ssl ? send_record(stream, piece.iov_base, piece.iov_len)
						: send_plain(stream, &piece, 1);

		if (sent == 0)
			return;
		stream->queue_start += (uint32_t)sent;
		if (stream_waiting(stream) == 0)
			queue_free(stream);
	}
	if (stream->broken)
		queue_free(stream);
}

void stream_note(struct stream *stream, short what)
{
	if (what & EV_CLOSED)
		stream->half_closed = true;
	if (what & (EV_READ | EV_CLOSED))
		stream->readable = true;
	/* TLS may have waited for either direction. */
	if (stream->queue && !stream->handshaking && (what & EV_WRITE || stream->ssl))
		stream_flush(stream);
}

void stream_shutdown(struct stream *stream)
{
	if (stream->ssl && !stream->broken && !stream->handshaking)
		SSL_shutdown(stream->ssl);
	ERR_clear_error();
	shutdown(stream->fd, SHUT_WR);
}

int stream_start_tls(struct stream *stream, SSL *ssl)
{
	if (!ssl || SSL_set_fd(ssl, stream->fd) != 1) {
		SSL_free(ssl);
		return -ENOMEM;
	}
	stream->ssl = ssl;
	stream->handshaking = true;
	return 0;
}

enum stream_handshake stream_shake_hands(struct stream *stream)
{
	const int result = stream->broken ? -1 : SSL_do_handshake(stream->ssl);

	if (result == 1) {
		stream->handshaking = false;
		/* Records that came along may be in OpenSSL's buffer already. */
		stream->readable = true;
		return HANDSHAKE_DONE;
	}
	if (!stream->broken && tls_waits(stream, result))
		return HANDSHAKE_MORE;
	stream->broken = true;
	return HANDSHAKE_FAILED;
}
