// SPDX-License-Identifier: GPL-2.0-only
/* Random configurations and facts, each address in a random spelling: the compiled policy answers
 * what the straightforward one does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/packet_random.h"
#include "tests/support/policy_model.h"
#include "tests/support/policy_world.h"

#define CONFIGURATIONS 1000
#define QUESTIONS 400
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PICK(source, array) ((array)[random_below(source, COUNT(array))])

/* Few, so that they meet often. */
static const char *const domains[] = {"one.example", "two.example", "sub.two.example",
				      "far.example", "a.far.example"};
static const char *const locals[] = {"a", "b", "a+x", "a+x+y", "postmaster"};
static const char *const odd_locals[] = {
	"a+x z", "b z", "b%a", "one.example!b", "b@far.example", "imceaex-b", "postmaster+x"};
static const char *const names[] = {"a", "b", "a@one.example", "a@two.example"};

static bool chance(struct random_source *source, uint32_t of)
{
	return random_below(source, of) == 0;
}

static struct model_mailbox random_member(struct random_source *source)
{
	return (struct model_mailbox){.local = chance(source, 4) ? NULL : PICK(source, locals),
				      .domain = PICK(source, domains)};
}

static size_t random_members(struct random_source *source, struct model_mailbox *members)
{
	size_t count = random_below(source, 4);

	for (size_t i = 0; i < count; i++)
		members[i] = random_member(source);
	return count;
}

static void random_restrict(struct random_source *source, const struct model *model,
			    struct model_restrict *entry)
{
	*entry = (struct model_restrict){
		.group = random_below(source, (uint32_t)model->group_count),
		.send_internal = chance(source, 2),
		.receive_authenticated = chance(source, 2),
		.hide = chance(source, 3),
		.allow_count = random_below(source, 3),
	};
	for (size_t i = 0; i < entry->allow_count; i++) {
		entry->allow[i].local = chance(source, 3) ? PICK(source, locals) : NULL;
		entry->allow[i].domain = PICK(source, domains);
		entry->allow[i].below = !entry->allow[i].local && chance(source, 2);
	}
}

static void random_logins(struct random_source *source, struct model *model)
{
	model->has_login_map = chance(source, 2);
	for (size_t i = 0; i < COUNT(names); i++) {
		struct model_login *login = &model->logins[model->login_count];

		if (chance(source, 2))
			continue;
		login->name = names[i];
		login->address_count = random_members(source, login->addresses);
		model->login_count++;
	}
}

static void random_model(struct random_source *source, struct model *model)
{
	*model = (struct model){.domain_count = 1 + random_below(source, 2),
				.group_count = 1 + random_below(source, 4),
				.restrict_count = random_below(source, 5),
				.recipients_file = chance(source, 2),
				.relay_authenticated = !chance(source, 3),
				.spoof_reject = !chance(source, 3)};
	for (size_t i = 0; i < model->domain_count; i++)
		model->domains[i] =
			(struct model_allow){.domain = domains[i], .below = chance(source, 2)};
	for (size_t i = 0; i < model->group_count; i++) {
		model->groups[i].member_count = random_members(source, model->groups[i].members);
		for (size_t k = i + 1; k < model->group_count; k++)
			model->groups[i].includes[k] = chance(source, 3);
	}
	for (size_t i = 0; i < model->restrict_count; i++)
		random_restrict(source, model, &model->restricts[i]);
	model->recipient_count = random_members(source, model->recipients);
	random_logins(source, model);
}

static void make_world(const struct model *model, struct policy_world *world)
{
	char *texts[3] = {NULL};
	size_t sizes[3];
	FILE *streams[3];

	for (size_t i = 0; i < 3; i++)
		streams[i] = open_memstream(&texts[i], &sizes[i]);
	model_write(model, streams[0], streams[1], streams[2]);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(fclose(streams[i]), 0);
	policy_world_make(world, texts[0],
			  (const struct world_file[]){{"recipients.txt", texts[1]},
						      {"senders.txt", texts[2]},
						      {NULL, NULL}});
	if (world->diags.errors)
		diags_print(&world->diags, &world->config->sources, false, stderr);
	assert_int_equal(world->diags.errors, 0);
	for (size_t i = 0; i < 3; i++)
		free(texts[i]);
}

/* The text in random case. */
static char *put(struct random_source *source, char *at, const char *text)
{
	bool shout = chance(source, 4);

	for (; *text; text++)
		*at++ = (char)(shout ? toupper((unsigned char)*text) : *text);
	*at = '\0';
	return at;
}

/* One of the ways to write the mailbox down. */
static void spell(struct random_source *source, const struct model_mailbox *mailbox, char *path)
{
	bool quote = strpbrk(mailbox->local, " @") || chance(source, 4);
	char *at = path;

	if (chance(source, 6))
		at = put(source, at, "@one.example,@far.example:");
	if (quote)
		*at++ = '"';
	for (const char *c = mailbox->local; *c; c++) {
		if (quote && chance(source, 4))
			*at++ = '\\';
		at = put(source, at, (char[]){*c, '\0'});
	}
	if (quote)
		*at++ = '"';
	*at++ = '@';
	put(source, at, mailbox->domain);
}

