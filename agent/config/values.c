// SPDX-License-Identifier: GPL-2.0-only
/* The fields of `filter` and `metrics` that are more than one of a few words. */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "config/reader.h"
#include "core/range.h"
#include "core/text.h"

#define SMTP_PORT 25

static bool is_interface_name(const struct node *node)
{
	if (node->size == 0 || node->size >= IFNAMSIZ)
		return false;
	if (strcmp(node->text, ".") == 0 || strcmp(node->text, "..") == 0)
		return false;
	for (size_t i = 0; i < node->size; i++)
		if (node->text[i] <= ' ' || node->text[i] == '/' || node->text[i] == ':' ||
		    node->text[i] == 0x7f)
			return false;
	return true;
}

static void add_interface(struct reader *reader, const struct schema_key *key,
			  const struct node *item, void *field)
{
	struct filter_config *filter = field;
	const struct interface_name *before;
	struct interface_name *interfaces;
	char quote[TEXT_QUOTE_SIZE];

	(void)key;
	if (!is_interface_name(item)) {
		READER_ERROR(reader, item->place,
			     "1 to 15 letters, digits and signs, as in ip link",
			     "\"%s\" is not an interface name",
			     text_quote(item->text, item->size, quote));
		return;
	}
	before = config_find_interface(filter, item->text);
	if (before) {
		READER_ERROR(reader, item->place, NULL, "%s is listed already at %s:%u", item->text,
			     sources_name(&reader->config->sources, before->place.file),
			     before->place.line);
		return;
	}
	if (filter->interface_count == MXF_INTERFACES_MAX) {
		READER_ERROR(reader, item->place, NULL, "more than %u interfaces",
			     MXF_INTERFACES_MAX);
		return;
	}
	interfaces =
		reallocarray(filter->interfaces, filter->interface_count + 1, sizeof(*interfaces));
	if (!interfaces) {
		reader->error = -ENOMEM;
		return;
	}
	filter->interfaces = interfaces;
	interfaces[filter->interface_count] = (struct interface_name){.place = item->place};
	memcpy(interfaces[filter->interface_count++].name, item->text, item->size);
}

void read_interfaces(struct reader *reader, const struct schema_key *key, const struct node *value,
		     void *field)
{
	read_items(reader, key, value, add_interface, field);
	if (value->kind == NODE_SEQUENCE && !value->first)
		READER_ERROR(reader, value->place, NULL, "at least one interface must be given");
}

uint16_t parse_port(const char *text, size_t size)
{
	unsigned int port = 0;

	if (size == 0 || size > 5 || text[0] == '0')
		return 0;
	for (size_t i = 0; i < size; i++) {
		if (text[i] < '0' || text[i] > '9')
			return 0;
		port = port * 10 + (unsigned int)(text[i] - '0');
	}
	return port <= UINT16_MAX ? (uint16_t)port : 0;
}

struct port_field {
	uint16_t **ports; /* sorted */
	size_t *count;
};

static struct port_field port_field(struct filter_config *filter, enum port_key which)
{
	if (which == PORTS_CLOSED)
		return (struct port_field){&filter->closed_ports, &filter->closed_port_count};
	return (struct port_field){&filter->open_ports, &filter->open_port_count};
}

