// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sessions: clients, backends and the clock do anything in any order.
 *
 * The first octet chooses a configuration. Then events, each after an octet 0x1e: a letter, and
 * what belongs to it (see events[]). What is impossible at that point is skipped. A backend that
 * does all as it should answers at 'G', so that sessions get far.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/range.h"
#include "smtp/session.h"

#define EVENT_MARK 0x1e
#define REPLY_LINE_LONGEST 2048

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const configs[] = {
	"gate:\n"
	"  hostname: mx.example.com\n"
	"  domains: [example.com]\n"
	"  listeners:\n"
	"    - {name: mx, address: \"192.0.2.25:25\", role: mx, backend: b, tls: off}\n"
	"  backends: {b: {servers: [\"10.0.0.5:25\", \"10.0.0.6:25\"], tls: off}}\n"
	"  relay: {from: [203.0.113.0/24]}\n"
	"  auth: {source: none}\n"
	"  limits: {errors: 100, unknown-commands: 100, message-size: 4096}\n",

	"gate:\n"
	"  hostname: mx.example.com\n"
	"  domains: [example.com]\n"
	"  tls: {certificate: /c.pem, key: /k.pem}\n"
	"  listeners:\n"
	"    - {name: sub, address: \"192.0.2.25:25\", role: submission, backend: b, "
	"tls: optional, auth-without-tls: yes}\n"
	"  backends: {b: {servers: [\"127.0.0.1:25\"], tls: optional, client-address: xclient}}\n"
	"  relay: {authenticated: yes}\n"
	"  auth: {source: backend}\n",

	"gate:\n"
	"  hostname: mx.example.com\n"
	"  domains: [example.com]\n"
	"  tls: {certificate: /c.pem, key: /k.pem}\n"
	"  listeners:\n"
	"    - {name: mx, address: \"192.0.2.25:25\", role: mx, backend: b, tls: optional, "
	"auth: optional, auth-without-tls: yes}\n"
	"  backends: {b: {servers: [\"10.0.0.5:25\", \"10.0.0.6:25\"], tls: required, "
	"client-address: proxy-v2}}\n"
	"  recipients: {source: backend}\n"
	"  auth: {source: dovecot, socket: auth.sock}\n"
	"  limits: {bare-newline: {normalise: [203.0.113.0/24]}, greet-delay: 2, recipients: 3}\n",
};
#define CONFIGS (sizeof(configs) / sizeof(configs[0]))

enum link { LINK_NONE, LINK_CONNECTING, LINK_OPEN, LINK_TLS };

/* The backend as its own end sees it. */
struct backend {
	enum link link;
	char line[8192];
	size_t size;
	unsigned int unanswered; /* commands, the greeting, the final dot */
	bool asked_data, asked_login, in_data, dot_waits;
	bool unfit;	      /* a PROXY header: not lines */
	unsigned int matched; /* octets of CRLF . CRLF */
	char reply[REPLY_LINE_LONGEST];
	size_t reply_size;
	unsigned int taken; /* messages that it took */
};

struct world {
	struct session *session;
	struct backend backend;
	size_t servers, first; /* of the backend; the first that is asked */
	uint64_t now;
	bool finished, client_tls, hung_up, stalled;
	char *inbox;
	size_t inbox_size;
	char line[REPLY_LINE_LONGEST];
	size_t line_size;
	bool in_data; /* the client was told 354 */
	unsigned int replies, lines, accepted;
};

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* What the client hears: lines of replies, and 250 for a message only when the backend took it. */

static void client_hears_line(struct world *world)
{
	const char *line = world->line;
	bool last = world->line_size >= 4 && line[3] == ' ';

	require(world->line_size >= 3 && line[0] >= '2' && line[0] <= '5');
	if (!last)
		return;
	world->replies++;
	if (world->in_data && strncmp(line, "250", 3) == 0)
		require(++world->accepted <= world->backend.taken);
	world->in_data = strncmp(line, "354", 3) == 0;
}

