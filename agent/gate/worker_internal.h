/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of a worker share. One thread, one event loop; at any time one session is being
 * dealt with, so input, replies and batches of all of them go through buffers that the worker has
 * once.
 *
 * The memory of a connection, beside the session's own: its struct client; what it sent and the
 * session did not take yet, at most SESSION_INPUT_MAX while a message is under way and twice
 * WORKER_COMMANDS_MAX else; replies that it does not read, at most those to WORKER_COMMANDS_MAX
 * bytes of commands; what its backend does not take, at most what one piece of input became. No
 * more is read from a side while the other one has something to take first.
 */
#ifndef GATE_WORKER_INTERNAL_H
#define GATE_WORKER_INTERNAL_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <sys/queue.h>

#include "gate/hasher.h"
#include "gate/server.h"
#include "gate/stream.h"
#include "gate/worker.h"
#include "smtp/session.h"

#define WORKER_COMMANDS_MAX ((size_t)16 * 1024) /* read at once outside of messages */
#define WORKER_REPLIES_MAX ((size_t)16 * 1024)	/* collected before they are written */
#define WORKER_BATCH_MAX ((size_t)8 * 1024)	/* the same, for a backend */
#define WORKER_STEPS_MAX 8u			/* of one session before it is the others' turn */

#define WORKER_PROXY_HEADER_S 5
#define WORKER_TLS_S 30		/* for a client's handshake */
#define WORKER_FLUSH_S 10	/* to take the last replies */
#define WORKER_LINGER_S 2	/* to close, after the last reply was sent */
#define WORKER_LINGER_MAX 1000u /* connections that do so; more are closed at once */
#define WORKER_ACCEPT_PAUSE_S 1 /* without a descriptor or memory for another connection */
#define WORKER_DOORBELL_MS 20	/* records wait this long for others */
#define WORKER_READY_S 1	/* for the first answers of backends */
#define WORKER_PROBE_S (5 * 60) /* from one probe of a backend to the next */
#define WORKER_PROBE_AGAIN_S 10 /* after one that failed */

struct worker;
struct client;

/* A session with its backend connection: a client's, or a probe. */
struct worker_session {
	struct worker *worker;
	struct session *session;
	struct server_link *link; /* NULL: none */
	void (*settle)(struct worker_session *session);
	/* The worker's `again` list: something is left to do when others had their turn. */
	TAILQ_ENTRY(worker_session) again;
	uint8_t backend;
	uint8_t result; /* enum mxf_session_result; counts when finished */
	bool is_again;
	bool finished;
	bool out_of_memory; /* for a link; to be told */
	bool link_known;    /* the session knows that it is connected */
	bool link_wants_tls;
	bool stalled; /* as the session knows it */
	bool told;    /* the session was called since its rest was last offered */
};

struct worker_login {
	uint64_t id;
	struct client *client; /* NULL: it went away */
	bool used;
};

struct worker_listener {
	struct event event;
	struct worker *worker;
	const struct gate_listener *listener;
	struct session_shared shared;
	uint16_t index;
	int fd;
	bool any_address; /* so every connection must be asked which one it is */
};

struct probe;

struct worker {
	const struct worker_setup *setup;
	const struct gate_config *gate;
	struct event_base *base;
	struct worker_listener *listeners; /* one for each socket */
	struct session_offer *offers;	   /* one for each backend */
	struct server_states *servers;	   /* the same */
	struct probe **probes;		   /* the same */
	LIST_HEAD(worker_clients, client) clients;
	TAILQ_HEAD(worker_again, worker_session) again;
	struct event again_timer, accept_timer, bell_timer, ready_timer, stop_timer;
	struct event channel_event, hasher_event;
	uint64_t next_session, next_login;
	struct worker_login logins[HASHER_PENDING_MAX];
	uint32_t *free_entries; /* of the scoreboard */
	uint32_t free_entry_count, used_entries;
	uint32_t lingering;
	size_t probes_open; /* of the first round */
	int hasher;
	bool accepting, retiring, ready;
	size_t reply_size, batch_size;
	char replies[WORKER_REPLIES_MAX];
	char batch[WORKER_BATCH_MAX];
	char input[SESSION_INPUT_MAX];
};

/* worker_session.c: what sessions of clients and of probes have in common. */

/* The operations on a backend, and finish(). `context` is the struct worker_session. */
void worker_write_backend(void *context, const struct data_piece *pieces, size_t count);
void worker_connect_backend(void *context, size_t first);
void worker_close_backend(void *context, bool abort);
void worker_start_backend_tls(void *context);
void worker_finish(void *context, enum mxf_session_result result);

/* Writes what was collected for the backend. */
void worker_session_flush(struct worker_session *self);

/* True while the backend has something to take first. */
static inline bool worker_session_is_stalled(const struct worker_session *self)
{
	return self->link && stream_waiting(&self->link->stream) > 0;
}

/* Does one thing about the backend connection and tells the session; false: there is none. */
bool worker_session_step(struct worker_session *self);

/* To be settled again when others had their turn; or not, as it ends. */
void worker_session_again(struct worker_session *self);
void worker_session_forget(struct worker_session *self);

/* client.c */
extern const struct session_ops client_ops;
/* worker_events.c: logs and counts. `client` is NULL for a probe. */
void worker_event(struct worker *worker, const struct client *client, size_t listener,
		  size_t backend, const struct session_event *event);
/* The reader is told at once of what waits in the ring. */
void worker_ring_bell(struct worker *worker);

/* worker_board.c: the client's entry among the sessions that can be listed. */
void worker_board_enter(struct client *client);
void worker_board_update(struct client *client);
void worker_board_leave(struct client *client);

/* A text that is cut to its room, NUL-terminated; NULL is "". */
void worker_copy_text(char *out, size_t out_size, const char *text, size_t size);
#define COPY_SPAN(out, span) worker_copy_text(out, sizeof(out), (span).text, (span).size)

/* worker_login.c */
void worker_login_open(struct worker *worker);
void worker_login_ask(struct client *client, const char *mechanism, const char *login,
		      const char *password);
/* The client goes away. */
void worker_login_forget(struct client *client);

/* worker_accept.c */
void worker_accept(struct worker_listener *listener);
int worker_listeners_open(struct worker *worker);
void worker_listeners_watch(struct worker *worker);
void worker_listeners_close(struct worker *worker);

/* worker.c */
void worker_count_session(struct worker *worker, int more);
void worker_client_left(struct worker *worker);
/* The first round of a probe is over. */
void worker_probe_done(struct worker *worker);

#endif
