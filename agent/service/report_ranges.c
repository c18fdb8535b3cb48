// SPDX-License-Identifier: GPL-2.0-only
/* Answers that come from a generation alone. */
#include "service/report_internal.h"

#include <stdio.h>
#include <string.h>

#include "core/range.h"
#include "core/scoped.h"
#include "service/notes.h"

/*
 * A million ranges would make gigabytes of JSON objects, so this answer is written as text. Names
 * are escaped once and kept.
 */
struct ranges_writer {
	const struct mxf_generation *generation;
	struct notes notes;
	FILE *out;
	char **files; /* as JSON strings, made when first needed */
	char **lists;
	bool failed;
};

static char *encode(const char *text, size_t size)
{
	json_t *string = report_text(text, size);
	char *encoded = json_dumps(string, JSON_ENCODE_ANY);

	json_decref(string);
	return encoded;
}

static const char *encode_once(struct ranges_writer *writer, char **kept, const char *text)
{
	if (!*kept)
		*kept = encode(text, strlen(text));
	if (!*kept)
		writer->failed = true;
	return *kept ? *kept : "\"\"";
}

static void write_time(struct ranges_writer *writer, uint64_t monotonic)
{
	json_t *time = report_monotonic_time(monotonic);

	if (json_is_string(time))
		fprintf(writer->out, "\"%s\"", json_string_value(time));
	else
		fputs("null", writer->out);
	json_decref(time);
}

static void write_note(struct ranges_writer *writer, const struct range *range)
{
	size_t size;
	const char *note =
		notes_find(&writer->notes, generation_file(writer->generation, range->file),
			   range->line, &size);
	SCOPED_FREE char *encoded = note ? encode(note, size) : NULL;

	fputs(encoded ? encoded : "null", writer->out);
}

static void write_range(struct ranges_writer *writer, const struct generation_range *entry,
			const struct mxf_list *list)
{
	const struct mxf_generation *generation = writer->generation;
	const struct range *range = &entry->range;
	const char *file = encode_once(writer, &writer->files[range->file],
				       generation_file(generation, range->file));
	const char *name = encode_once(writer, &writer->lists[entry->list],
				       generation_string(generation, list->name));
	char text[RANGE_TEXT_MAX];

	range_format(range, text);
	/* The file's closing quote makes room for the line. */
	fprintf(writer->out,
		"{\"range\": \"%s\", \"list\": %s, \"action\": \"%s\", \"origin\": %.*s:%u\", "
		"\"hits\": %llu, \"last_hit\": ",
		text, name, report_action(list->action), (int)strlen(file) - 1, file, range->line,
		(unsigned long long)entry->hits);
	write_time(writer, entry->last_hit);
	fputs(", \"expires\": null, \"note\": ", writer->out);
	write_note(writer, range);
	fputs(", \"cause\": null}", writer->out);
}

static void write_ranges(struct ranges_writer *writer, uint32_t action, const char *name)
{
	const struct mxf_generation *generation = writer->generation;
	const char *between = "";

	fprintf(writer->out, "{\"schema\": %d, \"ranges\": [", MXF_JSON_SCHEMA);
	for (uint32_t id = 0; id < generation->directory.range_count; id++) {
		struct generation_range entry;
		const struct mxf_list *list;

		generation_read_range(generation, id, &entry);
		list = generation_list(generation, entry.list);
		if (list->action != action ||
		    (name && strcmp(name, generation_string(generation, list->name))))
			continue;
		fputs(between, writer->out);
		write_range(writer, &entry, list);
		between = ", ";
	}
	fputs("]}", writer->out);
}

static void free_strings(char **strings, uint32_t count)
{
	for (uint32_t i = 0; strings && i < count; i++)
		free(strings[i]);
	free(strings);
}

char *report_ranges(const struct mxf_generation *generation, uint32_t action, const char *list,
		    const struct sources *sources)
{
	const struct mxf_directory *directory = &generation->directory;
	struct ranges_writer writer = {
		.generation = generation,
		.files = calloc(directory->file_count + 1, sizeof(char *)),
		.lists = calloc(directory->list_count + 1, sizeof(char *)),
	};
	SCOPED_FREE char *text = NULL;
	size_t size;

	notes_open(&writer.notes, sources);
	writer.out = open_memstream(&text, &size);
	if (writer.out && writer.files && writer.lists)
		write_ranges(&writer, action, list);
	else
		writer.failed = true;
	if (writer.out && fclose(writer.out))
		writer.failed = true;
	notes_close(&writer.notes);
	free_strings(writer.files, directory->file_count);
	free_strings(writer.lists, directory->list_count);
	return writer.failed ? NULL : TAKE_PTR(text);
}

static json_t *explain_kernel(const struct mxf_generation *generation,
			      const struct generation_verdict *verdict)
{
	uint32_t kind = MXF_ANSWER_KIND(verdict->answer);
	json_t *kernel = json_pack(
		"{s:s, s:s, s:n, s:n, s:n, s:i}", "verdict", report_verdicts[verdict->verdict],
		"reason", report_reasons[verdict->reason], "range", "list", "origin", "hits", 0);
	struct generation_range entry;

	if (!kernel || (kind != MXF_ANSWER_TRUSTED && kind != MXF_ANSWER_DENIED))
		return kernel;
	generation_read_range(generation, MXF_ANSWER_ID(verdict->answer), &entry);
	json_object_set_new(kernel, "range", report_range_text(&entry.range));
	json_object_set_new(kernel, "list", report_list_name(generation, entry.list));
	json_object_set_new(kernel, "origin", report_origin(generation, &entry.range));
	json_object_set_new(kernel, "hits", json_integer((json_int_t)entry.hits));
	json_object_set_new(kernel, "last_hit", report_monotonic_time(entry.last_hit));
	return kernel;
}

json_t *report_explain(const struct mxf_generation *generation,
		       const struct report_question *question, enum mxf_exit *exit)
{
	struct generation_verdict verdict;
	json_t *kernel;

	if (!generation) {
		*exit = MXF_EXIT_OK;
		return json_pack("{s:i, s:n, s:n}", "schema", MXF_JSON_SCHEMA, "kernel", "smtp");
	}
	generation_judge(generation, question->family, question->source,
			 question->has_destination ? &question->destination : NULL, question->port,
			 &verdict);
	kernel = verdict.guarded ? explain_kernel(generation, &verdict) : json_null();
	*exit = verdict.guarded && verdict.verdict == MXF_VERDICT_DROP ? MXF_EXIT_FAILED
								       : MXF_EXIT_OK;
	return json_pack("{s:i, s:o, s:n}", "schema", MXF_JSON_SCHEMA, "kernel", kernel, "smtp");
}
