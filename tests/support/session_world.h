/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A world for sessions: what a session says and wishes is written down, and a script says what
 * clients, backends and the clock do.
 */
#ifndef TESTS_SUPPORT_SESSION_WORLD_H
#define TESTS_SUPPORT_SESSION_WORLD_H

#include "smtp/session.h"

enum step_kind {
	STEP_END,
	STEP_CLIENT,	 /* the client sends the text */
	STEP_SAYS,	 /* the session has said this to the client since this was last asked */
	STEP_BACKEND,	 /* the backend has been sent this */
	STEP_UNFINISHED, /* ... or anything but the end of a message */
	STEP_REPLY,	 /* the backend sends the text */
	STEP_WISHES, /* what the session wanted done, "connect 0\n", "abort\n", "finish quit\n" */
	STEP_EVENTS, /* its events, one a line; not asked for: none checked */
	STEP_CONNECTED, /* to server `number` */
	STEP_FAILED,	/* no server was to be had */
	STEP_CLOSED,	/* the backend closes */
	STEP_HUNG_UP,	/* the client sends no more */
	STEP_CLIENT_TLS,
	STEP_BACKEND_TLS,
	STEP_AUTH,    /* the answer is `number`; the text: who it is */
	STEP_WAIT,    /* `number` milliseconds pass */
	STEP_STALLED, /* `number`: the backend takes nothing, or it does again */
	STEP_DRAIN,
	STEP_REFUSE, /* the text is why the client is not welcome */
};

struct step {
	enum step_kind kind;
	const char *text;
	size_t size; /* 0: of text as a string */
	long number;
};

#define CLIENT(data)                                                                               \
	{                                                                                          \
		.kind = STEP_CLIENT, .text = (data), .size = sizeof(data) - 1                      \
	}
#define SAYS(data)                                                                                 \
	{                                                                                          \
		.kind = STEP_SAYS, .text = (data)                                                  \
	}
#define BACKEND(data)                                                                              \
	{                                                                                          \
		.kind = STEP_BACKEND, .text = (data), .size = sizeof(data) - 1                     \
	}
#define UNFINISHED                                                                                 \
	{                                                                                          \
		.kind = STEP_UNFINISHED, .text = ""                                                \
	}
#define REPLY(data)                                                                                \
	{                                                                                          \
		.kind = STEP_REPLY, .text = (data), .size = sizeof(data) - 1                       \
	}
#define WISHES(data)                                                                               \
	{                                                                                          \
		.kind = STEP_WISHES, .text = (data)                                                \
	}
#define EVENTS(data)                                                                               \
	{                                                                                          \
		.kind = STEP_EVENTS, .text = (data)                                                \
	}
#define CONNECTED(index)                                                                           \
	{                                                                                          \
		.kind = STEP_CONNECTED, .number = (index)                                          \
	}
#define FAILED(error)                                                                              \
	{                                                                                          \
		.kind = STEP_FAILED, .number = (error)                                             \
	}
#define CLOSED                                                                                     \
	{                                                                                          \
		.kind = STEP_CLOSED                                                                \
	}
#define HUNG_UP                                                                                    \
	{                                                                                          \
		.kind = STEP_HUNG_UP                                                               \
	}
#define CLIENT_TLS(established)                                                                    \
	{                                                                                          \
		.kind = STEP_CLIENT_TLS, .number = (established)                                   \
	}
#define BACKEND_TLS(established)                                                                   \
	{                                                                                          \
		.kind = STEP_BACKEND_TLS, .number = (established)                                  \
	}
#define AUTH_DONE(result)                                                                          \
	{                                                                                          \
		.kind = STEP_AUTH, .number = (result)                                              \
	}
#define LOGGED_IN_AS(login)                                                                        \
	{                                                                                          \
		.kind = STEP_AUTH, .number = MXF_AUTH_OK, .text = (login)                          \
	}
#define WAIT(milliseconds)                                                                         \
	{                                                                                          \
		.kind = STEP_WAIT, .number = (milliseconds)                                        \
	}
#define STALLED(yes)                                                                               \
	{                                                                                          \
		.kind = STEP_STALLED, .number = (yes)                                              \
	}
#define REFUSE(why)                                                                                \
	{                                                                                          \
		.kind = STEP_REFUSE, .text = (why)                                                 \
	}
#define DRAIN                                                                                      \
	{                                                                                          \
		.kind = STEP_DRAIN                                                                 \
	}

#define SCRIPT_STEPS 64
struct script {
	const char *name;
	const char *config; /* NULL: the world's own, see world_config */
	const char *client; /* its address; NULL: 203.0.113.9 */
	bool tls;	    /* implicit */
	bool probe;	    /* no client */
	bool whole_only;    /* what comes in one read matters */
	struct step steps[SCRIPT_STEPS];
};

extern const char world_config[];

/*
 * Runs it twice: with everything at once, and with one byte at a time. What a session said or
 * wished and the script did not ask for is a failure.
 */
void world_run(const struct script *script);

#endif
