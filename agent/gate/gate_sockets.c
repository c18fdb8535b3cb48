// SPDX-License-Identifier: GPL-2.0-only
/* Listening sockets, kept open over reloads so that nothing that waits in their queues is lost. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/log.h"
#include "core/range.h"
#include "core/scoped.h"
#include "gate/gate_internal.h"
#include "gate/opener.h"

static bool endpoint_is(const struct gate_endpoint *a, const struct gate_endpoint *b)
{
	return a->family == b->family && a->port == b->port && ip_equal(a->ip, b->ip);
}

static const struct gate_sockets *find_held(const struct gate_sockets *held, size_t count,
					    const struct gate_endpoint *endpoint)
{
	for (size_t i = 0; i < count; i++)
		if (endpoint_is(&held[i].endpoint, endpoint))
			return &held[i];
	return NULL;
}

static bool endpoints_overlap(const struct gate_endpoint *a, const struct gate_endpoint *b)
{
	const struct ip any = {0};

	return a->family == b->family && a->port == b->port &&
	       (ip_equal(a->ip, b->ip) || ip_equal(a->ip, any) || ip_equal(b->ip, any));
}

/* True when one of our sockets is in the way of the endpoint. */
static bool is_in_our_way(const struct gate_sockets *held, size_t count,
			  const struct gate_endpoint *endpoint)
{
	for (size_t i = 0; i < count; i++)
		if (endpoints_overlap(&held[i].endpoint, endpoint))
			return true;
	return false;
}

static int explain(const struct gate_listener *listener, int error, struct trouble *trouble)
{
	const struct gate_endpoint *endpoint = &listener->endpoint;
	char address[RANGE_TEXT_MAX];
	const char *hint = "";

	address[ip_format(endpoint->ip, endpoint->family, address)] = '\0';
	if (error == -EADDRINUSE)
		hint = "; `ss -ltnp` names the program that has it";
	else if (error == -EADDRNOTAVAIL)
		hint = "; no interface of this host has that address";
	else if (error == -EPIPE)
		hint = "; the process that opens sockets has ended: restart mxfenced";
	else if (error == -ETIMEDOUT)
		hint = "; the process that opens sockets does not answer: restart mxfenced";
	else if (error == -EACCES)
		hint = "; ports below 1024 take root or CAP_NET_BIND_SERVICE at the start";
	return trouble_set(trouble, error, "the listener %s cannot listen on %s port %u: %s%s",
			   listener->name, address, endpoint->port, strerror(-error), hint);
}

/* Duplicates of all that is held; returns how many. */
static size_t take_held(const struct gate_sockets *held, int *fds)
{
	size_t taken = 0;

	while (held && taken < held->count) {
		fds[taken] = fcntl(held->fds[taken], F_DUPFD_CLOEXEC, 0);
		if (fds[taken] < 0)
			break;
		taken++;
	}
	return taken;
}

/*
 * `ours`: we listen there already, perhaps by another address. Of an endpoint that stays no socket
 * is closed, whatever waits in its queue would be: with fewer workers each has more of them.
 */
static int open_listener(int opener, const struct gate_sockets *held, bool ours,
			 const struct gate_listener *listener, size_t workers,
			 struct gate_sockets *sockets)
{
	const size_t wanted = held && held->count > workers ? held->count : workers;
	int error;

	*sockets = (struct gate_sockets){.endpoint = listener->endpoint,
					 .fds = calloc(wanted, sizeof(int))};
	if (!sockets->fds)
		return -ENOMEM;
	sockets->count = take_held(held, sockets->fds);
	if (sockets->count == wanted)
		return 0;
	if (held && sockets->count < held->count)
		return -EMFILE;
	error = opener_open(opener, &listener->endpoint, ours, sockets->fds + sockets->count,
			    wanted - sockets->count);
	if (!error)
		sockets->count = wanted;
	return error;
}

int sockets_open(int opener, const struct gate_sockets *held, size_t held_count,
		 const struct gate_config *config, size_t workers, struct gate_sockets **sockets,
		 struct trouble *trouble)
{
	struct gate_sockets *opened = calloc(config->listener_count + 1, sizeof(*opened));
	size_t count = 0;

	if (!opened)
		return trouble_set(trouble, -ENOMEM, "out of memory");
	for (; count < config->listener_count; count++) {
		const struct gate_endpoint *endpoint = &config->listeners[count].endpoint;
		bool ours = is_in_our_way(held, held_count, endpoint);
		int error = open_listener(opener, find_held(held, held_count, endpoint), ours,
					  &config->listeners[count], workers, &opened[count]);

		if (!error)
			continue;
		explain(&config->listeners[count], error, trouble);
		count++;
		sockets_close(&opened, &count);
		return error;
	}
	*sockets = opened;
	return 0;
}

/* Of one that listens already nothing changes. */
void sockets_listen(const struct gate_sockets *sockets, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < sockets[i].count; k++)
			if (listen(sockets[i].fds[k], OPENER_BACKLOG))
				log_error("a socket for port %u does not listen: %s",
					  sockets[i].endpoint.port, strerror(errno));
}

void sockets_close(struct gate_sockets **sockets, size_t *count)
{
	for (size_t i = 0; i < *count; i++) {
		for (size_t k = 0; k < (*sockets)[i].count; k++)
			close((*sockets)[i].fds[k]);
		free((*sockets)[i].fds);
	}
	free(TAKE_PTR(*sockets));
	*count = 0;
}
