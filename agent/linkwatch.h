/* SPDX-License-Identifier: GPL-2.0-only */
/* Interfaces that come, go and change, as rtnetlink(7) tells. */
#ifndef AGENT_LINKWATCH_H
#define AGENT_LINKWATCH_H

#include <stdbool.h>
#include <stdint.h>

/* A new subscription's descriptor, non-blocking; or -errno. */
int linkwatch_open(void);

/* `name` is "" and ifindex 0 when messages were lost and anything may have happened. */
typedef void linkwatch_fn(void *context, const char *name, uint32_t ifindex, bool gone);

/* Reads what is there and calls `fn` for each interface in it. */
void linkwatch_read(int fd, linkwatch_fn *fn, void *context);

#endif
