// SPDX-License-Identifier: GPL-2.0-only
/* The client of Dovecot's authentication protocol, against a Dovecot that the test plays. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "gate/dovecot.h"
#include "mxfence/reasons.h"

#define ANSWERS_MAX 1024
#define GREETING                                                                                   \
	"VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nMECH\tLOGIN\tplaintext\nSPID\t7\nCUID\t1\nDONE\n"

struct fixture {
	char directory[40];
	char path[64];
	int listener;
	int peer; /* the accepted connection, or -1 */
	struct dovecot *dovecot;
	struct {
		size_t worker;
		uint64_t id;
		enum mxf_auth_result result;
		char login[HASHER_LOGIN_MAX + 1];
	} answers[ANSWERS_MAX];
	size_t answer_count;
	char trouble[512];
	unsigned int troubles;
	uint64_t now;
	char received[65536];
	size_t received_size;
};

static void take_answer(void *context, size_t worker, uint64_t id, enum mxf_auth_result result,
			const char *login)
{
	struct fixture *fixture = context;

	assert_true(fixture->answer_count < ANSWERS_MAX);
	fixture->answers[fixture->answer_count].worker = worker;
	fixture->answers[fixture->answer_count].id = id;
	strcpy(fixture->answers[fixture->answer_count].login, login);
	fixture->answers[fixture->answer_count++].result = result;
}

static void take_trouble(void *context, const struct trouble *trouble)
{
	struct fixture *fixture = context;

	strcpy(fixture->trouble, trouble->text);
	fixture->troubles++;
}

static const struct dovecot_ops ops = {.answer = take_answer, .trouble = take_trouble};

static void listen_at(struct fixture *fixture)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	fixture->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	strcpy(address.sun_path, fixture->path);
	assert_int_equal(bind(fixture->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fixture->listener, 8), 0);
}

static void stop_listening(struct fixture *fixture)
{
	close(fixture->listener);
	fixture->listener = -1;
	unlink(fixture->path);
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture)
		return -1;
	strcpy(fixture->directory, "/tmp/mxfence-dovecot-XXXXXX");
	if (!mkdtemp(fixture->directory))
		return -1;
	snprintf(fixture->path, sizeof(fixture->path), "%s/auth", fixture->directory);
	fixture->peer = -1;
	fixture->now = 1000000;
	listen_at(fixture);
	fixture->dovecot = dovecot_new(fixture->path, &ops, fixture);
	*state = fixture;
	return fixture->dovecot ? 0 : -1;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	int error;

	dovecot_free(&fixture->dovecot);
	if (fixture->peer >= 0)
		close(fixture->peer);
	if (fixture->listener >= 0)
		stop_listening(fixture);
	error = rmdir(fixture->directory);
	free(fixture);
	return error;
}

static void ask(struct fixture *fixture, size_t worker, uint64_t id, const char *password)
{
	struct hasher_request request = {
		.id = id,
		.client = {0, 0, 0, 0xc0000201},
		.local = {0x20010db8, 0, 0, 1},
		.client_port = 4711,
		.local_port = 587,
		.client_family = MXF_FAMILY_IPV4,
		.local_family = MXF_FAMILY_IPV6,
		.tls = 1,
		.mechanism = "LOGIN",
		.login = "jane",
	};

	strcpy(request.password, password);
	dovecot_ask(fixture->dovecot, worker, &request, fixture->now);
}

