/* SPDX-License-Identifier: GPL-2.0-only */
/* Ranges out of what a file holds or a program prints. Pure. */
#ifndef UPDATE_PARSE_H
#define UPDATE_PARSE_H

#include "gather.h"

/*
 * Reads a list file, or JSON: a text that begins with a brace or bracket. Of JSON every string that
 * is an address or a prefix is taken, wherever it stands, as providers publish theirs in many
 * shapes. `name` is for messages; takes `text` (malloc, NUL-terminated). Returns 0, -EINVAL with
 * *failure, or -ENOMEM.
 */
int parse_ranges(const char *name, char *text, size_t size, struct gathering *gathering,
		 struct failure *failure);

#endif
