// SPDX-License-Identifier: GPL-2.0-only
/* `explain`: from the agent, or from a configuration alone. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "checked.h"
#include "core/range.h"
#include "core/scoped.h"
#include "fence/generation.h"
#include "handlers.h"
#include "service/explain_smtp.h"
#include "service/report.h"
#include "views.h"

/* The packet, and what its sender would say. */
static bool read_question(const struct command *command, struct report_question *question)
{
	const char *local = command->values[OPTION_LOCAL];
	const char *source = command->operands[0];
	enum range_error error =
		ip_parse(source, strlen(source), &question->source, &question->family);
	uint8_t family = question->family;

	question->port = command->port;
	if (error != RANGE_OK) {
		output_error(command, MXF_EXIT_USAGE, range_error_hint(error), "%s %s", source,
			     range_error_text(error));
		return false;
	}
	if (!local)
		return true;
	question->has_destination = true;
	error = ip_parse(local, strlen(local), &question->destination, &family);
	if (error != RANGE_OK)
		output_error(command, MXF_EXIT_USAGE, range_error_hint(error), "--local: %s %s",
			     local, range_error_text(error));
	else if (family != question->family)
		output_error(command, MXF_EXIT_USAGE, NULL, "%s and %s are not of the same family",
			     source, local);
	return error == RANGE_OK && family == question->family;
}

/* A generation that no packet has seen knows of no hits; that is not the same as none. */
static void forget_hits(json_t *kernel)
{
	json_object_set_new(kernel, "hits", json_null());
	json_object_set_new(kernel, "last_hit", json_null());
}

/* Builds what the configuration means to the kernel in plain memory, and asks that. */
static enum mxf_exit explain_filter(const struct config *config,
				    const struct report_question *question, struct answer *answer,
				    struct trouble *trouble)
{
	SCOPED_FREE struct mxf_generation *generation = NULL;
	int error = generation_compile(config, &generation);

	if (!error) {
		answer->body = report_explain(generation, NULL, question, &answer->exit);
		error = answer->body ? 0 : -ENOMEM;
	}
	if (error) {
		trouble_set(trouble, error, "building the tables: %s", strerror(-error));
		return MXF_EXIT_FAILED;
	}
	forget_hits(json_object_get(answer->body, "kernel"));
	return MXF_EXIT_OK;
}

static void explain_gate(const struct command *command, const struct checked *checked,
			 const struct report_question *packet, struct answer *answer)
{
	const struct explain_question question = {
		.client = packet->source,
		.client_family = packet->family,
		.has_local = packet->has_destination,
		.local = packet->destination,
		.local_family = packet->family,
		.port = packet->port,
		.tls = command->given[OPTION_TLS],
		.login = command->values[OPTION_AUTH],
		.sender = command->values[OPTION_FROM],
		.recipient = command->values[OPTION_TO],
	};
	enum mxf_exit exit;

	json_object_set_new(answer->body, "smtp",
			    explain_smtp(checked->config, checked->policy, &question, &exit));
	if (exit != MXF_EXIT_OK)
		answer->exit = exit;
}

/* Both halves, each where the configuration has it. */
static enum mxf_exit explain_config(const struct command *command, const struct checked *checked,
				    const struct report_question *question, struct answer *answer,
				    struct trouble *trouble)
{
	enum mxf_exit exit = MXF_EXIT_OK;

	if (checked->config->has_filter)
		exit = explain_filter(checked->config, question, answer, trouble);
	else
		answer->body = report_explain(NULL, NULL, question, &answer->exit);
	if (exit == MXF_EXIT_OK && checked->policy)
		explain_gate(command, checked, question, answer);
	return exit;
}

static enum mxf_exit show_offline(const struct command *command, const struct answer *answer)
{
	enum mxf_exit exit = output_answer(command, answer, view_explain);

	if (!command->given[OPTION_CONFIG] && !command->given[OPTION_JSON])
		printf("  the agent is not running; this is what %s says\n", CLI_CONFIG_PATH);
	return exit;
}

static enum mxf_exit explain_offline(const struct command *command,
				     const struct report_question *question)
{
	const char *path = command_config_path(command);
	struct answer answer = {.exit = MXF_EXIT_OK};
	struct checked checked = {.config = NULL};
	struct trouble trouble;
	enum mxf_exit exit;

	if (checked_read(path, &checked) < 0)
		return output_error(command, MXF_EXIT_FAILED, NULL, "out of memory");
	if (checked.diags.errors) {
		if (!command->given[OPTION_JSON])
			checked_print(&checked);
		exit = output_error(command, MXF_EXIT_CONFIGURATION, NULL,
				    command->given[OPTION_CONFIG]
					    ? "%s has errors"
					    : "the agent is not running, and %s has errors",
				    path);
	} else {
		exit = explain_config(command, &checked, question, &answer, &trouble);
		if (exit == MXF_EXIT_OK)
			exit = show_offline(command, &answer);
		else
			ask_report_failure(command, exit, &trouble);
	}
	answer_clear(&answer);
	checked_clear(&checked);
	return exit;
}

static json_t *question_arguments(const struct command *command)
{
	return json_pack("{s:s, s:i, s:o*, s:s*, s:s*, s:s*, s:s*}", "address",
			 command->operands[0], "port", (int)command->port, "tls",
			 command->given[OPTION_TLS] ? json_true() : NULL, "local",
			 command->values[OPTION_LOCAL], "auth", command->values[OPTION_AUTH],
			 "from", command->values[OPTION_FROM], "to", command->values[OPTION_TO]);
}

enum mxf_exit run_explain(const struct command *command)
{
	struct report_question question = {.port = 0};
	struct answer answer = {.exit = MXF_EXIT_OK};
	struct trouble trouble;
	enum mxf_exit exit;

	if (!read_question(command, &question))
		return MXF_EXIT_USAGE;
	if (command->given[OPTION_CONFIG])
		return explain_offline(command, &question);
	exit = ask_agent(command, "explain", question_arguments(command), &answer, &trouble);
	if (exit == MXF_EXIT_NO_AGENT)
		return explain_offline(command, &question);
	if (exit != MXF_EXIT_OK)
		return ask_report_failure(command, exit, &trouble);
	exit = output_answer(command, &answer, view_explain);
	answer_clear(&answer);
	return exit;
}
