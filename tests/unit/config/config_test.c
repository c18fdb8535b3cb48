// SPDX-License-Identifier: GPL-2.0-only
/* What a configuration becomes. Its messages are golden files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/config.h"
#include "config/schema.h"
#include "core/file.h"
#include "core/range.h"
#include "fence/lint.h"
#include "service/check.h"

struct fixture {
	char directory[64];
	struct config *config;
	struct diags diags;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture)
		return -1;
	strcpy(fixture->directory, "/tmp/mxfence-config-XXXXXX");
	*state = fixture;
	return mkdtemp(fixture->directory) ? 0 : -1;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	int error = nftw(fixture->directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);

	config_free(&fixture->config);
	diags_clear(&fixture->diags);
	free(fixture);
	return error;
}

static void write_file(struct fixture *fixture, const char *name, const char *text)
{
	char path[256];
	char *slash;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", fixture->directory, name);
	slash = strrchr(path, '/');
	*slash = '\0';
	mkdir(path, 0700);
	*slash = '/';
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* Loads mxfence.yaml anew. */
static struct config *load(struct fixture *fixture)
{
	struct policy *policy;
	char path[128];

	config_free(&fixture->config);
	diags_clear(&fixture->diags);
	snprintf(path, sizeof(path), "%s/mxfence.yaml", fixture->directory);
	assert_int_equal(check_configuration(path, &fixture->config, &policy, &fixture->diags), 0);
	policy_free(&policy);
	return fixture->config;
}

static struct config *load_valid(struct fixture *fixture, const char *text)
{
	write_file(fixture, "mxfence.yaml", text);
	load(fixture);
	if (fixture->diags.count > 0)
		fail_msg("%s", fixture->diags.items[0].message);
	return fixture->config;
}

static void assert_range(const struct range *range, const char *expected)
{
	char text[RANGE_TEXT_MAX];

	range_format(range, text);
	assert_string_equal(text, expected);
}

static void test_defaults(void **state)
{
	const struct config *config =
		load_valid(*state, "filter:\n"
				   "  interfaces: [eth0]\n"
				   "  trusted: {a: {ranges: [10.0.0.0/8]}}\n");
	const struct filter_config *filter = &config->filter;

	assert_true(config->has_filter);
	assert_int_equal(filter->place.line, 1);
	assert_int_equal(filter->interface_count, 1);
	assert_string_equal(filter->interfaces[0].name, "eth0");
	assert_int_equal(filter->attach, MXF_ATTACH_NATIVE);
	assert_int_equal(filter->closed_port_count, 1);
	assert_int_equal(filter->closed_ports[0], 25);
	assert_int_equal(filter->open_port_count, 0);
	assert_int_equal(filter->destination_count, 0);
	assert_int_equal(filter->mode, FILTER_ENFORCE);
	assert_int_equal(filter->answer, FILTER_SILENT);
	assert_true(filter->strict);
	assert_int_equal(filter->on_stop, FILTER_KEEP);
	assert_false(config->metrics.enabled);
	assert_int_equal(config->log.target, LOG_AUTO);
	assert_int_equal(config->log.level, LOG_LEVEL_INFO);
}

static void test_every_field(void **state)
{
	const struct config *config = load_valid(*state, "filter:\n"
							 "  interfaces: [eth0, 'eth1']\n"
							 "  attach: generic\n"
							 "  closed-ports: [2525, 25]\n"
							 "  open-ports: [587, 465]\n"
							 "  mode: observe\n"
							 "  answer: reset\n"
							 "  strict: no\n"
							 "  on-stop: detach\n"
							 "  trusted: {a: {ranges: [10.0.0.0/8]}}\n"
							 "  denied: {b: {ranges: [10.1.0.0/16]}}\n"
							 "metrics: {listen: '[::1]:9825'}\n"
							 "log: {to: stderr, level: debug}\n");
	const struct filter_config *filter = &config->filter;

	assert_int_equal(filter->interface_count, 2);
	assert_string_equal(filter->interfaces[1].name, "eth1");
	assert_int_equal(filter->attach, MXF_ATTACH_GENERIC);
	assert_int_equal(filter->closed_port_count, 2);
	assert_int_equal(filter->closed_ports[0], 25);
	assert_int_equal(filter->closed_ports[1], 2525);
	assert_int_equal(filter->open_port_count, 2);
	assert_int_equal(filter->open_ports[0], 465);
	assert_int_equal(filter->open_ports[1], 587);
	assert_int_equal(filter->mode, FILTER_OBSERVE);
	assert_int_equal(filter->answer, FILTER_RESET);
	assert_false(filter->strict);
	assert_int_equal(filter->on_stop, FILTER_DETACH);
	assert_int_equal(filter->list_count, 2);
	assert_int_equal(filter->lists[0].action, LIST_TRUSTED);
	assert_int_equal(filter->lists[1].action, LIST_DENIED);
	assert_ptr_equal(config_find_list(config, "b"), &filter->lists[1]);
	assert_null(config_find_list(config, "c"));
	assert_true(config->metrics.enabled);
	assert_string_equal(config->metrics.address, "::1");
	assert_int_equal(config->metrics.port, 9825);
	assert_int_equal(config->log.target, LOG_STDERR);
	assert_int_equal(config->log.level, LOG_LEVEL_DEBUG);
}

