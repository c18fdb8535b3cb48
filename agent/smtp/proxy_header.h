/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HAProxy's PROXY protocol header, versions 1 and 2 (the specification of 2020/03/05), both ways.
 * Pure. It is looked for only where a header must come: it is never guessed.
 */
#ifndef SMTP_PROXY_HEADER_H
#define SMTP_PROXY_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/ip.h"

#define PROXY_HEADER_V1_MAX 107 /* octets with CRLF, section 2.1 */
#define PROXY_HEADER_MAX 4096	/* accepted of version 2, TLVs included */
#define PROXY_HEADER_WRITE_MAX 128

struct proxy_header {
	bool local; /* LOCAL or UNKNOWN: the connection speaks for itself, addresses are not set */
	uint8_t family;
	struct ip source, destination;
	uint16_t source_port, destination_port;
};

enum proxy_status { PROXY_MORE, PROXY_DONE, PROXY_BROKEN };

/*
 * Reads the header at the start of data; *used is its length when done. TLVs are skipped. IPv4
 * mapped into IPv6 is IPv4. Refused: what is neither TCP over IPv4 or IPv6 nor says nothing (LOCAL,
 * UNKNOWN, AF_UNSPEC), and version 2 longer than PROXY_HEADER_MAX. *header is undefined unless
 * PROXY_DONE.
 */
enum proxy_status proxy_header_read(const char *data, size_t size, struct proxy_header *header,
				    size_t *used);

/* Writes a header; returns its length. out has PROXY_HEADER_WRITE_MAX bytes. */
size_t proxy_header_write_v1(const struct proxy_header *header, char *out);
size_t proxy_header_write_v2(const struct proxy_header *header, char *out);

#endif