/* Where the port is, or where it belongs. */
static size_t find_port(const struct port_field *field, uint16_t port)
{
	size_t low = 0;
	size_t high = *field->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if ((*field->ports)[middle] < port)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool has_port(const struct port_field *field, uint16_t port)
{
	size_t at = find_port(field, port);

	return at < *field->count && (*field->ports)[at] == port;
}

static int insert_port(const struct port_field *field, uint16_t port)
{
	size_t at = find_port(field, port);
	uint16_t *ports = reallocarray(*field->ports, *field->count + 1, sizeof(*ports));

	if (!ports)
		return -ENOMEM;
	memmove(ports + at + 1, ports + at, (*field->count - at) * sizeof(*ports));
	ports[at] = port;
	*field->ports = ports;
	++*field->count;
	return 0;
}

static void add_port(struct reader *reader, const struct schema_key *key, const struct node *item,
		     void *base)
{
	struct port_field field = port_field(base, key->argument);
	struct port_field other = port_field(base, !key->argument);
	uint16_t port = parse_port(item->text, item->size);
	struct place elsewhere = reader->ports[!key->argument];
	char quote[TEXT_QUOTE_SIZE];

	if (port == 0)
		READER_ERROR(reader, item->place, "a number from 1 to 65535",
			     "\"%s\" is not a TCP port", text_quote(item->text, item->size, quote));
	else if (has_port(&other, port))
		READER_ERROR(reader, item->place, "a port is closed or open, not both",
			     "port %u is listed at %s:%u too", port,
			     sources_name(&reader->config->sources, elsewhere.file),
			     elsewhere.line);
	else if (has_port(&field, port))
		READER_WARNING(reader, item->place, NULL, "port %u is listed twice", port);
	else
		reader->error = insert_port(&field, port);
}

void read_ports(struct reader *reader, const struct schema_key *key, const struct node *value,
		void *field)
{
	reader->ports[key->argument] = value->place;
	read_items(reader, key, value, add_port, field);
}

void ports_finish(struct reader *reader)
{
	struct port_field closed = port_field(&reader->config->filter, PORTS_CLOSED);

	if (reader->ports[PORTS_CLOSED].line == 0 && reader->ports[PORTS_OPEN].line == 0)
		reader->error = insert_port(&closed, SMTP_PORT);
}

static void add_destination(struct reader *reader, const struct schema_key *key,
			    const struct node *item, void *field)
{
	(void)key;
	reader->error = range_array_read(field, item->text, item->size, item->place, reader->diags);
}

void read_destinations(struct reader *reader, const struct schema_key *key,
		       const struct node *value, void *field)
{
	struct filter_config *filter = field;
	struct range_array array = {0};

	read_items(reader, key, value, add_destination, &array);
	filter->destinations = array.items;
	filter->destination_count = range_array_merge(&array);
}

bool split_endpoint(const char *text, size_t length, size_t *begin, size_t *size, uint16_t *port)
{
	const char *colon = memrchr(text, ':', length);
	size_t address = colon ? (size_t)(colon - text) : 0;

	if (address == 0)
		return false;
	*port = parse_port(colon + 1, length - address - 1);
	*begin = text[0] == '[';
	*size = *begin ? address - 2 : address;
	if (*begin)
		return address > 2 && colon[-1] == ']';
	return !memchr(text, ':', address);
}

void read_listen_address(struct reader *reader, const struct schema_key *key,
			 const struct node *value, void *field)
{
	static const char hint[] = "as in \"127.0.0.1:9825\" or \"[::1]:9825\"";
	struct metrics_config *metrics = field;
	char quote[TEXT_QUOTE_SIZE];
	size_t begin, size;
	struct ip ip;
	uint8_t family;
	uint16_t port = 0;

	if (!value_is(reader, key, value, NODE_SCALAR))
		return;
	text_quote(value->text, value->size, quote);
	if (!split_endpoint(value->text, value->size, &begin, &size, &port) || port == 0 ||
	    ip_parse(value->text + begin, size, &ip, &family) != RANGE_OK ||
	    (family == MXF_FAMILY_IPV6) != begin) {
		READER_ERROR(reader, value->place, hint, "\"%s\" is not an address and port",
			     quote);
		return;
	}
	if (!ip_is_loopback(ip, family)) {
		READER_ERROR(reader, value->place, "anyone could read what is not on loopback",
			     "\"%s\" is not a loopback address", quote);
		return;
	}
	metrics->enabled = true;
	metrics->port = port;
	metrics->place = value->place;
	metrics->address[ip_format(ip, family, metrics->address)] = '\0';
}
