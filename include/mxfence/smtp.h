/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The words of the gate that agent, command line, metrics and manual share: the rules of a
 * decision, how sessions end, what goes wrong with backends.
 */
#ifndef MXFENCE_SMTP_H
#define MXFENCE_SMTP_H

/*
 * The rules in the order in which they are asked; the first that holds answers.
 * X(id, number, word, when it refuses)
 */
#define MXF_RULES(X)                                                                               \
	X(ACCEPT, 0, "accept", "no rule refuses")                                                  \
	X(TLS_REQUIRED, 1, "tls-required", "the listener requires TLS and there is none")          \
	X(LOGIN_REQUIRED, 2, "login-required", "the listener requires a login and there is none")  \
	X(RECIPIENT_FORM, 3, "recipient-form",                                                     \
	  "the recipient is not a mailbox, or carries routing through one of our domains")         \
	X(LOGIN_SENDER, 4, "login-sender", "the sender is not one of the login's addresses")       \
	X(SPOOFED_SENDER, 5, "spoofed-sender", "a stranger sends in the name of our domains")      \
	X(RELAY_NEVER, 6, "relay-never", "the client may never relay")                             \
	X(RELAY, 7, "relay", "the client may not relay")                                           \
	X(SEND_INTERNAL, 8, "send-internal", "the sender may not send to the Internet")            \
	X(RECEIVE_AUTHENTICATED, 9, "receive-authenticated",                                       \
	  "the recipient takes no mail from outside")                                              \
	X(RECIPIENT_UNKNOWN, 10, "recipient-unknown", "there is no such recipient")

#define MXF_RULE_ENUM(id, number, word, text) MXF_RULE_##id = (number),
enum mxf_rule { MXF_RULES(MXF_RULE_ENUM) MXF_RULE_COUNT };

/* How a session ended. X(id, word, what happened) */
#define MXF_SESSION_RESULTS(X)                                                                     \
	X(QUIT, "quit", "the client said QUIT")                                                    \
	X(CLOSED, "closed", "the client closed the connection")                                    \
	X(LIMIT, "limit", "a limit was reached")                                                   \
	X(TIMEOUT, "timeout", "the client was silent or too slow")                                 \
	X(PROTOCOL, "protocol", "what came was not SMTP as it should be")                          \
	X(TLS, "tls", "the TLS handshake failed")                                                  \
	X(BACKEND, "backend", "the backend of a logged-in session was lost")                       \
	X(STOPPED, "stopped", "the agent stopped")

#define MXF_SESSION_RESULT_ENUM(id, word, text) MXF_SESSION_##id,
enum mxf_session_result { MXF_SESSION_RESULTS(MXF_SESSION_RESULT_ENUM) MXF_SESSION_RESULT_COUNT };

/* What went wrong with a backend connection. X(id, word, what happened) */
#define MXF_BACKEND_ERRORS(X)                                                                      \
	X(CONNECT, "connect", "no server accepted the connection")                                 \
	X(TIMEOUT, "timeout", "it did not answer in time")                                         \
	X(CLOSED, "closed", "it closed the connection")                                            \
	X(PROTOCOL, "protocol", "its answer was not SMTP")                                         \
	X(TLS, "tls", "TLS was required and not to be had, or not valid")                          \
	X(REFUSED, "refused", "it did not want the session (4xx or 5xx before MAIL)")

#define MXF_BACKEND_ERROR_ENUM(id, word, text) MXF_BACKEND_##id,
enum mxf_backend_error { MXF_BACKEND_ERRORS(MXF_BACKEND_ERROR_ENUM) MXF_BACKEND_ERROR_COUNT };

/* What became of a login attempt. X(id, word) */
#define MXF_AUTH_RESULTS(X)                                                                        \
	X(OK, "ok")                                                                                \
	X(FAILED, "failed")                                                                        \
	X(ERROR, "error")

#define MXF_AUTH_RESULT_ENUM(id, word) MXF_AUTH_##id,
enum mxf_auth_result { MXF_AUTH_RESULTS(MXF_AUTH_RESULT_ENUM) MXF_AUTH_RESULT_COUNT };

/* SMTP's TCP port, RFC 5321 section 4.5.4.2. */
#define MXF_SMTP_PORT 25

#endif
