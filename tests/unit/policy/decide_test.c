// SPDX-License-Identifier: GPL-2.0-only
/* Each rule and each spelling of an address, as cases. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/policy_world.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { MX, MX_TLS, SUBMISSION };

static const char yaml[] =
	"gate:\n"
	"  hostname: mx.example.com\n"
	"  domains:\n"
	"    - example.com\n"
	"    - interns.example.com\n"
	"    - .dept.example.com\n"
	"    - \"[192.0.2.25]\"\n"
	"    - b\xc3\xbc"
	"cher.example\n"
	"  listeners:\n"
	"    - {name: mx, address: \"0.0.0.0:25\", tls: off, auth: optional, "
	"auth-without-tls: yes}\n"
	"    - {name: mx-tls, address: \"0.0.0.0:26\", tls: required}\n"
	"    - {name: sub, address: \"0.0.0.0:587\", role: submission, "
	"tls: required}\n"
	"  tls: {certificate: cert.pem, key: key.pem}\n"
	"  backends:\n"
	"    b: {servers: [\"127.0.0.1:2525\"]}\n"
	"  auth: {source: backend}\n"
	"  recipients:\n"
	"    source: file\n"
	"    file: recipients.txt\n"
	"  relay:\n"
	"    authenticated: yes\n"
	"    from: [10.0.0.0/8]\n"
	"    to-local: [192.0.2.2]\n"
	"    never: [10.66.0.0/16]\n"
	"  groups:\n"
	"    kiosks: {members: [kiosk@example.com], include: [interns]}\n"
	"    interns: {members: [\"@interns.example.com\"]}\n"
	"    board: {members: [board@example.com, shy@example.com, postmaster@example.com, a+b@example.com]}\n"
	"    secret: {members: [secret@example.com, shy@example.com, both@example.com]}\n"
	"    both: {members: [both@example.com, kiosk@example.com]}\n"
	"  restrict:\n"
	"    - {group: kiosks, send: internal, allow: [partner.example, "
	".friends.example, boss@customer.example, example.com]}\n"
	"    - {group: board, receive: authenticated}\n"
	"    - {group: secret, receive: authenticated, hide: yes}\n"
	"    - {group: both, send: internal, receive: authenticated, allow: "
	"[partner.example, friends.example]}\n"
	"  senders:\n"
	"    spoof: reject\n";

static const struct world_file with_map[] = {
	{"recipients.txt",
	 "user@example.com\nkiosk@example.com\nboard@example.com\n"
	 "secret@example.com\nboth@example.com\na+b@example.com\nu@bücher.example\n"
	 "u@[192.0.2.25]\n@interns.example.com\n@sub.dept.example.com\n"},
	{"senders.txt", "jane: jane@example.com, @example.org\n"
			"k7: KIOSK@example.com\n"
			"chief: chief@example.com, @interns.example.com\n"
			"com: @example.com\n"
			"robot@example.com: robot@example.com\n"
			"nobody:\n"},
	{NULL, NULL}};

struct expectation {
	struct policy_facts facts;
	int code;
	const char *enhanced;
	enum mxf_rule rule;
	const char *origin; /* what is in the line that decided; NULL: not looked at */
};

#define ACCEPTED 250, "2.1.5", MXF_RULE_ACCEPT
#define SYNTAX 501, "5.1.3", MXF_RULE_RECIPIENT_FORM
#define ROUTING 550, "5.1.3", MXF_RULE_RECIPIENT_FORM
#define NEEDS_UTF8 553, "5.6.7", MXF_RULE_RECIPIENT_FORM
#define NOT_OWNED 553, "5.7.1", MXF_RULE_LOGIN_SENDER
#define SPOOFED 550, "5.7.1", MXF_RULE_SPOOFED_SENDER
#define NEVER 550, "5.7.1", MXF_RULE_RELAY_NEVER
#define NO_RELAY 550, "5.7.1", MXF_RULE_RELAY
#define INTERNAL_ONLY 550, "5.7.1", MXF_RULE_SEND_INTERNAL
#define CLOSED 550, "5.7.1", MXF_RULE_RECEIVE_AUTHENTICATED
#define HIDDEN 550, "5.1.1", MXF_RULE_RECEIVE_AUTHENTICATED
#define UNKNOWN 550, "5.1.1", MXF_RULE_RECIPIENT_UNKNOWN

