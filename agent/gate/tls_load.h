/* SPDX-License-Identifier: GPL-2.0-only */
/* Certificates, keys and trust anchors from files, for the contexts and for `check`. */
#ifndef GATE_TLS_LOAD_H
#define GATE_TLS_LOAD_H

#include <openssl/ssl.h>

#include "config/config.h"

/* Why a file could not be used, to follow its name; printable. */
struct tls_fault {
	int error; /* errno; EINVAL for a file that could be read */
	char reason[200];
};

/* The chain, its first certificate being the server's. 0 or -errno. */
int tls_load_certificate(SSL_CTX *context, const char *path, struct tls_fault *fault);
/* The key that belongs to the certificate loaded before. 0 or -errno. */
int tls_load_key(SSL_CTX *context, const char *path, struct tls_fault *fault);

/* The trust anchors of a file, or of the system with NULL. 0 or -errno. */
int tls_load_anchors(const char *path, X509_STORE **store, struct tls_fault *fault);

#endif
