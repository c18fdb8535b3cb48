// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <sys/socket.h>

#include "gate/client.h"
#include "smtp/proxy_header.h"

static void start_session(struct client *client)
{
	struct worker *worker = client->run.worker;

	client->until = 0;
	client->state = CLIENT_SESSION;
	client->run.session =
		session_new(&client->listener->shared, &client->peer, client, stream_clock());
	if (!client->run.session) {
		client_drop(client);
		return;
	}
	worker_count_session(worker, 1);
	if (client->refusal) {
		session_refuse(client->run.session, client->refusal, stream_clock());
		client_settle(client);
		return;
	}
	worker_board_enter(client);
	client_greet(client);
}

/* May this source have another session? The limits are those for what the client is. */
static void ask_source_table(struct client *client)
{
	static const char *const texts[] = {
		[SOURCE_WELCOME] = NULL,
		[SOURCE_TOO_MANY] = "Too many connections from your address",
		[SOURCE_TOO_OFTEN] = "Too many new connections from your address",
		[SOURCE_FULL] = "Too many connections, try again later",
	};
	const struct worker_setup *setup = client->run.worker->setup;
	const struct session_peer *peer = &client->peer;
	const struct policy_session facts = {
		.listener = client->listener->listener,
		.client = peer->client,
		.local = peer->local,
		.client_family = peer->client_family,
		.local_family = peer->local_family,
	};
	struct source_limits limits;
	const struct limits *given;
	struct policy_client known;
	enum source_answer answer;
	bool first = true;

	policy_client_make(setup->policy, &facts, &known);
	given = policy_limits(setup->policy, &known);
	limits = (struct source_limits){
		.sessions = (uint32_t)setup->config->gate.limits.values[LIMIT_SESSIONS],
		.sessions_per_source = (uint32_t)given->values[LIMIT_SESSIONS_PER_SOURCE],
		.connections = (uint32_t)given->values[LIMIT_CONNECTIONS_PER_SOURCE],
		.connection_seconds = given->rate_seconds,
	};
	answer = source_table_enter(setup->sources, setup->slot, peer->client, peer->client_family,
				    &limits, stream_clock(), &first);
	client->counted = answer == SOURCE_WELCOME;
	client->refusal = texts[answer];
	client->quiet = !first;
}

static void start_handshake(struct client *client)
{
	client->state = CLIENT_HANDSHAKE;
	client->until = stream_clock() + (uint64_t)WORKER_TLS_S * 1000;
	if (stream_start_tls(&client->stream, tls_new_server(client->run.worker->setup->tls))) {
		client_drop(client);
		return;
	}
	client_shake_hands(client);
}

/* The addresses are known. A source that has too much is not worth a handshake either. */
static void admit(struct client *client)
{
	ask_source_table(client);
	if (client->listener->listener->tls != LISTENER_TLS_IMPLICIT) {
		start_session(client);
	} else if (client->refusal) {
		client->mute = true;
		start_session(client);
	} else {
		start_handshake(client);
	}
}

void client_shake_hands(struct client *client)
{
	switch (stream_shake_hands(&client->stream)) {
	case HANDSHAKE_MORE:
		client_arm(client);
		return;
	case HANDSHAKE_DONE:
		client->peer.tls = true;
		start_session(client);
		return;
	case HANDSHAKE_FAILED:
		client_drop(client);
		return;
	}
}

static void take_addresses(struct session_peer *peer, const struct proxy_header *header)
{
	if (header->local)
		return;
	peer->client = header->source;
	peer->local = header->destination;
	peer->client_family = peer->local_family = header->family;
	peer->client_port = header->source_port;
	peer->local_port = header->destination_port;
}

/* Only the header leaves the socket: what follows it may be a TLS hello. */
void client_read_proxy_header(struct client *client)
{
	char *const input = client->run.worker->input;
	const ssize_t count = recv(client->stream.fd, input, PROXY_HEADER_MAX, MSG_PEEK);
	enum proxy_status status = PROXY_BROKEN;
	struct proxy_header header;
	size_t used = 0;

	if (count > 0)
		status = proxy_header_read(input, (size_t)count, &header, &used);
	else if (count < 0 && (errno == EAGAIN || errno == EINTR))
		status = PROXY_MORE;
	if (status == PROXY_MORE && count < PROXY_HEADER_MAX && !client->stream.half_closed) {
		client_arm(client);
		return;
	}
	if (status != PROXY_DONE || recv(client->stream.fd, input, used, 0) != (ssize_t)used) {
		client_drop(client);
		return;
	}
	take_addresses(&client->peer, &header);
	admit(client);
}

void client_begin(struct client *client)
{
	const struct gate_ranges *proxies = &client->listener->listener->proxy_from;

	if (!gate_ranges_find(proxies, client->peer.client, client->peer.client_family)) {
		admit(client);
		return;
	}
	client->state = CLIENT_PROXY;
	client->until = stream_clock() + (uint64_t)WORKER_PROXY_HEADER_S * 1000;
	client_read_proxy_header(client);
}
