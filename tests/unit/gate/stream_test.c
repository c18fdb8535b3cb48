// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "gate/stream.h"
#include "gate/tls.h"
#include "tests/support/certificates.h"

/* Two streams that talk to each other in one loop. */
struct end {
	struct stream stream;
	unsigned int calls;
};

static struct {
	char directory[64];
	struct config config;
	struct gate_certificate files;
	struct gate_backend backend;
	struct gate_endpoint server;
	struct tls_contexts *tls;
	struct event_base *base;
	struct end ends[2];
} lab;

static void note(evutil_socket_t fd, short what, void *context)
{
	struct end *end = context;

	(void)fd;
	end->calls++;
	stream_note(&end->stream, what);
}

static int set_up_all(void **state)
{
	static char certificate[96], key[96];
	struct trouble trouble;

	(void)state;
	strcpy(lab.directory, "/tmp/mxfence-stream-XXXXXX");
	assert_non_null(mkdtemp(lab.directory));
	certificate_write(lab.directory, "mx", "DNS:mx.example.com", -1000, 100000);
	snprintf(certificate, sizeof(certificate), "%s/mx.crt", lab.directory);
	snprintf(key, sizeof(key), "%s/mx.key", lab.directory);
	lab.files = (struct gate_certificate){.certificate = certificate, .key = key};
	lab.server = (struct gate_endpoint){.ip = {.lo = 1}, .family = MXF_FAMILY_IPV4};
	lab.backend = (struct gate_backend){
		.servers = &lab.server, .server_count = 1, .tls = BACKEND_TLS_OPTIONAL};
	lab.config.gate.tls = (struct gate_tls){.certificates = &lab.files, .certificate_count = 1};
	lab.config.gate.backends = &lab.backend;
	lab.config.gate.backend_count = 1;
	assert_int_equal(tls_contexts_new(&lab.config, &lab.tls, &trouble), 0);
	return 0;
}

static int tear_down_all(void **state)
{
	(void)state;
	tls_contexts_free(&lab.tls);
	unlink(lab.files.certificate);
	unlink(lab.files.key);
	return rmdir(lab.directory);
}

static int set_up(void **state)
{
	const int small = 4096;
	int fds[2];

	(void)state;
	lab.base = event_base_new();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	for (int i = 0; i < 2; i++) {
		setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
		assert_int_equal(stream_open(&lab.ends[i].stream, lab.base, fds[i], false, note,
					     &lab.ends[i]),
				 0);
		lab.ends[i].calls = 0;
	}
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++)
		stream_close(&lab.ends[i].stream, false, false);
	event_base_free(lab.base);
	return 0;
}

static void turn(void)
{
	event_base_loop(lab.base, EVLOOP_NONBLOCK);
}

static void begin_tls(void)
{
	enum stream_handshake done[2] = {HANDSHAKE_MORE, HANDSHAKE_MORE};

	assert_int_equal(stream_start_tls(&lab.ends[0].stream, tls_new_client(lab.tls, 0, 0)), 0);
	assert_int_equal(stream_start_tls(&lab.ends[1].stream, tls_new_server(lab.tls)), 0);
	for (int i = 0; i < 20; i++) {
		for (int end = 0; end < 2; end++)
			if (done[end] == HANDSHAKE_MORE)
				done[end] = stream_shake_hands(&lab.ends[end].stream);
		turn();
	}
	assert_int_equal(done[0], HANDSHAKE_DONE);
	assert_int_equal(done[1], HANDSHAKE_DONE);
}

/* Reads up to `size` bytes as they come, for as long as `more` come. */
static size_t read_all(struct stream *stream, char *data, size_t size)
{
	size_t done = 0;

	for (int idle = 0; idle < 10 && done < size;) {
		const ssize_t count = stream_read(stream, data + done, size - done);

		turn();
		if (count < 0)
			break;
		done += (size_t)count;
		idle = count ? 0 : idle + 1;
	}
	return done;
}

static uint32_t dice(uint32_t below)
{
	static uint64_t state = 42;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33) % below;
}

