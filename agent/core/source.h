/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The files a configuration was read from. Everything that came out of one remembers (file, line,
 * column), so that a message, an explanation or a listing can say where it is written.
 */
#ifndef CORE_SOURCE_H
#define CORE_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#define SOURCE_FILES_MAX 65535u

struct source {
	char *name; /* as a person would type it: the path given, others joined to its directory */
	char *path; /* how to open it */
	char *text; /* NUL-terminated contents, without a byte order mark */
	size_t size;
};

struct sources {
	struct source *items;
	size_t count;
};

/* A place in a file; line and column count from 1, the column in bytes. */
struct place {
	uint16_t file;
	uint32_t line;
	uint32_t column;
	uint32_t length; /* bytes to underline; 0 = 1 */
};

/*
 * Adds the text of a file that was read already; takes ownership of `text` (malloc). Returns the
 * file's number, or -ENOMEM or -EMFILE (and then frees text).
 */
int sources_add(struct sources *sources, const char *name, const char *path, char *text,
		size_t size);

/*
 * Reads a file and adds it. Returns its number or -errno: what file_read() says, or as
 * sources_add().
 */
int sources_read(struct sources *sources, const char *name, const char *path);

/* The number of the file with that name, or -1. There are few files. */
int sources_find(const struct sources *sources, const char *name);

/* "" when there is no such file. Owned by `sources`. */
const char *sources_name(const struct sources *sources, uint16_t file);

/* The line's text without its end, and its length; NULL when the file has no such line. */
const char *sources_line(const struct sources *sources, uint16_t file, uint32_t line,
			 size_t *length);

/*
 * As sources_line(), but goes on from where the cursor stood, so that places asked for in
 * ascending order cost one pass over the file. A cursor starts zeroed.
 */
struct source_cursor {
	uint16_t file;
	uint32_t line; /* that begins at `offset`; 0 = at the beginning */
	size_t offset;
};
const char *sources_seek(const struct sources *sources, struct source_cursor *cursor, uint16_t file,
			 uint32_t line, size_t *length);

void sources_clear(struct sources *sources);

#endif
