// SPDX-License-Identifier: GPL-2.0-only
#include "packet_writer.h"

#include <errno.h>
#include <string.h>

#define ROUTE_ADDRESSES_MAX 9

int writer_put(struct writer *writer, const void *bytes, size_t length)
{
	struct packet *packet = &writer->packet;

	if (length > PACKET_MAX - packet->length)
		return -E2BIG;
	if (bytes)
		memcpy(packet->bytes + packet->length, bytes, length);
	else
		memset(packet->bytes + packet->length, 0, length);
	packet->length += length;
	return 0;
}

struct layer *writer_layer(struct writer *writer)
{
	return &writer->layers[writer->layer_count - 1];
}

int writer_close_layer(struct writer *writer)
{
	struct layer *layer = writer_layer(writer);
	size_t length = writer->packet.length - layer->offset;
	int error = 0;

	if (layer->kind != LAYER_IPV4 && layer->kind != LAYER_TCP)
		return 0;
	if (length % 4)
		error = writer_put(writer, NULL, 4 - length % 4);
	if (layer->header_words < 0)
		layer->header_words = (long)(writer->packet.length - layer->offset) / 4;
	return error;
}

int writer_begin_layer(struct writer *writer, enum layer_kind kind, unsigned int protocol,
		       size_t length, size_t next)
{
	struct layer *previous = writer_layer(writer), *layer;
	int error = writer_close_layer(writer);

	if (error)
		return error;
	if (writer->layer_count == LAYERS_MAX)
		return -E2BIG;
	if (previous->next && !previous->next_pinned) {
		if (previous->kind == LAYER_LINK)
			put16(writer->packet.bytes + previous->next, protocol);
		else
			writer->packet.bytes[previous->next] = (uint8_t)protocol;
	}
	layer = &writer->layers[writer->layer_count++];
	*layer = (struct layer){.kind = kind,
				.protocol = (uint8_t)protocol,
				.offset = writer->packet.length,
				.header_words = -1};
	layer->next = next ? layer->offset + next - 1 : 0;
	return writer_put(writer, NULL, length);
}

static int add_tag(struct writer *writer, int ethertype, const struct argument *argument)
{
	int error = writer_begin_layer(writer, LAYER_LINK, (unsigned int)ethertype, 4, 1 + 2);

	if (!error)
		put16(layer_bytes(writer), (unsigned long)argument->number);
	return error;
}

static int add_llc(struct writer *writer, int kind, const struct argument *argument)
{
	static const uint8_t snap[] = {0xaa, 0xaa, 3, 0, 0, 0};
	int error = writer_begin_layer(writer, LAYER_LINK, 64, 8, 1 + 6);

	(void)kind, (void)argument;
	if (!error)
		memcpy(layer_bytes(writer), snap, sizeof(snap));
	return error;
}

static int set_mac(struct writer *writer, int first_byte, const struct argument *argument)
{
	(void)argument;
	memset(writer->packet.bytes, first_byte, 6);
	return 0;
}

static int pin_next(struct writer *writer, int kind, const struct argument *argument)
{
	struct layer *layer = writer_layer(writer);

	(void)kind;
	if (!layer->next)
		return -EINVAL;
	layer->next_pinned = true;
	if (layer->kind == LAYER_LINK)
		put16(writer->packet.bytes + layer->next, (unsigned long)argument->number);
	else
		writer->packet.bytes[layer->next] = (uint8_t)argument->number;
	return 0;
}

static int add_ipv4(struct writer *writer, int kind, const struct argument *argument)
{
	bool inside = writer_layer(writer)->kind != LAYER_LINK;
	int error = writer_begin_layer(writer, LAYER_IPV4, inside ? 4 : 0x0800, 20, 1 + 9);
	uint8_t *header = layer_bytes(writer);

	(void)kind, (void)argument;
	if (error)
		return error;
	header[0] = 4 << 4;
	put16(header + 4, writer->subject->id);
	header[8] = 64;
	header[9] = 59;
	memcpy(header + 12, writer->subject->from.ipv4, 4);
	memcpy(header + 16, writer->subject->to.ipv4, 4);
	return 0;
}

static int add_ipv6(struct writer *writer, int kind, const struct argument *argument)
{
	bool inside = writer_layer(writer)->kind != LAYER_LINK;
	int error = writer_begin_layer(writer, LAYER_IPV6, inside ? 41 : 0x86dd, 40, 1 + 6);
	uint8_t *header = layer_bytes(writer);

	(void)kind, (void)argument;
	if (error)
		return error;
	header[0] = 6 << 4;
	header[6] = 59;
	header[7] = 64;
	memcpy(header + 8, writer->subject->from.ipv6, 16);
	memcpy(header + 24, writer->subject->to.ipv6, 16);
	return 0;
}

