// SPDX-License-Identifier: GPL-2.0-only
#include "gate/dovecot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/range.h"
#include "core/scoped.h"
#include "smtp/codec.h"

enum dovecot_state {
	DOVECOT_CLOSED,
	DOVECOT_GREETED, /* our part of the handshake was sent */
	DOVECOT_READY,	 /* DONE came */
};

/* A request; its password is kept until it is sent. */
struct pending {
	uint32_t number; /* in the protocol; 0 = free */
	bool sent;
	size_t worker;
	uint64_t deadline;
	struct hasher_request request;
};

struct dovecot {
	char *path;
	const struct dovecot_ops *ops;
	void *context;
	int fd;
	enum dovecot_state state;
	bool has_plain;
	uint64_t deadline;   /* for DONE to come */
	uint64_t retry_time; /* no attempt to connect before */
	struct trouble told;
	uint32_t last_number;
	size_t pending_count;
	struct pending pending[DOVECOT_PENDING_MAX];
	size_t size;
	char line[DOVECOT_LINE_MAX];
};

struct dovecot *dovecot_new(const char *path, const struct dovecot_ops *ops, void *context)
{
	struct dovecot *dovecot = calloc(1, sizeof(*dovecot));

	if (!dovecot)
		return NULL;
	dovecot->fd = -1;
	dovecot->ops = ops;
	dovecot->context = context;
	dovecot->path = strdup(path);
	if (!dovecot->path)
		dovecot_free(&dovecot);
	return dovecot;
}

/* Requests. */

static struct pending *pending_find(struct dovecot *dovecot, uint32_t number)
{
	for (size_t i = 0; i < DOVECOT_PENDING_MAX; i++)
		if (dovecot->pending[i].number == number)
			return &dovecot->pending[i];
	return NULL;
}

static struct pending *pending_add(struct dovecot *dovecot, size_t worker,
				   const struct hasher_request *request, uint64_t now)
{
	struct pending *pending = pending_find(dovecot, 0);

	if (!pending)
		return NULL;
	if (++dovecot->last_number == 0)
		dovecot->last_number = 1;
	dovecot->pending_count++;
	*pending = (struct pending){
		.number = dovecot->last_number,
		.worker = worker,
		.deadline = now + DOVECOT_ANSWER_MS,
		.request = *request,
	};
	return pending;
}

static void pending_end(struct dovecot *dovecot, struct pending *pending,
			enum mxf_auth_result result, const char *login)
{
	size_t worker = pending->worker;
	uint64_t id = pending->request.id;

	explicit_bzero(pending, sizeof(*pending));
	dovecot->pending_count--;
	dovecot->ops->answer(dovecot->context, worker, id, result, login);
}

/* The connection. */

/* Nobody will answer what is pending any more. */
static void disconnect(struct dovecot *dovecot)
{
	scoped_close(&dovecot->fd);
	dovecot->state = DOVECOT_CLOSED;
	dovecot->has_plain = false;
	dovecot->size = 0;
	for (size_t i = 0; i < DOVECOT_PENDING_MAX; i++)
		if (dovecot->pending[i].number)
			pending_end(dovecot, &dovecot->pending[i], MXF_AUTH_ERROR, "");
}

static void fail(struct dovecot *dovecot, uint64_t now, const char *what)
{
	struct trouble trouble;

	trouble_set(&trouble, 0, "Dovecot's socket %s: %s", dovecot->path, what);
	dovecot->retry_time = now + DOVECOT_RETRY_MS;
	if (strcmp(trouble.text, dovecot->told.text) != 0)
		dovecot->ops->trouble(dovecot->context, &trouble);
	dovecot->told = trouble;
	disconnect(dovecot);
}

void dovecot_free(struct dovecot **dovecot)
{
	struct dovecot *freeing = TAKE_PTR(*dovecot);

	if (!freeing)
		return;
	disconnect(freeing);
	free(freeing->path);
	free(freeing);
}

/* Lines are short and the socket's buffer is large: one that is full is not being read. */
static bool send_text(const struct dovecot *dovecot, const char *text, size_t size)
{
	return send(dovecot->fd, text, size, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)size;
}

static int connect_socket(const struct dovecot *dovecot)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	SCOPED_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	if (strlen(dovecot->path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, dovecot->path);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return -errno;
	return TAKE_FD(fd);
}

static void greet(struct dovecot *dovecot, uint64_t now)
{
	char hello[64];
	int size = snprintf(hello, sizeof(hello), "VERSION\t1\t1\nCPID\t%ld\n", (long)getpid());
	int fd = connect_socket(dovecot);

	if (fd < 0) {
		fail(dovecot, now, strerror(-fd));
		return;
	}
	dovecot->fd = fd;
	dovecot->state = DOVECOT_GREETED;
	dovecot->deadline = now + DOVECOT_GREETING_MS;
	if (!send_text(dovecot, hello, (size_t)size))
		fail(dovecot, now, "it takes no request");
}

/* Asking. */

