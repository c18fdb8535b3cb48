// SPDX-License-Identifier: GPL-2.0-only
/*
 * A worker on loopback sockets with a session that does what its client says, so that every way of
 * reading, writing, waiting and ending can be asked for. The test is client and backend.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "gate/hasher.h"
#include "gate/worker.h"
#include "smtp/session.h"
#include "tests/support/certificates.h"

/* The session. A line is a command; replies are lines; a number is how many bytes or milliseconds.
 */

struct session {
	const struct session_shared *shared;
	void *context;
	struct policy_session facts;
	struct session_peer peer;
	char line[128];
	size_t line_size;
	uint64_t deadline;
	uint64_t passing; /* bytes of the client that the backend gets */
	bool greeted, waits, probe, drained, in_backend, stalled;
	unsigned int stalls;
};

struct session *session_new(const struct session_shared *shared, const struct session_peer *peer,
			    void *context, uint64_t now)
{
	struct session *self = calloc(1, sizeof(*self));

	self->shared = shared;
	self->context = context;
	self->peer = *peer;
	self->deadline = now;
	return self;
}

struct session *session_new_probe(const struct session_shared *shared, void *context, uint64_t now)
{
	const struct session_peer nobody = {0};
	struct session *self = session_new(shared, &nobody, context, now);

	self->probe = true;
	return self;
}

void session_free(struct session **session)
{
	free(*session);
	*session = NULL;
}

static void say(const struct session *self, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void say(const struct session *self, const char *format, ...)
{
	char text[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text) - 2, format, arguments);
	va_end(arguments);
	strcat(text, "\r\n");
	self->shared->ops->write_client(self->context, text, strlen(text));
}

static void end(struct session *self, enum mxf_session_result result)
{
	const struct session_event event = {.kind = SESSION_EVENT_END, .result = result};

	self->deadline = UINT64_MAX;
	self->shared->ops->event(self->context, &event);
	self->shared->ops->finish(self->context, result);
}

static void refused(const struct session *self, const char *recipient)
{
	const struct session_event event = {
		.kind = SESSION_EVENT_REFUSED,
		.command = "RCPT",
		.code = 550,
		.decided = true,
		.rule = MXF_RULE_RELAY,
		.recipient = {.text = recipient, .size = strlen(recipient)},
	};

	self->shared->ops->event(self->context, &event);
}

void session_refuse(struct session *self, const char *text, uint64_t now)
{
	const struct session_event event = {.kind = SESSION_EVENT_REFUSED, .code = 421};

	(void)now;
	self->shared->ops->event(self->context, &event);
	say(self, "421 4.7.0 %s", text);
	end(self, MXF_SESSION_LIMIT);
}

static void obey(struct session *self, const char *line, uint64_t now);

/* The command is the first letter. */
static void do_command(struct session *self, char letter, const char *text, uint64_t now)
{
	const struct session_ops *ops = self->shared->ops;
	char flood[1001];
	char login[64] = "", password[64] = "";
	unsigned long long patience;

	switch (letter) {
	case 'E': /* cho */
		say(self, "250 %s", text);
		return;
	case 'F': /* lood: kilobytes of replies */
		memset(flood, 'f', sizeof(flood));
		for (int i = atoi(text); i > 0; i--)
			ops->write_client(self->context, flood, 1000);
		return;
	case 'C': /* onnect */
		self->waits = true;
		ops->connect_backend(self->context, (size_t)atoi(text));
		return;
	case 'D': /* ata */
		self->passing = strtoull(text, NULL, 10);
		return;
	case 'X': /* close the backend; R: reset it */
	case 'R':
		ops->close_backend(self->context, letter == 'R');
		self->in_backend = false;
		return;
	case 'T': /* ls */
		say(self, "220 go");
		self->waits = true;
		ops->start_client_tls(self->context);
		return;
	case 'B': /* ackend tls */
		self->waits = true;
		ops->start_backend_tls(self->context);
		return;
	case 'A': /* uth, and how long to wait for an answer */
		self->waits = true;
		if (sscanf(text, "%63s %63s %llu", login, password, &patience) == 3)
			self->deadline = now + patience;
		ops->authenticate(self->context, "PLAIN", login, password);
		return;
	case 'W': /* ait */
		self->waits = true;
		self->deadline = now + strtoull(text, NULL, 10);
		return;
	case 'P': /* eer */
		say(self, "250 %x:%u %x:%u tls %d", (unsigned int)self->peer.client.lo,
		    self->peer.client_port, (unsigned int)self->peer.local.lo,
		    self->peer.local_port, self->peer.tls);
		return;
	case 'S': /* talls */
		say(self, "250 stalls %u", self->stalls);
		return;
	case 'N': /* o such recipient */
		refused(self, text);
		say(self, "550 no");
		return;
	case 'Q': /* uit */
		say(self, "221 bye");
		end(self, MXF_SESSION_QUIT);
		return;
	default:
		say(self, "500 what");
		end(self, MXF_SESSION_PROTOCOL);
	}
}

static void obey(struct session *self, const char *line, uint64_t now)
{
	do_command(self, line[0], line[0] && line[1] ? line + 2 : "", now);
}

static size_t pass_on(struct session *self, const char *data, size_t size)
{
	const struct data_piece piece = {
		.data = data,
		.size = size < self->passing ? size : (size_t)self->passing,
	};

	if (piece.size > 0)
		self->shared->ops->write_backend(self->context, &piece, 1);
	self->passing -= piece.size;
	if (self->passing == 0)
		say(self, "250 passed");
	return piece.size;
}

size_t session_client_input(struct session *self, const char *data, size_t size, uint64_t now)
{
	const char *newline;
	size_t length;

	assert_true(size <= SESSION_INPUT_MAX);
	if (!session_takes_input(self))
		return 0;
	if (!self->greeted && size > 0) {
		say(self, "554 too early");
		end(self, MXF_SESSION_PROTOCOL);
		return size;
	}
	if (self->passing > 0)
		return pass_on(self, data, size);
	newline = memchr(data, '\n', size);
	if (!newline)
		return 0;
	length = (size_t)(newline - data) + 1;
	snprintf(self->line, sizeof(self->line), "%.*s", (int)length - 2, data);
	obey(self, self->line, now);
	return length;
}

