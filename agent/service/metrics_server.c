// SPDX-License-Identifier: GPL-2.0-only
/*
 * As much of HTTP/1.1 (RFC 9112) as a scraper needs: one request a connection. libevent's own
 * server takes any number of connections, and with them every descriptor that there is.
 */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "core/log.h"
#include "core/scoped.h"
#include "service/metrics.h"

#define TEXT_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define METRICS_PATH "/metrics"

struct client {
	struct metrics_server *server;
	struct bufferevent *stream;
	struct event *deadline;
	uint64_t number; /* the lowest is the oldest */
	bool answered;
	bool ended; /* sends nothing more */
};

struct metrics_server {
	struct evconnlistener *listener;
	metrics_text_fn *fn;
	void *context;
	uint64_t accepted;
	struct client *clients[METRICS_CLIENTS_MAX];
};

/* X(IDENTIFIER, status line): what can be answered. */
#define ANSWERS(X)                                                                                 \
	X(OK, "200 OK")                                                                            \
	X(BAD, "400 Bad Request")                                                                  \
	X(NOT_FOUND, "404 Not Found")                                                              \
	X(METHOD, "405 Method Not Allowed\r\nAllow: GET")                                          \
	X(TOO_LARGE, "431 Request Header Fields Too Large")                                        \
	X(FAILED, "500 Internal Server Error")

#define ANSWER_ENUM(id, line) ANSWER_##id,
enum answer { ANSWERS(ANSWER_ENUM) };

#define ANSWER_LINE(id, line) line,
static const char *const answer_lines[] = {ANSWERS(ANSWER_LINE)};

static void client_drop(struct client *client)
{
	struct metrics_server *server = client->server;

	for (size_t i = 0; i < METRICS_CLIENTS_MAX; i++)
		if (server->clients[i] == client)
			server->clients[i] = NULL;
	if (client->deadline)
		event_free(client->deadline);
	if (client->stream)
		bufferevent_free(client->stream);
	free(client);
}

/* `text` is NULL for an answer that is no more than its line. */
static void client_answer(struct client *client, enum answer answer, const char *text)
{
	struct evbuffer *output = bufferevent_get_output(client->stream);

	client->answered = true;
	evbuffer_add_printf(output,
			    "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
			    "Connection: close\r\n\r\n",
			    answer_lines[answer], TEXT_TYPE, text ? strlen(text) : 0);
	if (text)
		evbuffer_add(output, text, strlen(text));
}

static void client_answer_metrics(struct client *client)
{
	struct metrics_server *server = client->server;
	struct trouble trouble;
	SCOPED_FREE char *text = server->fn(server->context, &trouble);

	if (!text)
		log_error("metrics: %s", trouble.text);
	client_answer(client, text ? ANSWER_OK : ANSWER_FAILED, text);
}

/* "METHOD PATH VERSION"; what stands behind a "?" in the path means nothing here. */
static void client_request(struct client *client, char *line)
{
	const char *method = strsep(&line, " ");
	char *path = strsep(&line, " ");

	if (path)
		path[strcspn(path, "?")] = '\0';
	if (!path || !line || strncmp(line, "HTTP/1.", 7) != 0)
		client_answer(client, ANSWER_BAD, NULL);
	else if (strcmp(path, METRICS_PATH) != 0)
		client_answer(client, ANSWER_NOT_FOUND, NULL);
	else if (strcmp(method, "GET") != 0)
		client_answer(client, ANSWER_METHOD, NULL);
	else
		client_answer_metrics(client);
}

static bool has_empty_line(struct evbuffer *input)
{
	return evbuffer_search(input, "\r\n\r\n", 4, NULL).pos >= 0 ||
	       evbuffer_search(input, "\n\n", 2, NULL).pos >= 0;
}

static void client_readable(struct bufferevent *stream, void *context)
{
	struct evbuffer *input = bufferevent_get_input(stream);
	struct client *client = context;
	SCOPED_FREE char *line = NULL;

	if (!client->answered && has_empty_line(input)) {
		line = evbuffer_readln(input, NULL, EVBUFFER_EOL_CRLF);
		if (line)
			client_request(client, line);
	} else if (!client->answered && evbuffer_get_length(input) >= METRICS_REQUEST_MAX) {
		client_answer(client, ANSWER_TOO_LARGE, NULL);
	}
	if (client->answered)
		evbuffer_drain(input, evbuffer_get_length(input));
}

