// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/scoped.h"
#include "facts.h"

#define PROGRAM_TIMEOUT_MS 10000
#define PROGRAM_OUTPUT_MAX ((size_t)64 << 20)

/* A PATH without sbin is what many people have. */
static char *const program_environment[] = {
	"PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", NULL};

static int program_start(char *const argv[], int out, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	int error = posix_spawn_file_actions_init(&actions);

	if (error)
		return -error;
	error = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	if (!error)
		error = posix_spawn_file_actions_adddup2(&actions, out, 1);
	if (!error)
		error = posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	if (!error)
		error = posix_spawn(pid, argv[0], &actions, NULL, argv, program_environment);
	posix_spawn_file_actions_destroy(&actions);
	return -error;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* One piece of output. Returns 1, 0 at the end, or -errno. */
static int output_take(int fd, int64_t deadline, FILE *stream, size_t *size)
{
	struct pollfd poller = {.fd = fd, .events = POLLIN};
	int64_t left = deadline - now_ms();
	char buffer[65536];
	ssize_t count;
	int ready = left > 0 ? poll(&poller, 1, (int)left) : 0;

	if (ready == 0)
		return -ETIMEDOUT;
	count = ready < 0 ? -1 : read(fd, buffer, sizeof(buffer));
	if (count < 0)
		return errno == EINTR ? 1 : -errno;
	if (count == 0)
		return 0;
	*size += (size_t)count;
	if (*size > PROGRAM_OUTPUT_MAX)
		return -EFBIG;
	fwrite(buffer, 1, (size_t)count, stream);
	return 1;
}

static int output_read(int fd, char **text)
{
	int64_t deadline = now_ms() + PROGRAM_TIMEOUT_MS;
	size_t size = 0, stream_size;
	FILE *stream = open_memstream(text, &stream_size);
	int more = 1;

	if (!stream)
		return -errno;
	while (more > 0)
		more = output_take(fd, deadline, stream, &size);
	if (fclose(stream) && !more)
		more = -ENOMEM;
	return more;
}

/* What a program prints; -EIO when it says that it failed. */
static int program_read(char *const argv[], char **text)
{
	int pipes[2], status, error;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC))
		return -errno;
	error = program_start(argv, pipes[1], &pid);
	close(pipes[1]);
	if (error) {
		close(pipes[0]);
		return error;
	}
	error = output_read(pipes[0], text);
	close(pipes[0]);
	if (error)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!error && status != 0)
		error = -EIO;
	return error;
}

static const char *program_find(const char *name, char path[64])
{
	static const char *const folders[] = {"/usr/sbin", "/sbin", "/usr/bin", "/bin",
					      "/usr/local/sbin"};

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, 64, "%s/%s", folders[i], name);
		if (access(path, X_OK) == 0)
			return path;
	}
	return NULL;
}

/* The JSON that `NAME WORDS...` prints; NULL with the reason. */
static json_t *program_json(const char *name, char *const words[3], struct trouble *trouble)
{
	SCOPED_FREE char *text = NULL;
	char path[64];
	char *argv[] = {path, words[0], words[1], words[2], NULL};
	json_t *printed;
	int error;

	if (!program_find(name, path)) {
		trouble_set(trouble, -ENOENT, "%s is not installed", name);
		return NULL;
	}
	error = program_read(argv, &text);
	if (error) {
		trouble_set(trouble, error, "%s %s %s %s: %s", name, words[0], words[1], words[2],
			    error == -EIO ? "it failed" : strerror(-error));
		return NULL;
	}
	printed = json_loads(text && *text ? text : "[]", 0, NULL);
	if (!printed)
		trouble_set(trouble, -EPROTO, "%s prints no JSON", name);
	return printed;
}

void facts_gather_ruleset(struct host_facts *facts)
{
	static char *const words[] = {"-j", "list", "ruleset"};

	if (geteuid() != 0)
		trouble_set(&facts->missing[FACT_RULESET], -EPERM,
			    "only root may list the nftables rules");
	else
		facts->ruleset = program_json("nft", words, &facts->missing[FACT_RULESET]);
}

void facts_read_udp_tunnels(struct host_facts *facts, const json_t *printed)
{
	size_t i;
	json_t *entry;

	json_array_foreach (printed, i, entry) {
		const json_t *protocol = json_object_get(entry, "ipproto");
		const char *family = json_string_value(json_object_get(entry, "family"));
		struct host_udp_tunnel *tunnel =
			facts_grow(&facts->udp_tunnels, &facts->udp_tunnel_count, sizeof(*tunnel));

		if (!tunnel)
			return;
		tunnel->port = (uint16_t)json_integer_value(json_object_get(entry, "port"));
		tunnel->ipv6 = family && strcmp(family, "inet6") == 0;
		if (json_is_integer(protocol))
			snprintf(tunnel->protocol, sizeof(tunnel->protocol), "IP protocol %d",
				 (int)json_integer_value(protocol));
		else
			snprintf(tunnel->protocol, sizeof(tunnel->protocol), "GUE");
	}
}

/* Asking loads the module; when it is not there, nothing is open. */
void facts_gather_udp_tunnels(struct host_facts *facts)
{
	static char *const words[] = {"-j", "fou", "show"};
	json_t *printed;

	if (access("/sys/module/fou", F_OK))
		return;
	printed = program_json("ip", words, &facts->missing[FACT_UDP_TUNNELS]);
	facts_read_udp_tunnels(facts, printed);
	json_decref(printed);
}
