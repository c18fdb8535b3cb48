// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every check of `doctor` on made-up hosts. Each test begins with a host on which nothing is found
 * and changes one thing about it.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>

#include <cmocka.h>

#include "tools/mxfence/doctor.h"

#define NOW 1767268800 /* 2026-01-01T12:00:00Z */

#define ETH0_CONFIG                                                                                \
	"filter:\n"                                                                                \
	"  interfaces: [eth0]\n"                                                                   \
	"  trusted:\n"                                                                             \
	"    provider: {ranges: [198.51.100.0/24]}\n"
#define GATE_CONFIG                                                                                \
	"gate:\n"                                                                                  \
	"  hostname: mx.example.com\n"                                                             \
	"  domains: [example.com]\n"                                                               \
	"  listeners: [{name: mx, address: \"0.0.0.0:25\"}]\n"                                     \
	"  backends: {b: {servers: [\"10.0.0.5:25\"]}}\n"

struct host {
	struct config *config;
	struct host_facts facts;
	struct doctor *doctor;
};

static struct host host;

static void host_configure(const char *text)
{
	struct diags diags = {.count = 0};

	config_free(&host.config);
	assert_int_equal(
		config_load_text("/nowhere/mxfence.yaml", text, strlen(text), &host.config, &diags),
		0);
	if (diags.errors)
		fail_msg("%s", diags.items[0].message);
	diags_clear(&diags);
	host.facts.config = host.config;
}

static struct host_interface *host_interface(const char *name, const char *kind)
{
	struct host_interface *interface =
		facts_grow(&host.facts.interfaces, &host.facts.interface_count, sizeof(*interface));

	assert_non_null(interface);
	snprintf(interface->name, sizeof(interface->name), "%s", name);
	snprintf(interface->kind, sizeof(interface->kind), "%s", kind);
	interface->ifindex = (uint32_t)host.facts.interface_count;
	interface->type = ARPHRD_ETHER;
	interface->mtu = 1500;
	interface->up = true;
	return interface;
}

static struct host_interface *named(const char *name)
{
	return (struct host_interface *)facts_find_interface(&host.facts, name);
}

/* Growing moves the interfaces, so who is below is asked first. */
static void host_child(const char *name, const char *kind, const char *parent)
{
	uint32_t below = named(parent)->ifindex;

	host_interface(name, kind)->parent = below;
}

static void host_member(const char *name, const char *kind, const char *master)
{
	uint32_t above = named(master)->ifindex;

	host_interface(name, kind)->master = above;
}

static void host_address(const char *interface, const char *text)
{
	struct host_interface *at = named(interface);
	struct host_address *address =
		facts_grow(&at->addresses, &at->address_count, sizeof(*address));

	assert_non_null(address);
	assert_int_equal(ip_parse(text, strlen(text), &address->ip, &address->family), RANGE_OK);
	address->global = strncmp(text, "fe80:", 5) != 0;
}

static void host_listen(const char *text, uint16_t port)
{
	struct host_listener *listener =
		facts_grow(&host.facts.listeners, &host.facts.listener_count, sizeof(*listener));

	assert_non_null(listener);
	assert_int_equal(ip_parse(text, strlen(text), &listener->ip, &listener->family), RANGE_OK);
	listener->port = port;
}

static struct host_fence *host_fence(const char *name)
{
	struct host_fence *fence =
		facts_grow(&host.facts.fences, &host.facts.fence_count, sizeof(*fence));

	assert_non_null(fence);
	snprintf(fence->name, sizeof(fence->name), "%s", name);
	fence->attached = true;
	fence->frags = true;
	return fence;
}

static void host_rules(const char *text)
{
	json_decref(host.facts.ruleset);
	host.facts.ruleset = json_loads(text, 0, NULL);
	assert_non_null(host.facts.ruleset);
}

