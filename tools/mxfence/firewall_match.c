// SPDX-License-Identifier: GPL-2.0-only
#include "firewall_match.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "mxfence/reasons.h"

/* What is known of the packet about one thing: a number, or a text, or neither. */
struct known {
	bool is_number;
	json_int_t number;
	const char *text; /* may be matched by a pattern with a star at its end */
	bool is_port;
};

bool firewall_text_is(const json_t *object, const char *key, const char *text)
{
	const char *found = json_string_value(json_object_get(object, key));

	return found && strcmp(found, text) == 0;
}

static enum firewall_match match_of(bool holds)
{
	return holds ? MATCH_YES : MATCH_NO;
}

static const json_t *find_set(const struct firewall_scope *scope, const char *name)
{
	size_t i;
	json_t *entry;

	json_array_foreach (scope->ruleset, i, entry) {
		const json_t *set = json_object_get(entry, "set");
		const json_t *found = set ? set : json_object_get(entry, "map");

		if (found && firewall_text_is(found, "name", name) &&
		    firewall_text_is(found, "table", scope->table) &&
		    firewall_text_is(found, "family", scope->family))
			return json_object_get(found, "elem");
	}
	return NULL;
}

static enum firewall_match match_text(const char *text, const char *pattern)
{
	return match_of(fnmatch(pattern, text, FNM_NOESCAPE) == 0);
}

static enum firewall_match match_range(json_int_t number, const json_t *range)
{
	const json_t *first = json_array_get(range, 0);
	const json_t *last = json_array_get(range, 1);

	if (!json_is_integer(first) || !json_is_integer(last))
		return MATCH_MAYBE;
	return match_of(json_integer_value(first) <= number && number <= json_integer_value(last));
}

/* An element: a value, a range, or {"elem": {"val": ...}} around one. */
static enum firewall_match match_element(const struct known *known, const json_t *element)
{
	const json_t *wrapped = json_object_get(json_object_get(element, "elem"), "val");
	const json_t *value = wrapped ? wrapped : element;
	const json_t *range = json_object_get(value, "range");

	if (known->is_number && json_is_integer(value))
		return match_of(json_integer_value(value) == known->number);
	if (known->is_number && range)
		return match_range(known->number, range);
	if (known->text && json_is_string(value))
		return match_text(known->text, json_string_value(value));
	return MATCH_MAYBE;
}

/* The best that an element says; a set that is not known may hold anything. */
static enum firewall_match match_elements(const struct known *known, const json_t *elements)
{
	enum firewall_match best = elements ? MATCH_NO : MATCH_MAYBE;
	size_t i;
	json_t *element;

	json_array_foreach (elements, i, element) {
		enum firewall_match match = match_element(known, element);

		best = match > best ? match : best;
	}
	return best;
}

static enum firewall_match match_value(const struct firewall_scope *scope,
				       const struct known *known, const json_t *right)
{
	const json_t *set = json_object_get(right, "set");
	const char *text = json_string_value(right);

	if (text && text[0] == '@')
		return match_elements(known, find_set(scope, text + 1));
	if (set || json_is_array(right))
		return match_elements(known, set ? set : right);
	return match_element(known, right);
}

static bool is_ipv4(const struct firewall_packet *packet)
{
	return packet->family == MXF_FAMILY_IPV4;
}

static enum firewall_match known_payload(const struct firewall_packet *packet,
					 const json_t *payload, struct known *known)
{
	const char *protocol = json_string_value(json_object_get(payload, "protocol"));

	if (!protocol || strcmp(protocol, "ether") == 0 || strcmp(protocol, "vlan") == 0)
		return MATCH_MAYBE;
	if (strcmp(protocol, "tcp") == 0 || strcmp(protocol, "th") == 0) {
		if (!firewall_text_is(payload, "field", "dport"))
			return MATCH_MAYBE;
		*known = (struct known){.is_number = true, .number = packet->port, .is_port = true};
		return MATCH_YES;
	}
	if (strcmp(protocol, "ip") != 0 && strcmp(protocol, "ip6") != 0)
		return MATCH_NO; /* another protocol than TCP */
	if (is_ipv4(packet) != (strcmp(protocol, "ip") == 0))
		return MATCH_NO;
	if (!firewall_text_is(payload, "field", "protocol") &&
	    !firewall_text_is(payload, "field", "nexthdr"))
		return MATCH_MAYBE;
	*known = (struct known){.text = "tcp"};
	return MATCH_YES;
}

