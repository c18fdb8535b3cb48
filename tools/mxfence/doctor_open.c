// SPDX-License-Identifier: GPL-2.0-only
/* Checks of the interfaces that are not configured: what arrives there passes no fence. */
#include <string.h>

#include "doctor.h"
#include "doctor_firewall.h"
#include "fence/device.h"

static bool is_one_of(const char *word, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

/* Kinds with Ethernet frames inside whose packets come out of other packets. */
static bool is_tunnel(const struct host_interface *interface)
{
	static const char *const kinds[] = {"vxlan",  "geneve",	   "gretap", "ip6gretap",
					    "erspan", "ip6erspan", "macsec", "bareudp",
					    "l2tp",   "batadv"};
	const struct device device = {.type = interface->type};

	return !device_is_ethernet(&device) ||
	       is_one_of(interface->kind, kinds, sizeof(kinds) / sizeof(kinds[0]));
}

static bool is_dropped(const struct host_facts *facts, const char *name, uint16_t port)
{
	static const uint8_t families[] = {MXF_FAMILY_IPV4, MXF_FAMILY_IPV6};

	for (size_t i = 0; i < sizeof(families); i++) {
		struct firewall_packet packet = {
			.interface = name, .family = families[i], .port = port};

		if (firewall_judge(facts->ruleset, &packet, NULL) != FATE_DROP)
			return false;
	}
	return true;
}

/* Rules that drop the guarded ports on an interface are a fence too. */
static bool is_closed_by_rules(const struct host_facts *facts, const char *name)
{
	const struct filter_config *filter = &facts->config->filter;
	bool closed = filter->closed_port_count > 0;
	const uint16_t *ports = closed ? filter->closed_ports : filter->open_ports;
	size_t count = closed ? filter->closed_port_count : filter->open_port_count;

	for (size_t i = 0; i < count; i++)
		if (!is_dropped(facts, name, ports[i]))
			return false;
	return facts->ruleset != NULL && count > 0;
}

static bool is_open(const struct host_facts *facts, const struct host_interface *interface)
{
	return facts->config->has_filter && facts_takes_packets(facts, interface) &&
	       !facts_is_fenced(facts, interface) && !is_closed_by_rules(facts, interface->name);
}

/* What the drivers of virtual interfaces know; real ones are taken to be able. */
static bool can_be_native(const struct host_interface *interface)
{
	static const char *const kinds[] = {"", "veth", "bond", "tun"};

	return is_one_of(interface->kind, kinds, sizeof(kinds) / sizeof(kinds[0]));
}

static bool serves_mail_itself(const struct host_facts *facts)
{
	for (size_t i = 0; i < facts->listener_count; i++) {
		const struct host_listener *at = &facts->listeners[i];

		if (!ip_is_loopback(at->ip, at->family) &&
		    doctor_port_is_guarded(&facts->config->filter, at->port))
			return true;
	}
	return false;
}

/*
 * Where the servers stand behind this host, what it forwards is dropped too; elsewhere that would
 * only keep others from sending mail through it.
 */
static void mend_by_rule(const struct host_facts *facts, const char *name, struct finding *finding)
{
	bool forwards = facts->forwards[MXF_FAMILY_IPV4] || facts->forwards[MXF_FAMILY_IPV6];
	bool in_front = forwards && !serves_mail_itself(facts);
	struct word_list ports = doctor_ports(&facts->config->filter);

	finding_mend(finding,
		     "nft 'table inet mxfence { chain unfenced_%s { type filter hook %s "
		     "priority -300; iifname \"%s\" tcp dport { %s } drop; }; }'",
		     in_front ? "all" : "input", in_front ? "prerouting" : "input", name,
		     ports.text);
}

/* Members are what to fence: the bridge and the bond have no driver of their own. */
static void add_members(const struct host_facts *facts, const struct host_interface *master,
			struct word_list *names)
{
	for (size_t i = 0; i < facts->interface_count; i++) {
		const struct host_interface *member = &facts->interfaces[i];

		if (member->master == master->ifindex && !facts_is_fenced(facts, member))
			word_list_add(names, "%s", member->name);
	}
}

static void mend_by_configuration(const struct host_facts *facts,
				  const struct host_interface *interface, struct finding *finding)
{
	const struct host_interface *parent = facts_find_ifindex(facts, interface->parent);
	struct word_list names = doctor_interfaces(&facts->config->filter);
	bool is_vlan = strcmp(interface->kind, "vlan") == 0;

	if (strcmp(interface->kind, "bridge") == 0)
		add_members(facts, interface, &names);
	else
		word_list_add(&names, "%s", is_vlan && parent ? parent->name : interface->name);
	finding_mend(finding, "filter.interfaces: [%s], then mxfence reload", names.text);
}

static void say_what(const struct host_facts *facts, const struct host_interface *interface,
		     struct finding *finding)
{
	const struct host_interface *parent = facts_find_ifindex(facts, interface->parent);
	const char *name = interface->name;

	if (strcmp(interface->kind, "bridge") == 0)
		finding_what(finding, "mail can arrive on the bridge %s: not every port is fenced",
			     name);
	else if (strcmp(interface->kind, "bond") == 0 || strcmp(interface->kind, "team") == 0)
		finding_what(finding, "mail can arrive on the bond %s, which is not fenced", name);
	else if (parent)
		finding_what(finding, "mail can arrive on %s, and neither it nor %s is fenced",
			     name, parent->name);
	else
		finding_what(finding, "mail can arrive on %s, which is not fenced", name);
}

/* Ports of containers and virtual machines come and go under names that nobody can configure. */
static bool has_lasting_members(const struct host_facts *facts, const struct host_interface *master)
{
	static const char *const kinds[] = {"veth", "tun"};

	for (size_t i = 0; i < facts->interface_count; i++) {
		const struct host_interface *member = &facts->interfaces[i];

		if (member->master == master->ifindex && !facts_is_fenced(facts, member) &&
		    is_one_of(member->kind, kinds, sizeof(kinds) / sizeof(kinds[0])))
			return false;
	}
	return true;
}

/* The configuration helps where its way of attaching works on what stands below as well. */
static bool can_be_configured(const struct host_facts *facts,
			      const struct host_interface *interface)
{
	const struct host_interface *parent = facts_find_ifindex(facts, interface->parent);

	if (strcmp(interface->kind, "bridge") == 0)
		return has_lasting_members(facts, interface);
	if (facts->config->filter.attach == MXF_ATTACH_GENERIC || can_be_native(interface))
		return true;
	return strcmp(interface->kind, "vlan") == 0 && parent && can_be_native(parent);
}

void check_open_interface(const struct host_facts *facts, struct doctor *doctor)
{
	for (size_t i = 0; i < facts->interface_count; i++) {
		const struct host_interface *interface = &facts->interfaces[i];
		struct finding *finding;

		if (is_tunnel(interface) || !facts_has_global_address(interface) ||
		    !is_open(facts, interface))
			continue;
		finding = doctor_find(doctor, DOCTOR_WARNING, interface->name,
				      "Linux answers for all its addresses on every interface: "
				      "whoever reaches this one reaches the guarded ports");
		say_what(facts, interface, finding);
		if (can_be_configured(facts, interface))
			mend_by_configuration(facts, interface, finding);
		else
			mend_by_rule(facts, interface->name, finding);
	}
}

/* A tunnel needs no address of its own to take packets for the host's others. */
void check_tunnel(const struct host_facts *facts, struct doctor *doctor)
{
	for (size_t i = 0; i < facts->interface_count; i++) {
		const struct host_interface *interface = &facts->interfaces[i];
		const struct device device = {.type = interface->type};
		struct finding *finding;

		if (!is_tunnel(interface) || !is_open(facts, interface))
			continue;
		finding = doctor_find(doctor, DOCTOR_WARNING, interface->name,
				      "the fence sees the tunnel's packets, not the connections "
				      "inside, which arrive on this interface");
		if (device_is_ethernet(&device))
			finding_what(finding, "mail can arrive on %s, a tunnel (%s)",
				     interface->name, interface->kind);
		else
			finding_what(finding, "mail can arrive on %s, %s that no fence can be on",
				     interface->name, device_type_text(&device));
		mend_by_rule(facts, interface->name, finding);
	}
}
