// SPDX-License-Identifier: GPL-2.0-only
/* Which `restrict` entries reach the members of which group. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "policy/policy_internal.h"

/* "include: [name]" in a group. */
struct edge {
	uint32_t target; /* the group of that name */
	const struct gate_text *name;
};

enum mark { UNSEEN, UNDER_WAY, SEEN };

/*
 * Groups as a graph. Configurations may nest them as deep as they like, so that walks keep their
 * way in `stack` and not on the stack.
 */
struct graph {
	struct compiler *compiler;
	const struct gate_config *gate;
	struct edge *edges; /* sorted by the group they begin at */
	size_t *first;	    /* of each group; one more ends the last one */
	size_t *next;	    /* the edge of each group that a walk takes next */
	uint32_t *stack;
	uint32_t *round; /* the walk that met each group last */
	uint32_t rounds;
	unsigned char *marks; /* enum mark, for each group */
};

static void graph_clear(struct graph *graph)
{
	free(graph->edges);
	free(graph->first);
	free(graph->next);
	free(graph->stack);
	free(graph->round);
	free(graph->marks);
}

static int graph_allocate(struct graph *graph)
{
	size_t groups = graph->gate->group_count + 1, edges = 1;

	for (size_t i = 0; i < graph->gate->group_count; i++)
		edges += graph->gate->groups[i].include.count;
	graph->edges = calloc(edges, sizeof(*graph->edges));
	graph->first = calloc(groups, sizeof(*graph->first));
	graph->next = calloc(groups, sizeof(*graph->next));
	graph->stack = calloc(groups, sizeof(*graph->stack));
	graph->round = calloc(groups, sizeof(*graph->round));
	graph->marks = calloc(groups, sizeof(*graph->marks));
	return graph->edges && graph->first && graph->next && graph->stack && graph->round &&
			       graph->marks
		       ? 0
		       : -ENOMEM;
}

static void report_unknown(const struct graph *graph, const struct gate_text *name)
{
	struct text_guess guess = {.word = name->text, .size = name->size};
	char quote[TEXT_QUOTE_SIZE], hint[128];

	for (size_t i = 0; i < graph->gate->group_count; i++)
		text_guess_offer(&guess, graph->gate->groups[i].name);
	snprintf(hint, sizeof(hint), "did you mean \"%.64s\"?", guess.best ? guess.best : "");
	COMPILER_ERROR(graph->compiler, name->place, guess.best ? hint : NULL,
		       "there is no group \"%s\"", text_quote(name->text, name->size, quote));
}

static void add_edges(struct graph *graph, const struct key_table *names, size_t group)
{
	const struct gate_group *from = &graph->gate->groups[group];
	size_t end = graph->first[group];

	graph->rounds++;
	for (size_t i = 0; i < from->include.count; i++) {
		const struct gate_text *name = &from->include.items[i];
		const struct key_entry *found = key_table_find(names, name->text, name->size);

		if (!found) {
			report_unknown(graph, name);
		} else if (graph->round[found->value] == graph->rounds) {
			COMPILER_WARNING(graph->compiler, name->place, NULL,
					 "the group \"%s\" includes \"%s\" already", from->name,
					 graph->gate->groups[found->value].name);
		} else {
			graph->round[found->value] = graph->rounds;
			graph->edges[end++] = (struct edge){.target = found->value, .name = name};
		}
	}
	graph->first[group + 1] = end;
}

static int graph_build(struct graph *graph)
{
	struct key_table names = {0};
	const struct key_entry *before;
	int error = graph_allocate(graph);

	for (size_t i = 0; i < graph->gate->group_count && !error; i++)
		error = key_table_add(&names, graph->gate->groups[i].name,
				      strlen(graph->gate->groups[i].name), (uint32_t)i,
				      graph->gate->groups[i].place, &before);
	for (size_t i = 0; i < graph->gate->group_count && !error; i++)
		add_edges(graph, &names, i);
	key_table_clear(&names);
	return error;
}

