// SPDX-License-Identifier: GPL-2.0-only
#include "screen.h"

#include <langinfo.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/text.h"

#define WIDTH_DEFAULT 80
#define HEIGHT_DEFAULT 24

#define SCREEN_STYLE_SGR(id, sgr) "\033[" sgr "m",
static const char *const style_sgr[] = {SCREEN_STYLES(SCREEN_STYLE_SGR)};

static bool window_size(FILE *out, struct winsize *size)
{
	return isatty(fileno(out)) && ioctl(fileno(out), TIOCGWINSZ, size) == 0;
}

struct screen screen_for(FILE *out, bool raw)
{
	struct screen screen = {.out = out,
				.raw = raw,
				.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
				.now = time(NULL)};
	const char *no_color = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");
	struct winsize size = {.ws_col = 0};

	if (raw || !isatty(fileno(out)))
		return screen;
	screen.colour = (!no_color || !*no_color) && terminal && strcmp(terminal, "dumb") != 0;
	screen.width = window_size(out, &size) && size.ws_col ? size.ws_col : WIDTH_DEFAULT;
	return screen;
}

void screen_measure(struct screen *screen, FILE *out)
{
	struct winsize size = {.ws_row = 0};
	bool terminal = isatty(fileno(out));

	if (terminal)
		window_size(out, &size);
	screen->width = size.ws_col || !terminal ? size.ws_col : WIDTH_DEFAULT;
	screen->height = size.ws_row || !terminal ? size.ws_row : HEIGHT_DEFAULT;
}

char *screen_escape(const char *text)
{
	size_t size = text ? strlen(text) : 0;
	size_t escaped_size = 4 * size + 8;
	char *escaped = text ? malloc(escaped_size) : NULL;

	if (escaped)
		text_escape(text, size, escaped, escaped_size);
	return escaped;
}

const char *screen_style_sgr(const struct screen *screen, enum screen_style style)
{
	return screen->colour && style != STYLE_PLAIN ? style_sgr[style] : "";
}

void screen_print(const struct screen *screen, enum screen_style style, const char *format, ...)
{
	const char *sgr = screen_style_sgr(screen, style);
	va_list arguments;

	fputs(sgr, screen->out);
	va_start(arguments, format);
	vfprintf(screen->out, format, arguments);
	va_end(arguments);
	if (*sgr)
		fputs("\033[0m", screen->out);
}

void screen_duration(time_t seconds, char *text, size_t size)
{
	static const struct {
		time_t seconds;
		time_t below;
		const char *one;
		const char *many;
	} units[] = {
		{1, 120, "s", "s"},
		{60, 7200, "min", "min"},
		{3600, 172800, "h", "h"},
		{86400, 0, "day", "days"},
	};
	size_t i = 0;

	while (units[i].below && seconds >= units[i].below)
		i++;
	seconds /= units[i].seconds;
	snprintf(text, size, "%lld %s", (long long)seconds,
		 seconds == 1 ? units[i].one : units[i].many);
}

bool screen_read_time(const char *rfc3339, time_t *out)
{
	struct tm tm = {.tm_sec = 0};
	const char *end = rfc3339 ? strptime(rfc3339, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;

	if (!end)
		return false;
	*out = timegm(&tm);
	return true;
}

void screen_age(const struct screen *screen, const char *rfc3339, char text[SCREEN_AGE_MAX])
{
	char duration[24];
	time_t then;

	if (!screen_read_time(rfc3339, &then)) {
		snprintf(text, SCREEN_AGE_MAX, "never");
		return;
	}
	if (screen->raw) {
		snprintf(text, SCREEN_AGE_MAX, "%s", rfc3339);
		return;
	}
	if (then >= screen->now) {
		snprintf(text, SCREEN_AGE_MAX, "now");
		return;
	}
	screen_duration(screen->now - then, duration, sizeof(duration));
	snprintf(text, SCREEN_AGE_MAX, "%s ago", duration);
}

void screen_until(const struct screen *screen, const char *rfc3339, char text[SCREEN_AGE_MAX])
{
	char duration[24];
	time_t then;

	if (screen->raw || !screen_read_time(rfc3339, &then) || then <= screen->now) {
		screen_age(screen, rfc3339, text);
		return;
	}
	screen_duration(then - screen->now, duration, sizeof(duration));
	snprintf(text, SCREEN_AGE_MAX, "in %s", duration);
}

bool screen_is_recent(const struct screen *screen, const char *rfc3339, time_t seconds)
{
	time_t then;

	return screen_read_time(rfc3339, &then) && screen->now - then <= seconds;
}
