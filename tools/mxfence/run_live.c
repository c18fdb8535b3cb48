// SPDX-License-Identifier: GPL-2.0-only
/* The verbs that read the pins when no agent runs. */
#include "ask.h"
#include "handlers.h"
#include "names.h"
#include "service/report.h"
#include "views.h"

/* How long names are waited for, and how many of the latest drops are asked about. */
#define NAMES_PATIENCE_MS 5000
#define NAMES_COUNT 1000
#define NAMES_PATIENCE_WATCH_MS 500 /* the next time has what comes later */
#define NAMES_COUNT_WATCH 200

static enum mxf_exit ask_stats(const struct live *live, struct answer *answer,
			       struct trouble *trouble)
{
	return ask_agent_or_pins(live->command, "stats", report_stats, answer, trouble);
}

static enum mxf_exit ask_drops(const struct live *live, struct answer *answer,
			       struct trouble *trouble)
{
	enum mxf_exit exit =
		ask_agent_or_pins(live->command, "drops", report_drops, answer, trouble);
	bool again = live->command->watch > 0;

	if (exit == MXF_EXIT_OK && live->names)
		names_add(live->names, json_object_get(answer->body, "drops"),
			  again ? NAMES_COUNT_WATCH : NAMES_COUNT,
			  again ? NAMES_PATIENCE_WATCH_MS : NAMES_PATIENCE_MS);
	return exit;
}

static enum mxf_exit show_live(const struct live *live)
{
	struct answer answer = {.exit = MXF_EXIT_OK};
	struct trouble trouble;
	enum mxf_exit exit;

	if (live->command->watch)
		return watch_run(live);
	exit = live->ask(live, &answer, &trouble);
	if (exit != MXF_EXIT_OK)
		return ask_report_failure(live->command, exit, &trouble);
	exit = output_answer(live->command, &answer, live->view);
	answer_clear(&answer);
	return exit;
}

enum mxf_exit run_stats(const struct command *command)
{
	const struct live live = {.command = command, .ask = ask_stats, .view = view_stats};

	return show_live(&live);
}

enum mxf_exit run_drops(const struct command *command)
{
	struct live live = {.command = command, .ask = ask_drops, .view = view_drops};
	enum mxf_exit exit;

	if (command->given[OPTION_NAMES]) {
		live.names = names_start(names_look_up);
		if (!live.names)
			return output_error(command, MXF_EXIT_FAILED, NULL, "no memory for names");
	}
	exit = show_live(&live);
	names_stop(&live.names);
	return exit;
}

/* Lends the screen what other verbs know, under the keys they have there. */
static void add_member(const struct live *live, const char *key, json_t *body)
{
	struct answer answer = {.exit = MXF_EXIT_OK};
	struct trouble trouble;

	if (live->ask(live, &answer, &trouble) == MXF_EXIT_OK)
		json_object_set(body, key, json_object_get(answer.body, key));
	answer_clear(&answer);
}

enum mxf_exit run_status(const struct command *command)
{
	const struct live stats = {.command = command, .ask = ask_stats};
	const struct live drops = {.command = command, .ask = ask_drops};
	struct answer answer = {.exit = MXF_EXIT_OK};
	struct trouble trouble;
	enum mxf_exit exit = ask_status(command, &answer, &trouble);

	if (exit != MXF_EXIT_OK)
		return ask_report_failure(command, exit, &trouble);
	if (!command->given[OPTION_JSON] && view_text(answer.body, "mode")) {
		add_member(&stats, "packets", answer.body);
		add_member(&drops, "drops", answer.body);
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
