/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A connection to a backend: its servers are tried in the order of the configuration until one
 * answers.
 *
 * A server has SERVER_CONNECT_S to accept. One that did not, or refused, is passed over for
 * SERVER_DEAD_S as long as another one is left to try; when all that are left are such, they are
 * tried all the same, so a backend with one server is back as soon as that server is. What is known
 * of servers belongs to one worker.
 */
#ifndef GATE_SERVER_H
#define GATE_SERVER_H

#include <event2/event.h>
#include <event2/event_struct.h>

#include "config/gate.h"
#include "gate/stream.h"

#define SERVER_CONNECT_S 5
#define SERVER_DEAD_S 15
#define SERVER_TLS_S 30	  /* for a handshake */
#define SERVER_CLOSE_S 30 /* to take what was written before a close */

/* Until when each server is passed over, milliseconds of stream_clock(). Zero-initialised. */
struct server_states {
	uint64_t dead_until[GATE_SERVERS_MAX];
};

enum server_state {
	SERVER_CONNECTING,
	SERVER_CONNECTED,
	SERVER_FAILED,	/* no server is left */
	SERVER_CLOSING, /* nobody owns it any more */
};

struct server_link {
	struct stream stream;
	struct event timer;
	const struct gate_backend *backend;
	struct server_states *states;
	void (*changed)(void *owner); /* something is ready, or `state` is another */
	void *owner;
	enum server_state state;
	size_t server; /* the one connected to, or being tried */
	unsigned int untried;
};

/*
 * Begins to connect, from server `first` on; never calls `changed` before it returns. NULL without
 * memory. `write_first`: the client of this protocol speaks first (a PROXY header), so that the
 * connection must be noticed before the server has said anything.
 */
struct server_link *server_link_new(struct event_base *base, const struct gate_backend *backend,
				    struct server_states *states, size_t first, bool write_first,
				    void (*changed)(void *owner), void *owner);

/* As stream_read(); connects on the way. 0 also when the next server is being tried, or none. */
ssize_t server_link_read(struct server_link *link, char *data, size_t size);

/* Begins a handshake, or goes on with it. `ssl` is NULL but for the first call. */
enum stream_handshake server_link_shake_hands(struct server_link *link, SSL *ssl);

/*
 * Closes without waiting, after what was written has been sent; or `reset`: at once. The link frees
 * itself.
 */
void server_link_close(struct server_link **link, bool reset);

#endif
