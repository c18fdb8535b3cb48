// SPDX-License-Identifier: GPL-2.0-only
/*
 * `apply --try`, confirm, rollback. The kernel goes back by itself; here the rest of the agent
 * follows it, and what is on file is kept from coming into force by accident.
 */
#include <errno.h>
#include <string.h>

#include "core/log.h"
#include "core/scoped.h"
#include "fence/temporary.h"
#include "keeper_internal.h"
#include "service/report.h"
#include "service/request.h"

#define NANOSECONDS 1000000000ull
#define TRY_SECONDS_MAX 86400

/* Rules that agree on where the fence is; a trial goes back to tables, not to attachments. */
static bool same_interfaces(const struct filter_config *a, const struct filter_config *b)
{
	if (a->attach != b->attach || a->interface_count != b->interface_count)
		return false;
	for (size_t i = 0; i < a->interface_count; i++)
		if (!config_find_interface(b, a->interfaces[i].name))
			return false;
	return true;
}

static unsigned int seconds_left(uint64_t deadline)
{
	uint64_t now = temporary_now();

	return deadline > now ? (unsigned int)((deadline - now + NANOSECONDS - 1) / NANOSECONDS)
			      : 0;
}

int keeper_check_trial(const struct keeper *keeper, struct trouble *trouble)
{
	if (!keeper->trial.deadline)
		return 0;
	return trouble_set(trouble, -EBUSY,
			   "a configuration is on trial for %us more: `mxfence confirm` keeps it, "
			   "`mxfence rollback` ends it; then try again",
			   seconds_left(keeper->trial.deadline));
}

static uint64_t hash_of_files(const struct keeper *keeper)
{
	struct config *config = NULL;
	struct diags diags = {0};
	uint64_t hash = 0;

	if (!config_load(keeper->options->config, &config, &diags))
		hash = config->hash;
	config_free(&config);
	diags_clear(&diags);
	return hash;
}

int keeper_check_edit(const struct keeper *keeper, struct trouble *trouble)
{
	int error = keeper_check_trial(keeper, trouble);

	if (error || !keeper->trial.unconfirmed ||
	    keeper->trial.unconfirmed != hash_of_files(keeper))
		return error;
	return trouble_set(trouble, -EBUSY,
			   "the files hold what was tried and not confirmed, and an edit would "
			   "bring that into force: change them back, or `mxfence reload` first");
}

/* The end of a trial. */

static void trial_clear(struct keeper_trial *trial)
{
	trial->deadline = 0;
	keeper_rules_free(&trial->before);
	if (trial->timer)
		event_del(trial->timer);
}

void keeper_trial_free(struct keeper_trial *trial)
{
	trial_clear(trial);
	if (trial->timer)
		event_free(TAKE_PTR(trial->timer));
}

/* Without a fence the agent's word is all there is. */
static int fence_go_back(struct keeper *keeper, struct trouble *trouble)
{
	return keeper->fence ? fence_trial_end(keeper->fence, trouble) : 0;
}

/* The fence first: it must go back even if the gate cannot. */
static int trial_go_back(struct keeper *keeper, struct trouble *trouble)
{
	struct keeper_trial *trial = &keeper->trial;
	uint64_t tried = keeper->config->hash;
	int error = fence_go_back(keeper, trouble);

	if (error)
		return error;
	trial->unconfirmed = tried;
	if (trial->before.config && trial->before.config->hash == tried)
		trial->unconfirmed = 0; /* the files were what is in force */
	if (trial->before.config)
		error = keeper_take_rules(keeper, &trial->before, trouble);
	trial_clear(trial);
	log_open(&keeper->config->log, keeper->options->foreground);
	return error;
}

static void trial_watch(struct keeper *keeper);

static void on_deadline(evutil_socket_t fd, short what, void *context)
{
	const struct timeval again = {.tv_sec = 1};
	struct keeper *keeper = context;
	struct trouble trouble;

	(void)fd;
	(void)what;
	if (temporary_now() < keeper->trial.deadline) {
		trial_watch(keeper);
	} else if (trial_go_back(keeper, &trouble)) {
		log_error("after the trial: %s", trouble.text);
		if (keeper->trial.deadline)
			evtimer_add(keeper->trial.timer, &again);
	} else {
		log_warning("the configuration was not confirmed in time: the one before it is in "
			    "force again");
	}
}

static void trial_watch(struct keeper *keeper)
{
	struct keeper_trial *trial = &keeper->trial;
	uint64_t now = temporary_now();
	uint64_t wait = trial->deadline > now ? (trial->deadline - now) / 1000 + 1 : 1;
	const struct timeval time = {.tv_sec = (time_t)(wait / 1000000),
				     .tv_usec = (suseconds_t)(wait % 1000000)};

	if (!trial->timer)
		trial->timer = evtimer_new(keeper->base, on_deadline, keeper);
	if (!trial->timer || evtimer_add(trial->timer, &time))
		log_error("out of memory: the agent will not follow the kernel back");
}

