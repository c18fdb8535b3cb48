// SPDX-License-Identifier: GPL-2.0-only
/* `import members`: from another system's export to an address file. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/scoped.h"
#include "handlers.h"
#include "import.h"
#include "import_files.h"
#include "service/report.h"

/* What one run works on. */
struct job {
	const struct command *command;
	const char *path;
	char *text;
	size_t size;
	enum import_format format;
	enum import_choice choice;
	struct import import;
	struct import_set set, before; /* what was found; what the output holds already */
	bool has_before;
};

static int word_index(const char *const *words, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(words[i], word) == 0)
			return (int)i;
	return -1;
}

static enum mxf_exit read_options(struct job *job)
{
	const char *format = job->command->values[OPTION_FORMAT];
	const char *choice = job->command->values[OPTION_SELECT];
	int found;

	if (format) {
		found = word_index(import_format_names, IMPORT_FORMAT_COUNT, format);
		if (found < 0)
			return output_error(job->command, MXF_EXIT_USAGE,
					    "possible here: " IMPORT_FORMATS_TEXT,
					    "--format cannot be \"%s\"", format);
		job->format = (enum import_format)found;
	}
	if (choice) {
		found = word_index(import_choice_names, IMPORT_CHOICE_COUNT, choice);
		if (found < 0)
			return output_error(job->command, MXF_EXIT_USAGE,
					    "possible here: " IMPORT_CHOICES_TEXT,
					    "--select cannot be \"%s\"", choice);
		if (job->command->given[OPTION_GROUP])
			return output_error(job->command, MXF_EXIT_USAGE, NULL,
					    "--select and --group exclude each other");
		job->choice = (enum import_choice)found;
	}
	return import_check_output(job->command);
}

static void print_messages(const struct job *job)
{
	const struct import *import = &job->import;
	size_t told = import->errors + import->warnings;
	struct screen screen = screen_for(stderr, false);
	SCOPED_FREE char *path = screen_escape(job->path);

	for (size_t i = 0; i < told && i < IMPORT_MESSAGES_MAX; i++) {
		const struct import_message *message = &import->messages[i];

		fprintf(screen.out, "%s:%u: ", path ? path : "", message->line);
		screen_print(&screen, message->error ? STYLE_BAD : STYLE_WARNING,
			     message->error ? "error" : "warning");
		fprintf(screen.out, ": %s\n", message->text);
	}
	if (told > IMPORT_MESSAGES_MAX)
		fprintf(screen.out, "%s: %zu more messages of that kind\n", path ? path : "",
			told - IMPORT_MESSAGES_MAX);
}

static enum mxf_exit find_addresses(struct job *job)
{
	const char *group = job->command->values[OPTION_GROUP];
	bool found;

	if (!job->command->given[OPTION_FORMAT])
		job->format = import_detect(job->text, job->size);
	import_read(job->format, job->text, job->size, &job->import);
	found = import_select(&job->import, job->choice, group, &job->set);
	if (!job->command->given[OPTION_JSON])
		print_messages(job);
	if (job->import.out_of_memory)
		return output_error(job->command, MXF_EXIT_FAILED, NULL, "out of memory");
	if (job->import.errors)
		return output_error(job->command, MXF_EXIT_FAILED,
				    "--format says how to read it, where the guess is wrong",
				    "%s cannot be read as %s: %zu error%s; nothing was written",
				    job->path, import_format_names[job->format], job->import.errors,
				    job->import.errors == 1 ? "" : "s");
	if (!found)
		return output_error(job->command, MXF_EXIT_FAILED,
				    "a DN, a common name or an address names it",
				    "there is no group \"%s\" in %s", group, job->path);
	return MXF_EXIT_OK;
}

/* What the output holds now; a file that is not there holds nothing. */
static enum mxf_exit read_before(struct job *job)
{
	const char *path = job->command->values[OPTION_OUTPUT];
	struct import import;
	char *text;
	size_t size;
	int error = path ? file_read(path, &text, &size) : -ENOENT;

