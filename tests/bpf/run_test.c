// SPDX-License-Identifier: GPL-2.0-only
/* The table of packets through BPF_PROG_RUN: what is done with each, and what is counted. */
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
#include "tests/support/packet_random.h"
#include "tests/support/prog_load.h"

#define RANDOM_RECIPES 5000
#define LINEAR_FULL 160 /* every split up to here, then every LINEAR_STEP */
#define LINEAR_STEP 100
#define LINEAR_MAX 3000 /* the kernel wants the linear part to fit a page */

/* What a packet must meet; `counted` is false when it is none of the fence's business. */
struct fate {
	bool counted;
	enum mxf_verdict verdict;
	enum mxf_reason reason;
};

static const uint16_t ports[] = {PORT_CLOSED, PORT_OPEN, PORT_UNGUARDED};
static const enum packet_person people[] = {PERSON_STRANGER, PERSON_TRUSTED, PERSON_DENIED};

static struct prog prog;
static struct packet_train train;

#define EACH(item, array) (size_t item = 0; item < sizeof(array) / sizeof((array)[0]); item++)

static int load(void **state)
{
	(void)state;
	return prog_group_setup(&prog);
}

static int unload(void **state)
{
	(void)state;
	return prog_group_teardown(&prog);
}

static void publish_or_skip(const struct config *config)
{
	if (!prog.skeleton)
		skip();
	assert_int_equal(prog_publish(&prog, config), 0);
}

/* The order of judgement, written down once more. */
static struct fate fate_of(char letter, enum packet_person person, uint16_t port,
			   const struct filter_config *filter)
{
	const enum mxf_verdict drop =
		filter->mode == FILTER_OBSERVE ? MXF_VERDICT_OBSERVE : MXF_VERDICT_DROP;
	const bool seen = letter == 'S' || letter == 'U';

	if (letter == '-' || (seen && port == PORT_UNGUARDED))
		return (struct fate){false, MXF_VERDICT_PASS, 0};
	if (person == PERSON_TRUSTED && letter != 'x')
		return (struct fate){true, MXF_VERDICT_PASS, MXF_REASON_TRUSTED};
	if (letter != 'S' && filter->strict)
		return (struct fate){true, drop, MXF_REASON_UNDECIDABLE};
	if (person == PERSON_DENIED && letter != 'x')
		return (struct fate){true, drop, MXF_REASON_DENIED};
	if (seen && port == PORT_CLOSED)
		return (struct fate){true, drop, MXF_REASON_UNTRUSTED};
	if (seen)
		return (struct fate){true, MXF_VERDICT_PASS, MXF_REASON_OPEN};
	return (struct fate){true, MXF_VERDICT_PASS, MXF_REASON_UNDECIDABLE};
}

static unsigned int action_of(const struct packet *packet, unsigned int linear)
{
	struct prog_run run = {
		.frame = packet->bytes, .size = (unsigned int)packet->length, .linear = linear};
	int error = prog_run(&prog, &run);

	if (error)
		fail_msg("BPF_PROG_RUN: %s", strerror(-error));
	return run.action;
}

static enum mxf_family family_of(const char *recipe, char letter)
{
	if (letter == 'x')
		return MXF_FAMILY_OTHER;
	return packet_recipe_is_ipv6(recipe) ? MXF_FAMILY_IPV6 : MXF_FAMILY_IPV4;
}

/* What a packet adds to the byte counts. */
static uint64_t bytes_of(const struct packet *packet, enum mxf_family family)
{
	const uint8_t *bytes = packet->bytes;
	size_t type = 12, total;

	while (family != MXF_FAMILY_OTHER && bytes[type] != 0x08 && bytes[type] != 0x86)
		type += 4;
	if (family == MXF_FAMILY_IPV6)
		return 40 + (size_t)(bytes[type + 6] << 8 | bytes[type + 7]);
	total = (size_t)(bytes[type + 4] << 8 | bytes[type + 5]);
	return family == MXF_FAMILY_OTHER || !total ? packet->length : total;
}

