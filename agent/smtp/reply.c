// SPDX-License-Identifier: GPL-2.0-only
#include "smtp/reply.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "smtp/line.h"

static enum reply_status broken(struct smtp_reply *reply, const char *why)
{
	reply->broken = why;
	return REPLY_BROKEN;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The code that a line begins with, or 0. */
static int line_code(const char *line, size_t size)
{
	if (size < 3 || line[0] < '2' || line[0] > '5' || !is_digit(line[1]) || !is_digit(line[2]))
		return 0;
	if (size > 3 && line[3] != ' ' && line[3] != '-')
		return 0;
	return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
}

static char fit_for_text(char c)
{
	if (c == '\t')
		return ' ';
	return (unsigned char)c < ' ' || c == 0x7f ? '?' : c;
}

/* Appends a line's text, if all of it finds room. */
static bool keep_text(struct smtp_reply *reply, const char *text, size_t size)
{
	char *into;

	if (reply->size + size + 2 > REPLY_KEPT_MAX)
		return true;
	if (reply->capacity < reply->size + size + 2) {
		size_t capacity = reply->size + size + 128;
		char *grown = realloc(reply->text, capacity);

		if (!grown)
			return false;
		reply->text = grown;
		reply->capacity = capacity;
	}
	into = reply->text + reply->size;
	if (reply->lines)
		*into++ = '\n';
	for (size_t i = 0; i < size; i++)
		*into++ = fit_for_text(text[i]);
	*into = '\0';
	reply->size = (size_t)(into - reply->text);
	return true;
}

/* A whole line without its CRLF. */
static enum reply_status take_line(struct smtp_reply *reply, const char *line, size_t size)
{
	int code = line_code(line, size);

	if (!code)
		return broken(reply, "a line without a reply code");
	if (reply->lines && code != reply->code)
		return broken(reply, "lines with different codes");
	if (reply->lines == REPLY_LINES_MAX)
		return broken(reply, "too many lines");
	if (!keep_text(reply, line + (size > 3 ? 4 : 3), size > 3 ? size - 4 : 0))
		return broken(reply, "no memory for it");
	reply->code = code;
	reply->lines++;
	return size > 3 && line[3] == '-' ? REPLY_MORE : REPLY_DONE;
}

/* Keeps the beginning of a line whose end has not come. */
static enum reply_status keep_line(struct smtp_reply *reply, const char *data, size_t size)
{
	if (!reply->line)
		reply->line = malloc(REPLY_LINE_MAX);
	if (!reply->line)
		return broken(reply, "no memory for it");
	memcpy(reply->line + reply->line_size, data, size);
	reply->line_size += size;
	return REPLY_MORE;
}

static enum reply_status line_trouble(struct smtp_reply *reply, enum line_status status)
{
	return broken(reply,
		      status == LINE_LONG ? "a line that is too long" : "CR or LF alone, or NUL");
}

/* Goes on with a line of which a beginning is kept. */
static enum reply_status finish_line(struct smtp_reply *reply, const char *data, size_t size,
				     size_t *used)
{
	size_t seen = reply->line_size, room = REPLY_LINE_MAX - seen;
	size_t taken = size < room ? size : room, length;
	enum line_status status;

	memcpy(reply->line + seen, data, taken);
	status = line_find(reply->line, seen + taken, seen, REPLY_LINE_MAX, &length);
	if (status == LINE_MORE) {
		reply->line_size += taken;
		*used = taken;
		return REPLY_MORE;
	}
	if (status != LINE_OK)
		return line_trouble(reply, status);
	*used = length - seen;
	reply->line_size = 0;
	return take_line(reply, reply->line, length - 2);
}

enum reply_status reply_feed(struct smtp_reply *reply, const char *data, size_t size, size_t *used)
{
	enum reply_status status = REPLY_MORE;
	size_t length;

