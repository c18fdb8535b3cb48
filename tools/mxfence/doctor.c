// SPDX-License-Identifier: GPL-2.0-only
#include "doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mxfence/control.h"
#include "service/report.h"

#define NEEDS_HOST (FACT_BIT(CONFIG) | FACT_BIT(INTERFACES))
#define NEEDS_FENCE (NEEDS_HOST | FACT_BIT(FENCE))
#define NEEDS_LISTENERS (NEEDS_HOST | FACT_BIT(LISTENERS))

const struct doctor_check doctor_checks[] = {
	{"configuration", 0, check_configuration_errors, "can the configuration be applied?"},
	{"agent", FACT_BIT(CONFIG) | FACT_BIT(AGENT), check_agent,
	 "does the agent run, and did it apply what it last read?"},
	{"attached", NEEDS_FENCE, check_attached,
	 "is the fence on every configured interface, under its name?"},
	{"foreign-program", NEEDS_FENCE, check_foreign_program,
	 "is another XDP program where the fence should be?"},
	{"observe", FACT_BIT(CONFIG) | FACT_BIT(FENCE), check_observe,
	 "was mode: observe left on?"},
	{"generic-mode", NEEDS_FENCE, check_generic_mode,
	 "does the fence work in the driver, where it costs least?"},
	{"lro", NEEDS_HOST, check_lro, "does a card merge packets before the fence sees them?"},
	{"jumbo-frames", NEEDS_FENCE, check_jumbo_frames,
	 "are there frames longer than the program can see?"},
	{"open-interface", NEEDS_HOST, check_open_interface,
	 "can mail arrive on an interface that could be fenced and is not?"},
	{"tunnel", NEEDS_HOST, check_tunnel,
	 "can mail arrive inside a tunnel, where the fence cannot look?"},
	{"address-family", NEEDS_LISTENERS, check_family_open,
	 "do destinations forget IPv4 or IPv6?"},
	{"unguarded-port", NEEDS_LISTENERS, check_unguarded_port,
	 "does something listen on a mail port that is not guarded?"},
	{"nobody-listens", NEEDS_LISTENERS, check_nobody_listens,
	 "is a port guarded that nobody listens on?"},
	{"firewall", NEEDS_HOST | FACT_BIT(RULESET), check_firewall,
	 "does nftables drop what the fence passes?"},
	{"private-trust", NEEDS_HOST, check_private_trust,
	 "are private ranges trusted where the Internet comes in?"},
	{"old-list", FACT_BIT(CONFIG), check_old_list,
	 "is a list older than its source should let it become?"},
	{"to-local", NEEDS_HOST, check_to_local, "is relaying by address open to routed packets?"},
	{"dropped-now", FACT_BIT(SOURCES), check_dropped_now,
	 "is a source dropped that passed lately?"},
	{"source-route", NEEDS_HOST, check_source_route,
	 "can a stranger answer for a trusted address by source routes?"},
	{"segment-routing", NEEDS_HOST | FACT_BIT(ROUTES), check_segment_routing,
	 "does the host unwrap IPv6 segments behind the fence?"},
	{"udp-tunnel", FACT_BIT(UDP_TUNNELS), check_udp_tunnel,
	 "does the host unwrap TCP out of UDP behind the fence?"},
};

const size_t doctor_check_count = sizeof(doctor_checks) / sizeof(doctor_checks[0]);

/* Why a check that needs these facts cannot be made; NULL when it can. */
static const char *why_not(const struct host_facts *facts, unsigned int needs)
{
	for (size_t i = 0; i < FACT_COUNT; i++)
		if (needs & 1u << i && facts->missing[i].text[0])
			return facts->missing[i].text;
	return NULL;
}

void doctor_examine(const struct host_facts *facts, struct doctor *doctor)
{
	for (size_t i = 0; i < doctor_check_count; i++) {
		const struct doctor_check *check = &doctor_checks[i];
		const char *why = why_not(facts, check->needs);

		if (why) {
			doctor->skipped[doctor->skipped_count++] =
				(struct skipped_check){check, why};
			continue;
		}
		doctor->check = check->name;
		doctor->check_count++;
		check->run(facts, doctor);
	}
}

