/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The control socket, RUN_DIR/control.sock: how the command line talks to the agent.
 *
 * A stream socket that anyone may connect to. The client sends one request, the agent answers and
 * closes; `events` with "follow" goes on until the client closes. Each message is one JSON object
 * on one line.
 *
 *     request   {"verb": "trust add", "arguments": {"range": "192.0.2.0/24", "list": "cli"}}
 *     answer    {"exit": 0, "body": {"schema": 1, ...}}
 *
 * `exit` is the exit status of the command line, `body` what `--json` prints (the shapes are in
 * mxfence(8)). An answer that is text, not a record (metrics), is {"exit": 0, "text": "..."}; both
 * body and text can be there. Verbs that change something tell what in `done`, one line. `events`
 * answers {schema, events: [...]}, and with {"follow": true} one answer for each event, which is
 * then the body; those kept come first. Verbs that change state are for root, the agent's own user,
 * and members of the socket file's group (SO_PEERCRED, SO_PEERGROUPS); others get exit 4.
 */
#ifndef MXFENCE_CONTROL_H
#define MXFENCE_CONTROL_H

#define MXF_CONTROL_SOCKET "control.sock"
#define MXF_CONTROL_GROUP "mxfence"
#define MXF_CONTROL_REQUEST_MAX (64 * 1024)
#define MXF_CONTROL_CHANGE_MAX (40 * 1024 * 1024) /* of those who may change state */
#define MXF_JSON_SCHEMA 1

/* Exit status of every mxfence command. */
#define MXF_EXITS(X)                                                                               \
	X(OK, 0, "done, or a positive answer")                                                     \
	X(FAILED, 1, "failed, or a negative answer")                                               \
	X(USAGE, 2, "the command line is wrong")                                                   \
	X(NO_AGENT, 3, "the agent is not running")                                                 \
	X(NOT_PERMITTED, 4, "not permitted")                                                       \
	X(CONFIGURATION, 78, "the configuration has errors")

#define MXF_EXIT_ENUM(id, status, text) MXF_EXIT_##id = (status),
enum mxf_exit { MXF_EXITS(MXF_EXIT_ENUM) };

/* X(verb, changes state): what the agent answers. */
#define MXF_CONTROL_VERBS(X)                                                                       \
	X("status", 0)                                                                             \
	X("reload", 1)                                                                             \
	X("diff", 0)                                                                               \
	X("apply", 1)                                                                              \
	X("confirm", 1)                                                                            \
	X("rollback", 1)                                                                           \
	X("load", 1)                                                                               \
	X("unload", 1)                                                                             \
	X("trust list", 0)                                                                         \
	X("trust add", 1)                                                                          \
	X("trust del", 1)                                                                          \
	X("trust import", 1)                                                                       \
	X("trust suggest", 0)                                                                      \
	X("ban list", 0)                                                                           \
	X("ban add", 1)                                                                            \
	X("ban del", 1)                                                                            \
	X("explain", 0)                                                                            \
	X("stats", 0)                                                                              \
	X("drops", 0)                                                                              \
	X("events", 0)                                                                             \
	X("sessions", 0)                                                                           \
	X("metrics", 0)

#endif
