// SPDX-License-Identifier: GPL-2.0-only
/* Which dropped sources are cut off for want of trust, and what is known of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/range.h"
#include "service/check.h"
#include "service/suggest.h"

static struct mxf_generation *generation_from(const char *mode)
{
	char path[] = "/tmp/mxfence-suggest-XXXXXX";
	struct mxf_generation *generation = NULL;
	struct config *config = NULL;
	struct policy *policy;
	struct diags diags = {0};
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	dprintf(fd,
		"filter:\n  interfaces: [lo]\n  mode: %s\n  closed-ports: [25, 465]\n"
		"  open-ports: [587]\n"
		"  trusted: {office: {ranges: [192.0.2.0/24, \"2001:db8::/32\"]}}\n"
		"  denied: {never: {ranges: [203.0.113.0/24]}}\n",
		mode);
	close(fd);
	assert_int_equal(check_configuration(path, &config, &policy, &diags), 0);
	unlink(path);
	policy_free(&policy);
	assert_int_equal(diags.errors, 0);
	diags_clear(&diags);
	assert_int_equal(generation_compile(config, &generation), 0);
	config_free(&config);
	return generation;
}

static struct mxf_drop seen(const char *address, uint16_t port, enum mxf_reason reason,
			    enum mxf_verdict verdict, uint64_t count)
{
	struct mxf_drop drop = {.port = port,
				.reason = (uint8_t)reason,
				.verdict = (uint8_t)verdict,
				.count = count,
				.first = 1000,
				.last = 2000};
	struct ip ip;

	assert_int_equal(ip_parse(address, strlen(address), &ip, &drop.family), RANGE_OK);
	ip_to_words(ip, drop.address);
	return drop;
}

/* "ADDRESS PORT VERDICT COUNT passed mail", one a line. */
static void expect(const json_t *body, const char *expected)
{
	char text[1024] = "";
	size_t i, used = 0;
	json_t *source;

	json_array_foreach (json_object_get(body, "sources"), i, source)
		used += (size_t)snprintf(
			text + used, sizeof(text) - used, "%s %d %s %d%s%s\n",
			json_string_value(json_object_get(source, "address")),
			(int)json_integer_value(json_object_get(source, "port")),
			json_string_value(json_object_get(source, "verdict")),
			(int)json_integer_value(json_object_get(source, "count")),
			json_is_string(json_object_get(source, "passed")) ? " passed" : "",
			json_is_string(json_object_get(source, "mail")) ? " mail" : "");
	assert_string_equal(text, expected);
}

static void expect_sources(const char *mode, const char *expected)
{
	struct mxf_drop drops[] = {
		seen("198.51.100.1", 25, MXF_REASON_UNTRUSTED, MXF_VERDICT_DROP, 1),
		seen("198.51.100.2", 25, MXF_REASON_UNTRUSTED, MXF_VERDICT_OBSERVE, 7),
		seen("198.51.100.2", 465, MXF_REASON_UNTRUSTED, MXF_VERDICT_DROP, 2),
		seen("198.51.100.3", 25, MXF_REASON_UNTRUSTED, MXF_VERDICT_DROP, 3),
		seen("2001:db9::1", 25, MXF_REASON_UNTRUSTED, MXF_VERDICT_DROP, 5),
		/* None of these: trusted now, denied now, an open port now, not guarded now. */
		seen("192.0.2.1", 25, MXF_REASON_UNTRUSTED, MXF_VERDICT_DROP, 9),
		seen("2001:db8::1", 25, MXF_REASON_UNTRUSTED, MXF_VERDICT_DROP, 9),
		seen("203.0.113.1", 25, MXF_REASON_UNTRUSTED, MXF_VERDICT_DROP, 9),
		seen("198.51.100.9", 587, MXF_REASON_UNTRUSTED, MXF_VERDICT_DROP, 9),
		seen("198.51.100.9", 110, MXF_REASON_UNTRUSTED, MXF_VERDICT_DROP, 9),
		/* Nor of these: not dropped for want of trust. */
		seen("198.51.100.9", 25, MXF_REASON_BANNED, MXF_VERDICT_DROP, 9),
		seen("198.51.100.9", 25, MXF_REASON_DENIED, MXF_VERDICT_DROP, 9),
		seen("198.51.100.9", 25, MXF_REASON_UNDECIDABLE, MXF_VERDICT_DROP, 9),
	};
	struct mxf_drop passes[] = {
		seen("198.51.100.3", 465, MXF_REASON_TRUSTED, MXF_VERDICT_PASS, 1),
		seen("198.51.100.3", 25, MXF_REASON_TRUSTED, MXF_VERDICT_PASS, 1),
		seen("192.0.2.1", 25, MXF_REASON_TRUSTED, MXF_VERDICT_PASS, 1),
	};
	struct mxf_gate_record record = {.kind = MXF_RECORD_MESSAGE,
					 .code = 250,
					 .client_family = MXF_FAMILY_IPV6,
					 .time = 1};
	struct partners partners = {NULL};
	struct mxf_generation *generation = generation_from(mode);
	const struct suggest_tables tables = {
		.generation = generation,
		.partners = &partners,
		.drops = drops,
		.drop_count = sizeof(drops) / sizeof(drops[0]),
		.passes = passes,
		.pass_count = sizeof(passes) / sizeof(passes[0]),
	};
	json_t *body;

	memcpy(record.client, drops[4].address, sizeof(record.client));
	partners_note(&partners, &record);
	body = suggest_body(&tables);
	assert_non_null(body);
	expect(body, expected);
	json_decref(body);
	partners_clear(&partners);
	free(generation);
}

static void test_sources_that_want_trust(void **state)
{
	static const char expected[] = "2001:db9::1 25 drop 5 mail\n"
				       "198.51.100.3 25 drop 3 passed\n"
				       "198.51.100.2 25 observe 7\n"
				       "198.51.100.2 465 drop 2\n"
				       "198.51.100.1 25 drop 1\n";

	(void)state;
	expect_sources("enforce", expected);
	expect_sources("observe", expected);
}

static void test_nothing_was_dropped(void **state)
{
	struct partners partners = {NULL};
	struct mxf_generation *generation = generation_from("enforce");
	const struct suggest_tables tables = {.generation = generation, .partners = &partners};
	json_t *body = suggest_body(&tables);

	(void)state;
	assert_int_equal(json_array_size(json_object_get(body, "sources")), 0);
	assert_true(json_is_array(json_object_get(body, "sources")));
	json_decref(body);
	free(generation);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sources_that_want_trust),
		cmocka_unit_test(test_nothing_was_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