bool session_takes_input(const struct session *self)
{
	return !self->waits;
}

bool session_is_in_data(const struct session *self)
{
	return self->passing > 0;
}

void session_client_closed(struct session *self, uint64_t now)
{
	(void)now;
	say(self, "221 you closed");
	end(self, MXF_SESSION_CLOSED);
}

void session_client_tls_done(struct session *self, bool established, uint64_t now)
{
	(void)now;
	self->waits = false;
	if (!established)
		end(self, MXF_SESSION_TLS);
}

void session_backend_connected(struct session *self, size_t index, uint64_t now)
{
	(void)now;
	self->in_backend = true;
	self->waits = false;
	if (self->shared->backend->client_address != CLIENT_NONE) {
		const struct data_piece piece = {.data = "PROXY\r\n", .size = 7};

		self->shared->ops->write_backend(self->context, &piece, 1);
	}
	say(self, "250 server %zu", index);
}

void session_backend_failed(struct session *self, enum mxf_backend_error error, uint64_t now)
{
	const struct session_event event = {.kind = SESSION_EVENT_BACKEND, .backend_error = error};

	(void)now;
	self->waits = false;
	self->shared->ops->event(self->context, &event);
	if (self->probe)
		end(self, MXF_SESSION_BACKEND);
	else
		say(self, "451 failed %d", (int)error);
}

void session_backend_tls_done(struct session *self, bool established, uint64_t now)
{
	(void)now;
	self->waits = false;
	say(self, "250 backend tls %d", established);
}

void session_backend_input(struct session *self, const char *data, size_t size, uint64_t now)
{
	(void)now;
	if (self->probe) {
		self->shared->offer->known = true;
		self->shared->ops->close_backend(self->context, false);
		end(self, MXF_SESSION_QUIT);
		return;
	}
	self->shared->ops->write_client(self->context, data, size);
}

void session_backend_closed(struct session *self, uint64_t now)
{
	(void)now;
	if (self->probe) {
		end(self, MXF_SESSION_BACKEND);
		return;
	}
	self->in_backend = false;
	self->waits = false;
	self->passing = 0;
	say(self, "451 backend closed");
}

void session_backend_stalled(struct session *self, bool stalled, uint64_t now)
{
	(void)now;
	assert_true(stalled != self->stalled);
	self->stalled = stalled;
	self->stalls += stalled;
}

void session_auth_done(struct session *self, enum mxf_auth_result result, const char *login,
		       uint64_t now)
{
	(void)now;
	self->waits = false;
	say(self, "235 auth %d%s%s", (int)result, login ? " " : "", login ? login : "");
}

uint64_t session_deadline(const struct session *self)
{
	return self->deadline;
}

void session_tick(struct session *self, uint64_t now)
{
	self->deadline = UINT64_MAX;
	if (self->probe) {
		self->deadline = now + 20000;
		self->shared->ops->connect_backend(self->context, 0);
		return;
	}
	if (!self->greeted)
		say(self, "220 hello");
	else
		say(self, "250 waited");
	self->greeted = true;
	self->waits = false;
}

void session_drain(struct session *self, uint64_t now)
{
	(void)now;
	say(self, "421 4.3.2 stopping");
	end(self, MXF_SESSION_STOPPED);
}

void session_look(const struct session *self, struct session_view *view)
{
	*view = (struct session_view){
		.state = self->passing ? "data" : "command",
		.backend = self->in_backend,
		.helo = {.text = self->line, .size = strlen(self->line)},
	};
}

const struct policy_session *session_facts(const struct session *self)
{
	return &self->facts;
}

const struct policy_client *session_client(const struct session *self)
{
	(void)self;
	return NULL;
}

/* The worker under test, and the sockets around it. */

enum { PLAIN, WITH_PROXY, IMPLICIT, FAIL_OVER, PLAIN_TOO, SOCKETS };

static struct {
	char directory[64];
	struct worker_socket sockets[SOCKETS]; /* the last one is another of PLAIN */
	int backends[2];		       /* the backend's listening sockets */
	uint16_t ports[SOCKETS], backend_ports[2];
	struct config *config;
	struct policy *policy;
	struct tls_contexts *tls;
	struct mxf_gate_share *share;
	struct source_table *sources;
	int channel, hasher, doorbell;
	pid_t worker;
} gate;

#define SESSIONS 8

static int listen_on_loopback(uint16_t *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const int on = 1;

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(fd, 128), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	*port = ntohs(address.sin_port);
	return fd;
}

static const char form[] =
	"gate:\n"
	"  hostname: mx.example.com\n"
	"  domains: [example.com]\n"
	"  listeners:\n"
	"    - {name: plain, address: \"127.0.0.1:%u\", role: mx, backend: one, tls: optional}\n"
	"    - {name: proxy, address: \"127.0.0.1:%u\", role: mx, backend: one, tls: off, "
	"proxy-from: [127.0.0.0/8]}\n"
	"    - {name: implicit, address: \"127.0.0.1:%u\", role: mx, backend: one, tls: implicit}\n"
	"    - {name: over, address: \"127.0.0.1:%u\", role: mx, backend: two, tls: off}\n"
	"  tls: {certificate: mx.crt, key: mx.key}\n"
	"  backends:\n"
	"    one: {servers: [\"127.0.0.1:%u\"], tls: optional}\n"
	"    two: {servers: [\"127.0.0.1:1\", \"127.0.0.1:%u\"], tls: off, client-address: "
	"proxy-v1}\n"
	"  limits: {sessions-per-source: %u, connections-per-source: 10000/1m}\n";

