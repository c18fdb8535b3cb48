// SPDX-License-Identifier: GPL-2.0-only
#include "import_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "core/scoped.h"
#include "import.h"
#include "service/report.h"

#define EXPORT_SIZE_MAX ((off_t)2 << 30)

enum mxf_exit import_check_output(const struct command *command)
{
	if (command->given[OPTION_DRY_RUN] && !command->given[OPTION_OUTPUT])
		return output_error(command, MXF_EXIT_USAGE, NULL,
				    "--dry-run needs --output, to compare with");
	return MXF_EXIT_OK;
}

/* Maps and decodes the export; 0 or -errno. */
static int read_text(const char *path, char **text, size_t *size)
{
	SCOPED_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	void *data;

	if (fd < 0 || fstat(fd, &status))
		return -errno;
	if (!S_ISREG(status.st_mode))
		return S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
	if (status.st_size > EXPORT_SIZE_MAX)
		return -EFBIG;
	if (status.st_size == 0) {
		*text = calloc(1, 1);
		*size = 0;
		return *text ? 0 : -ENOMEM;
	}
	data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return -errno;
	*text = import_decode(data, (size_t)status.st_size, size);
	munmap(data, (size_t)status.st_size);
	return *text ? 0 : -errno;
}

enum mxf_exit import_read_export(const struct command *command, const char *path, char **text,
				 size_t *size)
{
	int error = read_text(path, text, size);

	if (error)
		return output_error(command, MXF_EXIT_FAILED, file_error_hint(-error),
				    "cannot read %s: %s", path, file_error_text(-error));
	return MXF_EXIT_OK;
}

char *import_file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return screen_escape(slash ? slash + 1 : path);
}

void import_difference_add(struct import_difference *difference, int order, const char *text,
			   FILE *out)
{
	if (order && out)
		fprintf(out, "%c %s\n", order < 0 ? '+' : '-', text);
	if (order)
		json_array_append_new(difference->lists[order > 0],
				      report_text(text, strlen(text)));
	difference->added += order < 0;
	difference->removed += order > 0;
}

void import_difference_print(const struct import_difference *difference,
			     const struct command *command)
{
	SCOPED_FREE char *output = screen_escape(command->values[OPTION_OUTPUT]);

	if (output)
		fprintf(stderr, "; %s: %zu added, %zu removed%s", output, difference->added,
			difference->removed,
			command->given[OPTION_DRY_RUN] ? " (nothing was written)" : "");
	fputs("\n", stderr);
}

static enum mxf_exit replace_output(const struct import_result *result)
{
	const struct command *command = result->command;
	SCOPED_FREE char *text = NULL;
	struct trouble trouble;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out)
		result->write(result->job, out);
	if (!out || fclose(out))
		return output_error(command, MXF_EXIT_FAILED, NULL, "out of memory");
	if (file_replace(command->values[OPTION_OUTPUT], text, size, &trouble))
		return output_error(command, MXF_EXIT_FAILED, NULL, "%s", trouble.text);
	return MXF_EXIT_OK;
}

enum mxf_exit import_finish(const struct import_result *result)
{
	bool dry = result->command->given[OPTION_DRY_RUN];
	bool json = result->command->given[OPTION_JSON];
	struct import_difference difference = {.lists = {json_array(), json_array()}};
	enum mxf_exit exit = MXF_EXIT_OK;

	result->compare(result->job, dry && !json ? stdout : NULL, &difference);
	if (result->command->given[OPTION_OUTPUT] && !dry)
		exit = replace_output(result);
	else if (!result->command->given[OPTION_OUTPUT] && !json)
		result->write(result->job, stdout);
	if (exit == MXF_EXIT_OK && json)
		result->print_json(result->job, &difference);
	else if (exit == MXF_EXIT_OK)
		result->print_summary(result->job, &difference);
	json_decref(difference.lists[0]);
	json_decref(difference.lists[1]);
	return exit;
}