#define STRANGER .from = "x@remote.example"
#define OFFICE .client = "10.1.2.3"
#define EXILE .client = "10.66.1.1"

static const struct expectation rows[] = {
	/* 1 and 2 */
	{{.listener = MX_TLS, STRANGER, .to = "user@example.com"},
	 530,
	 "5.7.0",
	 MXF_RULE_TLS_REQUIRED,
	 "name: mx-tls"},
	{{.listener = MX_TLS, .tls = true, STRANGER, .to = "user@example.com"},
	 ACCEPTED,
	 "user@example.com"},
	{{.listener = SUBMISSION, STRANGER, .to = "user@example.com"},
	 530,
	 "5.7.0",
	 MXF_RULE_TLS_REQUIRED,
	 "name: sub"},
	{{.listener = SUBMISSION, .tls = true, STRANGER, .to = "user@example.com"},
	 530,
	 "5.7.0",
	 MXF_RULE_LOGIN_REQUIRED,
	 "name: sub"},
	{{.listener = SUBMISSION, .tls = true, OFFICE, STRANGER, .to = "user@example.com"},
	 530,
	 "5.7.0",
	 MXF_RULE_LOGIN_REQUIRED,
	 "name: sub"},
	{{.listener = SUBMISSION,
	  .tls = true,
	  .login = "jane",
	  .from = "jane@example.com",
	  .to = "x@remote.example"},
	 ACCEPTED,
	 "authenticated: yes"},
	/* 3 */
	{{STRANGER, .to = ""}, SYNTAX, NULL},
	{{STRANGER, .to = "user"}, SYNTAX, NULL},
	{{STRANGER, .to = "user@example.com."}, SYNTAX, NULL},
	{{STRANGER, .to = "user@[192.0.2.300]"}, SYNTAX, NULL},
	{{OFFICE, STRANGER, .to = "user@@example.com"}, SYNTAX, NULL},
	{{STRANGER, .to = "x%remote.example@example.com"}, ROUTING, "- example.com"},
	{{STRANGER, .to = "remote.example!x@example.com"}, ROUTING, NULL},
	{{STRANGER, .to = "\"x@remote.example\"@example.com"}, ROUTING, NULL},
	{{STRANGER, .to = "@remote.example:x%y@example.com"}, ROUTING, NULL},
	{{STRANGER, .to = "IMCEASMTP-x+40remote+2Eexample@example.com"}, ROUTING, NULL},
	{{STRANGER, .to = "\"imceaex-_O=X y\"@a.dept.example.com"}, ROUTING, NULL},
	{{STRANGER, .to = "x%remote.example@[192.0.2.25]"}, ROUTING, "192.0.2.25"},
	{{EXILE, STRANGER, .to = "x%remote.example@interns.example.com"}, ROUTING, NULL},
	{{OFFICE, STRANGER, .to = "x%remote.example@interns.example.com"},
	 ACCEPTED,
	 "@interns.example.com"},
	{{STRANGER, .to = "x%remote.example@other.example"}, NO_RELAY, "relay"},
	{{STRANGER, .to = "\xc3\xbc@example.com", .ascii = true}, NEEDS_UTF8, NULL},
	{{STRANGER,
	  .to = "u@b\xc3\xbc"
		"cher.example",
	  .ascii = true},
	 NEEDS_UTF8,
	 NULL},
	/* 4 */
	{{.login = "jane", .from = "jane@example.com", .to = "x@remote.example"},
	 ACCEPTED,
	 "authenticated: yes"},
	{{.login = "JANE", .from = "+x@example.com", .to = "user@example.com"}, NOT_OWNED, "jane:"},
	{{.login = "JANE", .from = "Jane+x@Example.com", .to = "user@example.com"},
	 ACCEPTED,
	 "user@example.com"},
	{{.login = "jane", .from = "\"jane+x y\"@example.com", .to = "user@example.com"},
	 ACCEPTED,
	 NULL},
	{{.login = "jane", .from = "anyone@example.org", .to = "user@example.com"}, ACCEPTED, NULL},
	{{.login = "jane", .from = "anyone@sub.example.org", .to = "user@example.com"},
	 NOT_OWNED,
	 "jane:"},
	{{.login = "jane", .from = "user@example.com", .to = "user@example.com"},
	 NOT_OWNED,
	 "jane:"},
	{{.login = "jane", .from = "x@remote.example", .to = "user@example.com"},
	 NOT_OWNED,
	 "jane:"},
	{{.login = "jane", .from = "", .to = "user@example.com"}, ACCEPTED, NULL},
	{{.login = "nobody", .from = "nobody@example.com", .to = "user@example.com"},
	 NOT_OWNED,
	 "nobody:"},
	{{.login = "stranger", .from = "stranger@example.com", .to = "user@example.com"},
	 NOT_OWNED,
	 "senders"},
	{{.login = "jane@example.com", .from = "jane@example.com", .to = "user@example.com"},
	 NOT_OWNED,
	 "senders"},
	{{.login = "Robot@Example.COM", .from = "robot@example.com", .to = "user@example.com"},
	 ACCEPTED,
	 NULL},
	/* 5 */
	{{.from = "user@example.com", .to = "user@example.com"}, SPOOFED, "spoof: reject"},
	{{.from = "USER@EXAMPLE.COM", .to = "user@example.com"}, SPOOFED, NULL},
	{{.from = "@remote.example:user@x.dept.example.com", .to = "user@example.com"},
	 SPOOFED,
	 NULL},
	{{.from = "u@xn--bcher-kva.example", .to = "user@example.com"}, SPOOFED, NULL},
	{{.from = "u@B\xc3\x9c"
		  "CHER.example",
	  .to = "user@example.com"},
	 SPOOFED,
	 NULL},
	{{EXILE, .from = "user@example.com", .to = "user@example.com"}, SPOOFED, NULL},
	{{OFFICE, .from = "user@example.com", .to = "user@example.com"}, ACCEPTED, NULL},
	{{.local = "192.0.2.2", .from = "user@example.com", .to = "user@example.com"},
	 ACCEPTED,
	 NULL},
	{{.from = "", .to = "user@example.com"}, ACCEPTED, NULL},
	{{.from = "user@sub.example.com", .to = "user@example.com"}, ACCEPTED, NULL},
	/* 6 and 7 */
	{{EXILE, STRANGER, .to = "y@remote.example"}, NEVER, "never:"},
	{{EXILE, .login = "jane", .from = "jane@example.com", .to = "y@remote.example"},
	 NEVER,
	 "never:"},
	{{EXILE, .local = "192.0.2.2", STRANGER, .to = "y@remote.example"}, NEVER, "never:"},
	{{EXILE, STRANGER, .to = "user@example.com"}, ACCEPTED, NULL},
	{{STRANGER, .to = "y@remote.example"}, NO_RELAY, "relay"},
	{{.from = "", .to = "y@remote.example"}, NO_RELAY, NULL},
	{{STRANGER, .to = "@example.com:y@remote.example"}, NO_RELAY, NULL},
	{{STRANGER, .to = "user@sub.example.com"}, NO_RELAY, NULL},
	{{STRANGER, .to = "user@mx.example.com"}, NO_RELAY, NULL},
	{{STRANGER, .to = "user@[192.0.2.1]"}, NO_RELAY, NULL},
	{{STRANGER, .to = "user@[IPv6:2001:db8::1]"}, NO_RELAY, NULL},
	{{STRANGER, .to = "user@badexample.com"}, NO_RELAY, NULL},
	{{STRANGER, .to = "user@xdept.example.com"}, NO_RELAY, NULL},
	{{OFFICE, STRANGER, .to = "y@remote.example"}, ACCEPTED, "from:"},
	{{.local = "192.0.2.2", STRANGER, .to = "y@remote.example"}, ACCEPTED, "to-local:"},
	{{.client = "2001:db8::1", STRANGER, .to = "y@remote.example"}, NO_RELAY, NULL},
	/* 8 */
	{{.login = "k7", .from = "kiosk@example.com", .to = "y@remote.example"},
	 INTERNAL_ONLY,
	 "group: kiosks"},
	{{.login = "k7", .from = "kiosk@example.com", .to = "user@example.com"}, ACCEPTED, NULL},
	{{.login = "k7", .from = "", .to = "y@remote.example"}, INTERNAL_ONLY, NULL},
	{{.login = "chief", .from = "chief@example.com", .to = "y@remote.example"},
	 INTERNAL_ONLY,
	 "group: kiosks"},
	{{.login = "com", .from = "any@example.com", .to = "y@remote.example"},
	 INTERNAL_ONLY,
	 "group: kiosks"},
	{{OFFICE, .from = "kiosk@example.com", .to = "y@remote.example"}, INTERNAL_ONLY, NULL},
	{{OFFICE, .from = "\"Kiosk\"@EXAMPLE.com", .to = "y@remote.example"}, INTERNAL_ONLY, NULL},
	{{OFFICE, .from = "kiosk+tag@example.com", .to = "y@remote.example"}, INTERNAL_ONLY, NULL},
	{{OFFICE, .from = "\"kiosk+t g\"@example.com", .to = "y@remote.example"},
	 INTERNAL_ONLY,
	 NULL},
	{{OFFICE, .from = "@r.example:kiosk@example.com", .to = "y@remote.example"},
	 INTERNAL_ONLY,
	 NULL},
	{{OFFICE, .from = "any@interns.example.com", .to = "y@remote.example"},
	 INTERNAL_ONLY,
	 "group: kiosks"},
	{{OFFICE, .from = "any@interns.example.com", .to = "y@Partner.example"}, ACCEPTED, "from:"},
	{{OFFICE, .from = "any@interns.example.com", .to = "y@sub.partner.example"},
	 INTERNAL_ONLY,
	 NULL},
	{{OFFICE, .from = "any@interns.example.com", .to = "y@friends.example"}, ACCEPTED, NULL},
	{{OFFICE, .from = "any@interns.example.com", .to = "y@a.b.friends.example"},
	 ACCEPTED,
	 NULL},
	{{OFFICE, .from = "any@interns.example.com", .to = "Boss@customer.example"},
	 ACCEPTED,
	 NULL},
	{{OFFICE, .from = "any@interns.example.com", .to = "boss+x@customer.example"},
	 ACCEPTED,
	 NULL},
	{{OFFICE, .from = "any@interns.example.com", .to = "other@customer.example"},
	 INTERNAL_ONLY,
	 NULL},
	/* Each entry is asked: kiosk is in two groups. */
	{{OFFICE, .from = "kiosk@example.com", .to = "y@partner.example"}, ACCEPTED, NULL},
	{{OFFICE, .from = "kiosk@example.com", .to = "y@friends.example"}, ACCEPTED, NULL},
	{{OFFICE, .from = "kiosk@example.com", .to = "y@a.friends.example"},
	 INTERNAL_ONLY,
	 "group: both"},
	{{OFFICE, .from = "kiosk@example.com", .to = "boss@customer.example"},
	 INTERNAL_ONLY,
	 "group: both"},
	/* Routing through a domain of ours is a way out, even where that domain is allowed. */
	{{OFFICE, .from = "any@interns.example.com", .to = "y%remote.example@example.com"},
	 INTERNAL_ONLY,
	 NULL},
	{{.login = "k7", .from = "", .to = "\"y@remote.example\"@interns.example.com"},
	 INTERNAL_ONLY,
	 NULL},
	{{.login = "k7", .from = "", .to = "IMCEASMTP-y+40remote+2Eexample@interns.example.com"},
	 INTERNAL_ONLY,
	 NULL},
	/* Spellings of a login that the map does not name. */
	{{.login = "CORP\\k7", .from = "", .to = "y@remote.example"}, INTERNAL_ONLY, NULL},
	{{.login = "k7@corp.example", .from = "", .to = "y@remote.example"}, INTERNAL_ONLY, NULL},
	{{.login = " k7 ", .from = "", .to = "y@remote.example"}, INTERNAL_ONLY, NULL},
	{{.login = "kiosk@example.com", .from = "", .to = "y@remote.example"}, INTERNAL_ONLY, NULL},
	{{.login = "CORP\\kiosk", .from = "", .to = "y@remote.example"}, INTERNAL_ONLY, NULL},
	{{.login = "boss", .from = "", .to = "y@remote.example"}, ACCEPTED, NULL},
	{{.login = "boss@interns.example.com", .from = "", .to = "y@remote.example"},
	 INTERNAL_ONLY,
	 NULL},
	/* 9 */
	{{STRANGER, .to = "board@example.com"}, CLOSED, "group: board"},
	{{STRANGER, .to = "BOARD@Example.Com"}, CLOSED, NULL},
	{{STRANGER, .to = "\"board\"@example.com"}, CLOSED, NULL},
	{{STRANGER, .to = "\"b\\oard\"@example.com"}, CLOSED, NULL},
	{{STRANGER, .to = "board+x@example.com"}, CLOSED, NULL},
	{{STRANGER, .to = "board+x+y@example.com"}, CLOSED, NULL},
	{{STRANGER, .to = "\"board+x y\"@example.com"}, CLOSED, NULL},
	{{STRANGER, .to = "@r.example,@example.com:board@example.com"}, CLOSED, NULL},
	{{STRANGER, .to = "a+b@example.com"}, CLOSED, NULL},
	{{STRANGER, .to = "a+b+c@example.com"}, CLOSED, NULL},
	{{STRANGER, .to = "a+c@example.com"}, UNKNOWN, NULL},
	{{EXILE, STRANGER, .to = "board@example.com"}, CLOSED, NULL},
	{{OFFICE, STRANGER, .to = "board@example.com"}, ACCEPTED, NULL},
	{{.login = "jane", .from = "jane@example.com", .to = "board@example.com"}, ACCEPTED, NULL},
	{{.local = "192.0.2.2", STRANGER, .to = "board@example.com"}, ACCEPTED, NULL},
	{{STRANGER, .to = "secret@example.com"}, HIDDEN, "group: secret"},
	{{STRANGER, .to = "both@example.com"}, HIDDEN, "group: secret"},
	{{STRANGER, .to = "shy@example.com"}, HIDDEN, "group: secret"},
	{{STRANGER, .to = "kiosk@example.com"}, CLOSED, "group: both"},
	{{STRANGER, .to = "any@interns.example.com"}, ACCEPTED, NULL},
	/* 10 */
	{{STRANGER, .to = "user@example.com"}, ACCEPTED, "user@example.com"},
	{{STRANGER, .to = "User+News@example.com"}, ACCEPTED, "user@example.com"},
	{{STRANGER, .to = "us.er@example.com"}, UNKNOWN, "recipients"},
	{{STRANGER, .to = "nobody@example.com"}, UNKNOWN, NULL},
	{{OFFICE, STRANGER, .to = "nobody@example.com"}, UNKNOWN, NULL},
	{{STRANGER, .to = "user@interns.example.com"}, ACCEPTED, "@interns.example.com"},
	{{STRANGER, .to = "any@sub.dept.example.com"}, ACCEPTED, NULL},
	{{STRANGER, .to = "any@dept.example.com"}, UNKNOWN, NULL},
	{{STRANGER, .to = "u@xn--bcher-kva.example"}, ACCEPTED, NULL},
	{{STRANGER, .to = "u@b\xc3\xbc"
			  "cher.example"},
	 ACCEPTED,
	 NULL},
	{{STRANGER, .to = "u@[192.0.2.25]"}, ACCEPTED, NULL},
	/* Postmaster. */
	{{STRANGER, .to = "postmaster"}, ACCEPTED, "- example.com"},
	{{STRANGER, .to = "PostMaster"}, ACCEPTED, NULL},
	{{STRANGER, .to = "\"postmaster\""}, SYNTAX, NULL},
	{{STRANGER, .to = "postmaster@example.com"}, ACCEPTED, "- example.com"},
	{{STRANGER, .to = "Postmaster@x.dept.example.com"}, ACCEPTED, ".dept.example.com"},
	{{STRANGER, .to = "\"postmaster\"@example.com"}, ACCEPTED, NULL},
	{{STRANGER, .to = "postmaster+x@interns.example.com"}, ACCEPTED, NULL},
	{{STRANGER, .to = "\"postmaster+x y\"@dept.example.com"}, ACCEPTED, NULL},
	{{STRANGER, .to = "postmaster+x@example.com"}, CLOSED, NULL},
	{{STRANGER, .to = "postmaster@remote.example"}, NO_RELAY, NULL},
	{{.from = "user@example.com", .to = "postmaster"}, SPOOFED, NULL},
	{{.listener = SUBMISSION, .tls = true, STRANGER, .to = "postmaster"},
	 530,
	 "5.7.0",
	 MXF_RULE_LOGIN_REQUIRED,
	 NULL},
};

