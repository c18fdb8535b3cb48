// SPDX-License-Identifier: GPL-2.0-only
/* What nftables rulesets, as nft prints them, do with a connection attempt to port 25 on eth0. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mxfence/reasons.h"
#include "tools/mxfence/doctor_firewall.h"

/* In table inet t, a base chain named in; its policy, then what else there is. */
#define RULESET(policy, rest)                                                                      \
	"{\"nftables\": [{\"metainfo\": {}}, {\"table\": {\"family\": \"inet\", \"name\": "        \
	"\"t\"}}, {\"chain\": {\"family\": \"inet\", \"table\": \"t\", \"name\": \"in\", "         \
	"\"handle\": 1, \"type\": \"filter\", \"hook\": \"input\", \"prio\": 0, \"policy\": "      \
	"\"" policy "\"}}" rest "]}"
#define RULE_IN(chain, handle, expr)                                                               \
	", {\"rule\": {\"family\": \"inet\", \"table\": \"t\", \"chain\": \"" chain                \
	"\", \"handle\": " handle ", \"expr\": [" expr "]}}"
#define RULE(expr) RULE_IN("in", "7", expr)

#define MATCH(op, left, right)                                                                     \
	"{\"match\": {\"op\": \"" op "\", \"left\": " left ", \"right\": " right "}}, "
#define PAYLOAD(protocol, field)                                                                   \
	"{\"payload\": {\"protocol\": \"" protocol "\", \"field\": \"" field "\"}}"
#define META(key) "{\"meta\": {\"key\": \"" key "\"}}"
#define DPORT(right) MATCH("==", PAYLOAD("tcp", "dport"), right)
#define SOURCE_10 MATCH("==", PAYLOAD("ip", "saddr"), "\"10.0.0.1\"")
#define STATE(right) MATCH("in", "{\"ct\": {\"key\": \"state\"}}", right)
#define COUNTER "{\"counter\": {\"packets\": 0, \"bytes\": 0}}, "
#define DROP "{\"drop\": null}"
#define ACCEPT "{\"accept\": null}"
#define RETURN "{\"return\": null}"
#define REJECT "{\"reject\": {\"type\": \"tcp reset\"}}"
#define JUMP(chain) "{\"jump\": {\"target\": \"" chain "\"}}"
#define PORT_SET                                                                                   \
	", {\"set\": {\"family\": \"inet\", \"name\": \"mail\", \"table\": \"t\", \"elem\": [25, " \
	"{\"range\": [586, 588]}]}}"
#define VMAP(key, data) "{\"vmap\": {\"key\": " key ", \"data\": " data "}}"

