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

/* The part of a long line that is shown: text[begin..end). */
struct window {
	const char *text;
	size_t begin;
	size_t end;
	size_t size;
};

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static struct window choose_window(const char *line, size_t size, size_t column)
{
	struct window window = {.text = line, .end = size, .size = size};

	if (size <= LINE_SHOWN)
		return window;
	if (column > LINE_SHOWN_BEFORE)
		window.begin = column - LINE_SHOWN_BEFORE;
	if (window.begin > size - LINE_SHOWN)
		window.begin = size - LINE_SHOWN;
	while (window.begin > 0 && is_continuation(line[window.begin]) && window.begin < column)
		window.begin++;
	window.end = window.begin + LINE_SHOWN < size ? window.begin + LINE_SHOWN : size;
	while (window.end < size && is_continuation(line[window.end]))
		window.end++;
	return window;
}

static void print_caret(const struct window *window, size_t from, size_t length, FILE *stream)
{
	size_t at = window->begin;
	size_t end = from + length < window->end ? from + length : window->end;

	if (window->begin > 0)
		fputs("   ", stream);
	while (at < from && at < window->end)
		at += print_fill(window->text + at, window->end - at, ' ', stream);
	putc('^', stream);
	if (at < end)
		at += text_printable(window->text + at, window->end - at) ?: 1;
	while (at < end)
		at += print_fill(window->text + at, window->end - at, '~', stream);
}

/* A tab stays a tab, so that it has the same width in the line and under it. */
static void print_line(const struct window *window, FILE *stream)
{
	if (window->begin > 0)
		fputs("...", stream);
	for (size_t at = window->begin; at < window->end;) {
		if (window->text[at] == '\t') {
			putc('\t', stream);
			at++;
			continue;
		}
		at += print_unit(window->text + at, window->end - at, stream);
	}
	fputs(window->end < window->size ? "...\n" : "\n", stream);
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

static void print_snippet(const struct diag *diag, const char *line, size_t size,
			  const struct palette *palette, FILE *stream)
{
	size_t from = diag->place.column > 0 ? diag->place.column - 1 : 0;
	struct window window = choose_window(line, size, from);
	int width = number_width(diag->place.line);

	fprintf(stream, "%*u | ", width, diag->place.line);
	print_line(&window, stream);
	fprintf(stream, "%*s | %s", width, "", palette->caret);
	print_caret(&window, from, diag->place.length ? diag->place.length : 1, stream);
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

void diags_print(const struct diags *diags, const struct sources *sources, bool colour,
		 FILE *stream)
{
	const struct palette *palette = colour ? &colours : &no_colours;
	struct source_cursor cursor = {0};

	for (size_t i = 0; i < diags->count; i++) {
		const struct diag *diag = &diags->items[i];
		int width = number_width(diag->place.line);
		size_t more = diags_more(diags, i);
		size_t size;
		const char *line =
			sources_seek(sources, &cursor, diag->place.file, diag->place.line, &size);

		print_head(diag, sources_name(sources, diag->place.file), palette, stream);
		if (line)
			print_snippet(diag, line, size, palette, stream);
		if (diag->hint)
			fprintf(stream, "%*s = %s\n", width, "", diag->hint);
		if (more > 0)
			fprintf(stream, "%*s = ... and %zu more like this\n", width, "", more);
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
