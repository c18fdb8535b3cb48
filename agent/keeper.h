/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The keeper: owns the configuration in force, the fence in the kernel, the control socket and the
 * metrics, and applies changes whole or not at all.
 */
#ifndef AGENT_KEEPER_H
#define AGENT_KEEPER_H

#include "mxfence/control.h"
#include "options.h"

struct keeper;

/*
 * Reads the configuration, enforces it, opens the sockets, gives up privileges. When it returns
 * MXF_EXIT_OK the fence stands; else the reason is on stderr, and what was in force still is,
 * but for pins that options->replace_pins gave up.
 */
enum mxf_exit keeper_start(const struct options *options, struct keeper **keeper);

/* Works until SIGTERM or SIGINT. */
void keeper_run(struct keeper *keeper);

/* Leaves the fence as `on-stop` says and frees everything. */
enum mxf_exit keeper_stop(struct keeper **keeper);

#endif
