// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any sequence of bans, temporary trust, publications, trials, their ends, expiries and restarts:
 * after each step the program judges every source as a straightforward model does, and so does what
 * explains it in user space.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <linux/bpf.h>

#include "config/config.h"
#include "fence/generation.h"
#include "fence/kernel.h"
#include "fence/temporary.h"
#include "tests/support/packet_people.h"
#include "tests/support/packet_random.h"
#include "tests/support/prog_pins.h"

#define STEPS 600
#define HOSTS 32    /* of each family: 10.77.0.0/27, fd77::/123 */
#define HOST_BITS 5 /* that differ among them */
#define EVERYBODY 6 /* as bits of a prefix: the whole family */
#define RANGES_MAX 10
#define ENTRIES_MAX 40
#define SOON_MS 25
#define MILLISECOND 1000000ull
#define FAR (3600 * 1000 * MILLISECOND)

/* The model. */

struct prefix {
	bool ipv6;
	unsigned int bits; /* of a host number that may vary, or EVERYBODY */
	unsigned int base;
};

struct ruled {
	struct prefix prefix;
	enum list_action action;
};

struct rules {
	struct ruled ranges[RANGES_MAX];
	size_t count;
	bool observe;
};

struct entry {
	enum mxf_temporary_action action;
	struct prefix prefix;
	uint64_t expires;
};

static struct {
	struct rules current;
	struct rules before;
	uint64_t deadline; /* 0: no trial */
	struct entry entries[ENTRIES_MAX];
	size_t count;
} model;

static struct random_source random_source;
static char pin_dir[64];
static struct fence *fence;
static struct prog prog;
static struct trouble trouble;

static bool prefix_holds(const struct prefix *prefix, bool ipv6, unsigned int host)
{
	if (prefix->ipv6 != ipv6)
		return false;
	return prefix->bits == EVERYBODY || host >> prefix->bits == prefix->base >> prefix->bits;
}

static bool prefix_equal(const struct prefix *a, const struct prefix *b)
{
	return a->ipv6 == b->ipv6 && a->bits == b->bits && a->base == b->base;
}

static bool entry_holds(enum mxf_temporary_action action, bool ipv6, unsigned int host,
			uint64_t now)
{
	for (size_t i = 0; i < model.count; i++)
		if (model.entries[i].action == action && model.entries[i].expires > now &&
		    prefix_holds(&model.entries[i].prefix, ipv6, host))
			return true;
	return false;
}

static const struct ruled *ruled_by(const struct rules *rules, bool ipv6, unsigned int host)
{
	const struct ruled *found = NULL;

	for (size_t i = 0; i < rules->count; i++)
		if (prefix_holds(&rules->ranges[i].prefix, ipv6, host) &&
		    (!found || rules->ranges[i].prefix.bits < found->prefix.bits))
			found = &rules->ranges[i];
	return found;
}

static const struct rules *rules_in_force(uint64_t now)
{
	return model.deadline && now >= model.deadline ? &model.before : &model.current;
}

static enum mxf_reason reason_of(bool ipv6, unsigned int host, uint16_t port, uint64_t now)
{
	const struct ruled *ruled = ruled_by(rules_in_force(now), ipv6, host);

	if (entry_holds(MXF_TEMPORARY_BAN, ipv6, host, now))
		return MXF_REASON_BANNED;
	if (entry_holds(MXF_TEMPORARY_TRUST, ipv6, host, now))
		return MXF_REASON_TRUSTED;
	if (ruled)
		return ruled->action == LIST_TRUSTED ? MXF_REASON_TRUSTED : MXF_REASON_DENIED;
	return port == PORT_OPEN ? MXF_REASON_OPEN : MXF_REASON_UNTRUSTED;
}

static enum mxf_verdict verdict_of(enum mxf_reason reason, uint64_t now)
{
	if (reason == MXF_REASON_TRUSTED || reason == MXF_REASON_OPEN)
		return MXF_VERDICT_PASS;
	return rules_in_force(now)->observe ? MXF_VERDICT_OBSERVE : MXF_VERDICT_DROP;
}

/* Does the model's answer change between the two? */
static bool changes_between(uint64_t begin, uint64_t end)
{
	if (model.deadline > begin && model.deadline <= end)
		return true;
	for (size_t i = 0; i < model.count; i++)
		if (model.entries[i].expires > begin && model.entries[i].expires <= end)
			return true;
	return false;
}

/* Against the kernel and against user space. */

static struct ip ip_of(bool ipv6, unsigned int host)
{
	return ipv6 ? (struct ip){0xfd77ULL << 48, host} : (struct ip){0, 0x0a4d0000 | host};
}