/* PLAIN's message (RFC 4616): authzid, NUL, authcid, NUL, password. */
static void plain_response(const struct hasher_request *request, char *out, size_t out_size)
{
	char message[HASHER_LOGIN_MAX + HASHER_PASSWORD_MAX + 2];
	size_t login = strlen(request->login), password = strlen(request->password);

	message[0] = '\0';
	memcpy(message + 1, request->login, login + 1);
	memcpy(message + login + 2, request->password, password);
	base64_encode(message, login + password + 2, out, out_size);
	explicit_bzero(message, sizeof(message));
}

static void send_request(struct dovecot *dovecot, struct pending *pending, uint64_t now)
{
	const struct hasher_request *request = &pending->request;
	char response[BASE64_SIZE(HASHER_LOGIN_MAX + HASHER_PASSWORD_MAX + 2)];
	char local[RANGE_TEXT_MAX], client[RANGE_TEXT_MAX], line[sizeof(response) + 256];
	bool sent;
	int size;

	ip_format(ip_from_words(request->local), request->local_family, local);
	ip_format(ip_from_words(request->client), request->client_family, client);
	plain_response(request, response, sizeof(response));
	size = snprintf(line, sizeof(line),
			"AUTH\t%u\tPLAIN\tservice=smtp\t%slip=%s\trip=%s\tlport=%u\trport=%u\t"
			"resp=%s\n",
			pending->number, request->tls ? "secured\t" : "", local, client,
			request->local_port, request->client_port, response);
	sent = send_text(dovecot, line, (size_t)size);
	explicit_bzero(response, sizeof(response));
	explicit_bzero(line, sizeof(line));
	explicit_bzero(pending->request.password, sizeof(pending->request.password));
	pending->sent = true;
	if (!sent)
		fail(dovecot, now, "it takes no request");
}

void dovecot_ask(struct dovecot *dovecot, size_t worker, const struct hasher_request *request,
		 uint64_t now)
{
	struct pending *pending = NULL;

	if (dovecot->state != DOVECOT_CLOSED || now >= dovecot->retry_time)
		pending = pending_add(dovecot, worker, request, now);
	if (!pending)
		dovecot->ops->answer(dovecot->context, worker, request->id, MXF_AUTH_ERROR, "");
	else if (dovecot->state == DOVECOT_CLOSED)
		greet(dovecot, now);
	else if (dovecot->state == DOVECOT_READY)
		send_request(dovecot, pending, now);
}

/* Being answered. */

static void become_ready(struct dovecot *dovecot, uint64_t now)
{
	if (!dovecot->has_plain) {
		fail(dovecot, now, "it does not offer the mechanism PLAIN");
		return;
	}
	dovecot->state = DOVECOT_READY;
	dovecot->told.text[0] = '\0';
	for (size_t i = 0; i < DOVECOT_PENDING_MAX; i++)
		if (dovecot->pending[i].number && !dovecot->pending[i].sent)
			send_request(dovecot, &dovecot->pending[i], now);
}

/*
 * The value of one of the fields behind the first, with its size: empty where it has none, NULL
 * without such a field.
 */
static const char *find_field(const char *fields, const char *name, size_t *size)
{
	const size_t name_size = strlen(name);

	while ((fields = strchr(fields, '\t'))) {
		const char *value = ++fields + name_size;

		if (strncmp(fields, name, name_size) != 0 || !strchr("=\t", *value))
			continue;
		value += *value == '=';
		*size = strcspn(value, "\t");
		return value;
	}
	return NULL;
}

static bool has_field(const char *fields, const char *name)
{
	size_t size;

	return find_field(fields, name, &size) != NULL;
}

static bool field_is(const char *fields, const char *name, const char *wanted)
{
	size_t size;
	const char *value = find_field(fields, name, &size);

	return value && size == strlen(wanted) && memcmp(value, wanted, size) == 0;
}

/* What stands for an octet behind \001; NUL, which no name has, for what is none. */
static char unescape(char c)
{
	static const char letters[] = "1trn", octets[] = "\001\t\r\n";
	const char *at = c ? strchr(letters, c) : NULL;

	if (c == '0')
		return '\0';
	return at ? octets[at - letters] : c;
}

/* False when it is no name: empty, too long, or with NUL in it. */
static bool read_name(const char *value, size_t size, char name[HASHER_LOGIN_MAX + 1])
{
	size_t length = 0;

	for (size_t i = 0; i < size; i++) {
		char c = value[i];

		if (c == '\001')
			c = ++i < size ? unescape(value[i]) : '\0';
		if (!c || length == HASHER_LOGIN_MAX)
			return false;
		name[length++] = c;
	}
	name[length] = '\0';
	return length > 0;
}

static void answered(struct dovecot *dovecot, const char *fields, enum mxf_auth_result result,
		     const char *login)
{
	unsigned long number = strtoul(fields, NULL, 10);
	struct pending *pending =
		number > 0 && number <= UINT32_MAX ? pending_find(dovecot, (uint32_t)number) : NULL;

	if (pending && pending->sent)
		pending_end(dovecot, pending, result, login);
}

