// SPDX-License-Identifier: GPL-2.0-only
#include "core/diag.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"

#define MESSAGE_SIZE 512

/* Of a line that is longer than this only what is around the place is shown. */
#define LINE_SHOWN 200
#define LINE_SHOWN_BEFORE 80

/* Room for one more in an array that has doubled whenever its count was a power of two. */
static void *grow(void *items, size_t count, size_t size)
{
	if ((count & (count - 1)) != 0)
		return items;
	return realloc(items, (count ? count * 2 : 1) * size);
}

/* The newest first: messages of one kind come in rows. */
static struct diag_kind *find_kind(struct diags *diags, enum diag_severity severity, uint16_t file,
				   const char *format)
{
	struct diag_kind *kinds;

	for (size_t i = diags->kind_count; i-- > 0;) {
		struct diag_kind *kind = &diags->kinds[i];

		if (kind->file == file && kind->severity == severity && kind->format == format)
			return kind;
	}
	kinds = grow(diags->kinds, diags->kind_count, sizeof(*kinds));
	if (!kinds)
		return NULL;
	diags->kinds = kinds;
	kinds[diags->kind_count] =
		(struct diag_kind){.format = format, .severity = severity, .file = file};
	return &kinds[diags->kind_count++];
}

static struct diag *new_item(struct diags *diags, struct diag_kind *kind, struct place place)
{
	struct diag *items = grow(diags->items, diags->count, sizeof(*items));

	if (!items)
		return NULL;
	diags->items = items;
	items[diags->count] = (struct diag){
		.severity = kind->severity,
		.place = place,
		.kind = (size_t)(kind - diags->kinds),
		.order = diags->count,
	};
	return &items[diags->count];
}

static char *escaped_copy(const char *text)
{
	char escaped[MESSAGE_SIZE];

	text_escape(text, strlen(text), escaped, sizeof(escaped));
	return strdup(escaped);
}

static int keep(struct diags *diags, struct diag_kind *kind, struct place place, const char *hint,
		const char *message)
{
	struct diag *item = new_item(diags, kind, place);

	if (!item)
		return -1;
	item->message = escaped_copy(message);
	item->hint = hint ? escaped_copy(hint) : NULL;
	if (!item->message || (hint && !item->hint)) {
		free(item->message);
		free(item->hint);
		return -1;
	}
	diags->count++;
	kind->kept++;
	return 0;
}

static void count(struct diags *diags, enum diag_severity severity)
{
	if (severity == DIAG_ERROR)
		diags->errors++;
	else
		diags->warnings++;
}

bool diags_count_only(struct diags *diags, enum diag_severity severity, uint16_t file,
		      const char *format)
{
	size_t most = severity == DIAG_ERROR ? DIAG_REPEAT_MAX_ERRORS : DIAG_REPEAT_MAX;
	struct diag_kind *kind = find_kind(diags, severity, file, format);

	if (!kind || kind->kept < most)
		return false;
	kind->dropped++;
	count(diags, severity);
	return true;
}

void diags_add(struct diags *diags, enum diag_severity severity, struct place place,
	       const char *hint, const char *format, ...)
{
	char message[MESSAGE_SIZE];
	struct diag_kind *kind;
	va_list arguments;

	if (diags_count_only(diags, severity, place.file, format))
		return;
	count(diags, severity);
	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	kind = find_kind(diags, severity, place.file, format);
	if (kind && keep(diags, kind, place, hint, message) == 0)
		return;
	diags->errors += !diags->out_of_memory;
	diags->out_of_memory = true;
}

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

static int compare(const void *left, const void *right)
{
	const struct diag *a = left;
	const struct diag *b = right;

	if (a->place.file != b->place.file)
		return COMPARE(a->place.file, b->place.file);
	if (a->place.line != b->place.line)
		return COMPARE(a->place.line, b->place.line);
	if (a->place.column != b->place.column)
		return COMPARE(a->place.column, b->place.column);
	if (a->severity != b->severity)
		return COMPARE(a->severity, b->severity);
	return COMPARE(a->order, b->order);
}

void diags_sort(struct diags *diags)
{
	if (diags->count > 0)
		qsort(diags->items, diags->count, sizeof(*diags->items), compare);
}

size_t diags_more(const struct diags *diags, size_t index)
{
	size_t kind = diags->items[index].kind;

	if (diags->kinds[kind].dropped == 0)
		return 0;
	for (size_t i = index + 1; i < diags->count; i++)
		if (diags->items[i].kind == kind)
			return 0;
	return diags->kinds[kind].dropped;
}

/* Escape sequences, or empty strings. */
struct palette {
	const char *place;
	const char *severity[2];
	const char *caret;
	const char *end;
};

static const struct palette no_colours = {"", {"", ""}, "", ""};
static const struct palette colours = {
	"\033[1m", {"\033[1;31m", "\033[1;35m"}, "\033[1;32m", "\033[0m"};

static const char *const severity_names[] = {[DIAG_ERROR] = "error", [DIAG_WARNING] = "warning"};

static size_t print_unit(const char *text, size_t size, FILE *stream)
{
	char escaped[8];
	size_t bytes = text_printable(text, size) ?: 1;

	text_escape(text, bytes, escaped, sizeof(escaped));
	fputs(escaped, stream);
	return bytes;
}

