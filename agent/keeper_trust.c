// SPDX-License-Identifier: GPL-2.0-only
/* The verbs that edit trusted.d. */
#include "keeper_edit.h"
#include "keeper_temporary.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/log.h"
#include "core/range.h"
#include "core/scoped.h"
#include "service/report.h"
#include "service/request.h"
#include "service/trust_text.h"

#define LIST_DEFAULT "cli"

/* Refusals name at most so many places. */
#define PLACES_MAX 3

/* What is asked for, and the file that it is about. */
struct trust_change {
	struct list_edit edit;
	struct range range;
	char text[RANGE_TEXT_MAX]; /* canonical */
	char masked[160];	   /* what was cut off, as words to add; "" for nothing */
	bool named;		   /* the list is, by the request */
	const char *note;
	bool force;
	bool ended; /* temporary trust of the range, by this request */
};

/* What stands in the configuration. */

typedef bool range_match_fn(const struct range *range, const struct range *asked);

static bool is_same(const struct range *range, const struct range *asked)
{
	return range->family == asked->family && ip_equal(range->first, asked->first) &&
	       ip_equal(range->last, asked->last);
}

static bool is_around(const struct range *range, const struct range *asked)
{
	return range->family == asked->family && ip_compare(range->first, asked->first) <= 0 &&
	       ip_compare(asked->last, range->last) <= 0;
}

static bool is_inside(const struct range *range, const struct range *asked)
{
	return is_around(asked, range);
}

static bool is_same_family(const struct range *range, const struct range *asked)
{
	return range->family == asked->family;
}

struct found_range {
	const struct range_list *list;
	const struct range *range;
};

/* The first match at or after *from, counted over all lists; *from is then behind it. */
static bool find_range(const struct config *config, const struct range *asked,
		       range_match_fn *match, size_t *from, struct found_range *found)
{
	size_t number = 0;

	for (size_t i = 0; i < config->filter.list_count; i++) {
		const struct range_list *list = &config->filter.lists[i];
		size_t skip = *from > number ? *from - number : 0;

		for (size_t j = skip; j < list->count; j++) {
			if (!match(&list->ranges[j], asked))
				continue;
			*found = (struct found_range){list, &list->ranges[j]};
			*from = number + j + 1;
			return true;
		}
		number += list->count;
	}
	return false;
}

static const char *file_of(const struct keeper *keeper, const struct range *range)
{
	return sources_name(&keeper->config->sources, range->file);
}

static void print_place(FILE *out, const struct keeper *keeper, const struct found_range *found)
{
	char text[RANGE_TEXT_MAX];

	range_format(found->range, text);
	fprintf(out, "%s (%s %s, %s:%u)", text,
		found->list->action == LIST_DENIED ? "denied list" : "list", found->list->name,
		file_of(keeper, found->range), found->range->line);
}

/* Prints `before` and the first matches; returns whether there was one. */
static bool print_places(FILE *out, const struct keeper *keeper, const struct range *asked,
			 range_match_fn *match, const char *before)
{
	struct found_range found;
	size_t from = 0;
	int count = 0;

	while (find_range(keeper->config, asked, match, &from, &found)) {
		if (count == PLACES_MAX) {
			fputs(", ...", out);
			break;
		}
		fputs(count++ ? ", " : before, out);
		print_place(out, keeper, &found);
	}
	return count > 0;
}

static struct ip distance(const struct range *range, const struct range *asked)
{
	return ip_compare(range->last, asked->first) < 0 ? ip_subtract(asked->first, range->last)
							 : ip_subtract(range->first, asked->last);
}

static void print_nearest(FILE *out, const struct keeper *keeper, const struct range *asked)
{
	struct found_range nearest = {.list = NULL}, found;
	size_t from = 0;

	while (find_range(keeper->config, asked, is_same_family, &from, &found))
		if (!nearest.list ||
		    ip_compare(distance(found.range, asked), distance(nearest.range, asked)) < 0)
			nearest = found;
	if (!nearest.list)
		return;
	fputs("; the nearest is ", out);
	print_place(out, keeper, &nearest);
}

/* The request. */

static int change_read_range(const json_t *arguments, struct trust_change *change,
			     struct trouble *trouble)
{
	enum range_error wrong;
	const char *text;
	int error;

