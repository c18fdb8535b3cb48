// SPDX-License-Identifier: GPL-2.0-only
/* One door to a configuration: every side of it is looked at, in one run, sorted by place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "service/check.h"

struct checked {
	struct config *config;
	struct policy *policy;
	struct diags diags;
};

static void check(const char *text, struct checked *checked)
{
	char path[] = "/tmp/mxfence-check-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	*checked = (struct checked){.config = NULL};
	assert_int_equal(
		check_configuration(path, &checked->config, &checked->policy, &checked->diags), 0);
	unlink(path);
}

static void checked_clear(struct checked *checked)
{
	policy_free(&checked->policy);
	config_free(&checked->config);
	diags_clear(&checked->diags);
}

static const char filter[] = "filter:\n"
			     "  interfaces: [eth0]\n"
			     "  trusted: {office: {ranges: [192.0.2.0/24]}}\n";

static const char gate[] =
	"gate:\n"
	"  hostname: mx1.example.com\n"
	"  domains: [example.com]\n"
	"  listeners: [{name: mx, address: \"0.0.0.0:25\", role: mx, tls: off}]\n"
	"  backends: {box: {servers: [\"127.0.0.1:2525\"], tls: off}}\n";

static void test_halves(void **state)
{
	static const struct {
		bool has_filter, has_gate;
	} halves[] = {{true, false}, {false, true}, {true, true}};
	struct checked checked;
	char text[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(halves) / sizeof(halves[0]); i++) {
		snprintf(text, sizeof(text), "%s%s", halves[i].has_filter ? filter : "",
			 halves[i].has_gate ? gate : "");
		check(text, &checked);
		assert_int_equal(checked.diags.errors, 0);
		assert_int_equal(checked.config->has_filter, halves[i].has_filter);
		assert_int_equal(checked.config->has_gate, halves[i].has_gate);
		assert_int_equal(checked.policy != NULL, halves[i].has_gate);
		checked_clear(&checked);
	}
}

/* One mistake of each kind; line 0 ends them. */
static const struct {
	uint32_t line;
	const char *about;
} mistakes[] = {
	{3, "10.0.0.0/33"},	/* the reader's */
	{6, "a@b@c"},		/* the policy's */
	{8, "/nowhere/mx.crt"}, /* a certificate's */
};

static void test_all_in_one_run(void **state)
{
	struct checked checked;
	size_t found = 0;

	(void)state;
	check("filter:\n"
	      "  interfaces: [eth0]\n"
	      "  trusted: {office: {ranges: [10.0.0.0/33]}}\n"
	      "gate:\n"
	      "  hostname: mx1.example.com\n"
	      "  groups: {some: {members: [a@b@c]}}\n"
	      "  domains: [example.com]\n"
	      "  tls: {certificate: /nowhere/mx.crt, key: /nowhere/mx.key}\n"
	      "  listeners: [{name: mx, address: \"0.0.0.0:25\", role: mx, tls: optional}]\n"
	      "  backends: {box: {servers: [\"127.0.0.1:2525\"], tls: off}}\n",
	      &checked);
	for (size_t i = 0; i < checked.diags.count; i++) {
		const struct diag *diag = &checked.diags.items[i];

		if (i > 0)
			assert_true(checked.diags.items[i - 1].place.line <= diag->place.line);
		if (diag->severity != DIAG_ERROR || found == sizeof(mistakes) / sizeof(mistakes[0]))
			continue;
		if (diag->place.line == mistakes[found].line &&
		    strstr(diag->message, mistakes[found].about))
			found++;
	}
	assert_int_equal(found, sizeof(mistakes) / sizeof(mistakes[0]));
	checked_clear(&checked);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_halves),
		cmocka_unit_test(test_all_in_one_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
