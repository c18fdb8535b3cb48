// SPDX-License-Identifier: GPL-2.0-only
/* The verbs of temporary entries: `ban` all of them, `trust add --for`. */
#include "keeper_temporary.h"
#include "keeper_standing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/limits.h"
#include "core/log.h"
#include "core/range.h"
#include "core/scoped.h"
#include "core/text.h"
#include "fence/generation.h"
#include "service/range_lines.h"
#include "service/report.h"
#include "service/request.h"

#define NANOSECONDS 1000000000ull
#define BAN_TIME_PRESET "1h"

/* Whoever wants more means a list of the configuration. */
static const struct limit_row entry_time = {
	.key = "for", .kind = LIMIT_SECONDS, .least = 1, .most = 365 * 86400};

/* What is asked for: ranges, and what holds for all of them. */
struct batch {
	enum mxf_temporary_action action;
	struct range_lines lines;
	struct temporary_entry *entries;
	struct standing standing;
	uint64_t expires;
	bool force;
	bool single; /* came as one range, not as the lines of a file */
};

static void batch_clear(struct batch *batch)
{
	range_lines_clear(&batch->lines);
	free(batch->entries);
	standing_clear(&batch->standing);
}

/* The request. */

static int read_time(const json_t *arguments, const char *preset, uint64_t *expires,
		     struct trouble *trouble)
{
	const char *text = NULL;
	int64_t seconds;
	int error = request_string(arguments, "for", !preset, &text, trouble);

	if (error)
		return error;
	if (!text)
		text = preset;
	if (limit_parse(&entry_time, text, strlen(text), &seconds, NULL))
		return trouble_set(trouble, -EINVAL,
				   "--for %.40s is no time from 1s to 365d, as 90s, 30m, 2h or 7d",
				   text);
	*expires = temporary_now() + (uint64_t)seconds * NANOSECONDS;
	return 0;
}

static int read_note(const json_t *arguments, char note[MXF_TEMPORARY_NOTE_MAX + 1],
		     struct trouble *trouble)
{
	const char *text;
	int error = request_string(arguments, "note", false, &text, trouble);

	if (error || !text)
		return error;
	if (strlen(text) > MXF_TEMPORARY_NOTE_MAX)
		return trouble_set(trouble, -EINVAL,
				   "the note of a temporary entry has at most %d bytes",
				   MXF_TEMPORARY_NOTE_MAX);
	for (const char *at = text; *at; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			return trouble_set(trouble, -EINVAL, "the note holds control characters");
	snprintf(note, MXF_TEMPORARY_NOTE_MAX + 1, "%s", text);
	return 0;
}

/* One range, or the text of a list file. */
static int read_ranges(const json_t *arguments, struct batch *batch, struct trouble *trouble)
{
	const char *range, *text;
	int error = request_string(arguments, "range", false, &range, trouble);

	if (!error)
		error = request_string(arguments, "text", false, &text, trouble);
	if (error)
		return error;
	if (!range == !text)
		return trouble_set(trouble, -EINVAL, "a range is needed, or a text with ranges");
	batch->single = range != NULL;
	error = range_lines_read(range ? range : text, &batch->lines, trouble);
	if (!error && !batch->lines.count)
		error = trouble_set(trouble, -EINVAL, "there is no range");
	return error;
}

static int read_entries(struct batch *batch, struct trouble *trouble)
{
	batch->entries = calloc(batch->lines.count, sizeof(*batch->entries));
	if (!batch->entries)
		return trouble_set(trouble, -ENOMEM, "out of memory");
	for (size_t i = 0; i < batch->lines.count; i++) {
		int error = temporary_entry_init(batch->action, &batch->lines.ranges[i],
						 &batch->entries[i], trouble);

		if (error)
			return error;
	}
	return 0;
}

static void batch_fill(struct batch *batch, const char *note)
{
	const uint64_t now = report_now();

	for (size_t i = 0; i < batch->lines.count; i++) {
		struct temporary_entry *entry = &batch->entries[i];

		entry->expires = batch->expires;
		entry->added = now;
		entry->cause = MXF_CAUSE_MANUAL;
		memcpy(entry->note, note, sizeof(entry->note));
	}
}

static int batch_read(const json_t *arguments, const char *preset, struct batch *batch,
		      struct trouble *trouble)
{
	char note[MXF_TEMPORARY_NOTE_MAX + 1] = "";
	int error = read_ranges(arguments, batch, trouble);

