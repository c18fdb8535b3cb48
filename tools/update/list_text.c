// SPDX-License-Identifier: GPL-2.0-only
#include "list_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/range.h"
#include "core/text.h"

#define SOURCE_TEXT_MAX 512

static void write_notes(FILE *out, const char *title, const struct notes *notes)
{
	if (notes->count + notes->more == 0)
		return;
	fprintf(out, "# %s\n", title);
	for (size_t i = 0; i < notes->count; i++)
		fprintf(out, "#   %s\n", notes->lines[i]);
	if (notes->more)
		fprintf(out, "#   and %zu more\n", notes->more);
}

static void write_head(FILE *out, const struct list_source *source,
		       const struct gathering *gathering, time_t now)
{
	char text[SOURCE_TEXT_MAX], time[32];
	struct tm utc;

	text_escape(source->text, strlen(source->text), text, sizeof(text));
	strftime(time, sizeof(time), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
	fputs("# Written by mxfence-update; what is changed here by hand is lost.\n", out);
	fprintf(out, "# source: %s\n# time: %s\n", text, time);
	if (source->kind == SOURCE_SPF)
		fprintf(out, "# DNSSEC: %s\n",
			gathering->all_secure ? "every answer was validated"
					      : "not every answer was validated");
}

char *list_text_write(const struct list_source *source, const struct gathering *gathering,
		      time_t now)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	write_head(out, source, gathering, now);
	write_notes(out, "read:", &gathering->read);
	write_notes(out, "left out or changed:", &gathering->left);
	for (size_t i = 0; i < gathering->found.count; i++) {
		char range[RANGE_TEXT_MAX];

		range_format(&gathering->found.items[i].range, range);
		fprintf(out, "%s # %s\n", range, gathering->found.items[i].origin);
	}
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}
