// SPDX-License-Identifier: GPL-2.0-only
/* `trust suggest`: what the agent knows of dropped sources, with their names, in ranges. */
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "core/range.h"
#include "core/scoped.h"
#include "handlers.h"
#include "names.h"
#include "service/report.h"
#include "suggest.h"
#include "views.h"

/* So many sources are asked for their names, and all names together waited for so long. */
#define NAMES_COUNT 1000
#define NAMES_PATIENCE_MS 10000

static bool read_source(const json_t *object, struct suggest_source *source)
{
	const char *address = view_text(object, "address");
	const char *name = view_text(object, "name");

	if (!address ||
	    ip_parse(address, strlen(address), &source->ip, &source->family) != RANGE_OK)
		return false;
	source->count = view_number(object, "count");
	source->last = view_text(object, "last");
	source->name = name;
	source->evidence = (view_text(object, "passed") ? SUGGEST_BIT(PASSED) : 0) |
			   (view_text(object, "mail") ? SUGGEST_BIT(MAIL) : 0) |
			   (name && suggest_is_mail_name(name) ? SUGGEST_BIT(NAME) : 0);
	return true;
}

/* New (free()); the texts stay the array's. NULL without memory. */
static struct suggest_source *read_sources(const json_t *array, size_t *count)
{
	struct suggest_source *sources = calloc(json_array_size(array) + 1, sizeof(*sources));
	size_t i;
	json_t *object;

	*count = 0;
	json_array_foreach (array, i, object)
		if (sources && read_source(object, &sources[*count]))
			++*count;
	return sources;
}

static json_t *evidence_array(unsigned int evidence)
{
	json_t *array = json_array();

	for (size_t i = 0; i < SUGGEST_EVIDENCE_COUNT; i++)
		if (evidence & 1u << i)
			json_array_append_new(array, json_string(suggest_evidence_names[i]));
	return array;
}

static json_t *suggestion_object(const struct suggestion *suggestion)
{
	json_t *addresses = json_array(), *names = json_array();
	char text[RANGE_TEXT_MAX];

	for (size_t i = 0; i < suggestion->source_count; i++) {
		const struct suggest_source *source = &suggestion->sources[i];

		ip_format(source->ip, source->family, text);
		json_array_append_new(addresses, json_string(text));
		if (source->name)
			json_array_append_new(names, json_string(source->name));
	}
	range_format(&suggestion->range, text);
	return json_pack("{s:s, s:o, s:I, s:o, s:o, s:o}", "range", text, "sources", addresses,
			 "count", (json_int_t)suggestion->count, "last",
			 suggestion->last ? json_string(suggestion->last) : json_null(), "evidence",
			 evidence_array(suggestion->evidence), "names", names);
}

/* The answer's own sources, which have names by now, as suggestions. NULL without memory. */
static json_t *suggestions_body(const json_t *array, size_t unanswered)
{
	SCOPED_FREE struct suggest_source *sources = NULL;
	SCOPED_FREE struct suggestion *suggestions = NULL;
	json_t *objects = json_array();
	size_t count;
	int found;

	sources = read_sources(array, &count);
	found = sources ? suggest_group(sources, &count, &suggestions) : -1;
	if (found < 0) {
		json_decref(objects);
		return NULL;
	}
	for (int i = 0; i < found; i++)
		json_array_append_new(objects, suggestion_object(&suggestions[i]));
	return json_pack("{s:i, s:o, s:I, s:I}", "schema", MXF_JSON_SCHEMA, "suggestions", objects,
			 "dropped", (json_int_t)count, "unanswered", (json_int_t)unanswered);
}

/* Puts the suggestions in place of what the agent said. */
static enum mxf_exit suggest(const struct command *command, struct answer *answer)
{
	struct names *names = names_start(names_look_up_confirmed);
	json_t *sources = json_object_get(answer->body, "sources"), *body;
	size_t unanswered = json_array_size(sources);

	if (!names)
		return output_error(command, MXF_EXIT_FAILED, NULL, "no memory for names");
	names_add(names, sources, NAMES_COUNT, NAMES_PATIENCE_MS);
	unanswered = unanswered > NAMES_COUNT ? unanswered - NAMES_COUNT : 0;
	unanswered += names_waiting(names);
	names_stop(&names);
	body = suggestions_body(sources, unanswered);
	if (!body)
		return output_error(command, MXF_EXIT_FAILED, NULL, "out of memory");
	json_decref(answer->body);
	answer->body = body;
	return output_answer(command, answer, view_suggest);
}

enum mxf_exit run_trust_suggest(const struct command *command)
{
	struct answer answer = {.exit = MXF_EXIT_OK};
	struct trouble trouble;
	enum mxf_exit exit = ask_agent(command, command->verb->name, NULL, &answer, &trouble);

	if (exit != MXF_EXIT_OK)
		return ask_report_failure(command, exit, &trouble);
	exit = answer.exit == MXF_EXIT_OK ? suggest(command, &answer)
					  : output_answer(command, &answer, NULL);
	answer_clear(&answer);
	return exit;
}
