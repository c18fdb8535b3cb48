/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Going to the background only once there is something to say: the parent waits until the child is
 * ready or has failed, and exits as it did.
 */
#ifndef AGENT_BACKGROUND_H
#define AGENT_BACKGROUND_H

#include <stdbool.h>

/*
 * Forks. In the child returns a descriptor for background_ready(); the parent does not return. On
 * failure returns -errno, in the only process there is.
 */
int background_enter(void);

/* Lets the parent exit with 0 and leaves its terminal; `keep_stderr` for a log that goes there. */
void background_ready(int fd, bool keep_stderr);

#endif
