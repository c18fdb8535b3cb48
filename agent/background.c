// SPDX-License-Identifier: GPL-2.0-only
#include "background.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/scoped.h"
#include "mxfence/control.h"

/* Reads the child's one byte; none comes when it ends first. */
static _Noreturn void wait_for_child(int fd, pid_t child)
{
	ssize_t count;
	int status;
	char ready;

	do
		count = read(fd, &ready, 1);
	while (count < 0 && errno == EINTR);
	if (count == 1)
		_exit(MXF_EXIT_OK);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	_exit(WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : MXF_EXIT_FAILED);
}

int background_enter(void)
{
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	child = fork();
	if (child < 0) {
		int error = -errno;

		close(ends[0]);
		close(ends[1]);
		return error;
	}
	if (child > 0) {
		close(ends[1]);
		wait_for_child(ends[0], child);
	}
	close(ends[0]);
	setsid();
	return ends[1];
}

void background_ready(int fd, bool keep_stderr)
{
	SCOPED_FD int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		if (!keep_stderr)
			dup2(null, STDERR_FILENO);
	}
	/* When the parent has gone nobody waits for this. */
	while (write(fd, "", 1) < 0 && errno == EINTR)
		;
	close(fd);
}
