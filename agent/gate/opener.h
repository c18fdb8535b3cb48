/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The opener: a process that keeps CAP_NET_BIND_SERVICE alone and opens listening sockets for the
 * keeper, which has given that up: also those of a later configuration.
 */
#ifndef GATE_OPENER_H
#define GATE_OPENER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "config/gate.h"

/* Forks it. Returns the socket to it, which ends it when closed, or -errno. */
int opener_start(pid_t *pid);

/*
 * Opens `count` sockets that listen on the endpoint: non-blocking, SO_REUSEPORT, TCP_NODELAY, IPv6
 * without IPv4. `ours`: some of them are open already, and the others do not listen yet: from when
 * they do, clients come to them. Else -EADDRINUSE where any other socket listens there, one that
 * shares its port included. Returns 0 or -errno; fds has room for `count`.
 * -EPIPE: the opener has ended. -ETIMEDOUT: it does not answer; it is told to end then, and is not
 * asked again.
 */
#define OPENER_BACKLOG 4096
#define OPENER_SOCKETS_MAX 64
int opener_open(int opener, const struct gate_endpoint *endpoint, bool ours, int *fds,
		size_t count);

#endif
