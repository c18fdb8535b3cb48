// SPDX-License-Identifier: GPL-2.0-only
#include "smtp/proxy_header.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "core/range.h"

static const char signature[12] = "\r\n\r\n\0\r\nQUIT\n";

#define V2_HEADER 16 /* octets before the addresses */
#define V2_VERSION 0x20
#define V2_LOCAL 0
#define V2_PROXY 1
#define V2_TCP4 0x11
#define V2_TCP6 0x21

static uint64_t read_number(const unsigned char *octets, size_t size)
{
	uint64_t number = 0;

	for (size_t i = 0; i < size; i++)
		number = number << 8 | octets[i];
	return number;
}

static struct ip read_ip(const unsigned char *octets, uint8_t family)
{
	if (family == MXF_FAMILY_IPV4)
		return (struct ip){.lo = read_number(octets, 4)};
	return (struct ip){.hi = read_number(octets, 8), .lo = read_number(octets + 8, 8)};
}

static bool is_mapped(struct ip ip)
{
	return ip.hi == 0 && ip.lo >> 32 == 0xffff;
}

/*
 * A socket for both families sees IPv4 as mapped IPv6 (RFC 4291 section 2.5.5.2), and says so here.
 * It is IPv4 to whoever judges addresses. False when it is so at one end only.
 */
static bool unmap(struct proxy_header *header)
{
	if (header->family != MXF_FAMILY_IPV6 ||
	    (!is_mapped(header->source) && !is_mapped(header->destination)))
		return true;
	if (!is_mapped(header->source) || !is_mapped(header->destination))
		return false;
	header->family = MXF_FAMILY_IPV4;
	header->source.lo &= UINT32_MAX;
	header->destination.lo &= UINT32_MAX;
	return true;
}

/* Version 1, section 2.1. */

/* The next word of a line, ended by one blank or the line's end; false when there is none. */
static bool next_word(const char **at, const char *end, const char **word, size_t *size)
{
	const char *blank;

	if (*at >= end)
		return false;
	*word = *at;
	blank = memchr(*at, ' ', (size_t)(end - *at));
	*size = (size_t)((blank ? blank : end) - *at);
	*at = blank ? blank + 1 : end;
	return *size > 0;
}

static bool read_port(const char *word, size_t size, uint16_t *port)
{
	unsigned int number = 0;

	if (size > 5 || (size > 1 && word[0] == '0'))
		return false;
	for (size_t i = 0; i < size; i++) {
		if (word[i] < '0' || word[i] > '9')
			return false;
		number = number * 10 + (unsigned int)(word[i] - '0');
	}
	*port = (uint16_t)number;
	return number <= UINT16_MAX;
}

static bool read_ip_text(const char *word, size_t size, uint8_t family, struct ip *ip)
{
	char text[INET6_ADDRSTRLEN];
	unsigned char octets[sizeof(struct in6_addr)];

	if (size >= sizeof(text) || memchr(word, '\0', size))
		return false;
	memcpy(text, word, size);
	text[size] = '\0';
	if (inet_pton(family == MXF_FAMILY_IPV4 ? AF_INET : AF_INET6, text, octets) != 1)
		return false;
	*ip = read_ip(octets, family);
	return true;
}

static bool read_addresses(const char *at, const char *end, struct proxy_header *header)
{
	struct ip *ips[] = {&header->source, &header->destination};
	uint16_t *ports[] = {&header->source_port, &header->destination_port};
	const char *word;
	size_t size;

	for (size_t i = 0; i < 2; i++)
		if (!next_word(&at, end, &word, &size) ||
		    !read_ip_text(word, size, header->family, ips[i]))
			return false;
	for (size_t i = 0; i < 2; i++)
		if (!next_word(&at, end, &word, &size) || !read_port(word, size, ports[i]))
			return false;
	return at == end && end[-1] != ' ' && unmap(header);
}

static enum proxy_status read_v1(const char *data, size_t size, struct proxy_header *header,
				 size_t *used)
{
	size_t limit = size < PROXY_HEADER_V1_MAX ? size : PROXY_HEADER_V1_MAX;
	const char *newline = memchr(data, '\n', limit), *at = data + 6, *end, *word;
	size_t length;

	if (!newline)
		return size < PROXY_HEADER_V1_MAX ? PROXY_MORE : PROXY_BROKEN;
	end = newline - 1;
	if (end < at || *end != '\r' || !next_word(&at, end, &word, &length))
		return PROXY_BROKEN;
	*used = (size_t)(newline + 1 - data);
	if (length == 7 && memcmp(word, "UNKNOWN", 7) == 0) {
		header->local = true;
		return PROXY_DONE;
	}
	if (length != 4 || memcmp(word, "TCP", 3) != 0 || (word[3] != '4' && word[3] != '6'))
		return PROXY_BROKEN;
	header->family = word[3] == '4' ? MXF_FAMILY_IPV4 : MXF_FAMILY_IPV6;
	return read_addresses(at, end, header) ? PROXY_DONE : PROXY_BROKEN;
}