/* Exactly one packet, or none, has been counted between the two, and there. */
static void assert_counted(const char *recipe, enum mxf_family family, struct fate fate,
			   uint64_t bytes, const struct prog_counts *before,
			   const struct prog_counts *after)
{
	for (unsigned int f = 0; f < MXF_FAMILY_COUNT; f++)
		for (unsigned int v = 0; v < MXF_VERDICT_COUNT; v++)
			for (unsigned int r = 0; r < MXF_REASON_COUNT; r++) {
				const struct mxf_count *old = &before->sum.counts[f][v][r];
				const struct mxf_count *new = &after->sum.counts[f][v][r];
				bool here = fate.counted && f == family && v == fate.verdict &&
					    r == fate.reason;

				if (new->packets - old->packets != here ||
				    new->bytes - old->bytes != (here ? bytes : 0))
					fail_msg("%s: %u/%u/%u counted %u, %u bytes", recipe, f, v,
						 r, (unsigned int)(new->packets - old->packets),
						 (unsigned int)(new->bytes - old->bytes));
			}
}

static void assert_fate(const char *recipe, const struct packet *packet, enum mxf_family family,
			struct fate fate)
{
	const unsigned int want = fate.verdict == MXF_VERDICT_DROP ? XDP_DROP : XDP_PASS;
	struct prog_counts before, after;
	unsigned int got;

	assert_int_equal(prog_read_counts(&prog, &before), 0);
	got = action_of(packet, 0);
	assert_int_equal(prog_read_counts(&prog, &after), 0);
	if (got != want)
		fail_msg("%s: XDP action %u instead of %u", recipe, got, want);
	assert_counted(recipe, family, fate, fate.counted ? bytes_of(packet, family) : 0, &before,
		       &after);
}

static void case_build(const char *recipe, enum packet_person person, uint16_t port)
{
	struct packet_subject subject;

	packet_people_subject(person, port, 40000, &subject);
	assert_int_equal(packet_build(recipe, &subject, &train), 0);
}

static void run_case(const struct packet_case *packet_case, enum packet_person person,
		     uint16_t port, const struct filter_config *filter)
{
	case_build(packet_case->recipe, person, port);
	for (size_t i = 0; i < train.count; i++) {
		char letter = packet_case->expected[i];

		assert_fate(packet_case->recipe, &train.packets[i],
			    family_of(packet_case->recipe, letter),
			    fate_of(letter, person, port, filter));
	}
}

static void run_all_cases(const struct config *config)
{
	publish_or_skip(config);
	for (size_t i = 0; i < packet_case_count; i++)
		for
			EACH(port, ports)
			for
				EACH(person, people)
			if (!strstr(packet_cases[i].recipe, "from-") ||
			    people[person] == PERSON_STRANGER)
				run_case(&packet_cases[i], people[person], ports[port],
					 &config->filter);
}

static void verdicts_when_strict(void **state)
{
	(void)state;
	run_all_cases(packet_people_config());
}

static void verdicts_when_not_strict(void **state)
{
	struct config *config = packet_people_config();

	(void)state;
	config->filter.strict = false;
	run_all_cases(config);
}

static void verdicts_when_observing(void **state)
{
	struct config *config = packet_people_config();

	(void)state;
	config->filter.mode = FILTER_OBSERVE;
	run_all_cases(config);
}

static void nothing_is_judged_without_guarded_ports(void **state)
{
	struct config *config = packet_people_config();

	(void)state;
	config->filter.closed_port_count = config->filter.open_port_count = 0;
	publish_or_skip(config);
	for (size_t i = 0; i < packet_case_count; i++) {
		case_build(packet_cases[i].recipe, PERSON_STRANGER, PORT_CLOSED);
		for (size_t j = 0; j < train.count; j++)
			assert_fate(packet_cases[i].recipe, &train.packets[j], 0, (struct fate){0});
	}
}

/* The mail host alone is guarded: its neighbour gets everything whose destination is to be seen. */
static void other_destinations_are_untouched(void **state)
{
	static const char *const open_recipes[] = {
		"ip4 tcp",	    "ip6 tcp",		"ip4 nop:4 tcp",  "ip6 dst:8 frag tcp",
		"ip4 tcp split:16", "ip4 offset:1 tcp", "q ip6 hop:8 tcp"};
	static const char *const hidden_recipes[] = {"ip4 lsrr-live tcp", "ip4 ssrr-live tcp",
						     "ip6 rt2:4 left:1 tcp", "ip6 rt:0 tcp"};
	struct config *config = packet_people_config();
	struct packet_subject subject;

	(void)state;
	packet_people_guard_mail_host(config);
	publish_or_skip(config);
	packet_people_subject(PERSON_STRANGER, PORT_CLOSED, 40000, &subject);
	subject.to.ipv4[3] = subject.to.ipv6[15] = PACKET_VIA_NUMBER;
	for
		EACH(i, open_recipes)
		{
			assert_int_equal(packet_build(open_recipes[i], &subject, &train), 0);
			for (size_t j = 0; j < train.count; j++)
				assert_fate(open_recipes[i], &train.packets[j], 0,
					    (struct fate){0});
		}
	for
		EACH(i, hidden_recipes)
		{
			assert_int_equal(packet_build(hidden_recipes[i], &subject, &train), 0);
			assert_int_equal(action_of(&train.packets[0], 0), XDP_DROP);
		}
	case_build("ip4 tcp", PERSON_STRANGER, PORT_CLOSED);
	assert_int_equal(action_of(&train.packets[0], 0), XDP_DROP);
	case_build("ip6 tcp", PERSON_STRANGER, PORT_CLOSED);
	assert_int_equal(action_of(&train.packets[0], 0), XDP_DROP);
}