static int in_ipv4(struct writer *writer)
{
	return writer_layer(writer)->kind == LAYER_IPV4 ? 0 : -EINVAL;
}

static int has_options(struct writer *writer)
{
	return writer_layer(writer)->kind == LAYER_TCP ? 0 : in_ipv4(writer);
}

static int set_version(struct writer *writer, int kind, const struct argument *argument)
{
	(void)kind;
	layer_bytes(writer)[0] = (uint8_t)(argument->number << 4);
	return 0;
}

static int set_header_words(struct writer *writer, int kind, const struct argument *argument)
{
	(void)kind;
	writer_layer(writer)->header_words = argument->number;
	return 0;
}

static int set_length(struct writer *writer, int lie, const struct argument *argument)
{
	writer_layer(writer)->lie = (enum length_lie)lie;
	writer_layer(writer)->lie_value = argument->number;
	return 0;
}

static int set_bad_sum(struct writer *writer, int kind, const struct argument *argument)
{
	(void)kind, (void)argument;
	writer_layer(writer)->bad_sum = true;
	return 0;
}

/* IPv4's flags in `bits`, plus its offset in units of 8 bytes. */
static int set_fragment(struct writer *writer, int bits, const struct argument *argument)
{
	uint8_t *field = layer_bytes(writer) + 6;

	put16(field, (unsigned long)(get16(field) | bits | argument->number));
	return in_ipv4(writer);
}

enum address_choice { ADDRESS_ZERO, ADDRESS_LOOPBACK, ADDRESS_OWN, ADDRESS_MULTICAST, ADDRESS_ALL };

static void choose_address(struct writer *writer, enum address_choice choice, uint8_t *at, size_t n)
{
	const struct packet_end *to = &writer->subject->to;

	memset(at, choice == ADDRESS_ALL ? 0xff : 0, n);
	if (choice == ADDRESS_LOOPBACK)
		at[0] = n == 4 ? 127 : 0;
	if (choice == ADDRESS_LOOPBACK || choice == ADDRESS_MULTICAST)
		at[n - 1] = 1;
	if (choice == ADDRESS_MULTICAST) {
		at[0] = n == 4 ? 224 : 0xff;
		at[1] = n == 4 ? 0 : 2;
	}
	if (choice == ADDRESS_OWN)
		memcpy(at, n == 4 ? to->ipv4 : to->ipv6, n);
}

static int set_source(struct writer *writer, int choice, const struct argument *argument)
{
	bool ipv4 = writer_layer(writer)->kind == LAYER_IPV4;

	(void)argument;
	choose_address(writer, (enum address_choice)choice, layer_bytes(writer) + (ipv4 ? 12 : 8),
		       ipv4 ? 4 : 16);
	return 0;
}

static int set_destination(struct writer *writer, int choice, const struct argument *argument)
{
	bool ipv4 = writer_layer(writer)->kind == LAYER_IPV4;

	(void)argument;
	choose_address(writer, (enum address_choice)choice, layer_bytes(writer) + (ipv4 ? 16 : 24),
		       ipv4 ? 4 : 16);
	return 0;
}

/* `kind` bytes with this value, as many as the argument says (1 without). */
static int add_option_bytes(struct writer *writer, int value, const struct argument *argument)
{
	long count = argument->present ? argument->number : 1;

	for (long i = 0; i < count; i++) {
		uint8_t byte = (uint8_t)value;
		int error = writer_put(writer, &byte, 1);

		if (error)
			return error;
	}
	return has_options(writer);
}

/* An option of addresses: record route or a source route that has been walked to its end. */
static int add_route_option(struct writer *writer, int type, const struct argument *argument)
{
	long count = argument->present ? argument->number : 1;
	uint8_t option[3 + 4 * ROUTE_ADDRESSES_MAX] = {(uint8_t)type};

	if (count < 0 || count > ROUTE_ADDRESSES_MAX)
		return -EINVAL;
	option[1] = (uint8_t)(3 + 4 * count);
	option[2] = type == 7 ? 4 : (uint8_t)(option[1] + 1);
	if (type != 7)
		for (long i = 0; i < count; i++)
			memcpy(option + 3 + 4 * i, writer->subject->from.ipv4, 4);
	return writer_put(writer, option, option[1]);
}

/* A source route whose next hop is the destination itself. */
static int add_live_route(struct writer *writer, int type, const struct argument *argument)
{
	uint8_t option[7] = {(uint8_t)type, 7, 4};

	(void)argument;
	memcpy(option + 3, writer->subject->to.ipv4, 4);
	return writer_put(writer, option, sizeof(option));
}