/* The same senders without a login map. */
static const struct expectation without_map[] = {
	{{.login = "kiosk@example.com", .from = "user@example.com", .to = "y@remote.example"},
	 INTERNAL_ONLY,
	 "group: kiosks"},
	{{.login = "Kiosk+x@EXAMPLE.com", .from = "user@example.com", .to = "y@remote.example"},
	 INTERNAL_ONLY,
	 NULL},
	{{.login = "kiosk", .from = "user@example.com", .to = "y@remote.example"},
	 INTERNAL_ONLY,
	 NULL},
	{{.login = "CORP\\kiosk", .from = "user@example.com", .to = "y@remote.example"},
	 INTERNAL_ONLY,
	 NULL},
	{{.login = "kiosk@corp.example", .from = "user@example.com", .to = "y@remote.example"},
	 INTERNAL_ONLY,
	 NULL},
	{{.login = "any@interns.example.com", .from = "", .to = "y@remote.example"},
	 INTERNAL_ONLY,
	 NULL},
	{{.login = "user", .from = "user@example.com", .to = "y@remote.example"}, ACCEPTED, NULL},
	{{.login = "user", .from = "kiosk@example.com", .to = "y@remote.example"},
	 INTERNAL_ONLY,
	 NULL},
	{{.login = "user", .from = "x@remote.example", .to = "user@example.com"}, ACCEPTED, NULL},
	{{.login = "", .from = "user@example.com", .to = "y@remote.example"}, ACCEPTED, NULL},
};

