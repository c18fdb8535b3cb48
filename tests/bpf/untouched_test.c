// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is none of the fence's business arrives as it was sent: frames seen by the mail host's stack
 * with a fence, compared one by one with those it sees without.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/netns_pair.h"
#include "tests/support/packet_cases.h"
#include "tests/support/packet_flow.h"
#include "tests/support/packet_people.h"
#include "tests/support/prog_load.h"

#define FRAMES_MAX 4096
#define MTU 9000

/* Beside the frames of the common table. */
static const char *const other_traffic[] = {
	"next:0x0806 raw:000108000604000102770000000200000a4d00020000000000000a4d0001 pad:18",
	"next:0x0806 raw:000108000604000202770000000200000a4d00020277000000010a4d0001",
	"ip6 icmp6 sport:0x8700 data:24",
	"ip6 icmp6 sport:0x8800 data:24",
	"ip6 hop:8 icmp6 sport:0x8f00 data:20",
	"ip4 icmp sport:0x0800 data:56",
	"ip4 icmp sport:0x0800 data:8000",
	"ip4 udp dport:25 data:100",
	"ip4 udp dport:53 data:1400",
	"ip4 udp dport:25 data:3000 split:1480 rest:1480",
	"ip4 udp dport:25 data:3000 split:8 rest:1480 order:210",
	"ip6 udp dport:25 data:3000 split:1448 rest:1448",
	"ip6 udp dport:25 data:64 split:8",
	"ip4 tcp flags:0x10 data:1460",
	"ip4 tcp flags:0x18 data:8000",
	"ip4 tcp flags:0x11",
	"ip4 tcp flags:0x14",
	"ip6 tcp flags:0x18 data:1440",
	"ip6 tcp flags:0x12 nop:20",
	"next:0x88cc raw:0207040277000000020403000001060200780000 pad:26",
	"next:0x0026 raw:42420300000000008000027700000002",
};

struct frame {
	size_t length;
	uint8_t *bytes;
};

/* What the mail host's stack was handed, in order. */
struct arrivals {
	size_t count;
	struct frame frames[FRAMES_MAX];
};

static struct packet_train train;

static void arrivals_clear(struct arrivals *arrivals)
{
	for (size_t i = 0; i < arrivals->count; i++)
		free(arrivals->frames[i].bytes);
	arrivals->count = 0;
}

static bool is_sentinel(const uint8_t *frame, size_t length)
{
	struct packet_subject subject;

	packet_people_subject(PERSON_SENTINEL, 0, 0, &subject);
	return length >= 34 && !memcmp(frame + 26, subject.from.ipv4, 4) && frame[12] == 8 &&
	       frame[13] == 0;
}

static void arrivals_read(struct netns_pair *pair, struct arrivals *arrivals)
{
	static uint8_t frame[PACKET_MAX];
	int length;

	assert_int_equal(netns_pair_answered(pair, 0), 0);
	while ((length = netns_pair_tapped(pair, frame, sizeof(frame))) > 0) {
		struct frame *arrived = &arrivals->frames[arrivals->count];

		if (is_sentinel(frame, (size_t)length))
			continue;
		assert_true(arrivals->count < FRAMES_MAX);
		arrived->length = (size_t)length;
		arrived->bytes = malloc((size_t)length);
		assert_non_null(arrived->bytes);
		memcpy(arrived->bytes, frame, (size_t)length);
		arrivals->count++;
	}
	assert_int_equal(length, 0);
}

/* Sends those frames of a recipe that nobody may judge. */
static size_t send_untouchable(struct netns_pair *pair, const char *recipe, uint16_t port,
			       uint16_t source_port)
{
	struct packet_subject subject;
	size_t sent = 0;

	packet_people_subject(PERSON_STRANGER, port, source_port, &subject);
	assert_int_equal(packet_build(recipe, &subject, &train), 0);
	for (size_t i = 0; i < train.count; i++) {
		const struct packet *packet = &train.packets[i];
		struct mxf_flow flow;
		char letter;

		packet_flow(packet, &flow);
		letter = packet_flow_letter(&flow);
		if (letter != '-' && (port != PORT_UNGUARDED || letter == 'u' || letter == 'x'))
			continue;
		if (packet->length <= MTU && !netns_pair_send(pair, packet))
			sent++;
	}
	return sent;
}

static size_t send_all(struct netns_pair *pair, struct arrivals *arrivals)
{
	const size_t others = sizeof(other_traffic) / sizeof(other_traffic[0]);
	uint16_t source_port = 1024;
	size_t sent = 0;

	for (size_t i = 0; i < others + packet_case_count; i++) {
		const char *recipe =
			i < others ? other_traffic[i] : packet_cases[i - others].recipe;

		sent += send_untouchable(pair, recipe, PORT_CLOSED, ++source_port);
		sent += send_untouchable(pair, recipe, PORT_UNGUARDED, ++source_port);
		arrivals_read(pair, arrivals);
	}
	return sent;
}

static void pair_open_or_skip(struct netns_pair *pair)
{
	int error = netns_pair_open(MTU, pair);

	if (error == -EPERM) {
		print_message("network namespaces need root\n");
		skip();
	}
	assert_int_equal(error, 0);
	assert_int_equal(netns_pair_listen(pair, PORT_CLOSED), 0);
	assert_int_equal(netns_pair_listen(pair, PORT_UNGUARDED), 0);
	assert_int_equal(netns_pair_tap(pair), 0);
}

static void arrive_without_fence(struct arrivals *arrivals)
{
	struct netns_pair pair;
	size_t sent;

	pair_open_or_skip(&pair);
	sent = send_all(&pair, arrivals);
	netns_pair_close(&pair);
	print_message("%zu frames sent, %zu seen by the stack\n", sent, arrivals->count);
	/* More when the stack unwraps one. */
	assert_true(arrivals->count >= sent && sent > packet_case_count);
}

static void arrive_with_fence(bool generic, struct arrivals *arrivals)
{
	struct netns_pair pair;
	struct prog prog;
	int link;

	pair_open_or_skip(&pair);
	assert_int_equal(prog_load(true, &prog), 0);
	assert_int_equal(prog_publish(&prog, packet_people_config()), 0);
	assert_int_equal(netns_pair_enter_receiver(&pair), 0);
	link = prog_attach(&prog, pair.ifindex, generic);
	assert_int_equal(netns_pair_leave(&pair), 0);
	assert_true(link >= 0);
	send_all(&pair, arrivals);
	close(link);
	prog_unload(&prog);
	netns_pair_close(&pair);
}

static void assert_same(const struct arrivals *expected, const struct arrivals *got)
{
	assert_int_equal(got->count, expected->count);
	for (size_t i = 0; i < got->count; i++) {
		assert_int_equal(got->frames[i].length, expected->frames[i].length);
		assert_memory_equal(got->frames[i].bytes, expected->frames[i].bytes,
				    got->frames[i].length);
	}
}

static void other_traffic_is_untouched(bool generic)
{
	static struct arrivals without, with;

	arrive_without_fence(&without);
	arrive_with_fence(generic, &with);
	assert_same(&without, &with);
	arrivals_clear(&without);
	arrivals_clear(&with);
}

static void other_traffic_is_untouched_native(void **state)
{
	(void)state;
	other_traffic_is_untouched(false);
}

static void other_traffic_is_untouched_generic(void **state)
{
	(void)state;
	other_traffic_is_untouched(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_traffic_is_untouched_native),
		cmocka_unit_test(other_traffic_is_untouched_generic),
	};

	return cmocka_run_group_tests_name("other traffic", tests, NULL, NULL);
}
