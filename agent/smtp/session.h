/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One SMTP session: the server towards the client and, behind it, the client towards the backend.
 * A full endpoint on both sides: what comes is parsed, judged and written anew. Pure: bytes, time
 * and what happens to connections come in by calls; bytes and wishes go out through session_ops.
 *
 * Every call may end the session: ops->finish() is then the last thing it says, and only
 * session_free() may follow. Times are milliseconds of a clock that never goes back.
 *
 * RFC 5321, 2034 (ENHANCEDSTATUSCODES), 2920 (PIPELINING), 3207 (STARTTLS), 4954 (AUTH), 1870
 * (SIZE), 6152 (8BITMIME), 6531 (SMTPUTF8), 3461 (DSN); Postfix's XCLIENT; PROXY towards backends.
 */
#ifndef SMTP_SESSION_H
#define SMTP_SESSION_H

#include "config/gate.h"
#include "mxfence/smtp.h"
#include "policy/policy.h"
#include "smtp/command.h"
#include "smtp/data.h"

struct session;

/* What a backend offered when last asked. Shared by its sessions, which keep it current. */
struct session_offer {
	bool known;
	unsigned int extensions; /* enum smtp_extension */
	uint64_t size;		 /* of SIZE; 0 = none given */
};

enum session_event_kind {
	SESSION_EVENT_REFUSED,	/* an answer 4xx or 5xx to a command; at 421 also why it was sent */
	SESSION_EVENT_ACCEPTED, /* a recipient, by the backend too */
	SESSION_EVENT_MESSAGE,	/* the backend's answer to the final dot */
	SESSION_EVENT_LOGIN,	/* an attempt: `auth` */
	SESSION_EVENT_BACKEND,	/* trouble with the backend: `backend_error` */
	SESSION_EVENT_READY, /* the backend is ready for a transaction: `elapsed_ms` since asked */
	SESSION_EVENT_END,   /* the last one: `result` */
};

/*
 * Something to log, to count, or to show. Pointers hold during the call alone; a span that does not
 * apply has text NULL. Nothing is escaped.
 */
struct session_event {
	enum session_event_kind kind;
	const char *command; /* static: the word of the command that was answered; "CONNECT",
				"END-OF-MESSAGE" */
	int code;
	struct text_span enhanced; /* as 5.7.1 */
	struct text_span text;
	bool decided; /* `rule` and `origin` say who refused or accepted */
	enum mxf_rule rule;
	struct place origin;
	bool has_sender;
	struct text_span sender; /* canonical; size 0: <> */
	struct text_span recipient;
	struct text_span helo;
	bool esmtp;
	struct text_span login; /* of LOGIN events: who tried */
	const char *mechanism;
	enum mxf_auth_result auth;
	enum mxf_backend_error backend_error;
	enum mxf_session_result result;
	uint64_t bytes;		 /* of a message */
	unsigned int recipients; /* of a message */
	unsigned int messages;	 /* of a session, at its end */
	uint32_t elapsed_ms;
	const char *reason; /* static: for people, why; NULL = nothing to add */
};

/*
 * What a session wants done. None of these calls the session again before it returns; what comes of
 * them is told by the calls below. `context` is what session_new() was given.
 */
struct session_ops {
	/* Bytes for the client; copied, or written at once. */
	void (*write_client)(void *context, const char *data, size_t size);
	/* Bytes for the backend, in order, likewise. One call is one batch. */
	void (*write_backend)(void *context, const struct data_piece *pieces, size_t count);
	/* Connect to the first server that answers, from server `first` on. */
	void (*connect_backend)(void *context, size_t first);
	/*
	 * Close, without waiting, after what was written has been sent (or `abort`: at once, RST).
	 * Also gives up connecting, and does nothing where there is no connection.
	 */
	void (*close_backend)(void *context, bool abort);
	/* Handshake after what was written has been sent. */
	void (*start_client_tls)(void *context);
	void (*start_backend_tls)(void *context);
	/* Compare a login's password (auth sources file and dovecot). */
	void (*authenticate)(void *context, const char *mechanism, const char *login,
			     const char *password);
	void (*event)(void *context, const struct session_event *event);
	/* Close after what was written has been sent; the session is over. */
	void (*finish)(void *context, enum mxf_session_result result);
};

