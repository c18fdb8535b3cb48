// SPDX-License-Identifier: GPL-2.0-only
#include "tests/support/session_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/range.h"

const char world_config[] =
	"gate:\n"
	"  hostname: mx.example.com\n"
	"  domains: [example.com]\n"
	"  listeners:\n"
	"    - {name: mx, address: \"192.0.2.25:25\", role: mx, backend: inside, tls: off}\n"
	"  backends:\n"
	"    inside: {servers: [\"10.0.0.5:25\", \"10.0.0.6:25\"], tls: off}\n"
	"  relay: {from: [10.0.0.0/8]}\n"
	"  auth: {source: none}\n";

struct buffer {
	char *data;
	size_t size;
};

struct world {
	const struct script *script;
	size_t index; /* of the step */
	bool bytewise;
	struct config *config;
	struct policy *policy;
	struct session_shared shared;
	struct session_offer offer;
	struct session *session;
	uint64_t now;
	bool finished;
	struct buffer inbox, says, backend, wishes, events;
};

static void add(struct buffer *buffer, const char *data, size_t size)
{
	buffer->data = realloc(buffer->data, buffer->size + size + 1);
	assert_non_null(buffer->data);
	memcpy(buffer->data + buffer->size, data, size);
	buffer->size += size;
	buffer->data[buffer->size] = '\0';
}