/* As much of `fill` as print_line() needs for the character. */
static size_t print_fill(const char *text, size_t size, char fill, FILE *stream)
{
	size_t bytes = text_printable(text, size);

	if (bytes == 0 && *text != '\t')
		fprintf(stream, "%c%c%c%c", fill, fill, fill, fill);
	else
		putc(*text == '\t' && fill == ' ' ? '\t' : fill, stream);
	return bytes + (bytes == 0);
}

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* Moves behind the rest of a character, of which there are at most three bytes. */
static size_t skip_continuation(const char *line, size_t at, size_t size)
{
	for (int i = 0; i < 3 && at < size && is_continuation(line[at]); i++)
		at++;
	return at;
}

static void append(struct diag_excerpt *excerpt, const char *text, size_t size)
{
	memcpy(excerpt->text + excerpt->size, text, size);
	excerpt->size += size;
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

bool diag_find_excerpt(const struct diag *diag, const struct sources *sources,
		       struct source_cursor *cursor, struct diag_excerpt *excerpt)
{
	size_t from = diag->place.column > 0 ? diag->place.column - 1 : 0;
	size_t size, begin = 0, end;
	const char *line = sources_seek(sources, cursor, diag->place.file, diag->place.line, &size);

	if (!line)
		return false;
	from = smaller(from, size);
	if (size > LINE_SHOWN && from > LINE_SHOWN_BEFORE)
		begin = smaller(from - LINE_SHOWN_BEFORE, size - LINE_SHOWN);
	if (begin > 0)
		begin = smaller(skip_continuation(line, begin, size), from);
	end = size > begin + LINE_SHOWN ? skip_continuation(line, begin + LINE_SHOWN, size) : size;
	from = smaller(from, end);
	excerpt->size = 0;
	append(excerpt, "...", begin > 0 ? 3 : 0);
	excerpt->column = (uint32_t)(excerpt->size + from - begin) + 1;
	excerpt->length = (uint32_t)smaller(diag->place.length, end - from);
	append(excerpt, line + begin, end - begin);
	append(excerpt, "...", end < size ? 3 : 0);
	return true;
}

static void print_caret(const struct diag_excerpt *excerpt, FILE *stream)
{
	size_t from = smaller(excerpt->column - 1, excerpt->size);
	size_t end = smaller(from + excerpt->length, excerpt->size);
	size_t at = 0;

	while (at < from)
		at += print_fill(excerpt->text + at, excerpt->size - at, ' ', stream);
	putc('^', stream);
	if (at < end)
		at += text_printable(excerpt->text + at, excerpt->size - at) ?: 1;
	while (at < end)
		at += print_fill(excerpt->text + at, excerpt->size - at, '~', stream);
}

/* A tab stays a tab, so that it has the same width in the line and under it. */
static void print_line(const struct diag_excerpt *excerpt, FILE *stream)
{
	for (size_t at = 0; at < excerpt->size;) {
		if (excerpt->text[at] == '\t') {
			putc('\t', stream);
			at++;
			continue;
		}
		at += print_unit(excerpt->text + at, excerpt->size - at, stream);
	}
	putc('\n', stream);
}

static int number_width(uint32_t number)
{
	int width = 1;

	while (number >= 10) {
		number /= 10;
		width++;
	}
	return width < 5 ? 5 : width;
}

static void print_excerpt(const struct diag *diag, const struct diag_excerpt *excerpt,
			  const struct palette *palette, FILE *stream)
{
	int width = number_width(diag->place.line);

	fprintf(stream, "%*u | ", width, diag->place.line);
	print_line(excerpt, stream);
	fprintf(stream, "%*s | %s", width, "", palette->caret);
	print_caret(excerpt, stream);
	fprintf(stream, "%s\n", palette->end);
}

static void print_head(const struct diag *diag, const char *name, const struct palette *palette,
		       FILE *stream)
{
	fputs(palette->place, stream);
	for (size_t left = strlen(name); left > 0;) {
		size_t bytes = print_unit(name, left, stream);

		name += bytes;
		left -= bytes;
	}
	fprintf(stream, ":%u:%u: %s%s:%s %s\n", diag->place.line, diag->place.column,
		palette->severity[diag->severity], severity_names[diag->severity], palette->end,
		diag->message);
}

void diag_print(const struct diag *diag, const char *file, const struct diag_excerpt *excerpt,
		size_t more, bool colour, FILE *stream)
{
	const struct palette *palette = colour ? &colours : &no_colours;
	int width = number_width(diag->place.line);

	print_head(diag, file, palette, stream);
	if (excerpt)
		print_excerpt(diag, excerpt, palette, stream);
	if (diag->hint)
		fprintf(stream, "%*s = %s\n", width, "", diag->hint);
	if (more > 0)
		fprintf(stream, "%*s = ... and %zu more like this\n", width, "", more);
}

void diags_print(const struct diags *diags, const struct sources *sources, bool colour,
		 FILE *stream)
{
	struct source_cursor cursor = {0};
	struct diag_excerpt excerpt;

	for (size_t i = 0; i < diags->count; i++) {
		const struct diag *diag = &diags->items[i];
		bool found = diag_find_excerpt(diag, sources, &cursor, &excerpt);

		diag_print(diag, sources_name(sources, diag->place.file), found ? &excerpt : NULL,
			   diags_more(diags, i), colour, stream);
	}
	if (diags->out_of_memory)
		fputs("out of memory: messages are missing\n", stream);
}

void diags_clear(struct diags *diags)
{
	for (size_t i = 0; i < diags->count; i++) {
		free(diags->items[i].message);
		free(diags->items[i].hint);
	}
	free(diags->items);
	free(diags->kinds);
	*diags = (struct diags){0};
}
