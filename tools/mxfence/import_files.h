/* SPDX-License-Identifier: GPL-2.0-only */
/* What the `import` verbs share: the export, the file that is replaced, and what changes in it. */
#ifndef MXFENCE_IMPORT_FILES_H
#define MXFENCE_IMPORT_FILES_H

#include "output.h"

/* --dry-run compares with --output. */
enum mxf_exit import_check_output(const struct command *command);

/* Reads a file as UTF-8 text, whatever it was saved as; malloc. What fails is printed. */
enum mxf_exit import_read_export(const struct command *command, const char *path, char **text,
				 size_t *size);

/* The last part of a path, fit to be shown; malloc. */
char *import_file_name(const char *path);

struct import_difference {
	size_t added, removed;
	json_t *lists[2]; /* added, removed; for JSON */
};

/* One entry: added when `order` < 0, removed when > 0; a line "+ TEXT" or "- TEXT" to `out`. */
void import_difference_add(struct import_difference *difference, int order, const char *text,
			   FILE *out);

/*
 * What an import made, ready to be told: `compare` adds each entry to the difference with the
 * output and prints it, `write` writes the file's text, the others tell how it went.
 */
typedef void import_write_fn(const void *job, FILE *out);
typedef void import_compare_fn(const void *job, FILE *out, struct import_difference *difference);
typedef void import_print_fn(const void *job, const struct import_difference *difference);
struct import_result {
	const struct command *command;
	const void *job;
	import_compare_fn *compare;
	import_write_fn *write;
	import_print_fn *print_summary;
	import_print_fn *print_json;
};

/* Writes --output, or the standard output, or with --dry-run nothing, and tells of it. */
enum mxf_exit import_finish(const struct import_result *result);

/* The end of a summary on stderr: "; FILE: 2 added, 1 removed" where there is an output. */
void import_difference_print(const struct import_difference *difference,
			     const struct command *command);

#endif
