// SPDX-License-Identifier: GPL-2.0-only
/* A resolver that does not answer. Those that do are in tests/e2e/update_walks_spf. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tools/update/resolver.h"

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A bound socket from which nobody reads; its name is for resolver_open(). */
static int open_silent_server(char name[32])
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	snprintf(name, 32, "127.0.0.1@%u", ntohs(address.sin_port));
	return fd;
}

/* The time is for all questions together. */
static void test_deadline(void **state)
{
	struct resolver *resolver = NULL;
	struct trouble trouble;
	struct dns_answer answer;
	char name[32];
	int fd = open_silent_server(name);
	int64_t begin = now_ms();

	(void)state;
	assert_int_equal(resolver_open(name, NULL, 1000, &resolver, &trouble), 0);
	for (int i = 0; i < 3; i++) {
		resolver_ask(resolver, "a.example", DNS_TXT, &answer);
		assert_int_equal(answer.status, DNS_FAILED);
		assert_string_equal(answer.why, "no answer within 1 seconds");
	}
	assert_in_range(now_ms() - begin, 1000, 2500);
	resolver_close(&resolver);
	assert_null(resolver);
	close(fd);
}

static void test_what_cannot_be_used(void **state)
{
	struct resolver *resolver = NULL;
	struct trouble trouble;

	(void)state;
	assert_int_equal(resolver_open("nobody", NULL, 1000, &resolver, &trouble), -EINVAL);
	assert_non_null(strstr(trouble.text, "nobody: "));
	assert_int_equal(resolver_open(NULL, "/nonexistent/key", 1000, &resolver, &trouble),
			 -ENOENT);
	assert_string_equal(trouble.text, "/nonexistent/key: No such file or directory");
	assert_null(resolver);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_what_cannot_be_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