static struct model_mailbox random_mailbox(struct random_source *source)
{
	return (struct model_mailbox){.local = chance(source, 4) ? PICK(source, odd_locals)
								 : PICK(source, locals),
				      .domain = PICK(source, domains)};
}

struct asked {
	struct model_facts model;
	struct policy_facts policy;
	char from[128], to[128], login[64];
};

static bool in_login_map(const struct model *model, const char *name)
{
	bool found = false;

	for (size_t i = 0; i < model->login_count; i++)
		found |= strcmp(model->logins[i].name, name) == 0;
	return found && model->has_login_map;
}

/*
 * A login that is not in the map and no mailbox of ours may be several people's; that has cases of
 * its own.
 */
static void random_login(struct random_source *source, const struct model *model,
			 const struct policy_world *world, struct asked *asked)
{
	const char *login = PICK(source, names), *at = strchr(login, '@');
	bool ours = at && policy_is_our_domain(world->policy, at + 1, strlen(at + 1));

	if (!ours && !in_login_map(model, login))
		return;
	if (ours)
		asked->model.login_is = (struct model_mailbox){.local = "a", .domain = at + 1};
	asked->model.login = login;
	put(source, asked->login, login);
	asked->policy.login = asked->login;
}

static void random_question(struct random_source *source, const struct model *model,
			    const struct policy_world *world, struct asked *asked)
{
	static const char *const clients[] = {"203.0.113.9", "10.1.1.1", "10.66.0.1",
					      "198.51.100.1"};
	uint32_t client = random_below(source, COUNT(clients));
	uint32_t listener = random_below(source, 8);

	*asked = (struct asked){.model = {.from_relay = client == 1 || client == 2,
					  .never = client >= 2,
					  .to_local = chance(source, 4),
					  .tls = !chance(source, 4),
					  .null_sender = chance(source, 5),
					  .sender = random_mailbox(source),
					  .recipient = random_mailbox(source),
					  .bare_postmaster = chance(source, 20)}};
	listener = listener < 4 ? listener : 0;
	asked->model.needs_tls = listener == 1 || listener == 2;
	asked->model.needs_login = listener >= 2;
	if (chance(source, 2))
		random_login(source, model, world, asked);
	if (!asked->model.null_sender)
		spell(source, &asked->model.sender, asked->from);
	if (asked->model.bare_postmaster)
		asked->model.recipient = (struct model_mailbox){.local = "postmaster",
								.domain = model->domains[0].domain};
	if (asked->model.bare_postmaster)
		put(source, asked->to, "postmaster");
	else
		spell(source, &asked->model.recipient, asked->to);
	asked->policy.client = clients[client];
	asked->policy.local = asked->model.to_local ? "192.0.2.2" : NULL;
	asked->policy.listener = listener;
	asked->policy.tls = asked->model.tls;
	asked->policy.from = asked->from;
	asked->policy.to = asked->to;
}

/* A refusal by an entry of `restrict` points at one that refuses. */
static bool origin_is_right(const struct policy_world *world, const struct model_answer *answer,
			    const struct policy_decision *decision)
{
	const struct gate_config *gate = &world->config->gate;

	if (answer->rule != MXF_RULE_SEND_INTERNAL &&
	    answer->rule != MXF_RULE_RECEIVE_AUTHENTICATED)
		return true;
	for (size_t i = 0; i < gate->restrict_count; i++)
		if (gate->restricts[i].place.line == decision->origin.line)
			return answer->entries[i];
	return false;
}

static void check_question(const struct policy_world *world, const struct model *model,
			   const struct asked *asked)
{
	struct model_answer wanted = model_decide(model, &asked->model);
	struct policy_decision decision;
	bool right;

	policy_world_decide(world, &asked->policy, &decision, NULL, NULL);
	right = decision.rule == wanted.rule && decision.code == wanted.code &&
		strcmp(decision.enhanced, wanted.enhanced) == 0 &&
		origin_is_right(world, &wanted, &decision);
	if (!right) {
		model_write(model, stderr, stderr, stderr);
		print_message("client %s, local %s, login %s, listener %zu, <%s> to <%s>: rule %d "
			      "at line %u, wanted %d\n",
			      asked->policy.client, asked->policy.local ? asked->policy.local : "-",
			      asked->policy.login ? asked->policy.login : "-",
			      asked->policy.listener, asked->from, asked->to, (int)decision.rule,
			      decision.origin.line, (int)wanted.rule);
	}
	assert_true(right);
}

static void test_answers_as_the_model(void **state)
{
	uint64_t seed = random_seed();
	struct random_source source = {seed};
	size_t rules[MXF_RULE_COUNT] = {0};

	(void)state;
	print_message("MXF_SEED=%llu\n", (unsigned long long)seed);
	for (size_t i = 0; i < CONFIGURATIONS; i++) {
		struct policy_world world;
		struct model model;

		random_model(&source, &model);
		make_world(&model, &world);
		for (size_t k = 0; k < QUESTIONS; k++) {
			struct asked asked;

			random_question(&source, &model, &world, &asked);
			check_question(&world, &model, &asked);
			rules[model_decide(&model, &asked.model).rule]++;
		}
		policy_world_clear(&world);
	}
	/* Each rule had its turn. */
	for (size_t i = 0; i < MXF_RULE_COUNT; i++)
		assert_true(rules[i] > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers_as_the_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
