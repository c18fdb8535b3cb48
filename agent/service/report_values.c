// SPDX-License-Identifier: GPL-2.0-only
/* Single values and small objects of the JSON answers. */
#include "service/report_internal.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/range.h"
#include "core/scoped.h"

#define NAME_OF(id, name, text) [MXF_REASON_##id] = name,
const char *const report_reasons[MXF_REASON_COUNT] = {MXF_REASONS(NAME_OF)};
#undef NAME_OF
#define NAME_OF(id, name, text) [MXF_VERDICT_##id] = name,
const char *const report_verdicts[MXF_VERDICT_COUNT] = {MXF_VERDICTS(NAME_OF)};
#undef NAME_OF
#define NAME_OF(id, name, text) [MXF_FAMILY_##id] = name,
const char *const report_families[MXF_FAMILY_COUNT] = {MXF_FAMILIES(NAME_OF)};
#undef NAME_OF

#define NAME_OF_CAUSE(id, name, text) [MXF_CAUSE_##id] = name,
const char *const report_causes[MXF_CAUSE_COUNT] = {MXF_CAUSES(NAME_OF_CAUSE)};

#define NANOSECONDS 1000000000u

bool report_next_count(const struct mxf_counters *counters, size_t *at, struct report_count *count)
{
	while (*at < MXF_FAMILY_COUNT * MXF_VERDICT_COUNT * MXF_REASON_COUNT) {
		size_t family = *at / (MXF_VERDICT_COUNT * MXF_REASON_COUNT);
		size_t verdict = *at / MXF_REASON_COUNT % MXF_VERDICT_COUNT;
		size_t reason = *at % MXF_REASON_COUNT;
		const struct mxf_count *found = &counters->counts[family][verdict][reason];

		++*at;
		if (!found->packets)
			continue;
		*count = (struct report_count){
			.family = report_families[family],
			.verdict = report_verdicts[verdict],
			.reason = report_reasons[reason],
			.packets = found->packets,
			.bytes = found->bytes,
		};
		return true;
	}
	return false;
}

const char *report_action(uint32_t action)
{
	return action == MXF_ANSWER_DENIED ? "denied" : "trusted";
}

json_t *report_text(const char *text, size_t size)
{
	json_t *string = json_stringn(text, size);
	SCOPED_FREE char *plain = NULL;

	if (string)
		return string;
	plain = malloc(size + 1);
	if (!plain)
		return NULL;
	for (size_t i = 0; i < size; i++)
		plain[i] = (unsigned char)text[i] < 0x80 ? text[i] : '?';
	return json_stringn(plain, size);
}

json_t *report_address(const uint32_t words[4], uint8_t family)
{
	char text[RANGE_TEXT_MAX];

	ip_format(ip_from_words(words), family, text);
	return json_string(text);
}

json_t *report_range_text(const struct range *range)
{
	char text[RANGE_TEXT_MAX];

	range_format(range, text);
	return json_string(text);
}

json_t *report_origin(const struct mxf_generation *generation, const struct range *range)
{
	SCOPED_FREE char *text = NULL;
	int size = asprintf(&text, "%s:%u", generation_file(generation, range->file), range->line);

	if (size < 0) {
		text = NULL;
		return NULL;
	}
	return report_text(text, (size_t)size);
}

json_t *report_list_name(const struct mxf_generation *generation, uint32_t list)
{
	const char *name = generation_string(generation, generation_list(generation, list)->name);

	return report_text(name, strlen(name));
}

static uint64_t clock_now(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * NANOSECONDS + (uint64_t)now.tv_nsec;
}

uint64_t report_now(void)
{
	return clock_now(CLOCK_REALTIME);
}

uint64_t report_monotonic_now(void)
{
	return clock_now(CLOCK_MONOTONIC);
}