/* Pieces of all sizes, written faster than the socket takes them, come out as they went in. */
static void write_and_read(void)
{
	enum { TOTAL = 1 << 20, PIECES = 8 };
	static const uint32_t sizes[] = {1, 100, 16384, 40000};
	char *sent = malloc(TOTAL), *received = malloc(TOTAL);
	struct stream *from = &lab.ends[0].stream, *to = &lab.ends[1].stream;
	size_t in = 0;

	for (size_t i = 0; i < TOTAL; i++)
		sent[i] = (char)dice(256);
	for (size_t out = 0; out < TOTAL;) {
		struct iovec pieces[PIECES];
		size_t count = 0;

		for (; count < PIECES && out < TOTAL; count++) {
			size_t size = dice(sizes[dice(4)] + 1);

			if (size > TOTAL - out)
				size = TOTAL - out;
			pieces[count] = (struct iovec){.iov_base = sent + out, .iov_len = size};
			out += size;
		}
		stream_write(from, pieces, count);
		if (dice(3) == 0)
			in += read_all(to, received + in, dice(100000));
		if (in > TOTAL)
			fail();
	}
	in += read_all(to, received + in, TOTAL - in);
	assert_int_equal(in, TOTAL);
	assert_memory_equal(sent, received, TOTAL);
	assert_int_equal(stream_waiting(from), 0);
	assert_null(from->queue);
	free(sent);
	free(received);
}

static void test_plain(void **state)
{
	(void)state;
	write_and_read();
}

static void test_tls(void **state)
{
	(void)state;
	begin_tls();
	write_and_read();
}

/* Nothing is asked of the kernel again when a read came back short. */
static void test_short_read(void **state)
{
	const struct iovec piece = {.iov_base = (char[]){"hello"}, .iov_len = 5};
	struct stream *to = &lab.ends[1].stream;
	char data[16];

	(void)state;
	stream_write(&lab.ends[0].stream, &piece, 1);
	assert_false(to->readable);
	turn();
	assert_true(to->readable);
	assert_int_equal(stream_read(to, data, 2), 2);
	assert_true(to->readable);
	assert_int_equal(stream_read(to, data, sizeof(data)), 3);
	assert_false(to->readable);
	turn();
	assert_int_equal(lab.ends[1].calls, 1);
}

/* The end is found behind the data, whichever was seen first. */
static void check_end(bool tls)
{
	const struct iovec piece = {.iov_base = (char[]){"bye"}, .iov_len = 3};
	struct stream *from = &lab.ends[0].stream, *to = &lab.ends[1].stream;
	char data[16];

	stream_write(from, &piece, 1);
	if (!tls)
		stream_shutdown(from);
	else
		stream_close(from, true, false);
	turn();
	assert_int_equal(stream_read(to, data, sizeof(data)), 3);
	assert_true(to->readable);
	assert_int_equal(stream_read(to, data, sizeof(data)), -1);
	assert_true(to->half_closed);
	assert_false(to->broken);
}

static void test_end(void **state)
{
	(void)state;
	check_end(false);
	/* The other direction still works. */
	stream_write(&lab.ends[1].stream,
		     &(struct iovec){.iov_base = (char[]){"still"}, .iov_len = 5}, 1);
	turn();
	assert_int_equal(stream_read(&lab.ends[0].stream, (char[8]){0}, 8), 5);
}

static void test_end_of_tls(void **state)
{
	(void)state;
	begin_tls();
	check_end(true);
}

static void test_broken(void **state)
{
	const struct iovec piece = {.iov_base = (char[]){"x"}, .iov_len = 1};
	struct stream *stream = &lab.ends[1].stream;

	(void)state;
	stream_close(&lab.ends[0].stream, false, false);
	stream_write(stream, &piece, 1);
	assert_true(stream->broken);
	stream_write(stream, &piece, 1);
	assert_int_equal(stream_waiting(stream), 0);
	assert_int_equal(stream_read(stream, (char[8]){0}, 8), -1);
}

static void test_handshake_with_nobody(void **state)
{
	const struct iovec piece = {.iov_base = (char[]){"EHLO me\r\n"}, .iov_len = 9};

	(void)state;
	assert_int_equal(stream_start_tls(&lab.ends[1].stream, NULL), -ENOMEM);
	assert_int_equal(stream_start_tls(&lab.ends[1].stream, tls_new_server(lab.tls)), 0);
	assert_int_equal(stream_shake_hands(&lab.ends[1].stream), HANDSHAKE_MORE);
	stream_write(&lab.ends[0].stream, &piece, 1);
	turn();
	assert_int_equal(stream_shake_hands(&lab.ends[1].stream), HANDSHAKE_FAILED);
	assert_true(lab.ends[1].stream.broken);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_plain),
		TEST(test_tls),
		TEST(test_short_read),
		TEST(test_end),
		TEST(test_end_of_tls),
		TEST(test_broken),
		TEST(test_handshake_with_nobody),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
