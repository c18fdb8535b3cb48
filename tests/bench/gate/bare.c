// SPDX-License-Identifier: GPL-2.0-only
/*
 * The floor: bytes copied between two sockets and nothing else, one event loop, no limit, no log.
 *
 *     bare PORT SERVER-PORT [refuse]
 *
 * With "refuse" it is a server itself that answers as a gate does that refuses every recipient.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Never freed: a measurement's sessions are few, and another event of the batch may name one. */
struct end {
	int fd;
	struct end *other; /* NULL: a listener, or a refusing server's connection */
	bool listener;
	bool gone;
};

static struct sockaddr_in server = {.sin_family = AF_INET};
static bool refusing;
static int loop;

static struct end *end_add(int fd)
{
	struct end *end = calloc(1, sizeof(*end));
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = end};

	if (!end || epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event))
		exit(1);
	end->fd = fd;
	return end;
}

static void take(int listener)
{
	int fd = accept4(listener, NULL, NULL, 0), on = 1;
	struct end *client, *behind;
	int out;

	if (fd < 0)
		return;
	client = end_add(fd);
	if (refusing) {
		send(fd, "220 bare ESMTP\r\n", 16, MSG_NOSIGNAL);
		return;
	}
	out = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(out, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(out, (struct sockaddr *)&server, sizeof(server)))
		exit(1);
	behind = end_add(out);
	behind->other = client;
	client->other = behind;
}

static void refuse(struct end *end, const char *line)
{
	const char *answer = "250 2.0.0 ok\r\n";

	if (line[0] == 'R')
		answer = "550 5.7.1 Unable to relay\r\n";
	else if (line[0] == 'Q')
		answer = "221 2.0.0 bye\r\n";
	send(end->fd, answer, strlen(answer), MSG_NOSIGNAL);
}

static void copy(struct end *end)
{
	static char buffer[1 << 18];
	ssize_t size = recv(end->fd, buffer, sizeof(buffer), 0);
	ssize_t done = 0;

	if (size <= 0) {
		close(end->fd);
		end->gone = true;
		if (end->other && !end->other->gone)
			shutdown(end->other->fd, SHUT_WR);
		return;
	}
	if (!end->other) {
		refuse(end, buffer);
		return;
	}
	while (done < size) {
		ssize_t sent =
			send(end->other->fd, buffer + done, (size_t)(size - done), MSG_NOSIGNAL);

		if (sent <= 0)
			return;
		done += sent;
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	struct epoll_event events[64];
	int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0);

	if (argc < 3)
		return 2;
	loop = epoll_create1(0);
	refusing = argc > 3;
	server.sin_port = htons((uint16_t)atoi(argv[2]));
	server.sin_addr.s_addr = address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons((uint16_t)atoi(argv[1]));
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, 4096))
		return 1;
	end_add(listener)->listener = true;
	for (;;) {
		int count = epoll_wait(loop, events, 64, -1);

		for (int i = 0; i < count; i++) {
			struct end *end = events[i].data.ptr;

			if (end->listener)
				take(end->fd);
			else
				copy(end);
		}
	}
}
