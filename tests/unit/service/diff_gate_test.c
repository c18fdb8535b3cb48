// SPDX-License-Identifier: GPL-2.0-only
/* Whatever of the gate a reload would change, diff tells; and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/scoped.h"
#include "service/check.h"
#include "service/diff.h"

static const char base[] =
	"gate:\n"
	"  hostname: mx1.example.com\n"
	"  domains: [example.com]\n"
	"  workers: 2\n"
	"  listeners:\n"
	"    - {name: mx, address: \"127.0.0.1:25\", role: mx, backend: box, tls: off}\n"
	"    - {name: sub, address: \"[::1]:587\", role: submission, backend: box, tls: off,\n"
	"       auth-without-tls: yes}\n"
	"  backends:\n"
	"    box: {servers: [\"127.0.0.1:2525\"], tls: off, client-address: none}\n"
	"    other: {servers: [\"127.0.0.2:2525\", \"[::1]:26\"], tls: off}\n"
	"  auth: {source: backend, mechanisms: [PLAIN, LOGIN]}\n"
	"  recipients: {source: any}\n"
	"  relay: {authenticated: yes, from: [10.0.0.0/8], to-local: [127.0.0.1], never: [10.9.0.0/16]}\n"
	"  groups:\n"
	"    few: {members: [a@example.com]}\n"
	"    more: {members: [b@example.com], include: [few]}\n"
	"  restrict:\n"
	"    - {group: more, send: internal, allow: [partner.example]}\n"
	"  senders: {spoof: reject}\n"
	"  limits: {sessions: 5000, connections-per-source: 60/1m}\n";

static struct config *load(const char *text)
{
	char path[] = "/tmp/mxfence-diff-XXXXXX";
	struct config *config;
	struct policy *policy;
	struct diags diags = {0};
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	assert_int_equal(check_configuration(path, &config, &policy, &diags), 0);
	unlink(path);
	if (diags.errors)
		fail_msg("%s", diags.items[0].message);
	policy_free(&policy);
	diags_clear(&diags);
	return config;
}

/* `base` with its first `old` as `new`. */
static struct config *load_changed(const char *old, const char *new)
{
	const char *at = strstr(base, old);
	SCOPED_FREE char *text = NULL;

	assert_non_null(at);
	assert_true(asprintf(&text, "%.*s%s%s", (int)(at - base), base, new, at + strlen(old)) > 0);
	return load(text);
}

struct change {
	const char *old, *new;
	const char *key;
	const char *from, *to; /* NULL: null */
};

static const struct change changes[] = {
	{"mx1", "mx2", "gate.hostname", "mx1.example.com", "mx2.example.com"},
	{"[example.com]", "[example.com, .b.example]", "gate.domains", "example.com",
	 "example.com, .b.example"},
	{"workers: 2\n", "workers: 3\n", "gate.workers", "2", "3"},
	{"  workers: 2\n", "", "gate.workers", "2", NULL},
	{"127.0.0.1:25\"", "127.0.0.1:26\"", "gate.listeners.mx",
	 "127.0.0.1:25, role mx, backend box, tls off, auth off",
	 "127.0.0.1:26, role mx, backend box, tls off, auth off"},
	{"box, tls: off,\n       auth-without", "other, tls: off,\n       auth-without",
	 "gate.listeners.sub",
	 "[::1]:587, role submission, backend box, tls off, auth required (without TLS too)",
	 "[::1]:587, role submission, backend other, tls off, auth required (without TLS too)"},
	{"tls: off}", "tls: off, proxy-from: [10.0.0.1]}", "gate.proxy-from.mx", NULL, "10.0.0.1"},
	{"client-address: none", "client-address: xclient", "gate.backends.box",
	 "127.0.0.1:2525, tls off, client-address none",
	 "127.0.0.1:2525, tls off, client-address xclient"},
	{", \"[::1]:26\"", "", "gate.backends.other",
	 "127.0.0.2:2525, [::1]:26, tls off, client-address none",
	 "127.0.0.2:2525, tls off, client-address none"},
	{"PLAIN, LOGIN", "LOGIN", "gate.auth.mechanisms", "PLAIN, LOGIN", "LOGIN"},
	{"source: backend", "source: dovecot, socket: /run/auth", "gate.auth.source", "backend",
	 "dovecot /run/auth"},
	{"source: any", "source: backend", "gate.recipients.source", "any", "backend"},
	{"authenticated: yes", "authenticated: no", "gate.relay.authenticated", "yes", "no"},
	{"[10.0.0.0/8]", "[10.0.0.0/7]", "gate.relay.from", "10.0.0.0/8", "10.0.0.0/7"},
	{"[127.0.0.1]", "[127.0.0.2]", "gate.relay.to-local", "127.0.0.1", "127.0.0.2"},
	{"10.9.0.0", "10.8.0.0", "gate.relay.never", "10.9.0.0/16", "10.8.0.0/16"},
	{"[a@example.com]", "[a@example.com, c@example.com]", "gate.groups.few", "a@example.com",
	 "a@example.com, c@example.com"},
	{", include: [few]", "", "gate.include.more", "few", NULL},
	{"[partner.example]", "[friend.example]", "gate.restrict.1",
	 "group more, send internal, receive any, allow partner.example",
	 "group more, send internal, receive any, allow friend.example"},
	{"spoof: reject", "spoof: accept", "gate.senders.spoof", "reject", "accept"},
	{"60/1m", "60/2m", "gate.limits.connections-per-source", "60/60s", "60/120s"},
	{"sessions: 5000", "sessions: 5001", "gate.limits.sessions", "5000", "5001"},
};

