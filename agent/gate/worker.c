// SPDX-License-Identifier: GPL-2.0-only
#include "gate/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/scoped.h"
#include "gate/client.h"
#include "gate/probe.h"
#include "gate/worker_internal.h"

void worker_count_session(struct worker *worker, int more)
{
	uint32_t *now = &worker->setup->share->sessions_now;

	__atomic_store_n(now, *now + (uint32_t)more, __ATOMIC_RELAXED);
}

static void worker_ends(struct worker *worker)
{
	if (worker->retiring && LIST_EMPTY(&worker->clients))
		event_base_loopbreak(worker->base);
}

void worker_client_left(struct worker *worker)
{
	worker_ends(worker);
}

static void worker_retire(struct worker *worker, bool stop)
{
	const struct timeval patience = {.tv_sec = WORKER_STOP_S};
	struct client *client, *next;

	if (!worker->retiring)
		worker_listeners_close(worker);
	worker->retiring = true;
	if (stop)
		event_add(&worker->stop_timer, &patience);
	for (client = LIST_FIRST(&worker->clients); client; client = next) {
		next = LIST_NEXT(client, link);
		client_retire(client, stop);
	}
	worker_ends(worker);
}

static void stop_is_due(evutil_socket_t fd, short what, void *context)
{
	struct worker *worker = context;

	(void)fd;
	(void)what;
	event_base_loopbreak(worker->base);
}

static void channel_is_ready(evutil_socket_t fd, short what, void *context)
{
	struct worker *worker = context;
	char command = WORKER_RETIRE;
	const ssize_t size = recv(fd, &command, 1, MSG_DONTWAIT);

	(void)what;
	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (size <= 0)
		event_del(&worker->channel_event);
	if (size <= 0 || command == WORKER_RETIRE)
		worker_retire(worker, false);
	else if (command == WORKER_STOP)
		worker_retire(worker, true);
}

static void worker_gets_ready(struct worker *worker)
{
	const char ready = WORKER_READY;

	if (worker->ready)
		return;
	worker->ready = true;
	event_del(&worker->ready_timer);
	if (!worker->retiring)
		worker_listeners_watch(worker);
	/* A keeper that is gone is noticed on the channel. */
	if (send(worker->setup->channel, &ready, 1, MSG_NOSIGNAL) < 0)
		return;
}

void worker_probe_done(struct worker *worker)
{
	if (--worker->probes_open == 0)
		worker_gets_ready(worker);
}

static void ready_is_due(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	worker_gets_ready(context);
}

static void bell_is_due(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	worker_ring_bell(context);
}

/* Those who had more to do than their turn allowed; who still has goes to the end of the list. */
static void again_is_due(evutil_socket_t fd, short what, void *context)
{
	const struct timeval now = {0};
	struct worker *worker = context;
	struct worker_session *run;
	size_t turns = 0;

	(void)fd;
	(void)what;
	for (run = TAILQ_FIRST(&worker->again); run; run = TAILQ_NEXT(run, again))
		turns++;
	for (; turns > 0 && (run = TAILQ_FIRST(&worker->again)); turns--) {
		worker_session_forget(run);
		run->settle(run);
	}
	if (!TAILQ_EMPTY(&worker->again))
		event_add(&worker->again_timer, &now);
}

/* Descriptors for all sessions and their backends: as many as we may have. */
static void raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* A signal to the whole group is the keeper's to understand. */
static void ignore_signals(void)
{
	static const int signals[] = {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], SIG_IGN);
}

static void worker_free(struct worker *worker)
{
	struct client *client;

	while ((client = LIST_FIRST(&worker->clients)))
		client_drop(client);
	for (size_t i = 0; worker->probes && i < worker->gate->backend_count; i++)
		probe_free(&worker->probes[i]);
	if (worker->base)
		event_base_free(worker->base);
	free(worker->probes);
	free(worker->listeners);
	free(worker->offers);
	free(worker->servers);
	free(worker->free_entries);
	free(worker);
}

static struct event_base *base_new(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (!config)
		return NULL;
	/* No locks: there is one thread. Edge-triggered: see gate/stream.h. */
	if (!event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) &&
	    !event_config_require_features(config, EV_FEATURE_ET | EV_FEATURE_EARLY_CLOSE))
		base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

static void worker_timers(struct worker *worker)
{
	evtimer_assign(&worker->again_timer, worker->base, again_is_due, worker);
	evtimer_assign(&worker->bell_timer, worker->base, bell_is_due, worker);
	evtimer_assign(&worker->ready_timer, worker->base, ready_is_due, worker);
	evtimer_assign(&worker->stop_timer, worker->base, stop_is_due, worker);
	event_assign(&worker->channel_event, worker->base, worker->setup->channel,
		     EV_READ | EV_PERSIST, channel_is_ready, worker);
}

static int worker_allocate(struct worker *worker)
{
	const size_t backends = worker->gate->backend_count;

	worker->base = base_new();
	worker->offers = calloc(backends, sizeof(*worker->offers));
	worker->servers = calloc(backends, sizeof(*worker->servers));
	worker->probes = calloc(backends, sizeof(*worker->probes));
	worker->free_entries =
		calloc(worker->setup->share->session_count + 1, sizeof(*worker->free_entries));
	if (!worker->base || !worker->offers || !worker->servers || !worker->probes ||
	    !worker->free_entries)
		return -ENOMEM;
	worker_timers(worker);
	return worker_listeners_open(worker);
}

/* What clients are offered is known first, unless backends take too long to say it. */
static void ask_backends(struct worker *worker)
{
	const struct timeval patience = {.tv_sec = WORKER_READY_S};

	event_add(&worker->ready_timer, &patience);
	worker->probes_open = worker->gate->backend_count;
	for (size_t i = 0; i < worker->gate->backend_count; i++) {
		worker->probes[i] = probe_new(worker, i);
		if (!worker->probes[i])
			worker_probe_done(worker);
	}
}

static struct worker *worker_new(const struct worker_setup *setup)
{
	struct worker *worker = calloc(1, sizeof(*worker));

	if (!worker)
		return NULL;
	worker->setup = setup;
	worker->gate = &setup->config->gate;
	worker->next_session = setup->first_session;
	worker->hasher = -1;
	LIST_INIT(&worker->clients);
	TAILQ_INIT(&worker->again);
	if (worker_allocate(worker)) {
		worker_free(worker);
		return NULL;
	}
	return worker;
}

int worker_run(const struct worker_setup *setup)
{
	struct worker *worker;

	ignore_signals();
	raise_descriptors();
	worker = worker_new(setup);
	if (!worker)
		return EXIT_FAILURE;
	event_add(&worker->channel_event, NULL);
	worker_login_open(worker);
	ask_backends(worker);
	event_base_dispatch(worker->base);
	while (!LIST_EMPTY(&worker->clients))
		client_drop(LIST_FIRST(&worker->clients));
	worker_ring_bell(worker);
	worker_free(worker);
	return EXIT_SUCCESS;
}