static void add_text(struct buffer *buffer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add_text(struct buffer *buffer, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	add(buffer, text, strlen(text));
}

static void complain(const struct world *world, const char *what, const struct buffer *got)
{
	print_error("%s, %s, step %zu: %s: got \"%s\"\n", world->script->name,
		    world->bytewise ? "bytewise" : "whole", world->index, what,
		    got && got->data ? got->data : "");
	fail();
}

/* Wishes. */

static void write_client(void *context, const char *data, size_t size)
{
	struct world *world = context;

	assert_false(world->finished);
	add(&world->says, data, size);
}

static void write_backend(void *context, const struct data_piece *pieces, size_t count)
{
	struct world *world = context;

	assert_false(world->finished);
	for (size_t i = 0; i < count; i++)
		add(&world->backend, pieces[i].data, pieces[i].size);
}

static void connect_backend(void *context, size_t first)
{
	struct world *world = context;

	assert_false(world->finished);
	add_text(&world->wishes, "connect %zu\n", first);
}

static void close_backend(void *context, bool abort)
{
	struct world *world = context;

	assert_false(world->finished);
	add_text(&world->wishes, abort ? "abort\n" : "close\n");
}

static void start_client_tls(void *context)
{
	struct world *world = context;

	add_text(&world->wishes, "client tls\n");
}

static void start_backend_tls(void *context)
{
	struct world *world = context;

	add_text(&world->wishes, "backend tls\n");
}

static void authenticate(void *context, const char *mechanism, const char *login,
			 const char *password)
{
	struct world *world = context;

	add_text(&world->wishes, "auth %s %s %s\n", mechanism, login, password);
}

#define ERROR_WORD(id, word, text) word,
static const char *const errors[] = {MXF_BACKEND_ERRORS(ERROR_WORD)};
#define RESULT_WORD(id, word, text) word,
static const char *const results[] = {MXF_SESSION_RESULTS(RESULT_WORD)};
#define RULE_WORD(id, number, word, text) word,
static const char *const rules[] = {MXF_RULES(RULE_WORD)};
#define AUTH_WORD(id, word) word,
static const char *const auths[] = {MXF_AUTH_RESULTS(AUTH_WORD)};

static void event(void *context, const struct session_event *event)
{
	static const char *const kinds[] = {"refused", "accepted", "message", "login",
					    "backend", "ready",	   "end"};
	struct world *world = context;
	struct buffer *out = &world->events;

	assert_false(world->finished);
	add_text(out, "%s", kinds[event->kind]);
	if (event->kind == SESSION_EVENT_BACKEND)
		add_text(out, " %s", errors[event->backend_error]);
	else if (event->kind == SESSION_EVENT_END)
		add_text(out, " %s %u", results[event->result], event->messages);
	else if (event->kind == SESSION_EVENT_LOGIN)
		add_text(out, " %s %s %.*s", auths[event->auth], event->mechanism,
			 (int)event->login.size, event->login.text);
	else if (event->kind == SESSION_EVENT_READY)
		add_text(out, " size=%llu%s", (unsigned long long)world->offer.size,
			 world->offer.extensions & EXTENSION_DSN ? " dsn" : "");
	else
		add_text(out, " %s %d %.*s", event->command, event->code, (int)event->enhanced.size,
			 event->enhanced.text);
	if (event->decided)
		add_text(out, " %s", rules[event->rule]);
	if (event->recipient.text)
		add_text(out, " to=%.*s", (int)event->recipient.size, event->recipient.text);
	add_text(out, "\n");
}

static void finish(void *context, enum mxf_session_result result)
{
	struct world *world = context;

	assert_false(world->finished);
	add_text(&world->wishes, "finish %s\n", results[result]);
	world->finished = true;
}

static const struct session_ops ops = {
	.write_client = write_client,
	.write_backend = write_backend,
	.connect_backend = connect_backend,
	.close_backend = close_backend,
	.start_client_tls = start_client_tls,
	.start_backend_tls = start_backend_tls,
	.authenticate = authenticate,
	.event = event,
	.finish = finish,
};

/* What happens. */

static void offer_inbox(struct world *world)
{
	struct buffer *inbox = &world->inbox;
	size_t used;

	do {
		if (world->finished)
			return;
		used = session_client_input(world->session, inbox->data, inbox->size, world->now);
		assert_true(used <= inbox->size);
		if (used)
			memmove(inbox->data, inbox->data + used, inbox->size - used);
		inbox->size -= used;
	} while (used && inbox->size);
}

static void send_client(struct world *world, const char *data, size_t size)
{
	size_t chunk = world->bytewise ? 1 : size;

	for (size_t i = 0; i < size; i += chunk) {
		add(&world->inbox, data + i, chunk);
		if (session_takes_input(world->session))
			offer_inbox(world);
	}
}

static void send_backend(struct world *world, const char *data, size_t size)
{
	size_t chunk = world->bytewise ? 1 : size;

	for (size_t i = 0; i < size && !world->finished; i += chunk)
		session_backend_input(world->session, data + i, chunk, world->now);
}

static void tick(struct world *world)
{
	for (int i = 0; i < 100 && !world->finished; i++) {
		if (session_deadline(world->session) > world->now)
			return;
		session_tick(world->session, world->now);
	}
	if (!world->finished)
		complain(world, "ticks without end", NULL);
}

/* Time passes from deadline to deadline. */
static void pass_time(struct world *world, uint64_t milliseconds)
{
	uint64_t until = world->now + milliseconds;

	while (!world->finished && session_deadline(world->session) <= until) {
		world->now = session_deadline(world->session);
		tick(world);
		offer_inbox(world);
	}
	world->now = until;
}

static void expect(struct world *world, const char *what, struct buffer *got,
		   const struct step *step)
{
	size_t size = step->size ? step->size : strlen(step->text);

	if (got->size != size || (size && memcmp(got->data, step->text, size) != 0))
		complain(world, what, got);
	got->size = 0;
	if (got->data)
		got->data[0] = '\0';
}

static void act(struct world *world, const struct step *step)
{
	struct session *session = world->session;
	uint64_t now = world->now;

	switch (step->kind) {
	case STEP_CLIENT:
		send_client(world, step->text, step->size);
		return;
	case STEP_REPLY:
		send_backend(world, step->text, step->size);
		break;
	case STEP_CONNECTED:
		session_backend_connected(session, (size_t)step->number, now);
		break;
	case STEP_FAILED:
		session_backend_failed(session, (enum mxf_backend_error)step->number, now);
		break;
	case STEP_CLOSED:
		session_backend_closed(session, now);
		break;
	case STEP_HUNG_UP:
		session_client_closed(session, now);
		break;
	case STEP_CLIENT_TLS:
		session_client_tls_done(session, step->number, now);
		break;
	case STEP_BACKEND_TLS:
		session_backend_tls_done(session, step->number, now);
		break;
	case STEP_AUTH:
		session_auth_done(session, (enum mxf_auth_result)step->number, step->text, now);
		break;
	case STEP_WAIT:
		pass_time(world, (uint64_t)step->number);
		break;
	case STEP_STALLED:
		session_backend_stalled(session, step->number, now);
		break;
	case STEP_REFUSE:
		session_refuse(session, step->text, now);
		break;
	case STEP_DRAIN:
		session_drain(session, now);
		break;
	default:
		break;
	}
	offer_inbox(world);
}

static void run_step(struct world *world, const struct step *step)
{
	switch (step->kind) {
	case STEP_SAYS:
		expect(world, "to the client", &world->says, step);
		break;
	case STEP_BACKEND:
		expect(world, "to the backend", &world->backend, step);
		break;
	case STEP_UNFINISHED:
		if (world->backend.size &&
		    memmem(world->backend.data, world->backend.size, "\r\n.\r\n", 5))
			complain(world, "a whole message went to the backend", &world->backend);
		world->backend.size = 0;
		break;
	case STEP_WISHES:
		expect(world, "wishes", &world->wishes, step);
		break;
	case STEP_EVENTS:
		expect(world, "events", &world->events, step);
		break;
	default:
		if (world->finished)
			complain(world, "the session is over", &world->says);
		act(world, step);
	}
	if (!world->finished)
		tick(world);
}

static void world_open(struct world *world)
{
	const struct script *script = world->script;
	const char *text = script->config ? script->config : world_config;
	const char *client = script->client ? script->client : "203.0.113.9";
	struct session_peer peer = {.client_port = 40000, .local_port = 25, .tls = script->tls};
	struct diags diags = {0};

	assert_int_equal(config_load_text("/nowhere/mxfence.yaml", text, strlen(text),
					  &world->config, &diags),
			 0);
	assert_int_equal(policy_compile(world->config, &diags, &world->policy), 0);
	for (size_t i = 0; i < diags.count; i++)
		if (diags.errors)
			print_error("%s: %s\n", script->name, diags.items[i].message);
	assert_int_equal(diags.errors, 0);
	diags_clear(&diags);
	assert_int_equal(ip_parse(client, strlen(client), &peer.client, &peer.client_family),
			 RANGE_OK);
	assert_int_equal(ip_parse("192.0.2.25", 10, &peer.local, &peer.local_family), RANGE_OK);
	world->offer = (struct session_offer){
		.known = true,
		.extensions = EXTENSION_8BITMIME | EXTENSION_SMTPUTF8 | EXTENSION_DSN,
		.size = 10240000,
	};
	world->shared = (struct session_shared){
		.config = world->config,
		.policy = world->policy,
		.listener = &world->config->gate.listeners[0],
		.backend = &world->config->gate.backends[0],
		.offer = &world->offer,
		.ops = &ops,
		.tls_available = true,
	};
	if (script->probe) {
		world->shared.listener = NULL;
		world->shared.policy = NULL;
		world->session = session_new_probe(&world->shared, world, world->now);
	} else {
		world->session = session_new(&world->shared, &peer, world, world->now);
	}
	assert_non_null(world->session);
}

static void world_close(struct world *world)
{
	session_free(&world->session);
	policy_free(&world->policy);
	config_free(&world->config);
	free(world->inbox.data);
	free(world->says.data);
	free(world->backend.data);
	free(world->wishes.data);
	free(world->events.data);
}

static void run(const struct script *script, bool bytewise)
{
	struct world world = {.script = script, .bytewise = bytewise, .now = 1000};
	const struct step nothing = {.text = ""};

	world_open(&world);
	if (script->steps[0].kind != STEP_CLIENT && script->steps[0].kind != STEP_REFUSE)
		tick(&world);
	for (const struct step *step = script->steps; step->kind; step++, world.index++)
		run_step(&world, step);
	expect(&world, "to the client, unasked for", &world.says, &nothing);
	expect(&world, "to the backend, unasked for", &world.backend, &nothing);
	expect(&world, "wishes unasked for", &world.wishes, &nothing);
	world_close(&world);
}

void world_run(const struct script *script)
{
	run(script, false);
	if (!script->whole_only)
		run(script, true);
}
