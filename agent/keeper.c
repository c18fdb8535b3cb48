// SPDX-License-Identifier: GPL-2.0-only
/* Start, work, stop. */
#include "keeper.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "core/log.h"
#include "core/scoped.h"
#include "keeper_internal.h"
#include "linkwatch.h"
#include "notify.h"
#include "privileges.h"
#include "service/check.h"
#include "service/report.h"
#include "service/report_smtp.h"
#include "service/smtp_log.h"

#define PID_FILE "mxfenced.pid"

/* So many new interfaces can a running agent attach to, in all its reloads. */
#define SPARE_INTERFACES 4

/* What runs in the loop. */

static void on_stop_signal(evutil_socket_t number, short what, void *context)
{
	struct keeper *keeper = context;

	(void)number;
	(void)what;
	event_base_loopbreak(keeper->base);
}

static void on_hangup(evutil_socket_t number, short what, void *context)
{
	const struct keeper_terms terms = {.deadline = 0};
	json_t *body = NULL;

	(void)number;
	(void)what;
	keeper_reload(context, &terms, &body);
	json_decref(body);
}

static void link_changed(void *context, const char *name, uint32_t ifindex, bool gone)
{
	struct keeper *keeper = context;
	char before[16];

	if (!gone && fence_note_name(keeper->fence, ifindex, name, before))
		log_warning("%s is called %s now; the fence stays on it", before, name);
	if (name[0] && !config_find_interface(&keeper->config->filter, name))
		return;
	if (gone)
		log_warning("%s is gone; it is attached when it comes back", name);
	else
		keeper_repair(keeper);
}

static void on_link(evutil_socket_t fd, short what, void *context)
{
	(void)what;
	linkwatch_read(fd, link_changed, context);
}

void keeper_record(void *context, const struct mxf_gate_record *record)
{
	struct keeper *keeper = context;
	char origin[SMTP_ORIGIN_MAX];

	smtp_record_origin(record, &keeper->config->sources, origin);
	smtp_log_record(record, origin);
	partners_note(&keeper->partners, record);
	if (!smtp_record_is_event(record))
		return;
	events_add_smtp(&keeper->events, record, origin);
	if (control_has_followers(keeper->control)) {
		json_t *body = report_smtp_event(record, origin);

		control_tell_followers(keeper->control, body);
		json_decref(body);
	}
}

static void event_received(void *context, const struct mxf_event *event)
{
	struct keeper *keeper = context;
	char interface[16];

	fence_interface_name(keeper->fence, event->interface_slot, interface);
	events_add(&keeper->events, event, interface);
	if (control_has_followers(keeper->control)) {
		json_t *body = report_event(event, interface);

		control_tell_followers(keeper->control, body);
		json_decref(body);
	}
}

static void on_fence_events(evutil_socket_t fd, short what, void *context)
{
	struct keeper *keeper = context;

	(void)fd;
	(void)what;
	fence_events_consume(keeper->fence);
}

/* Start. */

/* The verifier's log comes as one text of many lines. */
static int libbpf_message(enum libbpf_print_level level, const char *format, va_list arguments)
{
	SCOPED_FREE char *text = NULL;
	char *rest, *line;

	(void)level;
	if (vasprintf(&text, format, arguments) < 0) {
		text = NULL;
		return 0;
	}
	rest = text;
	while ((line = strsep(&rest, "\n")))
		if (*line)
			log_debug("%s", line);
	return 0;
}

static void libevent_message(int severity, const char *text)
{
	static const enum log_level_name levels[] = {
		[EVENT_LOG_DEBUG] = LOG_LEVEL_DEBUG,
		[EVENT_LOG_MSG] = LOG_LEVEL_INFO,
		[EVENT_LOG_WARN] = LOG_LEVEL_WARNING,
		[EVENT_LOG_ERR] = LOG_LEVEL_ERROR,
	};

	log_write(levels[severity & 3], "%s", text);
}

/* Who holds the lock owns the directory; the number is for people and scripts. */
static int lock_run_directory(struct keeper *keeper, struct trouble *trouble)
{
	const char *directory = keeper->options->run_dir;
	SCOPED_FREE char *path = NULL;
	SCOPED_FD int lock = -1;

	if (asprintf(&path, "%s/" PID_FILE, directory) < 0) {
		path = NULL;
		return trouble_set(trouble, -ENOMEM, "out of memory");
	}
	if (mkdir(directory, 0755) && errno != EEXIST)
		return trouble_set(trouble, -errno, "cannot create %s: %s", directory,
				   strerror(errno));
	lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (lock < 0)
		return trouble_set(trouble, -errno, "%s: %s", path, strerror(errno));
	if (flock(lock, LOCK_EX | LOCK_NB))
		return trouble_set(trouble, -EBUSY, "another mxfenced runs in %s", directory);
	if (ftruncate(lock, 0) || dprintf(lock, "%ld\n", (long)getpid()) < 0)
		return trouble_set(trouble, -errno, "%s: %s", path, strerror(errno));
	keeper->lock = TAKE_FD(lock);
	return 0;
}

