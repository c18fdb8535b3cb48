// SPDX-License-Identifier: GPL-2.0-only
/*
 * The program against an agent that answers whatever a test wants, also what no agent should. Run
 * from the top folder; the program stands in the build folder.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "mxfence/control.h"
#include "tests/support/built_program.h"

static char program[4096];
static char scratch[] = "/tmp/mxfence-answers-XXXXXX";
static int listener = -1;

struct outcome {
	int exit;
	char out[4096];
	char error[4096];
};

static void read_all(int fd, char *text, size_t size)
{
	size_t used = 0;
	ssize_t n;

	while (used < size - 1 && (n = read(fd, text + used, size - 1 - used)) > 0)
		used += (size_t)n;
	text[used] = '\0';
	close(fd);
}

/* Starts the program with two pipes; returns its process id. */
static pid_t start(char *const *argv, int *out, int *error)
{
	int outs[2], errors[2];
	pid_t pid;

	assert_int_equal(pipe(outs), 0);
	assert_int_equal(pipe(errors), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(outs[1], STDOUT_FILENO);
		dup2(errors[1], STDERR_FILENO);
		close(outs[0]);
		close(errors[0]);
		execv(program, argv);
		_exit(127);
	}
	close(outs[1]);
	close(errors[1]);
	*out = outs[0];
	*error = errors[0];
	return pid;
}

static void wait_for(pid_t pid, struct outcome *outcome)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	outcome->exit = WEXITSTATUS(status);
}

/* Takes one request, checks what it asks, sends the answer as it is, and hangs up. */
static void answer_once(const char *expected_request, const char *answer)
{
	char request[1024] = "";
	size_t used = 0;
	int fd = accept(listener, NULL, NULL);

	assert_true(fd >= 0);
	while (!strchr(request, '\n') && used < sizeof(request) - 1) {
		ssize_t n = read(fd, request + used, sizeof(request) - 1 - used);

		assert_true(n > 0);
		used += (size_t)n;
		request[used] = '\0';
	}
	assert_string_equal(request, expected_request);
	assert_int_equal(write(fd, answer, strlen(answer)), strlen(answer));
	close(fd);
}

#define WORDS_MAX 12

static void run(const char *arguments, const char *request, const char *answer,
		struct outcome *outcome)
{
	char *argv[WORDS_MAX + 1] = {"mxfence", "--run-dir", scratch};
	char *words = strdup(arguments);
	int out, error, argc = 3;
	pid_t pid;

	for (char *word = strtok(words, " "); word && argc < WORDS_MAX; word = strtok(NULL, " "))
		argv[argc++] = word;
	pid = start(argv, &out, &error);
	answer_once(request, answer);
	read_all(out, outcome->out, sizeof(outcome->out));
	read_all(error, outcome->error, sizeof(outcome->error));
	wait_for(pid, outcome);
	free(words);
}

struct answer_case {
	const char *arguments;
	const char *request;
	const char *answer;
	enum mxf_exit exit;
	const char *out;   /* all of it */
	const char *error; /* a part of it; "" = nothing */
};

#define RELOAD "{\"verb\":\"reload\"}\n"
#define EVENT                                                                                      \
	"{\"time\":\"2026-01-01T00:00:00Z\",\"interface\":\"eth0\",\"verdict\":\"drop\","          \
	"\"reason\":\"untrusted\",\"source\":\"192.0.2.9\",\"source_port\":4000,"                  \
	"\"destination\":\"192.0.2.1\",\"destination_port\":25}"
#define EVENT_LINE "2026-01-01T00:00:00Z eth0 drop untrusted 192.0.2.9:4000 > 192.0.2.1:25\n"

