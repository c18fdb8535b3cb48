// SPDX-License-Identifier: GPL-2.0-only
#include "gate/process.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "mxfence/control.h"

#define USER "mxfence"
#define USER_ELSE "nobody"
#define GROUP_ELSE "nogroup"
#define GROUP_OVERFLOW 65534 /* the kernel's own nobody */

/* How the kernel calls a mapping of a BPF map. */
#define BPF_MAPPING "bpf-map"

/* Who the children become; 0: they stay who they are. */
static uid_t child_user;
static gid_t child_group;

/*
 * The user's own group, unless that is the one whose members may command the agent: a worker must
 * not be one of them.
 */
static gid_t harmless_group(const struct passwd *user)
{
	const struct group *control = getgrnam(MXF_CONTROL_GROUP), *nobody;

	if (!control || control->gr_gid != user->pw_gid)
		return user->pw_gid;
	nobody = getgrnam(GROUP_ELSE);
	return nobody ? nobody->gr_gid : GROUP_OVERFLOW;
}

int process_prepare(struct trouble *trouble)
{
	const struct passwd *user;

	if (geteuid() != 0)
		return 0;
	user = getpwnam(USER);
	if (!user)
		user = getpwnam(USER_ELSE);
	if (!user)
		return trouble_set(trouble, -ENOENT,
				   "there is neither a user " USER " nor " USER_ELSE
				   " that the gate's workers could be");
	child_group = harmless_group(user);
	if (setgroups(0, NULL) || setresgid(0, 0, child_group) || setresuid(0, 0, user->pw_uid))
		return trouble_set(trouble, -errno,
				   "the gate needs CAP_SETUID and CAP_SETGID at its start: %s",
				   strerror(errno));
	child_user = user->pw_uid;
	return 0;
}

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Closes what lies between the descriptors that are kept. */
static void close_others(const int *kept, size_t count)
{
	int *sorted = calloc(count + 1, sizeof(*sorted));
	int from = STDERR_FILENO + 1;

	if (!sorted)
		_exit(EXIT_FAILURE);
	memcpy(sorted, kept, count * sizeof(*kept));
	qsort(sorted, count, sizeof(*sorted), compare);
	for (size_t i = 0; i < count; i++) {
		if (sorted[i] > from)
			close_range((unsigned int)from, (unsigned int)sorted[i] - 1, 0);
		if (sorted[i] >= from)
			from = sorted[i] + 1;
	}
	close_range((unsigned int)from, ~0u, 0);
	free(sorted);
}

/*
 * A mapping outlives the descriptor that it was made with: one of the fence's tables would let the
 * child change what the kernel judges by.
 */
static int unmap_tables(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	void *begin, *end;
	char line[512];
	int error = 0;

	if (!maps)
		return -errno;
	while (!error && fgets(line, sizeof(line), maps))
		if (strstr(line, BPF_MAPPING) && sscanf(line, "%p-%p", &begin, &end) == 2)
			error = munmap(begin, (size_t)((char *)end - (char *)begin)) ? -errno : 0;
	fclose(maps);
	return error;
}

static void close_standard_streams(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		_exit(EXIT_FAILURE);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	close(null);
}

static void ignore_signals(void)
{
	static const int ignored[] = {SIGHUP, SIGINT, SIGTERM, SIGPIPE};
	sigset_t none;

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

pid_t process_fork(const char *name, const int *kept, size_t count)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid < 0 ? -errno : pid;
	ignore_signals();
	prctl(PR_SET_NAME, name);
	close_standard_streams();
	if (unmap_tables())
		_exit(EXIT_FAILURE);
	close_others(kept, count);
	return 0;
}

static int capabilities_clear(void)
{
	capng_clear(CAPNG_SELECT_ALL);
	return capng_apply(CAPNG_SELECT_CAPS) ? -EPERM : 0;
}

static int give_up_all(void)
{
	int error;

	if (child_user && (setresgid(child_group, child_group, child_group) ||
			   setresuid(child_user, child_user, child_user)))
		return -errno;
	error = capabilities_clear();
	if (error)
		return error;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return -errno;
	/* Whatever went wrong unnoticed shows here. */
	if (child_user && (setuid(0) == 0 || setgid(0) == 0 || geteuid() != child_user))
		return -EPERM;
	return 0;
}

void process_end(pid_t pid)
{
	if (child_user && seteuid(child_user))
		return;
	kill(pid, SIGKILL);
	if (child_user && seteuid(0))
		_exit(EXIT_FAILURE);
}

int process_drop(struct trouble *trouble)
{
	int error = give_up_all();

	if (!error)
		return 0;
	return trouble_set(trouble, error,
			   "the gate's processes cannot give up their privileges: %s",
			   strerror(-error));
}

int process_drop_to(unsigned int capability)
{
	bool has = !capng_get_caps_process() && capng_have_capability(CAPNG_PERMITTED, capability);

	capng_clear(CAPNG_SELECT_ALL);
	if (has && capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, capability))
		return -EINVAL;
	if (capng_apply(CAPNG_SELECT_CAPS))
		return -EPERM;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? -errno : 0;
}