static const struct {
	const char *name;
	enum firewall_fate fate;
	const char *ruleset;
} cases[] = {
	{"nothing", FATE_PASS, "{\"nftables\": []}"},
	{"no array", FATE_PASS, "{}"},
	{"policy accept", FATE_PASS, RULESET("accept", "")},
	{"policy drop", FATE_DROP, RULESET("drop", "")},
	{"port is accepted", FATE_PASS, RULESET("drop", RULE(DPORT("25") ACCEPT))},
	{"port is in a set", FATE_PASS, RULESET("drop", RULE(DPORT("{\"set\": [22, 25]}") ACCEPT))},
	{"port is in a range", FATE_PASS,
	 RULESET("drop", RULE(DPORT("{\"range\": [20, 30]}") ACCEPT))},
	{"port is in a named set", FATE_PASS,
	 RULESET("drop", PORT_SET RULE(DPORT("\"@mail\"") ACCEPT))},
	{"port is in a set that is not there", FATE_MAY_DROP,
	 RULESET("drop", RULE(DPORT("\"@mail\"") ACCEPT))},
	{"another port is accepted", FATE_DROP, RULESET("drop", RULE(DPORT("22") ACCEPT))},
	{"port is dropped", FATE_DROP, RULESET("accept", RULE(DPORT("25") COUNTER DROP))},
	{"port is rejected", FATE_DROP, RULESET("accept", RULE(DPORT("25") REJECT))},
	{"all other ports are dropped", FATE_PASS,
	 RULESET("accept", RULE(MATCH("!=", PAYLOAD("tcp", "dport"), "25") DROP))},
	{"all ports but 22 are dropped", FATE_DROP,
	 RULESET("accept", RULE(MATCH("!=", PAYLOAD("tcp", "dport"), "22") DROP))},
	{"port in some range is unknown", FATE_MAY_DROP,
	 RULESET("drop", RULE(MATCH("<", PAYLOAD("tcp", "dport"), "1024") ACCEPT))},
	{"one source is dropped", FATE_PASS, RULESET("accept", RULE(SOURCE_10 DROP))},
	{"one source is dropped at the port", FATE_MAY_DROP,
	 RULESET("accept", RULE(SOURCE_10 DPORT("25") DROP))},
	{"one source is accepted at the port", FATE_PASS,
	 RULESET("drop", RULE(SOURCE_10 DPORT("25") ACCEPT))},
	{"one source is accepted everywhere", FATE_MAY_DROP,
	 RULESET("drop", RULE(SOURCE_10 ACCEPT))},
	{"loopback is accepted", FATE_DROP,
	 RULESET("drop", RULE(MATCH("==", META("iifname"), "\"lo\"") ACCEPT))},
	{"the interface is accepted by pattern", FATE_PASS,
	 RULESET("drop", RULE(MATCH("==", META("iifname"), "\"eth*\"") ACCEPT))},
	{"the interface is accepted among others", FATE_PASS,
	 RULESET("drop", RULE(MATCH("==", META("iif"), "{\"set\": [\"lo\", \"eth0\"]}") ACCEPT))},
	{"ICMP is accepted", FATE_DROP,
	 RULESET("drop", RULE(MATCH("==", META("l4proto"), "{\"set\": [\"icmp\", \"ipv6-icmp\"]}")
				      ACCEPT))},
	{"a type of ICMP is accepted", FATE_DROP,
	 RULESET("drop", RULE(MATCH("==", PAYLOAD("icmp", "type"), "\"echo-request\"") ACCEPT))},
	{"UDP is dropped", FATE_PASS,
	 RULESET("accept", RULE(MATCH("==", PAYLOAD("ip", "protocol"), "\"udp\"") DROP))},
	{"TCP is dropped", FATE_DROP,
	 RULESET("accept", RULE(MATCH("==", PAYLOAD("ip", "protocol"), "\"tcp\"") DROP))},
	{"IPv6 is dropped", FATE_PASS,
	 RULESET("accept", RULE(MATCH("==", META("nfproto"), "\"ipv6\"") DROP))},
	{"connections are accepted", FATE_DROP,
	 RULESET("drop", RULE(STATE("[\"established\", \"related\"]") ACCEPT))},
	{"new connections are dropped", FATE_DROP, RULESET("accept", RULE(STATE("\"new\"") DROP))},
	{"what goes out elsewhere is dropped", FATE_PASS,
	 RULESET("accept", RULE(MATCH("==", META("oifname"), "\"eth1\"") DROP))},
	{"an extension decides", FATE_MAY_DROP,
	 RULESET("accept",
		 RULE("{\"xt\": {\"type\": \"match\", \"name\": \"string\"}}, " DPORT("25") DROP))},
	{"a target of iptables rejects", FATE_DROP,
	 RULESET("accept", RULE("{\"xt\": {\"type\": \"target\", \"name\": \"REJECT\"}}"))},
	{"a target of iptables logs", FATE_PASS,
	 RULESET("accept", RULE("{\"xt\": {\"type\": \"target\", \"name\": \"LOG\"}}"))},
	{"a rate is accepted, the rest dropped", FATE_PASS,
	 RULESET("drop", RULE(DPORT("25") "{\"limit\": {\"rate\": 3}}, " ACCEPT))},
	{"a chain drops", FATE_DROP,
	 RULESET("accept", RULE_IN("sub", "3", DPORT("25") DROP) RULE(JUMP("sub")))},
	{"a chain accepts", FATE_PASS,
	 RULESET("drop", RULE_IN("sub", "3", DPORT("25") ACCEPT) RULE(JUMP("sub")))},
	{"a chain returns before it drops", FATE_PASS,
	 RULESET("accept", RULE_IN("sub", "3", DPORT("25") RETURN) RULE_IN("sub", "4", DROP)
				   RULE(JUMP("sub")))},
	{"a chain that one source goes to drops", FATE_PASS,
	 RULESET("accept", RULE_IN("sub", "3", DROP) RULE(SOURCE_10 JUMP("sub")))},
	{"chains that jump to each other", FATE_PASS,
	 RULESET("accept", RULE_IN("a", "3", JUMP("b")) RULE_IN("a", "4", JUMP("b"))
				   RULE_IN("b", "5", JUMP("a")) RULE_IN("b", "6", JUMP("a"))
					   RULE(JUMP("a")))},
	{"a map of ports drops", FATE_DROP,
	 RULESET("accept",
		 RULE(VMAP(PAYLOAD("tcp", "dport"), "{\"set\": [[25, {\"drop\": null}]]}")))},
	{"a map of ports accepts", FATE_PASS,
	 RULESET("drop", RULE(VMAP(PAYLOAD("tcp", "dport"),
				   "{\"set\": [[{\"range\": [20, 30]}, {\"accept\": null}]]}")))},
	{"a map of states says nothing of new ones", FATE_PASS,
	 RULESET("accept", RULE(VMAP("{\"ct\": {\"key\": \"state\"}}",
				     "{\"set\": [[\"established\", {\"accept\": null}], "
				     "[\"invalid\", {\"drop\": null}]]}")))},
	{"a named map drops", FATE_DROP,
	 RULESET("accept", ", {\"map\": {\"family\": \"inet\", \"name\": \"m\", \"table\": \"t\", "
			   "\"elem\": [[25, {\"drop\": null}]]}}" RULE(
				   VMAP(PAYLOAD("tcp", "dport"), "\"@m\"")))},
	{"a rule of another table's chain", FATE_PASS,
	 RULESET("accept", ", {\"rule\": {\"family\": \"inet\", \"table\": \"u\", \"chain\": "
			   "\"in\", \"handle\": 2, \"expr\": [" DROP "]}}")},
	{"a chain without hook", FATE_PASS, RULESET("accept", RULE_IN("unused", "2", DROP))},
};

