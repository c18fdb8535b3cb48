// SPDX-License-Identifier: GPL-2.0-only
#include "service/control.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/log.h"
#include "core/scoped.h"
#include "service/peer.h"
#include "service/report.h"
#include "service/request.h"

struct client {
	struct control *control;
	struct bufferevent *stream;
	struct event *deadline; /* for its request, then for reading the answer */
	uint64_t number;	/* the lowest is the oldest */
	bool trusted;		/* may change state */
	size_t searched;	/* bytes of the request in which there is no line end */
	bool answered;		/* close when everything is sent */
	bool follows;
};

struct control {
	struct evconnlistener *listener;
	const struct control_handler *handlers;
	void *context;
	gid_t group; /* (gid_t)-1: nobody's */
	uint64_t accepted;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	struct client *clients[CONTROL_CLIENTS_MAX];
};

/* Clients. */

static void client_drop(struct client *client)
{
	struct control *control = client->control;

	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (control->clients[i] == client)
			control->clients[i] = NULL;
	if (client->deadline)
		event_free(client->deadline);
	if (client->stream)
		bufferevent_free(client->stream);
	free(client);
}

static void client_late(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	client_drop(context);
}

/* From now on, not from where the loop looked at the clock: a handler may take its time. */
static int client_set_deadline(struct client *client, time_t seconds)
{
	const struct timeval deadline = {.tv_sec = seconds};

	event_base_update_cache_time(event_get_base(client->deadline));
	return event_add(client->deadline, &deadline);
}

static void client_ends(struct client *client)
{
	client->answered = true;
	client_set_deadline(client, CONTROL_ANSWER_S);
}

static size_t pending_bytes(const struct client *client)
{
	return evbuffer_get_length(bufferevent_get_output(client->stream));
}

static size_t pending_bytes_of_all(const struct control *control)
{
	size_t sum = 0;

	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (control->clients[i])
			sum += pending_bytes(control->clients[i]);
	return sum;
}

static void line_free(const void *data, size_t size, void *context)
{
	(void)size;
	(void)context;
	free((void *)data);
}

/* Queued without a copy; an answer may list a million ranges. */
static int client_queue(struct client *client, char *line)
{
	struct evbuffer *output = bufferevent_get_output(client->stream);

	if (evbuffer_add_reference(output, line, strlen(line), line_free, NULL)) {
		free(line);
		return -ENOMEM;
	}
	return evbuffer_add(output, "\n", 1) ? -ENOMEM : 0;
}

/* Takes body and text. */
static int client_answer(struct client *client, enum mxf_exit exit, json_t *body, const char *text)
{
	json_t *answer = json_pack("{s:i, s:o*}", "exit", (int)exit, "body", body);
	char *line;

	if (answer && text)
		json_object_set_new(answer, "text", report_text(text, strlen(text)));
	line = answer ? json_dumps(answer, JSON_COMPACT) : NULL;
	json_decref(answer);
	return line ? client_queue(client, line) : -ENOMEM;
}

/* Takes the body, which is JSON text already. */
static int client_answer_text(struct client *client, enum mxf_exit exit, char *body)
{
	struct evbuffer *output = bufferevent_get_output(client->stream);

	evbuffer_add_printf(output, "{\"exit\": %d, \"body\": ", (int)exit);
	if (evbuffer_add_reference(output, body, strlen(body), line_free, NULL)) {
		free(body);
		return -ENOMEM;
	}
	return evbuffer_add(output, "}\n", 2) ? -ENOMEM : 0;
}

static void client_refuse(struct client *client, enum mxf_exit exit, const char *reason)
{
	client_ends(client);
	bufferevent_disable(client->stream, EV_READ);
	if (client_answer(client, exit, report_error("%s", reason), NULL))
		client_drop(client);
}

static void client_follow(struct client *client, const json_t *followed)
{
	const struct timeval sending = {.tv_sec = CONTROL_ANSWER_S};
	json_t *body;
	size_t i;

	client->follows = true;
	event_del(client->deadline);
	bufferevent_set_timeouts(client->stream, NULL, &sending);
	json_array_foreach (followed, i, body)
		client_answer(client, MXF_EXIT_OK, json_incref(body), NULL);
	bufferevent_enable(client->stream, EV_READ);
}

/* Of those who may only look; they leave places for others. */
static bool too_many_follow(const struct control *control)
{
	size_t count = 0;

	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		count += control->clients[i] && control->clients[i]->follows &&
			 !control->clients[i]->trusted;
	return count >= CONTROL_LOOKERS_FOLLOW_MAX;
}

