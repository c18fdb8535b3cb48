// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mail client in front of the peers; every mode does what it says and prints its times.
 *
 *     client refuse  PORT SESSIONS [tls]          EHLO, MAIL, RCPT that is refused, the end
 *     client deliver PORT SESSIONS SIZE           one message of SIZE bytes a session
 *     client keep    PORT CLIENTS MESSAGES SIZE   MESSAGES in all over CLIENTS sessions at once
 *     client idle    PORT SESSIONS [tls]          after EHLO prints "ready", holds until stdin ends
 *
 * Prints "SECONDS MEDIAN P99": the whole run, and of its sessions the median and the 99th
 * percentile in microseconds. Anything but the expected reply ends it.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct connection {
	int fd;
	SSL *ssl;
	char in[4096];
};

static unsigned int port;
static bool with_tls;
static SSL_CTX *tls;
static char *message;
static size_t message_size;

static void fail(const char *what, const char *seen)
{
	fprintf(stderr, "client: %s: %s\n", what, seen);
	exit(1);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void connection_write(struct connection *connection, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t done = connection->ssl ? SSL_write(connection->ssl, data, (int)size)
					       : send(connection->fd, data, size, MSG_NOSIGNAL);

		if (done <= 0)
			fail("write", "the connection is closed");
		data += done;
		size -= (size_t)done;
	}
}

/* True when text[0..size) ends with a whole last line of a reply. */
static bool reply_is_whole(const char *text, size_t size)
{
	size_t line;

	if (size < 6 || text[size - 1] != '\n')
		return false;
	line = size - 1;
	while (line > 0 && text[line - 1] != '\n')
		line--;
	return text[line + 3] == ' ';
}

static void expect(struct connection *connection, const char *code)
{
	size_t size = 0;

	do {
		char *in = connection->in + size;
		size_t room = sizeof(connection->in) - 1 - size;
		ssize_t got = connection->ssl ? SSL_read(connection->ssl, in, (int)room)
					      : recv(connection->fd, in, room, 0);

		if (got <= 0)
			fail(code, "the connection is closed");
		size += (size_t)got;
		connection->in[size] = '\0';
	} while (!reply_is_whole(connection->in, size));
	if (strncmp(connection->in, code, strlen(code)) != 0)
		fail(code, connection->in);
}

static void command(struct connection *connection, const char *text, const char *code)
{
	connection_write(connection, text, strlen(text));
	expect(connection, code);
}

static void connection_start_tls(struct connection *connection)
{
	command(connection, "STARTTLS\r\n", "220");
	connection->ssl = SSL_new(tls);
	if (!connection->ssl || !SSL_set_fd(connection->ssl, connection->fd) ||
	    SSL_connect(connection->ssl) != 1)
		fail("STARTTLS", "no handshake");
	command(connection, "EHLO client.example\r\n", "250");
}

static void connection_open(struct connection *connection)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int on = 1;

	connection->ssl = NULL;
	connection->fd = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(connection->fd, (struct sockaddr *)&address, sizeof(address)))
		fail("connect", "refused");
	expect(connection, "220");
	command(connection, "EHLO client.example\r\n", "250");
	if (with_tls)
		connection_start_tls(connection);
}

static void connection_free(struct connection *connection)
{
	if (connection->ssl)
		SSL_free(connection->ssl);
	close(connection->fd);
}

static void connection_close(struct connection *connection)
{
	command(connection, "QUIT\r\n", "221");
	connection_free(connection);
}

static void deliver(struct connection *connection)
{
	command(connection, "MAIL FROM:<sender@client.example>\r\n", "250");
	command(connection, "RCPT TO:<user@example.com>\r\n", "250");
	command(connection, "DATA\r\n", "354");
	connection_write(connection, message, message_size);
	expect(connection, "250");
}

static void session_refused(void)
{
	struct connection connection;

	connection_open(&connection);
	command(&connection, "MAIL FROM:<sender@client.example>\r\n", "250");
	command(&connection, "RCPT TO:<refused@elsewhere.example>\r\n", "55");
	/* nginx closes by itself after a refusal, so nobody says QUIT. */
	connection_free(&connection);
}

static void session_delivered(void)
{
	struct connection connection;

	connection_open(&connection);
	deliver(&connection);
	connection_close(&connection);
}

/* Lines of 70 letters, and the final dot. */
static void make_message(size_t size)
{
	size_t lines = size / 72 + 1;

	message = malloc(lines * 72 + 4);
	if (!message)
		fail("message", "no memory");
	for (size_t i = 0; i < lines; i++) {
		memset(message + i * 72, 'a' + (int)(i % 26), 70);
		memcpy(message + i * 72 + 70, "\r\n", 2);
	}
	memcpy(message + lines * 72, ".\r\n", 4);
	message_size = lines * 72 + 3;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void run_sessions(size_t count, void (*session)(void))
{
	double *times = calloc(count, sizeof(*times));
	double begin = now();

	if (!times)
		fail("times", "no memory");
	for (size_t i = 0; i < count; i++) {
		double start = now();

		session();
		times[i] = (now() - start) * 1e6;
	}
	printf("%.6f ", now() - begin);
	qsort(times, count, sizeof(*times), compare);
	printf("%.1f %.1f\n", times[count / 2], times[count * 99 / 100]);
	free(times);
}

static void *keep_thread(void *argument)
{
	size_t messages = *(size_t *)argument;
	struct connection connection;

	connection_open(&connection);
	for (size_t i = 0; i < messages; i++)
		deliver(&connection);
	connection_close(&connection);
	return NULL;
}

static void run_kept(size_t clients, size_t messages)
{
	pthread_t threads[64];
	size_t share = messages / clients;
	double begin = now();

	for (size_t i = 0; i < clients && i < 64; i++)
		if (pthread_create(&threads[i], NULL, keep_thread, &share))
			fail("thread", "cannot be made");
	for (size_t i = 0; i < clients && i < 64; i++)
		pthread_join(threads[i], NULL);
	printf("%.6f 0 0\n", now() - begin);
}

static void run_idle(size_t count)
{
	struct rlimit files = {count + 64, count + 64};
	struct connection connection;
	char byte;

	setrlimit(RLIMIT_NOFILE, &files);
	for (size_t i = 0; i < count; i++)
		connection_open(&connection);
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
}

static size_t number(int argc, char **argv, int index)
{
	return index < argc ? strtoul(argv[index], NULL, 10) : 0;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 3 ? argv[1] : "";
	size_t count = number(argc, argv, 3);

	port = (unsigned int)number(argc, argv, 2);
	with_tls = argc > 4 && strcmp(argv[4], "tls") == 0;
	tls = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
	if (strcmp(mode, "refuse") == 0) {
		run_sessions(count, session_refused);
	} else if (strcmp(mode, "deliver") == 0) {
		make_message(number(argc, argv, 4));
		run_sessions(count, session_delivered);
	} else if (strcmp(mode, "keep") == 0) {
		make_message(number(argc, argv, 5));
		run_kept(count, number(argc, argv, 4));
	} else if (strcmp(mode, "idle") == 0) {
		run_idle(count);
	} else {
		fprintf(stderr, "usage: client refuse|deliver|keep|idle PORT COUNT ...\n");
		return 2;
	}
	return 0;
}
