// SPDX-License-Identifier: GPL-2.0-only
/* A configuration comes into force, or nothing changes. */
#include "keeper_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/scoped.h"
#include "notify.h"
#include "service/check.h"
#include "service/report.h"

enum mxf_exit keeper_exit_for(int error)
{
	return error == -EPERM || error == -EACCES ? MXF_EXIT_NOT_PERMITTED : MXF_EXIT_FAILED;
}

static bool metrics_differ(const struct metrics_config *a, const struct metrics_config *b)
{
	return a->enabled != b->enabled || a->port != b->port || strcmp(a->address, b->address);
}

/* The new server, when there is to be another one than now. */
static int metrics_prepare(struct keeper *keeper, const struct config *next,
			   struct metrics_server **server, struct trouble *trouble)
{
	if (keeper->config && !metrics_differ(&keeper->config->metrics, &next->metrics))
		return 0;
	if (!next->metrics.enabled)
		return 0;
	return metrics_server_open(keeper->base, &next->metrics, keeper_metrics_text, keeper,
				   server, trouble);
}

static void metrics_replace(struct keeper *keeper, const struct config *next,
			    struct metrics_server **server)
{
	if (keeper->config && !metrics_differ(&keeper->config->metrics, &next->metrics))
		return;
	metrics_server_close(&keeper->metrics);
	keeper->metrics = TAKE_PTR(*server);
}

static int fence_publish_next(struct keeper *keeper, const struct config *next,
			      const struct keeper_terms *terms, struct trouble *trouble)
{
	uint64_t number;
	int error;

	if (terms->keep_generation)
		return 0;
	error = fence_publish(keeper->fence, next, terms->deadline, &number, trouble);
	if (!error)
		log_info("generation %llu is in force%s", (unsigned long long)number,
			 terms->deadline ? ", on trial" : "");
	return error;
}

/* Publishing comes first, so that an interface never meets a program without a generation. */
static int fence_apply(struct keeper *keeper, const struct config *next,
		       const struct keeper_terms *terms, struct trouble *trouble)
{
	struct trouble undo;
	int error = 0;

	if (keeper->loaded)
		error = fence_check_attach(keeper->fence, &next->filter, trouble);
	if (!error)
		error = fence_publish_next(keeper, next, terms, trouble);
	if (error)
		return error;
	if (keeper->loaded)
		error = fence_attach(keeper->fence, &next->filter, trouble);
	if (terms->keep_generation)
		return error;
	if (!error)
		fence_publish_settle(keeper->fence);
	else if (fence_publish_undo(keeper->fence, &undo))
		log_error("%s", undo.text);
	else
		log_warning("the generation before is in force again");
	return error;
}

void keeper_rules_free(struct keeper_rules *rules)
{
	policy_free(&rules->policy);
	config_free(&rules->config);
}

/* What an agent that has given up its privileges cannot begin or end. */
static int check_halves(const struct keeper *keeper, const struct config *next,
			struct trouble *trouble)
{
	if (!next->has_filter && !next->has_gate)
		return trouble_set(trouble, -EINVAL,
				   "the configuration has neither `filter` nor `gate`: there is "
				   "nothing to enforce");
	if (next->has_filter && !keeper->fence)
		return trouble_set(trouble, -EINVAL,
				   "this agent was started without a `filter` and has given up "
				   "what it takes to make a fence: restart mxfenced");
	if (!next->has_filter && keeper->fence)
		return trouble_set(trouble, -EINVAL,
				   "the `filter` is gone, but the fence stands: `mxfence unload` "
				   "takes it off, and restart mxfenced");
	return 0;
}

/* Everything that can fail comes first; the fence's publication is the last of it. */
static int halves_apply(struct keeper *keeper, const struct keeper_rules *rules,
			const struct keeper_terms *terms, struct trouble *trouble)
{
	struct gate_next *gate = NULL;
	int error = 0;

	if (rules->config->has_gate)
		error = gate_prepare(keeper->gate, rules->config, rules->policy, &gate, trouble);
	if (!error && keeper->fence && terms)
		error = fence_apply(keeper, rules->config, terms, trouble);
	if (error)
		gate_discard(&gate);
	else
		gate_commit(keeper->gate, &gate);
	return error;
}

/* `terms` is NULL when the fence has them already. What was in force before is *before then. */
static int rules_replace(struct keeper *keeper, struct keeper_rules *rules,
			 const struct keeper_terms *terms, struct keeper_rules *before,
			 struct trouble *trouble)
{
	struct metrics_server *metrics = NULL;
	int error = metrics_prepare(keeper, rules->config, &metrics, trouble);

	if (!error)
		error = halves_apply(keeper, rules, terms, trouble);
	if (error) {
		metrics_server_close(&metrics);
		return error;
	}
	*before = (struct keeper_rules){keeper->config, keeper->policy};
	metrics_replace(keeper, rules->config, &metrics);
	keeper->config = TAKE_PTR(rules->config);
	keeper->policy = TAKE_PTR(rules->policy);
	return 0;
}