static void load_config(unsigned int per_source)
{
	struct diags diags = {0};
	char text[2048], path[128];

	snprintf(text, sizeof(text), form, gate.ports[0], gate.ports[1], gate.ports[2],
		 gate.ports[3], gate.backend_ports[0], gate.backend_ports[1], per_source);
	snprintf(path, sizeof(path), "%s/mxfence.yaml", gate.directory);
	assert_int_equal(config_load_text(path, text, strlen(text), &gate.config, &diags), 0);
	assert_int_equal(policy_compile(gate.config, &diags, &gate.policy), 0);
	if (diags.errors) {
		diags_print(&diags, &gate.config->sources, false, stderr);
		fail();
	}
	diags_clear(&diags);
}

static void make_directory(void)
{
	strcpy(gate.directory, "/tmp/mxfence-worker-XXXXXX");
	assert_non_null(mkdtemp(gate.directory));
	certificate_write(gate.directory, "mx", "DNS:mx.example.com", -1000, 100000);
}

static void remove_directory(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/mx.crt", gate.directory);
	unlink(path);
	snprintf(path, sizeof(path), "%s/mx.key", gate.directory);
	unlink(path);
	rmdir(gate.directory);
}

static void run_worker(int channel, int hasher)
{
	const struct worker_setup setup = {
		.config = gate.config,
		.policy = gate.policy,
		.tls = gate.tls,
		.sockets = gate.sockets,
		.socket_count = SOCKETS,
		.share = gate.share,
		.sources = gate.sources,
		.slot = 3,
		.first_session = 1000,
		.doorbell = gate.doorbell,
		.channel = channel,
		.hasher = hasher,
	};

	close(gate.channel);
	close(gate.hasher);
	close(gate.backends[0]);
	close(gate.backends[1]);
	exit(worker_run(&setup));
}

/* A greeting for each probe, so that the worker is ready at once. */
static void answer_probe(int listener)
{
	const int fd = accept(listener, NULL, NULL);

	assert_true(fd >= 0);
	assert_int_equal(send(fd, "220 backend\r\n", 13, MSG_NOSIGNAL), 13);
	close(fd);
}

static void start_worker(unsigned int per_source)
{
	const size_t size = sizeof(*gate.share) + SESSIONS * sizeof(struct mxf_gate_session);
	struct trouble trouble;
	int channels[2], hashers[2];
	char ready = 0;

	for (size_t i = 0; i < SOCKETS; i++) {
		gate.sockets[i].listener = i < PLAIN_TOO ? i : PLAIN;
		gate.sockets[i].fd = listen_on_loopback(&gate.ports[i]);
		fcntl(gate.sockets[i].fd, F_SETFL, O_NONBLOCK);
	}
	for (size_t i = 0; i < 2; i++)
		gate.backends[i] = listen_on_loopback(&gate.backend_ports[i]);
	load_config(per_source);
	assert_int_equal(tls_contexts_new(gate.config, &gate.tls, &trouble), 0);
	gate.sources = source_table_new(1);
	gate.share = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(gate.share != MAP_FAILED);
	gate.share->session_count = SESSIONS;
	gate.share->ring.sleeping = 1;
	gate.doorbell = eventfd(0, EFD_CLOEXEC);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, channels), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, hashers), 0);
	gate.channel = channels[0];
	gate.hasher = hashers[0];
	gate.worker = fork();
	assert_true(gate.worker >= 0);
	if (gate.worker == 0)
		run_worker(channels[1], hashers[1]);
	close(channels[1]);
	close(hashers[1]);
	answer_probe(gate.backends[0]);
	answer_probe(gate.backends[1]);
	assert_int_equal(recv(gate.channel, &ready, 1, 0), 1);
	assert_int_equal(ready, WORKER_READY);
}

static int set_up(void **state)
{
	(void)state;
	make_directory();
	start_worker(50);
	return 0;
}

static int set_up_limited(void **state)
{
	(void)state;
	make_directory();
	start_worker(2);
	return 0;
}

static void wait_for_end(void)
{
	int status;

	assert_int_equal(waitpid(gate.worker, &status, 0), gate.worker);
	gate.worker = 0;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("the worker ended with status %x", status);
	assert_int_equal(source_table_sessions(gate.sources), 0);
	assert_int_equal(gate.share->sessions_now, 0);
	for (unsigned int i = 0; i < SESSIONS; i++)
		assert_int_equal(gate.share->sessions[i].session, 0);
}

static int tear_down(void **state)
{
	(void)state;
	if (gate.worker) {
		const char stop = WORKER_STOP;

		assert_int_equal(send(gate.channel, &stop, 1, MSG_NOSIGNAL), 1);
		wait_for_end();
	}
	for (size_t i = 0; i < SOCKETS; i++)
		close(gate.sockets[i].fd);
	for (size_t i = 0; i < 2; i++)
		close(gate.backends[i]);
	close(gate.channel);
	close(gate.hasher);
	close(gate.doorbell);
	munmap(gate.share, sizeof(*gate.share) + SESSIONS * sizeof(struct mxf_gate_session));
	source_table_free(&gate.sources);
	tls_contexts_free(&gate.tls);
	policy_free(&gate.policy);
	config_free(&gate.config);
	remove_directory();
	return 0;
}

/* A client, with TLS once it has some. */

struct client {
	int fd;
	SSL *ssl;
	size_t size;
	char in[2048];
};

