// SPDX-License-Identifier: GPL-2.0-only
#include "help.h"

#include <string.h>

#define VERB_COLUMN 22

static const char *const value_open[] = {
	[VALUE_NONE] = "", [VALUE_NEEDED] = " ", [VALUE_OPTIONAL] = " ["};
static const char *const value_close[] = {
	[VALUE_NONE] = "", [VALUE_NEEDED] = "", [VALUE_OPTIONAL] = "]"};

static const char *const agent_texts[] = {
	[AGENT_UNUSED] = "",
	[AGENT_OPTIONAL] = "Works without the agent too.\n",
	[AGENT_NEEDED] = "The agent must be running.\n",
};

static int print_option_usage(FILE *out, const struct cli_option *option)
{
	return fprintf(out, "--%s%s%s%s", option->name, value_open[option->value], option->word,
		       value_close[option->value]);
}

static void print_options(FILE *out, unsigned int options)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct cli_option *option = &cli_options[i];
		int used;

		if (!(options & 1u << i))
			continue;
		used = option->letter ? fprintf(out, "  -%c, ", option->letter)
				      : fprintf(out, "      ");
		used += print_option_usage(out, option);
		fprintf(out, "%*s %s\n", used < VERB_COLUMN ? VERB_COLUMN - used : 0, "",
			option->text);
	}
}

static void print_usage(FILE *out, const struct verb *verb)
{
	fprintf(out, "Usage: mxfence [OPTION...] %s%s%s", verb->name, verb->operands[0] ? " " : "",
		verb->operands);
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		if (!(verb->options & 1u << i))
			continue;
		fputs(" [", out);
		print_option_usage(out, &cli_options[i]);
		fputs("]", out);
	}
	fputs("\n", out);
}

void help_print_all(FILE *out)
{
	fputs("Usage: mxfence [OPTION...] [VERB] [ARGUMENT...]\n\n"
	      "Shows and steers the mail fence of this host. Without a verb: status.\n\nVerbs:\n",
	      out);
	for (size_t i = 0; i < cli_verb_count; i++) {
		const struct verb *verb = &cli_verbs[i];
		int used = fprintf(out, "  %s %s", verb->name, verb->operands);

		fprintf(out, "%*s %s\n", used < VERB_COLUMN ? VERB_COLUMN - used : 0, "",
			verb->summary);
	}
	fputs("\nOptions, before or after the verb:\n", out);
	print_options(out, CLI_COMMON_OPTIONS);
	fputs("\nEvery verb has more: mxfence VERB --help; mxfence(8) has all of it.\n", out);
}

void help_print_verb(FILE *out, const struct verb *verb)
{
	print_usage(out, verb);
	fprintf(out, "\n%s: %s.\n", verb->name, verb->summary);
	if (verb->text[0])
		fprintf(out, "%s\n", verb->text);
	fputs(agent_texts[verb->agent], out);
	if (verb->options) {
		fputs("\nOptions:\n", out);
		print_options(out, verb->options);
	}
	fputs("\nOptions of every verb:\n", out);
	print_options(out, CLI_COMMON_OPTIONS);
}

bool help_print_named(FILE *out, const char *name)
{
	const struct verb *verb = verb_find(name);
	size_t length = strlen(name);

	if (verb)
		help_print_verb(out, verb);
	else if (verb_is_group(name))
		for (size_t i = 0; i < cli_verb_count; i++) {
			if (strncmp(cli_verbs[i].name, name, length) == 0)
				print_usage(out, &cli_verbs[i]);
		}
	return verb || verb_is_group(name);
}
