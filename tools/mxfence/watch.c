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
#include "terminal.h"

#define HEADER_LINES 2

struct watch {
	const struct live *live;
	struct screen screen;
	struct terminal terminal;
	bool in_place;
	json_t *body, *before;
	struct timespec body_time;
	double seconds; /* between the two */
	struct history *history;
};

/* They become readable, so that the terminal is left in order. */
static int open_signals(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaddset(&set, signals[i]);
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

/* Draws what was answered last, in the size that the terminal has now. */
static void draw(struct watch *watch)
{
	const struct command *command = watch->live->command;
	struct view view = {.command = command,
			    .body = watch->body,
			    .before = watch->before,
			    .seconds = watch->seconds,
			    .history = watch->history};
	SCOPED_FREE char *text = NULL;
	struct screen page;
	size_t size;

	if (watch->in_place)
		screen_measure(&watch->screen, stdout);
	page = watch->screen;
	page.now = time(NULL);
	page.out = open_memstream(&text, &size);
	if (!page.out)
		return;
	page.height = page.height > HEADER_LINES ? page.height - HEADER_LINES : page.height;
	fprintf(page.out, "every %u s, end with %s\n\n", command->watch,
		watch->terminal.quiet ? "q" : "Ctrl-C");
	watch->live->view(&page, &view);
	fclose(page.out);
	if (watch->in_place)
		terminal_draw(&watch->terminal, &watch->screen, text);
	else
		fprintf(stdout, "%s\n", text);
}

static void take_body(struct watch *watch, json_t *body)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	watch->seconds = watch->body ? seconds_since(&watch->body_time, &now) : 0;
	json_decref(watch->before);
	watch->before = watch->body;
	watch->body = json_incref(body);
	watch->body_time = now;
	history_begin(watch->history);
}

/* Asks once more and shows it. Errors end the watch. */
static enum mxf_exit watch_step(struct watch *watch)
{
	const struct live *live = watch->live;
	struct answer answer = {.exit = MXF_EXIT_OK};
	struct trouble trouble;
	enum mxf_exit exit = live->ask(live, &answer, &trouble);

	if (exit != MXF_EXIT_OK) {
		terminal_leave(&watch->terminal);
		return ask_report_failure(live->command, exit, &trouble);
	}
	take_body(watch, answer.body);
	if (live->command->given[OPTION_JSON])
		output_json(answer.body, true);
	else
		draw(watch);
	fflush(stdout);
	exit = answer.exit;
	answer_clear(&answer);
	return exit;
}

/* Stopped as any other program, and as it was when it goes on. */
static void stop(struct watch *watch)
{
	terminal_leave(&watch->terminal);
	raise(SIGSTOP);
	if (watch->in_place) {
		terminal_enter(&watch->terminal, stdout);
		draw(watch);
	}
}

/* False when the watch ends. */
static bool take_signal(struct watch *watch, int signals)
{
	struct signalfd_siginfo info;

	if (read(signals, &info, sizeof(info)) != sizeof(info))
		return false;
	if (info.ssi_signo == SIGTSTP)
		stop(watch);
	else if (info.ssi_signo == SIGWINCH && watch->in_place && watch->body)
		draw(watch);
	return info.ssi_signo == SIGTSTP || info.ssi_signo == SIGWINCH;
}

/* A key; false when it ends the watch, or the terminal is gone. */
static bool take_key(void)
{
	char key;

	return read(STDIN_FILENO, &key, 1) == 1 && key != 'q' && key != 'Q';
}

static enum mxf_exit watch_loop(struct watch *watch, int signals, int timer)
{
	struct pollfd pollfds[] = {
		{.fd = signals, .events = POLLIN},
		{.fd = timer, .events = POLLIN},
		{.fd = watch->terminal.quiet ? STDIN_FILENO : -1, .events = POLLIN}};
	enum mxf_exit exit = watch_step(watch);
	uint64_t ticks;

	while (exit == MXF_EXIT_OK && !ferror(stdout)) {
		if (poll(pollfds, 3, -1) < 0)
			return MXF_EXIT_FAILED;
		if (pollfds[0].revents && !take_signal(watch, signals))
			return MXF_EXIT_OK;
		if (pollfds[2].revents && !take_key())
			return MXF_EXIT_OK;
		if (pollfds[1].revents && read(timer, &ticks, sizeof(ticks)) == sizeof(ticks))
			exit = watch_step(watch);
	}
	return exit;
}

enum mxf_exit watch_run(const struct live *live)
{
	const struct command *command = live->command;
	struct watch watch = {.live = live};
	SCOPED_FD int signals = open_signals();
	SCOPED_FD int timer = open_timer(command->watch);
	enum mxf_exit exit;

	if (signals < 0 || timer < 0)
		return output_error(command, MXF_EXIT_FAILED, NULL, "timer: %s", strerror(errno));
	watch.screen = screen_for(stdout, command->given[OPTION_RAW]);
	watch.in_place = watch.screen.width > 0 && !command->given[OPTION_JSON];
	if (watch.in_place) {
		watch.history = history_new();
		terminal_enter(&watch.terminal, stdout);
	}
	exit = watch_loop(&watch, signals, timer);
	terminal_leave(&watch.terminal);
	history_free(&watch.history);
	json_decref(watch.body);
	json_decref(watch.before);
	return exit;
}
