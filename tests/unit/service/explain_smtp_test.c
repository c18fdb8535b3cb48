// SPDX-License-Identifier: GPL-2.0-only
/* `explain`'s SMTP half: which listener, which answer, and how it came about. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/range.h"
#include "service/check.h"
#include "service/explain_smtp.h"

static const char yaml[] =
	"gate:\n"
	"  hostname: mx1.example.com\n"
	"  domains: [example.com]\n"
	"  listeners:\n"
	"    - {name: any, address: \"0.0.0.0:25\", role: mx, backend: box, tls: off}\n"
	"    - {name: inside, address: \"10.0.0.1:26\", role: mx, tls: off}\n"
	"    - {name: six, address: \"[2001:db8::1]:25\", role: mx, tls: off}\n"
	"    - {name: sub, address: \"192.0.2.1:587\", role: submission, tls: off,\n"
	"       auth-without-tls: yes}\n"
	"  backends: {box: {servers: [\"127.0.0.1:2525\"], tls: off}}\n"
	"  auth: {source: backend}\n"
	"  relay:\n"
	"    authenticated: yes\n"
	"    from: [10.0.0.0/8]\n";

static struct config *config;
static struct policy *policy;
static char path[] = "/tmp/mxfence-explain-XXXXXX";

static int load(void **state)
{
	struct diags diags = {0};
	int fd = mkstemp(path);
	bool good;

	(void)state;
	if (fd < 0 || write(fd, yaml, sizeof(yaml) - 1) != sizeof(yaml) - 1)
		return -1;
	close(fd);
	if (check_configuration(path, &config, &policy, &diags))
		return -1;
	good = !diags.errors;
	if (!good)
		diags_print(&diags, &config->sources, false, stderr);
	diags_clear(&diags);
	return good ? 0 : -1;
}

static int unload(void **state)
{
	(void)state;
	policy_free(&policy);
	config_free(&config);
	return unlink(path);
}

struct explain_case {
	const char *client, *local;
	uint16_t port;
	const char *login, *sender, *recipient;
	const char *listener; /* NULL: none */
	int answer;
	const char *enhanced;
	const char *rule;  /* NULL: null */
	unsigned int line; /* of the origin; 0: null */
	size_t steps;
};

static const struct explain_case cases[] = {
	{"192.0.2.9", NULL, 25, NULL, "a@b.example", "x@example.com", "any", 250, "2.1.5", "accept",
	 3, 11},
	{"192.0.2.9", NULL, 25, NULL, "a@b.example", "x@other.example", "any", 550, "5.7.1",
	 "relay", 12, 7},
	{"10.9.9.9", NULL, 25, NULL, "a@b.example", "x@other.example", "any", 250, "2.1.5",
	 "accept", 14, 11},
	/* Angle brackets or none; the null sender, three ways. */
	{"192.0.2.9", NULL, 25, NULL, "<a@b.example>", "<x@example.com>", "any", 250, "2.1.5",
	 "accept", 3, 11},
	{"192.0.2.9", NULL, 25, NULL, "<>", "x@example.com", "any", 250, "2.1.5", "accept", 3, 11},
	{"192.0.2.9", NULL, 25, NULL, "", "x@example.com", "any", 250, "2.1.5", "accept", 3, 11},
	{"192.0.2.9", NULL, 25, NULL, NULL, "x@example.com", "any", 250, "2.1.5", "accept", 3, 11},
	{"192.0.2.9", NULL, 25, NULL, NULL, "postmaster", "any", 250, "2.1.5", "accept", 3, 11},
	/* The form of an address. */
	{"192.0.2.9", NULL, 25, NULL, "nobody", "x@example.com", "any", 501, "5.1.7", NULL, 0, 2},
	{"192.0.2.9", NULL, 25, NULL, NULL, "nobody", "any", 501, "5.1.3", "recipient-form", 0, 3},
	{"192.0.2.9", NULL, 25, NULL, NULL, "<>", "any", 501, "5.1.3", "recipient-form", 0, 3},
	{"192.0.2.9", NULL, 25, NULL, NULL, "", "any", 501, "5.1.3", "recipient-form", 0, 3},
	/* Without a recipient it is MAIL that is answered. */
	{"192.0.2.9", NULL, 25, NULL, "a@b.example", NULL, "any", 250, "2.1.0", "accept", 0, 2},
	{"192.0.2.9", NULL, 587, NULL, "a@b.example", NULL, "sub", 530, "5.7.0", "login-required",
	 8, 2},
	/* Its rules come before its form, and before the recipient. */
	{"192.0.2.9", NULL, 587, NULL, "nobody", "nobody", "sub", 530, "5.7.0", "login-required", 8,
	 2},
	{"192.0.2.9", NULL, 587, "jane", "a@example.com", "x@other.example", "sub", 250, "2.1.5",
	 "accept", 13, 11},
	/* The listener. */
	{"192.0.2.9", "10.0.0.1", 26, NULL, NULL, NULL, "inside", 250, "2.1.0", "accept", 0, 2},
	{"192.0.2.9", "10.0.0.2", 25, NULL, NULL, NULL, "any", 250, "2.1.0", "accept", 0, 2},
	{"2001:db8::9", NULL, 25, NULL, NULL, NULL, "six", 250, "2.1.0", "accept", 0, 2},
	{"2001:db8::9", "2001:db8::2", 25, NULL, NULL, NULL, NULL, 250, NULL, NULL, 0, 0},
	{"192.0.2.9", "192.0.2.2", 587, NULL, NULL, NULL, NULL, 250, NULL, NULL, 0, 0},
	{"192.0.2.9", "10.0.0.2", 26, NULL, NULL, NULL, NULL, 250, NULL, NULL, 0, 0},
	{"192.0.2.9", NULL, 27, NULL, NULL, NULL, NULL, 250, NULL, NULL, 0, 0},
};

