// SPDX-License-Identifier: GPL-2.0-only
#include "ask.h"

#include "output.h"

enum mxf_exit ask_open(const struct command *command, const char *verb, json_t *arguments,
		       struct client **client, struct trouble *trouble)
{
	int error = client_open(command_run_dir(command), verb, arguments, client, trouble);

	return error ? client_exit_for(error) : MXF_EXIT_OK;
}

enum mxf_exit ask_agent(const struct command *command, const char *verb, json_t *arguments,
			struct answer *answer, struct trouble *trouble)
{
	return client_ask(command_run_dir(command), verb, arguments, answer, trouble);
}

enum mxf_exit ask_report_failure(const struct command *command, enum mxf_exit exit,
				 const struct trouble *trouble)
{
	switch (exit) {
	case MXF_EXIT_NO_AGENT:
		return output_error(command, exit, "start it: systemctl start mxfence",
				    "the agent is not running (%s)", trouble->text);
	case MXF_EXIT_NOT_PERMITTED:
		return output_error(command, exit,
				    "be root, or a member of the group " MXF_CONTROL_GROUP
				    " while the agent runs",
				    "not permitted: %s", trouble->text);
	default:
		return output_error(command, exit, NULL, "%s", trouble->text);
	}
}

enum mxf_exit ask_pins(const struct command *command, pins_report_fn *fn, struct answer *answer,
		       struct trouble *trouble)
{
	struct fence *fence;
	int error = fence_open_pinned(command_pin_dir(command), &fence, trouble);

	if (error)
		return client_exit_for(error);
	*answer = (struct answer){.exit = MXF_EXIT_OK, .body = fn(fence, trouble)};
	fence_close(&fence);
	return answer->body ? MXF_EXIT_OK : MXF_EXIT_FAILED;
}

enum mxf_exit ask_agent_or_pins(const struct command *command, const char *verb, pins_report_fn *fn,
				struct answer *answer, struct trouble *trouble)
{
	enum mxf_exit exit = ask_agent(command, verb, NULL, answer, trouble);

	if (exit != MXF_EXIT_NO_AGENT)
		return exit;
	return ask_pins(command, fn, answer, trouble);
}

enum mxf_exit ask_and_show(const struct command *command, json_t *arguments, view_fn *view)
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