	if (json_object_get(arguments, "text"))
		return trouble_set(trouble, -EINVAL,
				   "many ranges at once: `mxfence trust import LIST -`, or with "
				   "--for");
	error = request_string(arguments, "range", true, &text, trouble);
	if (error)
		return error;
	wrong = range_parse(text, strlen(text), &change->range);
	if (wrong != RANGE_OK && wrong != RANGE_HOST_BITS)
		return trouble_set(trouble, -EINVAL, "%.80s %s", text, range_error_text(wrong));
	range_format(&change->range, change->text);
	if (wrong == RANGE_HOST_BITS)
		snprintf(change->masked, sizeof(change->masked), "; %.80s %s", text,
			 range_error_text(wrong));
	return 0;
}

/* Reads the arguments and the file; the change's edit must be closed also on failure. */
static int change_open(const struct keeper *keeper, const json_t *arguments,
		       struct trust_change *change, struct trouble *trouble)
{
	const char *list = NULL;
	int error = change_read_range(arguments, change, trouble);

	if (!error)
		error = request_string(arguments, "list", false, &list, trouble);
	if (!error)
		error = request_string(arguments, "note", false, &change->note, trouble);
	if (error)
		return error;
	change->force = json_is_true(json_object_get(arguments, "force"));
	change->named = list != NULL;
	return list_edit_open(keeper, list ? list : LIST_DEFAULT, &change->edit, trouble);
}

static void answer_open_error(struct control_answer *answer, int error,
			      const struct trouble *trouble)
{
	keeper_answer_error(answer, error == -EINVAL ? MXF_EXIT_USAGE : keeper_exit_for(error),
			    "%s", trouble->text);
}

/* `text` is NULL when the file is right as it is. */
static void change_apply(struct keeper *keeper, const struct trust_change *change,
			 const struct text *text, const char *done, struct control_answer *answer)
{
	const struct keeper_terms terms = {.deadline = 0};

	list_edit_apply(keeper, &change->edit, text, &terms, answer);
	if (answer->exit != MXF_EXIT_OK)
		return;
	json_object_set_new(answer->body, "range", json_string(change->text));
	json_object_set_new(answer->body, "list", json_string(change->edit.list));
	json_object_set_new(answer->body, "done", report_text(done, strlen(done)));
}

/* A ban would go on in spite of the range. False, with the answer, when that stops the edit. */
static bool add_may_go_on(struct keeper *keeper, const struct trust_change *change,
			  struct control_answer *answer)
{
	struct trouble trouble;

	if (change->force || !keeper_check_bans(keeper, &change->range, &trouble))
		return true;
	keeper_answer_error(answer, MXF_EXIT_FAILED, "%s", trouble.text);
	return false;
}

/* The range is trusted: bans inside it end, and the answer names a wider one, which goes on. */
static void add_lift_bans(struct keeper *keeper, const struct trust_change *change,
			  struct control_answer *answer)
{
	const char *done = json_string_value(json_object_get(answer->body, "done"));
	struct temporary_entry wider;
	struct trouble trouble;
	SCOPED_FREE char *text = NULL;
	char ban[RANGE_TEXT_MAX];
	int banned = keeper_lift_bans(keeper, &change->range, &wider, &trouble), length = -1;

	if (!banned || !done)
		return;
	if (banned > 0) {
		range_format(&wider.range, ban);
		length =
			asprintf(&text, "%s; but the wider ban of %s goes on: `mxfence ban del %s`",
				 done, ban, ban);
	} else {
		length = asprintf(&text, "%s; but its bans could not be ended: %s", done,
				  trouble.text);
	}
	if (length >= 0)
		json_object_set_new(answer->body, "done", report_text(text, (size_t)length));
	else
		text = NULL;
}

/* Trust add. */

static void answer_unchanged(const struct trust_change *change, const char *list, const char *file,
			     uint32_t line, struct control_answer *answer)
{
	SCOPED_FREE char *done = NULL;
	SCOPED_FREE char *origin = NULL;

	if (asprintf(&origin, "%s:%u", file, line) < 0 ||
	    asprintf(&done, "%s is trusted already: list %s, %s", change->text, list, origin) < 0) {
		keeper_answer_error(answer, MXF_EXIT_FAILED, "out of memory");
		return;
	}
	answer->body = json_pack("{s:i, s:s, s:b, s:s, s:o, s:o}", "schema", MXF_JSON_SCHEMA,
				 "range", change->text, "unchanged", 1, "list", list, "origin",
				 report_text(origin, strlen(origin)), "done",
				 report_text(done, strlen(done)));
}

