/* SPDX-License-Identifier: GPL-2.0-only */
/* The comments behind ranges in list files, found by file and line without a search. Pure. */
#ifndef SERVICE_NOTES_H
#define SERVICE_NOTES_H

#include "core/source.h"

struct notes_index {
	size_t *lines; /* offset of each line; NULL before the first question */
	size_t count;
};

struct notes {
	const struct sources *sources;
	struct notes_index *indexes; /* one for each source */
};

/* `sources` may be NULL, then there are no notes; it must outlive them. */
void notes_open(struct notes *notes, const struct sources *sources);

/*
 * The comment on that line of that file, without mark and blanks; not terminated, `size` bytes.
 * NULL when there is none, or the file is not a list file (its name does not end in .cidr).
 */
const char *notes_find(struct notes *notes, const char *file, uint32_t line, size_t *size);

void notes_close(struct notes *notes);

#endif
