// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include "ask.h"
#include "core/scoped.h"
#include "handlers.h"

#define CLEAR_TO_TOP "\033[H\033[J"
#define HIDE_CURSOR "\033[?25l"
#define SHOW_CURSOR "\033[?25h"

struct watch {
	const struct command *command;
	watch_ask_fn *ask;
	view_fn *view;
	struct screen screen;
	bool in_place;
	json_t *before;
	struct timespec before_time;
};

/* SIGINT and SIGTERM become readable, so that the terminal is left in order. */
static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static int open_timer(unsigned int seconds)
{
	struct itimerspec interval = {.it_interval.tv_sec = seconds, .it_value.tv_sec = seconds};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

	if (fd >= 0)
		timerfd_settime(fd, 0, &interval, NULL);
	return fd;
}

static double seconds_since(const struct timespec *before, const struct timespec *now)
{
	return (double)(now->tv_sec - before->tv_sec) +
	       (double)(now->tv_nsec - before->tv_nsec) / 1e9;
}

/* What does not fit the terminal is left out: a redrawn screen must not scroll. */
static void print_fitting(const struct screen *screen, const char *text)
{
	size_t height = screen_height(screen);

	while (*text && height != 1) {
		size_t length = strcspn(text, "\n");

		fwrite(text, 1, length, screen->out);
		fputs("\n", screen->out);
		text += length + (text[length] == '\n');
		height -= height > 0;
	}
}

static void draw(struct watch *watch, const struct view *view)
{
	struct screen page = watch->screen;
	SCOPED_FREE char *text = NULL;
	size_t size;

	page.now = time(NULL);
	page.out = open_memstream(&text, &size);
	if (!page.out)
		return;
	fprintf(page.out, "every %u s, end with Ctrl-C\n\n", watch->command->watch);
	watch->view(&page, view);
	fclose(page.out);
	if (watch->in_place) {
		fputs(CLEAR_TO_TOP, stdout);
		print_fitting(&watch->screen, text);
	} else {
		fprintf(stdout, "%s\n", text);
	}
}

/* Asks once more and shows it. Errors end the watch. */
static enum mxf_exit watch_step(struct watch *watch)
{
	struct view view = {.command = watch->command, .before = watch->before};
	struct answer answer = {.exit = MXF_EXIT_OK};
	struct trouble trouble;
	struct timespec now;
	enum mxf_exit exit = watch->ask(watch->command, &answer, &trouble);

	if (exit != MXF_EXIT_OK)
		return ask_report_failure(watch->command, exit, &trouble);
	clock_gettime(CLOCK_MONOTONIC, &now);
	view.body = answer.body;
	view.seconds = watch->before ? seconds_since(&watch->before_time, &now) : 0;
	if (watch->command->given[OPTION_JSON])
		output_json(answer.body, true);
	else
		draw(watch, &view);
	fflush(stdout);
	json_decref(watch->before);
	watch->before = json_incref(answer.body);
	watch->before_time = now;
	exit = answer.exit;
	answer_clear(&answer);
	return exit;
}

static enum mxf_exit watch_loop(struct watch *watch, int signals, int timer)
{
	struct pollfd pollfds[] = {{.fd = signals, .events = POLLIN},
				   {.fd = timer, .events = POLLIN}};
	enum mxf_exit exit = watch_step(watch);
	uint64_t ticks;

	while (exit == MXF_EXIT_OK && !ferror(stdout)) {
		if (poll(pollfds, 2, -1) < 0)
			return MXF_EXIT_FAILED;
		if (pollfds[0].revents)
			return MXF_EXIT_OK;
		if (read(timer, &ticks, sizeof(ticks)) == sizeof(ticks))
			exit = watch_step(watch);
	}
	return exit;
}

enum mxf_exit watch_run(const struct command *command, watch_ask_fn *ask, view_fn *view)
{
	struct watch watch = {.command = command, .ask = ask, .view = view};
	SCOPED_FD int signals = open_signals();
	SCOPED_FD int timer = open_timer(command->watch);
	enum mxf_exit exit;

	if (signals < 0 || timer < 0)
		return output_error(command, MXF_EXIT_FAILED, NULL, "timer: %s", strerror(errno));
	watch.screen = screen_for(stdout, command->given[OPTION_RAW]);
	watch.in_place = watch.screen.width > 0 && !command->given[OPTION_JSON];
	if (watch.in_place)
		fputs(HIDE_CURSOR, stdout);
	exit = watch_loop(&watch, signals, timer);
	if (watch.in_place)
		fputs(SHOW_CURSOR, stdout);
	json_decref(watch.before);
	return exit;
}