/* The kernel takes a linear part of its own choice only since 6.18. */
static void short_linear_or_skip(void)
{
	struct prog_run run = {.frame = train.packets[0].bytes, .linear = 20};

	case_build("ip4 tcp data:100", PERSON_STRANGER, PORT_CLOSED);
	run.size = (unsigned int)train.packets[0].length;
	if (prog_run(&prog, &run)) {
		print_message("this kernel's BPF_PROG_RUN has no linear part to choose\n");
		skip();
	}
}

static void assert_same_at_every_split(const char *recipe, const struct packet *packet)
{
	const unsigned int whole = action_of(packet, 0);
	unsigned int limit =
		packet->length < LINEAR_MAX ? (unsigned int)packet->length : LINEAR_MAX;

	for (unsigned int linear = 14; linear < limit;
	     linear += linear < LINEAR_FULL ? 1 : LINEAR_STEP) {
		unsigned int got = action_of(packet, linear);

		if (got != whole)
			fail_msg("%s: XDP action %u with %u linear bytes, else %u", recipe, got,
				 linear, whole);
	}
}

static void verdicts_with_a_short_linear_part(void **state)
{
	(void)state;
	publish_or_skip(packet_people_config());
	short_linear_or_skip();
	for (size_t i = 0; i < packet_case_count; i++) {
		case_build(packet_cases[i].recipe, PERSON_STRANGER, PORT_CLOSED);
		for (size_t j = 0; j < train.count; j++)
			assert_same_at_every_split(packet_cases[i].recipe, &train.packets[j]);
	}
}

/* Compositions may lie about lengths, and then other bytes stand where the ports are read. */
static uint16_t port_shown(const struct packet *packet, uint16_t built_for)
{
	struct mxf_flow flow;

	packet_flow(packet, &flow);
	if (!(flow.seen & MXF_SEEN_PORT))
		return built_for;
	return flow.destination_port == PORT_CLOSED || flow.destination_port == PORT_OPEN
		       ? flow.destination_port
		       : PORT_UNGUARDED;
}

static void random_packets_as_on_the_host(void **state)
{
	const struct config *config = packet_people_config();
	struct random_source random = {random_seed()};
	struct packet_subject subject;
	char recipe[PACKET_RECIPE_MAX], letters[PACKET_LETTERS_MAX];

	(void)state;
	publish_or_skip(config);
	print_message("MXF_SEED=%llu\n", (unsigned long long)random.state);
	for (int i = 0; i < RANDOM_RECIPES; i++) {
		enum packet_person person = people[random_below(&random, 3)];
		uint16_t port = ports[random_below(&random, 3)];

		packet_random_recipe(&random, recipe, sizeof(recipe));
		packet_people_subject(person, port, 40000, &subject);
		if (packet_build(recipe, &subject, &train))
			continue;
		packet_train_letters(&train, letters);
		for (size_t j = 0; j < train.count; j++)
			assert_fate(recipe, &train.packets[j], family_of(recipe, letters[j]),
				    fate_of(letters[j], person, port_shown(&train.packets[j], port),
					    &config->filter));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts_when_strict),
		cmocka_unit_test(verdicts_when_not_strict),
		cmocka_unit_test(verdicts_when_observing),
		cmocka_unit_test(nothing_is_judged_without_guarded_ports),
		cmocka_unit_test(other_destinations_are_untouched),
		cmocka_unit_test(verdicts_with_a_short_linear_part),
		cmocka_unit_test(random_packets_as_on_the_host),
	};

	return cmocka_run_group_tests_name("the program, packet by packet", tests, load, unload);
}
