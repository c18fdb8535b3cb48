// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <linux/if_link.h>
#include <linux/lwtunnel.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "core/scoped.h"
#include "facts.h"
#include "fence/device.h"

#define BUFFER_SIZE 65536
#define ATTRIBUTES_MAX 80

typedef void message_fn(struct host_facts *facts, const struct nlmsghdr *message);

/* Attributes by their type; NULL where there is none. */
struct attributes {
	const struct rtattr *by_type[ATTRIBUTES_MAX];
};

static struct attributes attributes_read(const struct rtattr *attribute, size_t left)
{
	struct attributes found = {{NULL}};

	for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
		unsigned int type = attribute->rta_type & NLA_TYPE_MASK;

		if (type < ATTRIBUTES_MAX)
			found.by_type[type] = attribute;
	}
	return found;
}

/* Those behind a message's own header of so many bytes. */
static struct attributes message_attributes(const struct nlmsghdr *message, size_t header)
{
	size_t begin = NLMSG_SPACE(header);
	struct attributes none = {{NULL}};

	if (message->nlmsg_len < begin)
		return none;
	return attributes_read((const struct rtattr *)((const char *)message + begin),
			       message->nlmsg_len - begin);
}

static struct attributes nested(const struct rtattr *attribute)
{
	struct attributes none = {{NULL}};

	return attribute ? attributes_read(RTA_DATA(attribute), RTA_PAYLOAD(attribute)) : none;
}

/* The number in an attribute of that size; 0 when there is none. */
static uint32_t attribute_number(const struct rtattr *attribute, size_t size)
{
	uint32_t number = 0;

	if (attribute && RTA_PAYLOAD(attribute) >= size)
		memcpy(&number, RTA_DATA(attribute), size);
	return number;
}

static void attribute_text(const struct rtattr *attribute, char *out, size_t size)
{
	if (attribute)
		snprintf(out, size, "%.*s", (int)RTA_PAYLOAD(attribute),
			 (const char *)RTA_DATA(attribute));
}

/* One datagram of the answer. Returns 1 when more will follow, 0 at the end, or -errno. */
static int messages_take(struct host_facts *facts, const char *buffer, size_t left, message_fn *fn)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)buffer;

	for (; NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
		if (message->nlmsg_type == NLMSG_DONE)
			return 0;
		if (message->nlmsg_type == NLMSG_ERROR)
			return ((const struct nlmsgerr *)NLMSG_DATA(message))->error;
		fn(facts, message);
	}
	return 1;
}

/*
 * Asks for everything of a kind, whose own header has so many bytes, and hands each message over.
 * Returns 0 or -errno.
 */
static int netlink_dump(struct host_facts *facts, uint16_t type, size_t header, uint8_t family,
			message_fn *fn)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg body; /* the longest; all begin with the family */
	} request = {
		.header = {.nlmsg_len = (uint32_t)NLMSG_LENGTH(header),
			   .nlmsg_type = type,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.body = {.ifi_family = family},
	};
	SCOPED_FD int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	char buffer[BUFFER_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct timeval timeout = {.tv_sec = 5};
	int more = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) ||
	    send(fd, &request, request.header.nlmsg_len, 0) < 0)
		return -errno;
	while (more > 0) {
		ssize_t count = recv(fd, buffer, sizeof(buffer), 0);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return -errno;
		more = messages_take(facts, buffer, (size_t)count, fn);
	}
	return more;
}

static void read_program(struct host_interface *interface, const struct attributes *xdp)
{
	static const uint16_t ids[] = {IFLA_XDP_PROG_ID, IFLA_XDP_DRV_PROG_ID, IFLA_XDP_SKB_PROG_ID,
				       IFLA_XDP_HW_PROG_ID};

	interface->xdp_attached =
		(uint8_t)attribute_number(xdp->by_type[IFLA_XDP_ATTACHED], sizeof(uint8_t));
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]) && !interface->xdp_program; i++)
		interface->xdp_program = attribute_number(xdp->by_type[ids[i]], sizeof(uint32_t));
}

static void read_ethtool(struct host_interface *interface)
{
	struct device device;

	if (device_read(interface->name, &device))
		return;
	interface->lro = device.lro;
	interface->gro = device.gro;
}