static enum firewall_match known_meta(const struct firewall_packet *packet, const json_t *meta,
				      struct known *known)
{
	const char *key = json_string_value(json_object_get(meta, "key"));
	const struct {
		const char *key;
		const char *text;
	} texts[] = {
		{"iifname", packet->interface},
		{"iif", packet->interface},
		{"l4proto", "tcp"},
		{"nfproto", is_ipv4(packet) ? "ipv4" : "ipv6"},
		{"protocol", is_ipv4(packet) ? "ip" : "ip6"},
	};

	for (size_t i = 0; key && i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (strcmp(key, texts[i].key) == 0) {
			*known = (struct known){.text = texts[i].text};
			return MATCH_YES;
		}
	}
	return key && strncmp(key, "oif", 3) == 0 ? MATCH_NO : MATCH_MAYBE;
}

/*
 * What is known of the left side. Returns MATCH_YES with *known, MATCH_NO when the packet has no
 * such thing, MATCH_MAYBE when that is not known.
 */
static enum firewall_match known_left(const struct firewall_packet *packet, const json_t *left,
				      struct known *known)
{
	const json_t *payload = json_object_get(left, "payload");
	const json_t *meta = json_object_get(left, "meta");
	const json_t *ct = json_object_get(left, "ct");

	if (payload)
		return known_payload(packet, payload, known);
	if (meta)
		return known_meta(packet, meta, known);
	if (!firewall_text_is(ct, "key", "state"))
		return MATCH_MAYBE;
	*known = (struct known){.text = "new"};
	return MATCH_YES;
}

static enum firewall_match opposite(enum firewall_match match)
{
	return match == MATCH_MAYBE ? MATCH_MAYBE : match_of(match == MATCH_NO);
}

enum firewall_match firewall_match(const struct firewall_scope *scope,
				   const struct firewall_packet *packet, const json_t *match,
				   bool *names_port)
{
	struct known known = {.is_number = false};
	enum firewall_match result = known_left(packet, json_object_get(match, "left"), &known);

	if (result != MATCH_YES)
		return result;
	result = match_value(scope, &known, json_object_get(match, "right"));
	if (firewall_text_is(match, "op", "!="))
		result = opposite(result);
	else if (!firewall_text_is(match, "op", "==") && !firewall_text_is(match, "op", "in"))
		return MATCH_MAYBE;
	*names_port |= known.is_port && result == MATCH_YES;
	return result;
}

const json_t *firewall_vmap(const struct firewall_scope *scope,
			    const struct firewall_packet *packet, const json_t *vmap,
			    bool *names_port, enum firewall_match *match)
{
	struct known known = {.is_number = false};
	const json_t *data = json_object_get(vmap, "data");
	const char *name = json_string_value(data);
	const json_t *elements = json_object_get(data, "set");
	size_t i;
	json_t *pair;

	*match = known_left(packet, json_object_get(vmap, "key"), &known);
	if (*match != MATCH_YES)
		return NULL;
	if (name && name[0] == '@')
		elements = find_set(scope, name + 1);
	json_array_foreach (elements, i, pair) {
		*match = match_element(&known, json_array_get(pair, 0));
		if (*match == MATCH_NO)
			continue;
		*names_port |= known.is_port;
		return json_array_get(pair, 1);
	}
	*match = MATCH_NO;
	return NULL;
}
