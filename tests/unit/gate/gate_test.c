// SPDX-License-Identifier: GPL-2.0-only
/*
 * The gate's processes as the keeper has them: started, replaced, watched and stopped, with workers
 * that speak SMTP. The test is keeper and client.
 */
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "gate/gate.h"
#include "gate/sockaddr.h"
#include "gate/worker.h"
#include "service/check.h"

#define PATIENCE_S 15
#define LOOPBACK ((struct ip){.lo = 0x7f000001})

/* A configuration with its policy, as long as something may use it. */
struct rules {
	struct config *config;
	struct policy *policy;
};

struct fixture {
	char directory[40];
	struct event_base *base;
	struct gate *gate;
	struct rules rules; /* in force */
	uint16_t ports[2];
	struct mxf_gate_record last; /* refusal that was told */
	unsigned int refused;
	unsigned int crashes; /* that are waited for */
};

static void take_record(void *context, const struct mxf_gate_record *record)
{
	struct fixture *fixture = context;

	if (record->kind != MXF_RECORD_REFUSED)
		return;
	fixture->last = *record;
	fixture->refused++;
}

static uint16_t free_port(void)
{
	struct sockaddr_storage address;
	socklen_t size = sockaddr_make(LOOPBACK, MXF_FAMILY_IPV4, 0, &address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	uint8_t family;
	uint16_t port;
	struct ip ip;

	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	assert_true(sockaddr_read(&address, &ip, &family, &port));
	close(fd);
	return port;
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct trouble trouble;

	if (!fixture)
		return -1;
	strcpy(fixture->directory, "/tmp/mxfence-gate-XXXXXX");
	if (!mkdtemp(fixture->directory))
		return -1;
	signal(SIGPIPE, SIG_IGN);
	fixture->ports[0] = free_port();
	fixture->ports[1] = free_port();
	fixture->base = event_base_new();
	*state = fixture;
	return gate_open(fixture->base, fixture->directory, take_record, fixture, &fixture->gate,
			 &trouble);
}

static void rules_free(struct rules *rules)
{
	policy_free(&rules->policy);
	config_free(&rules->config);
}

static void remove_file(const struct fixture *fixture, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", fixture->directory, name);
	unlink(path);
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	int error;

	gate_close(&fixture->gate);
	rules_free(&fixture->rules);
	event_base_free(fixture->base);
	remove_file(fixture, "mxfence.yaml");
	remove_file(fixture, "passwords");
	error = rmdir(fixture->directory);
	free(fixture);
	return error;
}

/* Configurations. */

static void write_file(const struct fixture *fixture, const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", fixture->directory, name);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* The backend is not there: nothing is accepted that would need one. */
static struct rules load(const struct fixture *fixture, const char *listeners, const char *more)
{
	struct rules rules = {.config = NULL};
	struct diags diags = {0};
	char text[1024], path[128];

	snprintf(text, sizeof(text),
		 "gate:\n"
		 "  hostname: mx1.example.com\n"
		 "  domains: [example.com]\n"
		 "  listeners: [%s]\n"
		 "  backends: {box: {servers: [\"127.0.0.1:1\"], tls: off}}\n"
		 "  %s\n",
		 listeners, more);
	write_file(fixture, "mxfence.yaml", text);
	snprintf(path, sizeof(path), "%s/mxfence.yaml", fixture->directory);
	assert_int_equal(check_configuration(path, &rules.config, &rules.policy, &diags), 0);
	if (diags.errors)
		diags_print(&diags, &rules.config->sources, false, stderr);
	assert_int_equal(diags.errors, 0);
	diags_clear(&diags);
	return rules;
}

static const char *listener(char text[128], const char *name, uint16_t port)
{
	snprintf(text, 128, "{name: %s, address: \"127.0.0.1:%u\", role: mx, tls: off}", name,
		 port);
	return text;
}

static int prepare(const struct fixture *fixture, const struct rules *rules,
		   struct gate_next **next, struct trouble *trouble)
{
	return gate_prepare(fixture->gate, rules->config, rules->policy, next, trouble);
}

/* As a reload does: the old rules are gone afterwards. */
static void apply(struct fixture *fixture, struct rules rules)
{
	struct gate_next *next = NULL;
	struct trouble trouble;

	if (prepare(fixture, &rules, &next, &trouble))
		fail_msg("%s", trouble.text);
	gate_commit(fixture->gate, &next);
	rules_free(&fixture->rules);
	fixture->rules = rules;
}

static void start(struct fixture *fixture, const char *more)
{
	char text[128];

	apply(fixture, load(fixture, listener(text, "mx", fixture->ports[0]), more));
}

/* The keeper's loop, until something has come about. */
typedef bool condition_fn(struct fixture *fixture);

static void wait_until(struct fixture *fixture, condition_fn *condition)
{
	const struct timeval tick = {.tv_usec = 20000};
	time_t end = time(NULL) + PATIENCE_S;

	while (!condition(fixture)) {
		if (time(NULL) > end)
			fail_msg("it did not come about");
		event_base_loopexit(fixture->base, &tick);
		event_base_dispatch(fixture->base);
	}
}

static struct gate_state state_of(const struct fixture *fixture)
{
	struct gate_state state;

	gate_state(fixture->gate, &state);
	return state;
}

static bool none_retires(struct fixture *fixture)
{
	return state_of(fixture).retiring == 0;
}

static bool was_told(struct fixture *fixture)
{
	return fixture->refused > 0;
}

/* Clients. */

static int client_connect(uint16_t port)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	struct sockaddr_storage address;
	socklen_t size = sockaddr_make(LOOPBACK, MXF_FAMILY_IPV4, port, &address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&address, size)) {
		close(fd);
		return -errno;
	}
	return fd;
}

