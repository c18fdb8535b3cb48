// SPDX-License-Identifier: GPL-2.0-only
/* The hasher as a process: its workers, its keeper, and the file that it alone reads. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "gate/hasher.h"

/* Of "secret". */
#define HASH                                                                                       \
	"$6$rounds=1000$Wf9dRk5vQz1sYx2T$/0PaHEfMlH8q2OvGlRxs1EEgI.HLb4Ukiq5edDISYVd/"             \
	"i07yF5JgOFzB8onmydkp.ex9wGRzsWX8nzU.L8Clz0"

#define WORKERS 2
#define PATIENCE_MS 10000

struct fixture {
	char path[40];
	struct config config;
	int ours[WORKERS]; /* what workers would hold */
	int keeper;
	pid_t pid;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	static const char text[] = "jane:" HASH "\n";
	int fd;

	if (!fixture)
		return -1;
	strcpy(fixture->path, "/tmp/mxfence-hasher-XXXXXX");
	fd = mkstemp(fixture->path);
	if (fd < 0 || write(fd, text, sizeof(text) - 1) != sizeof(text) - 1)
		return -1;
	close(fd);
	fixture->config.gate.auth = (struct gate_auth){.source = AUTH_FILE, .file = fixture->path};
	fixture->keeper = -1;
	for (size_t i = 0; i < WORKERS; i++)
		fixture->ours[i] = -1;
	*state = fixture;
	return 0;
}

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	if (fixture->pid > 0) {
		kill(fixture->pid, SIGKILL);
		waitpid(fixture->pid, NULL, 0);
	}
	for (size_t i = 0; i < WORKERS; i++)
		close_end(&fixture->ours[i]);
	close_end(&fixture->keeper);
	unlink(fixture->path);
	free(fixture);
	return 0;
}

static int drop_nothing(void *context, struct trouble *trouble)
{
	(void)context;
	(void)trouble;
	return 0;
}

static int drop_fails(void *context, struct trouble *trouble)
{
	(void)context;
	return trouble_set(trouble, -EPERM, "no");
}

static void start(struct fixture *fixture)
{
	int channel[2], pairs[WORKERS][2], theirs[WORKERS];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel), 0);
	for (size_t i = 0; i < WORKERS; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pairs[i]),
				 0);
		fixture->ours[i] = pairs[i][0];
		theirs[i] = pairs[i][1];
	}
	fixture->keeper = channel[0];
	fixture->pid = fork();
	assert_true(fixture->pid >= 0);
	if (fixture->pid == 0) {
		const struct hasher_setup setup = {.config = &fixture->config,
						   .run_dir = "/tmp",
						   .workers = theirs,
						   .worker_count = WORKERS,
						   .channel = channel[1]};
		struct trouble trouble;

		for (size_t i = 0; i < WORKERS; i++)
			close(fixture->ours[i]);
		close(fixture->keeper);
		_exit(hasher_run(&setup, drop_nothing, NULL, &trouble) ? 1 : 0);
	}
	for (size_t i = 0; i < WORKERS; i++)
		close(theirs[i]);
	close(channel[1]);
}

static void ask(const struct fixture *fixture, size_t worker, uint64_t id, const char *login,
		const char *password)
{
	struct hasher_request request = {.id = id, .mechanism = "PLAIN"};

	strcpy(request.login, login);
	strcpy(request.password, password);
	assert_int_equal(send(fixture->ours[worker], &request, sizeof(request), 0),
			 sizeof(request));
}

static void answer_read(const struct fixture *fixture, size_t worker, struct hasher_answer *answer)
{
	struct pollfd fd = {.fd = fixture->ours[worker], .events = POLLIN};

	assert_int_equal(poll(&fd, 1, PATIENCE_MS), 1);
	assert_int_equal(recv(fd.fd, answer, sizeof(*answer), 0), sizeof(*answer));
}

static void assert_answer(const struct fixture *fixture, size_t worker, uint64_t id,
			  enum mxf_auth_result result)
{
	struct hasher_answer answer;

	answer_read(fixture, worker, &answer);
	assert_int_equal(answer.id, id);
	assert_int_equal(answer.result, result);
}