static int host_begin(void **state)
{
	(void)state;
	host = (struct host){.config = NULL};
	host.facts.now = NOW;
	host.facts.published = NOW - 30 * 86400;
	snprintf(host.facts.config_path, sizeof(host.facts.config_path), "mxfence.yaml");
	host_configure(ETH0_CONFIG);
	host.facts.agent_running = true;
	host.facts.loaded = true;
	host.facts.pinned = true;
	host_fence("eth0");
	host_interface("lo", "")->type = ARPHRD_LOOPBACK;
	host_address("lo", "127.0.0.1");
	host_interface("eth0", "")->xdp_program = 7;
	host_address("eth0", "192.0.2.1");
	host_address("eth0", "fe80::1");
	host_listen("0.0.0.0", 25);
	host_rules("{\"nftables\": []}");
	return 0;
}

static int host_end(void **state)
{
	(void)state;
	free(host.doctor);
	facts_clear(&host.facts);
	config_free(&host.config);
	return 0;
}

static const struct finding *finding(size_t i)
{
	return &host.doctor->findings[i];
}

static void examine(void)
{
	free(host.doctor);
	host.doctor = calloc(1, sizeof(*host.doctor));
	assert_non_null(host.doctor);
	doctor_examine(&host.facts, host.doctor);
	for (size_t i = 0; i < host.doctor->finding_count; i++) {
		assert_non_null(finding(i)->why);
		assert_string_not_equal(finding(i)->what, "");
		assert_string_not_equal(finding(i)->mend, "");
	}
}

/* One line for all that is found: "check subject; check subject". */
static void expect(const char *expected)
{
	char found[1024] = "";
	size_t length = 0;

	examine();
	for (size_t i = 0; i < host.doctor->finding_count; i++)
		length += (size_t)snprintf(found + length, sizeof(found) - length, "%s%s %s",
					   i ? "; " : "", finding(i)->check, finding(i)->subject);
	assert_string_equal(found, expected);
}

/* That one thing is found, and this mends it. */
static void expect_mend(const char *expected, const char *mend)
{
	expect(expected);
	assert_string_equal(finding(0)->mend, mend);
}

static void test_nothing_is_found_on_a_clean_host(void **state)
{
	(void)state;
	expect("");
	assert_int_equal(host.doctor->check_count, doctor_check_count);
	assert_int_equal(host.doctor->skipped_count, 0);
}

static void test_checks_without_facts_are_skipped(void **state)
{
	(void)state;
	trouble_set(&host.facts.missing[FACT_RULESET], -EPERM, "not for you");
	expect("");
	assert_int_equal(host.doctor->check_count, doctor_check_count - 1);
	assert_int_equal(host.doctor->skipped_count, 1);
	assert_string_equal(host.doctor->skipped[0].check->name, "firewall");
	assert_string_equal(host.doctor->skipped[0].why, "not for you");
}

static void test_without_a_configuration_little_is_checked(void **state)
{
	(void)state;
	host.facts.config = NULL;
	host.facts.config_errors = 2;
	trouble_set(&host.facts.missing[FACT_CONFIG], -EINVAL, "errors");
	expect("configuration mxfence.yaml");
	assert_string_equal(finding(0)->what, "the configuration has 2 errors");
	assert_true(host.doctor->skipped_count > 10);
}

static void test_findings_beyond_the_bound_are_counted(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < FINDINGS_MAX + 5; i++) {
		char name[16];

		snprintf(name, sizeof(name), "eth%u", i + 1);
		host_interface(name, "");
		host_address(name, "203.0.113.1");
	}
	free(host.doctor);
	host.doctor = calloc(1, sizeof(*host.doctor));
	assert_non_null(host.doctor);
	doctor_examine(&host.facts, host.doctor);
	assert_int_equal(host.doctor->finding_count, FINDINGS_MAX + 5);
	assert_string_equal(finding(FINDINGS_MAX - 1)->subject, "eth200");
}

static void test_agent(void **state)
{
	(void)state;
	host.facts.agent_running = false;
	expect_mend("agent mxfenced", "systemctl start mxfence");
	assert_int_equal(finding(0)->severity, DOCTOR_WARNING);
	host.facts.pinned = false;
	expect("agent mxfenced");
	assert_int_equal(finding(0)->severity, DOCTOR_ERROR);
	trouble_set(&host.facts.missing[FACT_FENCE], -EPERM, "not permitted");
	expect("agent mxfenced");
	assert_string_equal(finding(0)->what, "the agent does not run");
	host_configure("log: {to: stderr}\n");
	expect("");
}