	*used = 0;
	if (reply->line_size && size)
		status = finish_line(reply, data, size, used);
	while (status == REPLY_MORE && *used < size) {
		enum line_status found =
			line_find(data + *used, size - *used, 0, REPLY_LINE_MAX, &length);

		if (found == LINE_MORE) {
			status = keep_line(reply, data + *used, size - *used);
			*used = size;
			break;
		}
		if (found != LINE_OK)
			return line_trouble(reply, found);
		status = take_line(reply, data + *used, length - 2);
		*used += length;
	}
	return status;
}

void reply_clear(struct smtp_reply *reply)
{
	reply->code = 0;
	reply->lines = 0;
	reply->size = 0;
	reply->broken = NULL;
	reply->line_size = 0;
	if (reply->text)
		reply->text[0] = '\0';
}

void reply_free(struct smtp_reply *reply)
{
	free(reply->text);
	free(reply->line);
	*reply = (struct smtp_reply){0};
}

/* The length of a number of one to three digits, or 0. */
static size_t number_length(const char *text, size_t size)
{
	size_t length = 0;

	while (length < size && is_digit(text[length]))
		length++;
	return length <= 3 ? length : 0;
}

size_t reply_enhanced_code(const char *text, size_t size, int code)
{
	size_t subject, detail, length;

	if (size < 5 || text[0] != (char)('0' + code / 100) || text[1] != '.' ||
	    !strchr("245", text[0]))
		return 0;
	subject = number_length(text + 2, size - 2);
	if (!subject || 2 + subject >= size || text[2 + subject] != '.')
		return 0;
	detail = number_length(text + 3 + subject, size - 3 - subject);
	length = 3 + subject + detail;
	if (!detail || (length < size && text[length] != ' ' && text[length] != '\n'))
		return 0;
	return length;
}

/* What a line begins with: code, separator, and an enhanced code unless the text has its own. */
#define PREFIX_MAX 24

struct line_format {
	int code;
	bool utf8;
	char enhanced[PREFIX_MAX]; /* for lines without one, with a blank; "" where there is none */
};

/* RFC 2034 section 4: the first line's code is that of the others; 3yz replies have none. */
static void choose_enhanced(const char *text, size_t size, struct line_format *format)
{
	size_t length = reply_enhanced_code(text, size, format->code);

	format->enhanced[0] = '\0';
	if (length)
		snprintf(format->enhanced, PREFIX_MAX, "%.*s ", (int)length, text);
	else if (format->code / 100 != 3)
		snprintf(format->enhanced, PREFIX_MAX, "%d.0.0 ", format->code / 100 % 10);
}

/* Octets of text for `room` at most, a character at a time. */
static size_t put_text(const char *text, size_t size, bool utf8, char *out, size_t room)
{
	size_t made = 0, width;

	for (size_t i = 0; i < size; i += width) {
		bool shown;

		width = text_printable(text + i, size - i);
		shown = width == 1 || (width > 1 && utf8);
		if (!shown)
			width = 1;
		if (made + width > room)
			break;
		memcpy(out + made, shown ? text + i : "?", width);
		made += width;
	}
	return made;
}

/* Writes a line of at most REPLY_LINE_MAX octets; returns its length. */
static size_t format_line(const struct line_format *format, char separator, const char *text,
			  size_t size, char *out)
{
	bool own = reply_enhanced_code(text, size, format->code) > 0;
	char prefix[2 * PREFIX_MAX];
	size_t made = (size_t)snprintf(prefix, sizeof(prefix), "%03d%c%s", format->code % 1000,
				       separator, own ? "" : format->enhanced);

	memcpy(out, prefix, made);
	made += put_text(text, size, format->utf8, out + made, REPLY_LINE_MAX - 2 - made);
	memcpy(out + made, "\r\n", 2);
	return made + 2;
}

size_t reply_format(int code, const char *text, size_t size, int utf8, char *out, size_t out_size)
{
	struct line_format format = {.code = code, .utf8 = utf8};
	const char *end = text + size, *newline = memchr(text, '\n', size);
	char line[REPLY_LINE_MAX];
	size_t made = 0;

	choose_enhanced(text, newline ? (size_t)(newline - text) : size, &format);
	for (; newline; newline = memchr(text, '\n', (size_t)(end - text))) {
		size_t length = format_line(&format, '-', text, (size_t)(newline - text), line);

		/* Room for the last line is kept. */
		if (length + REPLY_LINE_MAX <= out_size - made) {
			memcpy(out + made, line, length);
			made += length;
		}
		text = newline + 1;
	}
	return made + format_line(&format, ' ', text, (size_t)(end - text), out + made);
}
