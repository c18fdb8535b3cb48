/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of a session share: session.c (life, time, input), session_commands.c (the table
 * of commands), session_mail.c (the envelope), session_data.c (the message), session_auth.c,
 * session_reply.c (answers and events); and relay.h, the leg to the backend.
 *
 * An idle session is struct session and its HELO name. A transaction, a login and the relay are
 * allocated when they begin and freed when they end.
 */
#ifndef SMTP_SESSION_INTERNAL_H
#define SMTP_SESSION_INTERNAL_H

#include "smtp/reply.h"
#include "smtp/session.h"

#define NEVER UINT64_MAX

/* Replies of a transaction that may wait at once; further RCPTs are not read before. */
#define PENDING_MAX 100

/* X(id, how `mxfence sessions` says it). The table of what each does is in session.c. */
#define SESSION_STATES(X)                                                                          \
	X(GREETING, "greeting")                                                                    \
	X(COMMAND, "command")                                                                      \
	X(LOGIN_LINE, "login")	 /* a line of an AUTH dialog comes */                              \
	X(LOGIN_CHECK, "login")	 /* somebody compares the password */                              \
	X(LOGIN_DELAY, "login")	 /* it was wrong, which is not said yet */                         \
	X(TLS, "tls")		 /* the client's handshake */                                      \
	X(DATA_ASKED, "backend") /* DATA was passed on */                                          \
	X(DATA, "data")                                                                            \
	X(SWALLOW, "data") /* a message that is refused is read to its end */                      \
	X(DOT, "backend")  /* the final dot was passed on */                                       \
	X(OVER, "closed")

#define SESSION_STATE_ENUM(id, text) STATE_##id,
enum session_state { SESSION_STATES(SESSION_STATE_ENUM) STATE_COUNT };

/* An answer of our own; text without code. Enhanced "" where there is none (3xx). */
struct answer {
	int code;
	const char *enhanced;
	const char *text;
};

/* Why a session ends with 421 as soon as nothing is under way. */
struct ending {
	struct answer answer;
	enum mxf_session_result result;
};

/*
 * A reply to RCPT that waits for the backend, or for those before it. `text` is "RCPT TO:<x>" and
 * the DSN parameters behind it; of a local one, the whole reply.
 */
enum pending_state { PENDING_UNSENT, PENDING_SENT, PENDING_LOCAL };
struct pending {
	struct pending *next;
	enum pending_state state;
	bool hidden_refusal; /* a 5xx of the backend means that there is no such recipient */
	uint16_t recipient_size;
	size_t size; /* of text, without DSN parameters */
	size_t full_size;
	char text[];
};
#define PENDING_RECIPIENT (sizeof("RCPT TO:<") - 1) /* where it begins */

/*
 * What the recipients, DATA or the end of the message are answered when something went wrong:
 * `answer`, or `code` with a text of the backend.
 */
struct refusal {
	const struct answer *answer;
	int code; /* 0: nothing is wrong, or `answer` is set */
	char *text;
	size_t size;
};

struct transaction {
	struct mailbox sender;
	struct data_reader reader;
	struct refusal refusal;
	struct pending *first, *last;
	struct pending *unsent; /* the first that is not LOCAL and not SENT */
	unsigned int pending;
	unsigned int recipients; /* that the policy accepted and the backend did not refuse */
	unsigned int accepted;	 /* by the backend too */
	uint64_t declared_size;
	bool is_8bit, utf8;
	/* min-data-rate: when to look next, and how much there was then */
	uint64_t rate_at, rate_size;
	char dsn[]; /* " RET=... ENVID=...", or "" */
};

/* A login between AUTH and its answer. Wiped when freed. */
#define LOGIN_MAX 255 /* octets of name and password, RFC 4616 section 2 */
#define PASSWORD_MAX 1023
struct login_attempt {
	unsigned int mechanism; /* enum auth_mechanism */
	bool has_login;		/* LOGIN: the name came */
	char login[LOGIN_MAX + 1];
	char password[PASSWORD_MAX + 1];
};

/* What one call of the runtime gathers: its replies and commands go out together. */
struct session_call {
	uint64_t now;
	size_t input_left;  /* bytes behind the line or reply that is handled */
	bool send_envelope; /* RCPTs were added */
	size_t client_size, backend_size;
	char client[2048];
	char backend[4096];
};

/* After DATA was refused, a client that did not wait for 354 sends its message now. */
enum distrust {
	DISTRUST_NONE,
	DISTRUST_UNKNOWN, /* the next must be a command */
	DISTRUST_ALL,	  /* more had come with DATA: the next must be RSET or QUIT */
};

struct session {
	const struct session_shared *shared;
	void *context;
	struct session_call *call; /* during a call */
	struct policy_session facts;
	struct policy_client client;
	const struct limits *limits; /* NULL: a probe */
	char *helo;
	char *login;
	struct transaction *transaction;
	struct relay *relay;
	struct login_attempt *attempt;
	const struct ending *ending;
	const char *word;     /* static: of the command that is answered */
	uint64_t deadline;    /* of the state */
	uint64_t ends_at;     /* session-timeout */
	size_t seen;	      /* octets that were looked at and end no line */
	unsigned int offered; /* enum smtp_extension: what EHLO said */
	unsigned int messages, errors, unknown_commands, idle_commands, auth_failures;
	uint16_t client_port, local_port;
	uint8_t state;	  /* enum session_state */
	uint8_t distrust; /* enum distrust */
	bool esmtp;
	bool blocked;	  /* the next command waits for replies */
	bool client_gone; /* it sends no more */
	bool untaken;	  /* ... but not all it sent was taken */
	bool stalled;	  /* the backend takes no bytes */
};

/* --- session.c --- */