/* The code of a reply of one line; 0 when the connection has ended. */
static int client_read(int fd)
{
	char text[1024];
	size_t size = 0;

	while (size < sizeof(text) - 1) {
		ssize_t more = recv(fd, text + size, sizeof(text) - 1 - size, 0);

		/* The end of a child interrupts: with a time-out the call is not begun again. */
		if (more < 0 && errno == EINTR)
			continue;
		if (more <= 0)
			return 0;
		size += (size_t)more;
		text[size] = '\0';
		/* The last line of a reply has a blank behind its code. */
		for (char *line = text; *line;) {
			char *end = strchr(line, '\n');

			if (!end)
				break;
			if (line[3] == ' ')
				return atoi(line);
			line = end + 1;
		}
	}
	return -1;
}

static int client_say(int fd, const char *text)
{
	if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		return 0;
	return client_read(fd);
}

static int client_greeted(uint16_t port)
{
	int fd = client_connect(port);

	assert_true(fd >= 0);
	assert_int_equal(client_read(fd), 220);
	assert_int_equal(client_say(fd, "EHLO client.example\r\n"), 250);
	return fd;
}

static void client_refused(int fd)
{
	assert_int_equal(client_say(fd, "MAIL FROM:<a@b.example>\r\n"), 250);
	assert_int_equal(client_say(fd, "RCPT TO:<c@d.example>\r\n"), 550);
}

static void client_quit(int fd)
{
	assert_int_equal(client_say(fd, "QUIT\r\n"), 221);
	close(fd);
}

/* Children, from /proc. */

struct children {
	pid_t pids[64];
	size_t count;
};

static void read_line(pid_t pid, const char *file, const char *key, char *line, size_t size)
{
	char path[64];
	FILE *stream;

	line[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	stream = fopen(path, "re");
	while (stream && fgets(line, (int)size, stream) && strncmp(line, key, strlen(key)) != 0)
		line[0] = '\0';
	if (stream)
		fclose(stream);
}

static void children_find(const char *name, struct children *children)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	char line[128];

	children->count = 0;
	assert_non_null(proc);
	while ((entry = readdir(proc)) && children->count < 64) {
		pid_t pid = atoi(entry->d_name);

		if (pid <= 0)
			continue;
		read_line(pid, "status", "PPid:", line, sizeof(line));
		if (atoi(line + 5) != getpid())
			continue;
		read_line(pid, "comm", "", line, sizeof(line));
		line[strcspn(line, "\n")] = '\0';
		if (strcmp(line, name) == 0)
			children->pids[children->count++] = pid;
	}
	closedir(proc);
}

