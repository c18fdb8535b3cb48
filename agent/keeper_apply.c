// SPDX-License-Identifier: GPL-2.0-only
/* A configuration comes into force, or nothing changes. */
#include "keeper_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/log.h"
#include "core/scoped.h"
#include "fence/lint.h"
#include "notify.h"
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

/* Publishing comes first, so that an interface never meets a program without a generation. */
static int fence_apply(struct keeper *keeper, const struct config *next, struct trouble *trouble)
{
	struct trouble undo;
	uint64_t number;
	int error = 0;

	if (keeper->loaded)
		error = fence_check_attach(keeper->fence, &next->filter, trouble);
	if (!error)
		error = fence_publish(keeper->fence, next, &number, trouble);
	if (error)
		return error;
	if (keeper->loaded)
		error = fence_attach(keeper->fence, &next->filter, trouble);
	if (!error) {
		fence_publish_settle(keeper->fence);
		log_info("generation %llu is in force", (unsigned long long)number);
		return 0;
	}
	if (fence_publish_undo(keeper->fence, &undo))
		log_error("%s", undo.text);
	return error;
}

int keeper_apply(struct keeper *keeper, struct config **config, struct trouble *trouble)
{
	struct metrics_server *metrics = NULL;
	struct config *next = *config;
	int error;

	if (!next->has_filter)
		return trouble_set(
			trouble, -EINVAL,
			"the configuration has no `filter`: there is nothing to enforce");
	error = metrics_prepare(keeper, next, &metrics, trouble);
	if (!error)
		error = fence_apply(keeper, next, trouble);
	if (error) {
		metrics_server_close(&metrics);
		return error;
	}
	metrics_replace(keeper, next, &metrics);
	config_free(&keeper->config);
	keeper->config = TAKE_PTR(*config);
	return 0;
}

static uint64_t time_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
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
	if (fence_generation(keeper->fence, &generation, &trouble))
		return;
	snprintf(done, sizeof(done), "generation %llu is in force%s",
		 (unsigned long long)generation->number,
		 keeper->loaded ? "" : ", but nothing is attached (unload)");
	json_object_set_new(body, "generation", json_integer((json_int_t)generation->number));
	json_object_set_new(body, "done", json_string(done));
}

static enum mxf_exit reload_checked(struct keeper *keeper, struct config **config,
				    const struct diags *diags, json_t *body)
{
	struct trouble trouble;
	int error;

	if (diags->errors || diags->out_of_memory) {
		reload_refused(keeper, body, *config, diags);
		return MXF_EXIT_CONFIGURATION;
	}
	error = keeper_apply(keeper, config, &trouble);
	if (error) {
		reload_failed(keeper, trouble.text);
		report_set_error(body, "%s", trouble.text);
		return keeper_exit_for(error);
	}
	reload_done(keeper, body);
	return MXF_EXIT_OK;
}

enum mxf_exit keeper_reload(struct keeper *keeper, json_t **body)
{
	struct config *config = NULL;
	struct diags diags = {0};
	enum mxf_exit exit = MXF_EXIT_FAILED;
	struct trouble trouble;

	notify_reloading();
	if (control_restore(keeper->control, &trouble))
		log_error("%s", trouble.text);
	keeper->reload_time = time_now();
	if (config_check(keeper->options->config, &config, &diags)) {
		*body = report_error("out of memory");
	} else {
		diags_sort(&diags);
		*body = report_diagnostics(&diags, &config->sources);
		exit = reload_checked(keeper, &config, &diags, *body);
	}
	config_free(&config);
	diags_clear(&diags);
	notify_ready();
	return exit;
}

void keeper_repair(struct keeper *keeper)
{
	struct trouble trouble = {.text = ""};
	int repaired;

	if (!keeper->loaded)
		return;
	repaired = fence_repair(keeper->fence, &keeper->config->filter, &trouble);
	if (repaired >= 0)
		trouble.text[0] = '\0';
	else if (strcmp(trouble.text, keeper->repair_trouble.text) != 0)
		log_error("%s", trouble.text);
	keeper->repair_trouble = trouble;
}