	if (!error && json_object_get(arguments, "list"))
		error = trouble_set(
			trouble, -EINVAL,
			"a temporary entry stands in no list: --for or --list, not both");
	if (!error)
		error = read_entries(batch, trouble);
	if (!error)
		error = read_time(arguments, preset, &batch->expires, trouble);
	if (!error)
		error = read_note(arguments, note, trouble);
	if (error)
		return error;
	batch->force = json_is_true(json_object_get(arguments, "force"));
	batch_fill(batch, note);
	return 0;
}

/* What stands against it. */

static bool is_inside(const struct range *range, const struct range *around)
{
	return range->family == around->family && range_holds(around, range->first) &&
	       range_holds(around, range->last);
}

static int refuse_for_entry(const struct range *range, const struct temporary_entry *found,
			    struct trouble *trouble)
{
	const bool banned = found->action == MXF_TEMPORARY_BAN;
	char text[RANGE_TEXT_MAX], stands[RANGE_TEXT_MAX], until[REPORT_TIME_MAX];

	range_format(range, text);
	range_format(&found->range, stands);
	report_boot_time_text(found->expires, until);
	if (!banned)
		return trouble_set(trouble, -EEXIST,
				   "%s is trusted: %s until %s; `mxfence trust del %s` ends that, "
				   "--force bans it all the same",
				   text, stands, until, stands);
	return trouble_set(
		trouble, -EEXIST,
		"%s is banned: %s until %s (%s%s%s); `mxfence ban del %s` ends that, and "
		"so does --force",
		text, stands, until, report_causes[found->cause], found->note[0] ? ": " : "",
		found->note, stands);
}

static int refuse_for_range(const struct mxf_generation *generation, const struct range *range,
			    const struct generation_range *found, struct trouble *trouble)
{
	const struct mxf_list *list = generation_list(generation, found->list);
	const bool denied = list->action == MXF_ANSWER_DENIED;
	char text[RANGE_TEXT_MAX], stands[RANGE_TEXT_MAX];

	range_format(range, text);
	range_format(&found->range, stands);
	return trouble_set(
		trouble, -EEXIST, "%s is %s: %s, list %s, %s:%u; --force %s it all the same", text,
		denied ? "denied" : "trusted", stands, generation_string(generation, list->name),
		generation_file(generation, found->range.file), found->range.line,
		denied ? "trusts" : "bans");
}

static int check_entries(struct keeper *keeper, struct batch *batch,
			 const struct temporary_entry *entry, struct trouble *trouble)
{
	const bool ban = entry->action == MXF_TEMPORARY_BAN;
	struct temporary_entry other;
	int found = standing_find(keeper, &batch->standing,
				  ban ? MXF_TEMPORARY_TRUST : MXF_TEMPORARY_BAN, &entry->range,
				  &other, trouble);

	if (found)
		return found < 0 ? found : refuse_for_entry(&entry->range, &other, trouble);
	if (ban && ip_is_loopback(entry->range.first, entry->range.family))
		return trouble_set(trouble, -EEXIST,
				   "loopback would be banned; --force bans it all the same");
	return 0;
}

/* -EEXIST, with what it is, when something that stands speaks against an entry. */
static int check_contradictions(struct keeper *keeper, struct batch *batch, struct trouble *trouble)
{
	const uint32_t kind =
		batch->action == MXF_TEMPORARY_BAN ? MXF_ANSWER_TRUSTED : MXF_ANSWER_DENIED;
	const struct mxf_generation *generation = NULL;
	struct generation_range range;
	struct trouble ignored;
	int error = 0;

	if (!fence_generation(keeper->fence, &generation, &ignored))
		error = standing_read_points(&batch->standing, generation, kind, batch->entries,
					     batch->lines.count, trouble);
	for (size_t i = 0; i < batch->lines.count && !error; i++) {
		const struct range *asked = &batch->entries[i].range;

		error = check_entries(keeper, batch, &batch->entries[i], trouble);
		if (!error && generation &&
		    standing_decides(&batch->standing, generation, kind, asked, &range))
			error = refuse_for_range(generation, asked, &range, trouble);
	}
	return error;
}

int keeper_check_bans(struct keeper *keeper, const struct range *range, struct trouble *trouble)
{
	__attribute__((cleanup(standing_clear))) struct standing standing = {.entries = NULL};
	struct temporary_entry ban;
	int found = standing_find(keeper, &standing, MXF_TEMPORARY_BAN, range, &ban, trouble);

	return found > 0 ? refuse_for_entry(range, &ban, trouble) : found;
}

static int lift_bans(struct keeper *keeper, struct standing *standing, const struct range *range,
		     struct temporary_entry *wider, struct trouble *trouble)
{
	int error = standing_lift(keeper, standing, range, trouble);

