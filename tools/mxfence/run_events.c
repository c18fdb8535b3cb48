// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <poll.h>

#include "ask.h"
#include "handlers.h"
#include "views.h"

/* While following, an answer is one event. */
static void show_event(const struct command *command, const json_t *event)
{
	struct screen screen = screen_for(stdout, command->given[OPTION_RAW]);
	struct view view = {.command = command, .body = event};

	if (command->given[OPTION_JSON])
		output_json(event, true);
	else
		view_event(&screen, &view);
	fflush(stdout);
}

/* Until the agent ends, or nobody reads any more; an interrupt just ends the program. */
static enum mxf_exit follow(const struct command *command, struct client *client)
{
	struct answer answer = {.exit = MXF_EXIT_OK};
	enum mxf_exit exit = MXF_EXIT_OK;
	struct trouble trouble;
	int result;

	while ((result = client_read(client, -1, &answer, &trouble)) > 0 && !ferror(stdout)) {
		exit = answer.exit;
		if (exit == MXF_EXIT_OK)
			show_event(command, answer.body);
		else
			output_answer(command, &answer, NULL);
		answer_clear(&answer);
	}
	if (result < 0)
		return output_error(command, MXF_EXIT_FAILED, NULL, "%s", trouble.text);
	if (result == 0 && exit == MXF_EXIT_OK)
		return output_error(command, MXF_EXIT_NO_AGENT, NULL, "the agent has ended");
	return exit;
}

static void view_events(const struct screen *screen, const struct view *view)
{
	const json_t *events = json_object_get(view->body, "events");
	struct view each = *view;
	size_t i;
	json_t *event;

	if (json_array_size(events) == 0 && !screen->raw)
		fputs("No event yet.\n", screen->out);
	json_array_foreach (events, i, event) {
		each.body = event;
		view_event(screen, &each);
	}
}

enum mxf_exit run_events(const struct command *command)
{
	json_t *arguments = json_pack("{s:b}", "follow", command->given[OPTION_FOLLOW]);
	struct answer answer = {.exit = MXF_EXIT_OK};
	struct client *client = NULL;
	struct trouble trouble;
	enum mxf_exit exit;

	if (!command->given[OPTION_FOLLOW]) {
		exit = ask_agent(command, command->verb->name, arguments, &answer, &trouble);
		if (exit == MXF_EXIT_OK)
			exit = output_answer(command, &answer, view_events);
		else
			ask_report_failure(command, exit, &trouble);
		answer_clear(&answer);
		return exit;
	}
	exit = ask_open(command, command->verb->name, arguments, &client, &trouble);
	if (exit != MXF_EXIT_OK)
		return ask_report_failure(command, exit, &trouble);
	exit = follow(command, client);
	client_close(&client);
	return exit;
}
