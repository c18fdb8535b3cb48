/* SPDX-License-Identifier: GPL-2.0-only */
/* Certificates for tests: signed by themselves, so each is its own trust anchor. */
#ifndef SUPPORT_CERTIFICATES_H
#define SUPPORT_CERTIFICATES_H

/*
 * Writes DIRECTORY/NAME.crt and .key: a certificate with these subject alternative names
 * ("DNS:mx.example.com, IP:127.0.0.1"), valid between now plus `from` and now plus `to` seconds.
 */
void certificate_write(const char *directory, const char *name, const char *names, long from,
		       long to);

#endif
