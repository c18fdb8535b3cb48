// SPDX-License-Identifier: GPL-2.0-only
#include "service/notes.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void notes_open(struct notes *notes, const struct sources *sources)
{
	*notes = (struct notes){.sources = sources};
	if (sources)
		notes->indexes = calloc(sources->count + 1, sizeof(*notes->indexes));
}

void notes_close(struct notes *notes)
{
	for (size_t i = 0; notes->indexes && i < notes->sources->count; i++)
		free(notes->indexes[i].lines);
	free(notes->indexes);
	*notes = (struct notes){0};
}

static size_t lines_count(const struct source *source)
{
	size_t count = 1;

	for (size_t i = 0; i < source->size; i++)
		count += source->text[i] == '\n';
	return count;
}

static void index_make(struct notes_index *index, const struct source *source)
{
	size_t count = 0;

	index->lines = calloc(lines_count(source), sizeof(*index->lines));
	if (!index->lines)
		return;
	index->lines[count++] = 0;
	for (size_t i = 0; i < source->size; i++)
		if (source->text[i] == '\n')
			index->lines[count++] = i + 1;
	index->count = count;
}

static const struct source *source_find(struct notes *notes, const char *name,
					struct notes_index **index)
{
	int file = sources_find(notes->sources, name);
	const struct source *source = file < 0 ? NULL : &notes->sources->items[file];

	if (!source)
		return NULL;
	*index = &notes->indexes[file];
	if (!(*index)->lines)
		index_make(*index, source);
	return source;
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
	const struct source *source;
	struct notes_index *index;

	if (!notes->indexes || !is_list_file(file))
		return NULL;
	source = source_find(notes, file, &index);
	if (!source || line < 1 || line > index->count)
		return NULL;
	begin = source->text + index->lines[line - 1];
	end = source->text + (line < index->count ? index->lines[line] - 1 : source->size);
	for (mark = begin; mark < end && *mark != '#' && *mark != ';'; mark++)
		;
	return comment_trim(mark, end, size);
}
