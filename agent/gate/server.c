// SPDX-License-Identifier: GPL-2.0-only
#include "gate/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/scoped.h"

static void link_is_ready(evutil_socket_t fd, short what, void *context);

static void link_set_timer(struct server_link *link, time_t seconds)
{
	const struct timeval wait = {.tv_sec = seconds};

	event_add(&link->timer, &wait);
}

static void link_free(struct server_link *link, bool clean, bool reset)
{
	event_del(&link->timer);
	stream_close(&link->stream, clean, reset);
	free(link);
}

static socklen_t socket_address(const struct gate_endpoint *server,
				struct sockaddr_storage *address)
{
	struct sockaddr_in *ipv4 = (struct sockaddr_in *)address;
	struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)address;
	uint32_t words[4];

	memset(address, 0, sizeof(*address));
	ip_to_words(server->ip, words);
	for (size_t i = 0; i < 4; i++)
		words[i] = htonl(words[i]);
	if (server->family == MXF_FAMILY_IPV4) {
		ipv4->sin_family = AF_INET;
		ipv4->sin_port = htons(server->port);
		ipv4->sin_addr.s_addr = words[3];
		return sizeof(*ipv4);
	}
	ipv6->sin6_family = AF_INET6;
	ipv6->sin6_port = htons(server->port);
	memcpy(&ipv6->sin6_addr, words, sizeof(words));
	return sizeof(*ipv6);
}

/* A socket that connects or has connected, or -errno. */
static int connect_to(const struct gate_endpoint *server)
{
	struct sockaddr_storage address;
	const socklen_t size = socket_address(server, &address);
	SCOPED_FD int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	const int on = 1;

	if (fd < 0)
		return -errno;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, (struct sockaddr *)&address, size) && errno != EINPROGRESS)
		return -errno;
	return TAKE_FD(fd);
}

/* The next one to try: those that are not known to be dead come first. -1: none is left. */
static int link_choose(struct server_link *link)
{
	const uint64_t now = stream_clock();
	int chosen = -1;

	for (int i = (int)link->backend->server_count - 1; i >= 0; i--) {
		const bool dead = link->states->dead_until[i] > now;

		if (!(link->untried >> i & 1))
			continue;
		if (!dead || chosen < 0 || link->states->dead_until[chosen] > now)
			chosen = i;
	}
	if (chosen >= 0)
		link->untried &= ~(1u << chosen);
	return chosen;
}

static void link_remember(struct server_link *link, bool dead)
{
	link->states->dead_until[link->server] =
		dead ? stream_clock() + (uint64_t)SERVER_DEAD_S * 1000 : 0;
}

/* This process being short of something says nothing about the server. */
static bool is_own_fault(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS;
}

static void link_connect_next(struct server_link *link, struct event_base *base, bool write_first)
{
	for (;;) {
		const int server = link_choose(link);
		int fd;

		if (server < 0)
			break;
		link->server = (size_t)server;
		fd = connect_to(&link->backend->servers[server]);
		if (fd < 0) {
			if (!is_own_fault(-fd))
				link_remember(link, true);
			continue;
		}
		if (stream_open(&link->stream, base, fd, write_first, link_is_ready, link))
			break;
		link->state = SERVER_CONNECTING;
		link_set_timer(link, SERVER_CONNECT_S);
		return;
	}
	event_del(&link->timer);
	link->state = SERVER_FAILED;
}

/* That one is dead: the next. */
static void link_give_up(struct server_link *link)
{
	struct event_base *base = event_get_base(&link->timer);
	const bool write_first = link->stream.watches_writes;

	link_remember(link, true);
	stream_close(&link->stream, false, true);
	link_connect_next(link, base, write_first);
}

static void link_established(struct server_link *link)
{
	event_del(&link->timer);
	link_remember(link, false);
	link->state = SERVER_CONNECTED;
}

static void link_is_ready(evutil_socket_t fd, short what, void *context)
{
	struct server_link *link = context;

	(void)fd;
	stream_note(&link->stream, what);
	if (link->state == SERVER_CLOSING) {
		if (link->stream.broken || stream_waiting(&link->stream) == 0)
			link_free(link, true, false);
		return;
	}
	/* Reading tells whether it connected. */
	if (link->state == SERVER_CONNECTING)
		link->stream.readable = true;
	link->changed(link->owner);
}

static bool is_connected(const struct server_link *link)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof(address);

	return getpeername(link->stream.fd, (struct sockaddr *)&address, &size) == 0;
}

static void link_is_late(evutil_socket_t fd, short what, void *context)
{
	struct server_link *link = context;

	(void)fd;
	(void)what;
	if (link->state == SERVER_CLOSING) {
		link_free(link, false, true);
		return;
	}
	/* It may have accepted and not greeted yet: that is the session's patience. */
	if (link->state == SERVER_CONNECTING && is_connected(link))
		link_established(link);
	else if (link->state == SERVER_CONNECTING)
		link_give_up(link);
	else
		link->stream.broken = true;
	link->changed(link->owner);
}

struct server_link *server_link_new(struct event_base *base, const struct gate_backend *backend,
				    struct server_states *states, size_t first, bool write_first,
				    void (*changed)(void *owner), void *owner)
{
	struct server_link *link = calloc(1, sizeof(*link));

	if (!link)
		return NULL;
	link->stream.fd = -1;
	link->backend = backend;
	link->states = states;
	link->changed = changed;
	link->owner = owner;
	for (size_t i = first; i < backend->server_count; i++)
		link->untried |= 1u << i;
	evtimer_assign(&link->timer, base, link_is_late, link);
	link_connect_next(link, base, write_first);
	return link;
}

ssize_t server_link_read(struct server_link *link, char *data, size_t size)
{
	const ssize_t count = stream_read(&link->stream, data, size);

	if (link->state != SERVER_CONNECTING)
		return count;
	if (count < 0 && link->stream.broken) {
		link_give_up(link);
		return 0;
	}
	link_established(link);
	return count;
}

enum stream_handshake server_link_shake_hands(struct server_link *link, SSL *ssl)
{
	enum stream_handshake done;

	if (ssl) {
		if (stream_start_tls(&link->stream, ssl))
			return HANDSHAKE_FAILED;
		link_set_timer(link, SERVER_TLS_S);
	}
	done = stream_shake_hands(&link->stream);
	if (done != HANDSHAKE_MORE)
		event_del(&link->timer);
	return done;
}

void server_link_close(struct server_link **link, bool reset)
{
	struct server_link *self = TAKE_PTR(*link);

	if (!self)
		return;
	if (reset || self->stream.broken || self->stream.handshaking ||
	    stream_waiting(&self->stream) == 0) {
		link_free(self, !reset, reset);
		return;
	}
	self->state = SERVER_CLOSING;
	link_set_timer(self, SERVER_CLOSE_S);
}