static void test_no_closed_port_when_open_ports_are_given(void **state)
{
	const struct config *config = load_valid(*state, "filter:\n"
							 "  interfaces: [eth0]\n"
							 "  open-ports: [465]\n");

	assert_int_equal(config->filter.closed_port_count, 0);
	assert_int_equal(config->filter.open_port_count, 1);
}

/* Each range knows where it is written, in whatever file. */
static void test_places(void **state)
{
	struct fixture *fixture = *state;
	const struct range_list *list;

	write_file(fixture, "lists/a.cidr", "# comment\n\n  192.0.2.0/24 # x\n2001:db8::/32");
	load_valid(fixture,
		   "filter:\n"
		   "  interfaces: [eth0]\n"
		   "  trusted:\n"
		   "    a: {files: [lists/a.cidr], ranges: [198.51.100.1, '10.0.0.0/8']}\n");
	list = config_find_list(fixture->config, "a");
	assert_non_null(list);
	assert_int_equal(list->place.line, 4);
	assert_int_equal(list->place.column, 5);
	assert_false(list->from_directory);
	assert_int_equal(list->count, 4);
	assert_range(&list->ranges[0], "192.0.2.0/24");
	assert_int_equal(list->ranges[0].line, 3);
	assert_int_equal(list->ranges[0].column, 3);
	assert_non_null(strstr(sources_name(&fixture->config->sources, list->ranges[0].file),
			       "/lists/a.cidr"));
	assert_range(&list->ranges[1], "2001:db8::/32");
	assert_int_equal(list->ranges[1].line, 4);
	assert_range(&list->ranges[2], "198.51.100.1");
	assert_int_equal(list->ranges[2].file, 0);
	assert_int_equal(list->ranges[2].line, 4);
	assert_int_equal(list->ranges[2].column, 41);
	assert_int_equal(list->ranges[3].column, 55);
}

static void test_destinations_are_merged(void **state)
{
	const struct config *config =
		load_valid(*state, "filter:\n"
				   "  interfaces: [eth0]\n"
				   "  destinations:\n"
				   "  - 192.0.2.4/30\n"
				   "  - 2001:db8::1\n"
				   "  - 192.0.2.0/30\n"
				   "  - 192.0.2.1\n"
				   "  - 192.0.2.9\n"
				   "  - 255.255.255.255\n"
				   "  - 255.255.255.255\n"
				   "  - '::'\n"
				   "  trusted: {a: {ranges: [10.0.0.0/8]}}\n");
	static const char *const expected[] = {"192.0.2.0/29", "192.0.2.9", "255.255.255.255",
					       "::", "2001:db8::1"};

	assert_int_equal(config->filter.destination_count, 5);
	for (size_t i = 0; i < 5; i++)
		assert_range(&config->filter.destinations[i], expected[i]);
}

static void test_trusted_directory(void **state)
{
	struct fixture *fixture = *state;
	const struct config *config;

	write_file(fixture, "trusted.d/zeta.cidr", "192.0.2.0/24\n");
	write_file(fixture, "trusted.d/cli.cidr", "; nothing yet\n");
	write_file(fixture, "trusted.d/.hidden.cidr", "nonsense\n");
	write_file(fixture, "trusted.d/cli.cidr.new", "nonsense\n");
	config = load_valid(fixture, "filter:\n"
				     "  interfaces: [eth0]\n"
				     "  trusted: {a: {ranges: [10.0.0.0/8]}}\n");
	assert_int_equal(config->filter.list_count, 3);
	assert_string_equal(config->filter.lists[1].name, "cli");
	assert_int_equal(config->filter.lists[1].count, 0);
	assert_string_equal(config->filter.lists[2].name, "zeta");
	assert_true(config->filter.lists[2].from_directory);
	assert_int_equal(config->filter.lists[2].action, LIST_TRUSTED);
	assert_int_equal(config->filter.lists[2].place.line, 1);
	assert_int_equal(config->filter.lists[2].count, 1);
	assert_memory_equal(config->trusted_directory, fixture->directory,
			    strlen(fixture->directory));
}

