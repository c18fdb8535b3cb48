/* SPDX-License-Identifier: GPL-2.0-only */
/* What the words of a recipe (packet_words.c, packet_extensions.c) and its finish share. */
#ifndef PACKET_WRITER_H
#define PACKET_WRITER_H

#include "packet_recipe.h"

#define LAYERS_MAX 64

enum layer_kind {
	LAYER_LINK, /* Ethernet, tags, LLC: names what follows in 16 bits */
	LAYER_IPV4,
	LAYER_IPV6,
	LAYER_EXTENSION, /* an IPv6 extension header, or any other that names what follows */
	LAYER_TCP,
	LAYER_OTHER, /* names nothing */
};

enum length_lie { LENGTH_RIGHT, LENGTH_IS, LENGTH_PLUS, LENGTH_MINUS };

struct layer {
	enum layer_kind kind;
	uint8_t protocol; /* its own number */
	size_t offset;
	size_t next; /* where it names what follows; 0 = nowhere */
	bool next_pinned;
	bool bad_sum;
	enum length_lie lie;
	long lie_value;
	long header_words; /* ihl or doff as told; -1 = right */
};

struct split {
	size_t cut;	 /* IPv6: where the fragment header goes; 0 = behind the first header */
	size_t cut_next; /* the field that then names it */
	long first;	 /* bytes in the first piece; 0 = not split */
	long rest;	 /* bytes in all others; 0 = all that is left */
	long overlap;	 /* bytes that each later piece begins too early */
	char order[PACKET_TRAIN_MAX]; /* "210": which pieces, in which order; "" = all in order */
};

struct writer {
	const struct packet_subject *subject;
	struct packet packet;
	struct layer layers[LAYERS_MAX];
	size_t layer_count;
	long shorten;  /* bytes cut from the end of the last layer, lengths follow */
	long truncate; /* bytes cut from the frame, lengths do not follow */
	bool via;
	uint8_t pad[256];
	size_t pad_length;
	struct split split;
};

struct argument {
	const char *text; /* "" when there is none */
	long number;	  /* 0 when there is none */
	bool present;
};

/* One word: what it does with the writer, and the parameter that tells it from its like. */
struct word {
	const char *name;
	int (*run)(struct writer *writer, int kind, const struct argument *argument);
	int kind;
};

extern const struct word packet_extension_words[];
extern const size_t packet_extension_word_count;

/* Runs one word, as "name" or "name:argument"; 0, -EINVAL or -E2BIG. */
int packet_word_run(struct writer *writer, const char *name, const struct argument *argument);

/* `bytes` may be NULL for zeroes. -E2BIG when the frame would be too long. */
int writer_put(struct writer *writer, const void *bytes, size_t length);
struct layer *writer_layer(struct writer *writer);
/*
 * Begins a header of `length` zeroes; the one before it now names it, unless it was told a name.
 * `next` is one more than where it names what follows, 0 = nowhere. 0 or -E2BIG.
 */
int writer_begin_layer(struct writer *writer, enum layer_kind kind, unsigned int protocol,
		       size_t length, size_t next);

/* Pads an IPv4 header's options to a whole word and notes its length. */
int writer_close_layer(struct writer *writer);

/* The header that was begun last. */
static inline uint8_t *layer_bytes(struct writer *writer)
{
	return writer->packet.bytes + writer_layer(writer)->offset;
}

static inline void put16(uint8_t *at, unsigned long value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

#endif
