// SPDX-License-Identifier: GPL-2.0-only
#include "packet_writer.h"

#include <errno.h>
#include <string.h>

#define ROUTE_ADDRESSES_MAX 9

struct word {
	const char *name;
	int (*run)(struct writer *writer, int kind, const struct argument *argument);
	int kind;
};

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

/* Begins a header; the one before it now names it, unless it was told a name. */
static int layer_begin(struct writer *writer, enum layer_kind kind, unsigned int protocol,
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

static uint8_t *layer_bytes(struct writer *writer)
{
	return writer->packet.bytes + writer_layer(writer)->offset;
}

static int add_tag(struct writer *writer, int ethertype, const struct argument *argument)
{
	int error = layer_begin(writer, LAYER_LINK, (unsigned int)ethertype, 4, 1 + 2);

	if (!error)
		put16(layer_bytes(writer), (unsigned long)argument->number);
	return error;
}

static int add_llc(struct writer *writer, int kind, const struct argument *argument)
{
	static const uint8_t snap[] = {0xaa, 0xaa, 3, 0, 0, 0};
	int error = layer_begin(writer, LAYER_LINK, 64, 8, 1 + 6);

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
	int error = layer_begin(writer, LAYER_IPV4, inside ? 4 : 0x0800, 20, 1 + 9);
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
	int error = layer_begin(writer, LAYER_IPV6, inside ? 41 : 0x86dd, 40, 1 + 6);
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
	error = layer_begin(writer, LAYER_EXTENSION, (unsigned int)protocol, length, 1);
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
	int error = layer_begin(writer, LAYER_EXTENSION, 60, 24, 1);
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
	int error = layer_begin(writer, LAYER_EXTENSION, 0, 8, 1);
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
	int error = layer_begin(writer, LAYER_EXTENSION, 43, length, 1);
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
	int error = layer_begin(writer, LAYER_EXTENSION, 44, 8, 1);

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
	error = layer_begin(writer, LAYER_EXTENSION, 51, length, 1);
	if (!error)
		layer_bytes(writer)[1] = (uint8_t)(length / 4 - 2);
	return error;
}

/* A header of 8 bytes that names what follows as extension headers do, of any number. */
static int add_unknown(struct writer *writer, int kind, const struct argument *argument)
{
	(void)kind;
	return layer_begin(writer, LAYER_EXTENSION, (unsigned int)argument->number, 8, 1);
}

static int add_gre(struct writer *writer, int kind, const struct argument *argument)
{
	int error = layer_begin(writer, LAYER_OTHER, 47, 4, 0);

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

static int add_tcp(struct writer *writer, int kind, const struct argument *argument)
{
	int error = layer_begin(writer, LAYER_TCP, 6, 20, 0);
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
	int error = layer_begin(writer, LAYER_OTHER, (unsigned int)protocol, 8, 0);

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
	/* IPv6 extension headers, by length */
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

int packet_word_run(struct writer *writer, const char *name, const struct argument *argument)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(words[i].name, name))
			return words[i].run(writer, words[i].kind, argument);
	return -EINVAL;
}
