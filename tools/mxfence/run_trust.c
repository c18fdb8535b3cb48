// SPDX-License-Identifier: GPL-2.0-only
/* The verbs that change who is trusted and who is banned. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "core/file.h"
#include "core/scoped.h"
#include "handlers.h"
#include "service/report.h"
#include "views.h"

static bool is_stdin(const char *operand)
{
	return strcmp(operand, "-") == 0;
}

static void add_argument(json_t *arguments, const char *name, const char *text)
{
	if (text)
		json_object_set_new(arguments, name, report_text(text, strlen(text)));
}

/* The options of these verbs, as far as they are given. */
static json_t *option_arguments(const struct command *command)
{
	json_t *arguments = json_object();

	add_argument(arguments, "list", command->values[OPTION_LIST]);
	add_argument(arguments, "note", command->values[OPTION_NOTE]);
	add_argument(arguments, "for", command->values[OPTION_FOR]);
	if (command->given[OPTION_FORCE])
		json_object_set_new(arguments, "force", json_true());
	return arguments;
}

/* The text of a file of ranges. Says what is wrong itself and returns NULL. */
static char *read_lines(const struct command *command, const char *path)
{
	const char *name = is_stdin(path) ? "standard input" : path;
	char *data = NULL;
	size_t size;
	int error = is_stdin(path) ? file_read_descriptor(STDIN_FILENO, &data, &size)
				   : file_read(path, &data, &size);

	if (error)
		output_error(command, MXF_EXIT_FAILED, NULL, "%s: %s", name,
			     file_error_text(-error));
	else if (!memchr(data, '\0', size))
		return data;
	else
		output_error(command, MXF_EXIT_FAILED, NULL,
			     "%s holds a NUL byte, so it is no text; nothing was changed", name);
	free(data);
	return NULL;
}

/* "192.0.2.0 255.255.255.0" comes as one argument, or, unquoted, as two. */
static int add_range(const struct command *command, json_t *arguments)
{
	const char *mask = command->operand_count == 2 ? command->operands[1] : NULL;
	char range[256];
	int length = snprintf(range, sizeof(range), "%s%s%s", command->operands[0], mask ? " " : "",
			      mask ? mask : "");

	if (length < 0 || (size_t)length >= sizeof(range)) {
		output_error(command, MXF_EXIT_USAGE, NULL, "that is too long for a range");
		return -1;
	}
	add_argument(arguments, "range", range);
	return 0;
}

static int add_lines(const struct command *command, json_t *arguments, const char *path)
{
	SCOPED_FREE char *text = read_lines(command, path);

	if (text)
		add_argument(arguments, "text", text);
	return text ? 0 : -1;
}

enum mxf_exit run_trust_list(const struct command *command)
{
	return ask_and_show(command, option_arguments(command), view_ranges);
}

enum mxf_exit run_ban_list(const struct command *command)
{
	return ask_and_show(command, NULL, view_bans);
}

/* `trust add`, `trust del`, `ban add`, `ban del`: one range, or those of the standard input. */
enum mxf_exit run_change(const struct command *command)
{
	json_t *arguments = option_arguments(command);
	int failed = is_stdin(command->operands[0])
			     ? add_lines(command, arguments, command->operands[0])
			     : add_range(command, arguments);

	if (!failed)
		return ask_and_show(command, arguments, view_done);
	json_decref(arguments);
	return MXF_EXIT_USAGE;
}

enum mxf_exit run_trust_import(const struct command *command)
{
	json_t *arguments = option_arguments(command);

	add_argument(arguments, "list", command->operands[0]);
	if (!add_lines(command, arguments, command->operands[1]))
		return ask_and_show(command, arguments, view_done);
	json_decref(arguments);
	return MXF_EXIT_FAILED;
}
