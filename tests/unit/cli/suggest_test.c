// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/range.h"
#include "tools/mxfence/names.h"
#include "tools/mxfence/suggest.h"

#define SOURCES_MAX 600

static struct suggest_source sources[SOURCES_MAX];
static size_t source_count;

/* A source; without evidence ("") it is a stranger. */
static void add(const char *address, const char *evidence, uint64_t count)
{
	struct suggest_source *source = &sources[source_count++];

	assert_in_range(source_count, 1, SOURCES_MAX);
	*source = (struct suggest_source){.count = count, .last = "2026-01-01T12:00:00Z"};
	assert_int_equal(ip_parse(address, strlen(address), &source->ip, &source->family),
			 RANGE_OK);
	for (size_t i = 0; i < SUGGEST_EVIDENCE_COUNT; i++)
		if (strstr(evidence, suggest_evidence_names[i]))
			source->evidence |= 1u << i;
}

static void add_many(const char *network, unsigned int first, unsigned int last,
		     const char *evidence)
{
	for (unsigned int i = first; i <= last; i++) {
		char address[64];

		snprintf(address, sizeof(address), "%s%u", network, i);
		add(address, evidence, 1);
	}
}

/* "RANGE sources=N", each followed by a line end; forgets the sources. */
static void expect(const char *expected)
{
	struct suggestion *suggestions;
	char text[4096] = "";
	int found = suggest_group(sources, &source_count, &suggestions);
	size_t used = 0;

	assert_true(found >= 0);
	for (int i = 0; i < found; i++) {
		char range[RANGE_TEXT_MAX];

		range_format(&suggestions[i].range, range);
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s sources=%zu\n",
					 range, suggestions[i].source_count);
	}
	free(suggestions);
	source_count = 0;
	assert_string_equal(text, expected);
}

