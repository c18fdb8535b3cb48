// SPDX-License-Identifier: GPL-2.0-only
#include "client.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define READ_CHUNK ((size_t)64 * 1024)
#define SEND_TIMEOUT_S 10

struct client {
	int fd;
	char *buffer; /* received, not yet handed over */
	size_t used;
	size_t size;
	size_t searched; /* holds no end of line before this */
	bool ended;
};

static int connect_to_agent(const char *run_dir, int *fd, struct trouble *trouble)
{
	struct timeval timeout = {.tv_sec = SEND_TIMEOUT_S};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int length = snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", run_dir,
			      MXF_CONTROL_SOCKET);
	int new_fd, error;

	if (length < 0 || (size_t)length >= sizeof(address.sun_path))
		return trouble_set(trouble, -ENAMETOOLONG,
				   "the run directory's name is too long: %s", run_dir);
	new_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (new_fd < 0)
		return trouble_set(trouble, -errno, "socket: %s", strerror(errno));
	setsockopt(new_fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	if (connect(new_fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		error = -errno;
		close(new_fd);
		return trouble_set(trouble, error, "%s: %s", address.sun_path, strerror(-error));
	}
	*fd = new_fd;
	return 0;
}

/* Why the agent hung up, for an errno value of talking to it. */
static const char *talk_error_text(int error)
{
	return error == EPIPE || error == ECONNRESET
		       ? "it closed the connection: it has too many clients, or is about to end; "
			 "try again"
		       : strerror(error);
}

static int send_request(int fd, const char *verb, json_t *arguments, struct trouble *trouble)
{
	json_t *request = json_pack("{s:s, s:o*}", "verb", verb, "arguments", arguments);
	char *text = request ? json_dumps(request, JSON_COMPACT) : NULL;
	size_t length = text ? strlen(text) : 0;
	int error = text ? 0 : -ENOMEM;

	json_decref(request);
	if (text)
		text[length++] = '\n'; /* in place of the NUL */
	for (size_t sent = 0; sent < length && !error;) {
		ssize_t n = send(fd, text + sent, length - sent, MSG_NOSIGNAL);

		if (n >= 0)
			sent += (size_t)n;
		else if (errno == EPIPE && sent)
			break; /* it has heard enough, and its answer says why */
		else if (errno != EINTR)
			error = -errno;
	}
	free(text);
	if (error)
		trouble_set(trouble, error, "asking the agent: %s", talk_error_text(-error));
	return error;
}

int client_open(const char *run_dir, const char *verb, json_t *arguments, struct client **client,
		struct trouble *trouble)
{
	struct client *new_client = NULL;
	int fd = -1;
	int error = connect_to_agent(run_dir, &fd, trouble);

	if (error) {
		json_decref(arguments);
		return error;
	}
	error = send_request(fd, verb, arguments, trouble);
	if (!error)
		new_client = calloc(1, sizeof(*new_client));
	if (!new_client) {
		close(fd);
		return error ? error : trouble_set(trouble, -ENOMEM, "out of memory");
	}
	new_client->fd = fd;
	*client = new_client;
	return 0;
}

static char *find_line_end(const struct client *client)
{
	if (client->used == client->searched)
		return NULL;
	return memchr(client->buffer + client->searched, '\n', client->used - client->searched);
}

static int make_room(struct client *client, struct trouble *trouble)
{
	size_t size = client->size ? client->size * 2 : 2 * READ_CHUNK;
	char *buffer;

	if (client->size - client->used >= READ_CHUNK)
		return 0;
	if (size > CLIENT_ANSWER_MAX)
		return trouble_set(trouble, -EFBIG, "the agent's answer is too long");
	buffer = realloc(client->buffer, size);
	if (!buffer)
		return trouble_set(trouble, -ENOMEM, "out of memory for the agent's answer");
	client->buffer = buffer;
	client->size = size;
	return 0;
}

/* Waits for bytes and adds them to the buffer. */
static int receive(struct client *client, int timeout_ms, struct trouble *trouble)
{
	struct pollfd pollfd = {.fd = client->fd, .events = POLLIN};
	int error = make_room(client, trouble);
	ssize_t n;

	if (error)
		return error;
	n = poll(&pollfd, 1, timeout_ms);
	if (n == 0)
		return trouble_set(trouble, -EAGAIN, "the agent does not answer");
	if (n > 0)
		n = read(client->fd, client->buffer + client->used, client->size - client->used);
	if (n < 0 && errno == EINTR)
		return 0;
	if (n < 0)
		return trouble_set(trouble, -errno, "reading the agent's answer: %s",
				   talk_error_text(errno));
	client->searched = client->used;
	client->used += (size_t)n;
	client->ended = n == 0;
	return 0;
}

static int parse_answer(const char *line, size_t length, struct answer *answer,
			struct trouble *trouble)
{
	json_error_t where;
	json_t *json = json_loadb(line, length, JSON_ALLOW_NUL, &where);
	json_t *status = json_object_get(json, "exit");
	json_t *body = json_object_get(json, "body");
	json_t *text = json_object_get(json, "text");

	if (!json_is_integer(status) || (body && !json_is_object(body)) ||
	    (text && !json_is_string(text))) {
		json_decref(json);
		return trouble_set(trouble, -EPROTO, "the agent's answer is not understood");
	}
	answer->exit = (enum mxf_exit)(json_integer_value(status) & 0xff);
	answer->body = json_incref(body);
	answer->text = json_incref(text);
	json_decref(json);
	return 1;
}

int client_read(struct client *client, int timeout_ms, struct answer *answer,
		struct trouble *trouble)
{
	char *end;
	size_t length;
	int error;

	while (!(end = find_line_end(client)) && !client->ended) {
		error = receive(client, timeout_ms, trouble);
		if (error)
			return error;
	}
	if (!end && client->used == 0)
		return 0;
	if (!end)
		return trouble_set(trouble, -EPROTO, "the agent's answer breaks off");
	length = (size_t)(end - client->buffer);
	error = parse_answer(client->buffer, length, answer, trouble);
	client->used -= length + 1;
	client->searched = 0;
	memmove(client->buffer, end + 1, client->used);
	return error;
}

void client_close(struct client **client)
{
	if (*client) {
		close((*client)->fd);
		free((*client)->buffer);
		free(*client);
	}
	*client = NULL;
}

enum mxf_exit client_exit_for(int error)
{
	switch (error) {
	case -ENOENT:
	case -ECONNREFUSED:
		return MXF_EXIT_NO_AGENT;
	case -EACCES:
	case -EPERM:
		return MXF_EXIT_NOT_PERMITTED;
	default:
		return MXF_EXIT_FAILED;
	}
}

enum mxf_exit client_ask(const char *run_dir, const char *verb, json_t *arguments,
			 struct answer *answer, struct trouble *trouble)
{
	struct client *client = NULL;
	int result = client_open(run_dir, verb, arguments, &client, trouble);

	if (result < 0)
		return client_exit_for(result);
	result = client_read(client, CLIENT_TIMEOUT_MS, answer, trouble);
	client_close(&client);
	if (result == 0)
		trouble_set(trouble, 0, "the agent closed the connection without an answer");
	return result > 0 ? MXF_EXIT_OK : MXF_EXIT_FAILED;
}

void answer_clear(struct answer *answer)
{
	json_decref(answer->body);
	json_decref(answer->text);
	*answer = (struct answer){.exit = MXF_EXIT_OK};
}
