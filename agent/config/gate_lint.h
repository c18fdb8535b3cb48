/* SPDX-License-Identifier: GPL-2.0-only */
/* What of a gate's configuration could never take effect, or surely is a mistake. */
#ifndef CONFIG_GATE_LINT_H
#define CONFIG_GATE_LINT_H

#include "config/config.h"
#include "core/diag.h"

/*
 * Reports of listeners, backends, limits and their fit with the filter; nothing while diags has
 * errors, which could be the reason. `forwards`: this host forwards packets.
 */
void gate_lint(const struct config *config, bool forwards, struct diags *diags);

#endif
