// SPDX-License-Identifier: GPL-2.0-only
/* `import exchange`: from Exchange's lists of who may connect to a list file. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/range.h"
#include "core/scoped.h"
#include "handlers.h"
#include "import_exchange.h"
#include "import_files.h"
#include "service/report.h"

struct job {
	const struct command *command;
	const char *path;
	struct exchange found, before; /* in the export; in the output as it stands */
};

static enum mxf_exit report_errors(const struct job *job)
{
	size_t errors = job->found.diags.errors;
	json_t *body;

	if (!job->command->given[OPTION_JSON])
		return output_error(job->command, MXF_EXIT_FAILED, NULL,
				    "%s: %zu error%s; nothing was written", job->path, errors,
				    errors == 1 ? "" : "s");
	body = report_diagnostics(&job->found.diags, &job->found.sources);
	report_set_error(body, "%s: %zu error%s; nothing was written", job->path, errors,
			 errors == 1 ? "" : "s");
	output_json(body, false);
	json_decref(body);
	return MXF_EXIT_FAILED;
}

static enum mxf_exit read_found(struct job *job)
{
	struct screen screen = screen_for(stderr, false);
	char *text;
	size_t size;
	enum mxf_exit exit = import_read_export(job->command, job->path, &text, &size);

	if (exit != MXF_EXIT_OK)
		return exit;
	if (exchange_read(job->path, text, size, &job->found) < 0)
		return output_error(job->command, MXF_EXIT_FAILED, NULL, "out of memory");
	if (!job->command->given[OPTION_JSON])
		diags_print(&job->found.diags, &job->found.sources, screen.colour, stderr);
	return job->found.diags.errors ? report_errors(job) : MXF_EXIT_OK;
}

/* A file that is not there holds nothing; of one that is no list, what is no range is not compared.
 */
static enum mxf_exit read_before(struct job *job)
{
	const char *path = job->command->values[OPTION_OUTPUT];
	char *text;
	size_t size;
	int error = path ? file_read(path, &text, &size) : -ENOENT;

	if (error == -ENOENT)
		return MXF_EXIT_OK;
	if (error)
		return output_error(job->command, MXF_EXIT_FAILED, file_error_hint(-error),
				    "cannot read %s: %s", path, file_error_text(-error));
	if (exchange_read(path, text, size, &job->before) < 0)
		return output_error(job->command, MXF_EXIT_FAILED, NULL, "out of memory");
	return MXF_EXIT_OK;
}

/* Both sides are sorted. */
static void compare_lists(const void *context, FILE *out, struct import_difference *difference)
{
	const struct job *job = context;
	const struct exchange *found = &job->found, *before = &job->before;
	size_t a = 0, b = 0;

	while (a < found->count || b < before->count) {
		char text[RANGE_TEXT_MAX];
		int order = b == before->count ? -1
			    : a == found->count
				    ? 1
				    : exchange_compare(&found->ranges[a], &before->ranges[b]);

		range_format(order <= 0 ? &found->ranges[a] : &before->ranges[b], text);
		import_difference_add(difference, order, text, out);
		a += order <= 0;
		b += order >= 0;
	}
}

static void write_ranges(const void *context, FILE *out)
{
	const struct job *job = context;
	SCOPED_FREE char *name = import_file_name(job->path);
	char text[RANGE_TEXT_MAX];

	fprintf(out, "# From %s. Made by mxfence import exchange.\n", name ? name : "?");
	for (size_t i = 0; i < job->found.count; i++) {
		range_format(&job->found.ranges[i], text);
		fprintf(out, "%s\n", text);
	}
}

static size_t left_out(const struct exchange *exchange)
{
	return exchange->domains + exchange->repeated + exchange->open;
}

static void print_summary(const void *context, const struct import_difference *difference)
{
	const struct job *job = context;
	fprintf(stderr, "%zu range%s (%s)", job->found.count, job->found.count == 1 ? "" : "s",
		exchange_format_names[job->found.format]);
	if (left_out(&job->found))
		fprintf(stderr, ", %zu left out", left_out(&job->found));
	import_difference_print(difference, job->command);
}

static void print_json(const void *context, const struct import_difference *difference)
{
	const struct job *job = context;
	const struct command *command = job->command;
	json_t *body = report_diagnostics(&job->found.diags, &job->found.sources);
	json_t *more = json_pack("{s:s, s:I, s:I, s:b, s:O, s:O}", "format",
				 exchange_format_names[job->found.format], "ranges",
				 (json_int_t)job->found.count, "left_out",
				 (json_int_t)left_out(&job->found), "written",
				 command->given[OPTION_OUTPUT] && !command->given[OPTION_DRY_RUN],
				 "added", difference->lists[0], "removed", difference->lists[1]);

	json_object_update(body, more);
	output_json(body, false);
	json_decref(more);
	json_decref(body);
}

static enum mxf_exit finish(const struct job *job)
{
	const struct import_result result = {
		.command = job->command,
		.job = job,
		.compare = compare_lists,
		.write = write_ranges,
		.print_summary = print_summary,
		.print_json = print_json,
	};

	return import_finish(&result);
}

enum mxf_exit run_import_exchange(const struct command *command)
{
	struct job job = {.command = command, .path = command->operands[0]};
	enum mxf_exit exit = import_check_output(command);

	if (exit == MXF_EXIT_OK)
		exit = read_found(&job);
	if (exit == MXF_EXIT_OK)
		exit = read_before(&job);
	if (exit == MXF_EXIT_OK)
		exit = finish(&job);
	exchange_clear(&job.found);
	exchange_clear(&job.before);
	return exit;
}