void report_time_text(uint64_t realtime, char text[REPORT_TIME_MAX])
{
	time_t seconds = (time_t)(realtime / NANOSECONDS);
	struct tm utc;

	text[0] = '\0';
	if (gmtime_r(&seconds, &utc))
		strftime(text, REPORT_TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

void report_boot_time_text(uint64_t boottime, char text[REPORT_TIME_MAX])
{
	report_time_text(clock_now(CLOCK_REALTIME) + (boottime - clock_now(CLOCK_BOOTTIME)), text);
}

json_t *report_time(uint64_t realtime)
{
	char text[REPORT_TIME_MAX];

	report_time_text(realtime, text);
	return text[0] ? json_string(text) : json_null();
}

json_t *report_monotonic_time(uint64_t monotonic)
{
	uint64_t now = clock_now(CLOCK_MONOTONIC);

	if (!monotonic)
		return json_null();
	/* The coarse clock of the kernel lags; nothing happened in the future. */
	if (monotonic > now)
		monotonic = now;
	return report_time(clock_now(CLOCK_REALTIME) - (now - monotonic));
}

static const char *name_of(const char *const *names, size_t count, unsigned int index)
{
	return index < count ? names[index] : "unknown";
}

json_t *report_event(const struct mxf_event *event, const char *interface)
{
	return json_pack(
		"{s:o, s:o, s:s, s:s, s:s, s:o, s:i, s:o, s:i, s:I}", "time",
		report_monotonic_time(event->time), "interface",
		report_text(interface, strlen(interface)), "family",
		name_of(report_families, MXF_FAMILY_COUNT, event->family), "verdict",
		name_of(report_verdicts, MXF_VERDICT_COUNT, event->verdict), "reason",
		name_of(report_reasons, MXF_REASON_COUNT, event->reason), "source",
		event->family == MXF_FAMILY_OTHER ? json_null()
						  : report_address(event->source, event->family),
		"source_port", event->source_port, "destination",
		event->family == MXF_FAMILY_OTHER
			? json_null()
			: report_address(event->destination, event->family),
		"destination_port", event->destination_port, "bytes", (json_int_t)event->length);
}

static json_t *diagnostic(const struct diag *diag, const struct sources *sources,
			  struct source_cursor *cursor)
{
	const char *file = sources_name(sources, diag->place.file);
	struct diag_excerpt excerpt;
	json_t *object = json_pack(
		"{s:s, s:o, s:I, s:I, s:I, s:o, s:o, s:n}", "severity",
		diag->severity == DIAG_ERROR ? "error" : "warning", "file",
		report_text(file, strlen(file)), "line", (json_int_t)diag->place.line, "column",
		(json_int_t)diag->place.column, "length", (json_int_t)diag->place.length, "message",
		report_text(diag->message, strlen(diag->message)), "hint",
		diag->hint ? report_text(diag->hint, strlen(diag->hint)) : json_null(), "source");

	if (!diag_find_excerpt(diag, sources, cursor, &excerpt))
		return object;
	json_object_set_new(object, "source", report_text(excerpt.text, excerpt.size));
	json_object_set_new(object, "source_column", json_integer(excerpt.column));
	return object;
}

json_t *report_diagnostics(const struct diags *diags, const struct sources *sources)
{
	struct source_cursor cursor = {0};
	json_t *list = json_array();

	for (size_t i = 0; list && i < diags->count; i++) {
		json_t *object = diagnostic(&diags->items[i], sources, &cursor);
		size_t more = diags_more(diags, i);

		if (more)
			json_object_set_new(object, "more", json_integer((json_int_t)more));
		json_array_append_new(list, object);
	}
	return json_pack("{s:i, s:I, s:I, s:o}", "schema", MXF_JSON_SCHEMA, "errors",
			 (json_int_t)diags->errors, "warnings", (json_int_t)diags->warnings,
			 "diagnostics", list);
}

static json_t *error_text(const char *format, va_list arguments)
{
	SCOPED_FREE char *text = NULL;
	int size = vasprintf(&text, format, arguments);

	if (size < 0) {
		text = NULL;
		return json_string("out of memory");
	}
	return report_text(text, (size_t)size);
}

json_t *report_error(const char *format, ...)
{
	va_list arguments;
	json_t *text;

	va_start(arguments, format);
	text = error_text(format, arguments);
	va_end(arguments);
	return json_pack("{s:i, s:o}", "schema", MXF_JSON_SCHEMA, "error", text);
}

void report_set_error(json_t *body, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	json_object_set_new(body, "error", error_text(format, arguments));
	va_end(arguments);
}