static void client_connect_raw(struct client *client, int listener)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(gate.ports[listener]),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const struct timeval patience = {.tv_sec = 20};

	*client = (struct client){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(client->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	assert_int_equal(connect(client->fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

static ssize_t client_recv(struct client *client, char *data, size_t size)
{
	int count;

	if (!client->ssl)
		return recv(client->fd, data, size, 0);
	count = SSL_read(client->ssl, data, (int)size);
	return count > 0						    ? count
	       : SSL_get_error(client->ssl, count) == SSL_ERROR_ZERO_RETURN ? 0
									    : -1;
}

static void client_send(struct client *client, const void *data, size_t size)
{
	if (client->ssl)
		assert_int_equal(SSL_write(client->ssl, data, (int)size), size);
	else
		assert_int_equal(send(client->fd, data, size, MSG_NOSIGNAL), size);
}

static void client_say(struct client *client, const char *text)
{
	client_send(client, text, strlen(text));
}

/* The next line without its end; "" at the end of the connection. Valid until the next call. */
static const char *client_line(struct client *client)
{
	static char line[sizeof(client->in)];

	for (;;) {
		char *newline = memchr(client->in, '\n', client->size);
		ssize_t count;

		if (newline) {
			const size_t length = (size_t)(newline - client->in) + 1;

			memcpy(line, client->in, length);
			line[length - 2] = '\0';
			client->size -= length;
			memmove(client->in, client->in + length, client->size);
			return line;
		}
		assert_true(client->size < sizeof(client->in));
		count = client_recv(client, client->in + client->size,
				    sizeof(client->in) - client->size);
		assert_true(count >= 0);
		if (count == 0)
			return "";
		client->size += (size_t)count;
	}
}

static void client_connect(struct client *client, int listener)
{
	client_connect_raw(client, listener);
	assert_string_equal(client_line(client), "220 hello");
}

static void client_ask(struct client *client, const char *command, const char *answer)
{
	client_say(client, command);
	assert_string_equal(client_line(client), answer);
}

static void client_begin_tls(struct client *client)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	client->ssl = SSL_new(context);
	SSL_CTX_free(context);
	SSL_set_fd(client->ssl, client->fd);
	assert_int_equal(SSL_connect(client->ssl), 1);
}

static void client_close(struct client *client)
{
	SSL_free(client->ssl);
	close(client->fd);
	*client = (struct client){.fd = -1};
}

static int accept_backend(int which)
{
	const struct timeval patience = {.tv_sec = 20};
	const int fd = accept(gate.backends[which], NULL, NULL);

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

/* The backend is noticed when it greets. */
static int client_connects_backend(struct client *client)
{
	int fd;

	client_say(client, "C 0\r\n");
	fd = accept_backend(0);
	assert_int_equal(send(fd, "220 b\r\n", 7, MSG_NOSIGNAL), 7);
	assert_string_equal(client_line(client), "250 server 0");
	assert_string_equal(client_line(client), "220 b");
	return fd;
}

static uint64_t sum_of_results(enum mxf_session_result result)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < 4; i++)
		sum += __atomic_load_n(&gate.share->counters.sessions[i][result], __ATOMIC_RELAXED);
	return sum;
}

static void test_commands(void **state)
{
	struct client client;
	char peer[64];
	struct sockaddr_in address;
	socklen_t size = sizeof(address);

	(void)state;
	client_connect(&client, PLAIN);
	client_ask(&client, "E one\r\n", "250 one");
	/* Several at once, and one in pieces. */
	client_say(&client, "E two\r\nE three\r\nE fo");
	assert_string_equal(client_line(&client), "250 two");
	assert_string_equal(client_line(&client), "250 three");
	client_ask(&client, "ur\r\n", "250 four");
	getsockname(client.fd, (struct sockaddr *)&address, &size);
	snprintf(peer, sizeof(peer), "250 7f000001:%u 7f000001:%u tls 0", ntohs(address.sin_port),
		 gate.ports[PLAIN]);
	client_ask(&client, "P\r\n", peer);
	client_ask(&client, "W 30\r\n", "250 waited");
	/* What comes while it waits is kept. */
	client_say(&client, "W 50\r\nE behind\r\nQ\r\nE never\r\n");
	assert_string_equal(client_line(&client), "250 waited");
	assert_string_equal(client_line(&client), "250 behind");
	assert_string_equal(client_line(&client), "221 bye");
	assert_string_equal(client_line(&client), "");
	client_close(&client);
	assert_int_equal(sum_of_results(MXF_SESSION_QUIT), 1);
}

/* Both are accepted from, and are one listener to who counts. */
static void test_two_sockets(void **state)
{
	struct client client;

	(void)state;
	for (int i = 0; i < 2; i++) {
		client_connect(&client, i ? PLAIN_TOO : PLAIN);
		client_ask(&client, "Q\r\n", "221 bye");
		client_close(&client);
	}
	assert_int_equal(gate.share->counters.sessions[PLAIN][MXF_SESSION_QUIT], 2);
}

static void test_too_early(void **state)
{
	struct client client;

	(void)state;
	/* With the PROXY header the bytes are there before the session is. */
	client_connect_raw(&client, WITH_PROXY);
	client_say(&client, "PROXY TCP4 192.0.2.1 192.0.2.2 1 25\r\nE early\r\n");
	assert_string_equal(client_line(&client), "554 too early");
	assert_string_equal(client_line(&client), "");
	client_close(&client);
}

static void test_proxy_header(void **state)
{
	static const struct {
		const char *header, *answer; /* NULL: closed without one */
	} cases[] = {
		{"PROXY TCP4 192.0.2.1 192.0.2.2 1111 25\r\n",
		 "250 c0000201:1111 c0000202:25 tls 0"},
		{"PROXY UNKNOWN\r\n", "250 7f000001"},
		{"EHLO x\r\n", NULL},
		{"PROXY TCP4 192.0.2.1\r\n", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t pieces = 1; pieces <= 2; pieces++) {
			const size_t first = strlen(cases[i].header) / pieces;
			struct client client;

			client_connect_raw(&client, WITH_PROXY);
			client_send(&client, cases[i].header, first);
			if (pieces > 1 && cases[i].answer)
				usleep(2000);
			if (pieces > 1 && cases[i].answer)
				client_say(&client, cases[i].header + first);
			if (pieces > 1 && !cases[i].answer)
				shutdown(client.fd, SHUT_WR);
			if (cases[i].answer) {
				assert_string_equal(client_line(&client), "220 hello");
				client_say(&client, "P\r\n");
				assert_memory_equal(client_line(&client), cases[i].answer,
						    strlen(cases[i].answer));
			} else {
				char byte;

				assert_true(recv(client.fd, &byte, 1, 0) <= 0);
			}
			client_close(&client);
		}
	}
}

/* What the worker has computed so far. */
static uint64_t worker_cpu_ms(void)
{
	struct timespec used;
	clockid_t clock;

	assert_int_equal(clock_getcpuclockid(gate.worker, &clock), 0);
	assert_int_equal(clock_gettime(clock, &used), 0);
	return (uint64_t)used.tv_sec * 1000 + (uint64_t)used.tv_nsec / 1000000;
}

#define PROXY_V2 "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x01\xc0\0\x02\x02\x04\x57\0\x19"

/* A header that is not whole stays in the socket: that keeps nobody busy, and every byte counts. */
static void test_proxy_header_in_bytes(void **state)
{
	static const struct {
		const char *header;
		size_t size;
	} headers[] = {
		{"PROXY TCP4 192.0.2.1 192.0.2.2 1111 25\r\n", 40},
		{PROXY_V2, sizeof(PROXY_V2) - 1},
	};
	const int on = 1;

	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		const uint64_t before = worker_cpu_ms();
		struct client client;

		client_connect_raw(&client, WITH_PROXY);
		setsockopt(client.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		for (size_t k = 0; k < headers[i].size; k++) {
			client_send(&client, headers[i].header + k, 1);
			usleep(10000);
		}
		assert_string_equal(client_line(&client), "220 hello");
		client_ask(&client, "P\r\n", "250 c0000201:1111 c0000202:25 tls 0");
		client_close(&client);
		assert_in_range(worker_cpu_ms() - before, 0, 100);
	}
}

static void test_starttls(void **state)
{
	struct client client;

	(void)state;
	client_connect(&client, PLAIN);
	client_ask(&client, "T\r\n", "220 go");
	client_begin_tls(&client);
	client_ask(&client, "E secret\r\n", "250 secret");
	client_say(&client, "F 100\r\nQ\r\n");
	for (size_t left = 100000; left > 0;) {
		char data[4096];
		ssize_t count =
			client_recv(&client, data, left < sizeof(data) ? left : sizeof(data));

		assert_true(count > 0);
		left -= (size_t)count;
	}
	assert_string_equal(client_line(&client), "221 bye");
	/* Its end is told as TLS does: close_notify. */
	assert_string_equal(client_line(&client), "");
	client_close(&client);

	client_connect(&client, PLAIN);
	client_ask(&client, "T\r\n", "220 go");
	client_say(&client, "no hello\r\n");
	while (recv(client.fd, client.in, sizeof(client.in), 0) > 0)
		;
	client_close(&client);
	while (sum_of_results(MXF_SESSION_TLS) == 0)
		usleep(1000);
}

static void test_implicit_tls(void **state)
{
	struct client client;

	(void)state;
	client_connect_raw(&client, IMPLICIT);
	client_begin_tls(&client);
	assert_string_equal(client_line(&client), "220 hello");
	client_say(&client, "P\r\n");
	assert_non_null(strstr(client_line(&client), "tls 1"));
	client_ask(&client, "Q\r\n", "221 bye");
	client_close(&client);
}

static void fill(char *data, size_t size, unsigned int seed)
{
	for (size_t i = 0; i < size; i++)
		data[i] = (char)((i * 2654435761u + seed) >> 13);
}

/* Sends and receives `total` bytes through the gate, the backend reading `slow`ly at first. */
static void pass_through(struct client *client, int backend, size_t total, bool slow)
{
	char *sent = malloc(total), *received = malloc(total);
	size_t out = 0, in = 0;
	char command[64];

	fill(sent, total, (unsigned int)total);
	snprintf(command, sizeof(command), "D %zu\r\n", total);
	client_say(client, command);
	fcntl(client->fd, F_SETFL, O_NONBLOCK);
	while (in < total) {
		struct pollfd fds[2] = {
			{.fd = backend, .events = slow && out < total ? 0 : POLLIN},
			{.fd = client->fd, .events = out < total ? POLLOUT : 0},
		};
		const int ready = poll(fds, 2, slow ? 200 : 20000);

		if (ready == 0 && slow) {
			slow = false; /* nothing moves any more: both sides are full */
			continue;
		}
		assert_true(ready > 0);
		if (fds[1].revents & POLLOUT) {
			const ssize_t n = send(client->fd, sent + out, total - out, MSG_NOSIGNAL);

			assert_true(n > 0);
			out += (size_t)n;
		}
		if (fds[0].revents & POLLIN) {
			const ssize_t n = recv(backend, received + in, total - in, 0);

			assert_true(n > 0);
			in += (size_t)n;
		}
	}
	fcntl(client->fd, F_SETFL, 0);
	assert_memory_equal(sent, received, total);
	assert_string_equal(client_line(client), "250 passed");
	free(sent);
	free(received);
}

static void test_backend(void **state)
{
	struct client client;
	char data[16];
	int backend;

	(void)state;
	client_connect(&client, PLAIN);
	backend = client_connects_backend(&client);
	pass_through(&client, backend, 1000, false);
	pass_through(&client, backend, 3 << 20, false);
	assert_int_equal(send(backend, "250 from it\r\n", 13, 0), 13);
	assert_string_equal(client_line(&client), "250 from it");
	/* What was written comes before the close. */
	client_say(&client, "D 4\r\nbye\nX\r\n");
	assert_string_equal(client_line(&client), "250 passed");
	assert_int_equal(recv(backend, data, sizeof(data), MSG_WAITALL), 4);
	close(backend);

	backend = client_connects_backend(&client);
	client_say(&client, "R\r\nE after\r\n");
	assert_string_equal(client_line(&client), "250 after");
	assert_int_equal(recv(backend, data, sizeof(data), 0), -1);
	assert_int_equal(errno, ECONNRESET);
	close(backend);

	backend = client_connects_backend(&client);
	close(backend);
	assert_string_equal(client_line(&client), "451 backend closed");
	client_ask(&client, "Q\r\n", "221 bye");
	client_close(&client);
}

/* AddressSanitizer keeps what was freed for a while. */
#ifdef __SANITIZE_ADDRESS__
static const bool slack = true;
#else
static const bool slack = false;
#endif

static size_t worker_memory(void)
{
	char path[64];
	unsigned long pages = 0, resident = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/statm", (int)gate.worker);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%lu %lu", &pages, &resident), 2);
	fclose(file);
	return resident * (size_t)sysconf(_SC_PAGESIZE);
}

