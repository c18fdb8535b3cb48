// SPDX-License-Identifier: GPL-2.0-only
#include "packet_writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define IPV4_MORE 0x2000
#define IPV6_MORE 1
#define FRAGMENT_HEADER 8

uint16_t packet_checksum(const uint8_t *bytes, size_t length, uint32_t sum)
{
	for (size_t i = 0; i + 1 < length; i += 2)
		sum += get16(bytes + i);
	if (length % 2)
		sum += (uint32_t)bytes[length - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

uint32_t packet_pseudo_sum(const uint8_t *source, const uint8_t *destination, size_t address_length,
			   uint8_t protocol, size_t length)
{
	uint32_t sum = protocol + (uint32_t)(length >> 16) + (uint32_t)(length & 0xffff);

	for (size_t i = 0; i < address_length; i += 2)
		sum += (uint32_t)get16(source + i) + get16(destination + i);
	return sum;
}

static bool is_blank(char c)
{
	return c == ' ';
}

/* Copies the next word to `word` and splits its argument off; false at the end. */
static bool recipe_next(const char **recipe, char *word, size_t size, struct argument *argument)
{
	size_t length = 0;
	char *colon;

	while (is_blank(**recipe))
		(*recipe)++;
	while (**recipe && !is_blank(**recipe) && length + 1 < size)
		word[length++] = *(*recipe)++;
	word[length] = '\0';
	colon = strchr(word, ':');
	*argument = (struct argument){.text = ""};
	if (colon) {
		*colon = '\0';
		*argument = (struct argument){colon + 1, strtol(colon + 1, NULL, 0), true};
	}
	return length > 0;
}

bool packet_recipe_is_ipv6(const char *recipe)
{
	struct argument argument;
	char word[PACKET_RECIPE_MAX];

	while (recipe_next(&recipe, word, sizeof(word), &argument))
		if (!strncmp(word, "ip", 2))
			return !strcmp(word, "ip6");
	return false;
}

static int writer_begin(struct writer *writer, const struct packet_subject *subject)
{
	*writer = (struct writer){.subject = subject, .layer_count = 1};
	writer->layers[0] = (struct layer){.kind = LAYER_LINK, .next = 12};
	if (writer_put(writer, subject->to.mac, 6) || writer_put(writer, subject->from.mac, 6))
		return -E2BIG;
	return writer_put(writer, NULL, 2);
}

static long length_told(const struct layer *layer, long right)
{
	switch (layer->lie) {
	case LENGTH_IS:
		return layer->lie_value;
	case LENGTH_PLUS:
		return right + layer->lie_value;
	case LENGTH_MINUS:
		return right - layer->lie_value;
	case LENGTH_RIGHT:
		break;
	}
	return right;
}

static void finish_tcp(struct writer *writer, const struct layer *layer, const struct layer *ip)
{
	uint8_t *bytes = writer->packet.bytes, *header = bytes + layer->offset;
	size_t length = writer->packet.length - layer->offset;
	bool ipv4 = ip && ip->kind == LAYER_IPV4;
	const uint8_t *to;
	uint32_t sum;

	if (length < 14)
		return;
	header[12] |= (uint8_t)(layer->header_words << 4);
	if (!ip || length < 18)
		return;
	put16(header + 16, 0);
	to = bytes + ip->offset + (ipv4 ? 16 : 24);
	if (writer->via)
		to = ipv4 ? writer->subject->to.ipv4 : writer->subject->to.ipv6;
	sum = packet_pseudo_sum(bytes + ip->offset + (ipv4 ? 12 : 8), to, ipv4 ? 4 : 16, 6, length);
	put16(header + 16, packet_checksum(header, length, sum) ^ (layer->bad_sum ? 0x5555 : 0));
}

/* Both the header's own length and its checksum depend on what is told already. */
static void finish_ipv4(uint8_t *header, const struct layer *layer, size_t length)
{
	size_t size = (size_t)layer->header_words * 4;

	header[0] |= (uint8_t)(layer->header_words & 0xf);
	put16(header + 2, (unsigned long)length_told(layer, (long)length));
	put16(header + 10, 0);
	if (size > length)
		size = length;
	put16(header + 10, packet_checksum(header, size, 0) ^ (layer->bad_sum ? 0x5555 : 0));
}

static void finish_ipv6(uint8_t *header, const struct layer *layer, size_t length)
{
	put16(header + 4, (unsigned long)length_told(layer, (long)length - 40));
}

/* The network header that holds this layer, or NULL. */
static const struct layer *layer_network(const struct writer *writer, const struct layer *layer)
{
	while (layer-- > writer->layers)
		if (layer->kind == LAYER_IPV4 || layer->kind == LAYER_IPV6)
			return layer;
	return NULL;
}

static void writer_finish(struct writer *writer)
{
	size_t length = writer->packet.length;

	for (size_t i = writer->layer_count; i-- > 0;) {
		struct layer *layer = &writer->layers[i];
		uint8_t *header = writer->packet.bytes + layer->offset;

		if (layer->kind == LAYER_TCP)
			finish_tcp(writer, layer, layer_network(writer, layer));
		else if (layer->kind == LAYER_IPV4)
			finish_ipv4(header, layer, length - layer->offset);
		else if (layer->kind == LAYER_IPV6)
			finish_ipv6(header, layer, length - layer->offset);
	}
}

static struct packet *train_add(struct packet_train *train)
{
	struct packet *packet;

	if (train->count == PACKET_TRAIN_MAX)
		return NULL;
	packet = &train->packets[train->count++];
	packet->length = 0;
	return packet;
}

static int packet_append(struct packet *packet, const uint8_t *bytes, size_t length)
{
	if (length > PACKET_MAX - packet->length)
		return -E2BIG;
	memcpy(packet->bytes + packet->length, bytes, length);
	packet->length += length;
	return 0;
}

/* What all fragments share: the frame up to `start`, and where the rest ends. */
struct cut {
	const struct layer *network;
	size_t start;
	size_t end;
};

static int cut_piece(const struct writer *writer, const struct cut *cut, size_t from, size_t to,
		     struct packet *piece)
{
	const uint8_t *bytes = writer->packet.bytes;
	uint8_t header[FRAGMENT_HEADER] = {0}, *network;
	bool ipv4 = cut->network->kind == LAYER_IPV4;
	size_t offset = from - cut->start;
	bool more = to < cut->end;
	int error = packet_append(piece, bytes, cut->start);

	network = piece->bytes + cut->network->offset;
	if (!error && !ipv4) {
		header[0] = piece->bytes[writer->split.cut_next];
		piece->bytes[writer->split.cut_next] = 44;
		put16(header + 2, offset | (more ? IPV6_MORE : 0));
		put16(header + 6, writer->subject->id);
		error = packet_append(piece, header, sizeof(header));
	}
	if (!error)
		error = packet_append(piece, bytes + from, to - from);
	if (error)
		return error;
	if (ipv4) {
		put16(network + 6, get16(network + 6) + (offset / 8 | (more ? IPV4_MORE : 0)));
		finish_ipv4(network, cut->network, piece->length - cut->network->offset);
	} else {
		finish_ipv6(network, cut->network, piece->length - cut->network->offset);
	}
	return 0;
}

static int writer_cut(struct writer *writer, const struct layer *network, struct packet_train *all)
{
	const struct split *split = &writer->split;
	struct cut cut = {network, split->cut, writer->packet.length};
	size_t from, to;

	if (network->kind == LAYER_IPV4 || !cut.start)
		cut.start = network->offset +
			    (network->kind == LAYER_IPV4 ? (size_t)network->header_words * 4 : 40);
	if (!split->cut)
		writer->split.cut_next = network->next;
	if (cut.start >= cut.end)
		return -EINVAL;
	for (from = cut.start; from < cut.end; from = to) {
		struct packet *piece = train_add(all);
		size_t want = (size_t)(from == cut.start ? split->first : split->rest);
		size_t early = from == cut.start ? 0 : (size_t)split->overlap;

		to = want && want < cut.end - from ? from + want : cut.end;
		if (early > from - cut.start)
			early = from - cut.start;
		if (!piece)
			return -E2BIG;
		if (cut_piece(writer, &cut, from - early, to, piece))
			return -E2BIG;
	}
	return 0;
}

static int train_order(const struct packet_train *all, const char *order,
		       struct packet_train *train)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";

	for (; *order; order++) {
		const char *digit = strchr(digits, *order);
		struct packet *packet = train_add(train);

		if (!digit || (size_t)(digit - digits) >= all->count)
			return -EINVAL;
		if (!packet)
			return -E2BIG;
		if (packet_append(packet, all->packets[digit - digits].bytes,
				  all->packets[digit - digits].length))
			return -E2BIG;
	}
	return 0;
}

static int writer_split(struct writer *writer, struct packet_train *train)
{
	const struct layer *network = NULL;
	struct packet_train *all;
	int error;

	for (size_t i = 0; i < writer->layer_count && !network; i++)
		if (writer->layers[i].kind == LAYER_IPV4 || writer->layers[i].kind == LAYER_IPV6)
			network = &writer->layers[i];
	if (!network)
		return -EINVAL;
	if (!writer->split.order[0])
		return writer_cut(writer, network, train);
	all = malloc(sizeof(*all));
	if (!all)
		return -ENOMEM;
	all->count = 0;
	error = writer_cut(writer, network, all);
	if (!error)
		error = train_order(all, writer->split.order, train);
	free(all);
	return error;
}

static int train_pad(struct packet_train *train, const struct writer *writer)
{
	for (size_t i = 0; i < train->count; i++) {
		struct packet *packet = &train->packets[i];

		if (packet_append(packet, writer->pad, writer->pad_length))
			return -E2BIG;
		if ((size_t)writer->truncate >= packet->length)
			return -EINVAL;
		packet->length -= (size_t)writer->truncate;
	}
	return 0;
}

static int writer_run(struct writer *writer, const char *recipe)
{
	struct argument argument;
	char word[PACKET_RECIPE_MAX];
	int error = 0;

	while (!error && recipe_next(&recipe, word, sizeof(word), &argument))
		error = packet_word_run(writer, word, &argument);
	if (!error)
		error = writer_close_layer(writer);
	if (error || !writer->shorten)
		return error;
	if (writer->shorten < 0 ||
	    (size_t)writer->shorten > writer->packet.length - writer_layer(writer)->offset)
		return -EINVAL;
	writer->packet.length -= (size_t)writer->shorten;
	return 0;
}

int packet_build(const char *recipe, const struct packet_subject *subject,
		 struct packet_train *train)
{
	struct writer *writer = malloc(sizeof(*writer));
	struct packet *packet;
	int error = -ENOMEM;

	train->count = 0;
	if (!writer)
		return error;
	error = writer_begin(writer, subject);
	if (!error)
		error = writer_run(writer, recipe);
	if (error)
		goto out;
	writer_finish(writer);
	if (writer->split.first) {
		error = writer_split(writer, train);
	} else {
		packet = train_add(train);
		error = packet_append(packet, writer->packet.bytes, writer->packet.length);
	}
	if (!error)
		error = train_pad(train, writer);
out:
	free(writer);
	return error;
}
