// SPDX-License-Identifier: GPL-2.0-only
#include "core/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "core/text.h"

static struct {
	enum log_level_name level;
	bool syslog;
	bool journal;
} state = {.level = LOG_LEVEL_WARNING};

static const int priorities[] = {
	[LOG_LEVEL_ERROR] = LOG_ERR,
	[LOG_LEVEL_WARNING] = LOG_WARNING,
	[LOG_LEVEL_INFO] = LOG_INFO,
	[LOG_LEVEL_DEBUG] = LOG_DEBUG,
};

/* sd_journal's protocol: JOURNAL_STREAM names device and inode of the stream it listens to. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat status;

	if (!stream || sscanf(stream, "%llu:%llu", &device, &inode) != 2)
		return false;
	if (fstat(STDERR_FILENO, &status))
		return false;
	return status.st_dev == device && status.st_ino == inode;
}

void log_open(const struct log_config *config, bool foreground)
{
	bool was_syslog = state.syslog;

	state.level = config->level;
	state.journal = stderr_is_journal();
	if (config->target == LOG_AUTO)
		state.syslog = !foreground && !state.journal;
	else
		state.syslog = config->target == LOG_SYSLOG;
	if (state.syslog && !was_syslog)
		openlog("mxfenced", LOG_PID | LOG_NDELAY, LOG_DAEMON);
	else if (!state.syslog && was_syslog)
		closelog();
}

bool log_uses_stderr(void)
{
	return !state.syslog;
}

void log_vwrite(enum log_level_name level, const char *format, va_list arguments)
{
	char raw[LOG_LINE_MAX + 1]; /* one too many, so that the cut is made below, and shows */
	char line[LOG_LINE_MAX];

	if (level > state.level)
		return;
	vsnprintf(raw, sizeof(raw), format, arguments);
	text_escape(raw, strlen(raw), line, sizeof(line));
	if (state.syslog)
		syslog(priorities[level], "%s", line);
	else if (state.journal)
		fprintf(stderr, "<%d>%s\n", priorities[level], line);
	else
		fprintf(stderr, "mxfenced: %s\n", line);
}

void log_write(enum log_level_name level, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_vwrite(level, format, arguments);
	va_end(arguments);
}
