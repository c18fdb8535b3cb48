// SPDX-License-Identifier: GPL-2.0-only
#include "import.h"

#include <errno.h>
#include <iconv.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"

#define POOL_CHUNK ((size_t)256 * 1024)

#define FORMAT_NAME(id, name, text) [IMPORT_##id] = name,
const char *const import_format_names[IMPORT_FORMAT_COUNT] = {IMPORT_FORMATS(FORMAT_NAME)};
#define CHOICE_NAME(id, name) [IMPORT_##id] = name,
const char *const import_choice_names[IMPORT_CHOICE_COUNT] = {IMPORT_CHOICES(CHOICE_NAME)};

struct import_pool {
	struct import_pool *next;
	size_t used, size;
	char bytes[];
};

char *import_allocate(struct import *import, size_t size)
{
	struct import_pool *pool = import->pool;

	if (!pool || pool->size - pool->used < size) {
		size_t room = size > POOL_CHUNK ? size : POOL_CHUNK;

		pool = malloc(sizeof(*pool) + room);
		if (!pool) {
			import->out_of_memory = true;
			return NULL;
		}
		*pool = (struct import_pool){.next = import->pool, .size = room};
		import->pool = pool;
	}
	pool->used += size;
	return pool->bytes + pool->used - size;
}

void import_tell(struct import *import, bool error, uint32_t line, const char *format, ...)
{
	size_t told = import->errors + import->warnings;
	va_list arguments;

	if (error)
		import->errors++;
	else
		import->warnings++;
	if (told >= IMPORT_MESSAGES_MAX)
		return;
	import->messages[told].line = line;
	import->messages[told].error = error;
	va_start(arguments, format);
	vsnprintf(import->messages[told].text, sizeof(import->messages[told].text), format,
		  arguments);
	va_end(arguments);
}

struct import_object *import_add(struct import *import)
{
	if (import->count == import->capacity) {
		size_t capacity = import->capacity ? import->capacity * 2 : 64;
		struct import_object *objects =
			reallocarray(import->objects, capacity, sizeof(*objects));

		if (!objects) {
			import->out_of_memory = true;
			return NULL;
		}
		import->objects = objects;
		import->capacity = capacity;
	}
	import->objects[import->count] = (struct import_object){.closed = false};
	return &import->objects[import->count++];
}

void import_add_text(struct import *import, struct import_texts *texts, struct import_text text)
{
	if ((texts->count & (texts->count - 1)) == 0) {
		size_t room = texts->count ? texts->count * 2 : 1;
		struct import_text *items = reallocarray(texts->items, room, sizeof(*items));

		if (!items) {
			import->out_of_memory = true;
			return;
		}
		texts->items = items;
	}
	texts->items[texts->count++] = text;
}

/* The length of "SMTP:" or another type before an address, 0 when there is none. */
static size_t type_length(struct import_text text)
{
	for (size_t i = 0; i < text.size; i++) {
		char c = text.text[i];

		if (c == ':')
			return i + 1;
		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
		    c != '-')
			return 0;
	}
	return 0;
}

void import_add_address(struct import *import, struct import_object *object,
			struct import_text text)
{
	size_t type;

	while (text.size && strchr(" \t", *text.text)) {
		text.text++;
		text.size--;
	}
	while (text.size && strchr(" \t", text.text[text.size - 1]))
		text.size--;
	type = type_length(text);
	if (type && (type != 5 || strncasecmp(text.text, "SMTP:", 5) != 0)) {
		import->other_addresses++;
		return;
	}
	text.text += type;
	text.size -= type;
	if (text.size)
		import_add_text(import, &object->addresses, text);
}

void import_read_plain(struct import *import, const char *text, size_t size)
{
	const char *end = text + size;
	uint32_t line = 0;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *stop = newline ? newline : end, *at = text;
		struct import_object *object;

		line++;
		while (at < stop && *at != '\r' &&
		       !((*at == '#' || *at == ';') && (at == text || strchr(" \t", at[-1]))))
			at++;
		object = at > text ? import_add(import) : NULL;
		if (object)
			import_add_address(import, object,
					   (struct import_text){text, (size_t)(at - text), line});
		text = newline ? newline + 1 : end;
	}
}

