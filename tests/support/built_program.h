/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SUPPORT_BUILT_PROGRAM_H
#define SUPPORT_BUILT_PROGRAM_H

#include <stddef.h>

/*
 * The path of a program in the build folder that the running test is part of. Returns 0, or -1 when
 * it is not built.
 */
int built_program_find(const char *name, char *path, size_t size);

#endif