static void peer_accept(struct fixture *fixture)
{
	if (fixture->peer >= 0)
		close(fixture->peer);
	fixture->peer = accept4(fixture->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	assert_true(fixture->peer >= 0);
	fixture->received_size = 0;
}

/* All that was sent since the connection, as text. */
static const char *peer_read(struct fixture *fixture)
{
	ssize_t size = recv(fixture->peer, fixture->received + fixture->received_size,
			    sizeof(fixture->received) - fixture->received_size - 1, 0);

	if (size > 0)
		fixture->received_size += (size_t)size;
	fixture->received[fixture->received_size] = '\0';
	return fixture->received;
}

static void peer_say(struct fixture *fixture, const char *text)
{
	assert_int_equal(send(fixture->peer, text, strlen(text), MSG_NOSIGNAL), strlen(text));
	dovecot_read(fixture->dovecot, fixture->now);
}

static bool is_connected(const struct fixture *fixture)
{
	return dovecot_poll(fixture->dovecot).fd >= 0;
}

static void assert_answer(const struct fixture *fixture, size_t index, size_t worker, uint64_t id,
			  enum mxf_auth_result result)
{
	assert_true(index < fixture->answer_count);
	assert_int_equal(fixture->answers[index].worker, worker);
	assert_int_equal(fixture->answers[index].id, id);
	assert_int_equal(fixture->answers[index].result, result);
}

static void test_request(void **state)
{
	struct fixture *fixture = *state;
	char wanted[256];

	assert_false(is_connected(fixture));
	ask(fixture, 3, 77, "secret");
	peer_accept(fixture);
	snprintf(wanted, sizeof(wanted), "VERSION\t1\t1\nCPID\t%ld\n", (long)getpid());
	assert_string_equal(peer_read(fixture), wanted);
	peer_say(fixture, GREETING);
	assert_string_equal(strstr(peer_read(fixture), "AUTH"),
			    "AUTH\t1\tPLAIN\tservice=smtp\tsecured\tlip=2001:db8::1\t"
			    "rip=192.0.2.1\tlport=587\trport=4711\tresp=AGphbmUAc2VjcmV0\n");
	assert_int_equal(fixture->answer_count, 0);
	peer_say(fixture, "OK\t1\tuser=jane\n");
	assert_answer(fixture, 0, 3, 77, MXF_AUTH_OK);
	assert_int_equal(fixture->troubles, 0);
	/* Nothing is asked any more. */
	assert_false(is_connected(fixture));
}

static void test_answers(void **state)
{
	static const struct {
		const char *line;
		enum mxf_auth_result result;
	} answers[] = {
		{"OK\t%u\tuser=jane\n", MXF_AUTH_OK},
		{"OK\t%u\n", MXF_AUTH_OK},
		{"OK\t%u\tuser=jane\tnologin\n", MXF_AUTH_FAILED},
		{"OK\t%u\tnologin=\tuser=jane\n", MXF_AUTH_FAILED},
		{"OK\t%u\tuser=jane\tnologin=n\treason=closed\n", MXF_AUTH_FAILED},
		{"OK\t%u\tuser=jane\tproxy\thost=192.0.2.9\n", MXF_AUTH_FAILED},
		{"OK\t%u\tuser=nologin\tproxying=y\n", MXF_AUTH_OK},
		{"FAIL\t%u\tuser=jane\n", MXF_AUTH_FAILED},
		{"FAIL\t%u\tuser=jane\ttemp\n", MXF_AUTH_ERROR},
		{"FAIL\t%u\ttemp\tuser=jane\n", MXF_AUTH_ERROR},
		{"FAIL\t%u\tuser=temp\ttemporary\n", MXF_AUTH_FAILED},
		{"FAIL\t%u\tcode=user_disabled\n", MXF_AUTH_FAILED},
		{"FAIL\t%u\tuser=jane\tcode=temp_fail\n", MXF_AUTH_ERROR},
		{"FAIL\t%u\tuser=code=temp_fail\n", MXF_AUTH_FAILED},
		{"CONT\t%u\tAAAA\n", MXF_AUTH_ERROR},
	};
	struct fixture *fixture = *state;
	char line[64];

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		ask(fixture, 0, i, "secret");
		peer_accept(fixture);
		peer_say(fixture, GREETING);
		snprintf(line, sizeof(line), answers[i].line, (unsigned int)i + 1);
		peer_say(fixture, line);
		assert_answer(fixture, i, 0, i, answers[i].result);
	}
}

/* Who it is, is Dovecot's to say. */
static void test_names(void **state)
{
	static const struct {
		const char *fields, *login; /* NULL: an error */
	} names[] = {
		{"", ""},
		{"\tuser=jane", "jane"},
		{"\tuser=jane@example.com\thome=/x", "jane@example.com"},
		{"\thome=/user=x\tuser=jane\tuser=eve", "jane"},
		{"\tmaster_user=root\tuser=jane", "jane"},
		{"\tuser=a\001tb\0011\001x", "a\tb\001x"},
		{"\tuser=a\0010b", NULL},
		{"\tuser=a\001", NULL},
		{"\tuser=", NULL},
		{"\tuser", NULL},
	};
	struct fixture *fixture = *state;
	char line[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		ask(fixture, 0, i, "secret");
		peer_accept(fixture);
		peer_say(fixture, GREETING);
		snprintf(line, sizeof(line), "OK\t%zu%s\n", i + 1, names[i].fields);
		peer_say(fixture, line);
		assert_answer(fixture, i, 0, i, names[i].login ? MXF_AUTH_OK : MXF_AUTH_ERROR);
		assert_string_equal(fixture->answers[i].login,
				    names[i].login ? names[i].login : "");
	}
}

