/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Dovecot's authentication client protocol, version 1, over a Unix socket
 * (doc.dovecot.org, "Authentication Protocol"): PLAIN alone, as password and login are known.
 *
 * It never waits: the caller polls and tells the time, in milliseconds of a clock that never goes
 * back. Bounds: DOVECOT_PENDING_MAX requests at once, DOVECOT_LINE_MAX bytes of a line, and times
 * to be greeted, to be answered, and between attempts to connect.
 */
#ifndef GATE_DOVECOT_H
#define GATE_DOVECOT_H

#include <poll.h>

#include "gate/hasher.h"

#define DOVECOT_PENDING_MAX 256u
#define DOVECOT_LINE_MAX 16384u /* as in Dovecot */
#define DOVECOT_GREETING_MS 5000
#define DOVECOT_ANSWER_MS 30000 /* failures are answered late, by its own penalty */
#define DOVECOT_RETRY_MS 1000

struct dovecot;

struct dovecot_ops {
	/*
	 * What became of a request; `worker` is what dovecot_ask() was given. `login` is who logged
	 * in, by Dovecot's own name for him, or "" where it gave none or nobody did.
	 */
	void (*answer)(void *context, size_t worker, uint64_t id, enum mxf_auth_result result,
		       const char *login);
	/* Why requests cannot be answered; not repeated until something has changed. */
	void (*trouble)(void *context, const struct trouble *trouble);
};

/* Connected while something is asked. NULL without memory. */
struct dovecot *dovecot_new(const char *path, const struct dovecot_ops *ops, void *context);
/* What is pending is answered MXF_AUTH_ERROR. */
void dovecot_free(struct dovecot **dovecot);

/* Asks; the answer may come before this returns, as MXF_AUTH_ERROR when there is no Dovecot. */
void dovecot_ask(struct dovecot *dovecot, size_t worker, const struct hasher_request *request,
		 uint64_t now);

/* What to poll for (fd -1: nothing), and what to call then. */
struct pollfd dovecot_poll(const struct dovecot *dovecot);
void dovecot_read(struct dovecot *dovecot, uint64_t now);

/* When to call dovecot_tick(); UINT64_MAX = never. Moves after every call. */
uint64_t dovecot_deadline(const struct dovecot *dovecot);
void dovecot_tick(struct dovecot *dovecot, uint64_t now);

#endif
