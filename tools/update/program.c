// SPDX-License-Identifier: GPL-2.0-only
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/scoped.h"

#define ARGUMENTS_MAX 256
#define READ_CHUNK ((size_t)64 * 1024)

/* Of what it complains, the beginning is kept. */
#define COMPLAINT_MAX ((size_t)300)

#define HINT_PROGRAM "run it by hand, as the user of mxfence-update, to see what it does"

struct stream {
	int fd; /* -1 at its end */
	char *data;
	size_t size;
	size_t capacity;
	size_t limit;
	bool overflowed;
};

struct running {
	pid_t pid;
	int pidfd; /* -1 once it has ended */
	struct stream out;
	struct stream error;
	int64_t deadline;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void __attribute__((noreturn))
become(const char *program, char *arguments, int out, int error)
{
	char *words[ARGUMENTS_MAX + 2] = {(char *)program};
	size_t count = 1;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	for (char *word = strtok(arguments, " \t"); word && count <= ARGUMENTS_MAX;
	     word = strtok(NULL, " \t"))
		words[count++] = word;
	setpgid(0, 0);
	if (dup2(null, 0) == 0 && dup2(out, 1) == 1 && dup2(error, 2) == 2)
		execvp(program, words);
	dprintf(error, "%s: %s", program, strerror(errno));
	_exit(127);
}

static int start(const char *program, char *arguments, struct running *running)
{
	int out[2], error[2];

	if (pipe2(out, O_CLOEXEC))
		return -errno;
	running->out.fd = out[0];
	if (pipe2(error, O_CLOEXEC)) {
		close(out[1]);
		return -errno;
	}
	running->error.fd = error[0];
	running->pid = fork();
	if (running->pid == 0)
		become(program, arguments, out[1], error[1]);
	close(out[1]);
	close(error[1]);
	if (running->pid < 0)
		return -errno;
	setpgid(running->pid, running->pid); /* whoever comes first */
	running->pidfd = pidfd_open(running->pid, 0);
	return running->pidfd < 0 ? -errno : 0;
}

/* For a chunk and a NUL. */
static int make_room(struct stream *stream)
{
	size_t capacity = stream->capacity + stream->capacity / 2 + READ_CHUNK + 1;
	char *data;

	if (stream->capacity - stream->size > READ_CHUNK)
		return 0;
	data = realloc(stream->data, capacity);
	if (!data)
		return -ENOMEM;
	stream->data = data;
	stream->capacity = capacity;
	return 0;
}

static int stream_read(struct stream *stream)
{
	ssize_t count;

	if (make_room(stream))
		return -ENOMEM;
	count = read(stream->fd, stream->data + stream->size, READ_CHUNK);
	if (count < 0)
		return errno == EINTR ? 0 : -errno;
	if (count == 0) {
		close(stream->fd);
		stream->fd = -1;
	}
	stream->size += (size_t)count;
	if (stream->size > stream->limit) {
		stream->size = stream->limit;
		stream->overflowed = true;
	}
	stream->data[stream->size] = '\0';
	return 0;
}

/* Its children must not outlive it, nor hold its output open. */
static void kill_group(const struct running *running)
{
	kill(-running->pid, SIGKILL);
}

static void note_end(struct running *running)
{
	kill_group(running);
	close(running->pidfd);
	running->pidfd = -1;
}

/* One round; -ETIMEDOUT at the deadline, -EFBIG when it prints too much. */
static int listen_once(struct running *running)
{
	struct pollfd fds[] = {
		{.fd = running->out.fd, .events = POLLIN},
		{.fd = running->error.fd, .events = POLLIN},
		{.fd = running->pidfd, .events = POLLIN},
	};
	int64_t left = running->deadline - now_ms();
	int error = 0;

	if (left <= 0)
		return -ETIMEDOUT;
	if (poll(fds, 3, (int)left) < 0)
		return errno == EINTR ? 0 : -errno;
	if (fds[0].revents)
		error = stream_read(&running->out);
	if (!error && fds[1].revents)
		error = stream_read(&running->error);
	if (fds[2].revents)
		note_end(running);
	return !error && running->out.overflowed ? -EFBIG : error;
}

static int listen_to_end(struct running *running)
{
	int error = 0;

	while (!error && (running->out.fd >= 0 || running->error.fd >= 0 || running->pidfd >= 0))
		error = listen_once(running);
	return error;
}

/* Returns its status as of waitpid(). */
static int end(struct running *running)
{
	int status = 0;

	if (running->pid <= 0)
		return 0;
	if (running->pidfd >= 0)
		note_end(running);
	while (waitpid(running->pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static int explain(const char *program, int error, int timeout_ms, size_t limit,
		   struct failure *failure)
{
	if (error == -ETIMEDOUT)
		return trouble_set(&failure->why, error, "%s did not end within %d seconds",
				   program, timeout_ms / 1000);
	if (error == -EFBIG)
		return trouble_set(&failure->why, error, "%s printed more than %zu bytes", program,
				   limit);
	return trouble_set(&failure->why, error, "%s: %s", program, strerror(-error));
}

/* What it wrote to standard error, without the last line's end. */
static const char *complaint_of(struct stream *error)
{
	while (error->size > 0 && strchr(" \t\r\n", error->data[error->size - 1]))
		error->data[--error->size] = '\0';
	return error->size ? error->data : "";
}

static int explain_status(const char *program, int status, struct running *running,
			  struct failure *failure)
{
	const char *complaint = complaint_of(&running->error);
	char how[64];

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status))
		snprintf(how, sizeof(how), "failed with status %d", WEXITSTATUS(status));
	else
		snprintf(how, sizeof(how), "was killed by signal %d", WTERMSIG(status));
	return trouble_set(&failure->why, -EIO, "%s %s%s%s", program, how, *complaint ? ": " : "",
			   complaint);
}

int program_run(const char *program, const char *arguments, size_t limit, int timeout_ms,
		char **text, size_t *size, struct failure *failure)
{
	char *words SCOPED_FREE = strdup(arguments);
	struct running running = {
		.pidfd = -1,
		.out = {.fd = -1, .limit = limit},
		.error = {.fd = -1, .limit = COMPLAINT_MAX},
		.deadline = now_ms() + timeout_ms,
	};
	int error = words ? start(program, words, &running) : -ENOMEM;
	int status;

	if (!error)
		error = listen_to_end(&running);
	status = end(&running);
	scoped_close(&running.out.fd);
	scoped_close(&running.error.fd);
	failure->hint = HINT_PROGRAM;
	error = error ? explain(program, error, timeout_ms, limit, failure)
		      : explain_status(program, status, &running, failure);
	free(running.error.data);
	if (error) {
		free(running.out.data);
		return error;
	}
	*text = running.out.data;
	*size = running.out.size;
	return 0;
}
