// SPDX-License-Identifier: GPL-2.0-only
/* Checks of ports: who listens, who is guarded, who gets there. */
#include <string.h>

#include "doctor.h"
#include "doctor_firewall.h"

static bool is_any(const struct host_listener *listener)
{
	return listener->ip.hi == 0 && listener->ip.lo == 0;
}

/* A socket that only this host itself reaches is none. */
static const struct host_listener *find_listener(const struct host_facts *facts, uint16_t port)
{
	for (size_t i = 0; i < facts->listener_count; i++) {
		const struct host_listener *listener = &facts->listeners[i];

		if (listener->port == port && !ip_is_loopback(listener->ip, listener->family))
			return listener;
	}
	return NULL;
}

static void find_silent_port(uint16_t port, struct doctor *doctor)
{
	struct finding *finding;
	char subject[16];

	snprintf(subject, sizeof(subject), "port %u", port);
	finding = doctor_find(doctor, DOCTOR_WARNING, subject,
			      "the server is down, or mail comes in by another port or host than "
			      "the one that is guarded");
	finding_what(finding, "port %u is guarded, and nothing listens on it", port);
	finding_mend(finding,
		     "start the server; or filter.closed-ports and filter.open-ports without %u, "
		     "then mxfence reload",
		     port);
}

void check_nobody_listens(const struct host_facts *facts, struct doctor *doctor)
{
	const struct filter_config *filter = &facts->config->filter;

	if (facts->forwards[MXF_FAMILY_IPV4] || facts->forwards[MXF_FAMILY_IPV6])
		return;
	for (size_t i = 0; i < filter->closed_port_count; i++)
		if (!find_listener(facts, filter->closed_ports[i]))
			find_silent_port(filter->closed_ports[i], doctor);
	for (size_t i = 0; i < filter->open_port_count; i++)
		if (!find_listener(facts, filter->open_ports[i]))
			find_silent_port(filter->open_ports[i], doctor);
}

/* Port 25 is for the listed, submission for all but the banned. */
static void mend_unguarded(const struct filter_config *filter, uint16_t port,
			   struct finding *finding)
{
	bool closed = port == 25;
	const uint16_t *ports = closed ? filter->closed_ports : filter->open_ports;
	size_t count = closed ? filter->closed_port_count : filter->open_port_count;
	struct word_list list = {.length = 0};
	struct word_list others = {.length = 0};

	for (size_t i = 0; i < count; i++)
		word_list_add(&list, "%u", ports[i]);
	word_list_add(&list, "%u", port);
	/* The preset of closed-ports holds only while neither key is given. */
	for (size_t i = 0; i < filter->closed_port_count && !closed; i++)
		word_list_add(&others, "%u", filter->closed_ports[i]);
	if (others.length)
		finding_mend(finding,
			     "filter.open-ports: [%s] and filter.closed-ports: [%s], then mxfence "
			     "reload",
			     list.text, others.text);
	else
		finding_mend(finding, "filter.%s: [%s], then mxfence reload",
			     closed ? "closed-ports" : "open-ports", list.text);
}

void check_unguarded_port(const struct host_facts *facts, struct doctor *doctor)
{
	static const uint16_t mail_ports[] = {25, 465, 587};
	const struct filter_config *filter = &facts->config->filter;

	for (size_t i = 0; i < sizeof(mail_ports) / sizeof(mail_ports[0]); i++) {
		uint16_t port = mail_ports[i];
		struct finding *finding;
		char subject[16];

		if (!facts->config->has_filter || !find_listener(facts, port) ||
		    doctor_port_is_guarded(filter, port))
			continue;
		snprintf(subject, sizeof(subject), "port %u", port);
		finding = doctor_find(doctor, DOCTOR_WARNING, subject,
				      port == 25 ? "everybody may connect to it"
						 : "denied and banned sources may connect to it");
		finding_what(finding, "something listens on port %u, and it is not guarded", port);
		mend_unguarded(filter, port, finding);
	}
}

static bool has_destination(const struct filter_config *filter, uint8_t family)
{
	for (size_t i = 0; i < filter->destination_count; i++)
		if (filter->destinations[i].family == family)
			return true;
	return false;
}

/* An IPv6 socket on any address takes IPv4 as well, unless told not to. */
static bool is_served(const struct host_facts *facts, uint8_t family)
{
	for (size_t i = 0; i < facts->listener_count; i++) {
		const struct host_listener *listener = &facts->listeners[i];

		if (doctor_port_is_guarded(&facts->config->filter, listener->port) &&
		    !ip_is_loopback(listener->ip, listener->family) &&
		    (listener->family == family ||
		     (is_any(listener) && listener->family == MXF_FAMILY_IPV6)))
			return true;
	}
	return false;
}

/* An address of the family that the world may reach; NULL when there is none. */
static const struct host_address *global_address(const struct host_facts *facts, uint8_t family)
{
	for (size_t i = 0; i < facts->interface_count; i++) {
		const struct host_interface *interface = &facts->interfaces[i];

		for (size_t k = 0; k < interface->address_count && interface->up; k++)
			if (interface->addresses[k].family == family &&
			    interface->addresses[k].global &&
			    !ip_is_loopback(interface->addresses[k].ip, family))
				return &interface->addresses[k];
	}
	return NULL;
}

