// SPDX-License-Identifier: GPL-2.0-only
/* Checks of who is trusted. */
#include <string.h>

#include "doctor.h"
#include "screen.h"

struct block {
	struct ip first;
	struct ip last;
	uint8_t family;
};

/* RFC 1918, 6598, 3927, 4193, 4291: never to be seen on the Internet. */
#define BLOCK_IPV4(address, bits)                                                                  \
	{                                                                                          \
		{0, (address)}, {0, (address) | UINT32_MAX >> (bits)}, MXF_FAMILY_IPV4             \
	}
static const struct block private_blocks[] = {
	BLOCK_IPV4(0x0a000000u, 8),
	BLOCK_IPV4(0xac100000u, 12),
	BLOCK_IPV4(0xc0a80000u, 16),
	BLOCK_IPV4(0x64400000u, 10),
	BLOCK_IPV4(0xa9fe0000u, 16),
	{{0xfc00000000000000u, 0}, {0xfdffffffffffffffu, UINT64_MAX}, MXF_FAMILY_IPV6},
	{{0xfe80000000000000u, 0}, {0xfebfffffffffffffu, UINT64_MAX}, MXF_FAMILY_IPV6},
};

/* The block that holds all of it; NULL when none does. */
static const struct block *private_block(struct ip first, struct ip last, uint8_t family)
{
	for (size_t i = 0; i < sizeof(private_blocks) / sizeof(private_blocks[0]); i++) {
		const struct block *block = &private_blocks[i];

		if (block->family == family && ip_compare(block->first, first) <= 0 &&
		    ip_compare(last, block->last) <= 0)
			return block;
	}
	return NULL;
}

static bool is_public(const struct host_address *address)
{
	return address->global && !ip_is_loopback(address->ip, address->family) &&
	       !private_block(address->ip, address->ip, address->family);
}

/* A fenced interface that has a public address of the family; NULL when none has. */
static const struct host_interface *public_interface(const struct host_facts *facts, uint8_t family)
{
	for (size_t i = 0; i < facts->interface_count; i++) {
		const struct host_interface *interface = &facts->interfaces[i];

		for (size_t k = 0; k < interface->address_count; k++)
			if (interface->up && interface->addresses[k].family == family &&
			    is_public(&interface->addresses[k]) &&
			    facts_is_fenced(facts, interface))
				return interface;
	}
	return NULL;
}

/* Fenced interfaces with an address of the block are where such sources belong. */
static bool is_at_home(const struct host_facts *facts, const struct block *block)
{
	for (size_t i = 0; i < facts->interface_count; i++) {
		const struct host_interface *interface = &facts->interfaces[i];

		for (size_t k = 0; k < interface->address_count; k++)
			if (private_block(interface->addresses[k].ip, interface->addresses[k].ip,
					  interface->addresses[k].family) == block &&
			    facts_is_fenced(facts, interface))
				return true;
	}
	return false;
}

static void find_private(const struct host_facts *facts, const struct range_list *list,
			 const struct range *range, const struct host_interface *interface,
			 struct doctor *doctor)
{
	const char *file = sources_name(&facts->config->sources, range->file);
	struct finding *finding;
	char text[RANGE_TEXT_MAX];

	range_format(range, text);
	finding = doctor_find(doctor, DOCTOR_WARNING, list->name,
			      "such a source can only be a neighbour on the provider's network, "
			      "which nobody keeps from using these addresses");
	finding_what(finding, "%s is private and trusted, and %s faces the Internet (%s:%u)", text,
		     interface->name, file, range->line);
	if (list->from_directory)
		finding_mend(finding, "mxfence trust del %s --list %s", text, list->name);
	else
		finding_mend(finding, "filter.trusted.%s without %s (%s:%u), then mxfence reload",
			     list->name, text, file, range->line);
}

/* One range a list is told. */
static void check_list(const struct host_facts *facts, const struct range_list *list,
		       struct doctor *doctor)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct range *range = &list->ranges[i];
		const struct block *block = private_block(range->first, range->last, range->family);
		const struct host_interface *interface =
			block ? public_interface(facts, range->family) : NULL;

		if (!interface || is_at_home(facts, block))
			continue;
		find_private(facts, list, range, interface, doctor);
		return;
	}
}

void check_private_trust(const struct host_facts *facts, struct doctor *doctor)
{
	const struct filter_config *filter = &facts->config->filter;

	for (size_t i = 0; i < filter->list_count; i++)
		if (filter->lists[i].action == LIST_TRUSTED)
			check_list(facts, &filter->lists[i], doctor);
}

/* One update may be missed; a list that was never got has its first age now. */
void check_old_list(const struct host_facts *facts, struct doctor *doctor)
{
	for (size_t i = 0; i < facts->list_count; i++) {
		const struct host_list *at = &facts->lists[i];
		const struct list_source *source = &at->list->source;
		int64_t age = facts->now - at->written;
		char old[24], every[24];
		struct finding *finding;

		if (at->written && age <= 2 * source->refresh)
			continue;
		finding = doctor_find(doctor, DOCTOR_WARNING, at->list->name,
				      "who was added at the source since then is dropped, and who "
				      "was removed there still passes");
		screen_duration((time_t)age, old, sizeof(old));
		screen_duration((time_t)source->refresh, every, sizeof(every));
		if (at->written)
			finding_what(finding,
				     "list \"%s\" is %s old, and should be got from %s every %s",
				     at->list->name, old, source->text, every);
		else
			finding_what(finding, "list \"%s\" was never got from %s", at->list->name,
				     source->text);
		finding_mend(finding, "mxfence-update");
	}
}

void check_to_local(const struct host_facts *facts, struct doctor *doctor)
{
	const struct gate_ranges *ranges = &facts->config->gate.relay.to_local;

	for (size_t i = 0; facts->config->has_gate && i < ranges->count; i++) {
		const struct range *range = &ranges->items[i];
		struct finding *finding;
		char text[RANGE_TEXT_MAX];

		if (!facts->forwards[range->family])
			continue;
		range_format(range, text);
		finding = doctor_find(doctor, DOCTOR_ERROR, text,
				      "whoever can route packets through this host reaches that "
				      "address too, and may relay then");
		finding_what(finding,
			     "relay.to-local has %s, and this host forwards packets (%s:%u)", text,
			     sources_name(&facts->config->sources, range->file), range->line);
		finding_mend(finding, range->family == MXF_FAMILY_IPV4
					      ? "sysctl -w net.ipv4.conf.all.forwarding=0"
					      : "sysctl -w net.ipv6.conf.all.forwarding=0");
	}
}

#define REASON_NAME(id, name, text) name,
static const char *const reasons[] = {MXF_REASONS(REASON_NAME)};

void check_dropped_now(const struct host_facts *facts, struct doctor *doctor)
{
	for (size_t i = 0; i < facts->source_count; i++) {
		const struct host_source *source = &facts->sources[i];
		char text[RANGE_TEXT_MAX], passed[24], dropped[24];
		struct finding *finding;

		ip_format(source->ip, source->family, text);
		screen_duration((time_t)source->passed, passed, sizeof(passed));
		screen_duration((time_t)source->dropped, dropped, sizeof(dropped));
		finding = doctor_find(doctor, DOCTOR_WARNING, text,
				      "a range that held it is gone, or another decides now; mail "
				      "from there waits at the sender");
		finding_what(finding,
			     "%s passed %s ago because it was trusted, and was dropped %s ago (%s)",
			     text, passed, dropped, reasons[source->reason]);
		finding_mend(finding, "mxfence trust add %s", text);
	}
}
