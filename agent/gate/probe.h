/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Asks a backend what it offers: as the worker starts, every WORKER_PROBE_S, and after a failure
 * every WORKER_PROBE_AGAIN_S. Sessions keep the answer current besides.
 */
#ifndef GATE_PROBE_H
#define GATE_PROBE_H

#include <stddef.h>

struct probe;
struct worker;

/* Begins at once; worker_probe_done() is called when the first answer or failure is there. */
struct probe *probe_new(struct worker *worker, size_t backend);
void probe_free(struct probe **probe);

#endif