/* The last edge leads back to a group of the way that is on the stack: names the rest of it. */
static void report_circle(const struct graph *graph, size_t depth, const struct edge *last)
{
	const struct gate_group *groups = graph->gate->groups;
	const char *name = groups[graph->stack[depth - 1]].name;
	char hint[256] = "";
	size_t at = 0, from = depth - 1;

	while (graph->stack[from] != last->target)
		from--;
	for (; from + 1 < depth && at < sizeof(hint); from++) {
		const struct edge *edge = &graph->edges[graph->next[graph->stack[from]] - 1];
		int added = snprintf(
			hint + at, sizeof(hint) - at, "%s\"%s\" includes \"%s\" at %s:%u",
			at ? ", " : "", groups[graph->stack[from]].name, groups[edge->target].name,
			compiler_file(graph->compiler, edge->name->place), edge->name->place.line);

		at += (size_t)added;
	}
	if (!at)
		COMPILER_ERROR(graph->compiler, last->name->place, NULL,
			       "the group \"%s\" includes itself", name);
	else
		COMPILER_ERROR(graph->compiler, last->name->place, hint,
			       "the group \"%s\" includes \"%s\", which includes it in turn", name,
			       groups[last->target].name);
}

/* When all that the group includes has been seen. */
static void note_emptiness(struct graph *graph, uint32_t group)
{
	struct group_reach *reach = graph->compiler->policy->reach;

	reach[group].empty = graph->gate->groups[group].members.count == 0;
	for (size_t i = graph->first[group]; i < graph->first[group + 1]; i++)
		reach[group].empty &= reach[graph->edges[i].target].empty;
}

static void find_circles_from(struct graph *graph, uint32_t group)
{
	size_t depth = 0;

	graph->stack[depth++] = group;
	graph->marks[group] = UNDER_WAY;
	while (depth) {
		uint32_t at = graph->stack[depth - 1];
		const struct edge *edge;

		if (graph->next[at] == graph->first[at + 1]) {
			graph->marks[at] = SEEN;
			note_emptiness(graph, at);
			depth--;
			continue;
		}
		edge = &graph->edges[graph->next[at]++];
		if (graph->marks[edge->target] == UNDER_WAY) {
			report_circle(graph, depth, edge);
		} else if (graph->marks[edge->target] == UNSEEN) {
			graph->stack[depth++] = edge->target;
			graph->marks[edge->target] = UNDER_WAY;
		}
	}
}

static void find_circles(struct graph *graph)
{
	memcpy(graph->next, graph->first, graph->gate->group_count * sizeof(*graph->next));
	for (size_t i = 0; i < graph->gate->group_count; i++)
		if (graph->marks[i] == UNSEEN)
			find_circles_from(graph, (uint32_t)i);
}

static void add_restriction(struct graph *graph, uint32_t group, uint32_t restriction)
{
	struct group_reach *reach = &graph->compiler->policy->reach[group];
	uint32_t *restricts = reallocarray(reach->restricts, reach->count + 1, sizeof(*restricts));

	if (!restricts) {
		graph->compiler->error = -ENOMEM;
		return;
	}
	reach->restricts = restricts;
	restricts[reach->count++] = restriction;
}

/* Adds the entry to the reach of its group and of all that this includes. */
static void walk_from(struct graph *graph, size_t group, uint32_t restriction)
{
	size_t depth = 0;

	graph->stack[depth++] = (uint32_t)group;
	graph->round[group] = ++graph->rounds;
	while (depth && !graph->compiler->error) {
		uint32_t at = graph->stack[--depth];

		add_restriction(graph, at, restriction);
		for (size_t i = graph->first[at]; i < graph->first[at + 1]; i++) {
			uint32_t target = graph->edges[i].target;

			if (graph->round[target] == graph->rounds)
				continue;
			graph->round[target] = graph->rounds;
			graph->stack[depth++] = target;
		}
	}
}

void compile_groups(struct compiler *compiler)
{
	struct policy *policy = compiler->policy;
	const struct gate_config *gate = policy->gate;
	struct graph graph = {.compiler = compiler, .gate = gate};

	policy->reach = calloc(gate->group_count + 1, sizeof(*policy->reach));
	compiler->error = policy->reach ? graph_build(&graph) : -ENOMEM;
	if (!compiler->error)
		find_circles(&graph);
	for (size_t i = 0; i < gate->restrict_count && !compiler->error; i++)
		if (gate->restricts[i].group < gate->group_count)
			walk_from(&graph, gate->restricts[i].group, (uint32_t)i);
	graph_clear(&graph);
}