static control_handler_fn *handler_find(const struct control *control, const char *verb)
{
	const struct control_handler *handler = control->handlers;

	while (handler->verb && strcmp(handler->verb, verb) != 0)
		handler++;
	return handler->fn;
}

static void client_handle(struct client *client, const struct request *request)
{
	struct control *control = client->control;
	control_handler_fn *handler = handler_find(control, request->verb);
	struct control_answer answer = {.exit = MXF_EXIT_OK};
	int error;

	if (!handler) {
		client_refuse(client, MXF_EXIT_FAILED, "this agent does not know the verb");
		return;
	}
	handler(control->context, request->arguments, &answer);
	if (!answer.follow)
		client_ends(client);
	if (answer.follow && !client->trusted && too_many_follow(control)) {
		client_refuse(client, MXF_EXIT_FAILED, "too many follow the events already");
		error = 0;
	} else if (answer.follow) {
		client_follow(client, answer.followed);
		error = 0;
	} else if (answer.body_text) {
		error = client_answer_text(client, answer.exit, answer.body_text);
	} else {
		error = client_answer(client, answer.exit, TAKE_PTR(answer.body), answer.text);
	}
	json_decref(answer.body);
	json_decref(answer.followed);
	free(answer.text);
	if (error)
		client_drop(client);
}

static void client_request(struct client *client, const char *line, size_t size)
{
	struct control *control = client->control;
	struct trouble trouble;
	struct request request;

	bufferevent_disable(client->stream, EV_READ);
	if (request_parse(line, size, &request, &trouble)) {
		client_refuse(client, MXF_EXIT_USAGE, trouble.text);
		return;
	}
	if (request.changes && !client->trusted)
		client_refuse(client, MXF_EXIT_NOT_PERMITTED,
			      "only root and members of the control socket's group may do that");
	else if (!client->trusted && pending_bytes_of_all(control) > CONTROL_PENDING_MAX)
		client_refuse(client, MXF_EXIT_FAILED, "too many answers wait to be read");
	else
		client_handle(client, &request);
	request_clear(&request);
}

static size_t request_max(const struct client *client)
{
	return client->trusted ? MXF_CONTROL_CHANGE_MAX : MXF_CONTROL_REQUEST_MAX;
}

/* Looks for the line's end in what is new alone: a request can be long. */
static bool request_is_whole(struct client *client, struct evbuffer *input)
{
	struct evbuffer_ptr from;

	if (evbuffer_ptr_set(input, &from, client->searched, EVBUFFER_PTR_SET))
		return false;
	client->searched = evbuffer_get_length(input);
	return evbuffer_search_eol(input, &from, NULL, EVBUFFER_EOL_LF).pos >= 0;
}

static void client_readable(struct bufferevent *stream, void *context)
{
	struct evbuffer *input = bufferevent_get_input(stream);
	struct client *client = context;
	SCOPED_FREE char *line = NULL;
	size_t size;

	if (client->answered || client->follows) {
		evbuffer_drain(input, evbuffer_get_length(input));
		return;
	}
	if (!request_is_whole(client, input)) {
		if (evbuffer_get_length(input) >= request_max(client))
			client_refuse(client, MXF_EXIT_USAGE, "the request is too long");
		return;
	}
	line = evbuffer_readln(input, &size, EVBUFFER_EOL_LF);
	if (line)
		client_request(client, line, size);
}

static void client_written(struct bufferevent *stream, void *context)
{
	struct client *client = context;

	(void)stream;
	if (client->answered)
		client_drop(client);
}

static void client_event(struct bufferevent *stream, short what, void *context)
{
	struct client *client = context;
	struct evbuffer *input = bufferevent_get_input(stream);
	size_t size = evbuffer_get_length(input);

	/* Whoever has sent its request may shut down its side and wait. */
	if (what & BEV_EVENT_EOF && client->answered)
		return;
	if (what & BEV_EVENT_EOF && !client->follows && size) {
		client_request(client, (const char *)evbuffer_pullup(input, -1), size);
		return;
	}
	client_drop(client);
}

/*
 * The second half of the places is for those who may change state. When there is none left, the
 * oldest of those who may only look has had its time. So nobody can lock anybody out.
 */
static struct client **client_slot(struct control *control, bool trusted)
{
	size_t limit = trusted ? CONTROL_CLIENTS_MAX : CONTROL_CLIENTS_MAX / 2;
	struct client **oldest = NULL;

	for (size_t i = 0; i < limit; i++) {
		struct client *client = control->clients[i];

		if (!client)
			return &control->clients[i];
		if (!client->trusted && !client->follows &&
		    (!oldest || client->number < (*oldest)->number))
			oldest = &control->clients[i];
	}
	if (oldest)
		client_drop(*oldest);
	return oldest;
}

