// SPDX-License-Identifier: GPL-2.0-only
/* The files of a configuration: the main file, what it includes, and the end of it all. */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/reader.h"
#include "core/file.h"
#include "core/scoped.h"
#include "core/text.h"

/* Includes in included files are followed this deep. */
#define INCLUDE_DEPTH_MAX 8

#define TRUSTED_DIRECTORY "trusted.d"

static size_t directory_length(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) + 1 : 0;
}

char *path_beside(const char *base, const char *name)
{
	char *path;
	int length = name[0] == '/' ? 0 : (int)directory_length(base);

	return asprintf(&path, "%.*s%s", length, base, name) < 0 ? NULL : path;
}

/* `error` is a positive errno value. */
static void report_read_error(struct reader *reader, const char *path, int error,
			      struct place place)
{
	READER_ERROR(reader, place, file_error_hint(error), "cannot read %s: %s", path,
		     error == EMFILE ? "there are too many files" : file_error_text(error));
}

int read_source(struct reader *reader, const char *path, struct place place)
{
	int file = sources_read(&reader->config->sources, path, path);

	if (file == -ENOMEM)
		reader->error = file;
	else if (file < 0)
		report_read_error(reader, path, -file, place);
	return file;
}

int report_unreadable(struct reader *reader, const char *path, int error)
{
	char *text = calloc(1, 1);
	int file = text ? sources_add(&reader->config->sources, path, path, text, 0) : -ENOMEM;
	struct place place = {.file = file > 0 ? (uint16_t)file : 0, .line = 1, .column = 1};

	if (file == -ENOMEM)
		reader->error = file;
	else
		report_read_error(reader, path, error, place);
	return file;
}

int read_source_or_empty(struct reader *reader, const char *path)
{
	int file = sources_read(&reader->config->sources, path, path);

	if (file == -ENOMEM)
		reader->error = file;
	return file >= 0 || reader->error ? file : report_unreadable(reader, path, -file);
}

static void read_pending_include(struct reader *reader);

static void read_mapping(struct reader *reader, uint16_t file)
{
	struct config *config = reader->config;
	struct node *root;

	reader->error = node_parse(&config->sources, file, reader->diags, &root);
	if (!root)
		return;
	if (root->kind == NODE_MAPPING) {
		schema_read_mapping(reader, "", root, config, reader->set);
		read_pending_include(reader);
	} else if (root->kind != NODE_BROKEN && (root->kind != NODE_SCALAR || root->size > 0)) {
		READER_ERROR(reader, root->place, "expected keys, as in \"filter:\"",
			     "a configuration must be a mapping, not %s",
			     node_kind_name(root->kind));
	}
	node_free(&root);
}

/* Notes that a file is read; false when it was before. */
static bool note_file(struct reader *reader, const char *path, struct place place)
{
	struct included_file *files;
	char *real_path SCOPED_FREE = realpath(path, NULL);

	for (size_t i = 0; real_path && i < reader->included_count; i++) {
		struct place before = reader->included[i].place;

		if (strcmp(reader->included[i].real_path, real_path) != 0)
			continue;
		READER_ERROR(reader, place, NULL, "%s is read already (%s:%u)", path,
			     sources_name(&reader->config->sources, before.file), before.line);
		return false;
	}
	if (!real_path)
		return true;
	files = reallocarray(reader->included, reader->included_count + 1, sizeof(*files));
	if (!files) {
		reader->error = -ENOMEM;
		return false;
	}
	reader->included = files;
	files[reader->included_count++] =
		(struct included_file){.real_path = TAKE_PTR(real_path), .place = place};
	return true;
}

