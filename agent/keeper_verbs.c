// SPDX-License-Identifier: GPL-2.0-only
/* What the control socket's verbs do. */
#include "keeper_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "core/log.h"
#include "core/range.h"
#include "core/scoped.h"
#include "fence/lint.h"
#include "service/diff.h"
#include "service/report.h"
#include "service/request.h"

#define PORT_DEFAULT 25

void keeper_answer_error(struct control_answer *answer, enum mxf_exit exit, const char *format, ...)
{
	struct trouble trouble;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(trouble.text, sizeof(trouble.text), format, arguments);
	va_end(arguments);
	answer->exit = exit;
	answer->body = report_error("%s", trouble.text);
}

/* A body that could not be made is an error. */
static void answer_body(struct control_answer *answer, json_t *body, const struct trouble *trouble)
{
	if (body)
		answer->body = body;
	else
		keeper_answer_error(answer, MXF_EXIT_FAILED, "%s",
				    trouble->text[0] ? trouble->text : "out of memory");
}

static void handle_status(void *context, const json_t *arguments, struct control_answer *answer)
{
	struct keeper *keeper = context;
	const struct report_agent agent = {
		.running = true,
		.pid = getpid(),
		.version = MXF_VERSION,
		.loaded = keeper->loaded,
		.reload_error = keeper->reload_error,
		.reload_time = keeper->reload_time,
	};
	struct trouble trouble = {.text = ""};

	(void)arguments;
	answer_body(answer, report_status(keeper->fence, &agent, &trouble), &trouble);
}

static void handle_reload(void *context, const json_t *arguments, struct control_answer *answer)
{
	(void)arguments;
	answer->exit = keeper_reload(context, &answer->body);
}

static void handle_diff(void *context, const json_t *arguments, struct control_answer *answer)
{
	struct keeper *keeper = context;
	struct config *next = NULL;
	struct diags diags = {0};

	(void)arguments;
	if (config_check(keeper->options->config, &next, &diags)) {
		keeper_answer_error(answer, MXF_EXIT_FAILED, "out of memory");
	} else if (diags.errors || diags.out_of_memory) {
		diags_sort(&diags);
		answer->exit = MXF_EXIT_CONFIGURATION;
		answer->body = report_diagnostics(&diags, &next->sources);
		report_set_error(answer->body, "%zu error%s; reload would change nothing",
				 diags.errors, diags.errors == 1 ? "" : "s");
	} else {
		answer->body = diff_report(keeper->config, next);
	}
	config_free(&next);
	diags_clear(&diags);
}

static void answer_interfaces(struct keeper *keeper, const char *done,
			      struct control_answer *answer)
{
	struct trouble trouble = {.text = ""};
	const struct report_agent agent = {.running = true};
	json_t *status = report_status(keeper->fence, &agent, &trouble);

	answer_body(answer,
		    status ? json_pack("{s:i, s:s, s:O}", "schema", MXF_JSON_SCHEMA, "done", done,
				       "interfaces", json_object_get(status, "interfaces"))
			   : NULL,
		    &trouble);
	json_decref(status);
}

static void handle_load(void *context, const json_t *arguments, struct control_answer *answer)
{
	struct keeper *keeper = context;
	struct trouble trouble;
	int error = fence_attach(keeper->fence, &keeper->config->filter, &trouble);

	(void)arguments;
	if (error) {
		keeper_answer_error(answer, keeper_exit_for(error), "%s", trouble.text);
		return;
	}
	keeper->loaded = true;
	answer_interfaces(keeper, "attached; the fence stands", answer);
}

static void handle_unload(void *context, const json_t *arguments, struct control_answer *answer)
{
	struct keeper *keeper = context;
	struct trouble trouble;
	int error = fence_detach(keeper->fence, false, &trouble);

	(void)arguments;
	if (error) {
		keeper_answer_error(answer, keeper_exit_for(error), "%s", trouble.text);
		return;
	}
	keeper->loaded = false;
	log_warning("unloaded: every packet passes until load");
	answer_interfaces(keeper, "detached; every packet passes now", answer);
}