static void check_steps(const struct policy_decision *decision, const struct policy_step *steps,
			size_t count)
{
	bool accepted = decision->rule == MXF_RULE_ACCEPT;

	assert_in_range(count, 1, MXF_RULE_COUNT);
	for (size_t i = 0; i < count; i++) {
		bool last = i + 1 == count;

		assert_int_equal(steps[i].rule, last ? decision->rule : (enum mxf_rule)(i + 1));
		assert_int_equal(steps[i].refuses, last && !accepted);
		assert_non_null(steps[i].result);
	}
	if (accepted)
		assert_int_equal(count, MXF_RULE_COUNT);
	assert_memory_equal(&steps[count - 1].origin, &decision->origin, sizeof(struct place));
}

static void check_rows(const struct policy_world *world, const struct expectation *wanted,
		       size_t wanted_count)
{
	for (size_t i = 0; i < wanted_count; i++) {
		struct policy_decision decision;
		struct policy_step steps[MXF_RULE_COUNT];
		size_t count;
		char line[256];

		policy_world_decide(world, &wanted[i].facts, &decision, steps, &count);
		policy_world_line(world, decision.origin, line);
		if (decision.code != wanted[i].code || decision.rule != wanted[i].rule ||
		    (wanted[i].origin && !strstr(line, wanted[i].origin)))
			print_message("case %zu: <%s> to <%s>, login %s: %d, rule %d, \"%s\"\n", i,
				      wanted[i].facts.from, wanted[i].facts.to,
				      wanted[i].facts.login ? wanted[i].facts.login : "none",
				      decision.code, (int)decision.rule, line);
		assert_int_equal(decision.rule, wanted[i].rule);
		assert_int_equal(decision.code, wanted[i].code);
		assert_string_equal(decision.enhanced, wanted[i].enhanced);
		if (wanted[i].origin)
			assert_non_null(strstr(line, wanted[i].origin));
		check_steps(&decision, steps, count);
	}
}