void session_enter(struct session *session, struct session_call *call, uint64_t now);
/* Ends the session where it must end, and lets go what was gathered. */
void session_leave(struct session *session);

static inline bool session_is_over(const struct session *session)
{
	return session->state == STATE_OVER;
}

static inline int64_t session_limit(const struct session *session, enum limit limit)
{
	return session->limits->values[limit];
}

/* Milliseconds from now; a limit is in seconds. */
uint64_t session_after(const struct session *session, uint64_t milliseconds);
uint64_t session_after_limit(const struct session *session, enum limit limit);

/* Waits for the next command. */
void session_await_command(struct session *session);
/* Another state, which has until `deadline`. */
void session_change_state(struct session *session, enum session_state state, uint64_t deadline);

/* The session ends with 421 when nothing is under way; the first reason stays. */
void session_end_soon(struct session *session, const struct ending *ending);
/* The end, after what was said. */
void session_finish(struct session *session, enum mxf_session_result result);
/* An answer and the end. `reason` may be NULL. */
void session_close(struct session *session, const struct answer *answer, const char *reason,
		   enum mxf_session_result result);
/* Forgets all that was learnt before TLS. */
void session_reset(struct session *session);
/* There is no memory: 421 and the end. */
void session_out_of_memory(struct session *session);
void session_update_client(struct session *session);

/* --- session_commands.c --- */

/* Takes one command from data; returns its size, or 0 when it must wait or is not whole. */
size_t session_take_command(struct session *session, const char *data, size_t size);
/* The line that data begins with, when it is whole; 0 when not, or after an answer to a bad one. */
size_t session_find_line(struct session *session, const char *data, size_t size, bool login);

/* One that moves nothing: after limits.idle-commands of them the session ends. */
void session_count_idle(struct session *session);

/* --- session_reply.c --- */

void session_write_client(struct session *session, const char *data, size_t size);
void session_flush(struct session *session);
/* One reply, in its turn. A 5xx counts as an error. */
void session_reply(struct session *session, const struct answer *answer);
/* A reply of several lines or with a text that is made: bytes as they go out. */
void session_reply_raw(struct session *session, const char *data, size_t size);
/* A refusal: event and reply. `reason` may be NULL. */
void session_refuse_command(struct session *session, const struct answer *answer,
			    const char *reason);

void event_begin(const struct session *session, struct session_event *event,
		 enum session_event_kind kind);
void event_send(struct session *session, const struct session_event *event);
/* Sends the event with an answer, and the answer as reply. */
void event_refuse_answer(struct session *session, struct session_event *event,
			 const struct answer *answer);
/* The same with an answer of the backend: `text` is a reply's, with or without enhanced code. */
void event_refuse_passed(struct session *session, struct session_event *event, int code,
			 const char *text, size_t size);
void event_set_passed(struct session_event *event, int code, const char *text, size_t size);
/* A reply of the backend, without an event. */
void session_pass_reply(struct session *session, int code, const char *text, size_t size);
/* Or with what the transaction is refused with. */
void event_refuse_refusal(struct session *session, struct session_event *event,
			  const struct refusal *refusal);

static inline struct text_span span_of(const char *text)
{
	return (struct text_span){.text = text, .size = __builtin_strlen(text)};
}

/* --- session_mail.c --- */

void session_mail(struct session *session, const struct smtp_command *command);
void session_rcpt(struct session *session, const struct smtp_command *command);
/* Ends the transaction; an unfinished one at the backend is cut or owes RSET. */
void transaction_reset(struct session *session);
/* The largest message: the limit, or what the backend offers when that is less. */
uint64_t session_size_limit(const struct session *session);

static inline bool refusal_is_set(const struct refusal *refusal)
{
	return refusal->answer || refusal->code;
}
/* The first one stays. */
void refusal_set(struct refusal *refusal, const struct answer *answer);
void refusal_set_passed(struct refusal *refusal, int code, const char *text, size_t size);

/* True while replies to RCPT wait. */
static inline bool session_has_pending(const struct session *session)
{
	return session->transaction && session->transaction->first;
}
/* A local reply behind those that wait. */
void pending_add_reply(struct session *session, const char *data, size_t size);
/* Says what can be said; call when the refusal was set or the first one is LOCAL. */
void pending_advance(struct session *session);
/* The backend will not answer: all of them get the refusal that was set. */
void pending_fail(struct session *session);
/* What was sent is to be sent again, to another server. */
void pending_unsend(struct session *session);
/* The backend's reply to the first one, 2xx, 4xx or 5xx. */
void pending_answer(struct session *session, int code, const char *text, size_t size);

/* --- session_data.c --- */

void session_data(struct session *session, const struct smtp_command *command);
size_t session_take_data(struct session *session, const char *data, size_t size);
size_t session_swallow(struct session *session, const char *data, size_t size);
/* What the backend says: to DATA, and to the final dot. */
void session_data_answered(struct session *session, int code, const char *text, size_t size);
void session_dot_answered(struct session *session, int code, const char *text, size_t size);
/* The message is refused, whatever the client still sends of it. `refusal` of the transaction is
 * set. */
void session_data_failed(struct session *session);
/* At transaction->rate_at. */
void session_check_rate(struct session *session);
void session_restart_rate(struct session *session);

/* --- session_auth.c --- */

void session_auth(struct session *session, const struct smtp_command *command);
size_t session_take_login_line(struct session *session, const char *data, size_t size);
/* Who checked the password has another name for the login: that is who it is. */
void session_login_rename(struct session *session, const char *login);
void session_login_done(struct session *session, enum mxf_auth_result result);
/* failure-delay is over. */
void session_login_refuse(struct session *session);
void session_forget_attempt(struct session *session);
/* Mechanisms that may be used now, as enum smtp_extension. */
unsigned int session_mechanisms(const struct session *session);

#endif