static void test_unloaded(void **state)
{
	(void)state;
	host.facts.loaded = false;
	host.facts.fences[0].attached = false;
	named("eth0")->xdp_program = 0;
	expect_mend("agent mxfenced", "mxfence load");
}

static void test_failed_reload(void **state)
{
	(void)state;
	snprintf(host.facts.reload_error, sizeof(host.facts.reload_error), "1 error");
	expect("agent mxfence.yaml");
}

static void test_observe(void **state)
{
	(void)state;
	host.facts.observe = true;
	expect_mend("observe mxfence.yaml", "filter.mode: enforce, then mxfence reload");
	assert_string_equal(finding(0)->what, "the fence has only observed for 30 days or longer");
	host.facts.published = NOW - 86400;
	expect("");
	host.facts.published = 0;
	expect("");
}

static void test_attached(void **state)
{
	(void)state;
	host.facts.fences[0].attached = false;
	named("eth0")->xdp_program = 0;
	expect_mend("attached eth0", "mxfence reload");
	snprintf(named("eth0")->name, sizeof(host.facts.interfaces->name), "eth7");
	expect("attached eth0; open-interface eth7");
}

static void test_renamed(void **state)
{
	(void)state;
	host_configure(
		"filter:\n  interfaces: [a, eth0, b]\n  trusted: {x: {ranges: [198.51.100.1]}}\n");
	host_interface("a", "");
	host_interface("b", "");
	host_fence("a");
	host_fence("b");
	snprintf(named("eth0")->name, sizeof(host.facts.interfaces->name), "mail0");
	snprintf(host.facts.fences[0].now, sizeof(host.facts.fences[0].now), "mail0");
	expect_mend("attached eth0", "filter.interfaces: [a, mail0, b], then mxfence reload");
}

static void test_foreign_program(void **state)
{
	(void)state;
	host.facts.fences[0].attached = false;
	named("eth0")->xdp_attached = XDP_ATTACHED_SKB;
	expect("attached eth0; foreign-program eth0");
	assert_string_equal(finding(1)->mend,
			    "ip link set dev eth0 xdpgeneric off && mxfence reload");
}

static void test_generic_mode(void **state)
{
	(void)state;
	host.facts.fences[0].generic = true;
	expect_mend("generic-mode eth0", "filter.attach: native, then mxfence reload");
	assert_null(strstr(finding(0)->what, "GRO"));
	named("eth0")->gro = true;
	expect("generic-mode eth0");
	assert_non_null(strstr(finding(0)->what, "GRO"));
}

static void test_lro(void **state)
{
	(void)state;
	host_interface("eth1", "")->lro = true;
	expect("");
	named("eth0")->lro = true;
	expect_mend("lro eth0", "ethtool -K eth0 lro off");
}

static void test_jumbo_frames(void **state)
{
	(void)state;
	host.facts.fences[0].frags = false;
	expect("");
	named("eth0")->mtu = 9000;
	expect_mend("jumbo-frames eth0", "ip link set dev eth0 mtu 1500");
	host.facts.fences[0].frags = true;
	expect("");
}

static void test_open_interface(void **state)
{
	(void)state;
	host_interface("eth1", "");
	expect("");
	host_address("eth1", "fe80::2");
	expect("");
	host_address("eth1", "10.0.0.1");
	expect_mend("open-interface eth1", "filter.interfaces: [eth0, eth1], then mxfence reload");
	named("eth1")->up = false;
	expect("");
}

static void test_vlan_is_fenced_when_its_parent_is(void **state)
{
	(void)state;
	host_interface("eth1", "");
	host_child("eth0.5", "vlan", "eth0");
	host_child("eth1.5", "vlan", "eth1");
	host_address("eth0.5", "203.0.113.1");
	expect("");
	host_address("eth1.5", "203.0.113.2");
	expect_mend("open-interface eth1.5",
		    "filter.interfaces: [eth0, eth1], then mxfence reload");
}

static void test_bridge_is_fenced_when_its_ports_are(void **state)
{
	(void)state;
	host_interface("br0", "bridge");
	host_address("br0", "203.0.113.1");
	named("eth0")->master = named("br0")->ifindex;
	expect("");
	host_member("eth1", "", "br0");
	host_address("eth1", "203.0.113.2");
	expect_mend("open-interface br0", "filter.interfaces: [eth0, eth1], then mxfence reload");
	host_fence("eth1");
	expect("");
}