/* A backend that stops reading stops the client, and nothing grows meanwhile. */
static void test_backend_that_stalls(void **state)
{
	struct client client;
	size_t before;
	int backend;

	(void)state;
	client_connect(&client, PLAIN);
	backend = client_connects_backend(&client);
	pass_through(&client, backend, 1 << 20, false);
	before = worker_memory();
	pass_through(&client, backend, 64 << 20, true);
	assert_true(worker_memory() < before + (2 << 20) || slack);
	client_say(&client, "S\r\n");
	assert_string_not_equal(client_line(&client), "250 stalls 0");
	client_close(&client);
	close(backend);
}

/* A client that does not read its replies has no more commands obeyed. */
static void test_client_that_stalls(void **state)
{
	const char command[] = "F 1000\r\n"; /* a megabyte */
	struct client client;
	size_t before, asked = 0, received = 0;
	char data[65536];

	(void)state;
	client_connect(&client, PLAIN);
	before = worker_memory();
	fcntl(client.fd, F_SETFL, O_NONBLOCK);
	for (; asked < 64; asked++)
		assert_int_equal(send(client.fd, command, strlen(command), MSG_NOSIGNAL),
				 strlen(command));
	usleep(200000);
	assert_true(worker_memory() < before + (4 << 20) || slack);
	fcntl(client.fd, F_SETFL, 0);
	while (received < asked * 1000000) {
		const ssize_t count = recv(client.fd, data, sizeof(data), 0);

		assert_true(count > 0);
		received += (size_t)count;
	}
	client_ask(&client, "E still\r\n", "250 still");
	client_close(&client);
}

