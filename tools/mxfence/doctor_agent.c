// SPDX-License-Identifier: GPL-2.0-only
/* Checks of what runs, against what should. */
#include "doctor.h"

#define OBSERVE_LONG (3 * 86400) /* seconds: to look at a day or two is what it is for */

void check_configuration_errors(const struct host_facts *facts, struct doctor *doctor)
{
	struct finding *finding;

	if (!facts->config_errors)
		return;
	finding = doctor_find(doctor, DOCTOR_ERROR, facts->config_path,
			      "a configuration with an error is never applied: what runs goes on, "
			      "and after a boot nothing would");
	finding_what(finding, "the configuration has %zu error%s", facts->config_errors,
		     facts->config_errors == 1 ? "" : "s");
	finding_mend(finding, "mxfence -c %s check", facts->config_path);
}

static void find_dead(const struct host_facts *facts, struct doctor *doctor)
{
	struct finding *finding;

	if (facts->pinned) {
		finding = doctor_find(doctor, DOCTOR_WARNING, "mxfenced",
				      "the kernel goes on with the last rules, but reload, bans, "
				      "events, metrics and the gate need the agent");
		finding_what(finding, "the agent does not run; the fence stands without it");
	} else if (facts->missing[FACT_FENCE].text[0]) {
		finding =
			doctor_find(doctor, DOCTOR_WARNING, "mxfenced",
				    "whether the kernel goes on with the last rules, only root can "
				    "see");
		finding_what(finding, "the agent does not run");
	} else {
		finding = doctor_find(doctor, DOCTOR_ERROR, "mxfenced",
				      "every packet passes and the gate answers nobody");
		finding_what(finding, "the agent does not run, and nothing is loaded");
	}
	finding_mend(finding, "systemctl start mxfence");
}

static void find_unloaded(struct doctor *doctor)
{
	struct finding *finding = doctor_find(doctor, DOCTOR_ERROR, "mxfenced",
					      "every packet passes until it is loaded again");

	finding_what(finding, "the fence was taken down with mxfence unload");
	finding_mend(finding, "mxfence load");
}

static void find_failed_reload(const struct host_facts *facts, struct doctor *doctor)
{
	struct finding *finding = doctor_find(doctor, DOCTOR_WARNING, facts->config_path,
					      "what the file says is not what is in force");

	finding_what(finding, "the last reload failed: %s", facts->reload_error);
	finding_mend(finding, "mxfence check && mxfence reload");
}

void check_agent(const struct host_facts *facts, struct doctor *doctor)
{
	if (!facts->config->has_filter && !facts->config->has_gate)
		return;
	if (!facts->agent_running)
		find_dead(facts, doctor);
	else if (facts->config->has_filter && !facts->loaded)
		find_unloaded(doctor);
	if (facts->reload_error[0])
		find_failed_reload(facts, doctor);
}

void check_observe(const struct host_facts *facts, struct doctor *doctor)
{
	time_t age = facts->now - facts->published;
	struct finding *finding;

	if (!facts->observe || !facts->published || age < OBSERVE_LONG)
		return;
	finding = doctor_find(doctor, DOCTOR_WARNING, facts->config_path,
			      "nothing is dropped: drops are only counted");
	finding_what(finding, "the fence has only observed for %lld days or longer",
		     (long long)age / 86400);
	finding_mend(finding, "filter.mode: enforce, then mxfence reload");
}
