// SPDX-License-Identifier: GPL-2.0-only
/* Answers made from configurations alone: explain, ranges, differences; and their small parts. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/range.h"
#include "service/check.h"
#include "service/diff.h"
#include "service/events.h"
#include "service/metrics.h"
#include "service/report_internal.h"

static const char base[] = "filter:\n"
			   "  interfaces: [lo]\n"
			   "  closed-ports: [25]\n"
			   "  open-ports: [587]\n"
			   "  trusted:\n"
			   "    office: {ranges: [192.0.2.0/24, \"2001:db8::/32\"]}\n"
			   "  denied:\n"
			   "    never: {ranges: [192.0.2.7, 198.51.100.0/24]}\n";

static struct config *config_from(const char *text)
{
	char path[] = "/tmp/mxfence-report-XXXXXX";
	struct config *config = NULL;
	struct policy *policy;
	struct diags diags = {0};
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	assert_int_equal(check_configuration(path, &config, &policy, &diags), 0);
	policy_free(&policy);
	unlink(path);
	assert_int_equal(diags.errors, 0);
	diags_clear(&diags);
	return config;
}

static struct mxf_generation *generation_of(const struct config *config)
{
	const struct generation_facts facts = {.number = 1, .seed = 1, .cpus = 1};
	struct generation_plan *plan;
	void *memory;

	assert_int_equal(generation_plan_create(config, &plan), 0);
	memory = calloc(generation_plan_elements(plan, 1), MXF_ELEMENT_SIZE);
	assert_non_null(memory);
	generation_write(plan, &facts, memory);
	generation_plan_free(&plan);
	return memory;
}

static const char *text_at(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static void test_explain(void **state)
{
	static const struct {
		const char *address;
		uint16_t port;
		const char *verdict; /* NULL: not guarded */
		const char *reason;
		const char *range;
		enum mxf_exit exit;
	} cases[] = {
		{"192.0.2.1", 25, "pass", "trusted", "192.0.2.0/24", MXF_EXIT_OK},
		{"2001:db8::1", 25, "pass", "trusted", "2001:db8::/32", MXF_EXIT_OK},
		{"192.0.2.7", 25, "drop", "denied", "192.0.2.7", MXF_EXIT_FAILED},
		{"198.51.100.9", 587, "drop", "denied", "198.51.100.0/24", MXF_EXIT_FAILED},
		{"203.0.113.1", 25, "drop", "untrusted", NULL, MXF_EXIT_FAILED},
		{"203.0.113.1", 587, "pass", "open", NULL, MXF_EXIT_OK},
		{"203.0.113.1", 80, NULL, NULL, NULL, MXF_EXIT_OK},
	};
	struct config *config = config_from(base);
	struct mxf_generation *generation = generation_of(config);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct report_question question = {.port = cases[i].port};
		enum mxf_exit exit = MXF_EXIT_USAGE;
		json_t *body, *kernel;

		assert_int_equal(ip_parse(cases[i].address, strlen(cases[i].address),
					  &question.source, &question.family),
				 RANGE_OK);
		body = report_explain(generation, NULL, &question, &exit);
		kernel = json_object_get(body, "kernel");
		assert_int_equal(exit, cases[i].exit);
		assert_true(json_is_null(json_object_get(body, "smtp")));
		assert_int_equal(json_is_null(kernel), !cases[i].verdict);
		if (cases[i].verdict) {
			assert_string_equal(text_at(kernel, "verdict"), cases[i].verdict);
			assert_string_equal(text_at(kernel, "reason"), cases[i].reason);
		}
		if (cases[i].range)
			assert_string_equal(text_at(kernel, "range"), cases[i].range);
		json_decref(body);
	}
	free(generation);
	config_free(&config);
}