static void test_ports_that_come_and_go_are_closed_with_a_rule(void **state)
{
	(void)state;
	host_interface("docker0", "bridge");
	host_address("docker0", "172.17.0.1");
	expect("");
	host_member("veth7", "veth", "docker0");
	expect_mend("open-interface docker0",
		    "nft 'table inet mxfence { chain unfenced_input { type filter hook input "
		    "priority -300; iifname \"docker0\" tcp dport { 25 } drop; }; }'");
	host.facts.forwards[MXF_FAMILY_IPV4] = true;
	expect("open-interface docker0");
	assert_non_null(strstr(finding(0)->mend, "hook input"));
	host.facts.listener_count = 0;
	expect("open-interface docker0");
	assert_non_null(strstr(finding(0)->mend, "hook prerouting"));
}

static void test_bond_is_fenced_itself_or_by_its_members(void **state)
{
	(void)state;
	host_interface("bond0", "bond");
	host_address("bond0", "203.0.113.1");
	host_member("eth1", "", "bond0");
	expect_mend("open-interface bond0",
		    "filter.interfaces: [eth0, bond0], then mxfence reload");
	host_fence("eth1");
	expect("");
	host.facts.fences[1].attached = false;
	host_fence("bond0");
	expect("");
}

static void test_interfaces_that_stand_on_themselves_end(void **state)
{
	(void)state;
	host_interface("a", "vlan");
	named("a")->parent = named("a")->ifindex;
	host_child("b", "vlan", "a");
	host_address("b", "203.0.113.1");
	expect("open-interface b");
}

static void test_members_of_a_vrf_are_interfaces(void **state)
{
	(void)state;
	host_interface("red", "vrf");
	host_address("red", "203.0.113.3");
	host_member("eth1", "", "red");
	host_address("eth1", "203.0.113.1");
	expect("open-interface eth1");
}

static void test_what_has_no_native_mode_is_closed_with_a_rule(void **state)
{
	(void)state;
	host_interface("dummy0", "dummy");
	host_address("dummy0", "203.0.113.1");
	expect_mend("open-interface dummy0",
		    "nft 'table inet mxfence { chain unfenced_input { type filter hook input "
		    "priority -300; iifname \"dummy0\" tcp dport { 25 } drop; }; }'");
	host_configure(
		"filter: {interfaces: [eth0], attach: generic, trusted: {x: {ranges: [198.51.100.1]}}}\n");
	expect_mend("open-interface dummy0",
		    "filter.interfaces: [eth0, dummy0], then mxfence reload");
}

static void test_tunnels(void **state)
{
	static const struct {
		const char *kind;
		uint16_t type;
	} tunnels[] = {{"gre", ARPHRD_IPGRE},	   {"ipip", ARPHRD_TUNNEL}, {"sit", ARPHRD_SIT},
		       {"vxlan", ARPHRD_ETHER},	   {"tun", ARPHRD_NONE},    {"ppp", ARPHRD_PPP},
		       {"wireguard", ARPHRD_NONE}, {"macsec", ARPHRD_ETHER}};

	(void)state;
	host_interface("tunnel0", "");
	for (size_t i = 0; i < sizeof(tunnels) / sizeof(tunnels[0]); i++) {
		snprintf(named("tunnel0")->kind, sizeof(host.facts.interfaces->kind), "%s",
			 tunnels[i].kind);
		named("tunnel0")->type = tunnels[i].type;
		named("tunnel0")->parent = named("eth0")->ifindex;
		named("tunnel0")->up = true;
		expect("tunnel tunnel0");
		named("tunnel0")->up = false;
		expect("");
	}
}

