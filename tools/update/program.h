/* SPDX-License-Identifier: GPL-2.0-only */
/* What a program prints. */
#ifndef UPDATE_PROGRAM_H
#define UPDATE_PROGRAM_H

#include <stddef.h>

#include "failure.h"

/*
 * Runs a program without a shell; blanks divide its arguments. Returns 0 with what it printed
 * (malloc, NUL-terminated), or -errno with *failure when it could not be run, failed, printed more
 * than `limit` bytes, or did not end in time. When it ends, and however it ends, what is left of
 * its process group is killed.
 */
int program_run(const char *program, const char *arguments, size_t limit, int timeout_ms,
		char **text, size_t *size, struct failure *failure);

#endif
