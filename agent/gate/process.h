/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The gate's child processes: born by fork, without capabilities, as a user that owns nothing.
 *
 * The keeper's saved user and group ids are those of `mxfence` (else `nobody`), set while it still
 * has all privileges. So a child may become that user although nobody has CAP_SETUID any more.
 */
#ifndef GATE_PROCESS_H
#define GATE_PROCESS_H

#include <sys/types.h>

#include "core/trouble.h"

/*
 * Sets the saved ids. As another user than root there is nothing to change to, and children stay
 * that user. -EPERM: root without CAP_SETUID or CAP_SETGID.
 */
int process_prepare(struct trouble *trouble);

/*
 * As fork(), but the child keeps of the open descriptors only stderr and the `count` of `kept`, and
 * no mapping of a BPF map; it is called `name`, and ignores SIGHUP, SIGINT and SIGTERM: its parent
 * tells it what to do. Returns the child's id, 0 in the child, or -errno.
 */
pid_t process_fork(const char *name, const int *kept, size_t count);

/* In the child: gives up user, group and capabilities for good. Returns 0 or -errno. */
int process_drop(struct trouble *trouble);

/* The same but for one capability, which stays; the user stays too. */
int process_drop_to(unsigned int capability);

/*
 * Ends a child at once. The parent has no right to signal other users' processes, so it is that
 * user for as long as this takes; it must have one thread.
 */
void process_end(pid_t pid);

#endif
