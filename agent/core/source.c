// SPDX-License-Identifier: GPL-2.0-only
#include "core/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One more than may be: a file that fills it is too large. */
#define READ_MAX (SOURCE_FILE_MAX + 1)

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

/* Files of /proc say that they have no size, so the size is only where to begin. */
static int read_all(int fd, size_t expected, char **out, size_t *out_size)
{
	size_t capacity = (expected < READ_MAX ? expected : READ_MAX) + 2;
	size_t size = 0;
	char *text = malloc(capacity);

	while (text) {
		ssize_t got = read(fd, text + size, capacity - 1 - size);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || size + (size_t)got > SOURCE_FILE_MAX) {
			int error = got < 0 ? -errno : -EFBIG;

			free(text);
			return error;
		}
		size += (size_t)got;
		if (got == 0) {
			text[size] = '\0';
			*out = text;
			*out_size = size;
			return 0;
		}
		if (size == capacity - 1) {
			char *larger = realloc(text, capacity * 2);

			if (!larger)
				free(text);
			text = larger;
			capacity *= 2;
		}
	}
	return -ENOMEM;
}

static int read_regular(int fd, char **text, size_t *size)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (S_ISDIR(status.st_mode))
		return -EISDIR;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	if (status.st_size > (off_t)SOURCE_FILE_MAX)
		return -EFBIG;
	return read_all(fd, (size_t)status.st_size, text, size);
}

int sources_read(struct sources *sources, const char *name, const char *path)
{
	char *text = NULL;
	size_t size = 0;
	int error;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return -errno;
	error = read_regular(fd, &text, &size);
	close(fd);
	return error ? error : sources_add(sources, name, path, text, size);
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
