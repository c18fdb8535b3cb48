// SPDX-License-Identifier: GPL-2.0-only
/* What can be asked of gathered facts. Pure. */
#include "facts.h"

#include <linux/if_arp.h>
#include <stdlib.h>
#include <string.h>

#define STACK_MAX 8 /* interfaces on interfaces */

void *facts_grow(void *array_pointer, size_t *count, size_t size)
{
	void *array = *(void **)array_pointer;
	void *grown = reallocarray(array, *count + 1, size);
	char *element;

	if (!grown)
		return NULL;
	*(void **)array_pointer = grown;
	element = (char *)grown + *count * size;
	memset(element, 0, size);
	(*count)++;
	return element;
}

void facts_clear(struct host_facts *facts)
{
	for (size_t i = 0; i < facts->interface_count; i++)
		free(facts->interfaces[i].addresses);
	free(facts->interfaces);
	free(facts->fences);
	free(facts->lists);
	free(facts->listeners);
	free(facts->local_segments);
	free(facts->udp_tunnels);
	free(facts->sources);
	json_decref(facts->ruleset);
	*facts = (struct host_facts){.now = 0};
}

const struct host_interface *facts_find_interface(const struct host_facts *facts, const char *name)
{
	for (size_t i = 0; i < facts->interface_count; i++)
		if (strcmp(facts->interfaces[i].name, name) == 0)
			return &facts->interfaces[i];
	return NULL;
}

const struct host_interface *facts_find_ifindex(const struct host_facts *facts, uint32_t ifindex)
{
	for (size_t i = 0; i < facts->interface_count && ifindex; i++)
		if (facts->interfaces[i].ifindex == ifindex)
			return &facts->interfaces[i];
	return NULL;
}

const struct host_fence *facts_find_fence(const struct host_facts *facts, const char *name)
{
	for (size_t i = 0; i < facts->fence_count; i++) {
		const struct host_fence *fence = &facts->fences[i];

		if (strcmp(fence->now[0] ? fence->now : fence->name, name) == 0)
			return fence;
	}
	return NULL;
}

static bool is_fenced(const struct host_facts *facts, const struct host_interface *interface,
		      unsigned int depth);

/* Bridges and bonds: what arrives has come by one of their members. */
static bool members_are_fenced(const struct host_facts *facts, const struct host_interface *master,
			       unsigned int depth)
{
	for (size_t i = 0; i < facts->interface_count; i++) {
		const struct host_interface *member = &facts->interfaces[i];

		if (member->master == master->ifindex && !is_fenced(facts, member, depth))
			return false;
	}
	return true;
}

static bool is_one_of(const char *word, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

static bool is_master(const struct host_interface *interface)
{
	static const char *const kinds[] = {"bridge", "bond", "team"};

	return is_one_of(interface->kind, kinds, sizeof(kinds) / sizeof(kinds[0]));
}

static bool is_fenced(const struct host_facts *facts, const struct host_interface *interface,
		      unsigned int depth)
{
	static const char *const children[] = {"vlan", "macvlan", "ipvlan"};
	const struct host_fence *fence = facts_find_fence(facts, interface->name);
	const struct host_interface *parent = facts_find_ifindex(facts, interface->parent);

	if ((facts->config && config_find_interface(&facts->config->filter, interface->name)) ||
	    (fence && fence->attached))
		return true;
	if (depth >= STACK_MAX)
		return false;
	if (is_master(interface))
		return members_are_fenced(facts, interface, depth + 1);
	return is_one_of(interface->kind, children, sizeof(children) / sizeof(children[0])) &&
	       parent && is_fenced(facts, parent, depth + 1);
}

bool facts_is_fenced(const struct host_facts *facts, const struct host_interface *interface)
{
	return is_fenced(facts, interface, 0);
}

/* A VRF is but a name for a routing table. */
bool facts_takes_packets(const struct host_facts *facts, const struct host_interface *interface)
{
	const struct host_interface *master = facts_find_ifindex(facts, interface->master);

	return interface->up && interface->type != ARPHRD_LOOPBACK &&
	       strcmp(interface->kind, "vrf") != 0 && !(master && is_master(master));
}

bool facts_has_global_address(const struct host_interface *interface)
{
	for (size_t i = 0; i < interface->address_count; i++)
		if (interface->addresses[i].global)
			return true;
	return false;
}
