/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Message data as RFC 5321 section 4.5.2 has it, by the most straightforward means: the end is
 * searched for, what is before it is cut into lines. And a way to feed the reader in pieces.
 */
#ifndef SUPPORT_DATA_MODEL_H
#define SUPPORT_DATA_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "smtp/data.h"

/* What comes of an input, or should. */
struct data_result {
	bool ended;
	bool bad;
	size_t used;   /* up to the end of the data, or all */
	uint64_t size; /* of a good message that has ended */
	char *written; /* of a good message that has ended, without the final dot; malloc */
	size_t written_size;
	size_t most_pieces; /* of one feed */
};

/* The octets behind the first CRLF . CRLF, which the start of the input's CRLF may begin. */
static inline size_t data_model_end(const char *data, size_t size)
{
	if (size >= 3 && memcmp(data, ".\r\n", 3) == 0)
		return 3;
	for (size_t i = 0; i + 5 <= size; i++)
		if (memcmp(data + i, "\r\n.\r\n", 5) == 0)
			return i + 5;
	return 0;
}

/* The octets of the line end that text begins with: 0 when it begins with none. */
static inline size_t data_model_line_end(const char *text, size_t size)
{
	if (size >= 2 && memcmp(text, "\r\n", 2) == 0)
		return 2;
	return size > 0 && (text[0] == '\r' || text[0] == '\n');
}

static inline void data_model_write(struct data_result *result, const char *text, size_t size)
{
	memcpy(result->written + result->written_size, text, size);
	result->written_size += size;
}

/* A line as it came: one dot is taken from it, unless it is all there is, and put back. */
static inline void data_model_line(struct data_result *result, const char *line, size_t size)
{
	if (size > 1 && line[0] == '.') {
		line++;
		size--;
	}
	if (size > 0 && line[0] == '.')
		data_model_write(result, ".", 1);
	data_model_write(result, line, size);
	data_model_write(result, "\r\n", 2);
	result->size += size + 2;
}

static inline struct data_result data_model(const char *data, size_t size, bool normalise)
{
	size_t end = data_model_end(data, size), begin = 0;
	struct data_result result = {.ended = end > 0, .used = end ? end : size};

	result.written = malloc(3 * size + 1);
	/* Without an end the last octets may be the beginning of anything. */
	for (size_t i = 0; result.ended && i < end - 3;) {
		size_t newline = data_model_line_end(data + i, end - i);

		result.bad |= data[i] == '\0' || (newline == 1 && !normalise);
		if (newline) {
			data_model_line(&result, data + begin, i - begin);
			begin = i + newline;
		}
		i += newline ? newline : 1;
	}
	return result;
}

/* Feeds chunks of next(context) octets, each of them a copy of its own. */
typedef size_t data_chunk_fn(void *context);

static inline struct data_result data_read(const char *data, size_t size, bool normalise,
					   data_chunk_fn *next, void *context)
{
	struct data_result result = {.written = malloc(3 * size + 1)};
	struct data_reader reader;

	data_begin(&reader, normalise);
	while (result.used < size && reader.state != DATA_END) {
		struct data_piece pieces[DATA_PIECES_MAX];
		size_t left = size - result.used, wanted = next(context), count = 0;
		size_t length = wanted < left ? wanted : left;
		char *chunk = malloc(length);

		memcpy(chunk, data + result.used, length);
		result.used += data_feed(&reader, chunk, length, pieces, &count);
		if (count > result.most_pieces)
			result.most_pieces = count;
		for (size_t i = 0; i < count; i++)
			data_model_write(&result, pieces[i].data, pieces[i].size);
		free(chunk);
	}
	result.ended = reader.state == DATA_END;
	result.bad = reader.bad;
	result.size = reader.size;
	return result;
}

#endif
