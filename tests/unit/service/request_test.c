// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mxfence/control.h"
#include "service/request.h"

static int parse(const char *line, struct request *request, struct trouble *trouble)
{
	return request_parse(line, strlen(line), request, trouble);
}

#define VERB_ROW(name, changes) {name, changes},
static void test_every_verb_is_known(void **state)
{
	static const struct {
		const char *name;
		bool changes;
	} verbs[] = {MXF_CONTROL_VERBS(VERB_ROW)};

	(void)state;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		struct trouble trouble;
		struct request request;
		char line[128];

		snprintf(line, sizeof(line), "{\"verb\": \"%s\"}\n", verbs[i].name);
		assert_int_equal(parse(line, &request, &trouble), 0);
		assert_string_equal(request.verb, verbs[i].name);
		assert_int_equal(request.changes, verbs[i].changes);
		assert_int_equal(json_object_size(request.arguments), 0);
		request_clear(&request);
	}
}

static void test_bad_requests_are_refused(void **state)
{
	static const struct {
		const char *line;
		const char *reason;
	} bad[] = {
		{"", "not JSON"},
		{"status", "not JSON"},
		{"[]", "string \"verb\""},
		{"{}", "string \"verb\""},
		{"{\"verb\": 1}", "string \"verb\""},
		{"{\"verb\": \"statu\"}", "no verb \"statu\""},
		{"{\"verb\": \"a\\u001b[31m\"}", "no verb \"a\\x1b[31m\""},
		{"{\"verb\": \"status\", \"arguments\": []}", "not an object"},
		{"{\"verb\": \"status\", \"verb\": \"reload\"}", "duplicate"},
		{"{\"verb\": \"status\"} {}", "not JSON"},
		{"{\"verb\": \"sta\\u0000tus\"}", "not JSON"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct trouble trouble;
		struct request request;

		assert_int_equal(parse(bad[i].line, &request, &trouble), -EINVAL);
		assert_non_null(strstr(trouble.text, bad[i].reason));
	}
}

static void test_strings(void **state)
{
	json_t *arguments = json_pack("{s:s, s:i}", "range", "192.0.2.1", "list", 7);
	struct trouble trouble;
	const char *value;

	(void)state;
	assert_int_equal(request_string(arguments, "range", true, &value, &trouble), 0);
	assert_string_equal(value, "192.0.2.1");
	assert_int_equal(request_string(arguments, "note", false, &value, &trouble), 0);
	assert_null(value);
	assert_int_equal(request_string(arguments, "note", true, &value, &trouble), -EINVAL);
	assert_non_null(strstr(trouble.text, "missing"));
	assert_int_equal(request_string(arguments, "list", false, &value, &trouble), -EINVAL);
	json_decref(arguments);
}

static void test_numbers(void **state)
{
	json_t *arguments = json_pack("{s:i, s:i, s:s, s:f}", "good", 65535, "large", 65536, "text",
				      "25", "real", 25.5);
	struct trouble trouble;
	long long value = 25;

	(void)state;
	assert_int_equal(request_number(arguments, "none", 1, 65535, &value, &trouble), 0);
	assert_int_equal(value, 25);
	assert_int_equal(request_number(arguments, "good", 1, 65535, &value, &trouble), 0);
	assert_int_equal(value, 65535);
	assert_int_equal(request_number(arguments, "large", 1, 65535, &value, &trouble), -EINVAL);
	assert_int_equal(request_number(arguments, "text", 1, 65535, &value, &trouble), -EINVAL);
	assert_int_equal(request_number(arguments, "real", 1, 65535, &value, &trouble), -EINVAL);
	assert_int_equal(value, 65535);
	json_decref(arguments);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_verb_is_known),
		cmocka_unit_test(test_bad_requests_are_refused),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
