// SPDX-License-Identifier: GPL-2.0-only
/* The words of a recipe for IPv6 extension headers and what else names a header behind itself. */
#include "packet_writer.h"

#include <errno.h>
#include <string.h>

/*
 * Fills an extension header of `length` bytes with options that a receiver skips: PadN of at most
 * 7 bytes, because Linux refuses more padding in a row, else unknown options to be ignored.
 */
static void fill_options(uint8_t *header, size_t length)
{
	for (size_t at = 2; at < length;) {
		size_t left = length - at, size = left < 257 ? left : 257;

		if (size == 256 && left > 256)
			size = 200;
		if (left > 257 && left - size == 1)
			size--;
		if (size == 1) {
			header[at] = 0;
		} else {
			header[at] = size <= 7 ? 1 : 0x1e;
			header[at + 1] = (uint8_t)(size - 2);
		}
		at += size;
	}
}

static int add_extension(struct writer *writer, int protocol, const struct argument *argument)
{
	size_t length = argument->present ? (size_t)argument->number : 8;
	int error;

	if (length % 8 || length < 8 || length > 2048)
		return -EINVAL;
	error = writer_begin_layer(writer, LAYER_EXTENSION, (unsigned int)protocol, length, 1);
	if (error)
		return error;
	layer_bytes(writer)[1] = (uint8_t)(length / 8 - 1);
	if (protocol == 0 || protocol == 60)
		fill_options(layer_bytes(writer), length);
	if (protocol == 0) { /* never in the part that is fragmented */
		writer->split.cut = writer->packet.length;
		writer->split.cut_next = writer_layer(writer)->next;
	}
	return 0;
}

static int add_home_address(struct writer *writer, int kind, const struct argument *argument)
{
	int error = writer_begin_layer(writer, LAYER_EXTENSION, 60, 24, 1);
	uint8_t *header = layer_bytes(writer);

	(void)kind, (void)argument;
	if (error)
		return error;
	memcpy(header + 1, (const uint8_t[]){2, 1, 2, 0, 0, 201, 16}, 7);
	memcpy(header + 8, writer->subject->from.ipv6, 16);
	return 0;
}

static int add_jumbo(struct writer *writer, int kind, const struct argument *argument)
{
	int error = writer_begin_layer(writer, LAYER_EXTENSION, 0, 8, 1);
	uint8_t *header = layer_bytes(writer);

	(void)kind;
	if (error)
		return error;
	memcpy(header + 2, (const uint8_t[]){194, 4}, 2);
	put16(header + 4, (unsigned long)argument->number >> 16);
	put16(header + 6, (unsigned long)argument->number);
	return 0;
}

/* A routing header of the type in the argument, with `kind` addresses, none of them left. */
static int add_routing(struct writer *writer, int addresses, const struct argument *argument)
{
	size_t length = 8 + 16 * (size_t)addresses;
	int error = writer_begin_layer(writer, LAYER_EXTENSION, 43, length, 1);
	uint8_t *header = layer_bytes(writer);

	if (error)
		return error;
	header[1] = (uint8_t)(length / 8 - 1);
	header[2] = (uint8_t)argument->number;
	if (argument->number == 4 && addresses)
		header[4] = (uint8_t)(addresses - 1);
	for (int i = 0; i < addresses; i++)
		memcpy(header + 8 + 16 * i, writer->subject->to.ipv6, 16);
	return 0;
}

static int set_segments_left(struct writer *writer, int kind, const struct argument *argument)
{
	(void)kind;
	layer_bytes(writer)[3] = (uint8_t)argument->number;
	return writer_layer(writer)->protocol == 43 ? 0 : -EINVAL;
}

static int add_fragment_header(struct writer *writer, int kind, const struct argument *argument)
{
	int error = writer_begin_layer(writer, LAYER_EXTENSION, 44, 8, 1);

	(void)kind;
	if (error)
		return error;
	put16(layer_bytes(writer) + 2, (unsigned long)argument->number);
	put16(layer_bytes(writer) + 6, writer->subject->id);
	return 0;
}

static int set_reserved(struct writer *writer, int kind, const struct argument *argument)
{
	(void)kind;
	layer_bytes(writer)[1] = (uint8_t)argument->number;
	return 0;
}

static int add_authentication(struct writer *writer, int kind, const struct argument *argument)
{
	size_t length = argument->present ? (size_t)argument->number : 16;
	int error;

	(void)kind;
	if (length % 4 || length < 12 || length > 1028)
		return -EINVAL;
	error = writer_begin_layer(writer, LAYER_EXTENSION, 51, length, 1);
	if (!error)
		layer_bytes(writer)[1] = (uint8_t)(length / 4 - 2);
	return error;
}

/* A header of 8 bytes that names what follows as extension headers do, of any number. */
static int add_unknown(struct writer *writer, int kind, const struct argument *argument)
{
	(void)kind;
	return writer_begin_layer(writer, LAYER_EXTENSION, (unsigned int)argument->number, 8, 1);
}

static int add_gre(struct writer *writer, int kind, const struct argument *argument)
{
	int error = writer_begin_layer(writer, LAYER_OTHER, 47, 4, 0);

	(void)kind;
	if (error)
		return error;
	put16(layer_bytes(writer) + 2, (unsigned long)argument->number);
	writer_layer(writer)->kind = LAYER_LINK;
	return 0;
}

static int set_cut(struct writer *writer, int kind, const struct argument *argument)
{
	(void)kind, (void)argument;
	writer->split.cut = writer->packet.length;
	writer->split.cut_next = writer_layer(writer)->next;
	return writer_layer(writer)->next ? 0 : -EINVAL;
}

const struct word packet_extension_words[] = {
	/* by length */
	{"hop", add_extension, 0},
	{"dst", add_extension, 60},
	{"mh", add_extension, 135},
	{"hip", add_extension, 139},
	{"shim", add_extension, 140},
	{"hao", add_home_address, 0},
	{"jumbo", add_jumbo, 0},
	{"rt", add_routing, 0}, /* by type; with one or two addresses */
	{"rt1", add_routing, 1},
	{"rt2", add_routing, 2},
	{"left", set_segments_left, 0},
	{"frag", add_fragment_header, 0}, /* by its offset and flag field */
	{"reserved", set_reserved, 0},
	{"ah", add_authentication, 0},
	{"unknown", add_unknown, 0},
	{"gre", add_gre, 0},
	{"cut", set_cut, 0},
};

const size_t packet_extension_word_count =
	sizeof(packet_extension_words) / sizeof(packet_extension_words[0]);
