/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AGENT_PRIVILEGES_H
#define AGENT_PRIVILEGES_H

#include "fence/kernel.h"

/*
 * Keeps CAP_BPF and CAP_NET_ADMIN alone, for good: the bounding set is emptied and no program
 * started from here gains anything. The user stays: files are reached as their owner.
 */
int privileges_drop(struct trouble *trouble);

#endif
