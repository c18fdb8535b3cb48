// SPDX-License-Identifier: GPL-2.0-only
#include "packet_people.h"

#include <arpa/inet.h>
#include <string.h>

#include "config/config.h"

/* Addresses of both families end alike: 10.77.0.N and fd77::N. */
static const uint8_t person_number[PERSON_COUNT] = {
	[PERSON_STRANGER] = 2,
	[PERSON_TRUSTED] = 3,
	[PERSON_DENIED] = 4,
	[PERSON_SENTINEL] = 9,
};

#define MAIL_HOST_NUMBER 1

static void end_set(struct packet_end *end, uint8_t number, uint8_t mac, uint16_t port)
{
	const uint8_t ipv6[16] = {0xfd, 0x77, [15] = number};

	*end = (struct packet_end){
		.mac = {2, 0x77, 0, 0, 0, mac}, .ipv4 = {10, 77, 0, number}, .port = port};
	memcpy(end->ipv6, ipv6, sizeof(ipv6));
}

void packet_people_subject(enum packet_person person, uint16_t port, uint16_t source_port,
			   struct packet_subject *subject)
{
	end_set(&subject->from, person_number[person], 2, source_port);
	end_set(&subject->to, MAIL_HOST_NUMBER, 1, port);
	subject->id = source_port;
}

static void address_ranges(uint64_t number, struct range ranges[2])
{
	const struct ip ipv4 = {0, 0x0a4d0000 | number}, ipv6 = {0xfd77ULL << 48, number};

	ranges[0] = (struct range){.first = ipv4, .last = ipv4, .family = MXF_FAMILY_IPV4};
	ranges[1] = (struct range){.first = ipv6, .last = ipv6, .family = MXF_FAMILY_IPV6};
}

struct config *packet_people_config(void)
{
	static struct range trusted[2], denied[2];
	static char trusted_name[] = "trusted", denied_name[] = "denied";
	static struct range_list lists[] = {
		{.name = trusted_name, .action = LIST_TRUSTED, .ranges = trusted, .count = 2},
		{.name = denied_name, .action = LIST_DENIED, .ranges = denied, .count = 2},
	};
	static uint16_t closed[] = {PORT_CLOSED}, open[] = {PORT_OPEN};
	static struct config config;

	address_ranges(person_number[PERSON_TRUSTED], trusted);
	address_ranges(person_number[PERSON_DENIED], denied);
	config = (struct config){
		.has_filter = true,
		.filter = {.closed_ports = closed,
			   .closed_port_count = 1,
			   .open_ports = open,
			   .open_port_count = 1,
			   .strict = true,
			   .lists = lists,
			   .list_count = 2},
	};
	return &config;
}

void packet_people_guard_mail_host(struct config *config)
{
	static struct range destinations[2];

	address_ranges(MAIL_HOST_NUMBER, destinations);
	config->filter.destinations = destinations;
	config->filter.destination_count = 2;
}
