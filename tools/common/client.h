/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The agent, asked over its control socket (include/mxfence/control.h).
 */
#ifndef COMMON_CLIENT_H
#define COMMON_CLIENT_H

#include <jansson.h>

#include "core/trouble.h"
#include "mxfence/control.h"

struct answer {
	enum mxf_exit exit;
	json_t *body; /* NULL when there is none */
	json_t *text; /* a string, or NULL */
};

struct client;

/*
 * Sends a request; `arguments` may be NULL and is given away. Returns 0, or -errno with the reason
 * in *trouble: -ENOENT or -ECONNREFUSED when no agent listens there, -EACCES when the socket is
 * not for us.
 */
int client_open(const char *run_dir, const char *verb, json_t *arguments, struct client **client,
		struct trouble *trouble);

/*
 * Reads the next answer; clear it with answer_clear(). Returns 1; 0 at the end; -EAGAIN when
 * `timeout_ms` went by without a byte (-1: waits for ever); else -errno with the reason in
 * *trouble: -EPROTO when it is no answer, -EFBIG over CLIENT_ANSWER_MAX.
 */
#define CLIENT_ANSWER_MAX ((size_t)512 << 20)
int client_read(struct client *client, int timeout_ms, struct answer *answer,
		struct trouble *trouble);

void client_close(struct client **client);
void answer_clear(struct answer *answer);

/* How long the agent may be silent: a reload of a million ranges on a slow machine takes a while.
 */
#define CLIENT_TIMEOUT_MS 60000

/*
 * Asks a verb and reads its answer. `arguments` may be NULL and is given away. MXF_EXIT_OK: there
 * is an answer (clear it), whatever it says. Else why there is none, with the reason in *trouble.
 */
enum mxf_exit client_ask(const char *run_dir, const char *verb, json_t *arguments,
			 struct answer *answer, struct trouble *trouble);

/* The exit status for why an agent, or what it pinned, cannot be reached (-errno). */
enum mxf_exit client_exit_for(int error);

#endif
