/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The log: one event a line, to stderr or syslog. What cannot be printed is written as \xNN, so
 * nothing that came from outside begins a line of its own.
 *
 * On stderr a line begins with "mxfenced: " and, on the journal's stream, with the priority as
 * sd-daemon(3) wants it.
 */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include <stdbool.h>
#include <stdarg.h>

enum log_target { LOG_AUTO, LOG_STDERR, LOG_SYSLOG };
enum log_level_name { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* The longest line and its NUL; what is longer is cut and ends in "...". */
#define LOG_LINE_MAX 4608

struct log_config {
	enum log_target target;
	enum log_level_name level;
};

/*
 * `auto` is stderr in the foreground and under the journal, else syslog. Until the first call
 * warnings and errors go to stderr. A later call changes what was chosen.
 */
void log_open(const struct log_config *config, bool foreground);

/* True when lines go to stderr, which must then stay open in the background. */
bool log_uses_stderr(void);

void log_write(enum log_level_name level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void log_vwrite(enum log_level_name level, const char *format, va_list arguments)
	__attribute__((format(printf, 2, 0)));

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
