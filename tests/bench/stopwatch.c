// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs a command and appends "SECONDS KIBIBYTES" to a file: how long it took, and the most memory
 * it held at a time. Exits as the command does; after LIMIT seconds it ends the command.
 *
 *     stopwatch FILE LIMIT COMMAND...
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void run(unsigned int limit, char **command)
{
	signal(SIGALRM, SIG_DFL);
	alarm(limit);
	execvp(command[0], command);
	fprintf(stderr, "%s: %s\n", command[0], strerror(errno));
	_exit(127);
}

int main(int argc, char **argv)
{
	struct rusage used;
	double begin;
	FILE *file;
	pid_t pid;
	int status;

	if (argc < 4) {
		fprintf(stderr, "usage: stopwatch FILE LIMIT COMMAND...\n");
		return 2;
	}
	begin = now();
	pid = fork();
	if (pid == 0)
		run((unsigned int)atoi(argv[2]), argv + 3);
	if (pid < 0 || wait4(pid, &status, 0, &used) < 0) {
		perror("stopwatch");
		return 1;
	}
	file = fopen(argv[1], "ae");
	if (!file || fprintf(file, "%.4f %ld\n", now() - begin, used.ru_maxrss) < 0 ||
	    fclose(file)) {
		perror(argv[1]);
		return 1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