static void assert_text(const json_t *object, const char *key, const char *wanted)
{
	const json_t *value = json_object_get(object, key);

	if (!wanted)
		assert_true(json_is_null(value));
	else
		assert_string_equal(json_string_value(value), wanted);
}

static void assert_tells(const struct change *change, const json_t *body)
{
	const json_t *settings = json_object_get(body, "settings");
	size_t i, found = 0;
	json_t *setting;

	print_message("%s\n", change->key);
	assert_true(json_is_true(json_object_get(body, "changed")));
	json_array_foreach (settings, i, setting) {
		const char *key = json_string_value(json_object_get(setting, "key"));

		/* Internal clients have the limits of all where they have none of their own. */
		if (strncmp(key, "gate.limits-internal.", 21) == 0)
			continue;
		assert_string_equal(key, change->key);
		assert_text(setting, "from", change->from);
		assert_text(setting, "to", change->to);
		found++;
	}
	assert_int_equal(found, 1);
}

static void test_changes(void **state)
{
	struct config *before = load(base);

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct config *after = load_changed(changes[i].old, changes[i].new);
		json_t *body = diff_report(before, after);

		assert_non_null(body);
		assert_tells(&changes[i], body);
		json_decref(body);
		config_free(&after);
	}
	config_free(&before);
}

static void test_no_change(void **state)
{
	struct config *a = load(base), *b = load(base);
	json_t *body = diff_report(a, b);

	(void)state;
	assert_true(json_is_false(json_object_get(body, "changed")));
	json_decref(body);
	config_free(&a);
	config_free(&b);
}

/* A gate that comes, or goes, is told with all that it has. */
static void test_whole_gate(void **state)
{
	static const char filter[] =
		"filter: {interfaces: [eth0], trusted: {a: {ranges: [10.0.0.0/8]}}}\n";
	SCOPED_FREE char *both = NULL;
	struct config *a, *b;
	json_t *body;

	(void)state;
	assert_true(asprintf(&both, "%s%s", filter, base) > 0);
	a = load(filter);
	b = load(both);
	body = diff_report(a, b);
	assert_text(json_array_get(json_object_get(body, "settings"), 0), "key", "gate.hostname");
	assert_text(json_array_get(json_object_get(body, "settings"), 0), "from", NULL);
	json_decref(body);
	body = diff_report(b, a);
	assert_text(json_array_get(json_object_get(body, "settings"), 0), "to", NULL);
	json_decref(body);
	config_free(&a);
	config_free(&b);
}

static char *many_members(unsigned int count, unsigned int odd)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	fputs("[", out);
	for (unsigned int i = 0; i < count; i++)
		fprintf(out, "u%u@example.com, ", i == odd ? 90000 : i);
	fputs("a@example.com]", out);
	fclose(out);
	return text;
}

/* One entry of very many counts, though they are not told one by one. */
static void test_long_lists(void **state)
{
	SCOPED_FREE char *first = many_members(1000, 1001), *second = many_members(1000, 500);
	struct config *a = load_changed("[a@example.com]", first);
	struct config *b = load_changed("[a@example.com]", second);
	json_t *body = diff_report(a, b), *setting;
	const char *from, *to;

	(void)state;
	assert_int_equal(json_array_size(json_object_get(body, "settings")), 1);
	setting = json_array_get(json_object_get(body, "settings"), 0);
	assert_text(setting, "key", "gate.groups.few");
	from = json_string_value(json_object_get(setting, "from"));
	to = json_string_value(json_object_get(setting, "to"));
	assert_memory_equal(from, "1001 entries (checksum ", 23);
	assert_memory_equal(to, "1001 entries (checksum ", 23);
	json_decref(body);
	config_free(&a);
	config_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_no_change),
		cmocka_unit_test(test_whole_gate),
		cmocka_unit_test(test_long_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