static void test_fail_over(void **state)
{
	struct client client;
	char data[8] = "";
	int backend;

	(void)state;
	client_connect(&client, FAIL_OVER);
	/* Nobody is at the first server; the second is told who comes before it greets. */
	client_say(&client, "C 0\r\n");
	backend = accept_backend(1);
	assert_int_equal(recv(backend, data, 7, MSG_WAITALL), 7);
	assert_string_equal(data, "PROXY\r\n");
	assert_string_equal(client_line(&client), "250 server 1");
	close(backend);
	assert_string_equal(client_line(&client), "451 backend closed");
	/* From the second on, after which there is none. */
	close(gate.backends[1]);
	gate.backends[1] = -1;
	client_ask(&client, "C 1\r\n", "451 failed 0");
	client_ask(&client, "C 0\r\n", "451 failed 0");
	client_ask(&client, "C 2\r\n", "451 failed 0");
	client_ask(&client, "Q\r\n", "221 bye");
	client_close(&client);
	assert_int_equal(gate.share->counters.backend_errors[1][MXF_BACKEND_CONNECT], 3);
}

static void test_backend_tls(void **state)
{
	struct client client;
	SSL *ssl = tls_new_server(gate.tls);
	char data[16] = "";
	int backend;

	(void)state;
	client_connect(&client, PLAIN);
	backend = client_connects_backend(&client);
	client_say(&client, "B\r\n");
	SSL_set_fd(ssl, backend);
	assert_int_equal(SSL_accept(ssl), 1);
	assert_string_equal(client_line(&client), "250 backend tls 1");
	client_say(&client, "D 6\r\nsecret");
	assert_string_equal(client_line(&client), "250 passed");
	assert_int_equal(SSL_read(ssl, data, sizeof(data)), 6);
	assert_string_equal(data, "secret");
	assert_int_equal(SSL_write(ssl, "250 ok\r\n", 8), 8);
	assert_string_equal(client_line(&client), "250 ok");
	client_say(&client, "X\r\nQ\r\n");
	assert_string_equal(client_line(&client), "221 bye");
	assert_int_equal(SSL_read(ssl, data, sizeof(data)), 0);
	SSL_free(ssl);
	close(backend);
	client_close(&client);

	client_connect(&client, PLAIN);
	backend = client_connects_backend(&client);
	client_say(&client, "B\r\n");
	assert_int_equal(send(backend, "250 no hello\r\n", 14, 0), 14);
	assert_string_equal(client_line(&client), "250 backend tls 0");
	close(backend);
	client_close(&client);
}

static void test_half_close(void **state)
{
	struct client client;
	int backend;

	(void)state;
	client_connect(&client, PLAIN);
	backend = client_connects_backend(&client);
	/* Everything is taken before the end is. */
	client_say(&client, "W 50\r\nE last\r\n");
	shutdown(client.fd, SHUT_WR);
	assert_string_equal(client_line(&client), "250 waited");
	assert_string_equal(client_line(&client), "250 last");
	assert_string_equal(client_line(&client), "221 you closed");
	assert_string_equal(client_line(&client), "");
	client_close(&client);
	close(backend);
	assert_int_equal(sum_of_results(MXF_SESSION_CLOSED), 1);
}

static void test_reset(void **state)
{
	const struct linger none = {.l_onoff = 1};
	struct client client;
	int backend;
	char data[16];

	(void)state;
	client_connect(&client, PLAIN);
	backend = client_connects_backend(&client);
	setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	client_close(&client);
	/* Its backend is cut off too. */
	assert_true(recv(backend, data, sizeof(data), 0) <= 0);
	close(backend);
}

