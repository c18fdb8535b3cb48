// SPDX-License-Identifier: GPL-2.0-only
#include "ask.h"
#include "service/report.h"

static json_t *pinned_status(struct fence *fence, struct trouble *trouble)
{
	const struct report_agent nobody = {.running = false};

	return report_status(fence, &nobody, trouble);
}

/* Without pins, or without the right to read them (`error`), the answer still has its shape. */
static json_t *bare_status(const char *error)
{
	json_t *body =
		json_pack("{s:i, s:{s:b, s:n, s:n, s:b, s:n, s:n, s:b}, s:n, s:i, s:n, s:[], "
			  "s:[], s:n, s:n, s:[], s:[], s:n}",
			  "schema", MXF_JSON_SCHEMA, "agent", "running", 0, "pid", "version",
			  "loaded", 0, "reload_error", "reload_time", "unconfirmed", 0, "mode",
			  "generation", 0, "published", "closed_ports", "open_ports", "trial",
			  "temporary", "interfaces", "lists", "gate");

	if (error)
		report_set_error(body, "%s", error);
	return body;
}

enum mxf_exit ask_status(const struct command *command, struct answer *answer,
			 struct trouble *trouble)
{
	enum mxf_exit exit = ask_agent(command, "status", NULL, answer, trouble);

	if (exit != MXF_EXIT_NO_AGENT)
		return exit;
	exit = ask_pins(command, pinned_status, answer, trouble);
	if (exit != MXF_EXIT_OK)
		answer->body = bare_status(exit == MXF_EXIT_NO_AGENT ? NULL : trouble->text);
	answer->exit = MXF_EXIT_NO_AGENT;
	return MXF_EXIT_OK;
}
