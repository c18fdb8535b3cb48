/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Edits the text of a list file, one range a line, and leaves everything else in it as it is:
 * comments, blank lines, order, line ends. Pure.
 */
#ifndef SERVICE_TRUST_TEXT_H
#define SERVICE_TRUST_TEXT_H

#include "core/ip.h"

struct text {
	char *data; /* malloc, NUL-terminated */
	size_t size;
};

/*
 * Appends a line with the range and, when `note` is not NULL, the note as a comment. -EINVAL: the
 * note has control characters; -ENOMEM.
 */
int trust_text_add(const char *text, size_t size, const struct range *range, const char *note,
		   struct text *out);

/* The number of the first line that holds exactly this range; 0 when none does. */
uint32_t trust_text_find(const char *text, size_t size, const struct range *range);

/* Leaves out every line that holds exactly this range. Returns how many, or -ENOMEM. */
int trust_text_remove(const char *text, size_t size, const struct range *range, struct text *out);

/* May this be the name of a list file? Letters, digits, '-', '_' and inner dots; at most
 * LIST_NAME_MAX. */
bool trust_name_is_valid(const char *name);

#endif