void keeper_trial_note(struct keeper *keeper, struct keeper_rules *before, uint64_t deadline)
{
	struct keeper_trial *trial = &keeper->trial;
	const bool goes_on = trial->deadline && deadline;

	trial->unconfirmed = 0;
	if (goes_on) {
		keeper_rules_free(before);
	} else {
		trial_clear(trial);
		if (deadline)
			trial->before = *before;
		else
			keeper_rules_free(before);
	}
	trial->deadline = deadline;
	if (deadline)
		trial_watch(keeper);
}

/* A start. */

/* A trial that has ended is tidied up; *trial is then what there is after that. */
static int trial_find(struct keeper *keeper, struct fence_trial *trial, struct trouble *trouble)
{
	int error = fence_trial_read(keeper->fence, trial, trouble);

	if (error || !trial->ended)
		return error;
	error = fence_trial_end(keeper->fence, trouble);
	return error ? error : fence_trial_read(keeper->fence, trial, trouble);
}

/* The files of a trial that nobody confirmed do not come into force by a restart. */
int keeper_apply_first(struct keeper *keeper, struct keeper_rules *rules, struct trouble *trouble)
{
	const uint64_t hash = rules->config->hash;
	struct fence_trial trial = {.deadline = 0};
	struct keeper_terms terms = {.deadline = 0};
	int error = keeper->fence ? trial_find(keeper, &trial, trouble) : 0;

	if (error)
		log_warning("whether a trial is on cannot be told: %s", trouble->text);
	terms.deadline = trial.deadline;
	terms.keep_generation = !trial.deadline && trial.unconfirmed == hash;
	error = keeper_apply(keeper, rules, &terms, trouble);
	if (error || !terms.keep_generation)
		return error;
	keeper->trial.unconfirmed = hash;
	log_warning("the files hold what was tried and not confirmed: the fence stays as it was "
		    "before, until `mxfence reload` brings them into force");
	return 0;
}

/* The verbs. */

/* Reads the files, so that interfaces can be compared before anything is done. */
static int check_try(const struct keeper *keeper, struct trouble *trouble)
{
	struct config *config = NULL;
	struct diags diags = {0};
	int error = 0;

	if (keeper->fence && !config_load(keeper->options->config, &config, &diags) &&
	    config->has_filter && !diags.errors &&
	    !same_interfaces(&keeper->config->filter, &config->filter))
		error = trouble_set(trouble, -EINVAL,
				    "`interfaces` or `attach` differ, which cannot be tried: the "
				    "kernel goes back to tables, not to attachments. Reload that "
				    "change for good, then try the rest");
	config_free(&config);
	diags_clear(&diags);
	return error;
}

void keeper_do_apply(void *context, const json_t *arguments, struct control_answer *answer)
{
	struct keeper *keeper = context;
	struct trouble trouble;
	long long seconds = 0;
	struct keeper_terms terms = {.deadline = 0};
	char done[160];

	if (request_number(arguments, "try", 1, TRY_SECONDS_MAX, &seconds, &trouble)) {
		keeper_answer_error(answer, MXF_EXIT_USAGE, "%s", trouble.text);
		return;
	}
	if (seconds && check_try(keeper, &trouble)) {
		keeper_answer_error(answer, MXF_EXIT_FAILED, "%s", trouble.text);
		return;
	}
	if (seconds)
		terms.deadline = temporary_now() + (uint64_t)seconds * NANOSECONDS;
	answer->exit = keeper_reload(keeper, &terms, &answer->body);
	if (!seconds || answer->exit != MXF_EXIT_OK)
		return;
	snprintf(done, sizeof(done),
		 "on trial for %llds: `mxfence confirm` keeps it, else what was before comes back",
		 seconds);
	json_object_set_new(answer->body, "done", json_string(done));
}

static bool has_trial(const struct keeper *keeper, struct control_answer *answer)
{
	if (keeper->trial.deadline)
		return true;
	keeper_answer_error(answer, MXF_EXIT_FAILED, "nothing is on trial%s",
			    keeper->trial.unconfirmed
				    ? ": the last one is over, and what was before "
				      "it is in force"
				    : "");
	return false;
}

void keeper_do_confirm(void *context, const json_t *arguments, struct control_answer *answer)
{
	struct keeper *keeper = context;
	struct trouble trouble;
	int error = 0;

	(void)arguments;
	if (!has_trial(keeper, answer))
		return;
	if (keeper->fence)
		error = fence_trial_confirm(keeper->fence, &trouble);
	if (error) {
		keeper_answer_error(answer, keeper_exit_for(error), "%s", trouble.text);
		return;
	}
	trial_clear(&keeper->trial);
	log_info("the configuration on trial was confirmed");
	answer->body = json_pack("{s:i, s:s}", "schema", MXF_JSON_SCHEMA, "done",
				 "confirmed: what was on trial stays");
}

void keeper_do_rollback(void *context, const json_t *arguments, struct control_answer *answer)
{
	struct keeper *keeper = context;
	struct trouble trouble;

	(void)arguments;
	if (!has_trial(keeper, answer))
		return;
	if (trial_go_back(keeper, &trouble)) {
		keeper_answer_error(answer, MXF_EXIT_FAILED, "%s", trouble.text);
		return;
	}
	log_info("the configuration on trial was taken back");
	answer->body = json_pack("{s:i, s:s}", "schema", MXF_JSON_SCHEMA, "done",
				 "taken back: what was before the trial is in force; the files "
				 "still hold what was tried");
}
