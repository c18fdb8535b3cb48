/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The backend leg of a session: an SMTP client, RFC 5321. relay.c has its connection, what it waits
 * for, and trouble; relay_setup.c what comes first (greeting, EHLO, STARTTLS, XCLIENT or PROXY,
 * AUTH); relay_mail.c transactions.
 *
 * Part of the session: these work on session->relay, which is NULL while there is none.
 */
#ifndef SMTP_RELAY_H
#define SMTP_RELAY_H

#include "smtp/session_internal.h"

/* Replies that are waited for. X(id, milliseconds until it must be there, what takes it) */
#define RELAY_WAITS(X)                                                                             \
	X(GREETING, 60000, relay_take_greeting)                                                    \
	X(EHLO, 60000, relay_take_ehlo)                                                            \
	X(HELO, 60000, relay_take_helo)                                                            \
	X(STARTTLS, 60000, relay_take_starttls)                                                    \
	X(XCLIENT, 60000, relay_take_xclient)                                                      \
	X(AUTH, 60000, relay_take_auth)                                                            \
	X(AUTH_NAME, 60000, relay_take_auth_name)                                                  \
	X(AUTH_PASSWORD, 60000, relay_take_auth_password)                                          \
	X(RSET, 60000, relay_take_rset)                                                            \
	X(MAIL, 240000, relay_take_mail)                                                           \
	X(RCPT, 240000, relay_take_rcpt)                                                           \
	X(DATA, 120000, relay_take_data)                                                           \
	X(DOT, 0, relay_take_dot) /* data-timeout */

#define RELAY_TLS_MS 60000

#define RELAY_WAIT_ENUM(id, milliseconds, take) WAIT_##id,
enum relay_wait { RELAY_WAITS(RELAY_WAIT_ENUM) WAIT_COUNT };

enum relay_phase {
	RELAY_CONNECTING,
	RELAY_SETUP, /* up to the last reply before it is ready */
	RELAY_TLS,
	RELAY_READY,
};

/* What the connection was made for. */
enum relay_goal { GOAL_MAIL, GOAL_LOGIN, GOAL_PROBE };

struct relay {
	enum relay_phase phase;
	enum relay_goal goal;
	struct smtp_reply reply;
	size_t server;
	uint64_t asked_at, deadline;
	uint64_t size; /* of SIZE */
	unsigned int extensions;
	unsigned int xclient; /* attributes that it takes, as bits */
	bool tls;
	bool plain; /* TLS was tried, is optional, and failed */
	bool xclient_done;
	bool in_mail; /* MAIL was sent */
	bool rset_owed;
	bool served; /* it has finished a transaction: it may have been closed unseen since */
	bool pinned; /* it knows the login */
	unsigned int wait_first, wait_count;
	uint8_t waits[PENDING_MAX + 4]; /* enum relay_wait, a ring */
};

/* --- relay.c --- */

/* Connects when there is no relay. Once it is ready it does what the goal is. */
void relay_open(struct session *session, enum relay_goal goal);
/* Takes leave: QUIT where that is possible, or cuts the connection. */
void relay_close(struct session *session, bool abort);
/*
 * Something is wrong with it: the connection is cut, the next server is asked where that may help,
 * or what waits is answered. `reason` is static.
 */
void relay_fail(struct session *session, enum mxf_backend_error error, const char *reason);
/* Cuts the connection, and asks the servers from `first` on. */
void relay_restart(struct session *session, size_t first);
/* Forgets it without a word, when nobody listens any more. */
void relay_free(struct session *session);
void relay_tick(struct session *session);

/* For relay_setup.c: bytes, in the order given, and what is waited for. */
void relay_write(struct session *session, const char *data, size_t size);
void relay_write_text(struct session *session, const char *text);
void relay_await(struct session *session, enum relay_wait wait);
void relay_event(struct session *session, enum mxf_backend_error error, const char *reason);

/* --- relay_setup.c --- */

/* The connection stands. */
void relay_begin(struct session *session);
void relay_take_greeting(struct session *session, const struct smtp_reply *reply);
void relay_take_ehlo(struct session *session, const struct smtp_reply *reply);
void relay_take_helo(struct session *session, const struct smtp_reply *reply);
void relay_take_starttls(struct session *session, const struct smtp_reply *reply);
void relay_take_xclient(struct session *session, const struct smtp_reply *reply);
void relay_take_auth_name(struct session *session, const struct smtp_reply *reply);
void relay_take_auth_password(struct session *session, const struct smtp_reply *reply);
void relay_take_auth(struct session *session, const struct smtp_reply *reply);
void relay_tls_done(struct session *session, bool established);
/* Passes the attempt on. */
void relay_log_in(struct session *session);

/* --- relay_mail.c --- */

/* Sends of the transaction what can be sent now. */
void relay_send_envelope(struct session *session);
void relay_send_data(struct session *session);
/* Pieces of the message; `last`: the final dot goes with them. */
void relay_send_pieces(struct session *session, struct data_piece *pieces, size_t count, bool last);
/* The transaction is given up before its end: an RSET is owed. */
void relay_abandon_transaction(struct session *session);
void relay_take_rset(struct session *session, const struct smtp_reply *reply);
void relay_take_mail(struct session *session, const struct smtp_reply *reply);
void relay_take_rcpt(struct session *session, const struct smtp_reply *reply);
void relay_take_data(struct session *session, const struct smtp_reply *reply);
void relay_take_dot(struct session *session, const struct smtp_reply *reply);
/* 421 speaks of a connection that is not the client's: it hears 451. */
int relay_code_for_client(int code);

#endif
