// SPDX-License-Identifier: GPL-2.0-only
/* The verbs that need neither agent nor privilege. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checked.h"
#include "core/scoped.h"
#include "handlers.h"
#include "help.h"
#include "mxfence/maps.h"
#include "service/report.h"
#include "views.h"

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

	if (checked_read(path, &checked) < 0)
		return output_error(command, MXF_EXIT_FAILED, NULL, "out of memory");
	if (checked.diags.errors || checked.diags.out_of_memory)
		exit = MXF_EXIT_CONFIGURATION;
	if (command->given[OPTION_JSON]) {
		body = report_diagnostics(&checked.diags, &checked.config->sources);
		output_json(body, false);
		json_decref(body);
	} else {
		checked_print(&checked);
		print_summary(path, &checked);
	}
	checked_clear(&checked);
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
