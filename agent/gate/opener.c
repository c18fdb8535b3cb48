// SPDX-License-Identifier: GPL-2.0-only
#include "gate/opener.h"

#include <errno.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/scoped.h"
#include "gate/process.h"
#include "gate/sockaddr.h"

#define PROBE_TRIES 10
#define PROBE_PAUSE_MS 30
#define ANSWER_S 10 /* far more than all tries take */

struct opener_request {
	struct ip ip;
	uint32_t count;
	uint16_t port;
	uint8_t family;
	uint8_t ours;
};

struct opener_answer {
	int error; /* negative, or 0: `count` descriptors come with it */
	uint32_t count;
};

union descriptors {
	struct cmsghdr header;
	char room[CMSG_SPACE(OPENER_SOCKETS_MAX * sizeof(int))];
};

static int set_option(int fd, int level, int option)
{
	const int on = 1;

	return setsockopt(fd, level, option, &on, sizeof(on)) ? -errno : 0;
}

/* A socket that is bound but does not listen yet. */
static int bind_to(const struct opener_request *request, bool shared)
{
	struct sockaddr_storage address;
	socklen_t size = sockaddr_make(request->ip, request->family, request->port, &address);
	SCOPED_FD int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int error = fd < 0 ? -errno : set_option(fd, SOL_SOCKET, SO_REUSEADDR);

	if (!error && shared)
		error = set_option(fd, SOL_SOCKET, SO_REUSEPORT);
	if (!error && request->family == MXF_FAMILY_IPV6)
		error = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY);
	if (!error)
		error = set_option(fd, IPPROTO_TCP, TCP_NODELAY);
	if (!error && bind(fd, (struct sockaddr *)&address, size))
		error = -errno;
	return error ? error : TAKE_FD(fd);
}

static int open_one(const struct opener_request *request)
{
	SCOPED_FD int fd = bind_to(request, true);

	if (fd < 0)
		return fd;
	if (!request->ours && listen(fd, OPENER_BACKLOG))
		return -errno;
	return TAKE_FD(fd);
}

/*
 * A socket that shares with nobody cannot be bound where anybody listens. Workers of an agent that
 * was killed, and of the last configuration, take a moment to let go.
 */
static int probe(const struct opener_request *request)
{
	int fd = bind_to(request, false);

	for (int tries = 1; fd == -EADDRINUSE && tries < PROBE_TRIES; tries++) {
		usleep(PROBE_PAUSE_MS * 1000);
		fd = bind_to(request, false);
	}
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static int open_all(const struct opener_request *request, int *fds, uint32_t *count)
{
	int error = request->ours ? 0 : probe(request);

	for (*count = 0; !error && *count < request->count; *count += !error) {
		fds[*count] = open_one(request);
		error = fds[*count] < 0 ? fds[*count] : 0;
	}
	return error;
}

static void answer(int keeper, const struct opener_request *request)
{
	int fds[OPENER_SOCKETS_MAX];
	struct opener_answer answer = {0};
	struct iovec part = {.iov_base = &answer, .iov_len = sizeof(answer)};
	union descriptors control = {.room = {0}};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	answer.error = open_all(request, fds, &answer.count);
	if (!answer.error) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(answer.count * sizeof(int));
		control.header = (struct cmsghdr){
			.cmsg_len = CMSG_LEN(answer.count * sizeof(int)),
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
		};
		memcpy(CMSG_DATA(&control.header), fds, answer.count * sizeof(int));
	}
	if (sendmsg(keeper, &message, MSG_NOSIGNAL) < 0)
		_exit(EXIT_FAILURE);
	for (uint32_t i = 0; i < answer.count; i++)
		close(fds[i]);
}

static void opener_run(int keeper)
{
	struct opener_request request;

	if (process_drop_to(CAP_NET_BIND_SERVICE))
		_exit(EXIT_FAILURE);
	while (recv(keeper, &request, sizeof(request), 0) == sizeof(request))
		if (request.count <= OPENER_SOCKETS_MAX)
			answer(keeper, &request);
	_exit(EXIT_SUCCESS);
}

int opener_start(pid_t *pid)
{
	const struct timeval patience = {.tv_sec = ANSWER_S};
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	*pid = process_fork("mxfenced:opener", &pair[1], 1);
	if (*pid == 0)
		opener_run(pair[1]);
	close(pair[1]);
	if (*pid > 0)
		return pair[0];
	close(pair[0]);
	return (int)*pid;
}

/* An answer that came after its time would be taken for one to the next question. */
static int no_answer(int opener, ssize_t size)
{
	bool late = size < 0 && errno == EAGAIN;

	shutdown(opener, SHUT_RDWR);
	return late ? -ETIMEDOUT : -EPIPE;
}

static int receive(int opener, int *fds, size_t count)
{
	struct opener_answer answer = {.error = -EPIPE};
	struct iovec part = {.iov_base = &answer, .iov_len = sizeof(answer)};
	union descriptors control;
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	struct cmsghdr *header;
	ssize_t size;

	do
		size = recvmsg(opener, &message, MSG_CMSG_CLOEXEC);
	while (size < 0 && errno == EINTR);
	if (size != sizeof(answer))
		return no_answer(opener, size);
	header = CMSG_FIRSTHDR(&message);
	if (answer.error)
		return answer.error;
	if (!header || header->cmsg_len != CMSG_LEN(count * sizeof(int)))
		return -EPROTO;
	memcpy(fds, CMSG_DATA(header), count * sizeof(int));
	return 0;
}

int opener_open(int opener, const struct gate_endpoint *endpoint, bool ours, int *fds, size_t count)
{
	struct opener_request request = {
		.ip = endpoint->ip,
		.count = (uint32_t)count,
		.port = endpoint->port,
		.family = endpoint->family,
		.ours = ours,
	};

	if (count > OPENER_SOCKETS_MAX)
		return -EINVAL;
	if (send(opener, &request, sizeof(request), MSG_NOSIGNAL) != sizeof(request))
		return -EPIPE;
	return receive(opener, fds, count);
}