int keeper_apply(struct keeper *keeper, struct keeper_rules *rules,
		 const struct keeper_terms *terms, struct trouble *trouble)
{
	struct keeper_rules before;
	int error = check_halves(keeper, rules->config, trouble);

	if (!error)
		error = rules_replace(keeper, rules, terms, &before, trouble);
	if (!error)
		keeper_trial_note(keeper, &before, terms->deadline);
	return error;
}

int keeper_take_rules(struct keeper *keeper, struct keeper_rules *rules, struct trouble *trouble)
{
	struct keeper_rules before;
	int error = rules_replace(keeper, rules, NULL, &before, trouble);

	if (!error)
		keeper_rules_free(&before);
	return error;
}

static void reload_failed(struct keeper *keeper, const char *text)
{
	log_error("reload changed nothing: %s", text);
	free(keeper->reload_error);
	keeper->reload_error = strdup(text);
}

/* Log and status have one line: the first error stands for all. The answer has the diagnostics. */
static void reload_refused(struct keeper *keeper, json_t *body, const struct config *config,
			   const struct diags *diags)
{
	const char *plural = diags->errors == 1 ? "" : "s";
	const struct diag *first = NULL;
	struct trouble trouble;

	for (size_t i = 0; i < diags->count && !first; i++)
		if (diags->items[i].severity == DIAG_ERROR)
			first = &diags->items[i];
	if (first)
		trouble_set(&trouble, 0, "%s:%u:%u: %s (%zu error%s in all)",
			    sources_name(&config->sources, first->place.file), first->place.line,
			    first->place.column, first->message, diags->errors, plural);
	else
		trouble_set(&trouble, 0, "out of memory");
	reload_failed(keeper, trouble.text);
	report_set_error(body, "%zu error%s; what runs keeps running", diags->errors, plural);
}

static void reload_done(struct keeper *keeper, json_t *body)
{
	const struct mxf_generation *generation;
	struct trouble trouble;
	char done[64];

	log_open(&keeper->config->log, keeper->options->foreground);
	free(TAKE_PTR(keeper->reload_error));
	if (!keeper->fence) {
		json_object_set_new(body, "done", json_string("the new rules are in force"));
		return;
	}
	if (fence_generation(keeper->fence, &generation, &trouble))
		return;
	snprintf(done, sizeof(done), "generation %llu is in force%s",
		 (unsigned long long)generation->number,
		 keeper->loaded ? "" : ", but nothing is attached (unload)");
	json_object_set_new(body, "generation", json_integer((json_int_t)generation->number));
	json_object_set_new(body, "done", json_string(done));
}

static enum mxf_exit reload_checked(struct keeper *keeper, struct keeper_rules *rules,
				    const struct keeper_terms *terms, const struct diags *diags,
				    json_t *body)
{
	struct trouble trouble;
	int error = 0;

	if (diags->errors || diags->out_of_memory) {
		reload_refused(keeper, body, rules->config, diags);
		return MXF_EXIT_CONFIGURATION;
	}
	if (terms->guard)
		error = terms->guard(keeper, rules->config, &trouble);
	if (!error)
		error = keeper_apply(keeper, rules, terms, &trouble);
	if (error) {
		reload_failed(keeper, trouble.text);
		report_set_error(body, "%s", trouble.text);
		return keeper_exit_for(error);
	}
	reload_done(keeper, body);
	return MXF_EXIT_OK;
}

enum mxf_exit keeper_reload(struct keeper *keeper, const struct keeper_terms *terms, json_t **body)
{
	struct keeper_rules rules = {0};
	struct diags diags = {0};
	enum mxf_exit exit = MXF_EXIT_FAILED;
	struct trouble trouble;

	if (keeper->stopping) {
		*body = report_error("the agent is stopping");
		return MXF_EXIT_FAILED;
	}
	if (!terms->deadline && keeper_check_trial(keeper, &trouble)) {
		log_error("reload changed nothing: %s", trouble.text);
		*body = report_error("%s", trouble.text);
		return MXF_EXIT_FAILED;
	}
	notify_reloading();
	if (control_restore(keeper->control, &trouble))
		log_error("%s", trouble.text);
	keeper->reload_time = report_now();
	if (check_configuration(keeper->options->config, &rules.config, &rules.policy, &diags)) {
		*body = report_error("out of memory");
	} else {
		*body = report_diagnostics(&diags, &rules.config->sources);
		exit = reload_checked(keeper, &rules, terms, &diags, *body);
	}
	keeper_rules_free(&rules);
	diags_clear(&diags);
	notify_ready();
	return exit;
}

void keeper_repair(struct keeper *keeper)
{
	struct trouble trouble = {.text = ""};
	int repaired;

	if (!keeper->loaded || !keeper->fence)
		return;
	repaired = fence_repair(keeper->fence, &keeper->config->filter, &trouble);
	if (repaired >= 0)
		trouble.text[0] = '\0';
	else if (strcmp(trouble.text, keeper->repair_trouble.text) != 0)
		log_error("%s", trouble.text);
	keeper->repair_trouble = trouble;
}
