/* SPDX-License-Identifier: GPL-2.0-only */
/* A configuration, read and looked at from every side: what `mxfence check` and the agent ask. */
#ifndef SERVICE_CHECK_H
#define SERVICE_CHECK_H

#include "config/config.h"
#include "core/diag.h"
#include "policy/policy.h"

/*
 * Loads the configuration at `path`, compiles its policy, reads its certificates, and looks for
 * what contradicts itself or could never take effect. Returns 0 with *config set, also when diags
 * has errors, and *policy where there is a gate (else NULL); or -ENOMEM. The messages are sorted.
 * The policy must go before the configuration.
 */
int check_configuration(const char *path, struct config **config, struct policy **policy,
			struct diags *diags);

#endif
