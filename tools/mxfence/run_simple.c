// SPDX-License-Identifier: GPL-2.0-only
/* The verbs that ask the agent and show its answer. */
#include <string.h>

#include "ask.h"
#include "handlers.h"
#include "service/report.h"
#include "views.h"

static enum mxf_exit ask_and_show(const struct command *command, json_t *arguments, view_fn *view)
{
	struct answer answer = {.exit = MXF_EXIT_OK};
	struct trouble trouble;
	enum mxf_exit exit = ask_agent(command, command->verb->name, arguments, &answer, &trouble);

	if (exit != MXF_EXIT_OK)
		return ask_report_failure(command, exit, &trouble);
	exit = output_answer(command, &answer, view);
	answer_clear(&answer);
	return exit;
}

enum mxf_exit run_reload(const struct command *command)
{
	return ask_and_show(command, NULL, view_done);
}

enum mxf_exit run_diff(const struct command *command)
{
	return ask_and_show(command, NULL, view_diff);
}

enum mxf_exit run_load(const struct command *command)
{
	return ask_and_show(command, NULL, view_done);
}

enum mxf_exit run_sessions(const struct command *command)
{
	return ask_and_show(command, NULL, view_sessions);
}

enum mxf_exit run_metrics(const struct command *command)
{
	return ask_and_show(command, NULL, NULL);
}

static void add_argument(json_t *arguments, const char *name, const char *text)
{
	if (text)
		json_object_set_new(arguments, name, report_text(text, strlen(text)));
}

/* The options of the trust verbs. */
static json_t *trust_arguments(const struct command *command)
{
	json_t *arguments = json_object();

	add_argument(arguments, "list", command->values[OPTION_LIST]);
	add_argument(arguments, "note", command->values[OPTION_NOTE]);
	return arguments;
}

enum mxf_exit run_trust_list(const struct command *command)
{
	return ask_and_show(command, trust_arguments(command), view_ranges);
}

/* "192.0.2.0 255.255.255.0" comes as one argument, or, unquoted, as two. */
enum mxf_exit run_trust_change(const struct command *command)
{
	const char *mask = command->operand_count == 2 ? command->operands[1] : NULL;
	json_t *arguments = trust_arguments(command);
	char range[256];
	int length = snprintf(range, sizeof(range), "%s%s%s", command->operands[0], mask ? " " : "",
			      mask ? mask : "");

	if (length < 0 || (size_t)length >= sizeof(range)) {
		json_decref(arguments);
		return output_error(command, MXF_EXIT_USAGE, NULL, "that is too long for a range");
	}
	add_argument(arguments, "range", range);
	return ask_and_show(command, arguments, view_done);
}
