// SPDX-License-Identifier: GPL-2.0-only
#include "gate/dovecot.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/range.h"
#include "core/scoped.h"
#include "smtp/codec.h"

#define LINE_MAX_SIZE 8192u /* as in Dovecot */
#define PENDING_MAX 256u
#define HANDSHAKE_MS 2000

struct pending {
	uint32_t number; /* in the protocol; 0 = free */
	size_t worker;
	uint64_t id;
};

struct dovecot {
	struct sockaddr_un address;
	int fd;
	dovecot_answer_fn *fn;
	void *context;
	bool ready; /* DONE came */
	uint32_t last_number;
	struct pending pending[PENDING_MAX];
	size_t size;
	char line[LINE_MAX_SIZE];
};

struct dovecot *dovecot_new(const char *path, dovecot_answer_fn *fn, void *context)
{
	struct dovecot *dovecot = calloc(1, sizeof(*dovecot));

	if (!dovecot)
		return NULL;
	dovecot->fd = -1;
	dovecot->fn = fn;
	dovecot->context = context;
	dovecot->address.sun_family = AF_UNIX;
	if (strlen(path) < sizeof(dovecot->address.sun_path))
		strcpy(dovecot->address.sun_path, path);
	return dovecot;
}

/* Nobody will answer what is pending any more. */
static void disconnect(struct dovecot *dovecot)
{
	scoped_close(&dovecot->fd);
	dovecot->ready = false;
	dovecot->size = 0;
	for (size_t i = 0; i < PENDING_MAX; i++) {
		struct pending lost = dovecot->pending[i];

		dovecot->pending[i].number = 0;
		if (lost.number)
			dovecot->fn(dovecot->context, lost.worker, lost.id, MXF_AUTH_ERROR);
	}
}

void dovecot_free(struct dovecot **dovecot)
{
	struct dovecot *freeing = TAKE_PTR(*dovecot);

	if (!freeing)
		return;
	disconnect(freeing);
	explicit_bzero(freeing->line, sizeof(freeing->line));
	free(freeing);
}

int dovecot_fd(const struct dovecot *dovecot)
{
	return dovecot->fd;
}

static void answered(struct dovecot *dovecot, const char *number, enum mxf_auth_result result)
{
	unsigned long wanted = strtoul(number, NULL, 10);

	for (size_t i = 0; wanted && i < PENDING_MAX; i++) {
		struct pending found = dovecot->pending[i];

		if (found.number != wanted)
			continue;
		dovecot->pending[i].number = 0;
		dovecot->fn(dovecot->context, found.worker, found.id, result);
		return;
	}
}

/* One of the tab-separated fields is exactly this word. */
static bool has_field(const char *line, const char *word)
{
	size_t size = strlen(word);

	while ((line = strchr(line, '\t'))) {
		line++;
		if (strncmp(line, word, size) == 0 && (line[size] == '\t' || !line[size]))
			return true;
	}
	return false;
}

static void take_line(struct dovecot *dovecot, const char *line)
{
	if (strcmp(line, "DONE") == 0)
		dovecot->ready = true;
	else if (strncmp(line, "OK\t", 3) == 0)
		answered(dovecot, line + 3, MXF_AUTH_OK);
	else if (strncmp(line, "FAIL\t", 5) == 0)
		answered(dovecot, line + 5,
			 has_field(line, "temp") ? MXF_AUTH_ERROR : MXF_AUTH_FAILED);
	else if (strncmp(line, "CONT\t", 5) == 0)
		answered(dovecot, line + 5, MXF_AUTH_ERROR);
	else if (strncmp(line, "VERSION\t", 8) == 0 && strncmp(line, "VERSION\t1\t", 10) != 0)
		disconnect(dovecot);
}

void dovecot_read(struct dovecot *dovecot)
{
	ssize_t size = recv(dovecot->fd, dovecot->line + dovecot->size,
			    sizeof(dovecot->line) - dovecot->size, MSG_DONTWAIT);
	char *begin = dovecot->line, *newline;

	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (size <= 0) {
		disconnect(dovecot);
		return;
	}
	dovecot->size += (size_t)size;
	while (dovecot->fd >= 0 &&
	       (newline = memchr(begin, '\n', dovecot->size - (size_t)(begin - dovecot->line)))) {
		*newline = '\0';
		take_line(dovecot, begin);
		begin = newline + 1;
	}
	if (dovecot->fd < 0)
		return;
	dovecot->size -= (size_t)(begin - dovecot->line);
	memmove(dovecot->line, begin, dovecot->size);
	if (dovecot->size == sizeof(dovecot->line))
		disconnect(dovecot);
}

