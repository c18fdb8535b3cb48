// SPDX-License-Identifier: GPL-2.0-only
#include "config/gate.h"

#include <string.h>

const struct gate_backend *gate_find_backend(const struct gate_config *gate, const char *name)
{
	for (size_t i = 0; i < gate->backend_count; i++)
		if (strcmp(gate->backends[i].name, name) == 0)
			return &gate->backends[i];
	return NULL;
}

const struct gate_group *gate_find_group(const struct gate_config *gate, const char *name)
{
	for (size_t i = 0; i < gate->group_count; i++)
		if (strcmp(gate->groups[i].name, name) == 0)
			return &gate->groups[i];
	return NULL;
}

const struct range *gate_ranges_find(const struct gate_ranges *ranges, struct ip ip, uint8_t family)
{
	size_t low = 0, high = ranges->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct range *range = &ranges->items[middle];

		if (range->family < family ||
		    (range->family == family && ip_compare(range->last, ip) < 0))
			low = middle + 1;
		else
			high = middle;
	}
	if (low < ranges->count && ranges->items[low].family == family &&
	    range_holds(&ranges->items[low], ip))
		return &ranges->items[low];
	return NULL;
}
