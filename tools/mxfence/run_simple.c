// SPDX-License-Identifier: GPL-2.0-only
/* The verbs that ask the agent and show its answer. */
#include "ask.h"
#include "handlers.h"
#include "views.h"

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

enum mxf_exit run_apply(const struct command *command)
{
	json_t *arguments = NULL;

	if (command->given[OPTION_TRY])
		arguments = json_pack("{s:i}", "try", (int)command->try_seconds);
	return ask_and_show(command, arguments, view_done);
}

/* `confirm` and `rollback`. */
enum mxf_exit run_decide(const struct command *command)
{
	return ask_and_show(command, NULL, view_done);
}