static bool send_text(struct dovecot *dovecot, const char *text, size_t size)
{
	return send(dovecot->fd, text, size, MSG_NOSIGNAL) == (ssize_t)size;
}

/* Up to DONE, which Dovecot sends by itself. */
static bool shake_hands(struct dovecot *dovecot)
{
	char hello[64];
	int size = snprintf(hello, sizeof(hello), "VERSION\t1\t1\nCPID\t%ld\n", (long)getpid());
	struct pollfd poll_fd = {.fd = dovecot->fd, .events = POLLIN};

	if (!send_text(dovecot, hello, (size_t)size))
		return false;
	while (dovecot->fd >= 0 && !dovecot->ready && poll(&poll_fd, 1, HANDSHAKE_MS) > 0)
		dovecot_read(dovecot);
	return dovecot->ready;
}

static bool connect_now(struct dovecot *dovecot)
{
	if (dovecot->ready)
		return true;
	disconnect(dovecot);
	dovecot->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (dovecot->fd < 0 || !dovecot->address.sun_path[0] ||
	    connect(dovecot->fd, (struct sockaddr *)&dovecot->address, sizeof(dovecot->address)) ||
	    !shake_hands(dovecot)) {
		disconnect(dovecot);
		return false;
	}
	return true;
}

static struct pending *pending_add(struct dovecot *dovecot, size_t worker, uint64_t id)
{
	for (size_t i = 0; i < PENDING_MAX; i++) {
		if (dovecot->pending[i].number)
			continue;
		if (++dovecot->last_number == 0)
			dovecot->last_number = 1;
		dovecot->pending[i] = (struct pending){
			.number = dovecot->last_number, .worker = worker, .id = id};
		return &dovecot->pending[i];
	}
	return NULL;
}

static void address_text(const uint32_t words[4], uint8_t family, char text[RANGE_TEXT_MAX])
{
	text[ip_format(ip_from_words(words), family, text)] = '\0';
}

/* PLAIN's message (RFC 4616): authzid, NUL, authcid, NUL, password. */
static size_t plain_response(const struct hasher_request *request, char *out, size_t out_size)
{
	char message[HASHER_LOGIN_MAX + HASHER_PASSWORD_MAX + 3];
	size_t login = strlen(request->login), password = strlen(request->password), size;

	message[0] = '\0';
	memcpy(message + 1, request->login, login + 1);
	memcpy(message + login + 2, request->password, password);
	size = base64_encode(message, login + password + 2, out, out_size);
	explicit_bzero(message, sizeof(message));
	return size;
}

static bool send_request(struct dovecot *dovecot, uint32_t number,
			 const struct hasher_request *request)
{
	char response[BASE64_SIZE(HASHER_LOGIN_MAX + HASHER_PASSWORD_MAX + 2)];
	char local[RANGE_TEXT_MAX], client[RANGE_TEXT_MAX], line[4096];
	bool sent;
	int size;

	address_text(request->local, request->local_family, local);
	address_text(request->client, request->client_family, client);
	plain_response(request, response, sizeof(response));
	size = snprintf(line, sizeof(line),
			"AUTH\t%u\tPLAIN\tservice=smtp\t%slip=%s\trip=%s\tlport=%u\trport=%u\t"
			"resp=%s\n",
			number, request->tls ? "secured\t" : "", local, client, request->local_port,
			request->client_port, response);
	sent = send_text(dovecot, line, (size_t)size);
	explicit_bzero(response, sizeof(response));
	explicit_bzero(line, sizeof(line));
	return sent;
}

void dovecot_ask(struct dovecot *dovecot, size_t worker, const struct hasher_request *request)
{
	struct pending *pending =
		connect_now(dovecot) ? pending_add(dovecot, worker, request->id) : NULL;

	if (!pending)
		dovecot->fn(dovecot->context, worker, request->id, MXF_AUTH_ERROR);
	else if (!send_request(dovecot, pending->number, request))
		disconnect(dovecot);
}
