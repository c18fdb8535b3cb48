/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SERVICE_PEER_H
#define SERVICE_PEER_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * May the process at the other end of a Unix socket change state? Root, the agent's own user, and
 * whoever has `group` among its groups (SO_PEERCRED, SO_PEERGROUPS: as of its connect()), which is
 * nobody for (gid_t)-1.
 */
bool peer_may_change(int fd, gid_t group);

#endif