static json_t *ranges_of(const struct mxf_generation *generation, const char *list,
			 const struct sources *sources)
{
	char *text = report_ranges(generation, MXF_ANSWER_TRUSTED, list, sources, NULL, 0);
	json_t *body;

	assert_non_null(text);
	body = json_loads(text, 0, NULL);
	assert_non_null(body);
	free(text);
	return body;
}

static void test_ranges_of_one_action(void **state)
{
	struct config *config = config_from(base);
	struct mxf_generation *generation = generation_of(config);
	json_t *body = ranges_of(generation, NULL, &config->sources);
	json_t *ranges = json_object_get(body, "ranges"), *first = json_array_get(ranges, 0);
	const char *origin = text_at(first, "origin");

	(void)state;
	assert_int_equal(json_array_size(ranges), 2);
	assert_string_equal(text_at(first, "range"), "192.0.2.0/24");
	assert_string_equal(text_at(first, "list"), "office");
	assert_string_equal(text_at(first, "action"), "trusted");
	assert_string_equal(origin + strlen(origin) - 2, ":6");
	assert_true(json_is_null(json_object_get(first, "last_hit")));
	json_decref(body);
	body = ranges_of(generation, "never", NULL);
	assert_int_equal(json_array_size(json_object_get(body, "ranges")), 0);
	json_decref(body);
	free(generation);
	config_free(&config);
}

static void test_diff_of_equal_configurations(void **state)
{
	struct config *a = config_from(base), *b = config_from(base);
	json_t *body = diff_report(a, b);

	(void)state;
	assert_true(json_is_false(json_object_get(body, "changed")));
	assert_int_equal(json_array_size(json_object_get(body, "settings")), 0);
	assert_int_equal(json_array_size(json_object_get(body, "lists")), 0);
	json_decref(body);
	config_free(&a);
	config_free(&b);
}

static void test_diff_tells_what_changes(void **state)
{
	struct config *a = config_from(base);
	struct config *b = config_from("filter:\n"
				       "  interfaces: [eth7]\n"
				       "  closed-ports: [25, 26]\n"
				       "  open-ports: [587]\n"
				       "  mode: observe\n"
				       "  trusted:\n"
				       "    office: {ranges: [\"2001:db8::/32\", 10.1.0.0/16]}\n"
				       "  denied:\n"
				       "    never: {ranges: [10.1.1.7, 198.51.100.0/24]}\n");
	json_t *body = diff_report(a, b);
	json_t *settings = json_object_get(body, "settings");
	json_t *office = json_array_get(json_object_get(body, "lists"), 0);
	json_t *interfaces = json_object_get(body, "interfaces");

	(void)state;
	assert_true(json_is_true(json_object_get(body, "changed")));
	assert_int_equal(json_array_size(settings), 2);
	assert_string_equal(text_at(json_array_get(settings, 0), "key"), "closed-ports");
	assert_string_equal(text_at(json_array_get(settings, 0), "to"), "25, 26");
	assert_string_equal(text_at(json_array_get(settings, 1), "from"), "enforce");
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(interfaces, "added"), 0)), "eth7");
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(interfaces, "removed"), 0)), "lo");
	assert_string_equal(text_at(office, "name"), "office");
	assert_int_equal(json_integer_value(json_object_get(office, "added_count")), 1);
	assert_int_equal(json_integer_value(json_object_get(office, "removed_count")), 1);
	assert_string_equal(json_string_value(json_array_get(json_object_get(office, "added"), 0)),
			    "10.1.0.0/16");
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(office, "removed"), 0)),
		"192.0.2.0/24");
	json_decref(body);
	config_free(&a);
	config_free(&b);
}