_Static_assert(sizeof(doctor_checks) / sizeof(doctor_checks[0]) <=
		       sizeof(((struct doctor *)NULL)->skipped) / sizeof(struct skipped_check),
	       "every check may be skipped");

struct finding *doctor_find(struct doctor *doctor, enum doctor_severity severity,
			    const char *subject, const char *why)
{
	struct finding *finding = doctor->finding_count < FINDINGS_MAX
					  ? &doctor->findings[doctor->finding_count]
					  : &doctor->lost;

	doctor->finding_count++;
	*finding = (struct finding){.check = doctor->check, .severity = severity, .why = why};
	snprintf(finding->subject, sizeof(finding->subject), "%s", subject);
	return finding;
}

void finding_what(struct finding *finding, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(finding->what, sizeof(finding->what), format, arguments);
	va_end(arguments);
}

void finding_mend(struct finding *finding, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(finding->mend, sizeof(finding->mend), format, arguments);
	va_end(arguments);
}

/* What has no room is told by an ellipsis. */
void word_list_add(struct word_list *list, const char *format, ...)
{
	const char *separator = list->length ? ", " : "";
	char word[128];
	va_list arguments;
	int length;

	va_start(arguments, format);
	vsnprintf(word, sizeof(word), format, arguments);
	va_end(arguments);
	if (list->length + strlen(word) + sizeof(", , ...") > sizeof(list->text)) {
		if (!strstr(list->text, "..."))
			strcpy(list->text + list->length, ", ...");
		return;
	}
	length = snprintf(list->text + list->length, sizeof(list->text) - list->length, "%s%s",
			  separator, word);
	list->length += (size_t)length;
}

struct word_list doctor_interfaces(const struct filter_config *filter)
{
	struct word_list list = {.length = 0};

	for (size_t i = 0; i < filter->interface_count; i++)
		word_list_add(&list, "%s", filter->interfaces[i].name);
	return list;
}

struct word_list doctor_ports(const struct filter_config *filter)
{
	bool closed = filter->closed_port_count > 0;
	const uint16_t *ports = closed ? filter->closed_ports : filter->open_ports;
	size_t count = closed ? filter->closed_port_count : filter->open_port_count;
	struct word_list list = {.length = 0};

	for (size_t i = 0; i < count; i++)
		word_list_add(&list, "%u", ports[i]);
	return list;
}

static bool has_port(const uint16_t *ports, size_t count, uint16_t port)
{
	for (size_t i = 0; i < count; i++)
		if (ports[i] == port)
			return true;
	return false;
}

bool doctor_port_is_guarded(const struct filter_config *filter, uint16_t port)
{
	return has_port(filter->closed_ports, filter->closed_port_count, port) ||
	       has_port(filter->open_ports, filter->open_port_count, port);
}

#define DOCTOR_SEVERITY_NAME(id, name) name,
static const char *const severities[] = {DOCTOR_SEVERITIES(DOCTOR_SEVERITY_NAME)};

static json_t *report_finding(const struct finding *finding)
{
	return json_pack("{s:s, s:s, s:o, s:o, s:s, s:o}", "check", finding->check, "severity",
			 severities[finding->severity], "subject",
			 report_text(finding->subject, strlen(finding->subject)), "what",
			 report_text(finding->what, strlen(finding->what)), "why", finding->why,
			 "mend", report_text(finding->mend, strlen(finding->mend)));
}

static json_t *report_skipped(const struct skipped_check *skipped)
{
	return json_pack("{s:s, s:s, s:o}", "check", skipped->check->name, "asks",
			 skipped->check->asks, "why",
			 report_text(skipped->why, strlen(skipped->why)));
}

json_t *doctor_report(const struct doctor *doctor)
{
	json_t *findings = json_array();
	json_t *skipped = json_array();

	for (size_t i = 0; i < doctor->finding_count && i < FINDINGS_MAX; i++)
		json_array_append_new(findings, report_finding(&doctor->findings[i]));
	for (size_t i = 0; i < doctor->skipped_count; i++)
		json_array_append_new(skipped, report_skipped(&doctor->skipped[i]));
	return json_pack("{s:i, s:I, s:o, s:o}", "schema", MXF_JSON_SCHEMA, "checks",
			 (json_int_t)doctor->check_count, "skipped", skipped, "findings", findings);
}
