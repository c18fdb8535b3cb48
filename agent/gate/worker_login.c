// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gate/client.h"

/* Those that wait for an answer get none. */
static void answers_are_lost(struct worker *worker)
{
	for (size_t i = 0; i < HASHER_PENDING_MAX; i++) {
		struct client *client = worker->logins[i].client;

		worker->logins[i] = (struct worker_login){.used = false};
		if (client)
			client_login_done(client, MXF_AUTH_ERROR, "");
	}
}

/* Without the hasher every login is an error. */
static void hasher_is_gone(struct worker *worker)
{
	event_del(&worker->hasher_event);
	close(worker->hasher);
	worker->hasher = -1;
	answers_are_lost(worker);
}

static void take_answer(struct worker *worker, struct hasher_answer *answer)
{
	const enum mxf_auth_result result = answer->result < MXF_AUTH_RESULT_COUNT
						    ? (enum mxf_auth_result)answer->result
						    : MXF_AUTH_ERROR;

	answer->login[HASHER_LOGIN_MAX] = '\0';
	if (answer->id == HASHER_LOST) {
		answers_are_lost(worker);
		return;
	}
	for (size_t i = 0; i < HASHER_PENDING_MAX; i++) {
		struct worker_login *login = &worker->logins[i];
		struct client *client = login->client;

		if (!login->used || login->id != answer->id)
			continue;
		*login = (struct worker_login){.used = false};
		if (client)
			client_login_done(client, result, answer->login);
		return;
	}
}

static void hasher_is_ready(evutil_socket_t fd, short what, void *context)
{
	struct worker *worker = context;
	struct hasher_answer answer;
	ssize_t size;

	(void)what;
	size = recv(fd, &answer, sizeof(answer), MSG_DONTWAIT);
	if (size == (ssize_t)sizeof(answer))
		take_answer(worker, &answer);
	else if (size >= 0 || (errno != EAGAIN && errno != EINTR))
		hasher_is_gone(worker);
}

void worker_login_open(struct worker *worker)
{
	worker->hasher = worker->setup->hasher;
	if (worker->hasher < 0)
		return;
	event_assign(&worker->hasher_event, worker->base, worker->hasher, EV_READ | EV_PERSIST,
		     hasher_is_ready, worker);
	event_add(&worker->hasher_event, NULL);
}

static struct worker_login *free_login(struct worker *worker)
{
	for (size_t i = 0; i < HASHER_PENDING_MAX; i++)
		if (!worker->logins[i].used)
			return &worker->logins[i];
	return NULL;
}

static bool send_request(const struct client *client, uint64_t id, const char *mechanism,
			 const char *login, const char *password)
{
	const struct session_peer *peer = &client->peer;
	struct hasher_request request = {
		.id = id,
		.client_port = peer->client_port,
		.local_port = peer->local_port,
		.client_family = peer->client_family,
		.local_family = peer->local_family,
		.tls = client->stream.ssl != NULL,
	};
	ssize_t sent;

	if (strlen(login) > HASHER_LOGIN_MAX || strlen(password) > HASHER_PASSWORD_MAX ||
	    strlen(mechanism) >= sizeof(request.mechanism))
		return false;
	ip_to_words(peer->client, request.client);
	ip_to_words(peer->local, request.local);
	strcpy(request.mechanism, mechanism);
	strcpy(request.login, login);
	strcpy(request.password, password);
	sent = send(client->run.worker->hasher, &request, sizeof(request),
		    MSG_DONTWAIT | MSG_NOSIGNAL);
	explicit_bzero(&request, sizeof(request));
	return sent == (ssize_t)sizeof(request);
}

/*
 * What cannot be asked is answered when the session is settled: never while it is asking. An answer
 * to what was asked before comes too late: it must not be taken for one about this login.
 */
void worker_login_ask(struct client *client, const char *mechanism, const char *login,
		      const char *password)
{
	struct worker *worker = client->run.worker;
	struct worker_login *place;

	worker_login_forget(client);
	place = worker->hasher >= 0 ? free_login(worker) : NULL;
	if (!place || !send_request(client, worker->next_login, mechanism, login, password)) {
		client->login_answered = true;
		client->login_result = MXF_AUTH_ERROR;
		return;
	}
	*place = (struct worker_login){.id = worker->next_login++, .client = client, .used = true};
}

void worker_login_forget(struct client *client)
{
	struct worker *worker = client->run.worker;

	for (size_t i = 0; worker->hasher >= 0 && i < HASHER_PENDING_MAX; i++)
		if (worker->logins[i].client == client)
			worker->logins[i].client = NULL;
}