static void write_client(void *context, const char *data, size_t size)
{
	struct world *world = context;

	require(!world->finished);
	for (size_t i = 0; i < size; i++) {
		require(data[i] && world->line_size < sizeof(world->line));
		if (data[i] == '\n') {
			require(world->line_size && world->line[world->line_size - 1] == '\r');
			world->line_size--;
			client_hears_line(world);
			world->line_size = 0;
			continue;
		}
		require(!world->line_size || world->line[world->line_size - 1] != '\r');
		world->line[world->line_size++] = data[i];
	}
}

/* What the backend hears. */

static void backend_hears_data(struct backend *backend, char c)
{
	static const char end[] = "\r\n.\r\n";

	if (c == end[backend->matched])
		backend->matched++;
	else
		backend->matched = c == '\r';
	if (backend->matched < sizeof(end) - 1)
		return;
	backend->in_data = false;
	backend->dot_waits = true;
	backend->unanswered++;
}

static void backend_hears_line(struct backend *backend)
{
	backend->unanswered++;
	backend->asked_login = backend->size > 5 && memcmp(backend->line, "AUTH ", 5) == 0;
	backend->asked_data = backend->size == 4 && memcmp(backend->line, "DATA", 4) == 0;
}

static void backend_hears(struct backend *backend, char c)
{
	if (backend->in_data) {
		backend_hears_data(backend, c);
		return;
	}
	require(backend->size < sizeof(backend->line));
	if (c == '\n') {
		require(backend->size && backend->line[backend->size - 1] == '\r');
		backend->size--;
		backend_hears_line(backend);
		backend->size = 0;
		return;
	}
	require(c && (!backend->size || backend->line[backend->size - 1] != '\r'));
	backend->line[backend->size++] = c;
}

static void write_backend(void *context, const struct data_piece *pieces, size_t count)
{
	struct world *world = context;
	struct backend *backend = &world->backend;

	require(!world->finished && backend->link == LINK_OPEN);
	/* The header of PROXY version 2 begins with CRLF CRLF NUL. */
	if (pieces[0].size > 12 && !memcmp(pieces[0].data, "\r\n\r\n\0\r\nQUIT\n", 12))
		return;
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < pieces[i].size; j++)
			backend_hears(backend, pieces[i].data[j]);
}

static void connect_backend(void *context, size_t first)
{
	struct world *world = context;

	require(!world->finished && world->backend.link == LINK_NONE && first < world->servers);
	world->first = first;
	world->backend.link = LINK_CONNECTING;
}

static void reset_backend(struct backend *backend)
{
	*backend = (struct backend){.taken = backend->taken};
}

static void close_backend(void *context, bool abort)
{
	struct world *world = context;

	(void)abort;
	require(!world->finished);
	reset_backend(&world->backend);
}

static void start_client_tls(void *context)
{
	struct world *world = context;

	require(!world->finished);
	world->client_tls = true;
}

static void start_backend_tls(void *context)
{
	struct world *world = context;

	require(!world->finished && world->backend.link == LINK_OPEN);
	world->backend.link = LINK_TLS;
}

static void authenticate(void *context, const char *mechanism, const char *login,
			 const char *password)
{
	struct world *world = context;

	require(!world->finished && *mechanism && *login && *password);
}

static void event(void *context, const struct session_event *event)
{
	struct world *world = context;

	require(!world->finished && event->kind <= SESSION_EVENT_END);
}

static void finish(void *context, enum mxf_session_result result)
{
	struct world *world = context;

	require(!world->finished && result < MXF_SESSION_RESULT_COUNT);
	require(world->backend.link == LINK_NONE);
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
	while (!world->finished && session_takes_input(world->session)) {
		/* A copy of its own, so that reading behind it is seen. */
		char *copy = malloc(world->inbox_size + 1);
		size_t used;

		require(copy != NULL);
		memcpy(copy, world->inbox, world->inbox_size);
		used = session_client_input(world->session, copy, world->inbox_size, world->now);
		free(copy);
		require(used <= world->inbox_size);
		memmove(world->inbox, world->inbox + used, world->inbox_size - used);
		world->inbox_size -= used;
		if (!used)
			break;
	}
}