static char *with_login_map(void)
{
	char *text = NULL;

	assert_true(asprintf(&text, "%s    login-map: senders.txt\n", yaml) > 0);
	return text;
}

static void test_rows(void **state)
{
	struct policy_world world;
	char *text = with_login_map();

	(void)state;
	policy_world_make(&world, text, with_map);
	assert_int_equal(world.diags.errors, 0);
	check_rows(&world, rows, COUNT(rows));
	policy_world_clear(&world);
	free(text);
}

static void test_without_login_map(void **state)
{
	struct policy_world world;

	(void)state;
	policy_world_make(&world, yaml, with_map);
	assert_int_equal(world.diags.errors, 0);
	check_rows(&world, without_map, COUNT(without_map));
	policy_world_clear(&world);
}

/* What a stranger is told of a hidden mailbox is what is told of one that does not exist. */
static void test_hidden_is_as_unknown(void **state)
{
	struct policy_world world;
	struct policy_decision hidden, unknown;

	(void)state;
	policy_world_make(&world, yaml, with_map);
	policy_world_decide(&world, &(struct policy_facts){STRANGER, .to = "secret@example.com"},
			    &hidden, NULL, NULL);
	policy_world_decide(&world, &(struct policy_facts){STRANGER, .to = "nobody@example.com"},
			    &unknown, NULL, NULL);
	assert_int_equal(hidden.code, unknown.code);
	assert_string_equal(hidden.enhanced, unknown.enhanced);
	assert_string_equal(hidden.text, unknown.text);
	policy_world_clear(&world);
}

