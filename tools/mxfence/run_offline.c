// SPDX-License-Identifier: GPL-2.0-only
/* The verbs that need neither agent nor privilege. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "core/range.h"
#include "core/scoped.h"
#include "fence/generation.h"
#include "handlers.h"
#include "help.h"
#include "service/check.h"
#include "service/report.h"
#include "views.h"

/* What check found out: the configuration as far as it was understood, and the messages. */
struct checked {
	struct config *config;
	struct policy *policy; /* of its gate, or NULL */
	struct diags diags;
};

static void checked_clear(struct checked *checked)
{
	diags_clear(&checked->diags);
	policy_free(&checked->policy);
	config_free(&checked->config);
}

static void print_diags(const struct checked *checked)
{
	struct screen screen = screen_for(stderr, false);

	diags_print(&checked->diags, &checked->config->sources, screen.colour, stderr);
}

static void print_count(FILE *out, size_t count, const char *what)
{
	if (count == 0)
		fprintf(out, "no %ss", what);
	else
		fprintf(out, "%zu %s%s", count, what, count == 1 ? "" : "s");
}

static void print_summary(const char *path, const struct checked *checked)
{
	FILE *out = checked->diags.errors ? stderr : stdout;
	SCOPED_FREE char *name = screen_escape(path);

	fprintf(out, "%s: ", name);
	print_count(out, checked->diags.errors, "error");
	fputs(", ", out);
	print_count(out, checked->diags.warnings, "warning");
	fputs("\n", out);
}

enum mxf_exit run_check(const struct command *command)
{
	const char *path =
		command->operand_count ? command->operands[0] : command_config_path(command);
	struct checked checked = {.config = NULL};
	enum mxf_exit exit = MXF_EXIT_OK;
	json_t *body;

	if (check_configuration(path, &checked.config, &checked.policy, &checked.diags) < 0)
		return output_error(command, MXF_EXIT_FAILED, NULL, "out of memory");
	if (checked.diags.errors || checked.diags.out_of_memory)
		exit = MXF_EXIT_CONFIGURATION;
	if (command->given[OPTION_JSON]) {
		body = report_diagnostics(&checked.diags, &checked.config->sources);
		output_json(body, false);
		json_decref(body);
	} else {
		print_diags(&checked);
		print_summary(path, &checked);
	}
	checked_clear(&checked);
	return exit;
}

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
static enum mxf_exit explain_config(const struct config *config,
				    const struct report_question *question, struct answer *answer,
				    struct trouble *trouble)
{
	const struct generation_facts facts = {.number = 1, .cpus = 1};
	struct generation_plan *plan;
	SCOPED_FREE void *memory = NULL;
	int error = generation_plan_create(config, &plan);

	if (error) {
		trouble_set(trouble, error, "building the tables: %s", strerror(-error));
		return MXF_EXIT_FAILED;
	}
	memory = calloc(generation_plan_elements(plan, facts.cpus), MXF_ELEMENT_SIZE);
	if (memory) {
		generation_write(plan, &facts, memory);
		answer->body = report_explain(memory, question, &answer->exit);
		forget_hits(json_object_get(answer->body, "kernel"));
	}
	generation_plan_free(&plan);
	if (!answer->body) {
		trouble_set(trouble, -ENOMEM, "out of memory");
		return MXF_EXIT_FAILED;
	}
	return MXF_EXIT_OK;
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

	if (config_load(path, &checked.config, &checked.diags) < 0)
		return output_error(command, MXF_EXIT_FAILED, NULL, "out of memory");
	if (checked.diags.errors) {
		if (!command->given[OPTION_JSON])
			print_diags(&checked);
		exit = output_error(command, MXF_EXIT_CONFIGURATION, NULL,
				    command->given[OPTION_CONFIG]
					    ? "%s has errors"
					    : "the agent is not running, and %s has errors",
				    path);
	} else {
		exit = explain_config(checked.config, question, &answer, &trouble);
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
	return json_pack("{s:s, s:i, s:s*}", "address", command->operands[0], "port",
			 (int)command->port, "local", command->values[OPTION_LOCAL]);
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

static enum mxf_exit show_text(const struct command *command, char *text)
{
	struct answer answer = {.exit = MXF_EXIT_OK};

	answer.text = text ? report_text(text, strlen(text)) : NULL;
	if (!answer.text)
		return output_error(command, MXF_EXIT_FAILED, NULL, "out of memory");
	output_answer(command, &answer, NULL);
	answer_clear(&answer);
	return MXF_EXIT_OK;
}

enum mxf_exit run_version(const struct command *command)
{
	struct answer answer = {.exit = MXF_EXIT_OK};

	answer.body = json_pack("{s:i, s:s, s:i}", "schema", MXF_JSON_SCHEMA, "version",
				MXF_VERSION, "map_schema", (int)MXF_SCHEMA);
	output_answer(command, &answer, view_version);
	answer_clear(&answer);
	return MXF_EXIT_OK;
}

/* `help trust add` and `trust add --help` alike; `help trust` explains every verb of trust. */
static enum mxf_exit print_help(const struct command *command, FILE *out)
{
	char name[64];

	if (command->given[OPTION_HELP] && command->verb_given) {
		help_print_verb(out, command->verb);
		return MXF_EXIT_OK;
	}
	if (command->given[OPTION_HELP] || command->operand_count == 0) {
		help_print_all(out);
		return MXF_EXIT_OK;
	}
	snprintf(name, sizeof(name), "%s%s%s", command->operands[0],
		 command->operand_count == 2 ? " " : "",
		 command->operand_count == 2 ? command->operands[1] : "");
	return help_print_named(out, name) ? MXF_EXIT_OK : MXF_EXIT_USAGE;
}

enum mxf_exit run_help(const struct command *command)
{
	SCOPED_FREE char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	enum mxf_exit exit = out ? print_help(command, out) : MXF_EXIT_FAILED;

	if (out)
		fclose(out);
	if (exit == MXF_EXIT_USAGE)
		return output_error(command, exit, "mxfence help lists the verbs",
				    "there is no verb \"%s\"", command->operands[0]);
	return show_text(command, text);
}
