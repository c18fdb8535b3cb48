// SPDX-License-Identifier: GPL-2.0-only
#include "gate/probe.h"

#include <stdlib.h>

#include "core/scoped.h"
#include "gate/worker_internal.h"

struct probe {
	struct worker_session run; /* first */
	struct event timer;
	struct session_shared shared;
	size_t listener; /* the first one in front of this backend: where its errors are told */
	bool failed;	 /* at last, so that a failure is told once */
	bool first_over;
};

static void nothing_for_client(void *context, const char *data, size_t size)
{
	(void)context;
	(void)data;
	(void)size;
}

static void no_client_tls(void *context)
{
	(void)context;
}

static void no_login(void *context, const char *mechanism, const char *login, const char *password)
{
	(void)context;
	(void)mechanism;
	(void)login;
	(void)password;
}

static void note_event(void *context, const struct session_event *event)
{
	const struct probe *probe = context;

	if (event->kind == SESSION_EVENT_BACKEND && !probe->failed)
		worker_event(probe->run.worker, NULL, probe->listener, probe->run.backend, event);
}

static const struct session_ops probe_ops = {
	.write_client = nothing_for_client,
	.write_backend = worker_write_backend,
	.connect_backend = worker_connect_backend,
	.close_backend = worker_close_backend,
	.start_client_tls = no_client_tls,
	.start_backend_tls = worker_start_backend_tls,
	.authenticate = no_login,
	.event = note_event,
	.finish = worker_finish,
};

static void probe_wait(struct probe *probe, uint64_t milliseconds)
{
	const struct timeval time = {.tv_sec = (time_t)(milliseconds / 1000),
				     .tv_usec = (suseconds_t)(milliseconds % 1000 * 1000)};

	event_add(&probe->timer, &time);
}

static void probe_is_over(struct probe *probe, bool good)
{
	worker_session_forget(&probe->run);
	session_free(&probe->run.session);
	worker_close_backend(&probe->run, false);
	probe->failed = !good;
	probe_wait(probe, (good ? WORKER_PROBE_S : WORKER_PROBE_AGAIN_S) * 1000);
	if (!probe->first_over) {
		probe->first_over = true;
		worker_probe_done(probe->run.worker);
	}
}

static void probe_settle(struct worker_session *run)
{
	struct probe *probe = (struct probe *)run;
	unsigned int steps = 0;
	uint64_t deadline, now;

	worker_session_flush(run);
	while (!run->finished && worker_session_step(run)) {
		worker_session_flush(run);
		if (++steps < WORKER_STEPS_MAX)
			continue;
		worker_session_again(run);
		break;
	}
	if (run->finished) {
		probe_is_over(probe, run->result == MXF_SESSION_QUIT);
		return;
	}
	deadline = session_deadline(run->session);
	now = stream_clock();
	if (deadline == UINT64_MAX)
		event_del(&probe->timer);
	else
		probe_wait(probe, deadline > now ? deadline - now : 0);
}

static void probe_begin(struct probe *probe)
{
	struct worker_session *run = &probe->run;

	run->finished = false;
	run->stalled = false;
	run->session = session_new_probe(&probe->shared, probe, stream_clock());
	if (!run->session) {
		probe_is_over(probe, false);
		return;
	}
	session_tick(run->session, stream_clock());
	probe_settle(run);
}

static void probe_is_due(evutil_socket_t fd, short what, void *context)
{
	struct probe *probe = context;

	(void)fd;
	(void)what;
	if (!probe->run.session) {
		/* Sessions that are left have seen what there is. */
		if (!probe->run.worker->retiring)
			probe_begin(probe);
		return;
	}
	session_tick(probe->run.session, stream_clock());
	probe_settle(&probe->run);
}

static size_t listener_of(const struct gate_config *gate, size_t backend)
{
	for (size_t i = 0; i < gate->listener_count; i++)
		if (gate->listeners[i].backend == backend)
			return i;
	return 0;
}

struct probe *probe_new(struct worker *worker, size_t backend)
{
	struct probe *probe = calloc(1, sizeof(*probe));

	if (!probe)
		return NULL;
	probe->run.worker = worker;
	probe->run.settle = probe_settle;
	probe->run.backend = (uint8_t)backend;
	probe->listener = listener_of(worker->gate, backend);
	probe->shared = (struct session_shared){
		.config = worker->setup->config,
		.backend = &worker->gate->backends[backend],
		.offer = &worker->offers[backend],
		.ops = &probe_ops,
	};
	evtimer_assign(&probe->timer, worker->base, probe_is_due, probe);
	probe_wait(probe, 0);
	return probe;
}

void probe_free(struct probe **probe)
{
	struct probe *self = TAKE_PTR(*probe);

	if (!self)
		return;
	worker_session_forget(&self->run);
	session_free(&self->run.session);
	worker_close_backend(&self->run, true);
	event_del(&self->timer);
	free(self);
}