static size_t children_count(const char *name)
{
	struct children children;

	children_find(name, &children);
	return children.count;
}

/* The tests. */

static void test_session(void **state)
{
	struct fixture *fixture = *state;
	struct mxf_gate_counters counters;
	int client;

	start(fixture, "workers: 2");
	assert_true(state_of(fixture).enabled);
	assert_int_equal(state_of(fixture).workers, 2);
	client = client_greeted(fixture->ports[0]);
	assert_int_equal(state_of(fixture).sessions, 1);
	client_refused(client);
	wait_until(fixture, was_told);
	assert_int_equal(fixture->last.rule, MXF_RULE_RELAY);
	assert_string_equal(fixture->last.recipient, "c@d.example");
	client_quit(client);
	gate_counters(fixture->gate, &counters);
	assert_int_equal(counters.decisions[MXF_RULE_RELAY][3], 1);
}

static bool has_no_session(struct fixture *fixture)
{
	return state_of(fixture).sessions == 0;
}

struct told {
	unsigned int count;
	struct mxf_gate_session last;
};

static void take_session(void *context, const struct mxf_gate_session *session);

static bool helo_is_told(struct fixture *fixture)
{
	struct told told = {.count = 0};

	gate_sessions(fixture->gate, take_session, &told);
	return told.count == 1 && strcmp(told.last.helo, "client.example") == 0;
}

static void take_session(void *context, const struct mxf_gate_session *session)
{
	struct told *told = context;

	told->count++;
	told->last = *session;
}

static void test_sessions_are_told(void **state)
{
	struct fixture *fixture = *state;
	struct told told = {.count = 0};
	char text[300], one[128], two[128];
	int client;

	start(fixture, "workers: 1");
	client = client_greeted(fixture->ports[0]);
	wait_until(fixture, helo_is_told);
	assert_int_equal(gate_sessions(fixture->gate, take_session, &told), 1);
	assert_int_equal(told.count, 1);
	assert_int_equal(told.last.listener, 0);
	/* By the number that its listener has now. */
	snprintf(text, sizeof(text), "%s, %s", listener(one, "new", fixture->ports[1]),
		 listener(two, "mx", fixture->ports[0]));
	apply(fixture, load(fixture, text, "workers: 1"));
	assert_int_equal(state_of(fixture).retiring, 1);
	gate_sessions(fixture->gate, take_session, &told);
	assert_int_equal(told.count, 2);
	assert_int_equal(told.last.listener, 1);
	/* Or by none. */
	apply(fixture, load(fixture, one, "workers: 1"));
	gate_sessions(fixture->gate, take_session, &told);
	assert_int_equal(told.last.listener, UINT16_MAX);
	client_quit(client);
	wait_until(fixture, none_retires);
}

/* The session goes on by the rules that it began with; the next one has the new ones. */
static void test_replacement(void **state)
{
	struct fixture *fixture = *state;
	int before, after;

	start(fixture, "workers: 1");
	before = client_greeted(fixture->ports[0]);
	start(fixture, "workers: 1\n  relay: {from: [127.0.0.1]}");
	after = client_greeted(fixture->ports[0]);
	client_refused(before);
	assert_int_equal(state_of(fixture).workers, 1);
	assert_int_equal(state_of(fixture).retiring, 1);
	client_quit(before);
	wait_until(fixture, none_retires);
	assert_int_equal(client_say(after, "MAIL FROM:<a@b.example>\r\n"), 250);
	assert_int_equal(client_say(after, "RCPT TO:<c@d.example>\r\n"), 451);
	client_quit(after);
}

static void test_discard(void **state)
{
	struct fixture *fixture = *state;
	struct gate_next *next = NULL;
	struct trouble trouble;
	struct rules rules;
	char text[128];
	int client;

	start(fixture, "workers: 1");
	rules = load(fixture, listener(text, "other", fixture->ports[1]), "workers: 3");
	assert_int_equal(prepare(fixture, &rules, &next, &trouble), 0);
	gate_discard(&next);
	assert_null(next);
	rules_free(&rules);
	assert_int_equal(children_count("mxfenced:worker"), 1);
	assert_int_equal(client_connect(fixture->ports[1]), -ECONNREFUSED);
	client = client_greeted(fixture->ports[0]);
	client_quit(client);
	assert_int_equal(state_of(fixture).crashes, 0);
}

