/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the verbs do; their table is in verbs.c.
 */
#ifndef MXFENCE_HANDLERS_H
#define MXFENCE_HANDLERS_H

#include "output.h"
#include "verbs.h"

verb_fn run_status;
verb_fn run_check;
verb_fn run_reload;
verb_fn run_diff;
verb_fn run_load;
verb_fn run_unload;
verb_fn run_trust_list;
verb_fn run_trust_import;
verb_fn run_trust_suggest;
verb_fn run_ban_list;
verb_fn run_change;
verb_fn run_apply;
verb_fn run_decide;
verb_fn run_explain;
verb_fn run_stats;
verb_fn run_drops;
verb_fn run_events;
verb_fn run_sessions;
verb_fn run_import;
verb_fn run_import_exchange;
verb_fn run_doctor;
verb_fn run_metrics;
verb_fn run_version;
verb_fn run_help;

/* An answer that changes while it is looked at. */
struct live {
	const struct command *command;
	enum mxf_exit (*ask)(const struct live *live, struct answer *answer,
			     struct trouble *trouble);
	view_fn *view;
	struct names *names; /* of the addresses in it; NULL: nobody is asked for names */
};

/*
 * Shows it again and again, each command->watch seconds, until SIGINT or SIGTERM: in place on a
 * terminal, where "q" ends it too, one block after the other elsewhere, one JSON object a line with
 * --json.
 */
enum mxf_exit watch_run(const struct live *live);

#endif
