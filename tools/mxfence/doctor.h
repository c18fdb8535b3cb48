/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What could make this host surprise its administrator: a table of checks, each a pure function of
 * the facts that facts.h gathered. What a check finds it tells with why it matters and what mends
 * it; a check whose facts are missing is skipped, with the reason.
 */
#ifndef MXFENCE_DOCTOR_H
#define MXFENCE_DOCTOR_H

#include <jansson.h>

#include "facts.h"

/* X(IDENTIFIER, "name"): open or closed against the rules now, or only odd. */
#define DOCTOR_SEVERITIES(X)                                                                       \
	X(ERROR, "error")                                                                          \
	X(WARNING, "warning")

#define DOCTOR_SEVERITY_ENUM(id, name) DOCTOR_##id,
enum doctor_severity { DOCTOR_SEVERITIES(DOCTOR_SEVERITY_ENUM) };

#define FINDINGS_MAX 200u
#define FINDING_TEXT_MAX 512

struct finding {
	const char *check;
	enum doctor_severity severity;
	char subject[64]; /* an interface, a port, a list, a file */
	char what[FINDING_TEXT_MAX];
	const char *why;
	char mend[FINDING_TEXT_MAX]; /* a command, or a line of the configuration */
};

struct skipped_check {
	const struct doctor_check *check;
	const char *why; /* points into the facts */
};

struct doctor {
	const char *check; /* that runs now */
	struct finding findings[FINDINGS_MAX];
	size_t finding_count; /* with those that had no room */
	struct skipped_check skipped[64];
	size_t skipped_count;
	size_t check_count; /* made */
	struct finding lost;
};

typedef void doctor_check_fn(const struct host_facts *facts, struct doctor *doctor);

struct doctor_check {
	const char *name;
	unsigned int needs; /* FACT_BIT()s */
	doctor_check_fn *run;
	const char *asks; /* a question */
};

extern const struct doctor_check doctor_checks[];
extern const size_t doctor_check_count;

/* Makes every check that the facts allow. `doctor` starts zeroed. Pure. */
void doctor_examine(const struct host_facts *facts, struct doctor *doctor);

/* {schema, checks, skipped: [{check, asks, why}], findings: [{check, severity, subject, ...}]} */
json_t *doctor_report(const struct doctor *doctor);

/*
 * For checks: a new finding, to be completed with finding_what() and finding_mend(). `why` must be
 * constant. Never NULL.
 */
struct finding *doctor_find(struct doctor *doctor, enum doctor_severity severity,
			    const char *subject, const char *why);
void finding_what(struct finding *finding, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void finding_mend(struct finding *finding, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Words with commas between, made into a line of the configuration. */
struct word_list {
	char text[256];
	size_t length;
};
void word_list_add(struct word_list *list, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The configured interfaces; the caller adds to them. */
struct word_list doctor_interfaces(const struct filter_config *filter);

/* The ports that strangers are kept from: closed ones, or where there is none, open ones. */
struct word_list doctor_ports(const struct filter_config *filter);
bool doctor_port_is_guarded(const struct filter_config *filter, uint16_t port);

/* doctor_interfaces.c */
doctor_check_fn check_attached;
doctor_check_fn check_foreign_program;
doctor_check_fn check_generic_mode;
doctor_check_fn check_lro;
doctor_check_fn check_jumbo_frames;

/* doctor_open.c */
doctor_check_fn check_open_interface;
doctor_check_fn check_tunnel;

/* doctor_ports.c */
doctor_check_fn check_nobody_listens;
doctor_check_fn check_unguarded_port;
doctor_check_fn check_family_open;
doctor_check_fn check_firewall;

/* doctor_trust.c */
doctor_check_fn check_private_trust;
doctor_check_fn check_old_list;
doctor_check_fn check_to_local;
doctor_check_fn check_dropped_now;

/* doctor_agent.c */
doctor_check_fn check_configuration_errors;
doctor_check_fn check_agent;
doctor_check_fn check_observe;

/* doctor_kernel.c */
doctor_check_fn check_source_route;
doctor_check_fn check_segment_routing;
doctor_check_fn check_udp_tunnel;

#endif
