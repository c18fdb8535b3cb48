/* SPDX-License-Identifier: GPL-2.0-only */
/* Whole files, read and replaced. */
#ifndef CORE_FILE_H
#define CORE_FILE_H

#include <stddef.h>

/*
 * Reads a regular file of at most `limit` bytes into new memory, NUL-terminated. Returns 0 or
 * -errno: -EFBIG when it is larger, -EINVAL when it is no regular file.
 */
int file_read(const char *path, size_t limit, char **data, size_t *size);

/*
 * Replaces a file, or creates it (mode 0644): written beside it, synced, renamed, so that readers
 * and a crash find the old one or the new one whole. The mode of an old file is kept.
 */
int file_replace(const char *path, const char *data, size_t size);

#endif