/* Takes fd. */
static struct client *client_new(struct control *control, struct event_base *base, int fd)
{
	struct client *client = calloc(1, sizeof(*client));

	if (!client) {
		close(fd);
		return NULL;
	}
	client->control = control;
	client->number = control->accepted++;
	client->trusted = peer_may_change(fd, control->group);
	client->deadline = event_new(base, -1, 0, client_late, client);
	client->stream = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!client->stream)
		close(fd);
	if (!client->deadline || !client->stream ||
	    client_set_deadline(client, CONTROL_REQUEST_S)) {
		client_drop(client);
		return NULL;
	}
	bufferevent_setwatermark(client->stream, EV_READ, 0, request_max(client));
	bufferevent_setcb(client->stream, client_readable, client_written, client_event, client);
	return client;
}

static void client_accept(struct evconnlistener *listener, evutil_socket_t fd,
			  struct sockaddr *address, int size, void *context)
{
	struct client *client = client_new(context, evconnlistener_get_base(listener), fd);
	struct client **slot = client ? client_slot(context, client->trusted) : NULL;

	(void)address;
	(void)size;
	if (slot) {
		*slot = client;
		bufferevent_enable(client->stream, EV_READ | EV_WRITE);
	} else if (client) {
		client_drop(client);
	}
}

/* Followers. */

bool control_has_followers(const struct control *control)
{
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (control->clients[i] && control->clients[i]->follows)
			return true;
	return false;
}

void control_tell_followers(struct control *control, const json_t *body)
{
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		struct client *client = control->clients[i];

		if (!client || !client->follows)
			continue;
		if (pending_bytes(client) > CONTROL_FOLLOWER_MAX ||
		    client_answer(client, MXF_EXIT_OK, json_incref((json_t *)body), NULL))
			client_drop(client);
	}
}

/* The socket. */

/* Without the group root alone may change state, whatever its own group is. */
static void socket_set_owner(struct control *control)
{
	const struct group *group = getgrnam(MXF_CONTROL_GROUP);

	control->group = group ? group->gr_gid : (gid_t)-1;
	if (group && chown(control->path, (uid_t)-1, group->gr_gid))
		log_warning("%s: cannot be given to group %s: %s", control->path, MXF_CONTROL_GROUP,
			    strerror(errno));
}

static int socket_open(struct control *control, struct trouble *trouble)
{
	SCOPED_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	memcpy(address.sun_path, control->path, sizeof(address.sun_path));
	/* The run directory's lock is held, so whoever made this socket is gone. */
	unlink(control->path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    chmod(control->path, 0666) || listen(fd, CONTROL_CLIENTS_MAX))
		return trouble_set(trouble, -errno, "%s: %s", control->path, strerror(errno));
	socket_set_owner(control);
	return TAKE_FD(fd);
}

static int control_listen(struct control *control, struct event_base *base, struct trouble *trouble)
{
	int fd = socket_open(control, trouble);
	struct evconnlistener *listener;

	if (fd < 0)
		return fd;
	listener = evconnlistener_new(base, client_accept, control,
				      LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (!listener) {
		close(fd);
		return trouble_set(trouble, -ENOMEM, "out of memory");
	}
	if (control->listener)
		evconnlistener_free(control->listener);
	control->listener = listener;
	return 0;
}

int control_open(struct event_base *base, const char *run_dir,
		 const struct control_handler *handlers, void *context, struct control **control,
		 struct trouble *trouble)
{
	struct control *opened = calloc(1, sizeof(*opened));
	int length, error;

	if (!opened)
		return trouble_set(trouble, -ENOMEM, "out of memory");
	opened->handlers = handlers;
	opened->context = context;
	length = snprintf(opened->path, sizeof(opened->path), "%s/%s", run_dir, MXF_CONTROL_SOCKET);
	if (length < 0 || (size_t)length >= sizeof(opened->path))
		error = trouble_set(trouble, -ENAMETOOLONG, "the run directory's name is too long");
	else
		error = control_listen(opened, base, trouble);
	if (error)
		free(opened);
	else
		*control = opened;
	return error;
}

int control_restore(struct control *control, struct trouble *trouble)
{
	struct stat status;
	int error;

	if (!lstat(control->path, &status) || errno != ENOENT)
		return 0;
	error = control_listen(control, evconnlistener_get_base(control->listener), trouble);
	if (!error)
		log_warning("%s was gone and is there again", control->path);
	return error;
}

void control_close(struct control **control)
{
	struct control *closing = TAKE_PTR(*control);

	if (!closing)
		return;
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (closing->clients[i])
			client_drop(closing->clients[i]);
	evconnlistener_free(closing->listener);
	unlink(closing->path);
	free(closing);
}