static void assert_ends(struct fixture *fixture)
{
	int status;

	assert_int_equal(waitpid(fixture->pid, &status, 0), fixture->pid);
	fixture->pid = 0;
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void test_answers(void **state)
{
	struct fixture *fixture = *state;

	start(fixture);
	ask(fixture, 0, 11, "jane", "secret");
	assert_answer(fixture, 0, 11, MXF_AUTH_OK);
	ask(fixture, 1, 12, "jane", "Secret");
	assert_answer(fixture, 1, 12, MXF_AUTH_FAILED);
	ask(fixture, 0, 13, "john", "secret");
	assert_answer(fixture, 0, 13, MXF_AUTH_FAILED);
}

/* In any order, each once, and each to who asked. */
static void test_many(void **state)
{
	struct fixture *fixture = *state;
	bool seen[WORKERS][HASHER_PENDING_MAX] = {{false}};

	start(fixture);
	for (uint64_t id = 0; id < HASHER_PENDING_MAX; id++)
		for (size_t worker = 0; worker < WORKERS; worker++)
			ask(fixture, worker, id, "jane", id % 2 ? "secret" : "wrong");
	for (size_t i = 0; i < HASHER_PENDING_MAX; i++)
		for (size_t worker = 0; worker < WORKERS; worker++) {
			struct hasher_answer answer;

			answer_read(fixture, worker, &answer);
			assert_true(answer.id < HASHER_PENDING_MAX);
			assert_false(seen[worker][answer.id]);
			seen[worker][answer.id] = true;
			assert_int_equal(answer.result,
					 answer.id % 2 ? MXF_AUTH_OK : MXF_AUTH_FAILED);
		}
}

/* What is no request, or has texts without an end, harms nobody. */
static void test_malformed(void **state)
{
	struct fixture *fixture = *state;
	struct hasher_request request;

	start(fixture);
	memset(&request, 'x', sizeof(request));
	assert_int_equal(send(fixture->ours[0], &request, 5, 0), 5);
	request.id = 21;
	assert_int_equal(send(fixture->ours[0], &request, sizeof(request), 0), sizeof(request));
	assert_answer(fixture, 0, 21, MXF_AUTH_FAILED);
	ask(fixture, 0, 22, "jane", "secret");
	assert_answer(fixture, 0, 22, MXF_AUTH_OK);
}

/* A keeper that was killed leaves workers that still finish their sessions. */
static void test_end(void **state)
{
	struct fixture *fixture = *state;

	start(fixture);
	close_end(&fixture->keeper);
	ask(fixture, 0, 31, "jane", "secret");
	assert_answer(fixture, 0, 31, MXF_AUTH_OK);
	close_end(&fixture->ours[0]);
	ask(fixture, 1, 32, "jane", "secret");
	assert_answer(fixture, 1, 32, MXF_AUTH_OK);
	close_end(&fixture->ours[1]);
	assert_ends(fixture);
}

static void test_workers_end_first(void **state)
{
	struct fixture *fixture = *state;

	start(fixture);
	close_end(&fixture->ours[0]);
	close_end(&fixture->ours[1]);
	close_end(&fixture->keeper);
	assert_ends(fixture);
}

static void test_cannot_begin(void **state)
{
	struct fixture *fixture = *state;
	const struct hasher_setup setup = {.config = &fixture->config, .run_dir = "/tmp"};
	struct trouble trouble;

	assert_int_equal(hasher_run(&setup, drop_fails, NULL, &trouble), -EPERM);
	assert_string_equal(trouble.text, "no");
	fixture->config.gate.auth.file = "/nowhere/passwords";
	assert_int_equal(hasher_run(&setup, drop_nothing, NULL, &trouble), -ENOENT);
	assert_non_null(strstr(trouble.text, "/nowhere/passwords"));
}

/* A socket of Dovecot's that is not there: the keeper hears of it, in words. */
static void test_dovecot_trouble(void **state)
{
	struct fixture *fixture = *state;
	struct pollfd fd;
	char text[256] = "";

	fixture->config.gate.auth =
		(struct gate_auth){.source = AUTH_DOVECOT, .socket = "mxfence-no-such-socket"};
	start(fixture);
	ask(fixture, 1, 41, "jane", "secret");
	assert_answer(fixture, 1, 41, MXF_AUTH_ERROR);
	fd = (struct pollfd){.fd = fixture->keeper, .events = POLLIN};
	assert_int_equal(poll(&fd, 1, PATIENCE_MS), 1);
	assert_true(recv(fixture->keeper, text, sizeof(text) - 1, 0) > 0);
	assert_string_equal(text, "Dovecot's socket /tmp/mxfence-no-such-socket: No such file or "
				  "directory");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_answers),	      TEST(test_many),
		TEST(test_malformed),	      TEST(test_end),
		TEST(test_workers_end_first), TEST(test_cannot_begin),
		TEST(test_dovecot_trouble),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
