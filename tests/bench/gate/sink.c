// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mail server behind the peers, as cheap as can be: one thread, one event loop, accepts and
 * forgets. Beside it the authentication service that nginx's mail proxy asks for every recipient.
 *
 *     sink SMTP-PORT HTTP-PORT
 *
 * Listens on 127.0.0.1, prints "ready", works until it is killed. The service refuses recipients
 * that begin with "refused", sends the others to SMTP-PORT.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS 64
#define KEPT 8192

enum kind { SMTP_LISTENER, HTTP_LISTENER, SMTP, HTTP };

struct connection {
	enum kind kind;
	int fd;
	bool data;
	char tail[4]; /* the last octets of message data */
	char kept[KEPT];
	size_t size;
};

static unsigned int smtp_port;
static char buffer[1 << 18];

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void watch(int loop, struct connection *connection)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};

	if (epoll_ctl(loop, EPOLL_CTL_ADD, connection->fd, &event))
		fail("epoll_ctl");
}

static void add(int loop, int fd, enum kind kind)
{
	struct connection *connection = calloc(1, sizeof(*connection));

	if (!connection)
		fail("calloc");
	connection->kind = kind;
	connection->fd = fd;
	watch(loop, connection);
}

static int listen_on(unsigned int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 4096))
		fail("listen");
	return fd;
}

static void say(const struct connection *connection, const char *text, size_t size)
{
	if (send(connection->fd, text, size, MSG_NOSIGNAL) < 0)
		return; /* the other end is gone; the next recv() says so */
}

#define SAY(connection, text) say(connection, text, sizeof(text) - 1)

/* Appends the answer to one command; true when data follows. */
static bool answer(const char *line, char *out, size_t *size)
{
	static const struct {
		const char *verb, *answer;
	} answers[] = {
		{"EHLO", "250-sink\r\n250-PIPELINING\r\n250-SIZE 104857600\r\n250 8BITMIME\r\n"},
		{"HELO", "250 sink\r\n"},
		{"DATA", "354 go on\r\n"},
		{"QUIT", "221 2.0.0 bye\r\n"},
		{"", "250 2.0.0 ok\r\n"},
	};
	size_t i = 0;

	while (strncasecmp(line, answers[i].verb, strlen(answers[i].verb)) != 0)
		i++;
	strcpy(out + *size, answers[i].answer);
	*size += strlen(answers[i].answer);
	return strncasecmp(line, "DATA", 4) == 0;
}

static void take_commands(struct connection *connection)
{
	char out[KEPT];
	size_t size = 0, used = 0;
	char *end;

	while (!connection->data && size < sizeof(out) - 256 &&
	       (end = memchr(connection->kept + used, '\n', connection->size - used))) {
		connection->data = answer(connection->kept + used, out, &size);
		used = (size_t)(end + 1 - connection->kept);
	}
	memmove(connection->kept, connection->kept + used, connection->size - used);
	connection->size -= used;
	memcpy(connection->tail, "\0\0\r\n", 4);
	say(connection, out, size);
}

/* Clients of the bench do not pipeline past a message's end. */
static void take_data(struct connection *connection, const char *data, size_t size)
{
	char end[9] = {0};
	size_t last = size < 5 ? size : 5;

	memcpy(end, connection->tail, 4);
	memcpy(end + 4, data + size - last, last);
	if (size >= 5 ? memcmp(data + size - 5, "\r\n.\r\n", 5) == 0
		      : last + 4 >= 5 && memcmp(end + 4 + last - 5, "\r\n.\r\n", 5) == 0) {
		connection->data = false;
		SAY(connection, "250 2.0.0 taken\r\n");
	}
	memcpy(connection->tail, end + last, 4);
}

static void smtp_bytes(struct connection *connection, const char *data, size_t size)
{
	if (connection->data) {
		take_data(connection, data, size);
		return;
	}
	if (size > sizeof(connection->kept) - connection->size)
		size = sizeof(connection->kept) - connection->size;
	memcpy(connection->kept + connection->size, data, size);
	connection->size += size;
	take_commands(connection);
	if (connection->data && connection->size) {
		take_data(connection, connection->kept, connection->size);
		connection->size = 0;
	}
}

static void http_bytes(struct connection *connection, const char *data, size_t size)
{
	char out[512];
	bool refuse;

	if (size > sizeof(connection->kept) - 1 - connection->size)
		size = sizeof(connection->kept) - 1 - connection->size;
	memcpy(connection->kept + connection->size, data, size);
	connection->size += size;
	connection->kept[connection->size] = '\0';
	if (!strstr(connection->kept, "\r\n\r\n"))
		return;
	refuse = strstr(connection->kept, "<refused") != NULL;
	connection->size = 0;
	snprintf(out, sizeof(out),
		 refuse ? "HTTP/1.0 200 OK\r\nAuth-Status: Unable to relay\r\n"
			  "Auth-Error-Code: 550 5.7.1\r\nAuth-Wait: 0\r\n\r\n"
			: "HTTP/1.0 200 OK\r\nAuth-Status: OK\r\nAuth-Server: 127.0.0.1\r\n"
			  "Auth-Port: %u\r\n\r\n",
		 smtp_port);
	say(connection, out, strlen(out));
	shutdown(connection->fd, SHUT_WR);
}

static void work(int loop, struct connection *connection)
{
	ssize_t size;

	if (connection->kind <= HTTP_LISTENER) {
		int fd = accept(connection->fd, NULL, NULL);

		if (fd < 0)
			return;
		add(loop, fd, connection->kind == SMTP_LISTENER ? SMTP : HTTP);
		if (connection->kind == SMTP_LISTENER)
			send(fd, "220 sink ESMTP\r\n", 16, MSG_NOSIGNAL);
		return;
	}
	size = recv(connection->fd, buffer, sizeof(buffer), 0);
	if (size <= 0) {
		close(connection->fd);
		free(connection);
	} else if (connection->kind == SMTP) {
		smtp_bytes(connection, buffer, (size_t)size);
	} else {
		http_bytes(connection, buffer, (size_t)size);
	}
}

int main(int argc, char **argv)
{
	struct epoll_event events[EVENTS];
	int loop = epoll_create1(0);

	if (argc != 3 || loop < 0) {
		fprintf(stderr, "usage: sink SMTP-PORT HTTP-PORT\n");
		return 2;
	}
	smtp_port = (unsigned int)atoi(argv[1]);
	add(loop, listen_on(smtp_port), SMTP_LISTENER);
	add(loop, listen_on((unsigned int)atoi(argv[2])), HTTP_LISTENER);
	puts("ready");
	fflush(stdout);
	for (;;) {
		int count = epoll_wait(loop, events, EVENTS, -1);

		for (int i = 0; i < count; i++)
			work(loop, events[i].data.ptr);
	}
}