	return error ? error
		     : temporary_find(keeper->fence, MXF_TEMPORARY_BAN, range->family, range->first,
				      wider, trouble);
}

int keeper_lift_bans(struct keeper *keeper, const struct range *range,
		     struct temporary_entry *wider, struct trouble *trouble)
{
	__attribute__((cleanup(standing_clear))) struct standing standing = {.entries = NULL};

	return lift_bans(keeper, &standing, range, wider, trouble);
}

/* Adding. */

static int check_room(struct keeper *keeper, struct batch *batch, struct trouble *trouble)
{
	size_t room = MXF_TEMPORARY_MAX - temporary_count(keeper->fence);
	int new, error;

	if (batch->lines.count <= room)
		return 0;
	error = temporary_sweep(keeper->fence, trouble);
	if (error || batch->single)
		return error;
	room = MXF_TEMPORARY_MAX - temporary_count(keeper->fence);
	new = standing_count_new(keeper, &batch->standing, batch->entries, batch->lines.count,
				 trouble);
	if (new < 0 || (size_t) new <= room)
		return new < 0 ? new : 0;
	return trouble_set(trouble, -ENOSPC,
			   "the table of temporary entries has room for %zu more of these %d; "
			   "nothing was added",
			   room, new);
}

static int batch_check(struct keeper *keeper, struct batch *batch, struct trouble *trouble)
{
	int error = check_room(keeper, batch, trouble);

	return error || batch->force ? error : check_contradictions(keeper, batch, trouble);
}

static int batch_carry_out(struct keeper *keeper, struct batch *batch, size_t *added,
			   struct temporary_entry *wider, struct trouble *trouble)
{
	int error = 0;

