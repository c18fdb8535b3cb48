/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The JSON bodies of the command line's answers (shapes: mxfence(8)), built from what the kernel
 * holds. The agent sends them over the control socket; the command line builds the same ones from
 * the pins when no agent runs, and from a generation in plain memory for an offline `explain`.
 *
 * A fence that is NULL has nothing to tell, and is told as one without interfaces and lists.
 *
 * Each function returns a new object, or NULL: out of memory, or, where there is a struct trouble,
 * for the reason that it tells. Texts from outside are valid UTF-8 in the objects: a byte that is
 * not becomes '?'.
 */
#ifndef SERVICE_REPORT_H
#define SERVICE_REPORT_H

#include <jansson.h>
#include <sys/types.h>

#include "config/config.h"
#include "fence/kernel.h"
#include "fence/temporary.h"
#include "mxfence/control.h"

/* What only the agent knows; all zero when none runs. */
struct report_agent {
	bool running;
	pid_t pid;
	const char *version;
	bool loaded;		  /* false after `unload` */
	const char *reload_error; /* why the last reload changed nothing; NULL when it worked */
	uint64_t reload_time;	  /* CLOCK_REALTIME, nanoseconds; 0 = none since the start */
	bool unconfirmed;	  /* the files hold what was tried and is not in force */
};

/*
 * status: {schema, agent, mode, generation, published, closed_ports, open_ports, trial, interfaces,
 * lists, gate}. Without a generation, mode and published are null and generation is 0.
 */
json_t *report_status(struct fence *fence, const struct report_agent *agent,
		      struct trouble *trouble);

/*
 * Adds to status.lists what the configuration knows of those that mxfence-update keeps current:
 * {source, updated, refresh}; `updated` is null when nothing was got yet.
 */
void report_add_sources(json_t *status, const struct config *config);

/*
 * stats: {schema, packets, ranges, ranges_without_hits}. Of more than REPORT_RANGES_MAX ranges
 * only those with hits are listed, the others are only counted in ranges_without_hits.
 */
#define REPORT_RANGES_MAX 10000u
json_t *report_stats(struct fence *fence, struct trouble *trouble);

/* drops: {schema, drops, suppressed}, most recent first. */
json_t *report_drops(struct fence *fence, struct trouble *trouble);

/*
 * trust list: {schema, ranges}, the ranges whose lists have this action (MXF_ANSWER_TRUSTED or
 * _DENIED), in address order. `list` may be NULL: all lists. `sources` may be NULL: without notes,
 * which are the comments behind the ranges in list files. `entries` are temporary ones; those that
 * trust follow when no list is named. A million ranges are possible, so this one is new text
 * (free()), the object as JSON.
 */
char *report_ranges(const struct mxf_generation *generation, uint32_t action, const char *list,
		    const struct sources *sources, const struct temporary_entry *entries,
		    size_t entry_count);

/* ban list: {schema, ranges} in the same shape, of those entries that have this action. */
char *report_temporary(const struct temporary_entry *entries, size_t count,
		       enum mxf_temporary_action action);

/* The packet that `explain` asks about: a SYN. */
struct report_question {
	struct ip source;
	uint8_t family;
	bool has_destination; /* else: a guarded destination of that family, whichever */
	struct ip destination;
	uint16_t port;
};

/*
 * explain: {schema, kernel, smtp}; kernel is null when the packet is none of the fence's business,
 * or there is no generation (NULL); smtp is null, for explain_smtp() to fill in. *exit is
 * MXF_EXIT_OK when the packet passes, else MXF_EXIT_FAILED. `temporary` is the entry that decides
 * about the source, or NULL.
 */
json_t *report_explain(const struct mxf_generation *generation,
		       const struct temporary_entry *temporary,
		       const struct report_question *question, enum mxf_exit *exit);

/* One line of `events`: {time, interface, family, verdict, reason, source, ...}. */
json_t *report_event(const struct mxf_event *event, const char *interface);

/*
 * check: {schema, errors, warnings, diagnostics}. `source` of a diagnostic is a struct
 * diag_excerpt's text, `source_column` its column.
 */
json_t *report_diagnostics(const struct diags *diags, const struct sources *sources);

/* any error: {schema, error}. */
json_t *report_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Adds `error` to a body. */
void report_set_error(json_t *body, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Names of enum mxf_cause. */
extern const char *const report_causes[MXF_CAUSE_COUNT];

/* CLOCK_REALTIME and CLOCK_MONOTONIC, nanoseconds. */
uint64_t report_now(void);
uint64_t report_monotonic_now(void);

/* RFC 3339 in UTC, to the second; "" for what is no time. */
#define REPORT_TIME_MAX 32
void report_time_text(uint64_t realtime, char text[REPORT_TIME_MAX]);
void report_boot_time_text(uint64_t boottime, char text[REPORT_TIME_MAX]);

/*
 * The same as JSON. report_monotonic_time() takes CLOCK_MONOTONIC nanoseconds, as
 * the maps have them; 0 gives null.
 */
json_t *report_time(uint64_t realtime);
json_t *report_monotonic_time(uint64_t monotonic);

/* `size` bytes as a JSON string, whatever they are. */
json_t *report_text(const char *text, size_t size);

#endif
