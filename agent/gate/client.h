/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A client's connection: from accept, over a PROXY header and implicit TLS where the listener has
 * them, through its session, to a close that loses no reply.
 */
#ifndef GATE_CLIENT_H
#define GATE_CLIENT_H

#include "gate/worker_internal.h"

enum client_state {
	CLIENT_PROXY,	  /* waits for a PROXY header */
	CLIENT_HANDSHAKE, /* implicit TLS, before there is a session */
	CLIENT_SESSION,
	CLIENT_FLUSH,  /* the session is over, its last replies are not sent yet */
	CLIENT_LINGER, /* they are; whatever still comes is thrown away until the client closes */
};

/* What the scoreboard shows of a session, to see when it is to be written. */
struct client_shown {
	const char *state;
	uint32_t recipients, messages;
	uint16_t helo_size, login_size, sender_size;
	bool tls, backend;
};

struct client {
	struct worker_session run; /* first */
	struct stream stream;
	struct event timer;
	LIST_ENTRY(client) link;
	struct worker_listener *listener;
	char *rest; /* what the session did not take yet */
	uint32_t rest_size;
	uint32_t entry; /* of the scoreboard, plus 1; 0: none */
	uint64_t armed; /* when the timer fires; 0: never */
	uint64_t until; /* the state's own end; 0: none. In CLIENT_SESSION of a handshake */
	uint64_t started;
	uint64_t number;
	struct session_peer peer;
	const char *refusal; /* of the source's limits; static */
	enum client_state state;
	bool counted; /* in the table of sources */
	bool quiet;   /* not logged: others of this source were, just now */
	bool mute;    /* replies go nowhere, as there is no TLS yet */
	bool wants_tls;
	bool end_known; /* the session knows that the client sends no more */
	bool login_answered;
	uint8_t login_result;
	char *login_name; /* with the answer; NULL: whom the client named */
	struct client_shown shown;
};

/*
 * Takes over an accepted socket. `peer` has the connection's addresses. The client ends by itself;
 * without memory the socket is closed.
 */
void client_open(struct worker_listener *listener, int fd, const struct session_peer *peer);

/* The worker retires: connections without a session are closed, and with `stop` sessions end. */
void client_retire(struct client *client, bool stop);

/* At once, whatever it does. */
void client_drop(struct client *client);

/* The hasher answered. `login`: who it is; "": whom the client named. */
void client_login_done(struct client *client, enum mxf_auth_result result, const char *login);

/* The states before the session; each goes on to the next when it is done. May free the client. */
void client_begin(struct client *client);
void client_read_proxy_header(struct client *client);
void client_shake_hands(struct client *client);

/* The session has just begun: looks once for bytes that came too early, then greets. */
void client_greet(struct client *client);

/* Does all there is to do for the session. May free the client. */
void client_settle(struct client *client);

/* Sets the timer for the nearest deadline. */
void client_arm(struct client *client);

#endif
