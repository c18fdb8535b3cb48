// SPDX-License-Identifier: GPL-2.0-only
#include "linkwatch.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "core/scoped.h"

#define BUFFER_SIZE 32768

int linkwatch_open(void)
{
	const struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
	SCOPED_FD int fd =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)))
		return -errno;
	return TAKE_FD(fd);
}

static void message_read(const struct nlmsghdr *message, linkwatch_fn *fn, void *context)
{
	size_t header = NLMSG_LENGTH(sizeof(struct ifinfomsg));
	const struct ifinfomsg *link = NLMSG_DATA(message);
	const struct rtattr *attribute = IFLA_RTA(link);
	size_t left = message->nlmsg_len - header;

	if (message->nlmsg_type != RTM_NEWLINK && message->nlmsg_type != RTM_DELLINK)
		return;
	if (message->nlmsg_len < header)
		return;
	for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
		const char *name = RTA_DATA(attribute);

		if (attribute->rta_type == IFLA_IFNAME && RTA_PAYLOAD(attribute) > 0 &&
		    memchr(name, '\0', RTA_PAYLOAD(attribute)))
			fn(context, name, (uint32_t)link->ifi_index,
			   message->nlmsg_type == RTM_DELLINK);
	}
}

void linkwatch_read(int fd, linkwatch_fn *fn, void *context)
{
	char buffer[BUFFER_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));

	for (;;) {
		ssize_t count = recv(fd, buffer, sizeof(buffer), 0);
		const struct nlmsghdr *message = (const struct nlmsghdr *)buffer;
		size_t left = count > 0 ? (size_t)count : 0;

		if (count < 0 && errno == ENOBUFS) {
			fn(context, "", 0, false);
			continue;
		}
		if (count <= 0)
			return;
		for (; NLMSG_OK(message, left); message = NLMSG_NEXT(message, left))
			message_read(message, fn, context);
	}
}
