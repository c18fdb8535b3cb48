// SPDX-License-Identifier: GPL-2.0-only
#include "gate/sockaddr.h"

#include <endian.h>
#include <netinet/in.h>
#include <string.h>

socklen_t sockaddr_make(struct ip ip, uint8_t family, uint16_t port,
			struct sockaddr_storage *address)
{
	struct sockaddr_in *in = (struct sockaddr_in *)address;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)address;
	const uint64_t words[2] = {htobe64(ip.hi), htobe64(ip.lo)};

	memset(address, 0, sizeof(*address));
	if (family == MXF_FAMILY_IPV4) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		in->sin_addr.s_addr = htonl((uint32_t)ip.lo);
		return sizeof(*in);
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	memcpy(&in6->sin6_addr, words, sizeof(words));
	return sizeof(*in6);
}

bool sockaddr_read(const struct sockaddr_storage *address, struct ip *ip, uint8_t *family,
		   uint16_t *port)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
	uint64_t words[2];

	if (address->ss_family == AF_INET) {
		*ip = (struct ip){.lo = ntohl(in->sin_addr.s_addr)};
		*family = MXF_FAMILY_IPV4;
		*port = ntohs(in->sin_port);
		return true;
	}
	if (address->ss_family != AF_INET6)
		return false;
	memcpy(words, &in6->sin6_addr, sizeof(words));
	*ip = (struct ip){.hi = be64toh(words[0]), .lo = be64toh(words[1])};
	*family = MXF_FAMILY_IPV6;
	*port = ntohs(in6->sin6_port);
	return true;
}