	if (error == -ENOENT)
		return MXF_EXIT_OK;
	if (error)
		return output_error(job->command, MXF_EXIT_FAILED, file_error_hint(-error),
				    "cannot read %s: %s", path, file_error_text(-error));
	import_read(IMPORT_PLAIN, text, size, &import);
	import_select(&import, IMPORT_ALL, NULL, &job->before);
	job->has_before = true;
	import_clear(&import);
	free(text);
	return MXF_EXIT_OK;
}

/* Both sides are sorted. Prints lines "+ address" and "- address" when `out` is given. */
static void compare_sets(const void *context, FILE *out, struct import_difference *difference)
{
	const struct job *job = context;
	size_t a = 0, b = 0;

	while (a < job->set.count || b < job->before.count) {
		int order = b == job->before.count ? -1
			    : a == job->set.count  ? 1
						   : strcmp(job->set.keys[a], job->before.keys[b]);
		const char *key = order <= 0 ? job->set.keys[a] : job->before.keys[b];

		import_difference_add(difference, order, key, out);
		a += order <= 0;
		b += order >= 0;
	}
}

static void write_addresses(const void *context, FILE *out)
{
	const struct job *job = context;
	const char *group = job->command->values[OPTION_GROUP];
	SCOPED_FREE char *name = import_file_name(job->path);
	SCOPED_FREE char *shown = screen_escape(group ? group : "");

	fprintf(out, "# From %s (%s): %s%s%s. Made by mxfence import members.\n", name ? name : "?",
		import_format_names[job->format], group ? "members of " : "select ",
		group ? (shown ? shown : "?") : import_choice_names[job->choice],
		group ? ", nested groups included" : "");
	for (size_t i = 0; i < job->set.count; i++)
		fprintf(out, "%s\n", job->set.keys[i]);
}

static void print_summary(const void *context, const struct import_difference *difference)
{
	const struct job *job = context;
	fprintf(stderr, "%zu address%s of %zu object%s (%s)", job->set.count,
		job->set.count == 1 ? "" : "es", job->import.count,
		job->import.count == 1 ? "" : "s", import_format_names[job->format]);
	if (job->import.warnings)
		fprintf(stderr, ", %zu left out", job->import.warnings);
	import_difference_print(difference, job->command);
}

static void print_json(const void *context, const struct import_difference *difference)
{
	const struct job *job = context;
	json_t *body = json_pack(
		"{s:i, s:s, s:I, s:I, s:I, s:I, s:b, s:O, s:O}", "schema", MXF_JSON_SCHEMA,
		"format", import_format_names[job->format], "objects",
		(json_int_t)job->import.count, "addresses", (json_int_t)job->set.count, "left_out",
		(json_int_t)job->import.warnings, "other_addresses",
		(json_int_t)job->import.other_addresses, "written",
		job->command->given[OPTION_OUTPUT] && !job->command->given[OPTION_DRY_RUN], "added",
		difference->lists[0], "removed", difference->lists[1]);

	output_json(body, false);
	json_decref(body);
}

static enum mxf_exit finish(const struct job *job)
{
	const struct import_result result = {
		.command = job->command,
		.job = job,
		.compare = compare_sets,
		.write = write_addresses,
		.print_summary = print_summary,
		.print_json = print_json,
	};

	return import_finish(&result);
}

enum mxf_exit run_import(const struct command *command)
{
	struct job job = {.command = command, .path = command->operands[0]};
	enum mxf_exit exit = read_options(&job);

	if (exit != MXF_EXIT_OK)
		return exit;
	exit = import_read_export(command, job.path, &job.text, &job.size);
	if (exit != MXF_EXIT_OK)
		return exit;
	exit = find_addresses(&job);
	if (exit == MXF_EXIT_OK)
		exit = read_before(&job);
	if (exit == MXF_EXIT_OK)
		exit = finish(&job);
	import_set_clear(&job.set);
	import_set_clear(&job.before);
	import_clear(&job.import);
	free(job.text);
	return exit;
}