/* A list with a source has its ranges in the file of that name, which is no list of its own. */
static void test_list_sources(void **state)
{
	struct fixture *fixture = *state;
	const struct config *config;
	const struct range_list *lists;
	char path[128];

	write_file(fixture, "trusted.d/a.cidr", "192.0.2.0/24\n");
	write_file(fixture, "trusted.d/b.cidr", "192.0.3.0/24\n");
	write_file(fixture, "trusted.d/c.cidr", "192.0.4.0/24\n");
	write_file(fixture, "conf.d/c.yaml",
		   "filter: {trusted: {c: {source: 'exec:bin/get a  b', refresh: 2d}}}\n");
	config = load_valid(fixture, "include: [conf.d/c.yaml]\n"
				     "filter:\n"
				     "  interfaces: [eth0]\n"
				     "  trusted:\n"
				     "    a: {source: 'spf:a.example', ranges: [10.0.0.0/8]}\n"
				     "    b: {source: 'exec:get', refresh: 5m}\n");
	lists = config->filter.lists;
	assert_int_equal(config->filter.list_count, 3);
	assert_int_equal(lists[0].source.kind, SOURCE_SPF);
	assert_string_equal(lists[0].source.target, "a.example");
	assert_string_equal(lists[0].source.text, "spf:a.example");
	assert_int_equal(lists[0].source.refresh, 6 * 3600);
	assert_int_equal(lists[0].count, 2);
	assert_range(&lists[0].ranges[1], "192.0.2.0/24");
	assert_false(lists[0].from_directory);
	snprintf(path, sizeof(path), "%s/trusted.d/a.cidr", fixture->directory);
	assert_string_equal(lists[0].source.path, path);
	assert_string_equal(lists[1].source.target, "get");
	assert_string_equal(lists[1].source.arguments, "");
	assert_int_equal(lists[1].source.refresh, 300);
	snprintf(path, sizeof(path), "%s/conf.d/bin/get", fixture->directory);
	assert_string_equal(lists[2].source.target, path);
	assert_string_equal(lists[2].source.arguments, " a  b");
	assert_int_equal(lists[2].source.refresh, 2 * 86400);
	assert_int_equal(lists[2].count, 1);
}

static void test_filter_alone(void **state)
{
	struct fixture *fixture = *state;
	char path[128];

	write_file(fixture, "mxfence.yaml",
		   "filter: {interfaces: [eth0], trusted: {a: {ranges: [10.0.0.0/8]}}}\n"
		   "gate: {tls: {certificate: secret.pem}, auth: {source: file, file: secret}}\n");
	load(fixture);
	assert_int_not_equal(fixture->diags.errors, 0);
	config_free(&fixture->config);
	diags_clear(&fixture->diags);
	snprintf(path, sizeof(path), "%s/mxfence.yaml", fixture->directory);
	assert_int_equal(config_load_filter(path, &fixture->config, &fixture->diags), 0);
	assert_int_equal(fixture->diags.count, 0);
	assert_false(fixture->config->has_gate);
	assert_int_equal(fixture->config->filter.list_count, 1);
}

static void test_includes_are_relative_to_their_file(void **state)
{
	struct fixture *fixture = *state;
	const struct config *config;

	write_file(fixture, "conf.d/b.yaml", "filter: {trusted: {b: {files: [b.cidr]}}}\n");
	write_file(fixture, "conf.d/b.cidr", "192.0.2.0/24\n");
	write_file(fixture, "conf.d/a.yaml", "include: [deeper/*.yaml]\n");
	write_file(fixture, "conf.d/deeper/c.yaml", "filter: {mode: observe}\n");
	config = load_valid(fixture, "include: ['conf.d/*.yaml']\n"
				     "filter: {interfaces: [eth0]}\n");
	assert_int_equal(config->filter.mode, FILTER_OBSERVE);
	assert_int_equal(config->filter.list_count, 1);
	assert_int_equal(config->filter.lists[0].count, 1);
	assert_int_equal(config->sources.count, 5);
}

/* The directory's name is not a pattern, whatever it looks like. */
static void test_include_in_a_strange_directory(void **state)
{
	struct fixture *fixture = *state;
	struct config *config = NULL;
	struct diags diags = {0};
	char path[128];

	write_file(fixture, "[x]*/mxfence.yaml",
		   "include: ['*.yml']\n"
		   "filter: {interfaces: [eth0]}\n");
	write_file(fixture, "[x]*/a.yml", "filter: {mode: observe}\n");
	snprintf(path, sizeof(path), "%s/[x]*/mxfence.yaml", fixture->directory);
	assert_int_equal(config_load(path, &config, &diags), 0);
	assert_int_equal(diags.count, 0);
	assert_int_equal(config->filter.mode, FILTER_OBSERVE);
	config_free(&config);
}

