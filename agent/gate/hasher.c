// SPDX-License-Identifier: GPL-2.0-only
#include "gate/hasher.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/scoped.h"
#include "gate/dovecot.h"
#include "gate/password.h"

/* Threads that hash: a login that takes long to hash does not keep all others waiting. */
#define THREADS 2

struct hasher {
	const struct hasher_setup *setup;
	struct passwords *passwords; /* of source file */
	struct dovecot *dovecot;     /* of source dovecot */
};

static void answer(void *context, size_t worker, uint64_t id, enum mxf_auth_result result)
{
	const struct hasher *hasher = context;
	const struct hasher_answer answer = {.id = id, .result = (uint32_t)result};

	/* A worker that takes no answers has its own idea of time. */
	(void)!send(hasher->setup->workers[worker], &answer, sizeof(answer),
		    MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* True when a whole request came; its texts are ended. */
static bool receive(int worker, struct hasher_request *request)
{
	if (recv(worker, request, sizeof(*request), MSG_DONTWAIT) != sizeof(*request))
		return false;
	request->login[HASHER_LOGIN_MAX] = '\0';
	request->password[HASHER_PASSWORD_MAX] = '\0';
	return true;
}

static void serve(struct hasher *hasher, size_t worker)
{
	struct hasher_request request;

	if (!receive(hasher->setup->workers[worker], &request))
		return;
	if (hasher->dovecot)
		dovecot_ask(hasher->dovecot, worker, &request);
	else
		answer(hasher, worker, request.id,
		       passwords_match(hasher->passwords, request.login, request.password)
			       ? MXF_AUTH_OK
			       : MXF_AUTH_FAILED);
	explicit_bzero(&request, sizeof(request));
}

/* The workers' sockets, then the keeper's channel, then Dovecot's. */
static void fill_poll(const struct hasher *hasher, struct pollfd *fds)
{
	size_t count = hasher->setup->worker_count;

	for (size_t i = 0; i < count; i++)
		fds[i] = (struct pollfd){.fd = hasher->setup->workers[i], .events = POLLIN};
	fds[count] = (struct pollfd){.fd = hasher->setup->channel, .events = POLLIN};
	fds[count + 1] = (struct pollfd){.fd = hasher->dovecot ? dovecot_fd(hasher->dovecot) : -1,
					 .events = POLLIN};
}

static void *work(void *context)
{
	struct hasher *hasher = context;
	size_t count = hasher->setup->worker_count;
	struct pollfd *fds SCOPED_FREE = calloc(count + 2, sizeof(*fds));

	while (fds) {
		fill_poll(hasher, fds);
		if (poll(fds, count + 2, -1) < 0 && errno != EINTR)
			break;
		/* The keeper closes its end when no worker asks any more. */
		if (fds[count].revents)
			break;
		if (hasher->dovecot && fds[count + 1].revents)
			dovecot_read(hasher->dovecot);
		for (size_t i = 0; i < count; i++)
			if (fds[i].revents & POLLIN)
				serve(hasher, i);
	}
	return NULL;
}

static void run_threads(struct hasher *hasher)
{
	pthread_t threads[THREADS - 1];
	size_t started = 0;

	while (hasher->passwords && started < THREADS - 1 &&
	       pthread_create(&threads[started], NULL, work, hasher) == 0)
		started++;
	work(hasher);
	for (size_t i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
}

static int prepare(struct hasher *hasher)
{
	const struct gate_auth *auth = &hasher->setup->config->gate.auth;
	char *path SCOPED_FREE = NULL;

	if (auth->source == AUTH_FILE)
		return passwords_read(auth->file, &hasher->passwords);
	if (asprintf(&path, "%s%s%s", auth->socket[0] == '/' ? "" : hasher->setup->run_dir,
		     auth->socket[0] == '/' ? "" : "/", auth->socket) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	hasher->dovecot = dovecot_new(path, answer, hasher);
	return hasher->dovecot ? 0 : -ENOMEM;
}

int hasher_run(const struct hasher_setup *setup, int (*drop)(void *context), void *context)
{
	struct hasher hasher = {.setup = setup};
	int error = prepare(&hasher);

	if (!error && drop(context))
		error = -EPERM;
	if (!error)
		run_threads(&hasher);
	passwords_free(&hasher.passwords);
	dovecot_free(&hasher.dovecot);
	return error ? EXIT_FAILURE : EXIT_SUCCESS;
}