/* The range in force, in the list itself or in another one. */
static bool find_in_force(const struct keeper *keeper, const struct trust_change *change,
			  bool in_list, struct found_range *found)
{
	size_t from = 0;

	while (find_range(keeper->config, &change->range, is_same, &from, found))
		if (!strcmp(found->list->name, change->edit.list) == in_list)
			return true;
	return false;
}

/* Answers what speaks against an edit of the list's file; false when nothing does. */
static bool add_is_refused(const struct keeper *keeper, const struct trust_change *change,
			   struct control_answer *answer)
{
	const struct range_list *list = config_find_list(keeper->config, change->edit.list);
	struct found_range found;

	if (list && !list->from_directory)
		keeper_answer_error(answer, MXF_EXIT_FAILED,
				    "list %s is written in %s:%u; edit it there, or name another "
				    "list",
				    list->name,
				    sources_name(&keeper->config->sources, list->place.file),
				    list->place.line);
	else if (!find_in_force(keeper, change, false, &found))
		return false;
	else if (found.list->action == LIST_TRUSTED)
		answer_unchanged(change, found.list->name, file_of(keeper, found.range),
				 found.range->line, answer);
	else
		keeper_answer_error(answer, MXF_EXIT_FAILED, "%s is denied: list %s, %s:%u",
				    change->text, found.list->name, file_of(keeper, found.range),
				    found.range->line);
	return true;
}

static void add_carry_out(struct keeper *keeper, const struct trust_change *change, bool edits,
			  struct control_answer *answer)
{
	struct text text = {.data = NULL};
	char done[RANGE_TEXT_MAX + sizeof(change->masked) + 128];
	int error = 0;

	if (edits)
		error = trust_text_add(change->edit.data, change->edit.size, &change->range,
				       change->note, &text);
	if (error) {
		keeper_answer_error(
			answer, error == -EINVAL ? MXF_EXIT_USAGE : MXF_EXIT_FAILED, "%s",
			error == -EINVAL ? "the note holds control characters" : "out of memory");
		return;
	}
	snprintf(done, sizeof(done), "%s is trusted now: list %s%s", change->text,
		 change->edit.list, change->masked);
	change_apply(keeper, change, edits ? &text : NULL, done, answer);
	free(text.data);
}

/*
 * The line of the list's file that holds the range, 0 when none does. The file may have been edited
 * by hand since it was read, and then it decides; else the configuration knows.
 */
static uint32_t line_of(const struct keeper *keeper, const struct trust_change *change)
{
	struct found_range found;
	size_t from = 0;

	if (!list_edit_is_in_force(keeper, &change->edit))
		return trust_text_find(change->edit.data, change->edit.size, &change->range);
	while (find_range(keeper->config, &change->range, is_same, &from, &found))
		if (!strcmp(file_of(keeper, found.range), change->edit.path))
			return found.range->line;
	return 0;
}

static void add_decide(struct keeper *keeper, struct trust_change *change,
		       struct control_answer *answer)
{
	uint32_t line = line_of(keeper, change);
	struct found_range found;
	struct trouble trouble;

	if (keeper_check_edit(keeper, &trouble)) {
		keeper_answer_error(answer, MXF_EXIT_FAILED, "%s", trouble.text);
		return;
	}
	if (!add_may_go_on(keeper, change, answer))
		return;
	if (line && find_in_force(keeper, change, true, &found))
		answer_unchanged(change, change->edit.list, change->edit.path, line, answer);
	else if (line || !add_is_refused(keeper, change, answer))
		add_carry_out(keeper, change, !line, answer);
	/* Last: an edit that is refused changes nothing. */
	if (change->force && answer->exit == MXF_EXIT_OK)
		add_lift_bans(keeper, change, answer);
}

/* Trust del. */