static void test_rules_close_a_tunnel(void **state)
{
	(void)state;
	host_interface("wg0", "wireguard")->type = ARPHRD_NONE;
	expect("tunnel wg0");
	host_rules("{\"nftables\": [{\"chain\": {\"family\": \"inet\", \"table\": \"t\", \"name\": "
		   "\"c\", \"hook\": \"prerouting\", \"policy\": \"accept\"}}, {\"rule\": "
		   "{\"family\": \"inet\", \"table\": \"t\", \"chain\": \"c\", \"handle\": 1, "
		   "\"expr\": [{\"match\": {\"op\": \"==\", \"left\": {\"meta\": {\"key\": "
		   "\"iifname\"}}, \"right\": \"wg0\"}}, {\"match\": {\"op\": \"==\", \"left\": "
		   "{\"payload\": {\"protocol\": \"tcp\", \"field\": \"dport\"}}, \"right\": 25}}, "
		   "{\"drop\": null}]}}]}");
	expect("");
	host_configure("filter:\n  interfaces: [eth0]\n  closed-ports: [25, 26]\n"
		       "  trusted: {x: {ranges: [198.51.100.1]}}\n");
	host_listen("0.0.0.0", 26);
	expect("tunnel wg0");
}

static void test_rules_that_drop_what_passes(void **state)
{
	(void)state;
	host_rules("{\"nftables\": [{\"chain\": {\"family\": \"inet\", \"table\": \"t\", \"name\": "
		   "\"c\", \"hook\": \"input\", \"policy\": \"drop\"}}]}");
	expect_mend("firewall port 25",
		    "nft 'insert rule inet t c iifname { \"eth0\" } tcp dport 25 accept'");
	assert_int_equal(finding(0)->severity, DOCTOR_ERROR);
	host_rules("{\"nftables\": [{\"chain\": {\"family\": \"ip6\", \"table\": \"t\", \"name\": "
		   "\"c\", \"hook\": \"input\", \"policy\": \"drop\"}}]}");
	expect("");
	host_address("eth0", "2001:db8::1");
	expect("firewall port 25");
}

static void test_address_family(void **state)
{
	(void)state;
	host_configure("filter:\n  interfaces: [eth0]\n  destinations: [192.0.2.1]\n  trusted: {x: "
		       "{ranges: [198.51.100.0/24]}}\n");
	host_listen("::", 25);
	expect("");
	host_address("eth0", "2001:db8::1");
	expect_mend("address-family 2001:db8::1",
		    "filter.destinations: [\"192.0.2.1\", \"2001:db8::1\"], then mxfence reload");
	host.facts.listener_count--;
	expect("");
	host_listen("::1", 25);
	expect("");
}

static void test_address_family_the_other_way(void **state)
{
	(void)state;
	host_configure(
		"filter:\n  interfaces: [eth0]\n  destinations: [\"2001:db8::1\"]\n  trusted: "
		"{x: {ranges: [198.51.100.0/24]}}\n");
	host_address("eth0", "2001:db8::1");
	expect("address-family 192.0.2.1");
	host_listen("::", 25);
	expect("address-family 192.0.2.1");
	host.facts.listeners[0].port = 80;
	expect("address-family 192.0.2.1");
}

static void test_unguarded_port(void **state)
{
	(void)state;
	host_listen("127.0.0.1", 587);
	expect("");
	host_listen("192.0.2.1", 587);
	expect_mend("unguarded-port port 587",
		    "filter.open-ports: [587] and filter.closed-ports: [25], then mxfence reload");
	host_listen("::", 80);
	expect("unguarded-port port 587");
}

static void test_unguarded_port_25(void **state)
{
	(void)state;
	host_configure("filter:\n  interfaces: [eth0]\n  open-ports: [587]\n"
		       "  denied: {x: {ranges: [198.51.100.0/24]}}\n");
	host_listen("::", 587);
	expect_mend("unguarded-port port 25", "filter.closed-ports: [25], then mxfence reload");
}

static void test_nobody_listens(void **state)
{
	(void)state;
	host.facts.listeners[0].port = 80;
	expect("nobody-listens port 25");
	host_listen("127.0.0.1", 25);
	expect("nobody-listens port 25");
	host.facts.forwards[MXF_FAMILY_IPV6] = true;
	expect("");
}

static void test_private_trust(void **state)
{
	(void)state;
	host_configure("filter:\n  interfaces: [eth0]\n  trusted:\n"
		       "    office: {ranges: [198.51.100.0/24, 10.1.0.0/16, 192.168.0.0/24]}\n"
		       "    half: {ranges: [9.255.255.0-10.0.0.0, \"fd00::/8\"]}\n");
	expect("private-trust office");
	assert_non_null(strstr(finding(0)->what, "10.1.0.0/16 is private"));
	host_address("eth0", "10.9.0.1");
	expect("private-trust office");
	assert_non_null(strstr(finding(0)->what, "192.168.0.0/24 is private"));
	host_address("eth0", "192.168.7.1");
	expect("");
	host_address("eth0", "2001:db8::1");
	expect("private-trust half");
}

