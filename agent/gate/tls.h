/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TLS of the gate, by OpenSSL: contexts that the keeper makes, as it alone may read the keys, and
 * that workers inherit by fork.
 *
 * Server: TLS 1.2 and up, the certificate by SNI, no session tickets or cache (so no resumption
 * across listeners), no renegotiation, no compression; the system's cipher policy. Client: SNI and
 * `verify` (name and chain) by backend.
 */
#ifndef GATE_TLS_H
#define GATE_TLS_H

#include <openssl/ssl.h>

#include "config/config.h"
#include "core/diag.h"
#include "core/trouble.h"

struct tls_contexts;

/*
 * Loads every certificate and key of the configuration, and the trust anchors for `verify`: those
 * of the backend's file, or the system's. Returns 0 with *contexts set, or -errno with the first
 * thing that is wrong, its file and what to do. Nothing is read from files later.
 */
int tls_contexts_new(const struct config *config, struct tls_contexts **contexts,
		     struct trouble *trouble);
void tls_contexts_free(struct tls_contexts **contexts);

/*
 * For `check`: reports certificates that cannot be read or parsed, a key that does not belong to
 * its certificate (errors), and certificates that have expired or do so within two weeks, or that
 * do not name gate.hostname (warnings). A key that only root may read is not an error: it is not
 * looked at. `now`: seconds since 1970.
 */
void tls_check(const struct config *config, int64_t now, struct diags *diags);

/*
 * A new connection, accepting or connecting to that server of the backend; NULL without memory. The
 * caller sets its BIO. With `verify` the handshake fails unless the chain is good and the
 * certificate names the backend's tls_name, or without one the server's address.
 */
SSL *tls_new_server(const struct tls_contexts *contexts);
SSL *tls_new_client(const struct tls_contexts *contexts, size_t backend, size_t server);

/* True when certificates are there to accept TLS with. */
bool tls_can_accept(const struct tls_contexts *contexts);

#endif
