// SPDX-License-Identifier: GPL-2.0-only
/* The packet walk on the host: what it makes of every packet, and that both walks agree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bpf/packet.h"
#include "tests/support/packet_cases.h"
#include "tests/support/packet_flow.h"
#include "tests/support/packet_people.h"
#include "tests/support/packet_random.h"

#define RANDOM_RECIPES 20000
#define SPLITS_MAX 200 /* no header that the short look reads lies deeper */

static struct packet_train train;

static void assert_flow_is(const char *recipe, const struct packet_subject *subject,
			   const struct mxf_flow *flow)
{
	const uint8_t last = subject->from.ipv4[3];

	if (!strstr(recipe, "ihl:") && flow->seen & MXF_SEEN_PORT &&
	    (flow->source_port != subject->from.port || flow->destination_port != subject->to.port))
		fail_msg("%s: ports %u and %u", recipe, flow->source_port, flow->destination_port);
	if (strstr(recipe, "from-") || strstr(recipe, "version:") ||
	    flow->family == MXF_FAMILY_OTHER)
		return;
	if ((flow->source[3] & 0xff) != last)
		fail_msg("%s: source ends in %x", recipe, flow->source[3]);
}

static void cases_are_walked_as_expected(void **state)
{
	struct packet_subject subject;
	struct mxf_flow flow;
	int wrong = 0;

	(void)state;
	packet_people_subject(PERSON_STRANGER, PORT_CLOSED, 40000, &subject);
	for (size_t i = 0; i < packet_case_count; i++) {
		const struct packet_case *packet_case = &packet_cases[i];
		char letters[PACKET_LETTERS_MAX];

		if (packet_build(packet_case->recipe, &subject, &train))
			fail_msg("%s: not a recipe", packet_case->recipe);
		packet_train_letters(&train, letters);
		for (size_t j = 0; j < train.count; j++) {
			packet_flow(&train.packets[j], &flow);
			if (flow.kind != MXF_FLOW_IGNORE)
				assert_flow_is(packet_case->recipe, &subject, &flow);
		}
		if (strcmp(letters, packet_case->expected) == 0)
			continue;
		wrong++;
		print_error("%s: %s instead of %s\n", packet_case->recipe, letters,
			    packet_case->expected);
	}
	assert_int_equal(wrong, 0);
}

/* With any part of the frame in sight the short look may leave it to the walk, never differ. */
static void assert_walks_agree(const char *recipe, const struct packet *packet)
{
	size_t limit = packet->length < SPLITS_MAX ? packet->length : SPLITS_MAX;
	struct mxf_flow flow, glanced;

	packet_flow(packet, &flow);
	for (size_t linear = 0; linear <= limit; linear++) {
		memset(&glanced, 0, sizeof(glanced));
		switch (packet_glance(packet->bytes, packet->bytes + linear, &glanced)) {
		case MXF_GLANCE_IGNORE:
			if (flow.kind != MXF_FLOW_IGNORE)
				fail_msg("%s: overlooked with %zu bytes", recipe, linear);
			break;
		case MXF_GLANCE_SYN:
			if (memcmp(&flow, &glanced, sizeof(flow)) != 0)
				fail_msg("%s: seen otherwise with %zu bytes", recipe, linear);
			break;
		case MXF_GLANCE_WALK:
			break;
		}
	}
}

static void both_walks_agree_on_cases(void **state)
{
	struct packet_subject subject;

	(void)state;
	packet_people_subject(PERSON_STRANGER, PORT_CLOSED, 40000, &subject);
	for (size_t i = 0; i < packet_case_count; i++) {
		assert_int_equal(packet_build(packet_cases[i].recipe, &subject, &train), 0);
		for (size_t j = 0; j < train.count; j++)
			assert_walks_agree(packet_cases[i].recipe, &train.packets[j]);
	}
}

static void both_walks_agree_on_random_packets(void **state)
{
	struct random_source random = {random_seed()};
	struct packet_subject subject;
	char recipe[PACKET_RECIPE_MAX];
	int built = 0;

	(void)state;
	print_message("MXF_SEED=%llu\n", (unsigned long long)random.state);
	packet_people_subject(PERSON_STRANGER, PORT_CLOSED, 40000, &subject);
	for (int i = 0; i < RANDOM_RECIPES; i++) {
		packet_random_recipe(&random, recipe, sizeof(recipe));
		if (packet_build(recipe, &subject, &train))
			continue;
		built++;
		for (size_t j = 0; j < train.count; j++)
			assert_walks_agree(recipe, &train.packets[j]);
	}
	assert_true(built > RANDOM_RECIPES / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cases_are_walked_as_expected),
		cmocka_unit_test(both_walks_agree_on_cases),
		cmocka_unit_test(both_walks_agree_on_random_packets),
	};

	return cmocka_run_group_tests_name("packet walk on the host", tests, NULL, NULL);
}