static void read_link(struct host_facts *facts, const struct nlmsghdr *message)
{
	const struct ifinfomsg *link = NLMSG_DATA(message);
	struct attributes found, info, xdp;
	struct host_interface *interface;

	if (message->nlmsg_type != RTM_NEWLINK || message->nlmsg_len < NLMSG_LENGTH(sizeof(*link)))
		return;
	interface = facts_grow(&facts->interfaces, &facts->interface_count, sizeof(*interface));
	if (!interface)
		return;
	found = message_attributes(message, sizeof(*link));
	info = nested(found.by_type[IFLA_LINKINFO]);
	xdp = nested(found.by_type[IFLA_XDP]);
	interface->ifindex = (uint32_t)link->ifi_index;
	interface->type = link->ifi_type;
	interface->up = link->ifi_flags & IFF_UP;
	attribute_text(found.by_type[IFLA_IFNAME], interface->name, sizeof(interface->name));
	attribute_text(info.by_type[IFLA_INFO_KIND], interface->kind, sizeof(interface->kind));
	interface->master = attribute_number(found.by_type[IFLA_MASTER], sizeof(uint32_t));
	interface->mtu = attribute_number(found.by_type[IFLA_MTU], sizeof(uint32_t));
	/* In another namespace the number is that one's. */
	if (!found.by_type[IFLA_LINK_NETNSID])
		interface->parent = attribute_number(found.by_type[IFLA_LINK], sizeof(uint32_t));
	read_program(interface, &xdp);
	read_ethtool(interface);
}

static bool read_ip(const struct rtattr *attribute, uint8_t af, struct ip *ip, uint8_t *family)
{
	size_t size = af == AF_INET ? 4 : 16;
	uint32_t words[4] = {0};

	if (!attribute || RTA_PAYLOAD(attribute) != size || (af != AF_INET && af != AF_INET6))
		return false;
	memcpy(af == AF_INET ? &words[3] : words, RTA_DATA(attribute), size);
	for (size_t i = 0; i < 4; i++)
		words[i] = __builtin_bswap32(words[i]);
	*ip = ip_from_words(words);
	*family = af == AF_INET ? MXF_FAMILY_IPV4 : MXF_FAMILY_IPV6;
	return true;
}

static void read_address(struct host_facts *facts, const struct nlmsghdr *message)
{
	const struct ifaddrmsg *header = NLMSG_DATA(message);
	struct host_address found, *address;
	struct host_interface *interface;
	struct attributes attributes;
	const struct rtattr *local;

	if (message->nlmsg_type != RTM_NEWADDR ||
	    message->nlmsg_len < NLMSG_LENGTH(sizeof(*header)))
		return;
	attributes = message_attributes(message, sizeof(*header));
	local = attributes.by_type[IFA_LOCAL];
	interface = (struct host_interface *)facts_find_ifindex(facts, header->ifa_index);
	if (!interface || !read_ip(local ? local : attributes.by_type[IFA_ADDRESS],
				   header->ifa_family, &found.ip, &found.family))
		return;
	found.global = header->ifa_scope == RT_SCOPE_UNIVERSE;
	address = facts_grow(&interface->addresses, &interface->address_count, sizeof(*address));
	if (address)
		*address = found;
}

void facts_gather_interfaces(struct host_facts *facts)
{
	int error =
		netlink_dump(facts, RTM_GETLINK, sizeof(struct ifinfomsg), AF_UNSPEC, read_link);

	if (!error)
		error = netlink_dump(facts, RTM_GETADDR, sizeof(struct ifaddrmsg), AF_UNSPEC,
				     read_address);
	if (error)
		trouble_set(&facts->missing[FACT_INTERFACES], error, "netlink: %s",
			    strerror(-error));
}

static void read_route(struct host_facts *facts, const struct nlmsghdr *message)
{
	const struct rtmsg *header = NLMSG_DATA(message);
	struct host_route *route;
	struct attributes found;
	struct ip ip = {0};
	uint8_t family;
	size_t length;

	if (message->nlmsg_type != RTM_NEWROUTE ||
	    message->nlmsg_len < NLMSG_LENGTH(sizeof(*header)))
		return;
	found = message_attributes(message, sizeof(*header));
	if (attribute_number(found.by_type[RTA_ENCAP_TYPE], sizeof(uint16_t)) !=
	    LWTUNNEL_ENCAP_SEG6_LOCAL)
		return;
	route = facts_grow(&facts->local_segments, &facts->local_segment_count, sizeof(*route));
	if (!route)
		return;
	read_ip(found.by_type[RTA_DST], AF_INET6, &ip, &family);
	length = ip_format(ip, MXF_FAMILY_IPV6, route->prefix);
	snprintf(route->prefix + length, sizeof(route->prefix) - length, "/%u",
		 header->rtm_dst_len);
}

void facts_gather_routes(struct host_facts *facts)
{
	int error = netlink_dump(facts, RTM_GETROUTE, sizeof(struct rtmsg), AF_INET6, read_route);

	if (error && error != -EAFNOSUPPORT && error != -EOPNOTSUPP)
		trouble_set(&facts->missing[FACT_ROUTES], error, "netlink: %s", strerror(-error));
}