	for (*added = 0; *added < batch->lines.count; ++*added) {
		const struct temporary_entry *entry = &batch->entries[*added];

		if (batch->force && entry->action == MXF_TEMPORARY_TRUST)
			error = lift_bans(keeper, &batch->standing, &entry->range, wider, trouble);
		if (error >= 0)
			error = temporary_add(keeper->fence, entry, trouble);
		if (error < 0)
			return error;
	}
	return 0;
}

static void batch_say(const struct batch *batch, const struct temporary_entry *wider, char *done,
		      size_t size)
{
	const char *what = batch->action == MXF_TEMPORARY_BAN ? "banned" : "trusted";
	char text[RANGE_TEXT_MAX], until[REPORT_TIME_MAX], ban[RANGE_TEXT_MAX];
	int used;

	report_boot_time_text(batch->expires, until);
	range_format(&batch->entries[0].range, text);
	if (batch->lines.count == 1)
		used = snprintf(done, size, "%s is %s until %s%s%s", text, what, until,
				batch->lines.masked[0] ? "; " : "", batch->lines.masked);
	else
		used = snprintf(done, size, "%zu ranges are %s until %s%s%s", batch->lines.count,
				what, until, batch->lines.masked[0] ? "; " : "",
				batch->lines.masked);
	if (wider->expires) {
		range_format(&wider->range, ban);
		snprintf(done + used, size - (size_t)used,
			 "; but the wider ban of %s goes on: `mxfence ban del %s`", ban, ban);
	}
}

static void batch_answer(struct keeper *keeper, struct batch *batch, struct control_answer *answer)
{
	struct temporary_entry wider = {.expires = 0};
	struct trouble trouble;
	char done[512];
	size_t added = 0;
	int error = batch_check(keeper, batch, &trouble);

	if (!error)
		error = batch_carry_out(keeper, batch, &added, &wider, &trouble);
	keeper_schedule_sweep(keeper);
	if (error) {
		keeper_answer_error(answer, keeper_exit_for(error), "%s%s", trouble.text,
				    added ? "; those before it were added" : "");
		return;
	}
	batch_say(batch, &wider, done, sizeof(done));
	log_info("%s%s%s", done, batch->entries[0].note[0] ? ": " : "", batch->entries[0].note);
	answer->body = json_pack("{s:i, s:s, s:I}", "schema", MXF_JSON_SCHEMA, "done", done,
				 "count", (json_int_t)batch->lines.count);
}

static void answer_batch(struct keeper *keeper, enum mxf_temporary_action action,
			 const char *preset, const json_t *arguments, struct control_answer *answer)
{
	__attribute__((cleanup(batch_clear))) struct batch batch = {.action = action};
	struct trouble trouble;
	int error;

	if (!keeper_has_fence(keeper, answer))
		return;
	error = batch_read(arguments, preset, &batch, &trouble);
	if (error)
		keeper_answer_error(answer, error == -EINVAL ? MXF_EXIT_USAGE : MXF_EXIT_FAILED,
				    "%s", trouble.text);
	else
		batch_answer(keeper, &batch, answer);
}

void keeper_trust_for_a_time(struct keeper *keeper, const json_t *arguments,
			     struct control_answer *answer)
{
	answer_batch(keeper, MXF_TEMPORARY_TRUST, NULL, arguments, answer);
}

void keeper_ban_add(void *context, const json_t *arguments, struct control_answer *answer)
{
	answer_batch(context, MXF_TEMPORARY_BAN, BAN_TIME_PRESET, arguments, answer);
}

/* Removing. */

static int refuse_not_banned(struct keeper *keeper, struct standing *standing,
			     const struct range *range, struct trouble *trouble)
{
	struct temporary_entry near;
	char text[RANGE_TEXT_MAX], stands[RANGE_TEXT_MAX];
	int found = standing_find(keeper, standing, MXF_TEMPORARY_BAN, range, &near, trouble);

	if (found < 0)
		return found;
	range_format(range, text);
	if (!found)
		return trouble_set(trouble, -ENOENT, "%s is not banned", text);
	range_format(&near.range, stands);
	return trouble_set(trouble, -ENOENT, "%s is not banned as such; %s %s", text,
			   is_inside(range, &near.range) ? "it lies inside the ban of"
							 : "inside it is the ban of",
			   stands);
}

static int remove_all(struct keeper *keeper, struct batch *batch, struct trouble *trouble)
{
	int error = 0;

	for (size_t i = 0; i < batch->lines.count && !error; i++) {
		error = temporary_remove(keeper->fence, &batch->entries[i], trouble);
		if (error == -ENOENT && batch->single)
			return refuse_not_banned(keeper, &batch->standing, &batch->entries[i].range,
						 trouble);
		if (error == -ENOENT)
			error = 0;
	}
	return error;
}

void keeper_ban_del(void *context, const json_t *arguments, struct control_answer *answer)
{
	__attribute__((cleanup(batch_clear))) struct batch batch = {.action = MXF_TEMPORARY_BAN};
	struct keeper *keeper = context;
	char text[RANGE_TEXT_MAX], done[RANGE_TEXT_MAX + 64];
	struct trouble trouble;
	int error;

	if (!keeper_has_fence(keeper, answer))
		return;
	error = read_ranges(arguments, &batch, &trouble);
	if (!error)
		error = read_entries(&batch, &trouble);
	if (!error)
		error = remove_all(keeper, &batch, &trouble);
	if (error) {
		keeper_answer_error(answer, error == -EINVAL ? MXF_EXIT_USAGE : MXF_EXIT_FAILED,
				    "%s", trouble.text);
		return;
	}
	range_format(&batch.entries[0].range, text);
	if (batch.lines.count == 1)
		snprintf(done, sizeof(done), "%s is not banned any more", text);
	else
		snprintf(done, sizeof(done), "%zu ranges are not banned any more",
			 batch.lines.count);
	log_info("%s", done);
	answer->body = json_pack("{s:i, s:s}", "schema", MXF_JSON_SCHEMA, "done", done);
}

bool keeper_end_trust(struct keeper *keeper, const struct range *range)
{
	struct temporary_entry entry = {.expires = 0};
	struct trouble ignored;

	return !temporary_entry_init(MXF_TEMPORARY_TRUST, range, &entry, &ignored) &&
	       !temporary_remove(keeper->fence, &entry, &ignored);
}

/* Listing. */

void keeper_ban_list(void *context, const json_t *arguments, struct control_answer *answer)
{
	struct keeper *keeper = context;
	SCOPED_FREE struct temporary_entry *entries = NULL;
	struct trouble trouble = {.text = "out of memory"};
	int count;

	(void)arguments;
	if (!keeper_has_fence(keeper, answer))
		return;
	count = temporary_list(keeper->fence, &entries, &trouble);
	if (count >= 0)
		answer->body_text = report_temporary(entries, (size_t)count, MXF_TEMPORARY_BAN);
	if (!answer->body_text)
		keeper_answer_error(answer, keeper_exit_for(count), "%s", trouble.text);
}

/* Sweeping: what has ended takes up room. */

#define SWEEP_S 30

static void on_sweep(evutil_socket_t fd, short what, void *context)
{
	struct keeper *keeper = context;
	struct trouble trouble;

	(void)fd;
	(void)what;
	if (temporary_sweep(keeper->fence, &trouble))
		log_error("%s", trouble.text);
	keeper_schedule_sweep(keeper);
}

void keeper_schedule_sweep(struct keeper *keeper)
{
	const struct timeval later = {.tv_sec = SWEEP_S};

	if (!keeper->sweep)
		keeper->sweep = evtimer_new(keeper->base, on_sweep, keeper);
	if (keeper->sweep && temporary_count(keeper->fence) &&
	    !evtimer_pending(keeper->sweep, NULL))
		evtimer_add(keeper->sweep, &later);
}
