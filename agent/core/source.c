// SPDX-License-Identifier: GPL-2.0-only
#include "core/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"

static int grow(struct sources *sources)
{
	struct source *items;

	if (sources->count >= SOURCE_FILES_MAX)
		return -EMFILE;
	if ((sources->count & (sources->count - 1)) != 0)
		return 0;
	items = realloc(sources->items, (sources->count ? sources->count * 2 : 1) * sizeof(*items));
	if (!items)
		return -ENOMEM;
	sources->items = items;
	return 0;
}

/* Editors neither show nor count a byte order mark. */
static void strip_mark(struct source *source)
{
	if (source->size < 3 || memcmp(source->text, "\xef\xbb\xbf", 3) != 0)
		return;
	source->size -= 3;
	memmove(source->text, source->text + 3, source->size + 1);
}

int sources_add(struct sources *sources, const char *name, const char *path, char *text,
		size_t size)
{
	struct source source = {
		.name = strdup(name), .path = strdup(path), .text = text, .size = size};
	int error = source.name && source.path ? grow(sources) : -ENOMEM;

	if (error) {
		free(source.name);
		free(source.path);
		free(text);
		return error;
	}
	strip_mark(&source);
	sources->items[sources->count] = source;
	return (int)sources->count++;
}

int sources_read(struct sources *sources, const char *name, const char *path)
{
	char *text;
	size_t size;
	int error = file_read(path, &text, &size);

	return error ? error : sources_add(sources, name, path, text, size);
}

int sources_find(const struct sources *sources, const char *name)
{
	for (size_t i = 0; i < sources->count; i++)
		if (strcmp(sources->items[i].name, name) == 0)
			return (int)i;
	return -1;
}

const char *sources_name(const struct sources *sources, uint16_t file)
{
	return file < sources->count ? sources->items[file].name : "";
}

const char *sources_seek(const struct sources *sources, struct source_cursor *cursor, uint16_t file,
			 uint32_t line, size_t *length)
{
	const struct source *source;
	const char *begin;
	const char *end;

	if (file >= sources->count || line == 0)
		return NULL;
	if (cursor->file != file || cursor->line == 0 || cursor->line > line)
		*cursor = (struct source_cursor){.file = file, .line = 1};
	source = &sources->items[file];
	while (cursor->line < line) {
		end = memchr(source->text + cursor->offset, '\n', source->size - cursor->offset);
		if (!end)
			return NULL;
		cursor->offset = (size_t)(end - source->text) + 1;
		cursor->line++;
	}
	if (cursor->offset == source->size)
		return NULL;
	begin = source->text + cursor->offset;
	end = memchr(begin, '\n', source->size - cursor->offset);
	*length = end ? (size_t)(end - begin) : source->size - cursor->offset;
	if (*length > 0 && begin[*length - 1] == '\r')
		--*length;
	return begin;
}

const char *sources_line(const struct sources *sources, uint16_t file, uint32_t line,
			 size_t *length)
{
	struct source_cursor cursor = {0};

	return sources_seek(sources, &cursor, file, line, length);
}

void sources_clear(struct sources *sources)
{
	for (size_t i = 0; i < sources->count; i++) {
		free(sources->items[i].name);
		free(sources->items[i].path);
		free(sources->items[i].text);
	}
	free(sources->items);
	*sources = (struct sources){0};
}
