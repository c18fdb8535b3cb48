// SPDX-License-Identifier: GPL-2.0-only
#include "service/peer.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/scoped.h"

static bool peer_has_group(int fd, gid_t group)
{
	SCOPED_FREE gid_t *groups = NULL;
	socklen_t size = 0;

	/* The first call tells the size. */
	if (!getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &size) || errno != ERANGE)
		return false;
	groups = malloc(size);
	if (!groups || getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size))
		return false;
	for (size_t i = 0; i < size / sizeof(*groups); i++)
		if (groups[i] == group)
			return true;
	return false;
}

bool peer_may_change(int fd, gid_t group)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size))
		return false;
	return peer.uid == 0 || peer.uid == geteuid() || peer.gid == group ||
	       peer_has_group(fd, group);
}
