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
	const char *between;
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

static void write_begin(struct ranges_writer *writer)
{
	fprintf(writer->out, "{\"schema\": %d, \"ranges\": [", MXF_JSON_SCHEMA);
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

static void write_entry(struct ranges_writer *writer, const struct temporary_entry *entry)
{
	SCOPED_FREE char *note = entry->note[0] ? encode(entry->note, strlen(entry->note)) : NULL;
	const bool trust = entry->action == MXF_TEMPORARY_TRUST;
	char text[RANGE_TEXT_MAX], expires[REPORT_TIME_MAX];

	range_format(&entry->range, text);
	report_boot_time_text(entry->expires, expires);
	fprintf(writer->out,
		"%s{\"range\": \"%s\", \"list\": null, \"action\": \"%s\", \"origin\": null, "
		"\"hits\": %llu, \"last_hit\": ",
		writer->between, text, trust ? "trusted" : "banned",
		(unsigned long long)entry->hits);
	write_time(writer, entry->last_hit);
	fprintf(writer->out, ", \"expires\": \"%s\", \"note\": %s, \"cause\": \"%s\"}", expires,
		note ? note : "null", report_causes[entry->cause]);
	writer->between = ", ";
}

static void write_entries(struct ranges_writer *writer, const struct temporary_entry *entries,
			  size_t count, enum mxf_temporary_action action)
{
	for (size_t i = 0; i < count; i++)
		if (entries[i].action == action)
			write_entry(writer, &entries[i]);
}

static void write_ranges(struct ranges_writer *writer, uint32_t action, const char *name)
{
	const struct mxf_generation *generation = writer->generation;

	for (uint32_t id = 0; id < generation->directory.range_count; id++) {
		struct generation_range entry;
		const struct mxf_list *list;

		generation_read_range(generation, id, &entry);
		list = generation_list(generation, entry.list);
		if (list->action != action ||
		    (name && strcmp(name, generation_string(generation, list->name))))
			continue;
		fputs(writer->between, writer->out);
		write_range(writer, &entry, list);
		writer->between = ", ";
	}
}

static void free_strings(char **strings, uint32_t count)
{
	for (uint32_t i = 0; strings && i < count; i++)
		free(strings[i]);
	free(strings);
}

char *report_ranges(const struct mxf_generation *generation, uint32_t action, const char *list,
		    const struct sources *sources, const struct temporary_entry *entries,
		    size_t entry_count)
{
	const struct mxf_directory *directory = &generation->directory;
	struct ranges_writer writer = {
		.generation = generation,
		.files = calloc(directory->file_count + 1, sizeof(char *)),
		.lists = calloc(directory->list_count + 1, sizeof(char *)),
		.between = "",
	};
	SCOPED_FREE char *text = NULL;
	size_t size;

	notes_open(&writer.notes, sources);
	writer.out = open_memstream(&text, &size);
	if (writer.out && writer.files && writer.lists) {
		write_begin(&writer);
		write_ranges(&writer, action, list);
		if (!list)
			write_entries(&writer, entries, entry_count, MXF_TEMPORARY_TRUST);
		fputs("]}", writer.out);
	} else {
		writer.failed = true;
	}
	if (writer.out && fclose(writer.out))
		writer.failed = true;
	notes_close(&writer.notes);
	free_strings(writer.files, directory->file_count);
	free_strings(writer.lists, directory->list_count);
	return writer.failed ? NULL : TAKE_PTR(text);
}

char *report_temporary(const struct temporary_entry *entries, size_t count,
		       enum mxf_temporary_action action)
{
	struct ranges_writer writer = {.between = ""};
	SCOPED_FREE char *text = NULL;
	size_t size;

	writer.out = open_memstream(&text, &size);
	if (!writer.out)
		return NULL;
	write_begin(&writer);
	write_entries(&writer, entries, count, action);
	fputs("]}", writer.out);
	return fclose(writer.out) ? NULL : TAKE_PTR(text);
}

static void explain_entry(json_t *kernel, const struct temporary_entry *entry)
{
	char expires[REPORT_TIME_MAX];

	report_boot_time_text(entry->expires, expires);
	json_object_set_new(kernel, "range", report_range_text(&entry->range));
	json_object_set_new(kernel, "hits", json_integer((json_int_t)entry->hits));
	json_object_set_new(kernel, "last_hit", report_monotonic_time(entry->last_hit));
	json_object_set_new(kernel, "expires", json_string(expires));
	json_object_set_new(kernel, "cause", json_string(report_causes[entry->cause]));
	json_object_set_new(kernel, "note",
			    entry->note[0] ? report_text(entry->note, strlen(entry->note))
					   : json_null());
}

static json_t *explain_kernel(const struct mxf_generation *generation,
			      const struct temporary_entry *temporary,
			      const struct generation_verdict *verdict)
{
	uint32_t kind = MXF_ANSWER_KIND(verdict->answer);
	json_t *kernel = json_pack(
		"{s:s, s:s, s:n, s:n, s:n, s:i}", "verdict", report_verdicts[verdict->verdict],
		"reason", report_reasons[verdict->reason], "range", "list", "origin", "hits", 0);
	struct generation_range entry;

	if (kernel && temporary)
		explain_entry(kernel, temporary);
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

static uint32_t found_by_entry(const struct temporary_entry *temporary)
{
	if (!temporary)
		return MXF_ANSWER_NONE;
	return temporary->action == MXF_TEMPORARY_BAN ? MXF_FOUND_BANNED : MXF_ANSWER_TRUSTED;
}

json_t *report_explain(const struct mxf_generation *generation,
		       const struct temporary_entry *temporary,
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
			 found_by_entry(temporary), &verdict);
	kernel = verdict.guarded ? explain_kernel(generation, temporary, &verdict) : json_null();
	*exit = verdict.guarded && verdict.verdict == MXF_VERDICT_DROP ? MXF_EXIT_FAILED
								       : MXF_EXIT_OK;
	return json_pack("{s:i, s:o, s:n}", "schema", MXF_JSON_SCHEMA, "kernel", kernel, "smtp");
}
