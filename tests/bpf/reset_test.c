// SPDX-License-Identifier: GPL-2.0-only
/* `answer: reset`: the frame that leaves the driver, byte for byte. */
#include <errno.h>
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"
#include "tests/support/packet_cases.h"
#include "tests/support/packet_flow.h"
#include "tests/support/packet_people.h"
#include "tests/support/prog_load.h"

#define SEQUENCE 0x12345678u /* that packet_recipe.h gives every TCP header */
#define FLAG_FIN 0x01
#define FLAG_RST 0x04

static struct prog prog;
static struct packet_train train, answer;

static int load(void **state)
{
	struct config *config = packet_people_config();
	int error = prog_group_setup(&prog);

	(void)state;
	if (error || !prog.skeleton)
		return error;
	config->filter.answer = FILTER_RESET;
	return prog_publish(&prog, config);
}

static int unload(void **state)
{
	(void)state;
	return prog_group_teardown(&prog);
}

/* The tags at the front of a recipe stay; no other header that is not needed does. */
static void reset_recipe(const char *recipe, uint32_t acknowledge, char *text, size_t size)
{
	size_t tags = 0;

	while (recipe[tags] == 'q' || !strncmp(recipe + tags, "ad", 2))
		tags += strcspn(recipe + tags, " ") + 1;
	snprintf(text, size, "%.*s%s tcp flags:0x14 sequence:0 acknowledge:%u window:0", (int)tags,
		 recipe, packet_recipe_is_ipv6(recipe) ? "ip6" : "ip4 df", acknowledge);
}

/* The RST that RFC 9293 section 3.10.7.1 wants for this SYN. */
static void expect_reset(const char *recipe, const struct packet_subject *syn,
			 const struct packet *packet, const struct mxf_flow *flow)
{
	const uint8_t *tcp = packet->bytes + flow->transport;
	const uint32_t data = flow->transport_size - (tcp[12] >> 4) * 4u;
	const struct packet_subject back = {.from = syn->to, .to = syn->from};
	char text[PACKET_RECIPE_MAX];

	reset_recipe(recipe, SEQUENCE + 1 + (tcp[13] & FLAG_FIN) + data, text, sizeof(text));
	assert_int_equal(packet_build(text, &back, &answer), 0);
}

/* Only a whole SYN to one host, from a host, that asks for an answer gets one. */
static bool is_answered(const struct packet *packet, const struct mxf_flow *flow)
{
	const uint16_t needed = MXF_SEEN_WHOLE | MXF_SEEN_DESTINATION | MXF_SEEN_PORT;
	const uint8_t *tcp = packet->bytes + flow->transport;
	const uint32_t header = (tcp[12] >> 4) * 4u;

	return flow->kind == MXF_FLOW_SYN && (flow->seen & needed) == needed && header >= 20 &&
	       header <= flow->transport_size && !(tcp[13] & FLAG_RST) &&
	       packet->length >= flow->transport + 20u && !(packet->bytes[0] & 1);
}

static int compare(const char *recipe, const struct prog_run *run, bool answered)
{
	const uint8_t *got = run->answer;

	if (run->action != (answered ? XDP_TX : XDP_DROP)) {
		print_error("%s: XDP action %u\n", recipe, run->action);
		return 1;
	}
	if (!answered)
		return 0;
	if (run->answer_size != answer.packets[0].length) {
		print_error("%s: %u bytes instead of %zu\n", recipe, run->answer_size,
			    answer.packets[0].length);
		return 1;
	}
	for (size_t i = 0; i < answer.packets[0].length; i++)
		if (got[i] != answer.packets[0].bytes[i]) {
			print_error("%s: byte %zu is %02x instead of %02x\n", recipe, i, got[i],
				    answer.packets[0].bytes[i]);
			return 1;
		}
	return 0;
}

static int run_frame(const char *recipe, const struct packet_subject *subject,
		     const struct packet *packet, unsigned int linear)
{
	static uint8_t out[PACKET_MAX];
	struct prog_run run = {.frame = packet->bytes,
			       .size = (unsigned int)packet->length,
			       .linear = linear,
			       .answer = out,
			       .answer_size = sizeof(out)};
	struct mxf_flow flow;
	bool answered;

	packet_flow(packet, &flow);
	if (flow.kind == MXF_FLOW_IGNORE)
		return 0;
	answered = is_answered(packet, &flow);
	if (answered)
		expect_reset(recipe, subject, packet, &flow);
	if (prog_run(&prog, &run))
		return linear ? 0 : 1; /* not every split is taken by every kernel */
	return compare(recipe, &run, answered);
}

static void each_case_is_answered_right(void **state)
{
	struct packet_subject subject;
	int wrong = 0;

	(void)state;
	if (!prog.skeleton)
		skip();
	packet_people_subject(PERSON_STRANGER, PORT_CLOSED, 40000, &subject);
	for (size_t i = 0; i < packet_case_count; i++) {
		const char *recipe = packet_cases[i].recipe;

		/* These say otherwise than the subject where the answer would go, or from where. */
		if (strstr(recipe, "from-") || strstr(recipe, " to-") || strstr(recipe, "mac-"))
			continue;
		assert_int_equal(packet_build(recipe, &subject, &train), 0);
		for (size_t j = 0; j < train.count; j++) {
			wrong += run_frame(recipe, &subject, &train.packets[j], 0);
			wrong += run_frame(recipe, &subject, &train.packets[j], 30);
		}
	}
	assert_int_equal(wrong, 0);
}

static void group_addresses_are_not_answered(void **state)
{
	static const char *const recipes[] = {"mac-multicast ip4 tcp", "mac-broadcast ip4 tcp",
					      "mac-multicast ip6 tcp", "mac-broadcast q ip6 tcp"};
	struct packet_subject subject;

	(void)state;
	if (!prog.skeleton)
		skip();
	packet_people_subject(PERSON_STRANGER, PORT_CLOSED, 40000, &subject);
	for (size_t i = 0; i < sizeof(recipes) / sizeof(recipes[0]); i++) {
		struct prog_run run = {.frame = train.packets[0].bytes};

		assert_int_equal(packet_build(recipes[i], &subject, &train), 0);
		run.size = (unsigned int)train.packets[0].length;
		assert_int_equal(prog_run(&prog, &run), 0);
		assert_int_equal(run.action, XDP_DROP);
	}
}

static void trusted_sources_are_not_reset(void **state)
{
	struct prog_run run = {.frame = train.packets[0].bytes};
	struct packet_subject subject;

	(void)state;
	if (!prog.skeleton)
		skip();
	packet_people_subject(PERSON_TRUSTED, PORT_CLOSED, 40000, &subject);
	assert_int_equal(packet_build("ip4 tcp", &subject, &train), 0);
	run.size = (unsigned int)train.packets[0].length;
	assert_int_equal(prog_run(&prog, &run), 0);
	assert_int_equal(run.action, XDP_PASS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_case_is_answered_right),
		cmocka_unit_test(group_addresses_are_not_answered),
		cmocka_unit_test(trusted_sources_are_not_reset),
	};

	return cmocka_run_group_tests_name("answer: reset", tests, load, unload);
}