static struct range range_of(const struct prefix *prefix)
{
	struct range range = {.family = prefix->ipv6 ? MXF_FAMILY_IPV6 : MXF_FAMILY_IPV4};

	if (prefix->bits == EVERYBODY) {
		range.last = ip_highest(range.family);
		return range;
	}
	range.first = ip_of(prefix->ipv6, prefix->base);
	range.last = ip_of(prefix->ipv6, prefix->base | ((1u << prefix->bits) - 1));
	return range;
}

static const struct packet *packet_from(bool ipv6, unsigned int host, uint16_t port)
{
	static struct packet_train train;
	struct packet_subject subject;

	packet_people_subject(PERSON_STRANGER, port, 40000, &subject);
	subject.from.ipv4[3] = (uint8_t)host;
	subject.from.ipv6[15] = (uint8_t)host;
	assert_int_equal(packet_build(ipv6 ? "ip6 tcp" : "ip4 tcp", &subject, &train), 0);
	return &train.packets[0];
}

static uint64_t counted(const struct prog_counts *counts, bool ipv6, enum mxf_verdict verdict,
			enum mxf_reason reason)
{
	return counts->sum.counts[ipv6 ? MXF_FAMILY_IPV6 : MXF_FAMILY_IPV4][verdict][reason]
		.packets;
}

static void check_kernel(int step, bool ipv6, unsigned int host, uint16_t port)
{
	const struct packet *packet = packet_from(ipv6, host, port);
	struct prog_run run = {.frame = packet->bytes, .size = (unsigned int)packet->length};
	struct prog_counts before, after;
	uint64_t begin, end;
	enum mxf_reason reason;
	enum mxf_verdict verdict;

	assert_int_equal(prog_read_counts(&prog, &before), 0);
	begin = temporary_now();
	assert_int_equal(prog_run(&prog, &run), 0);
	end = temporary_now();
	assert_int_equal(prog_read_counts(&prog, &after), 0);
	if (changes_between(begin, end))
		return;
	reason = reason_of(ipv6, host, port, begin);
	verdict = verdict_of(reason, begin);
	if (run.action != (verdict == MXF_VERDICT_DROP ? XDP_DROP : XDP_PASS) ||
	    counted(&after, ipv6, verdict, reason) != counted(&before, ipv6, verdict, reason) + 1)
		fail_msg("step %d: IPv%d host %u to port %u: action %u, not reason %d", step,
			 ipv6 ? 6 : 4, host, port, run.action, reason);
}

static uint32_t found_by_entries(uint8_t family, struct ip ip)
{
	struct temporary_entry entry;

	if (temporary_find(fence, MXF_TEMPORARY_BAN, family, ip, &entry, &trouble) > 0)
		return MXF_FOUND_BANNED;
	if (temporary_find(fence, MXF_TEMPORARY_TRUST, family, ip, &entry, &trouble) > 0)
		return MXF_ANSWER_TRUSTED;
	return MXF_ANSWER_NONE;
}

static void check_explanation(int step, bool ipv6, unsigned int host, uint16_t port)
{
	const uint8_t family = ipv6 ? MXF_FAMILY_IPV6 : MXF_FAMILY_IPV4;
	const struct mxf_generation *generation;
	struct generation_verdict verdict;
	uint64_t begin = temporary_now();

	assert_int_equal(fence_generation(fence, &generation, &trouble), 0);
	generation_judge(generation, family, ip_of(ipv6, host), NULL, port,
			 found_by_entries(family, ip_of(ipv6, host)), &verdict);
	if (changes_between(begin, temporary_now()))
		return;
	if (verdict.reason != reason_of(ipv6, host, port, begin))
		fail_msg("step %d: IPv%d host %u to port %u is explained by %d", step, ipv6 ? 6 : 4,
			 host, port, verdict.reason);
}

static void check_all(int step)
{
	for (int ipv6 = 0; ipv6 < 2; ipv6++)
		for (unsigned int host = 0; host < HOSTS; host++) {
			const uint16_t port =
				random_below(&random_source, 2) ? PORT_OPEN : PORT_CLOSED;

			check_kernel(step, ipv6, host, port);
			check_explanation(step, ipv6, host, port);
		}
}

/* Steps. */

static struct prefix random_prefix(void)
{
	unsigned int bits = random_below(&random_source, 20)
				    ? random_below(&random_source, HOST_BITS)
				    : EVERYBODY;
	unsigned int base =
		bits == EVERYBODY ? 0 : random_below(&random_source, HOSTS) >> bits << bits;

