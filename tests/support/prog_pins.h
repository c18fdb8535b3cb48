/* SPDX-License-Identifier: GPL-2.0-only */
/* A BPF filesystem of the test's own, and the program on the maps that a fence pinned there. */
#ifndef PROG_PINS_H
#define PROG_PINS_H

#include "tests/support/prog_load.h"

/* A pin directory that no other process sees. 0 or -errno; -EPERM when not permitted. */
int pins_make(char pin_dir[64]);
void pins_remove(const char *pin_dir);

/* As prog_load(), with the maps that are pinned there. */
int prog_load_pinned(const char *pin_dir, struct prog *prog);

#endif
