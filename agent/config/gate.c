// SPDX-License-Identifier: GPL-2.0-only
#include "config/gate.h"

#include <stdlib.h>
#include <string.h>

#include "config/reader.h"

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

static void clear_listeners(struct gate_config *gate)
{
	for (size_t i = 0; i < gate->listener_count; i++) {
		free(gate->listeners[i].name);
		free(gate->listeners[i].backend_name);
		free(gate->listeners[i].proxy_from.items);
	}
	free(gate->listeners);
}

static void clear_backends(struct gate_config *gate)
{
	for (size_t i = 0; i < gate->backend_count; i++) {
		free(gate->backends[i].name);
		free(gate->backends[i].servers);
		free(gate->backends[i].tls_name);
		free(gate->backends[i].ca_file);
	}
	free(gate->backends);
}

static void clear_certificates(struct gate_tls *tls)
{
	for (size_t i = 0; i < tls->certificate_count; i++) {
		free(tls->certificates[i].certificate);
		free(tls->certificates[i].key);
	}
	free(tls->certificates);
}

static void clear_people(struct gate_config *gate)
{
	for (size_t i = 0; i < gate->group_count; i++) {
		free(gate->groups[i].name);
		free(gate->groups[i].members.items);
		free(gate->groups[i].include.items);
	}
	free(gate->groups);
	for (size_t i = 0; i < gate->restrict_count; i++) {
		free(gate->restricts[i].group_name);
		free(gate->restricts[i].allow.items);
	}
	free(gate->restricts);
	for (size_t i = 0; i < gate->senders.login_count; i++)
		free(gate->senders.logins[i].addresses.items);
	free(gate->senders.logins);
	free(gate->recipients.entries.items);
}

void gate_clear(struct gate_config *gate)
{
	clear_listeners(gate);
	clear_backends(gate);
	clear_certificates(&gate->tls);
	clear_people(gate);
	free(gate->hostname);
	free(gate->domains.items);
	free(gate->auth.file);
	free(gate->auth.socket);
	free(gate->relay.from_texts.items);
	free(gate->relay.from.items);
	free(gate->relay.to_local.items);
	free(gate->relay.never.items);
	free(gate->normalise.items);
	for (size_t i = 0; i < gate->kept_count; i++)
		free(gate->kept[i]);
	free(gate->kept);
}
