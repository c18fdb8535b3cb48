// SPDX-License-Identifier: GPL-2.0-only
#include "service/range_lines.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/range.h"
#include "core/text.h"

static int lines_append(struct range_lines *lines, size_t *room, const struct range *range)
{
	if (lines->count == *room) {
		size_t wanted = *room ? *room * 2 : 1;
		struct range *grown = realloc(lines->ranges, wanted * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		lines->ranges = grown;
		*room = wanted;
	}
	lines->ranges[lines->count++] = *range;
	return 0;
}

static size_t trim(const char **line, size_t size)
{
	size_t used = 0;

	while (used < size && !strchr("#;", (*line)[used]))
		used++;
	while (used && isspace((unsigned char)(*line)[used - 1]))
		used--;
	while (used && isspace((unsigned char)**line)) {
		++*line;
		used--;
	}
	return used;
}

static int refuse(enum range_error wrong, const char *text, size_t size, uint32_t number,
		  struct trouble *trouble)
{
	char quote[TEXT_QUOTE_SIZE], line[24] = "";

	if (number)
		snprintf(line, sizeof(line), "line %u: ", number);
	return trouble_set(trouble, -EINVAL, "%s%s %s", line, text_quote(text, size, quote),
			   range_error_text(wrong));
}

static int line_read(const char *text, size_t size, uint32_t number, struct range_lines *lines,
		     size_t *room, struct trouble *trouble)
{
	size_t used = trim(&text, size);
	struct range range = {.line = number};
	char quote[TEXT_QUOTE_SIZE];
	enum range_error wrong;

	if (!used)
		return 0;
	wrong = range_parse(text, used, &range);
	if (wrong != RANGE_OK && wrong != RANGE_HOST_BITS)
		return refuse(wrong, text, used, number, trouble);
	if (wrong == RANGE_HOST_BITS && !lines->masked[0])
		snprintf(lines->masked, sizeof(lines->masked), "%s %s",
			 text_quote(text, used, quote), range_error_text(wrong));
	if (lines_append(lines, room, &range))
		return trouble_set(trouble, -ENOMEM, "out of memory");
	return 0;
}

int range_lines_read(const char *text, struct range_lines *lines, struct trouble *trouble)
{
	struct range_lines read = {.count = 0};
	uint32_t number = strchr(text, '\n') ? 1 : 0;
	size_t room = 0;
	int error = 0;

	while (!error) {
		size_t size = strcspn(text, "\n");

		error = line_read(text, size, number++, &read, &room, trouble);
		if (!text[size])
			break;
		text += size + 1;
	}
	if (error)
		range_lines_clear(&read);
	else
		*lines = read;
	return error;
}

void range_lines_clear(struct range_lines *lines)
{
	free(lines->ranges);
	*lines = (struct range_lines){.count = 0};
}
