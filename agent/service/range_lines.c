// SPDX-License-Identifier: GPL-2.0-only
#include "service/range_lines.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/reader.h"
#include "mxfence/generation.h"

/* The first message of that severity, or NULL. */
static const struct diag *find_first(const struct diags *diags, enum diag_severity severity)
{
	for (size_t i = 0; i < diags->count; i++)
		if (diags->items[i].severity == severity)
			return &diags->items[i];
	return NULL;
}

static int refuse(const struct diag *error, bool many, struct trouble *trouble)
{
	if (many)
		return trouble_set(trouble, -EINVAL, "line %u: %s", error->place.line,
				   error->message);
	return trouble_set(trouble, -EINVAL, "%s", error->message);
}

/* As a list file is read, so that what is taken here is taken there. */
static int lines_fill(const struct sources *sources, struct range_array *array,
		      struct range_lines *lines, struct trouble *trouble)
{
	struct diags diags = {0};
	const struct diag *found;
	int error = range_array_read_file(array, sources, 0, MXF_RANGES_MAX, &diags);

	if (error || diags.out_of_memory)
		error = trouble_set(trouble, -ENOMEM, "out of memory");
	else if ((found = find_first(&diags, DIAG_ERROR)))
		error = refuse(found, strchr(sources->items[0].text, '\n'), trouble);
	else if ((found = find_first(&diags, DIAG_WARNING)))
		snprintf(lines->masked, sizeof(lines->masked), "%s", found->message);
	diags_clear(&diags);
	return error;
}

int range_lines_read(const char *text, struct range_lines *lines, struct trouble *trouble)
{
	struct range_lines read = {.count = 0};
	struct sources sources = {0};
	struct range_array array = {0};
	char *copy = strdup(text); /* given away to the sources */
	int error = copy ? 0 : -ENOMEM;

	if (!error)
		error = sources_add(&sources, "", "", copy, strlen(text));
	if (error < 0)
		return trouble_set(trouble, error, "out of memory");
	error = lines_fill(&sources, &array, &read, trouble);
	sources_clear(&sources);
	if (error) {
		free(array.items);
		return error;
	}
	read.ranges = array.items;
	read.count = array.count;
	*lines = read;
	return 0;
}

void range_lines_clear(struct range_lines *lines)
{
	free(lines->ranges);
	*lines = (struct range_lines){.count = 0};
}
