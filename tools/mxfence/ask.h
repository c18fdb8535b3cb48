/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Answers: from the agent, or from what is pinned when no agent runs.
 */
#ifndef MXFENCE_ASK_H
#define MXFENCE_ASK_H

#include "command.h"
#include "fence/kernel.h"
#include "output.h"
#include "tools/common/client.h"

/*
 * Asks the agent a verb. `arguments` may be NULL and is given away. MXF_EXIT_OK: there
 * is an answer (clear it), whatever it says. Else why there is none, with the reason in *trouble.
 */
enum mxf_exit ask_agent(const struct command *command, const char *verb, json_t *arguments,
			struct answer *answer, struct trouble *trouble);

/* Asks and leaves the reading to the caller, who closes *client. */
enum mxf_exit ask_open(const struct command *command, const char *verb, json_t *arguments,
		       struct client **client, struct trouble *trouble);

/* Says why there is no answer, and what to do. Returns `exit`. */
enum mxf_exit ask_report_failure(const struct command *command, enum mxf_exit exit,
				 const struct trouble *trouble);

typedef json_t *pins_report_fn(struct fence *fence, struct trouble *trouble);

/* As ask_agent(), but from the pins. -ENOENT among the pins is MXF_EXIT_NO_AGENT. */
enum mxf_exit ask_pins(const struct command *command, pins_report_fn *fn, struct answer *answer,
		       struct trouble *trouble);

/* Asks the agent; when none runs, the pins. */
enum mxf_exit ask_agent_or_pins(const struct command *command, const char *verb, pins_report_fn *fn,
				struct answer *answer, struct trouble *trouble);

/*
 * The agent's status; when none runs that of the pins, and the answer's exit says so. Without pins,
 * or without the right to read them (member `error`), it still has its shape.
 */
enum mxf_exit ask_status(const struct command *command, struct answer *answer,
			 struct trouble *trouble);

/* Asks the agent the command's verb and shows what it says. `arguments` as for ask_agent(). */
enum mxf_exit ask_and_show(const struct command *command, json_t *arguments, view_fn *view);

#endif
