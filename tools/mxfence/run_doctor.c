// SPDX-License-Identifier: GPL-2.0-only
/* The verb that looks at the host. */
#include <errno.h>
#include <string.h>

#include "ask.h"
#include "checked.h"
#include "core/scoped.h"
#include "doctor.h"
#include "handlers.h"
#include "views.h"

static void gather_configuration(const struct command *command, struct checked *checked,
				 struct host_facts *facts)
{
	struct trouble *missing = &facts->missing[FACT_CONFIG];

	snprintf(facts->config_path, sizeof(facts->config_path), "%s",
		 command_config_path(command));
	if (checked_read(facts->config_path, checked) < 0) {
		trouble_set(missing, -ENOMEM, "out of memory");
		return;
	}
	facts->config_errors = checked->diags.errors;
	if (facts->config_errors || checked->diags.out_of_memory)
		trouble_set(missing, -EINVAL, "the configuration has errors");
	else
		facts->config = checked->config;
}

static void gather_status(const struct command *command, struct host_facts *facts)
{
	struct answer answer = {.exit = MXF_EXIT_OK};
	struct trouble trouble;
	enum mxf_exit exit = ask_status(command, &answer, &trouble);
	const char *error = view_text(answer.body, "error");

	if (exit != MXF_EXIT_OK) {
		trouble_set(&facts->missing[FACT_AGENT], -EIO, "%s", trouble.text);
		trouble_set(&facts->missing[FACT_FENCE], -EIO, "%s", trouble.text);
	}
	if (error)
		trouble_set(&facts->missing[FACT_FENCE], -EIO, "%s", error);
	facts_read_status(facts, answer.body);
	answer_clear(&answer);
}

static void gather(const struct command *command, struct checked *checked, struct host_facts *facts)
{
	facts->now = time(NULL);
	gather_configuration(command, checked, facts);
	gather_status(command, facts);
	facts_gather_lists(facts);
	facts_gather_interfaces(facts);
	facts_gather_sysctls(facts);
	facts_gather_listeners(facts);
	facts_gather_routes(facts);
	facts_gather_ruleset(facts);
	facts_gather_udp_tunnels(facts);
	facts_gather_sources(facts, command_pin_dir(command));
}

enum mxf_exit run_doctor(const struct command *command)
{
	SCOPED_FREE struct doctor *doctor = calloc(1, sizeof(*doctor));
	struct host_facts facts = {.now = 0};
	struct checked checked = {.config = NULL};
	struct answer answer = {.exit = MXF_EXIT_OK};

	if (!doctor)
		return output_error(command, MXF_EXIT_FAILED, NULL, "out of memory");
	gather(command, &checked, &facts);
	doctor_examine(&facts, doctor);
	answer.body = doctor_report(doctor);
	if (doctor->finding_count)
		answer.exit = MXF_EXIT_FAILED;
	output_answer(command, &answer, view_doctor);
	answer_clear(&answer);
	facts_clear(&facts);
	checked_clear(&checked);
	return doctor->finding_count ? MXF_EXIT_FAILED : MXF_EXIT_OK;
}
