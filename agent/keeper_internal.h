/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the keeper*.c files alone. */
#ifndef AGENT_KEEPER_INTERNAL_H
#define AGENT_KEEPER_INTERNAL_H

#include <event2/event.h>

#include "config/config.h"
#include "fence/kernel.h"
#include "keeper.h"
#include "service/control.h"
#include "service/events.h"
#include "service/metrics.h"

enum keeper_signal { KEEPER_HUP, KEEPER_TERM, KEEPER_INT, KEEPER_SIGNALS };

struct keeper {
	const struct options *options;
	int lock; /* RUN_DIR/mxfenced.pid */
	struct event_base *base;
	struct event *signals[KEEPER_SIGNALS];
	struct event *link_event;
	struct event *fence_event;
	struct fence *fence;
	struct config *config; /* in force; has a filter */
	struct control *control;
	struct metrics_server *metrics;
	struct events events;
	bool loaded;	    /* false after `unload`: nothing is attached until `load` */
	char *reload_error; /* NULL when the last reload was applied */
	uint64_t reload_time;
	struct trouble repair_trouble; /* the last one, so that it is logged once */
};

/* Exit status for a -errno of the fence. */
enum mxf_exit keeper_exit_for(int error);

/*
 * Makes `config` the one in force: generation, interfaces, metrics, log. Takes it when it returns
 * 0; on failure everything is as before and config stays the caller's.
 */
int keeper_apply(struct keeper *keeper, struct config **config, struct trouble *trouble);

/*
 * Reads and applies the configuration. *body is what to answer: the diagnostics and what was done,
 * or also why not.
 */
enum mxf_exit keeper_reload(struct keeper *keeper, json_t **body);

/* Attaches what of the configured interfaces has come back. */
void keeper_repair(struct keeper *keeper);

/* What the control socket's verbs do; ends with {0}. */
extern const struct control_handler keeper_handlers[];

control_handler_fn keeper_trust_list, keeper_trust_add, keeper_trust_del;

/* For handlers: an answer that is an error. */
void keeper_answer_error(struct control_answer *answer, enum mxf_exit exit, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

char *keeper_metrics_text(void *context, struct trouble *trouble);

#endif