static enum firewall_fate judge(const char *name, const char *text, struct firewall_packet packet,
				struct firewall_rule *rule, json_t **kept)
{
	json_error_t error;
	json_t *ruleset = json_loads(text, 0, &error);
	enum firewall_fate fate;

	if (!ruleset)
		fail_msg("%s: %s at %d", name, error.text, error.position);
	fate = firewall_judge(ruleset, &packet, rule);
	if (kept)
		*kept = ruleset;
	else
		json_decref(ruleset);
	return fate;
}

static const struct firewall_packet mail = {
	.interface = "eth0", .family = MXF_FAMILY_IPV4, .port = 25};

static void test_rulesets(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum firewall_fate fate = judge(cases[i].name, cases[i].ruleset, mail, NULL, NULL);

		if (fate != cases[i].fate)
			fail_msg("%s: fate %d, not %d", cases[i].name, fate, cases[i].fate);
	}
}

static void test_without_a_ruleset_everything_passes(void **state)
{
	(void)state;
	assert_int_equal(firewall_judge(NULL, &mail, NULL), FATE_PASS);
}

static void test_what_drops_is_named(void **state)
{
	struct firewall_rule rule;
	json_t *ruleset;

	(void)state;
	judge("policy", RULESET("drop", RULE(DPORT("22") ACCEPT)), mail, &rule, &ruleset);
	assert_string_equal(rule.family, "inet");
	assert_string_equal(rule.table, "t");
	assert_string_equal(rule.chain, "in");
	assert_int_equal(rule.handle, 0);
	json_decref(ruleset);
	judge("rule", RULESET("accept", RULE_IN("sub", "3", DROP) RULE(JUMP("sub"))), mail, &rule,
	      &ruleset);
	assert_string_equal(rule.chain, "sub");
	assert_int_equal(rule.handle, 3);
	json_decref(ruleset);
}

#define CHAIN(family, hook, device)                                                                \
	"{\"nftables\": [{\"chain\": {\"family\": \"" family                                       \
	"\", \"table\": \"t\", \"name\": \"c\", \"hook\": \"" hook                                 \
	"\", \"policy\": \"drop\"" device "}}]}"

static void test_chains_see_packets_of_their_family_hook_and_device(void **state)
{
	static const struct {
		const char *ruleset;
		enum firewall_fate ipv4, ipv6;
	} chains[] = {
		{CHAIN("ip", "input", ""), FATE_DROP, FATE_PASS},
		{CHAIN("ip6", "input", ""), FATE_PASS, FATE_DROP},
		{CHAIN("inet", "prerouting", ""), FATE_DROP, FATE_DROP},
		{CHAIN("inet", "output", ""), FATE_PASS, FATE_PASS},
		{CHAIN("inet", "forward", ""), FATE_PASS, FATE_PASS},
		{CHAIN("bridge", "input", ""), FATE_PASS, FATE_PASS},
		{CHAIN("netdev", "ingress", ", \"dev\": \"eth0\""), FATE_DROP, FATE_DROP},
		{CHAIN("netdev", "ingress", ", \"dev\": \"eth1\""), FATE_PASS, FATE_PASS},
		{CHAIN("netdev", "ingress", ", \"dev\": [\"eth1\", \"eth0\"]"), FATE_DROP,
		 FATE_DROP},
		{CHAIN("netdev", "ingress", ""), FATE_PASS, FATE_PASS},
	};
	struct firewall_packet ipv6 = mail;

	(void)state;
	ipv6.family = MXF_FAMILY_IPV6;
	for (size_t i = 0; i < sizeof(chains) / sizeof(chains[0]); i++) {
		const char *ruleset = chains[i].ruleset;

		if (judge(ruleset, ruleset, mail, NULL, NULL) != chains[i].ipv4)
			fail_msg("IPv4: %s", ruleset);
		if (judge(ruleset, ruleset, ipv6, NULL, NULL) != chains[i].ipv6)
			fail_msg("IPv6: %s", ruleset);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rulesets),
		cmocka_unit_test(test_without_a_ruleset_everything_passes),
		cmocka_unit_test(test_what_drops_is_named),
		cmocka_unit_test(test_chains_see_packets_of_their_family_hook_and_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