/* What the sessions of one listener share. Outlives them. */
struct session_shared {
	const struct config *config;
	const struct policy *policy;
	const struct gate_listener *listener;
	const struct gate_backend *backend;
	struct session_offer *offer;
	const struct session_ops *ops;
	bool tls_available; /* there is a certificate */
};

struct session_peer {
	struct ip client, local;
	uint8_t client_family, local_family;
	uint16_t client_port, local_port;
	bool tls; /* implicit TLS, already established */
};

/*
 * A session before its greeting: whatever client bytes come first are out of turn. session_tick()
 * greets, at once or after greet-delay. NULL without memory.
 */
struct session *session_new(const struct session_shared *shared, const struct session_peer *peer,
			    void *context, uint64_t now);
void session_free(struct session **session);

/* Instead of a greeting: 421 4.7.0 with this text (static), and the end. */
void session_refuse(struct session *session, const char *text, uint64_t now);

/*
 * Takes bytes of the client and returns how many were used. The rest is to be kept and offered
 * again, with what came since, after any other call: a session that waits takes nothing. May be
 * called with size 0. More than SESSION_INPUT_MAX at once need not be offered, and a session that
 * does not wait takes at least one byte of that many.
 */
#define SESSION_INPUT_MAX ((size_t)256 * 1024)
size_t session_client_input(struct session *session, const char *data, size_t size, uint64_t now);

/* True while client bytes would be taken: reading on makes sense. */
bool session_takes_input(const struct session *session);

/* True between 354 and the end of data, when client bytes are passed on to the backend. */
bool session_is_in_data(const struct session *session);

/* The client will send no more. All it sent has been offered before. */
void session_client_closed(struct session *session, uint64_t now);

/* The handshake asked for by start_client_tls() succeeded, or not. */
void session_client_tls_done(struct session *session, bool established, uint64_t now);

/* What became of connect_backend(): connected to server `index`, or what went wrong at last. */
void session_backend_connected(struct session *session, size_t index, uint64_t now);
void session_backend_failed(struct session *session, enum mxf_backend_error error, uint64_t now);
void session_backend_tls_done(struct session *session, bool established, uint64_t now);

/* Bytes of the backend; all are used. */
void session_backend_input(struct session *session, const char *data, size_t size, uint64_t now);
void session_backend_closed(struct session *session, uint64_t now);

/*
 * What was written to the backend piles up, so that the client's bytes are not offered for now; or
 * no longer so. Meanwhile the client is not the one that is slow, and its clocks stand still; the
 * backend has data-timeout.
 */
void session_backend_stalled(struct session *session, bool stalled, uint64_t now);

/* What became of authenticate(). `login` is who it is; NULL: whom the client named. */
void session_auth_done(struct session *session, enum mxf_auth_result result, const char *login,
		       uint64_t now);

/* When to call session_tick(); UINT64_MAX = never. May move after every call. */
uint64_t session_deadline(const struct session *session);
void session_tick(struct session *session, uint64_t now);

/*
 * The agent stops: the session ends with 421 4.3.2, at once or as soon as no message is under way.
 */
void session_drain(struct session *session, uint64_t now);

/* How a session stands, for `mxfence sessions`. Pointers hold until the next call. */
struct session_view {
	const char *state; /* static: "command", "data", "backend", "login", "tls", ... */
	struct text_span helo, login, sender;
	unsigned int recipients, messages;
	bool tls, backend;
	uint64_t bytes; /* of the message under way */
};
void session_look(const struct session *session, struct session_view *view);

/* The facts as the policy sees them. */
const struct policy_session *session_facts(const struct session *session);
const struct policy_client *session_client(const struct session *session);

/*
 * Asks a backend what it offers, without a client: greeting, EHLO, STARTTLS and EHLO where the
 * configuration says so, QUIT. The same ops and calls as for a session, of those only the
 * backend's; finish() says how it went: MXF_SESSION_QUIT when shared->offer is current.
 * session_tick() begins. Of `shared`, policy and listener may be NULL.
 */
struct session *session_new_probe(const struct session_shared *shared, void *context, uint64_t now);

#endif
