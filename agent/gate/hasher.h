/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hasher: a process of its own that compares passwords, with crypt(3) against the password
 * file, or by asking Dovecot. Workers never see a hash, and hashing never delays their sessions.
 *
 * One SOCK_SEQPACKET pair to each worker. A request is answered in any order, by its `id`; a worker
 * that goes away takes its requests with it.
 */
#ifndef GATE_HASHER_H
#define GATE_HASHER_H

#include <stdint.h>

#include "config/config.h"
#include "core/trouble.h"
#include "mxfence/smtp.h"

#define HASHER_LOGIN_MAX 255
#define HASHER_PASSWORD_MAX 1023
#define HASHER_PENDING_MAX                                                                         \
	64 /* requests of one worker that wait; more are MXF_AUTH_ERROR at once */

struct hasher_request {
	uint64_t id;
	uint32_t client[4]; /* words as in the maps; told to Dovecot */
	uint32_t local[4];
	uint16_t client_port, local_port;
	uint8_t client_family, local_family;
	uint8_t tls;
	char mechanism[8];
	char login[HASHER_LOGIN_MAX + 1]; /* NUL-terminated, as the password */
	char password[HASHER_PASSWORD_MAX + 1];
};

/* The answer to all that was asked so far: the hasher has ended, and another one begins. */
#define HASHER_LOST UINT64_MAX

struct hasher_answer {
	uint64_t id;
	uint32_t result;		  /* enum mxf_auth_result */
	char login[HASHER_LOGIN_MAX + 1]; /* who logged in; "": whom the request names */
};

struct hasher_setup {
	const struct config *config;
	const char *run_dir; /* where a relative Dovecot socket is */
	const int *workers;  /* sockets; -1 where there is none */
	size_t worker_count;
	int channel; /* to the keeper; at its end the hasher ends once its workers are gone too */
};

/*
 * Reads the password file, then calls `drop` (which gives up all privileges), then works until
 * keeper and workers have closed. A user that is not in the file costs as much time as one that is.
 * Returns 0, or -errno with the reason when it could not begin.
 */
typedef int hasher_drop_fn(void *context, struct trouble *trouble);
int hasher_run(const struct hasher_setup *setup, hasher_drop_fn *drop, void *context,
	       struct trouble *trouble);

#endif
