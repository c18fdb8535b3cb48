/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages about what a person wrote: collected, sorted by place, then printed by whoever may
 * print.
 *
 *     mxfence.yaml:12:14: error: 300.1.1.0/24 is not an IPv4 address
 *        12 |     ranges: [300.1.1.0/24, 10.0.0.0/8]
 *           |              ^~~~~~~~~~~~
 *           = expected an address, a CIDR prefix, or address and mask
 */
#ifndef CORE_DIAG_H
#define CORE_DIAG_H

#include <stdbool.h>
#include <stdio.h>

#include "core/source.h"

enum diag_severity { DIAG_ERROR, DIAG_WARNING };

struct diag {
	enum diag_severity severity;
	struct place place;
	char *message; /* printable */
	char *hint;    /* NULL when there is none */
	size_t kind;   /* index in diags.kinds */
	size_t order;
};

/*
 * Messages of one kind, made from one format, that are kept of one file; a list of a million may
 * repeat one mistake.
 */
#define DIAG_REPEAT_MAX 20
#define DIAG_REPEAT_MAX_ERRORS 1000

struct diag_kind {
	const char *format;
	enum diag_severity severity;
	uint16_t file;
	size_t kept;
	size_t dropped;
};

struct diags {
	struct diag *items;
	size_t count;
	size_t errors; /* with those that were not kept, like `warnings` */
	size_t warnings;
	struct diag_kind *kinds;
	size_t kind_count;
	bool out_of_memory; /* a message was lost; counts as an error */
};

/*
 * Adds a message. `hint` may be NULL and is copied; `format` makes the message, one line, and must
 * outlive diags. What came from a file is escaped: no control characters reach message and hint.
 */
void diags_add(struct diags *diags, enum diag_severity severity, struct place place,
	       const char *hint, const char *format, ...) __attribute__((format(printf, 5, 6)));

/*
 * True when enough messages of this kind are kept of the file; this one has then been counted, as
 * diags_add() would have done. Spares a caller who has millions the work of making them.
 */
bool diags_count_only(struct diags *diags, enum diag_severity severity, uint16_t file,
		      const char *format);

/* By file, line, column, then errors before warnings; stable. */
void diags_sort(struct diags *diags);

/* How many more of items[index]'s kind were not kept, for the last one of it; else 0. */
size_t diags_more(const struct diags *diags, size_t index);

/*
 * What is shown of the line that a message is about: all of it, or of a long one what is around the
 * place, between "...".
 */
#define DIAG_EXCERPT_SIZE 256
struct diag_excerpt {
	char text[DIAG_EXCERPT_SIZE]; /* as it stands in the file */
	size_t size;
	uint32_t column; /* of the place in it, from 1 */
	uint32_t length; /* of what is underlined; 0 = 1 */
};

/* False when the file has no such line. A cursor as for sources_seek(). */
bool diag_find_excerpt(const struct diag *diag, const struct sources *sources,
		       struct source_cursor *cursor, struct diag_excerpt *excerpt);

/*
 * Prints one message in the form above. `excerpt` may be NULL; `more` is what diags_more() says;
 * `colour` adds ANSI colours. All but `file` and excerpt must be printable already.
 */
void diag_print(const struct diag *diag, const char *file, const struct diag_excerpt *excerpt,
		size_t more, bool colour, FILE *stream);

/* Prints all of them, sorted or not. */
void diags_print(const struct diags *diags, const struct sources *sources, bool colour,
		 FILE *stream);

void diags_clear(struct diags *diags);

#endif
