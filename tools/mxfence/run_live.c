// SPDX-License-Identifier: GPL-2.0-only
/* The verbs that read the pins when no agent runs. */
#include "ask.h"
#include "handlers.h"
#include "service/report.h"
#include "views.h"

static enum mxf_exit ask_stats(const struct command *command, struct answer *answer,
			       struct trouble *trouble)
{
	return ask_agent_or_pins(command, "stats", report_stats, answer, trouble);
}

static enum mxf_exit ask_drops(const struct command *command, struct answer *answer,
			       struct trouble *trouble)
{
	return ask_agent_or_pins(command, "drops", report_drops, answer, trouble);
}

static enum mxf_exit show_live(const struct command *command, watch_ask_fn *ask, view_fn *view)
{
	struct answer answer = {.exit = MXF_EXIT_OK};
	struct trouble trouble;
	enum mxf_exit exit;

	if (command->watch)
		return watch_run(command, ask, view);
	exit = ask(command, &answer, &trouble);
	if (exit != MXF_EXIT_OK)
		return ask_report_failure(command, exit, &trouble);
	exit = output_answer(command, &answer, view);
	answer_clear(&answer);
	return exit;
}

enum mxf_exit run_stats(const struct command *command)
{
	return show_live(command, ask_stats, view_stats);
}

enum mxf_exit run_drops(const struct command *command)
{
	return show_live(command, ask_drops, view_drops);
}

/* Lends the screen what other verbs know, under the keys they have there. */
static void add_member(const struct command *command, watch_ask_fn *ask, const char *key,
		       json_t *body)
{
	struct answer answer = {.exit = MXF_EXIT_OK};
	struct trouble trouble;

	if (ask(command, &answer, &trouble) == MXF_EXIT_OK)
		json_object_set(body, key, json_object_get(answer.body, key));
	answer_clear(&answer);
}

enum mxf_exit run_status(const struct command *command)
{
	struct answer answer = {.exit = MXF_EXIT_OK};
	struct trouble trouble;
	enum mxf_exit exit = ask_status(command, &answer, &trouble);

	if (exit != MXF_EXIT_OK)
		return ask_report_failure(command, exit, &trouble);
	if (!command->given[OPTION_JSON] && view_text(answer.body, "mode")) {
		add_member(command, ask_stats, "packets", answer.body);
		add_member(command, ask_drops, "drops", answer.body);
	}
	exit = output_answer(command, &answer, view_status);
	answer_clear(&answer);
	return exit;
}

static json_t *detach_pinned(struct fence *fence, struct trouble *trouble)
{
	if (fence_detach(fence, false, trouble) < 0)
		return NULL;
	return json_pack("{s:i, s:s}", "schema", MXF_JSON_SCHEMA, "done",
			 "detached; every packet passes now");
}

enum mxf_exit run_unload(const struct command *command)
{
	struct answer answer = {.exit = MXF_EXIT_OK};
	struct trouble trouble;
	enum mxf_exit exit = ask_agent_or_pins(command, "unload", detach_pinned, &answer, &trouble);

	if (exit == MXF_EXIT_NO_AGENT)
		return output_error(
			command, exit, "another fence is found with --run-dir or --pin-dir",
			"there is nothing to unload: no agent runs, and %s", trouble.text);
	if (exit != MXF_EXIT_OK)
		return ask_report_failure(command, exit, &trouble);
	exit = output_answer(command, &answer, view_done);
	answer_clear(&answer);
	return exit;
}
