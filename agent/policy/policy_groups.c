// SPDX-License-Identifier: GPL-2.0-only
/* Which `restrict` entries reach the members of which group. */
#include <errno.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "core/scoped.h"
#include "core/text.h"
#include "policy/policy_internal.h"

/* A walk down the includes. */
enum mark { UNSEEN, UNDER_WAY, SEEN };

struct walk {
	struct compiler *compiler;
	unsigned char *marks; /* enum mark, for each group */
	size_t size;	      /* members met */
	uint32_t restriction; /* to be added to each group's reach; UINT32_MAX: none */
};

static const struct gate_group *included(const struct gate_config *gate,
					 const struct gate_text *name)
{
	for (size_t i = 0; i < gate->group_count; i++)
		if (strlen(gate->groups[i].name) == name->size &&
		    memcmp(gate->groups[i].name, name->text, name->size) == 0)
			return &gate->groups[i];
	return NULL;
}

static void add_reach(struct walk *walk, struct group_reach *reach)
{
	uint32_t *restricts;

	if (walk->restriction == UINT32_MAX)
		return;
	restricts = reallocarray(reach->restricts, reach->count + 1, sizeof(*restricts));
	if (!restricts) {
		walk->compiler->error = -ENOMEM;
		return;
	}
	reach->restricts = restricts;
	restricts[reach->count++] = walk->restriction;
}

/* Recursion is as deep as groups are nested; config files are too small for that to be a danger. */
static void walk_group(struct walk *walk, size_t group)
{
	struct policy *policy = walk->compiler->policy;
	const struct gate_group *at = &policy->gate->groups[group];

	walk->marks[group] = SEEN;
	walk->size += at->members.count;
	add_reach(walk, &policy->reach[group]);
	for (size_t i = 0; i < at->include.count && !walk->compiler->error; i++) {
		const struct gate_group *next = included(policy->gate, &at->include.items[i]);

		if (next && walk->marks[next - policy->gate->groups] == UNSEEN)
			walk_group(walk, (size_t)(next - policy->gate->groups));
	}
}

static size_t walk_from(struct compiler *compiler, size_t group, uint32_t restriction,
			unsigned char *marks)
{
	struct walk walk = {.compiler = compiler, .marks = marks, .restriction = restriction};

	memset(marks, UNSEEN, compiler->policy->gate->group_count);
	walk_group(&walk, group);
	return walk.size;
}

static void report_unknown(struct compiler *compiler, const struct gate_text *name)
{
	const struct gate_config *gate = compiler->policy->gate;
	struct text_guess guess = {.word = name->text, .size = name->size};
	char quote[TEXT_QUOTE_SIZE], hint[128];

	for (size_t i = 0; i < gate->group_count; i++)
		text_guess_offer(&guess, gate->groups[i].name);
	snprintf(hint, sizeof(hint), "did you mean \"%.64s\"?", guess.best ? guess.best : "");
	COMPILER_ERROR(compiler, name->place, guess.best ? hint : NULL, "there is no group \"%s\"",
		       text_quote(name->text, name->size, quote));
}

/* Reports each include that leads back to a group that is being looked at. */
static void find_circles(struct compiler *compiler, unsigned char *marks, size_t group)
{
	const struct gate_config *gate = compiler->policy->gate;
	const struct gate_group *at = &gate->groups[group];

	marks[group] = UNDER_WAY;
	for (size_t i = 0; i < at->include.count; i++) {
		const struct gate_text *name = &at->include.items[i];
		const struct gate_group *next = included(gate, name);

		if (!next)
			report_unknown(compiler, name);
		else if (marks[next - gate->groups] == UNDER_WAY)
			COMPILER_ERROR(
				compiler, name->place, NULL,
				"the group %s includes %s, which includes it in turn (%s:%u)",
				at->name, next->name,
				sources_name(&compiler->policy->config->sources, next->place.file),
				next->place.line);
		else if (marks[next - gate->groups] == UNSEEN)
			find_circles(compiler, marks, (size_t)(next - gate->groups));
	}
	marks[group] = SEEN;
}

void compile_groups(struct compiler *compiler)
{
	struct policy *policy = compiler->policy;
	const struct gate_config *gate = policy->gate;
	unsigned char *marks SCOPED_FREE = calloc(gate->group_count + 1, 1);

	policy->reach = calloc(gate->group_count + 1, sizeof(*policy->reach));
	if (!marks || !policy->reach) {
		compiler->error = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < gate->group_count; i++)
		if (marks[i] == UNSEEN)
			find_circles(compiler, marks, i);
	for (size_t i = 0; i < gate->group_count && !compiler->error; i++)
		policy->reach[i].size = walk_from(compiler, i, UINT32_MAX, marks);
	for (size_t i = 0; i < gate->restrict_count && !compiler->error; i++)
		if (gate->restricts[i].group < gate->group_count)
			walk_from(compiler, gate->restricts[i].group, (uint32_t)i, marks);
}

size_t policy_group_size(const struct policy *policy, size_t group)
{
	return policy->reach[group].size;
}
