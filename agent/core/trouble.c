// SPDX-License-Identifier: GPL-2.0-only
#include "core/trouble.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/text.h"

int trouble_set(struct trouble *trouble, int error, const char *format, ...)
{
	char raw[sizeof(trouble->text)];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(raw, sizeof(raw), format, arguments);
	va_end(arguments);
	text_escape(raw, strlen(raw), trouble->text, sizeof(trouble->text));
	return error;
}
