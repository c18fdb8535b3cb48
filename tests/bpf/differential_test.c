// SPDX-License-Identifier: GPL-2.0-only
/*
 * No way round: what Linux answers with SYN-ACK when there is no fence is not answered to a
 * stranger behind one, a trusted source loses none of it, and neither does another port.
 *
 * MXF_SEED=N repeats a run; MXF_VERBOSE=1 names what the stack did not answer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <errno.h>
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
#include "tests/support/packet_random.h"
#include "tests/support/prog_load.h"

#define RANDOM_RECIPES 1500
#define TRIALS_MAX 4096
#define SOURCE_PORT_FIRST 1024
#define VETH_SLACK (14 + 4) /* what a veth accepts beyond its MTU */

/* The stack must answer a good part, or nothing is shown. */
#define ANSWERED_AT_LEAST(total) ((total) / 3)

struct trial {
	char recipe[PACKET_RECIPE_MAX];
	char letters[PACKET_LETTERS_MAX]; /* of packet_cases.h, one a frame */
	bool answered;			  /* by the stack alone */
};

struct wire {
	struct netns_pair pair;
	unsigned int mtu;
	uint16_t source_port;
	bool generic;
	uint64_t judged; /* frames that the fence must have counted */
};

static struct trial trials[TRIALS_MAX];
static size_t trial_count;
static struct packet_train train;

static void trial_add(const char *recipe, const char *letters)
{
	struct trial *trial = &trials[trial_count];

	if (trial_count == TRIALS_MAX)
		return;
	trial_count++;
	snprintf(trial->recipe, sizeof(trial->recipe), "%s", recipe);
	snprintf(trial->letters, sizeof(trial->letters), "%s", letters);
}

static void trials_collect(void)
{
	struct random_source random = {random_seed()};
	struct packet_subject subject;
	char recipe[PACKET_RECIPE_MAX], letters[PACKET_LETTERS_MAX];

	print_message("MXF_SEED=%llu\n", (unsigned long long)random.state);
	packet_people_subject(PERSON_STRANGER, PORT_CLOSED, SOURCE_PORT_FIRST, &subject);
	for (size_t i = 0; i < packet_case_count; i++)
		trial_add(packet_cases[i].recipe, packet_cases[i].expected);
	for (int i = 0; i < RANDOM_RECIPES;) {
		packet_random_recipe(&random, recipe, sizeof(recipe));
		if (packet_build(recipe, &subject, &train))
			continue;
		packet_train_letters(&train, letters);
		trial_add(recipe, letters);
		i++;
	}
}

/* Is a frame with this letter judged when it goes to this port? */
static bool is_judged(char letter, uint16_t port)
{
	return letter == 'u' || letter == 'x' || (letter != '-' && port != PORT_UNGUARDED);
}

/* The peer of a veth drops these, and the sender is told that there was no room. */
static bool is_too_long(const struct wire *wire, const struct packet *packet)
{
	return packet->length > wire->mtu + VETH_SLACK;
}

/*
 * The stack hands what stood behind an exhausted routing header to itself as if it had just come
 * in; a generic fence then sees it a second time.
 */
static unsigned int unwrapped_count(const struct trial *trial)
{
	const char *at = trial->recipe;
	unsigned int count = 0;

	while ((at = strstr(at, " rt")) && (at = strstr(at, " ip")))
		count++;
	return count;
}

/* Sends a trial's frames; 1, 0: answered or not, -EMSGSIZE: too long for this wire. */
static int trial_run(struct wire *wire, const struct trial *trial, enum packet_person person,
		     uint16_t port)
{
	struct packet_subject subject;

	packet_people_subject(person, port, ++wire->source_port, &subject);
	assert_int_equal(packet_build(trial->recipe, &subject, &train), 0);
	for (size_t i = 0; i < train.count; i++) {
		int error = netns_pair_send(&wire->pair, &train.packets[i]);

		if (error == -EMSGSIZE || is_too_long(wire, &train.packets[i]))
			return -EMSGSIZE;
		if (error)
			fail_msg("%s: sending: %s", trial->recipe, strerror(-error));
		wire->judged += is_judged(trial->letters[i], port);
	}
	return netns_pair_answered(&wire->pair, subject.from.port);
}

static void wire_open_or_skip(struct wire *wire, unsigned int mtu)
{
	int error = netns_pair_open(mtu, &wire->pair);

	if (error == -EPERM) {
		print_message("network namespaces need root\n");
		skip();
	}
	assert_int_equal(error, 0);
	wire->mtu = mtu;
	wire->generic = false;
	wire->judged = 0;
	wire->source_port = SOURCE_PORT_FIRST;
	assert_int_equal(netns_pair_listen(&wire->pair, PORT_CLOSED), 0);
	assert_int_equal(netns_pair_listen(&wire->pair, PORT_UNGUARDED), 0);
}