static void test_include_depth(void **state)
{
	struct fixture *fixture = *state;

	write_file(fixture, "mxfence.yaml", "include: [1.yaml]\n");
	for (int i = 1; i < 12; i++) {
		char name[16];
		char text[64];

		snprintf(name, sizeof(name), "%d.yaml", i);
		snprintf(text, sizeof(text), "include: [%d.yaml]\n", i + 1);
		write_file(fixture, name, text);
	}
	load(fixture);
	assert_int_equal(fixture->diags.errors, 1);
	assert_non_null(strstr(fixture->diags.items[0].message, "more than 8 deep"));
}

static void test_hash(void **state)
{
	static const char text[] = "filter:\n"
				   "  interfaces: [eth0]\n"
				   "  trusted: {a: {files: [a.cidr]}}\n";
	struct fixture *fixture = *state;
	uint64_t hash;

	write_file(fixture, "a.cidr", "192.0.2.0/24\n");
	hash = load_valid(fixture, text)->hash;
	assert_true(load_valid(fixture, text)->hash == hash);
	write_file(fixture, "a.cidr", "192.0.2.0/25\n");
	assert_true(load_valid(fixture, text)->hash != hash);
	write_file(fixture, "a.cidr", "192.0.2.0/24\n");
	write_file(fixture, "trusted.d/b.cidr", "");
	assert_true(load_valid(fixture, text)->hash != hash);
}

static void test_missing_file(void **state)
{
	struct fixture *fixture = *state;

	load(fixture);
	assert_int_equal(fixture->diags.errors, 1);
	assert_int_equal(fixture->diags.count, 1);
	assert_int_equal(fixture->diags.items[0].place.line, 1);
	assert_int_equal(fixture->diags.items[0].place.column, 1);
	assert_non_null(strstr(fixture->diags.items[0].message, "No such file"));
}

static void test_file_too_large(void **state)
{
	struct fixture *fixture = *state;
	char path[128];

	write_file(fixture, "mxfence.yaml", "filter: {}\n");
	snprintf(path, sizeof(path), "%s/mxfence.yaml", fixture->directory);
	assert_int_equal(truncate(path, FILE_SIZE_MAX + 1), 0);
	load(fixture);
	assert_int_equal(fixture->diags.errors, 1);
	assert_non_null(strstr(fixture->diags.items[0].message, "16 MiB"));
}

/* Every name that is cut short is still a configuration without a crash. */
static void test_truncations(void **state)
{
	static const char text[] = "filter: &a\n"
				   "  interfaces: [eth0, \"\\u00e9\"]\n"
				   "  closed-ports: [25]\n"
				   "  trusted:\n"
				   "    b\xc3\xbc: {ranges: [\"10.0.0.0 255.0.0.0\", 10.1.1.1]}\n"
				   "? [x]\n"
				   ": *a\n"
				   "---\n"
				   "metrics: !!x {listen: '127.0.0.1:1'}\n";

	(void)state;
	for (size_t size = 0; size < sizeof(text); size++) {
		struct config *config = NULL;
		struct diags diags = {0};

		assert_int_equal(
			config_load_text("/nowhere/mxfence.yaml", text, size, &config, &diags), 0);
		assert_int_equal(lint_filter(config, &diags), 0);
		config_free(&config);
		diags_clear(&diags);
	}
}

/* Rows that the manual and the reader need are complete, and no key stands twice. */
static void test_schema(void **state)
{
	size_t count;
	const struct schema_key *schema = config_schema(&count);

	(void)state;
	assert_true(count > 10);
	for (size_t i = 0; i < count; i++) {
		/* That of a listener's auth depends on its role. */
		bool preset_is_a_choice =
			schema[i].choices == NULL || strcmp(schema[i].group, "listener") == 0;

		for (size_t j = 0; j < i; j++)
			assert_false(strcmp(schema[i].group, schema[j].group) == 0 &&
				     strcmp(schema[i].name, schema[j].name) == 0);
		assert_true(schema[i].summary == NULL || schema[i].read != NULL);
		assert_true((schema[i].value != NULL) != (schema[i].choices != NULL));
		for (const struct schema_choice *choice = schema[i].choices; choice && choice->word;
		     choice++)
			preset_is_a_choice |= strcmp(choice->word, schema[i].preset) == 0;
		assert_true(preset_is_a_choice);
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_defaults),
		TEST(test_every_field),
		TEST(test_no_closed_port_when_open_ports_are_given),
		TEST(test_places),
		TEST(test_destinations_are_merged),
		TEST(test_trusted_directory),
		TEST(test_list_sources),
		TEST(test_filter_alone),
		TEST(test_includes_are_relative_to_their_file),
		TEST(test_include_in_a_strange_directory),
		TEST(test_include_depth),
		TEST(test_hash),
		TEST(test_missing_file),
		TEST(test_file_too_large),
		cmocka_unit_test(test_truncations),
		cmocka_unit_test(test_schema),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