/* The longest name, and one that no login can have. */
static void test_long_names(void **state)
{
	struct fixture *fixture = *state;
	char line[HASHER_LOGIN_MAX + 64], name[HASHER_LOGIN_MAX + 2];

	for (size_t i = 0; i < 2; i++) {
		memset(name, 'x', sizeof(name));
		name[HASHER_LOGIN_MAX + i] = '\0';
		ask(fixture, 0, i, "secret");
		peer_accept(fixture);
		peer_say(fixture, GREETING);
		snprintf(line, sizeof(line), "OK\t%zu\tuser=%s\n", i + 1, name);
		peer_say(fixture, line);
		assert_answer(fixture, i, 0, i, i ? MXF_AUTH_ERROR : MXF_AUTH_OK);
		assert_string_equal(fixture->answers[i].login, i ? "" : name);
	}
}

/* In any order, a byte at a time, and none of them answers another's question. */
static void test_many_at_once(void **state)
{
	static const char text[] =
		GREETING "FAIL\t2\tuser=b\nNEWS\t1\nOK\t9\nOK\t0\nOK\t-1\nOK\tx\nOK\n"
			 "OK\t4294967298\nOK\t3\nOK\t2\nOK\t1\n";
	struct fixture *fixture = *state;
	char byte[2] = "";

	for (uint64_t id = 1; id <= 3; id++)
		ask(fixture, id, 10 * id, "secret");
	peer_accept(fixture);
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		byte[0] = text[i];
		peer_say(fixture, byte);
	}
	assert_int_equal(fixture->answer_count, 3);
	assert_answer(fixture, 0, 2, 20, MXF_AUTH_FAILED);
	assert_answer(fixture, 1, 3, 30, MXF_AUTH_OK);
	assert_answer(fixture, 2, 1, 10, MXF_AUTH_OK);
}

/* A number cannot be guessed right before the request was sent. */
static void test_answer_before_question(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, 0, 1, "secret");
	peer_accept(fixture);
	peer_say(fixture, "OK\t1\tuser=jane\n");
	assert_int_equal(fixture->answer_count, 0);
}

static void test_nobody_there(void **state)
{
	struct fixture *fixture = *state;

	stop_listening(fixture);
	ask(fixture, 1, 5, "secret");
	assert_answer(fixture, 0, 1, 5, MXF_AUTH_ERROR);
	assert_non_null(strstr(fixture->trouble, "No such file"));
	/* Told once; and not tried again at once. */
	listen_at(fixture);
	ask(fixture, 1, 6, "secret");
	assert_answer(fixture, 1, 1, 6, MXF_AUTH_ERROR);
	fixture->now += DOVECOT_RETRY_MS;
	ask(fixture, 1, 7, "secret");
	peer_accept(fixture);
	peer_say(fixture, GREETING);
	peer_say(fixture, "OK\t2\n");
	assert_answer(fixture, 2, 1, 7, MXF_AUTH_OK);
	assert_int_equal(fixture->troubles, 1);
	/* What is wrong again after it was right is told again. */
	stop_listening(fixture);
	ask(fixture, 1, 8, "secret");
	fixture->now += DOVECOT_RETRY_MS;
	ask(fixture, 1, 9, "secret");
	assert_int_equal(fixture->troubles, 2);
}

static void test_closed(void **state)
{
	struct fixture *fixture = *state;

	ask(fixture, 0, 1, "secret");
	peer_accept(fixture);
	peer_say(fixture, GREETING);
	ask(fixture, 1, 2, "secret");
	close(fixture->peer);
	fixture->peer = -1;
	dovecot_read(fixture->dovecot, fixture->now);
	assert_answer(fixture, 0, 0, 1, MXF_AUTH_ERROR);
	assert_answer(fixture, 1, 1, 2, MXF_AUTH_ERROR);
	assert_false(is_connected(fixture));
	assert_true(dovecot_deadline(fixture->dovecot) == UINT64_MAX);
}