/* Version 2, section 2.2. */

static enum proxy_status read_v2_addresses(const unsigned char *octets, size_t length,
					   struct proxy_header *header)
{
	size_t width = header->family == MXF_FAMILY_IPV4 ? 4 : 16;

	if (length < 2 * width + 4)
		return PROXY_BROKEN;
	header->source = read_ip(octets, header->family);
	header->destination = read_ip(octets + width, header->family);
	header->source_port = (uint16_t)read_number(octets + 2 * width, 2);
	header->destination_port = (uint16_t)read_number(octets + 2 * width + 2, 2);
	return unmap(header) ? PROXY_DONE : PROXY_BROKEN;
}

static enum proxy_status read_v2(const char *data, size_t size, struct proxy_header *header,
				 size_t *used)
{
	const unsigned char *octets = (const unsigned char *)data;
	size_t length;

	if (size < V2_HEADER)
		return PROXY_MORE;
	length = (size_t)read_number(octets + 14, 2);
	if ((octets[12] & 0xf0) != V2_VERSION || (octets[12] & 15) > V2_PROXY ||
	    length > PROXY_HEADER_MAX - V2_HEADER)
		return PROXY_BROKEN;
	if (size < V2_HEADER + length)
		return PROXY_MORE;
	*used = V2_HEADER + length;
	header->local = (octets[12] & 15) == V2_LOCAL || octets[13] == 0;
	if (header->local)
		return PROXY_DONE;
	if (octets[13] != V2_TCP4 && octets[13] != V2_TCP6)
		return PROXY_BROKEN;
	header->family = octets[13] == V2_TCP4 ? MXF_FAMILY_IPV4 : MXF_FAMILY_IPV6;
	return read_v2_addresses(octets + V2_HEADER, length, header);
}

enum proxy_status proxy_header_read(const char *data, size_t size, struct proxy_header *header,
				    size_t *used)
{
	static const char v1[] = "PROXY ";
	size_t common = size < sizeof(signature) ? size : sizeof(signature);
	size_t common_v1 = size < sizeof(v1) - 1 ? size : sizeof(v1) - 1;

	*header = (struct proxy_header){0};
	if (memcmp(data, v1, common_v1) == 0)
		return common_v1 < sizeof(v1) - 1 ? PROXY_MORE : read_v1(data, size, header, used);
	if (memcmp(data, signature, common) == 0)
		return common < sizeof(signature) ? PROXY_MORE : read_v2(data, size, header, used);
	return PROXY_BROKEN;
}

size_t proxy_header_write_v1(const struct proxy_header *header, char *out)
{
	char source[RANGE_TEXT_MAX], destination[RANGE_TEXT_MAX];
	int length;

	if (header->local)
		return (size_t)snprintf(out, PROXY_HEADER_WRITE_MAX, "PROXY UNKNOWN\r\n");
	source[ip_format(header->source, header->family, source)] = '\0';
	destination[ip_format(header->destination, header->family, destination)] = '\0';
	length = snprintf(out, PROXY_HEADER_WRITE_MAX, "PROXY TCP%c %.45s %.45s %u %u\r\n",
			  header->family == MXF_FAMILY_IPV4 ? '4' : '6', source, destination,
			  header->source_port, header->destination_port);
	return (size_t)length;
}

static void write_number(unsigned char *octets, size_t size, uint64_t number)
{
	while (size-- > 0) {
		octets[size] = (unsigned char)number;
		number >>= 8;
	}
}

static void write_ip(unsigned char *octets, struct ip ip, uint8_t family)
{
	if (family == MXF_FAMILY_IPV4) {
		write_number(octets, 4, ip.lo);
	} else {
		write_number(octets, 8, ip.hi);
		write_number(octets + 8, 8, ip.lo);
	}
}

size_t proxy_header_write_v2(const struct proxy_header *header, char *out)
{
	size_t width = header->family == MXF_FAMILY_IPV4 ? 4 : 16;
	size_t length = header->local ? 0 : 2 * width + 4;
	unsigned char *octets = (unsigned char *)out;

	memcpy(octets, signature, sizeof(signature));
	octets[12] = V2_VERSION | (header->local ? V2_LOCAL : V2_PROXY);
	octets[13] = header->local ? 0 : header->family == MXF_FAMILY_IPV4 ? V2_TCP4 : V2_TCP6;
	write_number(octets + 14, 2, length);
	if (header->local)
		return V2_HEADER;
	write_ip(octets + V2_HEADER, header->source, header->family);
	write_ip(octets + V2_HEADER + width, header->destination, header->family);
	write_number(octets + V2_HEADER + 2 * width, 2, header->source_port);
	write_number(octets + V2_HEADER + 2 * width + 2, 2, header->destination_port);
	return V2_HEADER + length;
}
