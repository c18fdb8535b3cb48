// SPDX-License-Identifier: GPL-2.0-only
#include "parse.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/range.h"
#include "core/scoped.h"
#include "core/text.h"
#include "mxfence/generation.h"

#define PATH_TEXT_MAX 160

/* Where in a JSON document we are: "prefixes/3/ipv4Prefix", cut when it is too long. */
struct json_path {
	char text[PATH_TEXT_MAX];
	size_t length;
};

static void path_push(struct json_path *path, const char *step)
{
	char raw[PATH_TEXT_MAX];

	snprintf(raw, sizeof(raw), "%s%s", path->length ? "/" : "", step);
	if (path->length + 8 < sizeof(path->text))
		path->length += text_escape(raw, strlen(raw), path->text + path->length,
					    sizeof(path->text) - path->length);
}

static void path_cut(struct json_path *path, size_t length)
{
	path->length = length;
	path->text[length] = '\0';
}

static int read_string(const json_t *string, const struct json_path *path,
		       struct gathering *gathering)
{
	const char *text = json_string_value(string);
	struct range range = {.family = 0};
	enum range_error wrong = range_parse(text, json_string_length(string), &range);
	char masked[RANGE_TEXT_MAX];

	if (wrong > RANGE_HOST_BITS)
		return 0;
	range_format(&range, masked);
	if (wrong == RANGE_HOST_BITS)
		notes_add(&gathering->left, "%s (%s): taken as %s", text, path->text, masked);
	return found_add(&gathering->found, &range, strdup(path->text));
}

static int read_value(const json_t *value, struct json_path *path, struct gathering *gathering)
{
	const size_t length = path->length;
	const char *key;
	json_t *child;
	char number[24];
	size_t i;
	int error = 0;

	if (json_is_string(value))
		return read_string(value, path, gathering);
	json_array_foreach (value, i, child) {
		snprintf(number, sizeof(number), "%zu", i);
		path_push(path, number);
		error = error ? error : read_value(child, path, gathering);
		path_cut(path, length);
	}
	json_object_foreach ((json_t *)value, key, child) {
		path_push(path, key);
		error = error ? error : read_value(child, path, gathering);
		path_cut(path, length);
	}
	return error;
}

static int read_json(const char *name, const char *text, size_t size, struct gathering *gathering,
		     struct failure *failure)
{
	struct json_path path = {.length = 0};
	json_error_t where;
	json_t *document = json_loadb(text, size, JSON_ALLOW_NUL, &where);
	int error;

	if (!document)
		return trouble_set(&failure->why, -EINVAL, "%s: line %d is no JSON: %s", name,
				   where.line, where.text);
	error = read_value(document, &path, gathering);
	json_decref(document);
	return error;
}

static int add_lines(const struct range_array *array, struct gathering *gathering)
{
	int error = 0;

	for (size_t i = 0; i < array->count && !error; i++) {
		char *origin;

		if (asprintf(&origin, "line %u", array->items[i].line) < 0)
			origin = NULL;
		error = found_add(&gathering->found, &array->items[i], origin);
	}
	return error;
}

/* The first error fails all of it; warnings are noted. */
static int report(const char *name, struct diags *diags, struct gathering *gathering,
		  struct failure *failure)
{
	char more[48] = "";

	diags_sort(diags);
	if (diags->errors > 1)
		snprintf(more, sizeof(more), " (and %zu errors more)", diags->errors - 1);
	for (size_t i = 0; i < diags->count; i++) {
		const struct diag *diag = &diags->items[i];

		if (diag->severity == DIAG_ERROR)
			return trouble_set(&failure->why, -EINVAL, "%s:%u: %s%s", name,
					   diag->place.line, diag->message, more);
		notes_add(&gathering->left, "line %u: %s", diag->place.line, diag->message);
	}
	return diags->out_of_memory ? -ENOMEM : 0;
}

/* Takes `text`. */
static int read_lines(const char *name, char *text, size_t size, struct gathering *gathering,
		      struct failure *failure)
{
	struct sources sources = {.count = 0};
	struct diags diags = {.count = 0};
	struct range_array array = {.count = 0};
	int error = sources_add(&sources, name, name, text, size);

	if (error == 0)
		error = range_array_read_file(&array, &sources, 0, MXF_RANGES_MAX, &diags);
	if (!error)
		error = report(name, &diags, gathering, failure);
	if (!error)
		error = add_lines(&array, gathering);
	free(array.items);
	diags_clear(&diags);
	sources_clear(&sources);
	return error;
}

int parse_ranges(const char *name, char *text, size_t size, struct gathering *gathering,
		 struct failure *failure)
{
	char *own SCOPED_FREE = text;
	const char *begin = text + strspn(text, " \t\r\n");

	failure->hint = NULL;
	if (*begin == '{' || *begin == '[')
		return read_json(name, text, size, gathering, failure);
	return read_lines(name, TAKE_PTR(own), size, gathering, failure);
}
