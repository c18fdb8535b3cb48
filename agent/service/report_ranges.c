// SPDX-License-Identifier: GPL-2.0-only
/* Answers that come from a generation alone. */
#include "service/report_internal.h"

#include <string.h>

#include "core/scoped.h"
#include "service/notes.h"

static json_t *range_object(const struct mxf_generation *generation, uint32_t id,
			    struct notes *notes)
{
	struct generation_range entry;
	const struct mxf_list *list;
	const char *note;
	size_t size = 0;

	generation_read_range(generation, id, &entry);
	list = generation_list(generation, entry.list);
	note = notes ? notes_find(notes, generation_file(generation, entry.range.file),
				  entry.range.line, &size)
		     : NULL;
	return json_pack("{s:o, s:o, s:s, s:o, s:I, s:o, s:n, s:o, s:n}", "range",
			 report_range_text(&entry.range), "list",
			 report_list_name(generation, entry.list), "action",
			 report_action(list->action), "origin",
			 report_origin(generation, &entry.range), "hits", (json_int_t)entry.hits,
			 "last_hit", report_monotonic_time(entry.last_hit), "expires", "note",
			 note ? report_text(note, size) : json_null(), "cause");
}

static bool is_wanted(const struct mxf_generation *generation, uint32_t id, uint32_t action,
		      const char *name)
{
	struct generation_range entry;
	const struct mxf_list *list;

	generation_read_range(generation, id, &entry);
	list = generation_list(generation, entry.list);
	return list->action == action &&
	       (!name || !strcmp(name, generation_string(generation, list->name)));
}

json_t *report_ranges(const struct mxf_generation *generation, uint32_t action, const char *list,
		      const struct sources *sources)
{
	json_t *ranges = json_array();
	struct notes notes;

	notes_open(&notes, sources);
	for (uint32_t id = 0; ranges && id < generation->directory.range_count; id++)
		if (is_wanted(generation, id, action, list))
			json_array_append_new(
				ranges, range_object(generation, id, sources ? &notes : NULL));
	notes_close(&notes);
	return json_pack("{s:i, s:o}", "schema", MXF_JSON_SCHEMA, "ranges", ranges);
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

/* Any one will do: what is asked is how the source fares where the fence stands. */
static const struct ip *guarded_destination(const struct mxf_generation *generation, uint8_t family,
					    struct ip *ip)
{
	if (family == MXF_FAMILY_IPV4 && generation->destination4_count)
		*ip = (struct ip){.lo = generation->destinations4[0].first};
	else if (family == MXF_FAMILY_IPV6 && generation->destination6_count)
		*ip = ip_from_words(generation->destinations6[0].first);
	else
		return NULL;
	return ip;
}

json_t *report_explain(const struct mxf_generation *generation,
		       const struct report_question *question, enum mxf_exit *exit)
{
	struct generation_verdict verdict;
	const struct ip *destination = &question->destination;
	struct ip guarded;
	json_t *kernel;

	if (!question->has_destination)
		destination = guarded_destination(generation, question->family, &guarded);
	generation_judge(generation, question->family, question->source, destination,
			 question->port, &verdict);
	kernel = verdict.guarded ? explain_kernel(generation, &verdict) : json_null();
	*exit = verdict.guarded && verdict.verdict == MXF_VERDICT_DROP ? MXF_EXIT_FAILED
								       : MXF_EXIT_OK;
	return json_pack("{s:i, s:o, s:n}", "schema", MXF_JSON_SCHEMA, "kernel", kernel, "smtp");
}
