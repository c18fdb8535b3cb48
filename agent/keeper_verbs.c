// SPDX-License-Identifier: GPL-2.0-only
/* What the control socket's verbs do. */
#include "keeper_import.h"
#include "keeper_temporary.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "core/log.h"
#include "core/range.h"
#include "core/scoped.h"
#include "service/check.h"
#include "service/diff.h"
#include "service/explain_smtp.h"
#include "service/report.h"
#include "service/report_smtp.h"
#include "service/request.h"
#include "service/suggest.h"

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

bool keeper_has_fence(const struct keeper *keeper, struct control_answer *answer)
{
	if (keeper->fence)
		return true;
	keeper_answer_error(answer, MXF_EXIT_FAILED,
			    "there is no fence: the configuration has no `filter`");
	return false;
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
		.unconfirmed = keeper->trial.unconfirmed != 0,
	};
	struct trouble trouble = {.text = ""};

	(void)arguments;
	answer_body(answer, report_status(keeper->fence, &agent, &trouble), &trouble);
	if (!answer->body)
		return;
	report_add_sources(answer->body, keeper->config);
	json_object_set_new(answer->body, "gate", report_gate(keeper->config, keeper->gate));
}

static void handle_reload(void *context, const json_t *arguments, struct control_answer *answer)
{
	const struct keeper_terms terms = {.deadline = 0};

	(void)arguments;
	answer->exit = keeper_reload(context, &terms, &answer->body);
}

static void handle_diff(void *context, const json_t *arguments, struct control_answer *answer)
{
	struct keeper *keeper = context;
	struct keeper_rules next = {0};
	struct diags diags = {0};

	(void)arguments;
	if (check_configuration(keeper->options->config, &next.config, &next.policy, &diags)) {
		keeper_answer_error(answer, MXF_EXIT_FAILED, "out of memory");
	} else if (diags.errors || diags.out_of_memory) {
		answer->exit = MXF_EXIT_CONFIGURATION;
		answer->body = report_diagnostics(&diags, &next.config->sources);
		report_set_error(answer->body, "%zu error%s; reload would change nothing",
				 diags.errors, diags.errors == 1 ? "" : "s");
	} else {
		answer->body = diff_report(keeper->config, next.config);
	}
	keeper_rules_free(&next);
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
	int error;

	(void)arguments;
	if (!keeper_has_fence(keeper, answer))
		return;
	error = fence_attach(keeper->fence, &keeper->config->filter, &trouble);
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
	int error;

	(void)arguments;
	if (!keeper_has_fence(keeper, answer))
		return;
	error = fence_detach(keeper->fence, false, &trouble);
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

/* What `explain` is asked: a packet, and what its sender would say. */
struct question {
	struct report_question packet;
	struct explain_question smtp;
};

static int question_read_smtp(const json_t *arguments, struct explain_question *smtp,
			      struct trouble *trouble)
{
	smtp->tls = json_is_true(json_object_get(arguments, "tls"));
	if (request_string(arguments, "auth", false, &smtp->login, trouble) ||
	    request_string(arguments, "from", false, &smtp->sender, trouble) ||
	    request_string(arguments, "to", false, &smtp->recipient, trouble))
		return -EINVAL;
	return 0;
}

static int question_read(const json_t *arguments, struct question *question,
			 struct trouble *trouble)
{
	struct report_question *packet = &question->packet;
	struct explain_question *smtp = &question->smtp;
	long long port = PORT_DEFAULT;
	int found = question_address(arguments, "address", true, &packet->source, &packet->family,
				     trouble);

	if (found < 0)
		return found;
	if (request_number(arguments, "port", 1, UINT16_MAX, &port, trouble))
		return -EINVAL;
	packet->port = (uint16_t)port;
	found = question_address(arguments, "local", false, &packet->destination,
				 &smtp->local_family, trouble);
	packet->has_destination = found > 0;
	if (found > 0 && smtp->local_family != packet->family)
		return trouble_set(trouble, -EINVAL, "the two addresses are of different families");
	if (found < 0)
		return found;
	smtp->client = packet->source;
	smtp->client_family = packet->family;
	smtp->has_local = packet->has_destination;
	smtp->local = packet->destination;
	smtp->port = packet->port;
	return question_read_smtp(arguments, smtp, trouble);
}

/* The temporary entry that decides about the source: a ban, else trust. */
static bool entry_find(const struct keeper *keeper, const struct report_question *packet,
		       struct temporary_entry *entry)
{
	struct trouble trouble;

	for (int action = 0; keeper->fence && action < MXF_TEMPORARY_ACTION_COUNT; action++)
		if (temporary_find(keeper->fence, (enum mxf_temporary_action)action, packet->family,
				   packet->source, entry, &trouble) > 0)
			return true;
	return false;
}

static void handle_explain(void *context, const json_t *arguments, struct control_answer *answer)
{
	struct keeper *keeper = context;
	const struct mxf_generation *generation = NULL;
	struct question question = {0};
	struct temporary_entry entry;
	bool found;
	enum mxf_exit smtp_exit = MXF_EXIT_OK;
	struct trouble trouble;
	int error = 0;

	if (question_read(arguments, &question, &trouble)) {
		keeper_answer_error(answer, MXF_EXIT_USAGE, "%s", trouble.text);
		return;
	}
	if (keeper->fence)
		error = fence_generation(keeper->fence, &generation, &trouble);
	if (error) {
		keeper_answer_error(answer, keeper_exit_for(error), "%s", trouble.text);
		return;
	}
	found = entry_find(keeper, &question.packet, &entry);
	answer->body =
		report_explain(generation, found ? &entry : NULL, &question.packet, &answer->exit);
	if (keeper->policy && answer->body)
		json_object_set_new(
			answer->body, "smtp",
			explain_smtp(keeper->config, keeper->policy, &question.smtp, &smtp_exit));
	if (smtp_exit != MXF_EXIT_OK)
		answer->exit = smtp_exit;
}

static void handle_sessions(void *context, const json_t *arguments, struct control_answer *answer)
{
	struct keeper *keeper = context;

	(void)arguments;
	answer->body = report_sessions(keeper->config, keeper->gate);
	if (!answer->body)
		keeper_answer_error(answer, MXF_EXIT_FAILED, "out of memory");
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

static void handle_suggest(void *context, const json_t *arguments, struct control_answer *answer)
{
	struct keeper *keeper = context;
	struct trouble trouble = {.text = ""};

	(void)arguments;
	if (keeper_has_fence(keeper, answer))
		answer_body(answer, suggest_report(keeper->fence, &keeper->partners, &trouble),
			    &trouble);
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
		.unconfirmed = keeper->trial.unconfirmed != 0,
		.version = MXF_VERSION,
	};

	return metrics_text(keeper->fence, keeper->config, keeper->gate, &agent, trouble);
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
	{"status", handle_status},
	{"reload", handle_reload},
	{"diff", handle_diff},
	{"apply", keeper_do_apply},
	{"confirm", keeper_do_confirm},
	{"rollback", keeper_do_rollback},
	{"load", handle_load},
	{"unload", handle_unload},
	{"trust list", keeper_trust_list},
	{"trust add", keeper_trust_add},
	{"trust del", keeper_trust_del},
	{"trust import", keeper_trust_import},
	{"trust suggest", handle_suggest},
	{"ban list", keeper_ban_list},
	{"ban add", keeper_ban_add},
	{"ban del", keeper_ban_del},
	{"explain", handle_explain},
	{"stats", handle_stats},
	{"drops", handle_drops},
	{"events", handle_events},
	{"metrics", handle_metrics},
	{"sessions", handle_sessions},
	{0},
};