static int add_timestamp_option(struct writer *writer, int kind, const struct argument *argument)
{
	uint8_t option[4 + 4 * ROUTE_ADDRESSES_MAX] = {68, 0, 5};

	(void)kind;
	if (argument->number < 0 || argument->number > ROUTE_ADDRESSES_MAX)
		return -EINVAL;
	option[1] = (uint8_t)(4 + 4 * argument->number);
	return writer_put(writer, option, option[1]);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int hex_read(const char *text, uint8_t *bytes, size_t size, size_t *length)
{
	for (*length = 0; text[0]; text += 2) {
		int high = hex_digit(text[0]), low = text[1] ? hex_digit(text[1]) : -1;

		if (high < 0 || low < 0 || *length == size)
			return -EINVAL;
		bytes[(*length)++] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

/*
 * The packet goes to the mail host's second address first; what it is routed to by a later word,
 * and what TCP's checksum is made for, stays the first.
 */
static int set_via(struct writer *writer, int kind, const struct argument *argument)
{
	uint8_t *header = layer_bytes(writer);

	(void)kind, (void)argument;
	header[writer_layer(writer)->kind == LAYER_IPV4 ? 19 : 39] = PACKET_VIA_NUMBER;
	writer->via = true;
	return 0;
}

static int add_raw(struct writer *writer, int kind, const struct argument *argument)
{
	uint8_t bytes[128];
	size_t length;
	int error = hex_read(argument->text, bytes, sizeof(bytes), &length);

	(void)kind;
	return error ? error : writer_put(writer, bytes, length);
}

static int add_tcp(struct writer *writer, int kind, const struct argument *argument)
{
	int error = writer_begin_layer(writer, LAYER_TCP, 6, 20, 0);
	uint8_t *header = layer_bytes(writer);

	(void)kind, (void)argument;
	if (error)
		return error;
	put16(header, writer->subject->from.port);
	put16(header + 2, writer->subject->to.port);
	memcpy(header + 4, (const uint8_t[]){0x12, 0x34, 0x56, 0x78}, 4);
	header[13] = 2;
	put16(header + 14, 64240);
	return 0;
}

static int add_udp(struct writer *writer, int protocol, const struct argument *argument)
{
	int error = writer_begin_layer(writer, LAYER_OTHER, (unsigned int)protocol, 8, 0);

	(void)argument;
	if (error)
		return error;
	put16(layer_bytes(writer), writer->subject->from.port);
	put16(layer_bytes(writer) + 2, writer->subject->to.port);
	put16(layer_bytes(writer) + 4, 8);
	return 0;
}

static int set_flags(struct writer *writer, int kind, const struct argument *argument)
{
	(void)kind;
	layer_bytes(writer)[13] = (uint8_t)argument->number;
	return writer_layer(writer)->kind == LAYER_TCP ? 0 : -EINVAL;
}

static int set_reserved_bits(struct writer *writer, int kind, const struct argument *argument)
{
	(void)kind;
	layer_bytes(writer)[12] = (uint8_t)(argument->number & 0xf);
	return writer_layer(writer)->kind == LAYER_TCP ? 0 : -EINVAL;
}

static int set_short(struct writer *writer, int offset, const struct argument *argument)
{
	put16(layer_bytes(writer) + offset, (unsigned long)argument->number);
	return 0;
}

/* 32 bits of the TCP header at `offset`. */
static int set_number(struct writer *writer, int offset, const struct argument *argument)
{
	put16(layer_bytes(writer) + offset, (unsigned long)argument->number >> 16);
	put16(layer_bytes(writer) + offset + 2, (unsigned long)argument->number);
	return writer_layer(writer)->kind == LAYER_TCP ? 0 : -EINVAL;
}

static int add_data(struct writer *writer, int kind, const struct argument *argument)
{
	int error = writer_close_layer(writer);

	(void)kind;
	if (argument->number < 0)
		return -EINVAL;
	return error ? error : writer_put(writer, NULL, (size_t)argument->number);
}

static int set_shorten(struct writer *writer, int kind, const struct argument *argument)
{
	(void)kind;
	writer->shorten = argument->number;
	return 0;
}

static int set_truncate(struct writer *writer, int kind, const struct argument *argument)
{
	(void)kind;
	writer->truncate = argument->number;
	return 0;
}

static int set_padding(struct writer *writer, int kind, const struct argument *argument)
{
	(void)kind;
	if (argument->number < 0 || (size_t)argument->number > sizeof(writer->pad))
		return -EINVAL;
	writer->pad_length = (size_t)argument->number;
	return 0;
}

static int set_padding_bytes(struct writer *writer, int kind, const struct argument *argument)
{
	(void)kind;
	return hex_read(argument->text, writer->pad, sizeof(writer->pad), &writer->pad_length);
}

enum split_part { SPLIT_FIRST, SPLIT_REST, SPLIT_OVERLAP };

static int set_split(struct writer *writer, int part, const struct argument *argument)
{
	if (argument->number < 8 || argument->number % 8)
		return -EINVAL;
	if (part == SPLIT_FIRST)
		writer->split.first = argument->number;
	else if (part == SPLIT_REST)
		writer->split.rest = argument->number;
	else
		writer->split.overlap = argument->number;
	return 0;
}

static int set_order(struct writer *writer, int kind, const struct argument *argument)
{
	(void)kind;
	if (strlen(argument->text) >= sizeof(writer->split.order))
		return -E2BIG;
	memcpy(writer->split.order, argument->text, strlen(argument->text) + 1);
	return 0;
}

static const struct word words[] = {
	/* link */
	{"q", add_tag, 0x8100},
	{"ad", add_tag, 0x88a8},
	{"tag9100", add_tag, 0x9100},
	{"llc", add_llc, 0},
	{"mac-other", set_mac, 0x02},
	{"mac-multicast", set_mac, 0x33},
	{"mac-broadcast", set_mac, 0xff},
	{"next", pin_next,
	 0}, /* what the header before names as following: ethertype or protocol */
	/* network */
	{"ip4", add_ipv4, 0},
	{"ip6", add_ipv6, 0},
	{"version", set_version, 0},
	{"ihl", set_header_words, 0},
	{"len", set_length, LENGTH_IS}, /* tot_len, or payload_len */
	{"len+", set_length, LENGTH_PLUS},
	{"len-", set_length, LENGTH_MINUS},
	{"badsum", set_bad_sum, 0},
	{"df", set_fragment, 0x4000},
	{"mf", set_fragment, 0x2000},
	{"evil", set_fragment, 0x8000},
	{"offset", set_fragment, 0},
	{"from-zero", set_source, ADDRESS_ZERO},
	{"from-loopback", set_source, ADDRESS_LOOPBACK},
	{"from-own", set_source, ADDRESS_OWN},
	{"from-multicast", set_source, ADDRESS_MULTICAST},
	{"from-all", set_source, ADDRESS_ALL},
	{"via", set_via, 0},
	{"to-loopback", set_destination, ADDRESS_LOOPBACK},
	{"to-multicast", set_destination, ADDRESS_MULTICAST},
	{"to-all", set_destination, ADDRESS_ALL},
	/* options of IPv4 and TCP */
	{"nop", add_option_bytes, 1},
	{"eol", add_option_bytes, 0},
	{"rr", add_route_option, 7},
	{"lsrr", add_route_option, 131},
	{"ssrr", add_route_option, 137},
	{"lsrr-live", add_live_route, 131},
	{"ssrr-live", add_live_route, 137},
	{"ts", add_timestamp_option, 0},
	{"raw", add_raw, 0},
	/* transport */
	{"tcp", add_tcp, 0},
	{"udp", add_udp, 17},
	{"icmp", add_udp, 1},
	{"icmp6", add_udp, 58},
	{"sctp", add_udp, 132},
	{"esp", add_udp, 50},
	{"flags", set_flags, 0},
	{"bits", set_reserved_bits, 0},
	{"doff", set_header_words, 0},
	{"sport", set_short, 0},
	{"dport", set_short, 2},
	{"sequence", set_number, 4},
	{"acknowledge", set_number, 8},
	{"window", set_short, 14},
	{"data", add_data, 0},
	{"short", set_shorten, 0},
	/* the frame as a whole */
	{"truncate", set_truncate, 0},
	{"pad", set_padding, 0},
	{"padraw", set_padding_bytes, 0},
	{"split", set_split, SPLIT_FIRST},
	{"rest", set_split, SPLIT_REST},
	{"overlap", set_split, SPLIT_OVERLAP},
	{"order", set_order, 0},
};

static const struct word *words_find(const struct word *table, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(table[i].name, name))
			return &table[i];
	return NULL;
}

int packet_word_run(struct writer *writer, const char *name, const struct argument *argument)
{
	const struct word *word = words_find(words, sizeof(words) / sizeof(words[0]), name);

	if (!word)
		word = words_find(packet_extension_words, packet_extension_word_count, name);
	return word ? word->run(writer, word->kind, argument) : -EINVAL;
}
