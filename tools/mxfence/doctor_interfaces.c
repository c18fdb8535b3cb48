// SPDX-License-Identifier: GPL-2.0-only
/* Checks of the interfaces that are configured. */
#include <linux/if_link.h>
#include <string.h>

#include "doctor.h"

/* A page less headroom and what the stack appends, with room for VLAN tags. */
#define PLAIN_MTU_MAX 3498u

/* What stands for a configured interface, whatever it is called now. */
static const struct host_fence *fence_of(const struct host_facts *facts, const char *name)
{
	for (size_t i = 0; i < facts->fence_count; i++)
		if (strcmp(facts->fences[i].name, name) == 0)
			return &facts->fences[i];
	return NULL;
}

static void find_renamed(const struct host_facts *facts, const struct host_fence *fence,
			 struct doctor *doctor)
{
	const struct filter_config *filter = &facts->config->filter;
	struct word_list names = {.length = 0};
	struct finding *finding =
		doctor_find(doctor, DOCTOR_WARNING, fence->name,
			    "the fence is on it, but after a boot it would look for the old name");

	for (size_t i = 0; i < filter->interface_count; i++) {
		bool is_it = strcmp(filter->interfaces[i].name, fence->name) == 0;

		word_list_add(&names, "%s", is_it ? fence->now : filter->interfaces[i].name);
	}
	finding_what(finding, "%s is called %s now", fence->name, fence->now);
	finding_mend(finding, "filter.interfaces: [%s], then mxfence reload", names.text);
}

static void find_vanished(const char *name, struct doctor *doctor)
{
	struct finding *finding =
		doctor_find(doctor, DOCTOR_ERROR, name,
			    "if it goes by another name now, it has no fence; and "
			    "the agent does not start without it");

	finding_what(finding, "%s is configured, and there is no such interface", name);
	finding_mend(finding, "filter.interfaces: its name among those of `ip -br link`, then "
			      "mxfence reload");
}

static void find_detached(const char *name, struct doctor *doctor)
{
	struct finding *finding =
		doctor_find(doctor, DOCTOR_ERROR, name, "every packet passes there");

	finding_what(finding, "the fence is not on %s, though it is configured", name);
	finding_mend(finding, "mxfence reload");
}

static void check_one_attached(const struct host_facts *facts, const char *name,
			       struct doctor *doctor)
{
	const struct host_interface *interface = facts_find_interface(facts, name);
	const struct host_fence *fence = fence_of(facts, name);

	if (fence && fence->attached && fence->now[0])
		find_renamed(facts, fence, doctor);
	else if (!interface)
		find_vanished(name, doctor);
	else if (!fence || !fence->attached)
		find_detached(name, doctor);
}

/* The agent that does not run, and the fence that was unloaded, are told by another check. */
void check_attached(const struct host_facts *facts, struct doctor *doctor)
{
	const struct filter_config *filter = &facts->config->filter;

	if (!facts->pinned || (facts->agent_running && !facts->loaded))
		return;
	for (size_t i = 0; i < filter->interface_count; i++)
		check_one_attached(facts, filter->interfaces[i].name, doctor);
}

static const char *mode_word(uint8_t attached)
{
	switch (attached) {
	case XDP_ATTACHED_SKB:
		return "xdpgeneric";
	case XDP_ATTACHED_DRV:
		return "xdpdrv";
	case XDP_ATTACHED_HW:
		return "xdpoffload";
	default:
		return "xdp";
	}
}

void check_foreign_program(const struct host_facts *facts, struct doctor *doctor)
{
	const struct filter_config *filter = &facts->config->filter;

	for (size_t i = 0; i < filter->interface_count; i++) {
		const char *name = filter->interfaces[i].name;
		const struct host_interface *interface = facts_find_interface(facts, name);
		const struct host_fence *fence = facts_find_fence(facts, name);
		struct finding *finding;

		if (!interface || !interface->xdp_program || (fence && fence->attached))
			continue;
		finding =
			doctor_find(doctor, DOCTOR_ERROR, name,
				    "an interface takes one XDP program; the fence never displaces "
				    "another, whose owner bpftool prog and bpftool link tell");
		finding_what(finding, "XDP program %u, none of this fence, is on %s",
			     interface->xdp_program, name);
		finding_mend(finding, "ip link set dev %s %s off && mxfence reload", name,
			     mode_word(interface->xdp_attached));
	}
}

void check_generic_mode(const struct host_facts *facts, struct doctor *doctor)
{
	for (size_t i = 0; i < facts->fence_count; i++) {
		const struct host_fence *fence = &facts->fences[i];
		const char *name = fence->now[0] ? fence->now : fence->name;
		const struct host_interface *interface = facts_find_interface(facts, name);
		struct finding *finding;

		if (!fence->attached || !fence->generic)
			continue;
		finding = doctor_find(
			doctor, DOCTOR_WARNING, name,
			"the stack makes a packet buffer for every packet before the "
			"fence may drop it, several times the cost under a flood; native "
			"mode is refused with the reason where the driver has none");
		finding_what(finding, "%s is fenced in generic mode%s", name,
			     interface && interface->gro
				     ? ", where every packet that GRO merged is copied besides"
				     : "");
		finding_mend(finding, "filter.attach: native, then mxfence reload");
	}
}

void check_lro(const struct host_facts *facts, struct doctor *doctor)
{
	for (size_t i = 0; i < facts->interface_count; i++) {
		const struct host_interface *interface = &facts->interfaces[i];
		const struct host_fence *fence = facts_find_fence(facts, interface->name);
		struct finding *finding;

		if (!interface->lro ||
		    !((fence && fence->attached) ||
		      config_find_interface(&facts->config->filter, interface->name)))
			continue;
		finding = doctor_find(doctor, DOCTOR_WARNING, interface->name,
				      "drivers refuse native XDP then, or hand the program merged "
				      "packets that it sees only the first of");
		finding_what(finding, "large receive offload is on at %s", interface->name);
		finding_mend(finding, "ethtool -K %s lro off", interface->name);
	}
}

void check_jumbo_frames(const struct host_facts *facts, struct doctor *doctor)
{
	for (size_t i = 0; i < facts->fence_count; i++) {
		const struct host_fence *fence = &facts->fences[i];
		const char *name = fence->now[0] ? fence->now : fence->name;
		const struct host_interface *interface = facts_find_interface(facts, name);
		struct finding *finding;

		if (!fence->attached || fence->generic || fence->frags || !interface ||
		    interface->mtu <= PLAIN_MTU_MAX)
			continue;
		finding =
			doctor_find(doctor, DOCTOR_WARNING, name,
				    "the driver gives a program without multi-buffer support only "
				    "frames that fit one buffer: longer ones may be lost");
		finding_what(finding, "the MTU of %s is %u, and the fence is there without frags",
			     name, interface->mtu);
		finding_mend(finding, "ip link set dev %s mtu 1500", name);
	}
}
