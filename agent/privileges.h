/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AGENT_PRIVILEGES_H
#define AGENT_PRIVILEGES_H

#include <stdbool.h>

#include "core/trouble.h"

/*
 * Keeps CAP_BPF and CAP_NET_ADMIN alone, and without a fence nothing, for good: the bounding set is
 * emptied and no program started from here gains anything. The user stays: files are reached as
 * their owner.
 */
int privileges_drop(bool has_fence, struct trouble *trouble);

#endif