static void test_private_trust_without_public_addresses(void **state)
{
	(void)state;
	host_configure("filter:\n  interfaces: [eth0]\n  trusted: {x: {ranges: [10.0.0.0/8]}}\n");
	host.facts.interfaces[1].address_count = 0;
	host_address("eth0", "192.168.0.1");
	expect("");
}

static void test_to_local(void **state)
{
	(void)state;
	host_configure(ETH0_CONFIG GATE_CONFIG "  relay: {to-local: [10.0.0.1]}\n");
	expect("");
	host.facts.forwards[MXF_FAMILY_IPV6] = true;
	expect("");
	host.facts.forwards[MXF_FAMILY_IPV4] = true;
	expect_mend("to-local 10.0.0.1", "sysctl -w net.ipv4.conf.all.forwarding=0");
}

static void test_old_list(void **state)
{
	struct range_list list = {
		.name = "provider",
		.source = {.kind = SOURCE_SPF, .text = "spf:_spf.example.net", .refresh = 3600}};
	struct host_list *at = facts_grow(&host.facts.lists, &host.facts.list_count, sizeof(*at));

	(void)state;
	assert_non_null(at);
	*at = (struct host_list){.list = &list, .written = NOW - 7200};
	expect("");
	at->written = NOW - 7201;
	expect_mend("old-list provider", "mxfence-update");
	at->written = 0;
	expect("old-list provider");
	assert_string_equal(finding(0)->what,
			    "list \"provider\" was never got from spf:_spf.example.net");
}

static void test_source_route(void **state)
{
	(void)state;
	host_interface("eth1", "")->source_route = true;
	expect("");
	named("eth0")->source_route = true;
	expect_mend("source-route eth0", "sysctl -w net.ipv4.conf.all.accept_source_route=0");
}

static void test_segment_routing(void **state)
{
	struct host_route *route;

	(void)state;
	named("eth0")->seg6 = true;
	expect_mend("segment-routing eth0", "sysctl -w net.ipv6.conf.all.seg6_enabled=0");
	named("eth0")->seg6 = false;
	route = facts_grow(&host.facts.local_segments, &host.facts.local_segment_count,
			   sizeof(*route));
	assert_non_null(route);
	snprintf(route->prefix, sizeof(route->prefix), "fc00::1/128");
	expect_mend("segment-routing fc00::1/128", "ip -6 route del fc00::1/128");
}

static void test_udp_tunnel(void **state)
{
	json_t *printed = json_loads("[{\"port\": 5555, \"ipproto\": 4, \"family\": \"inet\"}, "
				     "{\"port\": 6080, \"gue\": null, \"family\": \"inet6\"}]",
				     0, NULL);

	(void)state;
	facts_read_udp_tunnels(&host.facts, printed);
	json_decref(printed);
	expect_mend("udp-tunnel udp 5555; udp-tunnel udp 6080", "ip fou del port 5555");
	assert_string_equal(finding(0)->what, "UDP port 5555 takes IP protocol 4 in UDP (fou)");
	assert_string_equal(finding(1)->what, "UDP port 6080 takes GUE in UDP (fou)");
	assert_string_equal(finding(1)->mend, "ip -6 fou del port 6080");
}

/* Seconds before the test's now, which is 10 weeks after the boot. */
#define AGO(seconds) ((uint64_t)(70 * 86400 - (seconds)) * 1000000000u)

static struct mxf_drop seen(uint32_t address, enum mxf_verdict verdict, enum mxf_reason reason,
			    uint64_t last)
{
	return (struct mxf_drop){.address = {0, 0, 0, address},
				 .family = MXF_FAMILY_IPV4,
				 .verdict = (uint8_t)verdict,
				 .reason = (uint8_t)reason,
				 .last = last};
}