static void test_events_keep_the_last(void **state)
{
	struct events *events = calloc(1, sizeof(*events));
	const char interface[16] = "mx0";
	json_t *list;

	(void)state;
	assert_non_null(events);
	for (uint16_t i = 0; i < EVENTS_KEPT + 3; i++) {
		const struct mxf_event event = {.time = 1,
						.family = MXF_FAMILY_IPV4,
						.verdict = MXF_VERDICT_DROP,
						.reason = MXF_REASON_UNTRUSTED,
						.source = {0, 0, 0, 0xc0000201},
						.source_port = i};

		events_add(events, &event, interface);
	}
	list = events_list(events);
	assert_int_equal(json_array_size(list), EVENTS_KEPT);
	assert_int_equal(
		json_integer_value(json_object_get(json_array_get(list, 0), "source_port")), 3);
	assert_string_equal(text_at(json_array_get(list, 0), "source"), "192.0.2.1");
	assert_string_equal(text_at(json_array_get(list, 0), "reason"), "untrusted");
	json_decref(list);
	free(events);
}

static void test_counts_are_told_once_each(void **state)
{
	struct mxf_counters counters = {.recorded = 9};
	struct report_count count;
	size_t at = 0;

	(void)state;
	assert_false(report_next_count(&counters, &at, &count));
	counters.counts[MXF_FAMILY_OTHER][MXF_VERDICT_PASS][0] = (struct mxf_count){1, 60};
	counters.counts[MXF_FAMILY_IPV4][MXF_VERDICT_DROP][MXF_REASON_DENIED] =
		(struct mxf_count){2, 120};
	counters.counts[MXF_FAMILY_IPV6][MXF_VERDICT_OBSERVE][MXF_REASON_UNTRUSTED] =
		(struct mxf_count){3, 180};
	at = 0;
	assert_true(report_next_count(&counters, &at, &count));
	assert_string_equal(count.family, "other");
	assert_int_equal(count.packets, 1);
	assert_true(report_next_count(&counters, &at, &count));
	assert_string_equal(count.family, "ipv4");
	assert_string_equal(count.verdict, "drop");
	assert_string_equal(count.reason, "denied");
	assert_int_equal(count.bytes, 120);
	assert_true(report_next_count(&counters, &at, &count));
	assert_string_equal(count.family, "ipv6");
	assert_string_equal(count.verdict, "observe");
	assert_string_equal(count.reason, "untrusted");
	assert_false(report_next_count(&counters, &at, &count));
}

static void test_texts_are_always_json(void **state)
{
	json_t *good = report_text("b\xc3\xbc"
				   "cher",
				   7),
	       *bad = report_text("a\xff\xc3", 3);

	(void)state;
	assert_string_equal(json_string_value(good), "b\xc3\xbc"
						     "cher");
	assert_string_equal(json_string_value(bad), "a??");
	json_decref(good);
	json_decref(bad);
}

static void test_times(void **state)
{
	json_t *time = report_time(1700000000123456789u);
	json_t *never = report_monotonic_time(0), *future = report_monotonic_time(UINT64_MAX);

	(void)state;
	assert_string_equal(json_string_value(time), "2023-11-14T22:13:20Z");
	assert_true(json_is_null(never));
	assert_int_equal(strlen(json_string_value(future)), strlen("2023-11-14T22:13:20Z"));
	json_decref(time);
	json_decref(never);
	json_decref(future);
}

static void test_labels_are_escaped(void **state)
{
	char out[METRICS_LABEL_MAX], longest[2 * METRICS_LABEL_MAX];

	(void)state;
	assert_string_equal(metrics_escape_label("a\"b\\c\nd", out), "a\\\"b\\\\c\\nd");
	memset(longest, '"', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	metrics_escape_label(longest, out);
	assert_true(strlen(out) < METRICS_LABEL_MAX);
	assert_int_equal(strlen(out) % 2, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_explain),
		cmocka_unit_test(test_ranges_of_one_action),
		cmocka_unit_test(test_diff_of_equal_configurations),
		cmocka_unit_test(test_diff_tells_what_changes),
		cmocka_unit_test(test_events_keep_the_last),
		cmocka_unit_test(test_counts_are_told_once_each),
		cmocka_unit_test(test_texts_are_always_json),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_labels_are_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
