/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The client of Dovecot's authentication protocol, version 1 (doc/auth-protocol.txt of Dovecot
 * 2.3), over its auth-client socket.
 */
#ifndef GATE_DOVECOT_H
#define GATE_DOVECOT_H

#include "gate/hasher.h"

struct dovecot;

/* What became of a request; `worker` is what dovecot_ask() was given. */
typedef void dovecot_answer_fn(void *context, size_t worker, uint64_t id,
			       enum mxf_auth_result result);

/* Connects when something is asked. NULL without memory. */
struct dovecot *dovecot_new(const char *path, dovecot_answer_fn *fn, void *context);
void dovecot_free(struct dovecot **dovecot);

/* Asks; the answer may come before this returns, as MXF_AUTH_ERROR when there is no Dovecot. */
void dovecot_ask(struct dovecot *dovecot, size_t worker, const struct hasher_request *request);

/* The socket to poll for reading, -1 when not connected; and what to call then. */
int dovecot_fd(const struct dovecot *dovecot);
void dovecot_read(struct dovecot *dovecot);

#endif
