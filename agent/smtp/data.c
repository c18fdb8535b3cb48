// SPDX-License-Identifier: GPL-2.0-only
#include "smtp/data.h"

#include "smtp/scan.h"

void data_begin(struct data_reader *reader, bool normalise)
{
	*reader = (struct data_reader){.state = DATA_LINE_BEGIN, .normalise = normalise};
}

/* Where pieces go. Input that is passed on as it is stays one piece as long as it goes on. */
struct output {
	struct data_piece *pieces;
	size_t count;
	bool quiet; /* the message is bad */
};

static void put(struct output *output, const char *data, size_t size)
{
	struct data_piece *last = output->count ? &output->pieces[output->count - 1] : NULL;

	if (output->quiet || size == 0)
		return;
	if (last && last->data + last->size == data)
		last->size += size;
	else
		output->pieces[output->count++] = (struct data_piece){.data = data, .size = size};
}

static bool is_full(const struct output *output)
{
	/* One octet of input makes at most two pieces. */
	return output->count + 2 > DATA_PIECES_MAX;
}

static void turn_bad(struct data_reader *reader, struct output *output)
{
	reader->bad = true;
	output->quiet = true;
}

/* A CR or LF that stands alone: the message is bad, or the line ends here all the same. */
static void bare_newline(struct data_reader *reader, struct output *output)
{
	if (!reader->normalise) {
		turn_bad(reader, output);
		reader->state = DATA_TEXT;
		return;
	}
	put(output, "\r\n", 2);
	reader->size += 2;
	reader->state = DATA_LINE_BEGIN;
	reader->after_bare = true;
}

static void line_end(struct data_reader *reader)
{
	reader->size += 2;
	reader->state = DATA_LINE_BEGIN;
	reader->after_bare = false;
}

/* The rest of a line up to what may be its end; returns the octet that was not taken. */
static const char *take_text(struct data_reader *reader, struct output *output, const char *at,
			     const char *end)
{
	const char *stop = scan_special(at, end);

	put(output, at, (size_t)(stop - at));
	reader->size += (uint64_t)(stop - at);
	return stop;
}

/* In the middle of a line, at CR, LF or NUL. */
static const char *take_special(struct data_reader *reader, struct output *output, const char *at,
				const char *end)
{
	if (*at == '\r' && at + 1 < end && at[1] == '\n') {
		put(output, at, 2);
		line_end(reader);
		return at + 2;
	}
	if (*at == '\r') {
		reader->state = DATA_CR;
	} else if (*at == '\n') {
		bare_newline(reader, output);
	} else {
		turn_bad(reader, output);
		reader->state = DATA_TEXT;
	}
	return at + 1;
}

/* After a CR that was held back. */
static const char *take_after_cr(struct data_reader *reader, struct output *output, const char *at)
{
	if (*at == '\n') {
		put(output, "\r\n", 2);
		line_end(reader);
		return at + 1;
	}
	bare_newline(reader, output);
	return at;
}

/* After a dot that begins a line and was held back: stuffing, the end, or a dot that is dropped. */
static const char *take_after_dot(struct data_reader *reader, struct output *output, const char *at)
{
	/* Behind a mended line end a lone dot is text: it would be the end of nothing. */
	bool lone = reader->after_bare && (*at == '\r' || *at == '\n');

	if (*at == '\r' && !lone) {
		reader->state = DATA_DOT_CR;
		return at + 1;
	}
	reader->state = DATA_TEXT;
	if (*at != '.' && !lone)
		return at;
	put(output, "..", 2);
	reader->size++;
	return lone ? at : at + 1;
}

/* After a line's dot and CR. */
static const char *take_after_dot_cr(struct data_reader *reader, struct output *output,
				     const char *at)
{
	if (*at == '\n') {
		reader->state = DATA_END;
		return at + 1;
	}
	/* The dot was stuffing; the CR stands alone. */
	bare_newline(reader, output);
	return at;
}

static const char *take_line_begin(struct data_reader *reader, struct output *output,
				   const char *at, const char *end)
{
	if (*at != '.') {
		reader->state = DATA_TEXT;
		return at;
	}
	/* The usual stuffed dot is passed on as it is. */
	if (at + 1 < end && at[1] == '.') {
		put(output, at, 2);
		reader->size++;
		reader->state = DATA_TEXT;
		return at + 2;
	}
	reader->state = DATA_DOT;
	return at + 1;
}

static const char *take(struct data_reader *reader, struct output *output, const char *at,
			const char *end)
{
	switch (reader->state) {
	case DATA_LINE_BEGIN:
		return take_line_begin(reader, output, at, end);
	case DATA_TEXT:
		at = take_text(reader, output, at, end);
		return at < end ? take_special(reader, output, at, end) : at;
	case DATA_CR:
		return take_after_cr(reader, output, at);
	case DATA_DOT:
		return take_after_dot(reader, output, at);
	case DATA_DOT_CR:
		return take_after_dot_cr(reader, output, at);
	case DATA_END:
		break;
	}
	return end;
}

size_t data_feed(struct data_reader *reader, const char *data, size_t size,
		 struct data_piece pieces[DATA_PIECES_MAX], size_t *count)
{
	struct output output = {.pieces = pieces, .quiet = reader->bad};
	const char *at = data, *end = data + size;

	while (at < end && reader->state != DATA_END && !is_full(&output))
		at = take(reader, &output, at, end);
	*count = output.count;
	return (size_t)(at - data);
}