/* Why the list's file has no such range: where it stands, or what stands near. */
static void answer_not_there(const struct keeper *keeper, const struct trust_change *change,
			     struct control_answer *answer)
{
	SCOPED_FREE char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out) {
		keeper_answer_error(answer, MXF_EXIT_FAILED, "out of memory");
		return;
	}
	fprintf(out, "%s is not in %s", change->text, change->edit.path);
	if (!print_places(out, keeper, &change->range, is_same, "; it stands elsewhere: ") &&
	    !print_places(out, keeper, &change->range, is_around, "; it lies inside ") &&
	    !print_places(out, keeper, &change->range, is_inside, "; inside it lie "))
		print_nearest(out, keeper, &change->range);
	fclose(out);
	keeper_answer_error(answer, MXF_EXIT_FAILED, "%s", text ? text : "out of memory");
}

/* A range that was taken out of the file by hand may be in force still. */
static void del_decide(struct keeper *keeper, struct trust_change *change,
		       struct control_answer *answer)
{
	struct text text = {.data = NULL};
	const bool ended = change->ended =
		!change->named && keeper_end_trust(keeper, &change->range);
	int removed =
		trust_text_remove(change->edit.data, change->edit.size, &change->range, &text);
	struct found_range found;
	struct trouble trouble;
	char done[RANGE_TEXT_MAX + 128];

	snprintf(done, sizeof(done), "%s is out of list %s%s", change->text, change->edit.list,
		 ended ? ", and its temporary trust has ended" : "");
	if (removed < 0)
		keeper_answer_error(answer, MXF_EXIT_FAILED, "out of memory");
	else if (!removed && change->ended)
		answer->body = json_pack("{s:i, s:s, s:s}", "schema", MXF_JSON_SCHEMA, "range",
					 change->text, "done",
					 "the temporary trust has ended; no file was touched");
	else if (keeper_check_edit(keeper, &trouble))
		keeper_answer_error(answer, MXF_EXIT_FAILED, "%s%s",
				    ended ? "the temporary trust has ended, but " : "",
				    trouble.text);
	else if (removed > 0 ||
		 (find_in_force(keeper, change, true, &found) && found.list->from_directory))
		change_apply(keeper, change, removed ? &text : NULL, done, answer);
	else
		answer_not_there(keeper, change, answer);
	free(text.data);
}

/* What to do with a request that could be read. */
typedef void decide_fn(struct keeper *keeper, struct trust_change *change,
		       struct control_answer *answer);

static void trust_answer(struct keeper *keeper, const json_t *arguments, decide_fn *decide,
			 struct control_answer *answer)
{
	struct trust_change change = {.edit = {.data = NULL}};
	struct trouble trouble;
	int error;

	if (!keeper_has_fence(keeper, answer))
		return;
	error = change_open(keeper, arguments, &change, &trouble);
	if (error)
		answer_open_error(answer, error, &trouble);
	else
		decide(keeper, &change, answer);
	list_edit_close(&change.edit);
}

void keeper_trust_add(void *context, const json_t *arguments, struct control_answer *answer)
{
	if (json_object_get(arguments, "for"))
		keeper_trust_for_a_time(context, arguments, answer);
	else
		trust_answer(context, arguments, add_decide, answer);
}

void keeper_trust_del(void *context, const json_t *arguments, struct control_answer *answer)
{
	trust_answer(context, arguments, del_decide, answer);
}

/* Trust list. */

void keeper_trust_list(void *context, const json_t *arguments, struct control_answer *answer)
{
	SCOPED_FREE struct temporary_entry *entries = NULL;
	struct keeper *keeper = context;
	const struct mxf_generation *generation;
	struct trouble trouble;
	const char *list;
	int count, error = request_string(arguments, "list", false, &list, &trouble);

	if (error) {
		keeper_answer_error(answer, MXF_EXIT_USAGE, "%s", trouble.text);
		return;
	}
	if (!keeper_has_fence(keeper, answer))
		return;
	error = fence_generation(keeper->fence, &generation, &trouble);
	count = error ? error : temporary_list(keeper->fence, &entries, &trouble);
	if (count < 0) {
		keeper_answer_error(answer, keeper_exit_for(count), "%s", trouble.text);
		return;
	}
	answer->body_text = report_ranges(generation, MXF_ANSWER_TRUSTED, list,
					  &keeper->config->sources, entries, (size_t)count);
	if (!answer->body_text)
		keeper_answer_error(answer, MXF_EXIT_FAILED, "out of memory");
}
