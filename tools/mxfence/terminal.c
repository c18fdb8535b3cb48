// SPDX-License-Identifier: GPL-2.0-only
#include "terminal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "core/scoped.h"

#define OTHER_SCREEN "\033[?1049h"
#define FIRST_SCREEN "\033[?1049l"
#define HIDE_CURSOR "\033[?25l"
#define SHOW_CURSOR "\033[?25h"
#define CLEAR "\033[H\033[2J"
#define TO_TOP "\033[H"
#define CLEAR_LINE "\033[K"
#define CLEAR_BELOW "\033[J"
#define NO_COLOUR "\033[0m"

void terminal_enter(struct terminal *terminal, FILE *out)
{
	struct termios quiet;

	*terminal = (struct terminal){.out = out, .entered = true};
	if (isatty(STDIN_FILENO) && tcgetpgrp(STDIN_FILENO) == getpgrp() &&
	    tcgetattr(STDIN_FILENO, &terminal->settings) == 0) {
		quiet = terminal->settings;
		quiet.c_lflag &= ~(tcflag_t)(ECHO | ICANON);
		terminal->quiet = tcsetattr(STDIN_FILENO, TCSANOW, &quiet) == 0;
	}
	fputs(OTHER_SCREEN HIDE_CURSOR CLEAR, out);
	fflush(out);
}

void terminal_leave(struct terminal *terminal)
{
	if (!terminal->entered)
		return;
	terminal->entered = false;
	fputs(NO_COLOUR SHOW_CURSOR FIRST_SCREEN, terminal->out);
	fflush(terminal->out);
	if (terminal->quiet)
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &terminal->settings);
}

/* Bytes of the colour that begins here, or 0. */
static size_t colour_length(const char *text, size_t size)
{
	const char *end =
		size > 2 && memcmp(text, "\033[", 2) == 0 ? memchr(text, 'm', size) : NULL;

	return end ? (size_t)(end - text) + 1 : 0;
}

/* Bytes and columns of the character that begins here; a byte that begins none is its own. */
static size_t character_length(const char *text, size_t size, size_t *columns)
{
	mbstate_t state = {0};
	wchar_t character;
	size_t length = mbrtowc(&character, text, size, &state);
	int width = length && length <= size ? wcwidth(character) : -1;

	*columns = width >= 0 ? (size_t)width : 1;
	return width >= 0 ? length : 1;
}

size_t terminal_fit(const char *text, size_t size, size_t width)
{
	size_t used = 0;

	while (used < size) {
		size_t columns = 0, length = colour_length(text + used, size - used);

		if (!length)
			length = character_length(text + used, size - used, &columns);
		if (columns > width)
			return used;
		width -= columns;
		used += length;
	}
	return used;
}

static void write_lines(const struct screen *screen, const char *text, FILE *out)
{
	for (size_t line = 0; line < screen->height && *text; line++) {
		size_t length = strcspn(text, "\n");
		size_t fitting = terminal_fit(text, length, screen->width);

		fputs(line ? "\r\n" : "", out);
		fwrite(text, 1, fitting, out);
		fputs(fitting < length ? NO_COLOUR CLEAR_LINE : CLEAR_LINE, out);
		text += length + (text[length] == '\n');
	}
}

void terminal_draw(const struct terminal *terminal, const struct screen *screen, const char *text)
{
	SCOPED_FREE char *frame = NULL;
	size_t size;
	FILE *out = open_memstream(&frame, &size);

	if (!out)
		return;
	fputs(TO_TOP, out);
	write_lines(screen, text, out);
	fputs(CLEAR_BELOW, out);
	if (fclose(out) == 0) {
		fwrite(frame, 1, size, terminal->out);
		fflush(terminal->out);
	}
}
