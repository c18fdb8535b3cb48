/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A TCP connection in the event loop, with or without TLS: reads into the caller's memory, writes
 * at once and keeps what the socket does not take.
 *
 * Sockets are watched edge-triggered: readiness is remembered here until a read or write used it
 * up, so a caller who pauses needs no system call to do so. Writability is watched from the first
 * write on that the socket did not take whole.
 */
#ifndef GATE_STREAM_H
#define GATE_STREAM_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* The clock of everything here: milliseconds, never back. */
uint64_t stream_clock(void);

struct stream {
	struct event event;
	int fd; /* -1 = closed */
	SSL *ssl;
	char *queue; /* what waits to be written; NULL when nothing does */
	uint32_t queue_start, queue_end, queue_capacity;
	bool readable;	  /* a read may have something */
	bool half_closed; /* the peer will send no more than what is there */
	bool handshaking;
	bool watches_writes;
	bool broken; /* neither direction works any more */
};

/*
 * Watches the connected or connecting non-blocking socket, which now belongs to the stream. `fn` is
 * called with EV_READ, EV_WRITE and EV_CLOSED; it begins with stream_note(). Returns 0 or -ENOMEM,
 * and then the socket is closed.
 */
int stream_open(struct stream *stream, struct event_base *base, int fd, bool watch_writes,
		event_callback_fn fn, void *context);

/* Notes what is ready; writes what waits. */
void stream_note(struct stream *stream, short what);

/* Ends: with TLS close_notify first when `clean`; `reset` sends an RST. Forgets what waits. */
void stream_close(struct stream *stream, bool clean, bool reset);

/*
 * Reads at most `size` bytes. 0: nothing there now. -1: no more will come, because the peer closed
 * its side (half_closed) or the connection is broken.
 */
ssize_t stream_read(struct stream *stream, char *data, size_t size);

/*
 * Writes all of it; what the socket does not take is kept. Without memory for that the stream is
 * broken; to a broken stream nothing is written.
 */
void stream_write(struct stream *stream, const struct iovec *pieces, size_t count);

/* How many bytes wait to be taken by the socket. */
static inline size_t stream_waiting(const struct stream *stream)
{
	return stream->queue_end - stream->queue_start;
}

/* No more will be written: FIN. */
void stream_shutdown(struct stream *stream);

/*
 * Begins TLS with a connection of tls_new_server() or tls_new_client(), which now belongs to the
 * stream. -ENOMEM when it is NULL or cannot be used.
 */
int stream_start_tls(struct stream *stream, SSL *ssl);

enum stream_handshake { HANDSHAKE_MORE, HANDSHAKE_DONE, HANDSHAKE_FAILED };
/* Goes on with the handshake, to be called whenever something is ready. */
enum stream_handshake stream_shake_hands(struct stream *stream);

#endif