/* Formats. */

static bool line_has(const char *text, size_t size, const char *word)
{
	const char *newline = memchr(text, '\n', size);
	size_t line = newline ? (size_t)(newline - text) : size, length = strlen(word);

	for (size_t i = 0; i + length <= line; i++)
		if (strncasecmp(text + i, word, length) == 0)
			return true;
	return false;
}

enum import_format import_detect(const char *text, size_t size)
{
	const char *at = text, *end = text + size;

	if (line_has(text, size, "Obj-Class"))
		return IMPORT_EXCHANGE55;
	if (line_has(text, size, "PrimarySmtpAddress") || line_has(text, size, "EmailAddresses") ||
	    line_has(text, size, "proxyAddresses") || line_has(text, size, "#TYPE "))
		return IMPORT_CSV;
	for (int lines = 0; at < end && lines < 50; lines++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		if (strncasecmp(at, "dn:", end - at < 3 ? (size_t)(end - at) : 3) == 0 ||
		    strncasecmp(at, "version:", end - at < 8 ? (size_t)(end - at) : 8) == 0)
			return IMPORT_LDIF;
		at = newline ? newline + 1 : end;
	}
	return IMPORT_PLAIN;
}

static char *convert(const char *charset, const char *data, size_t size, size_t *decoded)
{
	size_t room = size * 2 + 1, left = room - 1;
	char *out = malloc(room), *to = out, *from = (char *)data;
	iconv_t converter = iconv_open("UTF-8", charset);
	bool done = out && converter != (iconv_t)-1 &&
		    iconv(converter, &from, &size, &to, &left) != (size_t)-1;

	if (converter != (iconv_t)-1)
		iconv_close(converter);
	if (!done) {
		free(out);
		errno = out ? EILSEQ : ENOMEM;
		return NULL;
	}
	*to = '\0';
	*decoded = (size_t)(to - out);
	return out;
}

char *import_decode(const char *data, size_t size, size_t *decoded)
{
	size_t mark = size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	char *copy;

	if (size >= 2 && memcmp(data, "\xff\xfe", 2) == 0)
		return convert("UTF-16LE", data + 2, size - 2, decoded);
	if (size >= 2 && memcmp(data, "\xfe\xff", 2) == 0)
		return convert("UTF-16BE", data + 2, size - 2, decoded);
	if (size >= 2 && data[0] && !data[1]) /* some programs write no mark */
		return convert("UTF-16LE", data, size, decoded);
	copy = malloc(size - mark + 1);
	if (!copy)
		return NULL;
	memcpy(copy, data + mark, size - mark);
	copy[size - mark] = '\0';
	*decoded = size - mark;
	return copy;
}

void import_read(enum import_format format, const char *text, size_t size, struct import *import)
{
	*import = (struct import){.count = 0};
	switch (format) {
	case IMPORT_EXCHANGE55:
	case IMPORT_CSV:
		import_read_csv(import, text, size, format == IMPORT_EXCHANGE55);
		break;
	case IMPORT_LDIF:
		import_read_ldif(import, text, size);
		break;
	default:
		import_read_plain(import, text, size);
	}
}

static void pool_free(struct import_pool *pool)
{
	while (pool) {
		struct import_pool *next = pool->next;

		free(pool);
		pool = next;
	}
}

void import_clear(struct import *import)
{
	for (size_t i = 0; i < import->count; i++) {
		free(import->objects[i].addresses.items);
		free(import->objects[i].members.items);
		free(import->objects[i].rejected.items);
		free(import->objects[i].rejected_groups.items);
	}
	free(import->objects);
	pool_free(import->pool);
	*import = (struct import){.count = 0};
}

void import_set_clear(struct import_set *set)
{
	free(set->keys);
	pool_free(set->pool);
	*set = (struct import_set){.count = 0};
}