	return (struct prefix){.ipv6 = random_below(&random_source, 2), .bits = bits, .base = base};
}

static uint64_t random_time(void)
{
	if (random_below(&random_source, 3))
		return temporary_now() + FAR;
	return temporary_now() + (1 + random_below(&random_source, SOON_MS)) * MILLISECOND;
}

static void forget_ended(void)
{
	const uint64_t now = temporary_now();
	size_t kept = 0;

	for (size_t i = 0; i < model.count; i++)
		if (model.entries[i].expires > now)
			model.entries[kept++] = model.entries[i];
	model.count = kept;
}

static struct entry *find_entry(enum mxf_temporary_action action, const struct prefix *prefix)
{
	for (size_t i = 0; i < model.count; i++)
		if (model.entries[i].action == action &&
		    prefix_equal(&model.entries[i].prefix, prefix))
			return &model.entries[i];
	return NULL;
}

static void add_entry(enum mxf_temporary_action action, struct prefix prefix)
{
	const struct range range = range_of(&prefix);
	struct temporary_entry entry = {.expires = random_time()};
	struct entry *stands = find_entry(action, &prefix);

	if (!stands && model.count == ENTRIES_MAX)
		return;
	assert_int_equal(temporary_entry_init(action, &range, &entry, &trouble), 0);
	if (temporary_add(fence, &entry, &trouble))
		fail_msg("%s", trouble.text);
	if (!stands)
		stands = &model.entries[model.count++];
	*stands = (struct entry){action, prefix, entry.expires};
}

static void step_add(void)
{
	add_entry(random_below(&random_source, 2) ? MXF_TEMPORARY_BAN : MXF_TEMPORARY_TRUST,
		  random_prefix());
}

/* One that stands gets another end, sooner or later. */
static void step_extend(void)
{
	if (model.count) {
		struct entry *entry =
			&model.entries[random_below(&random_source, (uint32_t)model.count)];

		add_entry(entry->action, entry->prefix);
	}
}

static void step_remove(void)
{
	struct temporary_entry removed = {.expires = 0};
	struct entry *entry;
	struct range range;
	uint64_t now;
	int error;

	if (!model.count)
		return;
	entry = &model.entries[random_below(&random_source, (uint32_t)model.count)];
	range = range_of(&entry->prefix);
	assert_int_equal(temporary_entry_init(entry->action, &range, &removed, &trouble), 0);
	now = temporary_now();
	error = temporary_remove(fence, &removed, &trouble);
	if (entry->expires > temporary_now() || entry->expires <= now)
		assert_int_equal(error, entry->expires > now ? 0 : -ENOENT);
	*entry = model.entries[--model.count];
}

static void random_rules(struct rules *rules)
{
	*rules = (struct rules){.observe = !random_below(&random_source, 6)};
	while (rules->count < RANGES_MAX && random_below(&random_source, 8)) {
		struct ruled ruled = {random_prefix(),
				      random_below(&random_source, 3) ? LIST_TRUSTED : LIST_DENIED};
		bool twice = false;

		for (size_t i = 0; i < rules->count; i++)
			twice |= prefix_equal(&rules->ranges[i].prefix, &ruled.prefix);
		if (!twice)
			rules->ranges[rules->count++] = ruled;
	}
}

static void publish(const struct rules *rules, uint64_t deadline)
{
	struct range ranges[2][RANGES_MAX];
	struct config *config = packet_people_config();
	struct range_list lists[2];
	uint64_t number;

	memcpy(lists, config->filter.lists, sizeof(lists));
	for (int action = 0; action < 2; action++) {
		lists[action].ranges = ranges[action];
		lists[action].count = 0;
		for (size_t i = 0; i < rules->count; i++)
			if (rules->ranges[i].action == lists[action].action)
				ranges[action][lists[action].count++] =
					range_of(&rules->ranges[i].prefix);
	}
	config->filter.lists = lists;
	config->filter.mode = rules->observe ? FILTER_OBSERVE : FILTER_ENFORCE;
	if (fence_publish(fence, config, deadline, &number, &trouble))
		fail_msg("%s", trouble.text);
	fence_publish_settle(fence);
}

/* An agent that finds a trial over ends it before it does anything else. */
static void tidy_up(void)
{
	struct fence_trial trial;

	assert_int_equal(fence_trial_read(fence, &trial, &trouble), 0);
	assert_int_equal(trial.deadline, model.deadline);
	if (!trial.ended)
		return;
	assert_int_equal(fence_trial_end(fence, &trouble), 0);
	model.current = model.before;
	model.deadline = 0;
}

