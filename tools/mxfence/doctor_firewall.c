// SPDX-License-Identifier: GPL-2.0-only
#include "doctor_firewall.h"

#include <string.h>

#include "firewall_match.h"
#include "mxfence/reasons.h"

#define JUMPS_MAX 16	   /* the kernel's own bound */
#define RULES_MAX 2000000u /* looked at; a ruleset that jumps to and fro gets no answer */

enum outcome {
	OUTCOME_NONE, /* the end of the chain */
	OUTCOME_RETURN,
	OUTCOME_ACCEPT,
	OUTCOME_DROP,
};

struct walk {
	const json_t *ruleset;
	const struct firewall_packet *packet;
	unsigned int jumps;
	unsigned int rules;
	bool may_accept; /* a rule that may hold accepts, for another reason than the port */
	bool may_drop;
	struct firewall_rule dropped_by;
	struct firewall_rule may_drop_by;
};

/* A rule that holds for certain or not. */
struct holding {
	enum firewall_match match;
	bool names_port;
};

static struct firewall_rule place_of(const json_t *object, const char *chain)
{
	return (struct firewall_rule){
		.family = json_string_value(json_object_get(object, "family")),
		.table = json_string_value(json_object_get(object, "table")),
		.chain = json_string_value(json_object_get(object, chain)),
		.handle = (uint64_t)json_integer_value(json_object_get(object, "handle")),
	};
}

static enum outcome walk_chain(struct walk *walk, const struct firewall_rule *chain);

static enum outcome accept(struct walk *walk, const struct holding *holding)
{
	if (holding->match == MATCH_YES || holding->names_port)
		return OUTCOME_ACCEPT;
	walk->may_accept = true;
	return OUTCOME_NONE;
}

/* Rules that may drop for another reason than the port are block lists and the like. */
static enum outcome drop(struct walk *walk, const struct holding *holding,
			 const struct firewall_rule *rule)
{
	if (holding->match == MATCH_YES) {
		walk->dropped_by = *rule;
		return OUTCOME_DROP;
	}
	if (holding->names_port && !walk->may_drop) {
		walk->may_drop = true;
		walk->may_drop_by = *rule;
	}
	return OUTCOME_NONE;
}

static enum outcome jump(struct walk *walk, const struct holding *holding,
			 const struct firewall_rule *rule, const json_t *target)
{
	struct firewall_rule chain = *rule;
	enum outcome outcome;

	chain.chain = json_string_value(json_object_get(target, "target"));
	if (!chain.chain || walk->jumps >= JUMPS_MAX)
		return OUTCOME_NONE;
	walk->jumps++;
	outcome = walk_chain(walk, &chain);
	walk->jumps--;
	if (outcome == OUTCOME_ACCEPT)
		return accept(walk, holding);
	if (outcome == OUTCOME_DROP) {
		struct firewall_rule dropped_by = walk->dropped_by;

		return drop(walk, holding, &dropped_by);
	}
	return OUTCOME_NONE;
}

static bool is_reject_target(const json_t *statement)
{
	const json_t *xt = json_object_get(statement, "xt");

	return xt && firewall_text_is(xt, "type", "target") &&
	       firewall_text_is(xt, "name", "REJECT");
}

/* True when the statement is a verdict; *outcome is then what it does. */
static bool verdict(struct walk *walk, const struct holding *holding,
		    const struct firewall_rule *rule, const json_t *statement,
		    enum outcome *outcome)
{
	const json_t *target = json_object_get(statement, "jump");

	if (!target)
		target = json_object_get(statement, "goto");
	if (json_object_get(statement, "accept"))
		*outcome = accept(walk, holding);
	else if (json_object_get(statement, "drop") || json_object_get(statement, "reject") ||
		 is_reject_target(statement))
		*outcome = drop(walk, holding, rule);
	else if (json_object_get(statement, "return"))
		*outcome = holding->match == MATCH_YES ? OUTCOME_RETURN : OUTCOME_NONE;
	else if (target)
		*outcome = jump(walk, holding, rule, target);
	else
		return false;
	return true;
}

static enum outcome look_up(struct walk *walk, const struct firewall_scope *scope,
			    const struct holding *holding, const struct firewall_rule *rule,
			    const json_t *vmap)
{
	struct holding found = *holding;
	enum firewall_match match;
	enum outcome outcome = OUTCOME_NONE;
	const json_t *statement =
		firewall_vmap(scope, walk->packet, vmap, &found.names_port, &match);

	if (!statement)
		return OUTCOME_NONE;
	found.match = match < found.match ? match : found.match;
	verdict(walk, &found, rule, statement, &outcome);
	return outcome;
}

