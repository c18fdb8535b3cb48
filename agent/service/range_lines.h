/* SPDX-License-Identifier: GPL-2.0-only */
/* The ranges in the text of a list file, one a line, comments behind '#' or ';'. Pure. */
#ifndef SERVICE_RANGE_LINES_H
#define SERVICE_RANGE_LINES_H

#include <stddef.h>

#include "core/ip.h"
#include "core/trouble.h"

struct range_lines {
	struct range *ranges; /* `line` is where each stands */
	size_t count;
	char masked[160]; /* the first range with host bits that were cut off, as words; or "" */
};

/*
 * Reads all ranges of a text. Returns 0 (clear them), -ENOMEM, or -EINVAL with the line and what is
 * wrong with it; a text of one line is named without a number.
 */
int range_lines_read(const char *text, struct range_lines *lines, struct trouble *trouble);
void range_lines_clear(struct range_lines *lines);

#endif