/* A file that goes would let two processes lock two files of one name; so it stays, empty. */
static void unlock_run_directory(struct keeper *keeper)
{
	if (keeper->lock >= 0 && ftruncate(keeper->lock, 0))
		log_warning("%s: %s", PID_FILE, strerror(errno));
	scoped_close(&keeper->lock);
}

static void remove_unfinished(const char *directory)
{
	unsigned int removed = file_remove_unfinished(directory);

	if (removed)
		log_warning("%s: removed %u unfinished file%s of an agent that was killed",
			    directory, removed, removed == 1 ? "" : "s");
}

/* Everything is printed, warnings too; true when the configuration can be applied. */
static bool rules_read(const char *path, struct keeper_rules *rules)
{
	struct diags diags = {0};
	bool good = false;

	if (check_configuration(path, &rules->config, &rules->policy, &diags)) {
		fputs("mxfenced: out of memory\n", stderr);
	} else {
		diags_sort(&diags);
		diags_print(&diags, &rules->config->sources, isatty(STDERR_FILENO), stderr);
		good = !diags.errors && !diags.out_of_memory;
	}
	diags_clear(&diags);
	return good;
}

static struct event *watch(struct keeper *keeper, int fd, event_callback_fn fn)
{
	struct event *event = event_new(keeper->base, fd, EV_READ | EV_PERSIST, fn, keeper);

	if (event)
		event_add(event, NULL);
	return event;
}

static int watch_signals(struct keeper *keeper)
{
	static const struct {
		int number;
		event_callback_fn fn;
	} watched[KEEPER_SIGNALS] = {
		[KEEPER_HUP] = {SIGHUP, on_hangup},
		[KEEPER_TERM] = {SIGTERM, on_stop_signal},
		[KEEPER_INT] = {SIGINT, on_stop_signal},
	};

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < KEEPER_SIGNALS; i++) {
		keeper->signals[i] =
			evsignal_new(keeper->base, watched[i].number, watched[i].fn, keeper);
		if (!keeper->signals[i] || evsignal_add(keeper->signals[i], NULL))
			return -ENOMEM;
	}
	return 0;
}

static int watch_fence(struct keeper *keeper, struct trouble *trouble)
{
	int links = linkwatch_open();
	int error;

	if (links < 0)
		return trouble_set(trouble, links, "watching interfaces: %s", strerror(-links));
	keeper->link_event = watch(keeper, links, on_link);
	error = fence_events_open(keeper->fence, event_received, keeper);
	if (error)
		return trouble_set(trouble, error, "the event ring: %s", strerror(-error));
	keeper->fence_event = watch(keeper, fence_events_fd(keeper->fence), on_fence_events);
	if (!keeper->link_event || !keeper->fence_event)
		return trouble_set(trouble, -ENOMEM, "out of memory");
	return 0;
}

/* What of the fence takes privileges. */
static int open_fence(struct keeper *keeper, const struct filter_config *filter,
		      struct trouble *trouble)
{
	int error = fence_open(keeper->options->pin_dir, keeper->options->replace_pins,
			       &keeper->fence, trouble);

	if (!error)
		error = fence_check_attach(keeper->fence, filter, trouble);
	if (!error)
		error = fence_prepare(keeper->fence, filter, SPARE_INTERFACES, trouble);
	if (!error)
		error = watch_fence(keeper, trouble);
	return error;
}

/*
 * What takes privileges comes first and changes nothing that is in force. From where they are given
 * up a start is a reload, which is applied whole or not at all.
 */