static void test_silence(void **state)
{
	struct fixture *fixture = *state;

	/* Before the greeting. */
	ask(fixture, 0, 1, "secret");
	assert_int_equal(dovecot_deadline(fixture->dovecot), fixture->now + DOVECOT_GREETING_MS);
	fixture->now += DOVECOT_GREETING_MS - 1;
	dovecot_tick(fixture->dovecot, fixture->now);
	assert_int_equal(fixture->answer_count, 0);
	fixture->now++;
	dovecot_tick(fixture->dovecot, fixture->now);
	assert_answer(fixture, 0, 0, 1, MXF_AUTH_ERROR);
	assert_non_null(strstr(fixture->trouble, "does not answer"));
	peer_accept(fixture);
	/* After it. */
	fixture->now += DOVECOT_RETRY_MS;
	ask(fixture, 0, 2, "secret");
	peer_accept(fixture);
	peer_say(fixture, GREETING);
	assert_int_equal(dovecot_deadline(fixture->dovecot), fixture->now + DOVECOT_ANSWER_MS);
	fixture->now += DOVECOT_ANSWER_MS;
	dovecot_tick(fixture->dovecot, fixture->now);
	assert_answer(fixture, 1, 0, 2, MXF_AUTH_ERROR);
}

static void test_bad_greetings(void **state)
{
	static const struct {
		const char *text, *trouble;
	} greetings[] = {
		{"VERSION\t2\t0\nMECH\tPLAIN\nDONE\n", "version 1"},
		{"VERSION\n", "version 1"},
		{"VERSION\t1\t1\nMECH\tPLAINER\nMECH\tGSSAPI\nDONE\n", "PLAIN"},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(greetings) / sizeof(greetings[0]); i++) {
		ask(fixture, 0, i, "secret");
		peer_accept(fixture);
		peer_say(fixture, greetings[i].text);
		assert_answer(fixture, i, 0, i, MXF_AUTH_ERROR);
		assert_non_null(strstr(fixture->trouble, greetings[i].trouble));
		assert_false(is_connected(fixture));
		fixture->now += DOVECOT_RETRY_MS;
	}
}

static void test_endless_line(void **state)
{
	struct fixture *fixture = *state;
	char text[DOVECOT_LINE_MAX + 1];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ask(fixture, 0, 1, "secret");
	peer_accept(fixture);
	peer_say(fixture, text);
	assert_answer(fixture, 0, 0, 1, MXF_AUTH_ERROR);
	assert_non_null(strstr(fixture->trouble, "without an end"));
}

static void test_too_many(void **state)
{
	struct fixture *fixture = *state;

	for (uint64_t id = 0; id <= DOVECOT_PENDING_MAX; id++)
		ask(fixture, 0, id, "secret");
	assert_int_equal(fixture->answer_count, 1);
	assert_answer(fixture, 0, 0, DOVECOT_PENDING_MAX, MXF_AUTH_ERROR);
}

/* One that reads nothing stalls nobody. */
static void test_full_socket(void **state)
{
	struct fixture *fixture = *state;
	char password[HASHER_PASSWORD_MAX + 1];

	memset(password, 'p', HASHER_PASSWORD_MAX);
	password[HASHER_PASSWORD_MAX] = '\0';
	ask(fixture, 0, 0, password);
	peer_accept(fixture);
	peer_say(fixture, GREETING);
	for (uint64_t id = 1; fixture->answer_count == 0 && id < DOVECOT_PENDING_MAX; id++)
		ask(fixture, 0, id, password);
	assert_true(fixture->answer_count > 0);
	assert_non_null(strstr(fixture->trouble, "takes no request"));
}

static void test_long_path(void **state)
{
	struct fixture *fixture = *state;
	char path[200];

	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	dovecot_free(&fixture->dovecot);
	fixture->dovecot = dovecot_new(path, &ops, fixture);
	ask(fixture, 0, 1, "secret");
	assert_answer(fixture, 0, 0, 1, MXF_AUTH_ERROR);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_request),	 TEST(test_answers),
		TEST(test_names),	 TEST(test_long_names),
		TEST(test_many_at_once), TEST(test_answer_before_question),
		TEST(test_nobody_there), TEST(test_closed),
		TEST(test_silence),	 TEST(test_bad_greetings),
		TEST(test_endless_line), TEST(test_too_many),
		TEST(test_full_socket),	 TEST(test_long_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
