/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses as the socket calls want them. Pure. */
#ifndef GATE_SOCKADDR_H
#define GATE_SOCKADDR_H

#include <stdbool.h>
#include <sys/socket.h>

#include "core/ip.h"

/* Returns the length. */
socklen_t sockaddr_make(struct ip ip, uint8_t family, uint16_t port,
			struct sockaddr_storage *address);

/* False when it is neither IPv4 nor IPv6. */
bool sockaddr_read(const struct sockaddr_storage *address, struct ip *ip, uint8_t *family,
		   uint16_t *port);

#endif