static void client_sends(struct world *world, const char *data, size_t size)
{
	if (world->hung_up || world->client_tls || world->stalled)
		return;
	memcpy(world->inbox + world->inbox_size, data, size);
	world->inbox_size += size;
	for (size_t i = 0; i < size; i++)
		world->lines += data[i] == '\n';
}

/* Follows the replies, to know which message was taken. */
static void backend_says(struct backend *backend, char c)
{
	const char *line = backend->reply;

	if (backend->reply_size < sizeof(backend->reply))
		backend->reply[backend->reply_size++] = c;
	if (c != '\n')
		return;
	if (backend->reply_size > 3 && line[3] != '-') {
		if (backend->dot_waits && line[0] == '2')
			backend->taken++;
		backend->dot_waits = false;
		backend->unanswered -= backend->unanswered > 0;
		if (backend->asked_data && !backend->unanswered && !strncmp(line, "354", 3)) {
			backend->in_data = true;
			backend->matched = 2;
		}
		backend->asked_data = false;
	}
	backend->reply_size = 0;
}

static void backend_sends(struct world *world, const char *data, size_t size)
{
	if (world->backend.link != LINK_OPEN)
		return;
	for (size_t i = 0; i < size; i++)
		backend_says(&world->backend, data[i]);
	session_backend_input(world->session, data, size, world->now);
}

static void good_backend(struct world *world, const char *data, size_t size)
{
	struct backend *backend = &world->backend;

	(void)data;
	for (int i = 0; i < 200 && !world->finished && backend->link == LINK_OPEN; i++) {
		const char *reply = "250-b\r\n250-PIPELINING\r\n250-AUTH LOGIN PLAIN\r\n"
				    "250-XCLIENT ADDR HELO LOGIN\r\n250-DSN\r\n250 SMTPUTF8\r\n";

		if (!backend->unanswered && !world->client_tls)
			offer_inbox(world);
		if (!backend->unanswered || backend->link != LINK_OPEN)
			break;
		if (backend->asked_data && backend->unanswered == 1)
			reply = "354 go\r\n";
		else if (backend->asked_login || size)
			reply = "235 2.7.0 in\r\n";
		backend_sends(world, reply, strlen(reply));
	}
}

static void connected(struct world *world, const char *data, size_t size)
{
	(void)data;
	if (world->backend.link != LINK_CONNECTING)
		return;
	world->backend.link = LINK_OPEN;
	world->backend.unanswered = 0;
	session_backend_connected(world->session, size > 0 ? world->servers - 1 : world->first,
				  world->now);
	if (size < 2 || world->backend.link != LINK_OPEN)
		return;
	world->backend.unanswered = 1;
	backend_sends(world, "220 b\r\n", 7);
}

static void failed(struct world *world, const char *data, size_t size)
{
	(void)data;
	(void)size;
	if (world->backend.link == LINK_CONNECTING)
		session_backend_failed(world->session, MXF_BACKEND_CONNECT, world->now);
}

static void backend_closes(struct world *world, const char *data, size_t size)
{
	(void)data;
	(void)size;
	if (world->backend.link == LINK_OPEN)
		session_backend_closed(world->session, world->now);
}

static void hangs_up(struct world *world, const char *data, size_t size)
{
	(void)data;
	(void)size;
	if (world->stalled)
		return;
	world->hung_up = true;
	session_client_closed(world->session, world->now);
}

static void client_tls_done(struct world *world, const char *data, size_t size)
{
	(void)data;
	if (!world->client_tls)
		return;
	world->client_tls = false;
	session_client_tls_done(world->session, size == 0, world->now);
}

static void backend_tls_done(struct world *world, const char *data, size_t size)
{
	(void)data;
	if (world->backend.link != LINK_TLS)
		return;
	world->backend.link = LINK_OPEN;
	world->backend.unanswered = 0;
	session_backend_tls_done(world->session, size == 0, world->now);
}

static void auth_done(struct world *world, const char *data, size_t size)
{
	(void)data;
	session_auth_done(world->session, (enum mxf_auth_result)(size % MXF_AUTH_RESULT_COUNT),
			  size % 2 ? "somebody" : NULL, world->now);
}