/* What a client still sends is read and forgotten: closing at once could cost it the answer. */
static void client_written(struct bufferevent *stream, void *context)
{
	struct client *client = context;

	if (client->ended)
		client_drop(client);
	else if (client->answered)
		shutdown(bufferevent_getfd(stream), SHUT_WR);
}

static void client_event(struct bufferevent *stream, short what, void *context)
{
	struct client *client = context;

	/* Whoever has sent its request may shut down its side and wait. */
	client->ended = what & BEV_EVENT_EOF && client->answered &&
			evbuffer_get_length(bufferevent_get_output(stream)) > 0;
	if (!client->ended)
		client_drop(client);
}

static void client_late(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	client_drop(context);
}

/* A free place; when there is none, the oldest client has had its time. */
static struct client **client_slot(struct metrics_server *server)
{
	struct client **oldest = &server->clients[0];

	for (size_t i = 0; i < METRICS_CLIENTS_MAX; i++) {
		if (!server->clients[i])
			return &server->clients[i];
		if (server->clients[i]->number < (*oldest)->number)
			oldest = &server->clients[i];
	}
	client_drop(*oldest);
	return oldest;
}

static void client_accept(struct evconnlistener *listener, evutil_socket_t fd,
			  struct sockaddr *address, int size, void *context)
{
	const struct timeval deadline = {.tv_sec = METRICS_TIMEOUT_S};
	struct event_base *base = evconnlistener_get_base(listener);
	struct metrics_server *server = context;
	struct client *client = calloc(1, sizeof(*client));

	(void)address;
	(void)size;
	if (client)
		client->stream = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!client || !client->stream) {
		free(client);
		close(fd);
		return;
	}
	client->server = server;
	client->number = server->accepted++;
	client->deadline = event_new(base, -1, 0, client_late, client);
	bufferevent_setwatermark(client->stream, EV_READ, 0, METRICS_REQUEST_MAX);
	bufferevent_setcb(client->stream, client_readable, client_written, client_event, client);
	if (!client->deadline || event_add(client->deadline, &deadline) ||
	    bufferevent_enable(client->stream, EV_READ | EV_WRITE))
		client_drop(client);
	else
		*client_slot(server) = client;
}

static int server_listen(struct metrics_server *server, struct event_base *base,
			 const struct metrics_config *config)
{
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				       .ai_socktype = SOCK_STREAM};
	struct addrinfo *found;
	char port[8];

	snprintf(port, sizeof(port), "%u", config->port);
	if (getaddrinfo(config->address, port, &hints, &found))
		return -EINVAL;
	errno = 0;
	server->listener = evconnlistener_new_bind(base, client_accept, server,
						   LEV_OPT_REUSEABLE | LEV_OPT_CLOSE_ON_FREE |
							   LEV_OPT_CLOSE_ON_EXEC,
						   -1, found->ai_addr, (int)found->ai_addrlen);
	freeaddrinfo(found);
	if (server->listener)
		return 0;
	return errno ? -errno : -EADDRNOTAVAIL;
}

int metrics_server_open(struct event_base *base, const struct metrics_config *config,
			metrics_text_fn *fn, void *context, struct metrics_server **server,
			struct trouble *trouble)
{
	struct metrics_server *opened = calloc(1, sizeof(*opened));
	int error;

	if (!opened)
		return trouble_set(trouble, -ENOMEM, "out of memory");
	opened->fn = fn;
	opened->context = context;
	error = server_listen(opened, base, config);
	if (error) {
		free(opened);
		return trouble_set(trouble, error, "metrics: cannot listen on %s port %u: %s",
				   config->address, config->port, strerror(-error));
	}
	*server = opened;
	return 0;
}

void metrics_server_close(struct metrics_server **server)
{
	struct metrics_server *closing = TAKE_PTR(*server);

	if (!closing)
		return;
	for (size_t i = 0; i < METRICS_CLIENTS_MAX; i++)
		if (closing->clients[i])
			client_drop(closing->clients[i]);
	evconnlistener_free(closing->listener);
	free(closing);
}