static void stack_alone(unsigned int mtu)
{
	size_t answered = 0, sent = 0;
	struct wire wire;

	wire_open_or_skip(&wire, mtu);
	for (size_t i = 0; i < trial_count; i++) {
		int got = trial_run(&wire, &trials[i], PERSON_STRANGER, PORT_CLOSED);

		if (got < 0 && got != -EMSGSIZE)
			fail_msg("%s: %s", trials[i].recipe, strerror(-got));
		trials[i].answered = got == 1;
		answered += trials[i].answered;
		sent += got >= 0;
		if (getenv("MXF_VERBOSE") && got == 0)
			print_message("unanswered: %s (%s)\n", trials[i].recipe, trials[i].letters);
	}
	netns_pair_close(&wire.pair);
	print_message("MTU %u: the stack answers %zu of %zu packets\n", mtu, answered, sent);
	assert_true(answered > ANSWERED_AT_LEAST(trial_count));
}

static int report(bool wrong, const struct trial *trial, const char *what)
{
	if (wrong)
		print_error("%s (%s): %s\n", trial->recipe, trial->letters, what);
	return wrong;
}

/* How many things are wrong with one packet behind the fence. */
static int trial_compare(struct wire *wire, const struct trial *trial)
{
	int got, wrong = 0;

	got = trial_run(wire, trial, PERSON_STRANGER, PORT_CLOSED);
	wrong += report(got == 1, trial, "a stranger came in");
	if (!trial->answered)
		return wrong;
	got = trial_run(wire, trial, PERSON_TRUSTED, PORT_CLOSED);
	if (got == 1 && wire->generic)
		wire->judged += unwrapped_count(trial);
	wrong += report(got != 1 && !strchr(trial->letters, 'x') && !strstr(trial->recipe, "from-"),
			trial, "a trusted source was lost");
	got = trial_run(wire, trial, PERSON_STRANGER, PORT_UNGUARDED);
	wrong += report(got != 1 && !strpbrk(trial->letters, "ux"), trial, "another port was lost");
	return wrong;
}

static uint64_t packets_counted(const struct prog *prog)
{
	struct prog_counts counts;
	uint64_t sum = 0;

	assert_int_equal(prog_read_counts(prog, &counts), 0);
	for (int family = 0; family < MXF_FAMILY_COUNT; family++)
		for (int verdict = 0; verdict < MXF_VERDICT_COUNT; verdict++)
			for (int reason = 0; reason < MXF_REASON_COUNT; reason++)
				sum += counts.sum.counts[family][verdict][reason].packets;
	return sum;
}

static int fence_attach_here(struct wire *wire, const struct config *config, struct prog *prog)
{
	int link;

	assert_int_equal(prog_load(true, prog), 0);
	assert_int_equal(prog_publish(prog, config), 0);
	assert_int_equal(netns_pair_enter_receiver(&wire->pair), 0);
	link = prog_attach(prog, wire->pair.ifindex, wire->generic);
	assert_int_equal(netns_pair_leave(&wire->pair), 0);
	if (link < 0)
		fail_msg("attaching: %s", strerror(-link));
	return link;
}

static void behind_the_fence(unsigned int mtu, bool generic, const struct config *config)
{
	struct wire wire;
	struct prog prog;
	int wrong = 0, link;

	wire_open_or_skip(&wire, mtu);
	wire.generic = generic;
	link = fence_attach_here(&wire, config, &prog);
	for (size_t i = 0; i < trial_count; i++)
		if (!config->filter.destination_count || !strstr(trials[i].recipe, " to-"))
			wrong += trial_compare(&wire, &trials[i]);
	print_message("MTU %u, %s: %llu packets judged, %d wrong\n", mtu,
		      generic ? "generic" : "native", (unsigned long long)wire.judged, wrong);
	assert_int_equal(packets_counted(&prog), wire.judged);
	close(link);
	prog_unload(&prog);
	netns_pair_close(&wire.pair);
	assert_int_equal(wrong, 0);
}

static void no_way_round(unsigned int mtu)
{
	stack_alone(mtu);
	behind_the_fence(mtu, false, packet_people_config());
	behind_the_fence(mtu, true, packet_people_config());
}

static void no_way_round_at_mtu_1500(void **state)
{
	(void)state;
	no_way_round(1500);
}

static void no_way_round_at_mtu_9000(void **state)
{
	(void)state;
	no_way_round(9000);
}

/* What comes by way of an address that is not guarded must not come in either. */
static void no_way_round_by_other_addresses(void **state)
{
	struct config *config = packet_people_config();

	(void)state;
	packet_people_guard_mail_host(config);
	stack_alone(1500);
	behind_the_fence(1500, false, config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_way_round_at_mtu_1500),
		cmocka_unit_test(no_way_round_at_mtu_9000),
		cmocka_unit_test(no_way_round_by_other_addresses),
	};

	trials_collect();
	return cmocka_run_group_tests_name("no way round", tests, NULL, NULL);
}