static void test_mail_is_refused_by_the_first_two(void **state)
{
	struct policy_world world;
	struct policy_session session = {.client_family = MXF_FAMILY_IPV4};
	struct policy_decision decision;
	const struct gate_listener *listeners;

	(void)state;
	policy_world_make(&world, yaml, with_map);
	listeners = world.config->gate.listeners;
	session.listener = &listeners[MX];
	assert_false(policy_refuse_mail(world.policy, &session, &decision));
	assert_int_equal(decision.code, 250);
	session.listener = &listeners[SUBMISSION];
	assert_true(policy_refuse_mail(world.policy, &session, &decision));
	assert_int_equal(decision.rule, MXF_RULE_TLS_REQUIRED);
	session.tls = true;
	assert_true(policy_refuse_mail(world.policy, &session, &decision));
	assert_int_equal(decision.rule, MXF_RULE_LOGIN_REQUIRED);
	assert_int_equal(decision.code, 530);
	session.login = "jane";
	assert_false(policy_refuse_mail(world.policy, &session, &decision));
	policy_world_clear(&world);
}

/* What is forwarded is the canonical form, and a bare postmaster has a domain. */
static void test_recipient_is_canonical(void **state)
{
	static const struct {
		const char *to, *text;
		bool ours;
	} cases[] = {
		{"@a.example:\"U\\ser\"@EXAMPLE.com", "User@example.com", true},
		{"PostMaster", "PostMaster@example.com", true},
		{"Y@Remote.EXAMPLE", "Y@remote.example", false},
	};
	struct policy_world world;

	(void)state;
	policy_world_make(&world, yaml, with_map);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct policy_facts facts = {OFFICE, STRANGER, .to = cases[i].to};
		struct policy_decision decision;

		policy_world_decide(&world, &facts, &decision, NULL, NULL);
		assert_int_equal(decision.code, 250);
		assert_string_equal(decision.recipient.text, cases[i].text);
		assert_int_equal(decision.ours, cases[i].ours);
	}
	policy_world_clear(&world);
}