/* Conditions of extensions (xt), limits and whatever else is not known may hold or not. */
static enum firewall_match condition(const struct walk *walk, const struct firewall_scope *scope,
				     const json_t *statement, bool *names_port)
{
	const json_t *match = json_object_get(statement, "match");
	const json_t *xt = json_object_get(statement, "xt");

	if (match)
		return firewall_match(scope, walk->packet, match, names_port);
	if ((xt && firewall_text_is(xt, "type", "match")) || json_object_get(statement, "limit"))
		return MATCH_MAYBE;
	return MATCH_YES;
}

static enum outcome walk_rule(struct walk *walk, const json_t *rule)
{
	struct firewall_rule place = place_of(rule, "chain");
	const struct firewall_scope scope = {walk->ruleset, place.family, place.table};
	struct holding holding = {.match = MATCH_YES};
	enum outcome outcome = OUTCOME_NONE;
	size_t i;
	json_t *statement;

	json_array_foreach (json_object_get(rule, "expr"), i, statement) {
		const json_t *vmap = json_object_get(statement, "vmap");
		enum firewall_match match = condition(walk, &scope, statement, &holding.names_port);

		holding.match = match < holding.match ? match : holding.match;
		if (holding.match == MATCH_NO)
			return OUTCOME_NONE;
		if (verdict(walk, &holding, &place, statement, &outcome))
			return outcome;
		if (vmap)
			outcome = look_up(walk, &scope, &holding, &place, vmap);
		if (outcome != OUTCOME_NONE)
			return outcome;
	}
	return outcome;
}

static bool is_in_chain(const json_t *rule, const struct firewall_rule *chain)
{
	return rule && chain->table && firewall_text_is(rule, "chain", chain->chain) &&
	       firewall_text_is(rule, "table", chain->table) &&
	       firewall_text_is(rule, "family", chain->family);
}

static enum outcome walk_chain(struct walk *walk, const struct firewall_rule *chain)
{
	size_t i;
	json_t *entry;

	json_array_foreach (walk->ruleset, i, entry) {
		const json_t *rule = json_object_get(entry, "rule");
		enum outcome outcome;

		if (++walk->rules > RULES_MAX)
			return OUTCOME_NONE;
		if (!is_in_chain(rule, chain))
			continue;
		outcome = walk_rule(walk, rule);
		if (outcome == OUTCOME_RETURN)
			return OUTCOME_NONE;
		if (outcome != OUTCOME_NONE)
			return outcome;
	}
	return OUTCOME_NONE;
}

/* Is the packet shown to this base chain? */
static bool sees_packet(const json_t *chain, const struct firewall_packet *packet)
{
	const char *family = packet->family == MXF_FAMILY_IPV4 ? "ip" : "ip6";
	const json_t *device = json_object_get(chain, "dev");
	size_t i;
	json_t *name;

	if (firewall_text_is(chain, "hook", "prerouting") ||
	    firewall_text_is(chain, "hook", "input"))
		return firewall_text_is(chain, "family", "inet") ||
		       firewall_text_is(chain, "family", family);
	if (!firewall_text_is(chain, "hook", "ingress"))
		return false;
	if (json_is_string(device))
		return strcmp(json_string_value(device), packet->interface) == 0;
	json_array_foreach (device, i, name)
		if (json_is_string(name) && !strcmp(json_string_value(name), packet->interface))
			return true;
	return false;
}

static enum firewall_fate judge_chain(struct walk *walk, const json_t *chain)
{
	struct firewall_rule place = place_of(chain, "name");
	enum outcome outcome;

	place.handle = 0;
	walk->may_accept = false;
	walk->may_drop = false;
	outcome = walk_chain(walk, &place);
	if (outcome == OUTCOME_NONE && firewall_text_is(chain, "policy", "drop")) {
		walk->dropped_by = place;
		outcome = OUTCOME_DROP;
	}
	if (outcome == OUTCOME_DROP && !walk->may_accept)
		return FATE_DROP;
	if (outcome == OUTCOME_DROP || walk->may_drop) {
		if (outcome != OUTCOME_DROP)
			walk->dropped_by = walk->may_drop_by;
		return FATE_MAY_DROP;
	}
	return FATE_PASS;
}

enum firewall_fate firewall_judge(const json_t *ruleset, const struct firewall_packet *packet,
				  struct firewall_rule *rule)
{
	struct walk walk = {.ruleset = json_object_get(ruleset, "nftables"), .packet = packet};
	enum firewall_fate worst = FATE_PASS;
	size_t i;
	json_t *entry;

	json_array_foreach (walk.ruleset, i, entry) {
		const json_t *chain = json_object_get(entry, "chain");
		enum firewall_fate fate;

		if (!chain || !sees_packet(chain, packet))
			continue;
		fate = judge_chain(&walk, chain);
		if (fate <= worst)
			continue;
		worst = fate;
		if (rule)
			*rule = walk.dropped_by;
	}
	return worst;
}
