// SPDX-License-Identifier: GPL-2.0-only
#include "service/trust_text.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "core/range.h"

/* The line's size with its end. */
static size_t line_size(const char *text, size_t size)
{
	const char *end = memchr(text, '\n', size);

	return end ? (size_t)(end - text) + 1 : size;
}

static bool line_holds(const char *line, size_t size, const struct range *range)
{
	enum range_error error;
	struct range found;
	size_t used = 0;

	while (used < size && !strchr("#;\r\n", line[used]))
		used++;
	error = range_parse(line, used, &found);
	return (error == RANGE_OK || error == RANGE_HOST_BITS) && found.family == range->family &&
	       ip_equal(found.first, range->first) && ip_equal(found.last, range->last);
}

static bool note_is_plain(const char *note)
{
	for (; *note; note++)
		if ((unsigned char)*note < 0x20 || *note == 0x7f)
			return false;
	return true;
}

/* As the file does it already. */
static const char *line_end(const char *text, size_t size)
{
	size_t length = size ? line_size(text, size) : 0;

	return length >= 2 && text[length - 2] == '\r' && text[length - 1] == '\n' ? "\r\n" : "\n";
}

int trust_text_add(const char *text, size_t size, const struct range *range, const char *note,
		   struct text *out)
{
	const char *end = line_end(text, size);
	bool unfinished = size && text[size - 1] != '\n';
	char address[RANGE_TEXT_MAX];
	int length;
	char *added;

	if (note && !note_is_plain(note))
		return -EINVAL;
	range_format(range, address);
	length = asprintf(&added, "%s%s%s%s%s", unfinished ? end : "", address,
			  note && *note ? " # " : "", note ? note : "", end);
	if (length < 0)
		return -ENOMEM;
	out->data = malloc(size + (size_t)length + 1);
	if (out->data) {
		memcpy(out->data, text, size);
		memcpy(out->data + size, added, (size_t)length + 1);
		out->size = size + (size_t)length;
	}
	free(added);
	return out->data ? 0 : -ENOMEM;
}

uint32_t trust_text_find(const char *text, size_t size, const struct range *range)
{
	uint32_t line = 1;

	for (size_t at = 0; at < size; line++) {
		size_t length = line_size(text + at, size - at);

		if (line_holds(text + at, length, range))
			return line;
		at += length;
	}
	return 0;
}

int trust_text_remove(const char *text, size_t size, const struct range *range, struct text *out)
{
	char *kept = malloc(size + 1);
	size_t used = 0;
	int removed = 0;

	if (!kept)
		return -ENOMEM;
	for (size_t at = 0; at < size;) {
		size_t length = line_size(text + at, size - at);

		if (line_holds(text + at, length, range)) {
			removed++;
		} else {
			memcpy(kept + used, text + at, length);
			used += length;
		}
		at += length;
	}
	kept[used] = '\0';
	*out = (struct text){.data = kept, .size = used};
	return removed;
}

bool trust_name_is_valid(const char *name)
{
	size_t size = strlen(name);

	if (size == 0 || size > LIST_NAME_MAX || name[0] == '.' || name[size - 1] == '.')
		return false;
	for (; *name; name++)
		if (!isascii(*name) || (!isalnum((unsigned char)*name) && !strchr("-_.", *name)))
			return false;
	return true;
}
