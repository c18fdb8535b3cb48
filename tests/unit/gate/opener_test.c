// SPDX-License-Identifier: GPL-2.0-only
/* Listening sockets from the process that opens them. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "gate/opener.h"
#include "gate/sockaddr.h"

#define LOOPBACK ((struct ip){.lo = 0x7f000001})

static int opener = -1;
static pid_t pid;

static int start(void **state)
{
	(void)state;
	opener = opener_start(&pid);
	return opener < 0;
}

static int stop(void **state)
{
	int status;

	(void)state;
	close(opener);
	return waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status);
}

/* A socket of another program's. Port 0: any; its number is then in *port. */
static int foreign_socket(struct ip ip, uint8_t family, uint16_t *port, bool shares)
{
	struct sockaddr_storage address;
	socklen_t size = sockaddr_make(ip, family, *port, &address);
	int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (shares)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(fd, 1), 0);
	size = sizeof(address);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	sockaddr_read(&address, &ip, &family, port);
	return fd;
}

static uint16_t free_port(struct ip ip, uint8_t family)
{
	uint16_t port = 0;

	close(foreign_socket(ip, family, &port, false));
	return port;
}

static int option(int fd, int level, int name)
{
	int value = 0;
	socklen_t size = sizeof(value);

	assert_int_equal(getsockopt(fd, level, name, &value, &size), 0);
	return value;
}

static void close_all(const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
}

static void test_sockets(void **state)
{
	static const struct {
		struct ip ip;
		uint8_t family;
	} addresses[] = {{LOOPBACK, MXF_FAMILY_IPV4}, {{.lo = 1}, MXF_FAMILY_IPV6}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct gate_endpoint endpoint = {
			.ip = addresses[i].ip,
			.family = addresses[i].family,
			.port = free_port(addresses[i].ip, addresses[i].family)};
		struct sockaddr_storage address;
		socklen_t size = sizeof(address);
		int fds[3];

		assert_int_equal(opener_open(opener, &endpoint, false, fds, 3), 0);
		for (size_t k = 0; k < 3; k++) {
			struct ip ip;
			uint8_t family;
			uint16_t port;

			assert_int_equal(option(fds[k], SOL_SOCKET, SO_ACCEPTCONN), 1);
			assert_int_equal(option(fds[k], SOL_SOCKET, SO_REUSEPORT), 1);
			assert_int_equal(option(fds[k], IPPROTO_TCP, TCP_NODELAY), 1);
			assert_true(fcntl(fds[k], F_GETFL) & O_NONBLOCK);
			assert_true(fcntl(fds[k], F_GETFD) & FD_CLOEXEC);
			assert_int_equal(getsockname(fds[k], (struct sockaddr *)&address, &size),
					 0);
			assert_true(sockaddr_read(&address, &ip, &family, &port));
			assert_true(ip_equal(ip, endpoint.ip));
			assert_int_equal(family, endpoint.family);
			assert_int_equal(port, endpoint.port);
		}
		if (endpoint.family == MXF_FAMILY_IPV6)
			assert_int_equal(option(fds[0], IPPROTO_IPV6, IPV6_V6ONLY), 1);
		close_all(fds, 3);
	}
}

/* Whoever listens there already is not joined, not even where it would let us. */
static void test_somebody_listens(void **state)
{
	(void)state;
	for (int shares = 0; shares < 2; shares++) {
		struct gate_endpoint endpoint = {.ip = LOOPBACK, .family = MXF_FAMILY_IPV4};
		int foreign = foreign_socket(LOOPBACK, MXF_FAMILY_IPV4, &endpoint.port, shares);
		int fds[2];

		assert_int_equal(opener_open(opener, &endpoint, false, fds, 2), -EADDRINUSE);
		/* By the wildcard address as well. */
		endpoint.ip = (struct ip){0};
		assert_int_equal(opener_open(opener, &endpoint, false, fds, 2), -EADDRINUSE);
		close(foreign);
		assert_int_equal(opener_open(opener, &endpoint, false, fds, 2), 0);
		close_all(fds, 2);
	}
}

static void test_more_of_ours(void **state)
{
	struct gate_endpoint endpoint = {.ip = LOOPBACK,
					 .family = MXF_FAMILY_IPV4,
					 .port = free_port(LOOPBACK, MXF_FAMILY_IPV4)};
	int fds[2], more[2];

	(void)state;
	assert_int_equal(opener_open(opener, &endpoint, false, fds, 2), 0);
	assert_int_equal(opener_open(opener, &endpoint, false, more, 2), -EADDRINUSE);
	assert_int_equal(opener_open(opener, &endpoint, true, more, 2), 0);
	/* Clients come to them when somebody accepts them. */
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(option(more[i], SOL_SOCKET, SO_ACCEPTCONN), 0);
	close_all(fds, 2);
	close_all(more, 2);
}

static void test_refusals(void **state)
{
	/* 192.0.2.0/24 is for documentation alone. */
	const struct gate_endpoint elsewhere = {
		.ip = {.lo = 0xc0000201}, .family = MXF_FAMILY_IPV4, .port = 2525};
	int fds[OPENER_SOCKETS_MAX + 1];

	(void)state;
	assert_int_equal(opener_open(opener, &elsewhere, false, fds, 1), -EADDRNOTAVAIL);
	assert_int_equal(opener_open(opener, &elsewhere, false, fds, OPENER_SOCKETS_MAX + 1),
			 -EINVAL);
}

static void test_ended(void **state)
{
	const struct gate_endpoint endpoint = {
		.ip = LOOPBACK, .family = MXF_FAMILY_IPV4, .port = 2525};
	int pair[2], fds[1];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	close(pair[1]);
	assert_int_equal(opener_open(pair[0], &endpoint, false, fds, 1), -EPIPE);
	close(pair[0]);
}

/* One that does not answer is not waited for without end; what it says later answers nothing. */
static void test_silent(void **state)
{
	const struct gate_endpoint endpoint = {
		.ip = LOOPBACK, .family = MXF_FAMILY_IPV4, .port = 2525};
	const struct timeval patience = {.tv_usec = 50000};
	int pair[2], fds[1];
	char request[256];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)),
			 0);
	assert_int_equal(opener_open(pair[0], &endpoint, false, fds, 1), -ETIMEDOUT);
	assert_true(recv(pair[1], request, sizeof(request), 0) > 0);
	assert_int_equal(opener_open(pair[0], &endpoint, false, fds, 1), -EPIPE);
	/* It is told to end. */
	assert_int_equal(recv(pair[1], request, sizeof(request), 0), 0);
	close(pair[0]);
	close(pair[1]);
}

/* A keeper has to have its answer some time. */
static void test_patience(void **state)
{
	struct timeval patience = {0};
	socklen_t size = sizeof(patience);

	(void)state;
	assert_int_equal(getsockopt(opener, SOL_SOCKET, SO_RCVTIMEO, &patience, &size), 0);
	assert_in_range(patience.tv_sec, 1, 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sockets),	     cmocka_unit_test(test_somebody_listens),
		cmocka_unit_test(test_more_of_ours), cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_ended),	     cmocka_unit_test(test_silent),
		cmocka_unit_test(test_patience),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