static const struct answer_case answer_cases[] = {
	{"reload", RELOAD, "{\"exit\":0,\"body\":{\"schema\":1,\"done\":\"generation 2\"}}\n",
	 MXF_EXIT_OK, "generation 2\n", ""},
	{"reload", RELOAD, "{\"exit\":4,\"body\":{\"schema\":1,\"error\":\"not for you\"}}\n",
	 MXF_EXIT_NOT_PERMITTED, "", "not for you"},
	{"reload -j", RELOAD, "{\"exit\":4,\"body\":{\"schema\":1,\"error\":\"no\"}}\n",
	 MXF_EXIT_NOT_PERMITTED, "{\n  \"schema\": 1,\n  \"error\": \"no\"\n}\n", ""},
	{"reload", RELOAD,
	 "{\"exit\":78,\"body\":{\"schema\":1,\"error\":\"e\",\"diagnostics\":[{\"severity\":"
	 "\"error\",\"file\":\"a.yaml\",\"line\":3,\"column\":4,\"message\":\"bad\",\"hint\":"
	 "null}]}}\n",
	 MXF_EXIT_CONFIGURATION, "", "a.yaml:3:4: error: bad\n"},
	{"reload", RELOAD, "{\"exit\":1,\"body\":{\"error\":\"\\u001b[31mred\"}}\n",
	 MXF_EXIT_FAILED, "", "\\x1b[31mred"},
	{"metrics", "{\"verb\":\"metrics\"}\n", "{\"exit\":0,\"text\":\"a 1\\nb 2\\n\"}\n",
	 MXF_EXIT_OK, "a 1\nb 2\n", ""},
	{"metrics -j", "{\"verb\":\"metrics\"}\n", "{\"exit\":0,\"text\":\"a 1\\n\"}\n",
	 MXF_EXIT_OK, "{\n  \"schema\": 1,\n  \"text\": \"a 1\\n\"\n}\n", ""},
	{"trust add 192.0.2.0 255.255.255.0 --list x --note y",
	 "{\"verb\":\"trust add\",\"arguments\":{\"list\":\"x\",\"note\":\"y\",\"range\":"
	 "\"192.0.2.0 255.255.255.0\"}}\n",
	 "{\"exit\":0,\"body\":{\"done\":\"added\"}}\n", MXF_EXIT_OK, "added\n", ""},
	{"explain ::1 --local ::2",
	 "{\"verb\":\"explain\",\"arguments\":{\"address\":\"::1\",\"port\":25,\"local\":"
	 "\"::2\"}}\n",
	 "{\"exit\":1,\"body\":{\"kernel\":{\"verdict\":\"drop\",\"reason\":\"untrusted\"}}}\n",
	 MXF_EXIT_FAILED,
	 "::1 to port 25 of ::2: drop (untrusted)\n"
	 "  a closed port, and no range holds the source\n",
	 ""},
	{"events", "{\"verb\":\"events\",\"arguments\":{\"follow\":false}}\n",
	 "{\"exit\":0,\"body\":{\"schema\":1,\"events\":[" EVENT "]}}\n", MXF_EXIT_OK, EVENT_LINE,
	 ""},
	{"events", "{\"verb\":\"events\",\"arguments\":{\"follow\":false}}\n",
	 "{\"exit\":0,\"body\":{\"schema\":1,\"events\":[]}}\n", MXF_EXIT_OK, "No event yet.\n",
	 ""},
	{"events --raw", "{\"verb\":\"events\",\"arguments\":{\"follow\":false}}\n",
	 "{\"exit\":0,\"body\":{\"schema\":1,\"events\":[]}}\n", MXF_EXIT_OK, "", ""},
	{"events -f", "{\"verb\":\"events\",\"arguments\":{\"follow\":true}}\n",
	 "{\"exit\":0,\"body\":" EVENT "}\n{\"exit\":0,\"body\":" EVENT "}\n", MXF_EXIT_NO_AGENT,
	 EVENT_LINE EVENT_LINE, "the agent has ended"},
	{"reload", RELOAD, "{\"exit\":0,\"body\":{\"done\":\"a\\u0000b\"}}\n", MXF_EXIT_OK, "a\n",
	 ""},
	{"reload", RELOAD,
	 "{\"exit\":78,\"body\":{\"errors\":2,\"error\":\"2 errors; what runs keeps running\"}}\n",
	 MXF_EXIT_CONFIGURATION, "", "mxfence: 2 errors; what runs"},
	{"reload", RELOAD, "", MXF_EXIT_FAILED, "", "without an answer"},
	{"reload", RELOAD, "{\"exit\":0", MXF_EXIT_FAILED, "", "breaks off"},
	{"reload", RELOAD, "\n", MXF_EXIT_FAILED, "", "is not understood"},
	{"reload", RELOAD, "rubbish\n", MXF_EXIT_FAILED, "", "is not understood"},
	{"reload", RELOAD, "[]\n", MXF_EXIT_FAILED, "", "is not understood"},
	{"reload", RELOAD, "{\"exit\":\"0\"}\n", MXF_EXIT_FAILED, "", "is not understood"},
	{"reload", RELOAD, "{\"exit\":0,\"body\":[]}\n", MXF_EXIT_FAILED, "", "is not understood"},
	{"reload", RELOAD, "{\"exit\":0,\"text\":1}\n", MXF_EXIT_FAILED, "", "is not understood"},
	{"reload", RELOAD, "{\"exit\":0}\n", MXF_EXIT_OK, "", ""},
	{"reload -j", RELOAD, "{\"exit\":0}\n", MXF_EXIT_OK, "{\n  \"schema\": 1\n}\n", ""},
};