static void step_publish(void)
{
	struct rules rules;

	tidy_up();
	random_rules(&rules);
	publish(&rules, 0);
	model.current = rules;
	model.deadline = 0;
}

static void step_try(void)
{
	struct rules rules;
	uint64_t deadline;

	tidy_up();
	random_rules(&rules);
	deadline = random_time();
	if (!model.deadline)
		model.before = model.current;
	publish(&rules, deadline);
	model.current = rules;
	model.deadline = deadline;
}

static void step_confirm(void)
{
	uint64_t begin = temporary_now();
	int error = fence_trial_confirm(fence, &trouble);

	if (!model.deadline) {
		assert_int_equal(error, -ENOENT);
	} else if (!error) {
		assert_true(begin < model.deadline);
		model.deadline = 0;
	} else {
		assert_int_equal(error, -ETIME);
		assert_true(temporary_now() >= model.deadline);
	}
}

static void step_roll_back(void)
{
	assert_int_equal(fence_trial_end(fence, &trouble), model.deadline ? 0 : -ENOENT);
	if (model.deadline)
		model.current = model.before;
	model.deadline = 0;
}

static void step_wait(void)
{
	const struct timespec time = {.tv_nsec = (long)(SOON_MS * MILLISECOND / 2)};

	nanosleep(&time, NULL);
}

static void step_sweep(void)
{
	assert_int_equal(temporary_sweep(fence, &trouble), 0);
	forget_ended();
}

static void step_restart(void)
{
	fence_close(&fence);
	if (fence_open(pin_dir, false, &fence, &trouble))
		fail_msg("%s", trouble.text);
}

static void (*const steps[])(void) = {
	step_add, step_add, step_add,	  step_add,  step_extend,  step_remove, step_publish,
	step_try, step_try, step_confirm, step_wait, step_restart, step_sweep,	step_roll_back,
};

static void sequence_of_steps(void **state)
{
	(void)state;
	if (!prog.skeleton)
		skip();
	step_publish();
	for (int step = 0; step < STEPS; step++) {
		steps[random_below(&random_source, sizeof(steps) / sizeof(steps[0]))]();
		check_all(step);
	}
}

/* The table of entries is full at a known size, counts each once, and is empty again afterwards. */
static void full_table(void **state)
{
	struct temporary_entry entry = {.expires = temporary_now() + FAR};
	size_t before;

	(void)state;
	if (!prog.skeleton)
		skip();
	for (int i = 0; i < 3; i++)
		step_wait(); /* for what ends soon */
	step_sweep();
	before = temporary_count(fence);
	for (uint32_t i = 0; i < MXF_TEMPORARY_MAX - before; i++) {
		const struct ip ip = {0, 0x0b000000 | i};
		const struct range range = {.family = MXF_FAMILY_IPV4, .first = ip, .last = ip};

		assert_int_equal(temporary_entry_init(MXF_TEMPORARY_BAN, &range, &entry, &trouble),
				 0);
		if (temporary_add(fence, &entry, &trouble))
			fail_msg("%u: %s", i, trouble.text);
	}
	entry.range.first = entry.range.last = (struct ip){0, 0x0c000000};
	assert_int_equal(temporary_add(fence, &entry, &trouble), -ENOSPC);
	assert_non_null(strstr(trouble.text, "is full: 131072 of 131072"));
	step_restart();
	assert_int_equal(temporary_count(fence), MXF_TEMPORARY_MAX);
	for (uint32_t i = 0; i < MXF_TEMPORARY_MAX - before; i++) {
		entry.range.first = entry.range.last = (struct ip){0, 0x0b000000 | i};
		assert_int_equal(temporary_remove(fence, &entry, &trouble), 0);
	}
	assert_int_equal(temporary_count(fence), before);
	check_all(STEPS);
}

static int setup(void **state)
{
	int error = pins_make(pin_dir);

	(void)state;
	random_source.state = random_seed();
	printf("MXF_SEED=%llu repeats this run\n", (unsigned long long)random_source.state);
	if (!error)
		error = fence_open(pin_dir, false, &fence, &trouble);
	if (!error)
		error = prog_load_pinned(pin_dir, &prog);
	if (error && error != -EPERM)
		fprintf(stderr, "the pins: %s %s\n", strerror(-error), trouble.text);
	return error == -EPERM ? 0 : error;
}

static int teardown(void **state)
{
	(void)state;
	fence_close(&fence);
	if (prog.skeleton)
		prog_unload(&prog);
	pins_remove(pin_dir);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sequence_of_steps),
		cmocka_unit_test(full_table),
	};

	return cmocka_run_group_tests_name("temporary entries and trials", tests, setup, teardown);
}