static void test_no_gate_any_more(void **state)
{
	struct fixture *fixture = *state;
	struct gate_next *none = NULL;
	int client;

	start(fixture, "workers: 1");
	client = client_greeted(fixture->ports[0]);
	gate_commit(fixture->gate, &none);
	assert_false(state_of(fixture).enabled);
	client_refused(client);
	client_quit(client);
	wait_until(fixture, none_retires);
	assert_int_equal(client_connect(fixture->ports[0]), -ECONNREFUSED);
	start(fixture, "workers: 1");
	client_quit(client_greeted(fixture->ports[0]));
}

static bool eight_are_refused(struct fixture *fixture)
{
	return fixture->refused == 8;
}

static bool has_two_workers(struct fixture *fixture)
{
	return state_of(fixture).workers == 2 && children_count("mxfenced:worker") == 2;
}

static bool has_crashed(struct fixture *fixture)
{
	return state_of(fixture).crashes > 0;
}

static void test_crash(void **state)
{
	struct fixture *fixture = *state;
	struct mxf_gate_counters counters;
	struct children before, after;
	int clients[8];

	start(fixture, "workers: 2");
	for (size_t i = 0; i < 8; i++) {
		clients[i] = client_greeted(fixture->ports[0]);
		client_refused(clients[i]);
	}
	children_find("mxfenced:worker", &before);
	assert_int_equal(kill(before.pids[0], SIGKILL), 0);
	wait_until(fixture, has_crashed);
	wait_until(fixture, has_two_workers);
	children_find("mxfenced:worker", &after);
	assert_int_equal(after.count, 2);
	/* What it had counted and told is not lost. */
	gate_counters(fixture->gate, &counters);
	assert_int_equal(counters.decisions[MXF_RULE_RELAY][3], 8);
	wait_until(fixture, eight_are_refused);
	/* Both accept. */
	for (int i = 0; i < 16; i++)
		client_quit(client_greeted(fixture->ports[0]));
	for (size_t i = 0; i < 8; i++)
		close(clients[i]);
	wait_until(fixture, has_no_session);
}

static bool has_recovered(struct fixture *fixture)
{
	return state_of(fixture).crashes == fixture->crashes && state_of(fixture).workers == 1 &&
	       children_count("mxfenced:worker") == 1;
}

/* One that ends again and again is not started again and again at once. */
static void test_crash_again(void **state)
{
	struct fixture *fixture = *state;
	struct timespec begin, now;
	struct children worker;

	start(fixture, "workers: 1");
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (unsigned int i = 0; i < 3; i++) {
		children_find("mxfenced:worker", &worker);
		assert_int_equal(worker.count, 1);
		assert_int_equal(kill(worker.pids[0], SIGKILL), 0);
		fixture->crashes = i + 1;
		wait_until(fixture, has_recovered);
	}
	clock_gettime(CLOCK_MONOTONIC, &now);
	/* At once, after 1 s, after 2 s. */
	assert_true(now.tv_sec - begin.tv_sec >= 2);
	assert_int_equal(state_of(fixture).crashes, 3);
	client_quit(client_greeted(fixture->ports[0]));
}

static void test_counters_by_name(void **state)
{
	struct fixture *fixture = *state;
	struct mxf_gate_counters counters;
	char text[300], one[128], two[128];
	int old;

	start(fixture, "workers: 1");
	client_quit(client_greeted(fixture->ports[0]));
	wait_until(fixture, has_no_session);
	old = client_greeted(fixture->ports[0]);
	snprintf(text, sizeof(text), "%s, %s", listener(one, "new", fixture->ports[1]),
		 listener(two, "mx", fixture->ports[0]));
	apply(fixture, load(fixture, text, "workers: 1"));
	gate_counters(fixture->gate, &counters);
	assert_int_equal(counters.sessions[0][MXF_SESSION_QUIT], 0);
	assert_int_equal(counters.sessions[1][MXF_SESSION_QUIT], 1);
	/* Also when the worker of the first configuration has ended. */
	client_quit(old);
	wait_until(fixture, none_retires);
	client_quit(client_greeted(fixture->ports[1]));
	wait_until(fixture, has_no_session);
	gate_counters(fixture->gate, &counters);
	assert_int_equal(counters.sessions[0][MXF_SESSION_QUIT], 1);
	assert_int_equal(counters.sessions[1][MXF_SESSION_QUIT], 2);
	apply(fixture, load(fixture, two, "workers: 1"));
	wait_until(fixture, none_retires);
	gate_counters(fixture->gate, &counters);
	assert_int_equal(counters.sessions[0][MXF_SESSION_QUIT], 2);
	assert_int_equal(counters.sessions[1][MXF_SESSION_QUIT], 0);
}