static void test_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(answer_cases) / sizeof(answer_cases[0]); i++) {
		const struct answer_case *at = &answer_cases[i];
		struct outcome outcome;

		run(at->arguments, at->request, at->answer, &outcome);
		assert_string_equal(outcome.out, at->out);
		if (at->error[0] ? !strstr(outcome.error, at->error) : outcome.error[0] != '\0')
			fail_msg("\"%s\": \"%s\"", at->answer, outcome.error);
		assert_int_equal(outcome.exit, at->exit);
	}
}

/* An agent that has no place for one more client closes without reading. */
static void test_hanging_up_is_explained(void **state)
{
	char *argv[] = {"mxfence", "--run-dir", scratch, "reload", NULL};
	struct pollfd request = {.events = POLLIN};
	struct outcome outcome;
	int out, error;
	pid_t pid;

	(void)state;
	pid = start(argv, &out, &error);
	request.fd = accept(listener, NULL, NULL);
	assert_true(request.fd >= 0);
	assert_int_equal(poll(&request, 1, 5000), 1);
	close(request.fd);
	read_all(out, outcome.out, sizeof(outcome.out));
	read_all(error, outcome.error, sizeof(outcome.error));
	wait_for(pid, &outcome);
	assert_int_equal(outcome.exit, MXF_EXIT_FAILED);
	assert_non_null(strstr(outcome.error, "too many clients"));
}

#define STATS "{\"verb\":\"stats\"}\n"
#define STATS_ANSWER "{\"exit\":0,\"body\":{\"schema\":1,\"packets\":[],\"ranges\":[]}}\n"

/* Asks again by itself, and an interrupt ends it in order, in the middle of its waiting. */
static void test_watch_ends_with_an_interrupt(void **state)
{
	char *argv[] = {"mxfence", "--run-dir", scratch, "stats", "--watch", "1", "--json", NULL};
	static const char line[] = "{\"schema\":1,\"packets\":[],\"ranges\":[]}\n";
	struct outcome outcome;
	char first[sizeof(line)];
	int out, error;
	pid_t pid;

	(void)state;
	pid = start(argv, &out, &error);
	answer_once(STATS, STATS_ANSWER);
	assert_int_equal(read(out, first, sizeof(first)), strlen(line));
	answer_once(STATS, STATS_ANSWER);
	assert_int_equal(read(out, first, sizeof(first)), strlen(line));
	assert_int_equal(kill(pid, SIGINT), 0);
	wait_for(pid, &outcome);
	read_all(error, outcome.error, sizeof(outcome.error));
	close(out);
	assert_int_equal(outcome.exit, MXF_EXIT_OK);
	assert_string_equal(outcome.error, "");
}

static void test_status_asks_what_the_screen_shows(void **state)
{
	char *argv[] = {"mxfence", "--run-dir", scratch, NULL};
	struct outcome outcome;
	int out, error;
	pid_t pid;

	(void)state;
	pid = start(argv, &out, &error);
	answer_once("{\"verb\":\"status\"}\n",
		    "{\"exit\":0,\"body\":{\"mode\":\"enforce\",\"agent\":{\"running\":true},"
		    "\"interfaces\":[{\"name\":\"eth0\",\"attached\":true}]}}\n");
	answer_once(STATS, "{\"exit\":0,\"body\":{\"packets\":[{\"verdict\":\"drop\",\"reason\":"
			   "\"denied\",\"packets\":7,\"bytes\":420}]}}\n");
	answer_once("{\"verb\":\"drops\"}\n", "{\"exit\":0,\"body\":{\"drops\":[{\"address\":"
					      "\"192.0.2.9\",\"reason\":\"denied\"}]}}\n");
	read_all(out, outcome.out, sizeof(outcome.out));
	read_all(error, outcome.error, sizeof(outcome.error));
	wait_for(pid, &outcome);
	assert_int_equal(outcome.exit, MXF_EXIT_OK);
	assert_non_null(strstr(outcome.out, "Fence: enforcing\n"));
	assert_non_null(strstr(outcome.out, "drop     denied        7    420\n"));
	assert_non_null(strstr(outcome.out, "Latest: 192.0.2.9 (denied), never\n"));
}

static int set_up(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	(void)state;
	if (built_program_find("mxfence", program, sizeof(program)) != 0 || !mkdtemp(scratch))
		return -1;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/" MXF_CONTROL_SOCKET, scratch);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0)
		return -1;
	return listen(listener, 4);
}

static int tear_down(void **state)
{
	char path[64];

	(void)state;
	close(listener);
	snprintf(path, sizeof(path), "%s/" MXF_CONTROL_SOCKET, scratch);
	unlink(path);
	return rmdir(scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_hanging_up_is_explained),
		cmocka_unit_test(test_watch_ends_with_an_interrupt),
		cmocka_unit_test(test_status_asks_what_the_screen_shows),
	};

	/* A test that waits for what never comes must not wait for ever. */
	alarm(60);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