static int keeper_open(struct keeper *keeper, struct keeper_rules *rules, struct trouble *trouble)
{
	const struct options *options = keeper->options;
	bool has_filter = rules->config->has_filter;
	int error = has_filter ? fence_check_permission(trouble) : 0;

	if (!error)
		error = lock_run_directory(keeper, trouble);
	if (!error)
		remove_unfinished(rules->config->trusted_directory);
	/* Its opener is forked while nothing of the fence is open. */
	if (!error)
		error = gate_open(keeper->base, options->run_dir, keeper_record, keeper,
				  &keeper->gate, trouble);
	if (!error && has_filter)
		error = open_fence(keeper, &rules->config->filter, trouble);
	if (!error)
		error = control_open(keeper->base, options->run_dir, keeper_handlers, keeper,
				     &keeper->control, trouble);
	if (!error && watch_signals(keeper))
		error = trouble_set(trouble, -ENOMEM, "out of memory");
	if (!error)
		error = privileges_drop(has_filter, trouble);
	if (!error)
		error = keeper_apply_first(keeper, rules, trouble);
	return error;
}

static void event_clear(struct event **event, bool close_fd)
{
	if (!*event)
		return;
	if (close_fd)
		close(event_get_fd(*event));
	event_free(*event);
	*event = NULL;
}

static void keeper_free(struct keeper **keeper)
{
	struct keeper *closing = TAKE_PTR(*keeper);
	struct keeper_rules rules;

	gate_close(&closing->gate);
	control_close(&closing->control);
	metrics_server_close(&closing->metrics);
	event_clear(&closing->link_event, true);
	event_clear(&closing->fence_event, false);
	event_clear(&closing->sweep, false);
	keeper_trial_free(&closing->trial);
	for (size_t i = 0; i < KEEPER_SIGNALS; i++)
		event_clear(&closing->signals[i], false);
	fence_close(&closing->fence);
	rules = (struct keeper_rules){closing->config, closing->policy};
	keeper_rules_free(&rules);
	if (closing->base)
		event_base_free(closing->base);
	unlock_run_directory(closing);
	partners_clear(&closing->partners);
	free(closing->reload_error);
	free(closing);
}

static struct keeper *keeper_new(const struct options *options)
{
	struct keeper *keeper = calloc(1, sizeof(*keeper));

	if (!keeper)
		return NULL;
	keeper->options = options;
	keeper->lock = -1;
	keeper->loaded = true;
	keeper->base = event_base_new();
	if (!keeper->base)
		keeper_free(&keeper);
	return keeper;
}

/* Pins that this start made itself go with it. */
static void start_undo(struct keeper *keeper)
{
	struct trouble trouble;

	if (keeper->fence && fence_is_new(keeper->fence) &&
	    fence_detach(keeper->fence, true, &trouble))
		log_error("%s", trouble.text);
}

static enum mxf_exit start_with(const struct options *options, struct keeper_rules *rules,
				struct keeper **keeper)
{
	struct keeper *started = keeper_new(options);
	struct trouble trouble = {.text = "out of memory"};
	int error = started ? keeper_open(started, rules, &trouble) : -ENOMEM;

	if (!error) {
		*keeper = started;
		return MXF_EXIT_OK;
	}
	log_error("%s", trouble.text);
	if (started) {
		start_undo(started);
		keeper_free(&started);
	}
	return keeper_exit_for(error);
}

enum mxf_exit keeper_start(const struct options *options, struct keeper **keeper)
{
	struct keeper_rules rules = {0};
	enum mxf_exit exit = MXF_EXIT_CONFIGURATION;

	libbpf_set_print(libbpf_message);
	event_set_log_callback(libevent_message);
	if (rules_read(options->config, &rules)) {
		log_open(&rules.config->log, true);
		exit = start_with(options, &rules, keeper);
		if (exit == MXF_EXIT_OK)
			log_open(&(*keeper)->config->log, options->foreground);
	}
	keeper_rules_free(&rules);
	return exit;
}

void keeper_run(struct keeper *keeper)
{
	notify_ready();
	log_info("mxfenced %s is ready", MXF_VERSION);
	event_base_dispatch(keeper->base);
	notify_stopping();
}

static int stop_fence(struct keeper *keeper)
{
	bool detach = keeper->config->filter.on_stop == FILTER_DETACH;
	struct trouble trouble;

	if (detach && fence_detach(keeper->fence, true, &trouble)) {
		log_error("%s", trouble.text);
		return -1;
	}
	log_info("stopped; the fence %s", detach ? "is detached" : "goes on");
	return 0;
}

enum mxf_exit keeper_stop(struct keeper **keeper)
{
	int error = 0;

	/* Sessions under way are finished before anything else goes. */
	(*keeper)->stopping = true;
	gate_close(&(*keeper)->gate);
	if ((*keeper)->fence)
		error = stop_fence(*keeper);
	else
		log_info("stopped");
	keeper_free(keeper);
	return error ? MXF_EXIT_FAILED : MXF_EXIT_OK;
}