static void take_version(struct dovecot *dovecot, const char *fields, uint64_t now)
{
	if (strncmp(fields, "1\t", 2) != 0)
		fail(dovecot, now, "it does not speak version 1 of the protocol");
}

static void take_mechanism(struct dovecot *dovecot, const char *fields, uint64_t now)
{
	(void)now;
	if (strncmp(fields, "PLAIN", 5) == 0 && (fields[5] == '\t' || !fields[5]))
		dovecot->has_plain = true;
}

static void take_done(struct dovecot *dovecot, const char *fields, uint64_t now)
{
	(void)fields;
	if (dovecot->state == DOVECOT_GREETED)
		become_ready(dovecot, now);
}

/*
 * The password is right. With `nologin` the user may not come in all the same; with `proxy` not
 * here.
 */
static void take_ok(struct dovecot *dovecot, const char *fields, uint64_t now)
{
	char login[HASHER_LOGIN_MAX + 1] = "";
	enum mxf_auth_result result = MXF_AUTH_OK;
	size_t size;
	const char *user = find_field(fields, "user", &size);

	(void)now;
	if (has_field(fields, "nologin") || has_field(fields, "proxy"))
		result = MXF_AUTH_FAILED;
	else if (user && !read_name(user, size, login))
		result = MXF_AUTH_ERROR;
	answered(dovecot, fields, result, result == MXF_AUTH_OK ? login : "");
}

/* `temp` is how older Dovecots say `code=temp_fail`. */
static void take_fail(struct dovecot *dovecot, const char *fields, uint64_t now)
{
	bool temporary = has_field(fields, "temp") || field_is(fields, "code", "temp_fail");

	(void)now;
	answered(dovecot, fields, temporary ? MXF_AUTH_ERROR : MXF_AUTH_FAILED, "");
}

/* PLAIN has no second step. */
static void take_continue(struct dovecot *dovecot, const char *fields, uint64_t now)
{
	(void)now;
	answered(dovecot, fields, MXF_AUTH_ERROR, "");
}

/* Lines that are not here (SPID, CUID, COOKIE) need no attention. */
static const struct {
	const char *word;
	void (*take)(struct dovecot *dovecot, const char *fields, uint64_t now);
} lines[] = {
	{"VERSION", take_version}, {"MECH", take_mechanism}, {"DONE", take_done},
	{"OK", take_ok},	   {"FAIL", take_fail},	     {"CONT", take_continue},
};

static void take_line(struct dovecot *dovecot, char *line, uint64_t now)
{
	char *fields = strchr(line, '\t');

	if (fields)
		*fields++ = '\0';
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (strcmp(line, lines[i].word) == 0) {
			lines[i].take(dovecot, fields ? fields : "", now);
			return;
		}
}

static void take_lines(struct dovecot *dovecot, uint64_t now)
{
	char *begin = dovecot->line, *end = begin + dovecot->size, *newline;

	while (dovecot->fd >= 0 && (newline = memchr(begin, '\n', (size_t)(end - begin)))) {
		*newline = '\0';
		take_line(dovecot, begin, now);
		begin = newline + 1;
	}
	if (dovecot->fd < 0)
		return;
	dovecot->size = (size_t)(end - begin);
	memmove(dovecot->line, begin, dovecot->size);
	if (dovecot->size == sizeof(dovecot->line))
		fail(dovecot, now, "a line without an end");
}

struct pollfd dovecot_poll(const struct dovecot *dovecot)
{
	return (struct pollfd){.fd = dovecot->fd, .events = POLLIN};
}

void dovecot_read(struct dovecot *dovecot, uint64_t now)
{
	ssize_t size = recv(dovecot->fd, dovecot->line + dovecot->size,
			    sizeof(dovecot->line) - dovecot->size, MSG_DONTWAIT);

	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (size <= 0) {
		fail(dovecot, now, "it closed the connection");
		return;
	}
	dovecot->size += (size_t)size;
	take_lines(dovecot, now);
	/* One that is kept would hold on to a Dovecot that was told to stop or to reload. */
	if (dovecot->state == DOVECOT_READY && dovecot->pending_count == 0)
		disconnect(dovecot);
}

/* Time. */

uint64_t dovecot_deadline(const struct dovecot *dovecot)
{
	uint64_t deadline = dovecot->state == DOVECOT_GREETED ? dovecot->deadline : UINT64_MAX;

	for (size_t i = 0; i < DOVECOT_PENDING_MAX; i++)
		if (dovecot->pending[i].number && dovecot->pending[i].deadline < deadline)
			deadline = dovecot->pending[i].deadline;
	return deadline;
}

void dovecot_tick(struct dovecot *dovecot, uint64_t now)
{
	bool late = dovecot->state == DOVECOT_GREETED && dovecot->deadline <= now;

	for (size_t i = 0; i < DOVECOT_PENDING_MAX; i++)
		late |= dovecot->pending[i].number && dovecot->pending[i].deadline <= now;
	if (late)
		fail(dovecot, now, "it does not answer");
}
