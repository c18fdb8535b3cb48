// SPDX-License-Identifier: GPL-2.0-only
/* Checks of what the kernel does with packets after the fence has passed them. */
#include "doctor.h"

void check_source_route(const struct host_facts *facts, struct doctor *doctor)
{
	for (size_t i = 0; i < facts->interface_count; i++) {
		const struct host_interface *interface = &facts->interfaces[i];
		struct finding *finding;

		if (!interface->source_route || !interface->up ||
		    !facts_is_fenced(facts, interface))
			continue;
		finding = doctor_find(doctor, DOCTOR_ERROR, interface->name,
				      "whoever writes a trusted source and a route through himself "
				      "gets the answers, and so a whole connection");
		finding_what(finding, "source-routed packets are accepted on %s", interface->name);
		finding_mend(finding, "sysctl -w net.ipv4.conf.all.accept_source_route=0");
	}
}

static void find_seg6(const struct host_facts *facts, struct doctor *doctor)
{
	for (size_t i = 0; i < facts->interface_count; i++) {
		const struct host_interface *interface = &facts->interfaces[i];
		struct finding *finding;

		if (!interface->seg6 || !interface->up || !facts_is_fenced(facts, interface))
			continue;
		finding = doctor_find(doctor, DOCTOR_WARNING, interface->name,
				      "the stack rewrites destinations, and unwraps packets, after "
				      "the fence has judged them");
		finding_what(finding, "IPv6 segment routing is enabled on %s", interface->name);
		finding_mend(finding, "sysctl -w net.ipv6.conf.all.seg6_enabled=0");
	}
}

void check_segment_routing(const struct host_facts *facts, struct doctor *doctor)
{
	find_seg6(facts, doctor);
	for (size_t i = 0; i < facts->local_segment_count; i++) {
		const char *prefix = facts->local_segments[i].prefix;
		struct finding *finding =
			doctor_find(doctor, DOCTOR_WARNING, prefix,
				    "what is sent there is unwrapped after the fence has judged "
				    "the outer packet, and goes on with its own addresses");

		finding_what(finding, "%s is a local segment (seg6local)", prefix);
		finding_mend(finding, "ip -6 route del %s", prefix);
	}
}

void check_udp_tunnel(const struct host_facts *facts, struct doctor *doctor)
{
	for (size_t i = 0; i < facts->udp_tunnel_count; i++) {
		const struct host_udp_tunnel *tunnel = &facts->udp_tunnels[i];
		struct finding *finding;
		char subject[32];

		snprintf(subject, sizeof(subject), "udp %u", tunnel->port);
		finding = doctor_find(doctor, DOCTOR_ERROR, subject,
				      "the stack unwraps it on the same interface, after the fence "
				      "has seen nothing but UDP");
		finding_what(finding, "UDP port %u takes %s in UDP (fou)", tunnel->port,
			     tunnel->protocol);
		finding_mend(finding, "ip %sfou del port %u", tunnel->ipv6 ? "-6 " : "",
			     tunnel->port);
	}
}
