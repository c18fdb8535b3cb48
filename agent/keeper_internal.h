/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the keeper*.c files alone. */
#ifndef AGENT_KEEPER_INTERNAL_H
#define AGENT_KEEPER_INTERNAL_H

#include <event2/event.h>

#include "config/config.h"
#include "fence/kernel.h"
#include "gate/gate.h"
#include "keeper.h"
#include "policy/policy.h"
#include "service/control.h"
#include "service/events.h"
#include "service/metrics.h"
#include "service/partners.h"

enum keeper_signal { KEEPER_HUP, KEEPER_TERM, KEEPER_INT, KEEPER_SIGNALS };

/* A configuration with the policy of its gate (NULL without one). */
struct keeper_rules {
	struct config *config;
	struct policy *policy;
};
void keeper_rules_free(struct keeper_rules *rules);

/* A configuration on trial, and what became of the last one. */
struct keeper_trial {
	uint64_t deadline;	    /* CLOCK_BOOTTIME nanoseconds; 0: there is no trial */
	struct keeper_rules before; /* NULL: the agent was started during the trial */
	struct event *timer;
	uint64_t unconfirmed; /* hash of the files that were tried and are not in force, or 0 */
};

struct keeper {
	const struct options *options;
	int lock; /* RUN_DIR/mxfenced.pid */
	struct event_base *base;
	struct event *signals[KEEPER_SIGNALS];
	struct event *link_event;
	struct event *fence_event;
	struct fence *fence; /* NULL without a filter */
	struct gate *gate;
	struct config *config; /* in force */
	struct policy *policy; /* of its gate, or NULL */
	struct control *control;
	struct metrics_server *metrics;
	struct events events;
	struct partners partners;
	bool stopping;
	bool loaded;	    /* false after `unload`: nothing is attached until `load` */
	char *reload_error; /* NULL when the last reload was applied */
	uint64_t reload_time;
	struct keeper_trial trial;
	struct event *sweep;	       /* of temporary entries that have ended */
	struct trouble repair_trouble; /* the last one, so that it is logged once */
};

/* Exit status for a -errno of the fence. */
enum mxf_exit keeper_exit_for(int error);

/* How long rules are to stand, and whether the fence goes by them. */
struct keeper_terms {
	uint64_t deadline;    /* of a trial, CLOCK_BOOTTIME nanoseconds; 0: they stay */
	bool keep_generation; /* the fence's generation stays as it is */
	/* Looks at rules that were read without an error; NULL, or -errno when they may not come.
	 */
	int (*guard)(struct keeper *keeper, const struct config *next, struct trouble *trouble);
};

/*
 * Makes the rules those in force: generation, interfaces, gate, metrics, log. Takes them when it
 * returns 0; on failure everything is as before and they stay the caller's.
 */
int keeper_apply(struct keeper *keeper, struct keeper_rules *rules,
		 const struct keeper_terms *terms, struct trouble *trouble);

/* As keeper_apply(), for a start: a trial that an agent before this one began goes on or ends. */
int keeper_apply_first(struct keeper *keeper, struct keeper_rules *rules, struct trouble *trouble);

/* What of the rules is not the fence's: gate, metrics and log. Takes them when it returns 0. */
int keeper_take_rules(struct keeper *keeper, struct keeper_rules *rules, struct trouble *trouble);

/*
 * Reads and applies the configuration on these terms. *body is what to answer: the diagnostics and
 * what was done, or also why not.
 */
enum mxf_exit keeper_reload(struct keeper *keeper, const struct keeper_terms *terms, json_t **body);

/* keeper_apply() calls it when rules came into force on these terms; takes `before`. */
void keeper_trial_note(struct keeper *keeper, struct keeper_rules *before, uint64_t deadline);

/* -EBUSY while a configuration is on trial: nothing else may change then. */
int keeper_check_trial(const struct keeper *keeper, struct trouble *trouble);

/*
 * -EBUSY also when the files are those of a trial that was not confirmed, so that whoever edits one
 * of them does not bring the others into force.
 */
int keeper_check_edit(const struct keeper *keeper, struct trouble *trouble);

void keeper_trial_free(struct keeper_trial *trial);

/* Attaches what of the configured interfaces has come back. */
void keeper_repair(struct keeper *keeper);

/* For handlers of what only a fence has: false, with the answer, where there is none. */
bool keeper_has_fence(const struct keeper *keeper, struct control_answer *answer);

/* A record of the gate: logged, kept, told to followers. */
gate_record_fn keeper_record;

/* What the control socket's verbs do; ends with {0}. */
extern const struct control_handler keeper_handlers[];

control_handler_fn keeper_trust_list, keeper_trust_add, keeper_trust_del;
control_handler_fn keeper_do_apply, keeper_do_confirm, keeper_do_rollback;

/* For handlers: an answer that is an error. */
void keeper_answer_error(struct control_answer *answer, enum mxf_exit exit, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

char *keeper_metrics_text(void *context, struct trouble *trouble);

#endif