static void test_dropped_now(void **state)
{
	const struct mxf_drop passes[] = {
		seen(0xc6336401, MXF_VERDICT_PASS, MXF_REASON_TRUSTED, AGO(7200)),
		seen(0xc6336402, MXF_VERDICT_PASS, MXF_REASON_TRUSTED, AGO(60)),
		seen(0xc6336403, MXF_VERDICT_PASS, MXF_REASON_TRUSTED, AGO(8 * 86400)),
		seen(0xc6336404, MXF_VERDICT_PASS, MXF_REASON_TRUSTED, AGO(600)),
		seen(0xc6336405, MXF_VERDICT_PASS, MXF_REASON_TRUSTED, AGO(600)),
	};
	const struct mxf_drop drops[] = {
		seen(0xc6336401, MXF_VERDICT_DROP, MXF_REASON_DENIED, AGO(3600)),
		seen(0xc6336401, MXF_VERDICT_DROP, MXF_REASON_UNTRUSTED, AGO(300)),
		seen(0xc6336402, MXF_VERDICT_DROP, MXF_REASON_UNTRUSTED, AGO(120)),
		seen(0xc6336403, MXF_VERDICT_DROP, MXF_REASON_UNTRUSTED, AGO(1)),
		seen(0xc6336404, MXF_VERDICT_DROP, MXF_REASON_BANNED, AGO(1)),
		seen(0xc6336405, MXF_VERDICT_OBSERVE, MXF_REASON_UNTRUSTED, AGO(1)),
		seen(0xc6336406, MXF_VERDICT_DROP, MXF_REASON_UNTRUSTED, AGO(1)),
	};

	(void)state;
	facts_join_sources(&host.facts, passes, sizeof(passes) / sizeof(passes[0]), drops,
			   sizeof(drops) / sizeof(drops[0]), AGO(0));
	expect_mend("dropped-now 198.51.100.1", "mxfence trust add 198.51.100.1");
	assert_string_equal(finding(0)->what, "198.51.100.1 passed 2 h ago because it was trusted, "
					      "and was dropped 5 min ago (untrusted)");
}

static void test_listeners_are_read(void **state)
{
	static const char ipv4[] =
		"  sl  local_address rem_address   st tx_queue rx_queue\n"
		"   0: 00000000:0019 00000000:0000 0A 00000000:00000000 00:00000000 0 0 1 1\n"
		"   1: 0100007F:024B 00000000:0000 0A 00000000:00000000 00:00000000 0 0 1 1\n"
		"   2: 010200C0:0019 0A0200C0:9C40 01 00000000:00000000 00:00000000 0 0 1 1\n"
		"   3: garbage\n";
	static const char ipv6[] = "  sl  local_address                         remote_address st\n"
				   "   0: 00000000000000000000000000000000:0019 "
				   "00000000000000000000000000000000:0000 0A 0 0\n"
				   "   1: B80D0120000000000000000001000000:01D1 "
				   "00000000000000000000000000000000:0000 0A 0 0\n"
				   "   2: 0000000000000000FFFF0000010200C0:024B "
				   "00000000000000000000000000000000:0000 0A 0 0";
	static const struct {
		const char *address;
		uint16_t port;
	} expected[] = {{"0.0.0.0", 25},
			{"127.0.0.1", 587},
			{"::", 25},
			{"2001:db8::1", 465},
			{"192.0.2.1", 587}};
	size_t before = host.facts.listener_count;

	(void)state;
	facts_read_listeners(&host.facts, ipv4, MXF_FAMILY_IPV4);
	facts_read_listeners(&host.facts, ipv6, MXF_FAMILY_IPV6);
	assert_int_equal(host.facts.listener_count - before, 5);
	for (size_t i = 0; i < 5; i++) {
		const struct host_listener *listener = &host.facts.listeners[before + i];
		char text[RANGE_TEXT_MAX];

		ip_format(listener->ip, listener->family, text);
		assert_string_equal(text, expected[i].address);
		assert_int_equal(listener->port, expected[i].port);
	}
}