static void test_last_reply_arrives(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 20; i++) {
		struct client client;
		char more[4096];

		memset(more, 'x', sizeof(more));
		client_connect(&client, PLAIN);
		client_say(&client, "Z bad\r\n");
		client_send(&client, more, sizeof(more));
		assert_string_equal(client_line(&client), "500 what");
		assert_string_equal(client_line(&client), "");
		client_close(&client);
	}
}

static void test_limit_per_source(void **state)
{
	struct client clients[2], third;
	uint64_t refused_records = 0;

	(void)state;
	client_connect(&clients[0], PLAIN);
	client_connect(&clients[1], PLAIN);
	for (unsigned int i = 0; i < 5; i++) {
		client_connect_raw(&third, PLAIN);
		assert_string_equal(client_line(&third),
				    "421 4.7.0 Too many connections from your address");
		assert_string_equal(client_line(&third), "");
		client_close(&third);
	}
	/* No handshake for one too many. */
	client_connect_raw(&third, IMPLICIT);
	assert_string_equal(client_line(&third), "");
	client_close(&third);
	/* Other sources are other sources. */
	client_connect_raw(&third, WITH_PROXY);
	client_say(&third, "PROXY TCP4 192.0.2.1 192.0.2.2 1111 25\r\n");
	assert_string_equal(client_line(&third), "220 hello");
	client_ask(&third, "Q\r\n", "221 bye");
	client_close(&third);

	client_ask(&clients[0], "Q\r\n", "221 bye");
	assert_string_equal(client_line(&clients[0]), "");
	client_close(&clients[0]);
	client_connect(&clients[0], PLAIN);
	client_close(&clients[0]);
	client_close(&clients[1]);
	assert_int_equal(sum_of_results(MXF_SESSION_LIMIT), 6);
	for (uint64_t i = 0; i < gate.share->ring.head; i++)
		refused_records += gate.share->ring.records[i].kind == MXF_RECORD_REFUSED;
	assert_in_range(refused_records, 1, 2); /* one a second */
}

static void read_request(struct hasher_request *request)
{
	assert_int_equal(recv(gate.hasher, request, sizeof(*request), 0), sizeof(*request));
}

static void test_logins(void **state)
{
	struct client client, other;
	struct hasher_request request;
	struct hasher_answer answer;

	(void)state;
	client_connect(&client, PLAIN);
	client_say(&client, "A joe secret\r\n");
	read_request(&request);
	assert_string_equal(request.login, "joe");
	assert_string_equal(request.password, "secret");
	assert_string_equal(request.mechanism, "PLAIN");
	answer = (struct hasher_answer){.id = request.id, .result = MXF_AUTH_OK};
	assert_int_equal(send(gate.hasher, &answer, sizeof(answer), 0), sizeof(answer));
	assert_string_equal(client_line(&client), "235 auth 0");

	/* Who it is by another name. */
	client_say(&client, "A joe secret\r\n");
	read_request(&request);
	answer = (struct hasher_answer){
		.id = request.id, .result = MXF_AUTH_OK, .login = "joe@example.com"};
	assert_int_equal(send(gate.hasher, &answer, sizeof(answer), 0), sizeof(answer));
	assert_string_equal(client_line(&client), "235 auth 0 joe@example.com");

	/* An answer for one who has gone is nobody's. */
	client_connect(&other, PLAIN);
	client_say(&other, "A ann secret\r\n");
	read_request(&request);
	client_say(&client, "A joe wrong\r\n");
	client_close(&other);
	answer = (struct hasher_answer){.id = request.id, .result = MXF_AUTH_OK};
	assert_int_equal(send(gate.hasher, &answer, sizeof(answer), 0), sizeof(answer));
	read_request(&request);
	answer = (struct hasher_answer){.id = request.id, .result = MXF_AUTH_FAILED};
	assert_int_equal(send(gate.hasher, &answer, sizeof(answer), 0), sizeof(answer));
	assert_string_equal(client_line(&client), "235 auth 1");

	/* An answer that came too late is none to what was asked since. */
	client_ask(&client, "A joe secret 50\r\n", "250 waited");
	read_request(&request);
	client_say(&client, "A boss guessed\r\n");
	answer = (struct hasher_answer){.id = request.id, .result = MXF_AUTH_OK};
	read_request(&request);
	assert_string_equal(request.login, "boss");
	assert_int_equal(send(gate.hasher, &answer, sizeof(answer), 0), sizeof(answer));
	answer = (struct hasher_answer){.id = request.id, .result = MXF_AUTH_FAILED};
	assert_int_equal(send(gate.hasher, &answer, sizeof(answer), 0), sizeof(answer));
	assert_string_equal(client_line(&client), "235 auth 1");

	/* Without the hasher it is an error, at once. */
	client_say(&client, "A joe secret\r\n");
	read_request(&request);
	close(gate.hasher);
	gate.hasher = -1;
	assert_string_equal(client_line(&client), "235 auth 2");
	client_ask(&client, "A joe secret\r\n", "235 auth 2");
	client_close(&client);
}

static void test_records_and_board(void **state)
{
	const struct mxf_gate_record *record = &gate.share->ring.records[0];
	const struct mxf_gate_session *entry = &gate.share->sessions[0];
	struct client client;
	uint64_t rung;

	(void)state;
	client_connect(&client, PLAIN);
	client_ask(&client, "N someone@example.net\r\n", "550 no");
	assert_int_equal(read(gate.doorbell, &rung, sizeof(rung)), sizeof(rung));
	assert_int_equal(gate.share->ring.head, 1);
	assert_int_equal(record->kind, MXF_RECORD_REFUSED);
	assert_int_equal(record->session, 1000);
	assert_int_equal(record->client[3], 0x7f000001);
	assert_string_equal(record->recipient, "someone@example.net");
	assert_int_equal(gate.share->counters.decisions[MXF_RULE_RELAY][3], 1);
	client_ask(&client, "E there\r\n", "250 there");
	assert_int_equal(entry->session, 1000);
	/* It is written behind the reply. */
	for (int i = 0; i < 2000 && strcmp(entry->helo, "E there") != 0; i++)
		usleep(1000);
	assert_string_equal(entry->helo, "E there");
	assert_string_equal(entry->state, "command");
	client_ask(&client, "Q\r\n", "221 bye");
	assert_string_equal(client_line(&client), "");
	assert_int_equal(entry->session, 0);
	client_close(&client);
}

