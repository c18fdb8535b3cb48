/* SPDX-License-Identifier: GPL-2.0-only */
/* `trust import`. For keeper*.c alone. */
#ifndef AGENT_KEEPER_IMPORT_H
#define AGENT_KEEPER_IMPORT_H

#include "keeper_internal.h"

/*
 * Swaps a list of trusted.d whole, or creates it. Refused, unless forced, when more than half of
 * the list's ranges, or a source that passed within a day, would not be trusted any more.
 */
control_handler_fn keeper_trust_import;

#endif