static void include_file(struct reader *reader, const char *path, struct place place)
{
	int file;

	if (!note_file(reader, path, place))
		return;
	file = read_source(reader, path, place);
	if (file < 0)
		return;
	reader->depth++;
	read_mapping(reader, (uint16_t)file);
	reader->depth--;
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A directory that is not there holds nothing that matches. */
static int on_glob_error(const char *path, int error)
{
	(void)path;
	return error != ENOENT && error != ENOTDIR;
}

/* The directory's name is no pattern, whatever characters it has. */
static char *pattern_beside(const char *base, const char *pattern)
{
	size_t length = pattern[0] == '/' ? 0 : directory_length(base);
	char *joined = malloc(2 * length + strlen(pattern) + 1);
	size_t size = 0;

	for (size_t i = 0; joined && i < length; i++) {
		if (strchr("*?[]\\", base[i]))
			joined[size++] = '\\';
		joined[size++] = base[i];
	}
	if (joined)
		strcpy(joined + size, pattern);
	return joined;
}

static void include_pattern(struct reader *reader, const char *pattern, struct place place)
{
	glob_t found = {0};
	int result = glob(pattern, GLOB_NOSORT, on_glob_error, &found);

	if (result == GLOB_NOSPACE)
		reader->error = -ENOMEM;
	else if (result != 0 && result != GLOB_NOMATCH)
		READER_ERROR(reader, place, file_error_hint(errno), "cannot read the directory: %s",
			     strerror(errno));
	if (result == 0)
		qsort(found.gl_pathv, found.gl_pathc, sizeof(*found.gl_pathv), compare_paths);
	for (size_t i = 0; i < found.gl_pathc && result == 0 && !reader->error; i++)
		include_file(reader, found.gl_pathv[i], place);
	globfree(&found);
}

static void add_include(struct reader *reader, const struct schema_key *key,
			const struct node *item, void *field)
{
	const char *base = reader->config->sources.items[item->place.file].path;
	bool is_pattern = strpbrk(item->text, "*?[") != NULL;
	char *path SCOPED_FREE =
		is_pattern ? pattern_beside(base, item->text) : path_beside(base, item->text);

	(void)key;
	(void)field;
	if (!path)
		reader->error = -ENOMEM;
	else if (reader->depth >= INCLUDE_DEPTH_MAX)
		READER_ERROR(reader, item->place, NULL, "files include files more than %d deep",
			     INCLUDE_DEPTH_MAX);
	else if (is_pattern)
		include_pattern(reader, path, item->place);
	else
		include_file(reader, path, item->place);
}

/* What a file says itself comes before what it includes. */
void read_include(struct reader *reader, const struct schema_key *key, const struct node *value,
		  void *field)
{
	(void)field;
	reader->include_key = key;
	reader->include = value;
}

static void read_pending_include(struct reader *reader)
{
	const struct node *value = reader->include;

	reader->include = NULL;
	if (value && !reader->error)
		read_items(reader, reader->include_key, value, add_include, NULL);
}

/* What can only be said when every file has been read. */
static void finish(struct reader *reader)
{
	struct config *config = reader->config;

	config->filter.place = schema_place(reader, "filter");
	config->has_filter = config->filter.place.line > 0;
	if (config->has_filter) {
		schema_check_required(reader, "filter");
		ports_finish(reader);
		lists_read_directory(reader, config->trusted_directory);
	}
	if (schema_place(reader, "metrics").line > 0)
		schema_check_required(reader, "metrics");
	config->gate.place = schema_place(reader, "gate");
	config->has_gate = config->gate.place.line > 0;
	if (config->has_gate) {
		schema_check_required(reader, "gate");
		gate_finish(reader);
	}
	config_compute_hash(config);
}

static void read_everything(struct reader *reader, const char *path, int file)
{
	struct place start = {.line = 1, .column = 1};

	if (file < 0)
		file = read_source_or_empty(reader, path);
	if (reader->error || !note_file(reader, path, start))
		return;
	reader->config->trusted_directory = path_beside(path, TRUSTED_DIRECTORY);
	if (!reader->config->trusted_directory)
		reader->error = -ENOMEM;
	if (!reader->error)
		read_mapping(reader, (uint16_t)file);
	if (!reader->error)
		finish(reader);
}

static void reader_clear(struct reader *reader)
{
	for (size_t i = 0; i < reader->included_count; i++)
		free(reader->included[i].real_path);
	free(reader->included);
	free(reader->set);
}

/* `text` is taken; NULL: the contents of the file. */
static int load(const char *path, char *text, size_t size, bool filter_only, struct config **out,
		struct diags *diags)
{
	struct config *config = calloc(1, sizeof(*config));
	struct reader reader = {.config = config, .diags = diags, .filter_only = filter_only};
	int file = -1;

	reader.set = schema_places(&reader);
	if (text && config)
		file = sources_add(&config->sources, path, path, text, size);
	if (!config || !reader.set || (text && file < 0))
		reader.error = -ENOMEM;
	if (!reader.error) {
		schema_apply_presets(config);
		limits_preset(&config->gate.limits);
		limits_unset(&config->gate.limits_internal);
		read_everything(&reader, path, file);
	}
	reader_clear(&reader);
	if (reader.error) {
		config_free(&config);
		return reader.error;
	}
	*out = config;
	return 0;
}

int config_load(const char *path, struct config **config, struct diags *diags)
{
	return load(path, NULL, 0, false, config, diags);
}

int config_load_filter(const char *path, struct config **config, struct diags *diags)
{
	return load(path, NULL, 0, true, config, diags);
}

int config_load_text(const char *path, const char *text, size_t size, struct config **config,
		     struct diags *diags)
{
	char *copy = malloc(size + 1);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, text, size);
	copy[size] = '\0';
	return load(path, copy, size, false, config, diags);
}