/* More to do than one turn has room for, of several clients at once: each gets its next turns. */
static void test_turns(void **state)
{
	enum { CLIENTS = 4, LOGINS = 200 };
	struct client clients[CLIENTS];
	char line[] = "A joe secret\r\n";

	(void)state;
	close(gate.hasher); /* so every login is answered at once */
	gate.hasher = -1;
	for (size_t i = 0; i < CLIENTS; i++)
		client_connect(&clients[i], PLAIN);
	client_ask(&clients[0], line, "235 auth 2");
	kill(gate.worker, SIGSTOP);
	for (size_t i = 0; i < CLIENTS; i++) {
		for (size_t n = 0; n < LOGINS; n++)
			client_say(&clients[i], line);
		client_say(&clients[i], "E done\r\n");
	}
	kill(gate.worker, SIGCONT);
	for (size_t i = 0; i < CLIENTS; i++) {
		for (size_t n = 0; n < LOGINS; n++)
			assert_string_equal(client_line(&clients[i]), "235 auth 2");
		assert_string_equal(client_line(&clients[i]), "250 done");
		client_close(&clients[i]);
	}
}

/* More sessions than the board has entries. */
static void test_many(void **state)
{
	struct client clients[40];

	(void)state;
	for (size_t i = 0; i < 40; i++)
		client_connect(&clients[i], PLAIN);
	for (size_t i = 0; i < 40; i++)
		client_ask(&clients[i], "E here\r\n", "250 here");
	assert_int_equal(gate.share->sessions_now, 40);
	for (size_t i = 0; i < 40; i++)
		client_close(&clients[i]);
}

/* The highest descriptor that the worker has. */
static int worker_descriptors(void)
{
	char path[64];
	int highest = -1;

	for (int i = 0; i < 1024; i++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)gate.worker, i);
		if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			highest = i;
	}
	assert_true(highest > 0);
	return highest;
}

static void test_without_descriptors(void **state)
{
	const rlim_t most = (rlim_t)worker_descriptors() + 11;
	const struct rlimit few = {.rlim_cur = most, .rlim_max = most};
	struct client clients[20];
	struct rusage usage_before, usage;

	(void)state;
	assert_int_equal(prlimit(gate.worker, RLIMIT_NOFILE, &few, NULL), 0);
	for (size_t i = 0; i < 20; i++)
		client_connect_raw(&clients[i], PLAIN);
	assert_string_equal(client_line(&clients[0]), "220 hello");
	getrusage(RUSAGE_CHILDREN, &usage_before);
	client_ask(&clients[0], "W 1200\r\n", "250 waited");
	for (size_t i = 0; i < 10; i++)
		client_close(&clients[i]);
	/* Room again: those who waited in the queue are greeted. */
	for (size_t i = 10; i < 20; i++)
		assert_string_equal(client_line(&clients[i]), "220 hello");
	for (size_t i = 10; i < 20; i++)
		client_close(&clients[i]);
	assert_int_equal(tear_down(NULL), 0);
	getrusage(RUSAGE_CHILDREN, &usage);
	/* It did not spin in between. */
	assert_true(usage.ru_utime.tv_sec - usage_before.ru_utime.tv_sec < 1);
	assert_int_equal(set_up(NULL), 0);
}

static void send_command(char command)
{
	assert_int_equal(send(gate.channel, &command, 1, MSG_NOSIGNAL), 1);
}

static void test_retire(void **state)
{
	struct client client, late;

	(void)state;
	client_connect(&client, PLAIN);
	send_command(WORKER_RETIRE);
	client_ask(&client, "W 50\r\n", "250 waited");
	/* Who comes now waits for the next worker. */
	client_connect_raw(&late, PLAIN);
	client_ask(&client, "E alive\r\n", "250 alive");
	client_ask(&client, "Q\r\n", "221 bye");
	client_close(&client);
	wait_for_end();
	assert_int_equal(recv(late.fd, late.in, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
	client_close(&late);
}

static void test_stop(void **state)
{
	struct client client;

	(void)state;
	client_connect(&client, PLAIN);
	send_command(WORKER_STOP);
	assert_string_equal(client_line(&client), "421 4.3.2 stopping");
	assert_string_equal(client_line(&client), "");
	wait_for_end();
	client_close(&client);
}

static void test_keeper_is_gone(void **state)
{
	struct client client;

	(void)state;
	client_connect(&client, PLAIN);
	close(gate.channel);
	gate.channel = -1;
	client_ask(&client, "E alive\r\n", "250 alive");
	client_ask(&client, "Q\r\n", "221 bye");
	client_close(&client);
	wait_for_end();
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_commands),
		TEST(test_two_sockets),
		TEST(test_too_early),
		TEST(test_proxy_header),
		TEST(test_proxy_header_in_bytes),
		TEST(test_starttls),
		TEST(test_implicit_tls),
		TEST(test_backend),
		TEST(test_backend_that_stalls),
		TEST(test_client_that_stalls),
		TEST(test_fail_over),
		TEST(test_backend_tls),
		TEST(test_half_close),
		TEST(test_reset),
		TEST(test_last_reply_arrives),
		TEST(test_logins),
		TEST(test_records_and_board),
		TEST(test_turns),
		TEST(test_many),
		TEST(test_without_descriptors),
		TEST(test_retire),
		TEST(test_stop),
		TEST(test_keeper_is_gone),
		cmocka_unit_test_setup_teardown(test_limit_per_source, set_up_limited, tear_down),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
