// SPDX-License-Identifier: GPL-2.0-only
#include "gate/hasher.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/file.h"
#include "core/scoped.h"
#include "gate/dovecot.h"
#include "gate/password.h"

/* Threads that hash: a login that takes long to hash does not keep all others waiting. */
#define THREADS 2

struct hasher {
	const struct hasher_setup *setup;
	struct passwords *passwords; /* of source file */
	struct dovecot *dovecot;     /* of source dovecot: one thread alone works then */
};

static uint64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void answer(void *context, size_t worker, uint64_t id, enum mxf_auth_result result,
		   const char *login)
{
	const struct hasher *hasher = context;
	struct hasher_answer answer = {.id = id, .result = (uint32_t)result};

	strncpy(answer.login, login, HASHER_LOGIN_MAX);
	/* A worker that takes no answers has its own idea of time. */
	(void)!send(hasher->setup->workers[worker], &answer, sizeof(answer),
		    MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void tell_trouble(void *context, const struct trouble *trouble)
{
	const struct hasher *hasher = context;

	(void)!send(hasher->setup->channel, trouble->text, strlen(trouble->text),
		    MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void serve(struct hasher *hasher, size_t worker, const struct hasher_request *request)
{
	if (hasher->dovecot)
		dovecot_ask(hasher->dovecot, worker, request, clock_ms());
	else
		answer(hasher, worker, request->id,
		       passwords_match(hasher->passwords, request->login, request->password)
			       ? MXF_AUTH_OK
			       : MXF_AUTH_FAILED,
		       "");
}

/* False when the worker has closed. */
static bool serve_worker(struct hasher *hasher, size_t worker)
{
	struct hasher_request request;
	ssize_t size =
		recv(hasher->setup->workers[worker], &request, sizeof(request), MSG_DONTWAIT);

	if (size == sizeof(request)) {
		request.login[HASHER_LOGIN_MAX] = '\0';
		request.password[HASHER_PASSWORD_MAX] = '\0';
		serve(hasher, worker, &request);
		explicit_bzero(&request, sizeof(request));
	}
	return size > 0 || (size < 0 && (errno == EAGAIN || errno == EINTR));
}

/* What a thread polls: the workers' sockets, then the keeper's channel, then Dovecot's. */
struct watch {
	struct hasher *hasher;
	size_t workers;
	size_t open; /* of workers and channel */
	struct pollfd *fds;
};

static int watch_open(struct watch *watch)
{
	const struct hasher_setup *setup = watch->hasher->setup;

	watch->workers = setup->worker_count;
	watch->fds = calloc(watch->workers + 2, sizeof(*watch->fds));
	if (!watch->fds)
		return -ENOMEM;
	for (size_t i = 0; i < watch->workers; i++)
		watch->fds[i] = (struct pollfd){.fd = setup->workers[i], .events = POLLIN};
	watch->fds[watch->workers] = (struct pollfd){.fd = setup->channel, .events = POLLIN};
	watch->fds[watch->workers + 1].fd = -1;
	for (size_t i = 0; i <= watch->workers; i++)
		watch->open += watch->fds[i].fd >= 0;
	return 0;
}

static void watch_end(struct watch *watch, size_t index)
{
	watch->fds[index].fd = -1;
	watch->open--;
}

static int wait_time(const struct hasher *hasher)
{
	uint64_t now = clock_ms(), deadline = UINT64_MAX;

	if (hasher->dovecot)
		deadline = dovecot_deadline(hasher->dovecot);
	if (deadline == UINT64_MAX)
		return -1;
	return deadline > now ? (int)(deadline - now) : 0;
}

static bool watch_wait(struct watch *watch)
{
	struct hasher *hasher = watch->hasher;
	struct pollfd *dovecot = &watch->fds[watch->workers + 1];

	if (hasher->dovecot)
		*dovecot = dovecot_poll(hasher->dovecot);
	if (poll(watch->fds, watch->workers + 2, wait_time(hasher)) < 0)
		return errno == EINTR;
	if (hasher->dovecot && dovecot->revents)
		dovecot_read(hasher->dovecot, clock_ms());
	if (hasher->dovecot)
		dovecot_tick(hasher->dovecot, clock_ms());
	return true;
}

static void *work(void *context)
{
	struct watch watch = {.hasher = context};

	if (watch_open(&watch))
		return NULL;
	while (watch.open && watch_wait(&watch)) {
		for (size_t i = 0; i < watch.workers; i++)
			if (watch.fds[i].revents && watch.fds[i].fd >= 0 &&
			    !serve_worker(watch.hasher, i))
				watch_end(&watch, i);
		/* The keeper says nothing; it only ends. */
		if (watch.fds[watch.workers].revents)
			watch_end(&watch, watch.workers);
	}
	free(watch.fds);
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

static int open_file(struct hasher *hasher, const char *path, struct trouble *trouble)
{
	int error = passwords_read(path, &hasher->passwords);
	const char *hint = file_error_hint(-error);

	if (!error)
		return 0;
	return trouble_set(trouble, error, "%s: %s%s%s", path, file_error_text(-error),
			   hint ? "; " : "", hint ? hint : "");
}

static int open_dovecot(struct hasher *hasher, const char *socket, struct trouble *trouble)
{
	static const struct dovecot_ops ops = {.answer = answer, .trouble = tell_trouble};
	bool whole = socket[0] == '/';
	SCOPED_FREE char *path = NULL;

	if (asprintf(&path, "%s%s%s", whole ? "" : hasher->setup->run_dir, whole ? "" : "/",
		     socket) < 0)
		path = NULL;
	else
		hasher->dovecot = dovecot_new(path, &ops, hasher);
	return hasher->dovecot ? 0 : trouble_set(trouble, -ENOMEM, "out of memory");
}

int hasher_run(const struct hasher_setup *setup, hasher_drop_fn *drop, void *context,
	       struct trouble *trouble)
{
	const struct gate_auth *auth = &setup->config->gate.auth;
	struct hasher hasher = {.setup = setup};
	int error = auth->source == AUTH_FILE ? open_file(&hasher, auth->file, trouble)
					      : open_dovecot(&hasher, auth->socket, trouble);

	if (!error)
		error = drop(context, trouble);
	if (!error)
		run_threads(&hasher);
	passwords_free(&hasher.passwords);
	dovecot_free(&hasher.dovecot);
	return error;
}
