/* SPDX-License-Identifier: GPL-2.0-only */
/* Whole files, read and replaced. */
#ifndef CORE_FILE_H
#define CORE_FILE_H

#include <stddef.h>

#include "core/trouble.h"

#define FILE_SIZE_MAX ((size_t)16 << 20)

/*
 * Reads a regular file into new memory, NUL-terminated. Returns 0 or -errno: -EFBIG over
 * FILE_SIZE_MAX, -EISDIR, -EINVAL when it is no regular file (a FIFO would stall the reader), else
 * what open or read said.
 */
int file_read(const char *path, char **data, size_t *size);

/* The same of what is open, a pipe too, to its end. */
int file_read_descriptor(int fd, char **data, size_t *size);

/* Why file_read() failed, and what helps (NULL: nothing special), for a positive errno value. */
const char *file_error_text(int error);
const char *file_error_hint(int error);

/*
 * Replaces a regular file, or creates it (mode 0644): written beside it, synced, renamed, so that
 * readers and a crash find the old one or the new one whole. Owner, group and mode of an old file
 * are kept; where that cannot be, and where it is a symbolic link, nothing is changed. Returns 0 or
 * -errno with the reason in *trouble.
 */
int file_replace(const char *path, const char *data, size_t size, struct trouble *trouble);

/* Removes what file_replace() left in the directory when it was killed. Returns how many. */
unsigned int file_remove_unfinished(const char *directory);

#endif