/* What fails, fails before anything is changed. */

static void assert_cannot(struct fixture *fixture, struct rules rules, const char *why)
{
	struct gate_next *next = NULL;
	struct trouble trouble;

	assert_true(prepare(fixture, &rules, &next, &trouble) < 0);
	if (!strstr(trouble.text, why))
		fail_msg("%s", trouble.text);
	assert_null(next);
	rules_free(&rules);
	client_quit(client_greeted(fixture->ports[0]));
	assert_int_equal(children_count("mxfenced:worker"), 1);
	assert_int_equal(children_count("mxfenced:hasher"), 0);
}

static void test_port_taken(void **state)
{
	struct fixture *fixture = *state;
	struct sockaddr_storage address;
	socklen_t size = sockaddr_make(LOOPBACK, MXF_FAMILY_IPV4, fixture->ports[1], &address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char text[128];

	start(fixture, "workers: 1");
	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_cannot(fixture,
		      load(fixture, listener(text, "other", fixture->ports[1]), "workers: 2"),
		      "the listener other cannot listen on 127.0.0.1 port");
	close(fd);
}

/* Sockets that are open need nobody who opens them. */
static void test_opener_dies(void **state)
{
	struct fixture *fixture = *state;
	struct children openers;
	char text[128];

	start(fixture, "workers: 1");
	children_find("mxfenced:opener", &openers);
	assert_int_equal(openers.count, 1);
	assert_int_equal(kill(openers.pids[0], SIGKILL), 0);
	wait_until(fixture, has_crashed);
	assert_int_equal(children_count("mxfenced:opener"), 0);
	assert_cannot(fixture,
		      load(fixture, listener(text, "other", fixture->ports[1]), "workers: 1"),
		      "the process that opens sockets has ended");
	start(fixture, "workers: 1\n  relay: {from: [127.0.0.1]}");
	client_quit(client_greeted(fixture->ports[0]));
	wait_until(fixture, none_retires);
}

static void test_password_file_gone(void **state)
{
	struct fixture *fixture = *state;
	struct rules rules;
	char text[128];

	start(fixture, "workers: 1");
	write_file(fixture, "passwords", "# nobody\n");
	rules = load(fixture, listener(text, "mx", fixture->ports[0]),
		     "auth: {source: file, file: passwords}\n  workers: 2");
	remove_file(fixture, "passwords");
	assert_cannot(fixture, rules, "passwords: No such file");
}

static bool has_hasher(struct fixture *fixture)
{
	return state_of(fixture).hasher > 0;
}

/* A login that the hasher works on when it dies is answered: nobody could say. */
static void test_hasher_dies(void **state)
{
	struct fixture *fixture = *state;
	char text[128];
	pid_t hasher;
	int client;

	/* Hours of hashing; the setting alone matters. */
	write_file(fixture, "passwords",
		   "jane:$6$rounds=999999999$Wf9dRk5vQz1sYx2T$/0PaHEfMlH8q2OvGlRxs1EEgI.HLb4Ukiq5e"
		   "dDISYVd/i07yF5JgOFzB8onmydkp.ex9wGRzsWX8nzU.L8Clz0\n");
	snprintf(text, sizeof(text),
		 "{name: sub, address: \"127.0.0.1:%u\", role: submission, tls: off, "
		 "auth-without-tls: yes}",
		 fixture->ports[0]);
	apply(fixture, load(fixture, text,
			    "auth: {source: file, file: passwords}\n  workers: 1\n"
			    "  limits: {failure-delay: 0}"));
	hasher = state_of(fixture).hasher;
	assert_true(hasher > 0);
	client = client_greeted(fixture->ports[0]);
	assert_true(send(client, "AUTH PLAIN AGphbmUAc2VjcmV0\r\n", 29, 0) == 29);
	/* It has taken the request when it uses the processor. */
	for (unsigned long ticks = 0; ticks < 5;) {
		char stat[512], *at;

		read_line(hasher, "stat", "", stat, sizeof(stat));
		at = strrchr(stat, ')');
		assert_non_null(at);
		assert_int_equal(
			sscanf(at, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu", &ticks), 1);
	}
	assert_int_equal(kill(hasher, SIGKILL), 0);
	wait_until(fixture, has_crashed);
	assert_int_equal(client_read(client), 454);
	wait_until(fixture, has_hasher);
	assert_true(state_of(fixture).hasher != hasher);
	client_quit(client);
}

/* Children have nothing that they could do harm with. */

static void assert_status(pid_t pid, const char *key, const char *wanted)
{
	char line[256];

	read_line(pid, "status", key, line, sizeof(line));
	line[strcspn(line, "\n")] = '\0';
	if (strcmp(line + strlen(key) + 1, wanted) != 0)
		fail_msg("%s, not %s", line, wanted);
}

static void assert_harmless(pid_t pid)
{
	char line[256];

	assert_status(pid, "CapPrm:", "0000000000000000");
	assert_status(pid, "CapEff:", "0000000000000000");
	assert_status(pid, "CapInh:", "0000000000000000");
	assert_status(pid, "NoNewPrivs:", "1");
	if (geteuid() == 0) {
		read_line(pid, "status", "Uid:", line, sizeof(line));
		assert_true(atoi(line + 4) > 0);
		read_line(pid, "status", "Gid:", line, sizeof(line));
		assert_true(atoi(line + 4) > 0);
		assert_status(pid, "Groups:", " ");
	}
}

static size_t count_files(pid_t pid)
{
	char path[64];
	DIR *directory;
	size_t count = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	directory = opendir(path);
	while (directory && readdir(directory))
		count++;
	if (directory)
		closedir(directory);
	return count;
}

static void test_privileges(void **state)
{
	struct fixture *fixture = *state;
	struct children workers, hashers;
	char text[128];

	write_file(fixture, "passwords", "# nobody\n");
	apply(fixture, load(fixture, listener(text, "mx", fixture->ports[0]),
			    "auth: {source: file, file: passwords}\n  workers: 2"));
	client_quit(client_greeted(fixture->ports[0]));
	children_find("mxfenced:worker", &workers);
	children_find("mxfenced:hasher", &hashers);
	assert_int_equal(workers.count, 2);
	assert_int_equal(hashers.count, 1);
	for (size_t i = 0; i < 2; i++)
		assert_harmless(workers.pids[i]);
	assert_harmless(hashers.pids[0]);
	/* ., .., the three of old, two of workers, the channel: nothing that was left open. */
	if (geteuid() == 0)
		assert_int_equal(count_files(hashers.pids[0]), 2 + 3 + 2 + 1);
}

/* The end. */

struct stop {
	int client;
	int reply;
};

static void *stop_watch(void *context)
{
	struct stop *stop = context;

	stop->reply = client_read(stop->client);
	return NULL;
}

static void test_close(void **state)
{
	struct fixture *fixture = *state;
	struct stop stop = {.reply = -1};
	pthread_t thread;
	time_t begin;

	start(fixture, "workers: 2");
	stop.client = client_greeted(fixture->ports[0]);
	assert_int_equal(pthread_create(&thread, NULL, stop_watch, &stop), 0);
	begin = time(NULL);
	gate_close(&fixture->gate);
	pthread_join(thread, NULL);
	assert_int_equal(stop.reply, 421);
	assert_true(time(NULL) - begin < WORKER_STOP_S);
	assert_int_equal(children_count("mxfenced:worker"), 0);
	assert_int_equal(client_connect(fixture->ports[0]), -ECONNREFUSED);
	close(stop.client);
}

#define UNLIMITED(workers) "workers: " workers "\n  limits: {connections-per-source: 1000000/1s}"

/* Who waits to be accepted is, though there are fewer workers then. */
static void test_fewer_workers(void **state)
{
	enum { CLIENTS = 32 };
	struct fixture *fixture = *state;
	struct children workers;
	int clients[CLIENTS];

	start(fixture, UNLIMITED("4"));
	children_find("mxfenced:worker", &workers);
	assert_int_equal(workers.count, 4);
	for (size_t i = 0; i < workers.count; i++)
		kill(workers.pids[i], SIGSTOP);
	for (size_t i = 0; i < CLIENTS; i++) {
		clients[i] = client_connect(fixture->ports[0]);
		assert_true(clients[i] >= 0);
	}
	start(fixture, UNLIMITED("1"));
	for (size_t i = 0; i < workers.count; i++)
		kill(workers.pids[i], SIGCONT);
	for (size_t i = 0; i < CLIENTS; i++) {
		assert_int_equal(client_read(clients[i]), 220);
		client_quit(clients[i]);
	}
	wait_until(fixture, none_retires);
	/* And again, the other way. */
	start(fixture, UNLIMITED("3"));
	for (size_t i = 0; i < CLIENTS; i++)
		client_quit(client_greeted(fixture->ports[0]));
}

/* Who comes while more workers are prepared is not lost with them. */
static void test_more_workers_discarded(void **state)
{
	enum { CLIENTS = 32 };
	struct fixture *fixture = *state;
	struct gate_next *next = NULL;
	struct trouble trouble;
	struct rules rules;
	int clients[CLIENTS];
	char text[128];

	start(fixture, UNLIMITED("1"));
	rules = load(fixture, listener(text, "mx", fixture->ports[0]), UNLIMITED("4"));
	assert_int_equal(prepare(fixture, &rules, &next, &trouble), 0);
	for (size_t i = 0; i < CLIENTS; i++) {
		clients[i] = client_connect(fixture->ports[0]);
		assert_true(clients[i] >= 0);
	}
	gate_discard(&next);
	rules_free(&rules);
	for (size_t i = 0; i < CLIENTS; i++) {
		assert_int_equal(client_read(clients[i]), 220);
		client_quit(clients[i]);
	}
}

/* Nobody who connects meets a closed door, however often workers are replaced. */

#define KNOCKERS 8

struct knocker {
	uint16_t port;
	const bool *stop;
	unsigned int greeted, failed;
};

static void *knock(void *context)
{
	struct knocker *knocker = context;

	while (!__atomic_load_n(knocker->stop, __ATOMIC_RELAXED)) {
		int fd = client_connect(knocker->port);
		bool good = fd >= 0 && client_read(fd) == 220 && client_say(fd, "QUIT\r\n") == 221;

		knocker->greeted += good;
		knocker->failed += !good;
		if (fd >= 0)
			close(fd);
	}
	return NULL;
}

static void test_nobody_is_lost(void **state)
{
	struct fixture *fixture = *state;
	struct knocker knockers[KNOCKERS];
	pthread_t threads[KNOCKERS];
	bool stop = false;
	unsigned int greeted = 0;

	start(fixture, UNLIMITED("2"));
	for (size_t i = 0; i < KNOCKERS; i++) {
		knockers[i] = (struct knocker){.port = fixture->ports[0], .stop = &stop};
		assert_int_equal(pthread_create(&threads[i], NULL, knock, &knockers[i]), 0);
	}
	for (int i = 0; i < 10; i++) {
		start(fixture, UNLIMITED("2"));
		wait_until(fixture, none_retires);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (size_t i = 0; i < KNOCKERS; i++) {
		pthread_join(threads[i], NULL);
		greeted += knockers[i].greeted;
		assert_int_equal(knockers[i].failed, 0);
	}
	assert_true(greeted > KNOCKERS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_session),
		TEST(test_sessions_are_told),
		TEST(test_replacement),
		TEST(test_discard),
		TEST(test_no_gate_any_more),
		TEST(test_crash),
		TEST(test_crash_again),
		TEST(test_opener_dies),
		TEST(test_counters_by_name),
		TEST(test_port_taken),
		TEST(test_password_file_gone),
		TEST(test_hasher_dies),
		TEST(test_privileges),
		TEST(test_close),
		TEST(test_fewer_workers),
		TEST(test_more_workers_discarded),
		TEST(test_nobody_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