static void question_make(const struct explain_case *asked, struct explain_question *question)
{
	*question = (struct explain_question){
		.port = asked->port,
		.login = asked->login,
		.sender = asked->sender,
		.recipient = asked->recipient,
		.has_local = asked->local,
	};
	assert_int_equal(ip_parse(asked->client, strlen(asked->client), &question->client,
				  &question->client_family),
			 RANGE_OK);
	if (asked->local)
		assert_int_equal(ip_parse(asked->local, strlen(asked->local), &question->local,
					  &question->local_family),
				 RANGE_OK);
}

static void assert_text(const json_t *object, const char *key, const char *wanted)
{
	const json_t *value = json_object_get(object, key);

	if (!wanted)
		assert_true(json_is_null(value));
	else
		assert_string_equal(json_string_value(value), wanted);
}

static void assert_origin(const json_t *object, unsigned int line)
{
	char wanted[64];

	snprintf(wanted, sizeof(wanted), "%s:%u", path, line);
	assert_text(object, "origin", line ? wanted : NULL);
}

static void assert_answer(const struct explain_case *asked, const json_t *smtp, enum mxf_exit exit)
{
	const json_t *steps = json_object_get(smtp, "steps");

	print_message("%s to %s at port %u\n", asked->client,
		      asked->recipient ? asked->recipient : "nobody", asked->port);
	assert_int_equal(exit, asked->answer == 250 ? MXF_EXIT_OK : MXF_EXIT_FAILED);
	if (!asked->listener) {
		assert_true(json_is_null(smtp));
		return;
	}
	assert_text(smtp, "listener", asked->listener);
	assert_int_equal(json_integer_value(json_object_get(smtp, "answer")), asked->answer);
	assert_text(smtp, "enhanced", asked->enhanced);
	assert_text(smtp, "rule", asked->rule);
	assert_origin(smtp, asked->line);
	assert_int_equal(json_array_size(steps), asked->steps);
	/* The rule that answers is the last one, and none before it refuses. */
	for (size_t i = 0; i < asked->steps; i++) {
		const json_t *step = json_array_get(steps, i);
		bool last = i + 1 == asked->steps;
		const char *rule = json_string_value(json_object_get(step, "rule"));

		assert_true(strlen(json_string_value(json_object_get(step, "result"))) > 0);
		assert_int_equal(json_is_true(json_object_get(step, "refuses")),
				 last && asked->rule && asked->answer != 250);
		if (last && asked->rule && asked->recipient)
			assert_string_equal(rule, asked->rule);
	}
}

static void test_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct explain_question question;
		enum mxf_exit exit = MXF_EXIT_USAGE;
		json_t *smtp;

		question_make(&cases[i], &question);
		smtp = explain_smtp(config, policy, &question, &exit);
		assert_non_null(smtp);
		assert_answer(&cases[i], smtp, exit);
		json_decref(smtp);
	}
}

/* Whatever is asked, there is an answer. */
static void test_any_bytes(void **state)
{
	char sender[400], recipient[400];

	(void)state;
	srandom(1);
	for (int round = 0; round < 2000; round++) {
		struct explain_question question = {.client_family = MXF_FAMILY_IPV4,
						    .port = 25,
						    .sender = sender,
						    .recipient = recipient};
		enum mxf_exit exit;
		json_t *smtp;

		for (size_t i = 0; i < sizeof(sender); i++) {
			sender[i] = (char)(random() % 256);
			recipient[i] = (char)(random() % 8 ? random() % 256 : '@');
		}
		sender[random() % (long)sizeof(sender)] = '\0';
		recipient[random() % (long)sizeof(recipient)] = '\0';
		sender[sizeof(sender) - 1] = recipient[sizeof(recipient) - 1] = '\0';
		smtp = explain_smtp(config, policy, &question, &exit);
		assert_true(json_is_object(smtp));
		json_decref(smtp);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_any_bytes),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
