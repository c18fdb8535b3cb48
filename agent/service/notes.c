// SPDX-License-Identifier: GPL-2.0-only
#include "service/notes.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void notes_open(struct notes *notes, const struct sources *sources)
{
	*notes = (struct notes){.sources = sources};
}

void notes_close(struct notes *notes)
{
	free(notes->lines);
	*notes = (struct notes){0};
}

static size_t lines_count(const struct source *source)
{
	size_t count = 1;

	for (size_t i = 0; i < source->size; i++)
		count += source->text[i] == '\n';
	return count;
}

static void lines_index(struct notes *notes, const struct source *source)
{
	size_t count = 0;

	free(notes->lines);
	notes->file = source;
	notes->line_count = 0;
	notes->lines = calloc(lines_count(source), sizeof(*notes->lines));
	if (!notes->lines)
		return;
	notes->lines[count++] = 0;
	for (size_t i = 0; i < source->size; i++)
		if (source->text[i] == '\n')
			notes->lines[count++] = i + 1;
	notes->line_count = count;
}

static const struct source *source_find(const struct sources *sources, const char *name)
{
	for (size_t i = 0; i < sources->count; i++)
		if (!strcmp(sources->items[i].name, name))
			return &sources->items[i];
	return NULL;
}

static bool is_list_file(const char *name)
{
	size_t size = strlen(name);

	return size > 5 && !strcmp(name + size - 5, ".cidr");
}

static const char *comment_trim(const char *begin, const char *end, size_t *size)
{
	while (begin < end && (isspace((unsigned char)*begin) || *begin == '#' || *begin == ';'))
		begin++;
	while (begin < end && isspace((unsigned char)end[-1]))
		end--;
	*size = (size_t)(end - begin);
	return *size ? begin : NULL;
}

const char *notes_find(struct notes *notes, const char *file, uint32_t line, size_t *size)
{
	const char *begin, *end, *mark;

	if (!notes->sources || !is_list_file(file))
		return NULL;
	if (!notes->file || strcmp(notes->file->name, file)) {
		const struct source *source = source_find(notes->sources, file);

		if (!source)
			return NULL;
		lines_index(notes, source);
	}
	if (line < 1 || line > notes->line_count)
		return NULL;
	begin = notes->file->text + notes->lines[line - 1];
	end = line < notes->line_count ? notes->file->text + notes->lines[line] - 1
				       : notes->file->text + notes->file->size;
	for (mark = begin; mark < end && *mark != '#' && *mark != ';'; mark++)
		;
	return comment_trim(mark, end, size);
}