static void find_open_family(const struct host_facts *facts, uint8_t family, struct doctor *doctor)
{
	const char *name = family == MXF_FAMILY_IPV4 ? "IPv4" : "IPv6";
	const struct filter_config *filter = &facts->config->filter;
	const struct host_address *address = global_address(facts, family);
	struct word_list list = {.length = 0};
	struct finding *finding;
	char text[RANGE_TEXT_MAX];

	for (size_t i = 0; i < filter->destination_count; i++) {
		range_format(&filter->destinations[i], text);
		word_list_add(&list, "\"%s\"", text);
	}
	ip_format(address->ip, family, text);
	word_list_add(&list, "\"%s\"", text);
	finding =
		doctor_find(doctor, DOCTOR_ERROR, text,
			    "addresses that are not among the destinations are guarded for nobody");
	finding_what(finding,
		     "destinations has no %s address, and a guarded port is served over %s at %s",
		     name, name, text);
	finding_mend(finding, "filter.destinations: [%s], then mxfence reload", list.text);
}

void check_family_open(const struct host_facts *facts, struct doctor *doctor)
{
	static const uint8_t families[] = {MXF_FAMILY_IPV4, MXF_FAMILY_IPV6};

	for (size_t i = 0; i < sizeof(families); i++)
		if (facts->config->filter.destination_count &&
		    !has_destination(&facts->config->filter, families[i]) &&
		    global_address(facts, families[i]) && is_served(facts, families[i]))
			find_open_family(facts, families[i], doctor);
}

/* What a firewall does with a port on the fenced interfaces. */
struct judgement {
	enum firewall_fate fate;
	struct firewall_rule rule;
	const char *interface;	     /* the first where it drops */
	struct word_list interfaces; /* where that chain drops */
};

static bool is_same_chain(const struct firewall_rule *a, const struct firewall_rule *b)
{
	return strcmp(a->family, b->family) == 0 && strcmp(a->table, b->table) == 0 &&
	       strcmp(a->chain, b->chain) == 0;
}

static void judge(const struct host_facts *facts, const struct firewall_packet *packet,
		  struct judgement *judgement)
{
	struct firewall_rule rule;
	enum firewall_fate fate = firewall_judge(facts->ruleset, packet, &rule);

	if (fate == FATE_PASS)
		return;
	if (!judgement->interface) {
		judgement->fate = fate;
		judgement->rule = rule;
		judgement->interface = packet->interface;
	}
	if (is_same_chain(&rule, &judgement->rule))
		word_list_add(&judgement->interfaces, "\"%s\"", packet->interface);
}

/* In either family, as far as the host has addresses of it. */
static void judge_interface(const struct host_facts *facts, const char *interface, uint16_t port,
			    struct judgement *judgement)
{
	static const uint8_t families[] = {MXF_FAMILY_IPV4, MXF_FAMILY_IPV6};
	size_t before = judgement->interfaces.length;

	for (size_t i = 0; i < sizeof(families); i++) {
		struct firewall_packet packet = {
			.interface = interface, .family = families[i], .port = port};

		if (global_address(facts, families[i]) && judgement->interfaces.length == before)
			judge(facts, &packet, judgement);
	}
}

/* Cured in front of what drops; the fence has judged the source already. */
static void find_dropped(uint16_t port, const struct judgement *judgement, struct doctor *doctor)
{
	const struct firewall_rule *rule = &judgement->rule;
	bool drops = judgement->fate == FATE_DROP;
	struct finding *finding;
	char subject[16];

	snprintf(subject, sizeof(subject), "port %u", port);
	finding = doctor_find(doctor, drops ? DOCTOR_ERROR : DOCTOR_WARNING, subject,
			      "the fence says that such a packet passes, and it goes no further");
	finding_what(finding, "%s of nftables %s what the fence passes to port %u on %s (%s %s %s)",
		     rule->handle ? "a rule" : "the policy", drops ? "drops" : "may drop", port,
		     judgement->interface, rule->family, rule->table, rule->chain);
	finding_mend(finding, "nft 'insert rule %s %s %s iifname { %s } tcp dport %u accept'",
		     rule->family, rule->table, rule->chain, judgement->interfaces.text, port);
}

static void check_port_everywhere(const struct host_facts *facts, uint16_t port,
				  struct doctor *doctor)
{
	struct judgement judgement = {.fate = FATE_PASS};

	for (size_t i = 0; i < facts->interface_count; i++) {
		const struct host_interface *interface = &facts->interfaces[i];

		if (facts_takes_packets(facts, interface) && facts_has_global_address(interface) &&
		    facts_is_fenced(facts, interface))
			judge_interface(facts, interface->name, port, &judgement);
	}
	if (judgement.fate != FATE_PASS)
		find_dropped(port, &judgement, doctor);
}

void check_firewall(const struct host_facts *facts, struct doctor *doctor)
{
	const struct filter_config *filter = &facts->config->filter;

	for (size_t i = 0; i < filter->closed_port_count; i++)
		check_port_everywhere(facts, filter->closed_ports[i], doctor);
	for (size_t i = 0; i < filter->open_port_count; i++)
		check_port_everywhere(facts, filter->open_ports[i], doctor);
}