static void test_one_source_is_an_address(void **state)
{
	(void)state;
	expect("");
	add("198.51.100.1", "", 1);
	expect("");
	add("198.51.100.1", "mail", 1);
	expect("198.51.100.1 sources=1\n");
	add("255.255.255.255", "mail", 1);
	add("0.0.0.0", "mail", 1);
	add("::", "mail", 1);
	add("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "mail", 1);
	expect("0.0.0.0 sources=1\n255.255.255.255 sources=1\n:: sources=1\n"
	       "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff sources=1\n");
}

static void test_half_of_the_addresses(void **state)
{
	(void)state;
	add("198.51.100.20", "mail", 1);
	add("198.51.100.21", "name", 1);
	expect("198.51.100.20/31 sources=2\n");
	add("198.51.100.20", "mail", 1);
	add("198.51.100.23", "mail", 1);
	expect("198.51.100.20/30 sources=2\n");
	/* Two of eight. */
	add("198.51.100.16", "mail", 1);
	add("198.51.100.23", "mail", 1);
	expect("198.51.100.16 sources=1\n198.51.100.23 sources=1\n");
	/* The neighbours of a border are far apart. */
	add("198.51.100.127", "mail", 1);
	add("198.51.100.128", "mail", 1);
	expect("198.51.100.127 sources=1\n198.51.100.128 sources=1\n");
	/* Four of eight, one and seven. */
	add_many("198.51.100.", 19, 21, "mail");
	add("198.51.100.16", "mail", 1);
	add("198.51.100.80", "mail", 1);
	expect("198.51.100.16/29 sources=4\n198.51.100.80 sources=1\n");
}

static void test_not_wider_than_allowed(void **state)
{
	(void)state;
	add_many("198.51.100.", 0, 255, "mail");
	add_many("198.51.101.", 0, 255, "mail");
	expect("198.51.100.0/24 sources=256\n198.51.101.0/24 sources=256\n");
	add("2001:db8:0:1::1", "mail", 1);
	add("2001:db8:0:1:ffff::1", "mail", 1);
	add("2001:db8:0:0::1", "mail", 1);
	expect("2001:db8:0:1::/64 sources=2\n2001:db8::1 sources=1\n");
	add("2001:db8::25", "mail", 1);
	add("2001:db8::27", "mail", 1);
	expect("2001:db8::24/126 sources=2\n");
}

/* A stranger is in no suggestion, be he between the sources or only in their prefix. */
static void test_strangers_stay_out(void **state)
{
	(void)state;
	add_many("198.51.100.", 16, 20, "mail");
	add("198.51.100.21", "", 1);
	add_many("198.51.100.", 22, 23, "mail");
	expect("198.51.100.16/30 sources=4\n198.51.100.22/31 sources=2\n198.51.100.20 sources=1\n");
	add_many("198.51.100.", 17, 18, "mail");
	add("198.51.100.19", "", 1);
	expect("198.51.100.17 sources=1\n198.51.100.18 sources=1\n");
	add("198.51.100.16", "", 1);
	add_many("198.51.100.", 17, 18, "mail");
	expect("198.51.100.17 sources=1\n198.51.100.18 sources=1\n");
	add("2001:db8::1", "mail", 1);
	add("2001:db8::ffff", "", 1);
	add("2001:db8::1:0", "mail", 1);
	expect("2001:db8::1 sources=1\n2001:db8::1:0 sources=1\n");
	/* What looks like one number in two families is two. */
	add("0.0.0.20", "mail", 1);
	add("0.0.0.23", "mail", 1);
	add("::15", "", 1);
	add("::14", "mail", 1);
	expect("0.0.0.20/30 sources=2\n::14 sources=1\n");
}

static void test_one_address_on_several_ports(void **state)
{
	struct suggestion *suggestions;

	(void)state;
	add("198.51.100.1", "", 2);
	add("198.51.100.1", "passed", 3);
	add("198.51.100.1", "name", 4);
	sources[1].last = "2026-02-01T12:00:00Z";
	sources[2].name = "mx.example.net";
	assert_int_equal(suggest_group(sources, &source_count, &suggestions), 1);
	assert_int_equal(source_count, 1);
	assert_int_equal(suggestions[0].source_count, 1);
	assert_int_equal(suggestions[0].count, 9);
	assert_int_equal(suggestions[0].evidence, SUGGEST_BIT(PASSED) | SUGGEST_BIT(NAME));
	assert_string_equal(suggestions[0].last, "2026-02-01T12:00:00Z");
	assert_string_equal(suggestions[0].sources[0].name, "mx.example.net");
	free(suggestions);
	source_count = 0;
}

static void test_what_says_most_comes_first(void **state)
{
	(void)state;
	add("198.51.100.10", "name", 100);
	add("198.51.100.20", "name", 200);
	add("198.51.100.30", "mail", 1);
	add("198.51.100.40", "passed name", 2);
	expect("198.51.100.40 sources=1\n198.51.100.30 sources=1\n198.51.100.20 sources=1\n"
	       "198.51.100.10 sources=1\n");
}

/* Each source with evidence is in exactly one suggestion, no stranger in any. */
static void check_cover(void)
{
	struct suggestion *suggestions;
	int found = suggest_group(sources, &source_count, &suggestions);

	for (size_t i = 0; i < source_count; i++) {
		int held = 0;

		for (int s = 0; s < found; s++)
			held += suggestions[s].range.family == sources[i].family &&
				range_holds(&suggestions[s].range, sources[i].ip);
		assert_int_equal(held, sources[i].evidence ? 1 : 0);
	}
	free(suggestions);
	source_count = 0;
}

static void test_any_sources(void **state)
{
	unsigned int seed = 1;

	(void)state;
	for (int round = 0; round < 300; round++) {
		unsigned int spread = 8u << round % 8;

		for (int i = 0; i < 60; i++) {
			char address[64];
			unsigned int host = (unsigned int)rand_r(&seed) % spread;

			snprintf(address, sizeof(address), round % 3 ? "198.51.%u.%u" : "::%x:%x",
				 host / 256, host % 256);
			add(address, rand_r(&seed) % 5 ? "mail" : "", 1);
		}
		check_cover();
	}
}

static void test_mail_names(void **state)
{
	static const char *const good[] = {
		"mail.example.net", "mx1.example.net",	 "MX.example.net",
		"smtp-out-3.a",	    "mout-p-101.b",	 "mail-wr1-f49.google.example",
		"mailout07.x",	    "out1-smtp.example", "relay_2.example",
		"mta-69-1.example",
	};
	static const char *const bad[] = {
		"",
		"host.mail.example",
		"198-51-100-7.dyn.example",
		"mailbox.example.net",
		"www.example.net",
		"smtpd-scanner",
		"a48-5.smtp-out.x",
		"layout.example.net",
		".mail.example",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!suggest_is_mail_name(good[i]))
			fail_msg("%s is no mail host's name", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (suggest_is_mail_name(bad[i]))
			fail_msg("%s is a mail host's name", bad[i]);
}

static void test_host_names(void **state)
{
	(void)state;
	assert_true(names_is_host("mx-1.example_2.net."));
	assert_false(names_is_host(""));
	assert_false(names_is_host("-n"));
	assert_false(names_is_host("mail.$(id).example"));
	assert_false(names_is_host("mail\"; id; \".example"));
	assert_false(names_is_host("m\xc3\xbcller.example"));
	assert_false(names_is_host("mail example"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_source_is_an_address),
		cmocka_unit_test(test_half_of_the_addresses),
		cmocka_unit_test(test_not_wider_than_allowed),
		cmocka_unit_test(test_strangers_stay_out),
		cmocka_unit_test(test_one_address_on_several_ports),
		cmocka_unit_test(test_what_says_most_comes_first),
		cmocka_unit_test(test_any_sources),
		cmocka_unit_test(test_mail_names),
		cmocka_unit_test(test_host_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
