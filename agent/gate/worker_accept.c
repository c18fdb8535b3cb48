// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gate/client.h"

/* An IPv4 client of an IPv6 socket is an IPv4 client. */
static void read_address(const struct sockaddr_storage *address, struct ip *ip, uint8_t *family,
			 uint16_t *port)
{
	const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)address;
	uint32_t words[4] = {0};

	if (address->ss_family == AF_INET) {
		words[3] = ntohl(ipv4->sin_addr.s_addr);
		*family = MXF_FAMILY_IPV4;
		*port = ntohs(ipv4->sin_port);
	} else {
		memcpy(words, &ipv6->sin6_addr, sizeof(words));
		for (size_t i = 0; i < 4; i++)
			words[i] = ntohl(words[i]);
		*family = MXF_FAMILY_IPV6;
		*port = ntohs(ipv6->sin6_port);
		if (IN6_IS_ADDR_V4MAPPED(&ipv6->sin6_addr)) {
			words[2] = 0;
			*family = MXF_FAMILY_IPV4;
		}
	}
	*ip = ip_from_words(words);
}

static void read_local(const struct worker_listener *listener, int fd, struct session_peer *peer)
{
	const struct gate_endpoint *endpoint = &listener->listener->endpoint;
	struct sockaddr_storage address;
	socklen_t size = sizeof(address);

	if (listener->any_address && getsockname(fd, (struct sockaddr *)&address, &size) == 0) {
		read_address(&address, &peer->local, &peer->local_family, &peer->local_port);
		return;
	}
	peer->local = endpoint->ip;
	peer->local_family = endpoint->family;
	peer->local_port = endpoint->port;
}

static void listeners_watch(struct worker *worker, bool watch)
{
	if (worker->accepting == watch)
		return;
	worker->accepting = watch;
	for (size_t i = 0; i < worker->setup->socket_count; i++) {
		struct worker_listener *listener = &worker->listeners[i];

		if (listener->fd < 0)
			continue;
		if (watch)
			event_add(&listener->event, NULL);
		else
			event_del(&listener->event);
	}
}

/* Out of descriptors or memory: a queue that is not emptied would wake this loop for ever. */
static void accept_pauses(struct worker *worker)
{
	const struct timeval pause = {.tv_sec = WORKER_ACCEPT_PAUSE_S};

	listeners_watch(worker, false);
	event_add(&worker->accept_timer, &pause);
}

static void accept_goes_on(evutil_socket_t fd, short what, void *context)
{
	struct worker *worker = context;

	(void)fd;
	(void)what;
	if (!worker->retiring)
		listeners_watch(worker, true);
}

/* One at a time: those that are here come before those who only want to be. */
void worker_accept(struct worker_listener *listener)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof(address);
	struct session_peer peer = {.tls = false};
	const int fd = accept4(listener->fd, (struct sockaddr *)&address, &size,
			       SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			accept_pauses(listener->worker);
		return;
	}
	read_address(&address, &peer.client, &peer.client_family, &peer.client_port);
	read_local(listener, fd, &peer);
	client_open(listener, fd, &peer);
}

static void listener_is_ready(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	worker_accept(context);
}

static void listener_open(struct worker_listener *self, struct worker *worker,
			  const struct worker_socket *opened)
{
	const struct gate_listener *listener = &worker->gate->listeners[opened->listener];

	*self = (struct worker_listener){
		.worker = worker,
		.listener = listener,
		.index = (uint16_t)opened->listener,
		.fd = opened->fd,
		.any_address = listener->endpoint.ip.hi == 0 && listener->endpoint.ip.lo == 0,
		.shared =
			{
				.config = worker->setup->config,
				.policy = worker->setup->policy,
				.listener = listener,
				.backend = &worker->gate->backends[listener->backend],
				.offer = &worker->offers[listener->backend],
				.ops = &client_ops,
				.tls_available = tls_can_accept(worker->setup->tls),
			},
	};
	event_assign(&self->event, worker->base, self->fd, EV_READ | EV_PERSIST, listener_is_ready,
		     self);
}

int worker_listeners_open(struct worker *worker)
{
	worker->listeners = calloc(worker->setup->socket_count, sizeof(*worker->listeners));
	if (!worker->listeners)
		return -ENOMEM;
	for (size_t i = 0; i < worker->setup->socket_count; i++)
		listener_open(&worker->listeners[i], worker, &worker->setup->sockets[i]);
	evtimer_assign(&worker->accept_timer, worker->base, accept_goes_on, worker);
	return 0;
}

void worker_listeners_watch(struct worker *worker)
{
	listeners_watch(worker, true);
}

/* The keeper has these sockets open, and whoever follows this worker accepts what waits there. */
void worker_listeners_close(struct worker *worker)
{
	listeners_watch(worker, false);
	event_del(&worker->accept_timer);
	for (size_t i = 0; i < worker->setup->socket_count; i++) {
		if (worker->listeners[i].fd >= 0)
			close(worker->listeners[i].fd);
		worker->listeners[i].fd = -1;
	}
}