static void test_status_is_read(void **state)
{
	json_t *status = json_loads(
		"{\"agent\": {\"running\": true, \"loaded\": true, \"reload_error\": \"no\"}, "
		"\"mode\": \"observe\", \"published\": \"2026-01-01T12:00:00Z\", \"interfaces\": "
		"[{\"name\": \"eth0\", \"now\": \"mail0\", \"attached\": true, \"mode\": "
		"\"generic\", \"frags\": false}, {\"name\": \"eth1\", \"now\": null, \"attached\": "
		"false, \"mode\": \"native\", \"frags\": true}, 7]}",
		0, NULL);
	struct host_facts facts = {.now = NOW};

	(void)state;
	assert_non_null(status);
	facts_read_status(&facts, status);
	json_decref(status);
	assert_true(facts.agent_running && facts.loaded && facts.pinned && facts.observe);
	assert_int_equal(facts.published, NOW);
	assert_string_equal(facts.reload_error, "no");
	assert_int_equal(facts.fence_count, 3);
	assert_true(facts.fences[0].attached && facts.fences[0].generic && !facts.fences[0].frags);
	assert_ptr_equal(facts_find_fence(&facts, "mail0"), &facts.fences[0]);
	assert_null(facts_find_fence(&facts, "eth0"));
	assert_true(!facts.fences[1].attached && !facts.fences[1].generic && facts.fences[1].frags);
	facts_clear(&facts);
	facts_read_status(&facts, NULL);
	assert_false(facts.agent_running || facts.pinned || facts.published);
}

static void test_report(void **state)
{
	json_t *report;

	(void)state;
	host_interface("wg0", "wireguard")->type = ARPHRD_NONE;
	trouble_set(&host.facts.missing[FACT_ROUTES], -EPERM, "why");
	examine();
	report = doctor_report(host.doctor);
	assert_int_equal(json_integer_value(json_object_get(report, "schema")), 1);
	assert_int_equal(json_integer_value(json_object_get(report, "checks")),
			 doctor_check_count - 1);
	assert_int_equal(json_array_size(json_object_get(report, "findings")), 1);
	assert_int_equal(json_array_size(json_object_get(report, "skipped")), 1);
	json_decref(report);
}

#define HOST_TEST(test) cmocka_unit_test_setup_teardown(test, host_begin, host_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(test_nothing_is_found_on_a_clean_host),
		HOST_TEST(test_checks_without_facts_are_skipped),
		HOST_TEST(test_without_a_configuration_little_is_checked),
		HOST_TEST(test_findings_beyond_the_bound_are_counted),
		HOST_TEST(test_agent),
		HOST_TEST(test_unloaded),
		HOST_TEST(test_failed_reload),
		HOST_TEST(test_observe),
		HOST_TEST(test_attached),
		HOST_TEST(test_renamed),
		HOST_TEST(test_foreign_program),
		HOST_TEST(test_generic_mode),
		HOST_TEST(test_lro),
		HOST_TEST(test_jumbo_frames),
		HOST_TEST(test_open_interface),
		HOST_TEST(test_vlan_is_fenced_when_its_parent_is),
		HOST_TEST(test_bridge_is_fenced_when_its_ports_are),
		HOST_TEST(test_ports_that_come_and_go_are_closed_with_a_rule),
		HOST_TEST(test_bond_is_fenced_itself_or_by_its_members),
		HOST_TEST(test_interfaces_that_stand_on_themselves_end),
		HOST_TEST(test_members_of_a_vrf_are_interfaces),
		HOST_TEST(test_what_has_no_native_mode_is_closed_with_a_rule),
		HOST_TEST(test_tunnels),
		HOST_TEST(test_rules_close_a_tunnel),
		HOST_TEST(test_rules_that_drop_what_passes),
		HOST_TEST(test_address_family),
		HOST_TEST(test_address_family_the_other_way),
		HOST_TEST(test_unguarded_port),
		HOST_TEST(test_unguarded_port_25),
		HOST_TEST(test_nobody_listens),
		HOST_TEST(test_private_trust),
		HOST_TEST(test_private_trust_without_public_addresses),
		HOST_TEST(test_to_local),
		HOST_TEST(test_old_list),
		HOST_TEST(test_source_route),
		HOST_TEST(test_segment_routing),
		HOST_TEST(test_udp_tunnel),
		HOST_TEST(test_dropped_now),
		HOST_TEST(test_listeners_are_read),
		HOST_TEST(test_status_is_read),
		HOST_TEST(test_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
