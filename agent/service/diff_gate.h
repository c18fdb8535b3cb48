/* SPDX-License-Identifier: GPL-2.0-only */
/* The gate's settings, each as the text a person would compare. Pure. */
#ifndef SERVICE_DIFF_GATE_H
#define SERVICE_DIFF_GATE_H

#include <jansson.h>

#include "config/gate.h"

/*
 * Adds "gate.KEY": text for every setting of the gate. Of a long list the text is how many entries
 * it has, with a checksum in which every entry counts.
 */
void diff_gate_settings(const struct gate_config *gate, json_t *settings);

#endif
