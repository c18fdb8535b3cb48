// SPDX-License-Identifier: GPL-2.0-only
/*
 * mxfence-update: gets what trusted lists have as their source, and hands it to the agent. It
 * writes no file itself, so it needs no privilege but membership in the control socket's group.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/scoped.h"
#include "core/text.h"
#include "get.h"
#include "list_text.h"
#include "options.h"
#include "tools/common/client.h"

static void complain(const char *list, const char *why, const char *hint)
{
	char quote[512];

	text_escape(why, strlen(why), quote, sizeof(quote));
	fprintf(stderr, "mxfence-update: list %s: %s\n", list, quote);
	if (hint) {
		text_escape(hint, strlen(hint), quote, sizeof(quote));
		fprintf(stderr, "  %s\n", quote);
	}
}

/* What holds in place of what could not be got. */
static void say_what_stays(const struct list_source *source)
{
	struct stat status;
	struct tm utc;
	char text[32];

	if (stat(source->path, &status)) {
		fputs("  the list has no ranges from its source yet\n", stderr);
		return;
	}
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&status.st_mtime, &utc));
	fprintf(stderr, "  the list stays as it is, of %s\n", text);
}

/* The file's time is that of the last update, also of one that changed nothing. */
static bool is_due(const struct list_source *source, time_t now)
{
	struct stat status;
	time_t age = stat(source->path, &status) == 0 ? now - status.st_mtime : source->refresh;

	return age < 0 || age >= source->refresh;
}

static bool is_named(const struct update_command *command, const char *name)
{
	for (size_t i = 0; i < command->list_count; i++)
		if (strcmp(command->lists[i], name) == 0)
			return true;
	return false;
}

static bool is_wanted(const struct update_command *command, const struct range_list *list,
		      time_t now)
{
	if (!list->source.path)
		return false;
	if (command->list_count)
		return is_named(command, list->name);
	return command->given[UPDATE_ALL] || is_due(&list->source, now);
}

static enum mxf_exit hand_over(const struct update_command *command, const struct range_list *list,
			       const char *text)
{
	json_t *arguments = json_pack("{s:s, s:s, s:b}", "list", list->name, "text", text, "force",
				      (int)command->given[UPDATE_FORCE]);
	struct answer answer = {.exit = MXF_EXIT_OK};
	struct trouble trouble;
	enum mxf_exit exit = client_ask(command->values[UPDATE_RUN_DIR], "trust import", arguments,
					&answer, &trouble);
	const char *done, *error;

	if (exit != MXF_EXIT_OK) {
		complain(list->name, trouble.text,
			 exit == MXF_EXIT_NO_AGENT ? "start the agent: systemctl start mxfence"
						   : NULL);
		return exit;
	}
	done = json_string_value(json_object_get(answer.body, "done"));
	error = json_string_value(json_object_get(answer.body, "error"));
	if (answer.exit == MXF_EXIT_OK)
		printf("%s\n", done ? done : list->name);
	else
		complain(list->name, error ? error : "the agent refuses it and does not say why",
			 json_string_value(json_object_get(answer.body, "hint")));
	exit = answer.exit;
	answer_clear(&answer);
	return exit;
}

/* What the agent refuses is a failure of this list; that it may not be asked at all is more. */
static enum mxf_exit deliver(const struct update_command *command, const struct range_list *list,
			     const struct gathering *gathering, time_t now)
{
	char *text SCOPED_FREE = list_text_write(&list->source, gathering, now);
	enum mxf_exit exit = MXF_EXIT_OK;

	if (!text) {
		complain(list->name, "out of memory", NULL);
		return MXF_EXIT_FAILED;
	}
	if (command->given[UPDATE_DRY_RUN])
		fputs(text, stdout);
	else
		exit = hand_over(command, list, text);
	if (exit != MXF_EXIT_OK)
		say_what_stays(&list->source);
	return exit == MXF_EXIT_OK || exit == MXF_EXIT_NO_AGENT || exit == MXF_EXIT_NOT_PERMITTED
		       ? exit
		       : MXF_EXIT_FAILED;
}

static enum mxf_exit update(const struct update_command *command, const struct range_list *list,
			    time_t now)
{
	const struct get_options options = {.server = command->values[UPDATE_DNS],
					    .anchor = command->values[UPDATE_DNSSEC]};
	struct gathering gathering = {.all_secure = false};
	struct failure failure;
	enum mxf_exit exit = MXF_EXIT_FAILED;

	if (get_ranges(&list->source, &options, &gathering, &failure) == 0) {
		exit = deliver(command, list, &gathering, now);
	} else {
		complain(list->name, failure.why.text, failure.hint);
		say_what_stays(&list->source);
	}
	gathering_clear(&gathering);
	return exit;
}

static enum mxf_exit update_all(const struct update_command *command,
				const struct filter_config *filter)
{
	const time_t now = time(NULL);
	enum mxf_exit exit = MXF_EXIT_OK;
	bool any = false;

	for (size_t i = 0; i < filter->list_count; i++) {
		enum mxf_exit one;

		if (!is_wanted(command, &filter->lists[i], now))
			continue;
		any = true;
		one = update(command, &filter->lists[i], now);
		if (one == MXF_EXIT_NO_AGENT || one == MXF_EXIT_NOT_PERMITTED)
			return one;
		if (one != MXF_EXIT_OK)
			exit = one;
	}
	if (!any && isatty(STDOUT_FILENO))
		puts("no list is due; --all gets them all the same");
	return exit;
}

static bool lists_exist(const struct update_command *command, const struct config *config)
{
	for (size_t i = 0; i < command->list_count; i++) {
		const char *name = command->lists[i];
		const struct range_list *list = config_find_list(config, name);
		struct text_guess guess = {.word = name, .size = strlen(name)};
		char quote[TEXT_QUOTE_SIZE];

		if (list && list->source.path)
			continue;
		for (size_t j = 0; j < config->filter.list_count; j++)
			if (config->filter.lists[j].source.path)
				text_guess_offer(&guess, config->filter.lists[j].name);
		fprintf(stderr, "mxfence-update: there is no list \"%s\" with a source\n",
			text_quote(name, guess.size, quote));
		if (guess.best)
			fprintf(stderr, "  did you mean \"%s\"?\n", guess.best);
		return false;
	}
	return true;
}

static enum mxf_exit run(const struct update_command *command, const struct config *config,
			 const struct diags *diags)
{
	bool colour = isatty(STDERR_FILENO) && !getenv("NO_COLOR");

	if (diags->errors || diags->out_of_memory) {
		diags_print(diags, &config->sources, colour, stderr);
		fputs("mxfence-update: the configuration has errors; nothing was updated\n",
		      stderr);
		return MXF_EXIT_CONFIGURATION;
	}
	if (!lists_exist(command, config))
		return MXF_EXIT_USAGE;
	return update_all(command, &config->filter);
}

int main(int argc, char **argv)
{
	struct update_command command;
	struct diags diags = {.count = 0};
	struct config *config = NULL;
	int exit = update_options_parse(argc, argv, &command);

	if (exit < 0 && config_load_filter(command.values[UPDATE_CONFIG], &config, &diags)) {
		fputs("mxfence-update: out of memory\n", stderr);
		exit = MXF_EXIT_FAILED;
	}
	if (exit < 0) {
		diags_sort(&diags);
		exit = (int)run(&command, config, &diags);
	}
	diags_clear(&diags);
	config_free(&config);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		perror("mxfence-update: standard output");
		exit = exit ? exit : MXF_EXIT_FAILED;
	}
	return exit;
}