static int question_address(const json_t *arguments, const char *name, bool required, struct ip *ip,
			    uint8_t *family, struct trouble *trouble)
{
	const char *text;
	enum range_error wrong;
	int error = request_string(arguments, name, required, &text, trouble);

	if (error || !text)
		return error;
	wrong = ip_parse(text, strlen(text), ip, family);
	if (wrong != RANGE_OK)
		return trouble_set(trouble, -EINVAL, "%.80s %s", text, range_error_text(wrong));
	return 1;
}

static int question_read(const json_t *arguments, struct report_question *question,
			 struct trouble *trouble)
{
	long long port = PORT_DEFAULT;
	uint8_t family;
	int found = question_address(arguments, "address", true, &question->source,
				     &question->family, trouble);

	if (found < 0)
		return found;
	if (request_number(arguments, "port", 1, UINT16_MAX, &port, trouble))
		return -EINVAL;
	question->port = (uint16_t)port;
	found = question_address(arguments, "local", false, &question->destination, &family,
				 trouble);
	question->has_destination = found > 0;
	if (found > 0 && family != question->family)
		return trouble_set(trouble, -EINVAL, "the two addresses are of different families");
	return found < 0 ? found : 0;
}

static void handle_explain(void *context, const json_t *arguments, struct control_answer *answer)
{
	struct keeper *keeper = context;
	const struct mxf_generation *generation;
	struct report_question question = {0};
	struct trouble trouble;
	int error;

	if (question_read(arguments, &question, &trouble)) {
		keeper_answer_error(answer, MXF_EXIT_USAGE, "%s", trouble.text);
		return;
	}
	error = fence_generation(keeper->fence, &generation, &trouble);
	if (error)
		keeper_answer_error(answer, keeper_exit_for(error), "%s", trouble.text);
	else
		answer->body = report_explain(generation, &question, &answer->exit);
}

static void handle_stats(void *context, const json_t *arguments, struct control_answer *answer)
{
	struct keeper *keeper = context;
	struct trouble trouble = {.text = ""};

	(void)arguments;
	answer_body(answer, report_stats(keeper->fence, &trouble), &trouble);
}

static void handle_drops(void *context, const json_t *arguments, struct control_answer *answer)
{
	struct keeper *keeper = context;
	struct trouble trouble = {.text = ""};

	(void)arguments;
	answer_body(answer, report_drops(keeper->fence, &trouble), &trouble);
}

static void handle_events(void *context, const json_t *arguments, struct control_answer *answer)
{
	struct keeper *keeper = context;
	json_t *list = events_list(&keeper->events);

	answer->follow = json_is_true(json_object_get(arguments, "follow"));
	if (answer->follow)
		answer->followed = list;
	else
		answer->body = json_pack("{s:i, s:o}", "schema", MXF_JSON_SCHEMA, "events", list);
}

char *keeper_metrics_text(void *context, struct trouble *trouble)
{
	struct keeper *keeper = context;
	const struct metrics_agent agent = {
		.config_hash = keeper->config->hash,
		.last_reload_success = !keeper->reload_error,
		.version = MXF_VERSION,
	};

	return metrics_text(keeper->fence, &agent, trouble);
}

static void handle_metrics(void *context, const json_t *arguments, struct control_answer *answer)
{
	struct trouble trouble;

	(void)arguments;
	answer->text = keeper_metrics_text(context, &trouble);
	if (!answer->text)
		keeper_answer_error(answer, MXF_EXIT_FAILED, "%s", trouble.text);
}

const struct control_handler keeper_handlers[] = {
	{"status", handle_status},	 {"reload", handle_reload},
	{"diff", handle_diff},		 {"load", handle_load},
	{"unload", handle_unload},	 {"trust list", keeper_trust_list},
	{"trust add", keeper_trust_add}, {"trust del", keeper_trust_del},
	{"explain", handle_explain},	 {"stats", handle_stats},
	{"drops", handle_drops},	 {"events", handle_events},
	{"metrics", handle_metrics},	 {0},
};