static void test_login_owns(void **state)
{
	static const struct {
		bool map;
		const char *login, *address;
		bool owns;
	} cases[] = {
		{true, "jane", "jane+x@example.com", true},
		{true, "jane", "x@example.org", true},
		{true, "jane", "user@example.com", false},
		{true, "user@example.com", "user@example.com", false},
		{true, "jane", "", true},
		{false, "user@example.com", "User+x@example.com", true},
		{false, "User@Example.com", "user@example.com", true},
		{false, "user@example.com", "jane@example.com", false},
		{false, "x@remote.example", "x@remote.example", false},
		{false, "user", "user@example.com", false},
		{false, "user", "", true},
	};
	char *text = with_login_map();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct policy_session session = {.login = cases[i].login,
						 .client_family = MXF_FAMILY_IPV4};
		struct policy_client client;
		struct policy_world world;
		struct mailbox mailbox;

		mailbox_clear(&mailbox);
		if (*cases[i].address)
			assert_int_equal(mailbox_parse(cases[i].address, strlen(cases[i].address),
						       true, &mailbox),
					 MAILBOX_OK);
		policy_world_make(&world, cases[i].map ? text : yaml, with_map);
		session.listener = world.config->gate.listeners;
		policy_client_make(world.policy, &session, &client);
		assert_int_equal(policy_login_owns(world.policy, &session, &client, &mailbox),
				 cases[i].owns);
		assert_true(client.internal);
		assert_ptr_equal(policy_limits(world.policy, &client),
				 &world.config->gate.limits_internal);
		policy_world_clear(&world);
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_without_login_map),
		cmocka_unit_test(test_hidden_is_as_unknown),
		cmocka_unit_test(test_mail_is_refused_by_the_first_two),
		cmocka_unit_test(test_recipient_is_canonical),
		cmocka_unit_test(test_login_owns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