static void ticks(struct world *world)
{
	for (int i = 0; !world->finished && session_deadline(world->session) <= world->now; i++) {
		require(i < 100);
		session_tick(world->session, world->now);
	}
}

/* To the next deadline, or a little further. */
static void time_passes(struct world *world, const char *data, size_t size)
{
	uint64_t deadline = session_deadline(world->session);

	(void)data;
	if (size)
		world->now += size * size;
	else if (deadline != UINT64_MAX && deadline > world->now)
		world->now = deadline;
	ticks(world);
}

static void stalls(struct world *world, const char *data, size_t size)
{
	(void)data;
	world->stalled = size > 0 && session_is_in_data(world->session);
	session_backend_stalled(world->session, world->stalled, world->now);
}

static void drains(struct world *world, const char *data, size_t size)
{
	(void)data;
	(void)size;
	session_drain(world->session, world->now);
}

static const struct {
	char letter;
	void (*happen)(struct world *world, const char *data, size_t size);
} events[] = {
	{'C', client_sends},	 {'R', backend_sends},	{'G', good_backend}, {'O', connected},
	{'F', failed},		 {'X', backend_closes}, {'H', hangs_up},     {'T', client_tls_done},
	{'B', backend_tls_done}, {'A', auth_done},	{'W', time_passes},  {'S', stalls},
	{'D', drains},
};

static void happen(struct world *world, const char *data, size_t size)
{
	struct session_view view;

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		if (!size || events[i].letter != data[0])
			continue;
		events[i].happen(world, data + 1, size - 1);
		if (world->backend.link == LINK_NONE || !session_is_in_data(world->session))
			world->stalled = false;
		if (!world->stalled && !world->client_tls)
			offer_inbox(world);
		if (!world->finished)
			ticks(world);
		break;
	}
	session_look(world->session, &view);
	require(view.state && world->replies <= world->lines + 4);
}

static void run(struct world *world, const char *data, size_t size)
{
	const char *end = data + size;

	while (!world->finished && data < end) {
		const char *begin = data + 1, *mark = NULL;

		if (begin < end)
			mark = memchr(begin, EVENT_MARK, (size_t)(end - begin));
		data = mark ? mark : end;
		happen(world, begin, (size_t)(data - begin));
	}
}

static struct session_shared shared[CONFIGS];
static struct session_offer offers[CONFIGS];

static void compile(size_t index)
{
	struct config *config = NULL;
	struct policy *policy = NULL;
	struct diags diags = {0};

	require(!config_load_text("/nowhere/mxfence.yaml", configs[index], strlen(configs[index]),
				  &config, &diags));
	require(!policy_compile(config, &diags, &policy) && !diags.errors);
	diags_clear(&diags);
	shared[index] = (struct session_shared){
		.config = config,
		.policy = policy,
		.listener = &config->gate.listeners[0],
		.backend = &config->gate.backends[0],
		.offer = &offers[index],
		.ops = &ops,
		.tls_available = true,
	};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct session_peer peer = {.client_port = 40000, .local_port = 25};
	struct world world = {.now = 1000};
	size_t index;

	if (size < 1)
		return 0;
	index = data[0] % CONFIGS;
	if (!shared[index].config)
		compile(index);
	offers[index] = (struct session_offer){.known = true,
					       .extensions = EXTENSION_8BITMIME |
							     EXTENSION_SMTPUTF8 | EXTENSION_DSN};
	require(ip_parse("203.0.113.9", 11, &peer.client, &peer.client_family) == RANGE_OK);
	require(ip_parse("192.0.2.25", 10, &peer.local, &peer.local_family) == RANGE_OK);
	world.servers = shared[index].backend->server_count;
	world.inbox = malloc(size);
	world.session = session_new(&shared[index], &peer, &world, world.now);
	require(world.inbox && world.session);
	ticks(&world);
	run(&world, (const char *)data + 1, size - 1);
	session_free(&world.session);
	free(world.inbox);
	return 0;
}
