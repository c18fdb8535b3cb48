// SPDX-License-Identifier: GPL-2.0-only
#include "tests/support/policy_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/range.h"

static void write_file(const struct policy_world *world, const struct world_file *file)
{
	char path[512];
	FILE *stream;

	snprintf(path, sizeof(path), "%s/%s", world->directory, file->name);
	stream = fopen(path, "w");
	assert_non_null(stream);
	fputs(file->text, stream);
	assert_int_equal(fclose(stream), 0);
}

void policy_world_make(struct policy_world *world, const char *yaml, const struct world_file *files)
{
	char path[128];

	*world = (struct policy_world){.directory = "/tmp/mxfence-policy-XXXXXX"};
	assert_non_null(mkdtemp(world->directory));
	for (; files && files->name; files++)
		write_file(world, files);
	snprintf(path, sizeof(path), "%s/mxfence.yaml", world->directory);
	assert_int_equal(config_load_text(path, yaml, strlen(yaml), &world->config, &world->diags),
			 0);
	assert_int_equal(policy_compile(world->config, &world->diags, &world->policy), 0);
}

const char *policy_world_line(const struct policy_world *world, struct place place,
			      char buffer[256])
{
	size_t size = 0;
	const char *line =
		place.line ? sources_line(&world->config->sources, place.file, place.line, &size)
			   : NULL;

	snprintf(buffer, 256, "%.*s", (int)size, line ? line : "");
	return buffer;
}

void policy_world_clear(struct policy_world *world)
{
	DIR *directory = opendir(world->directory);
	struct dirent *entry;

	while (directory && (entry = readdir(directory)))
		unlinkat(dirfd(directory), entry->d_name, 0);
	if (directory)
		closedir(directory);
	rmdir(world->directory);
	policy_free(&world->policy);
	config_free(&world->config);
	diags_clear(&world->diags);
}

static void read_ip(const char *text, const char *otherwise, struct ip *ip, uint8_t *family)
{
	const char *given = text ? text : otherwise;

	assert_int_equal(ip_parse(given, strlen(given), ip, family), RANGE_OK);
}

void policy_world_decide(const struct policy_world *world, const struct policy_facts *facts,
			 struct policy_decision *decision, struct policy_step *steps,
			 size_t *step_count)
{
	struct policy_session session = {
		.listener = &world->config->gate.listeners[facts->listener],
		.tls = facts->tls,
		.login = facts->login,
	};
	struct policy_client client;
	struct mailbox sender;

	read_ip(facts->client, "203.0.113.9", &session.client, &session.client_family);
	read_ip(facts->local, "192.0.2.1", &session.local, &session.local_family);
	mailbox_clear(&sender);
	if (*facts->from)
		assert_int_equal(mailbox_parse(facts->from, strlen(facts->from), true, &sender),
				 MAILBOX_OK);
	policy_client_make(world->policy, &session, &client);
	policy_decide(world->policy, &session, &client, &sender, facts->to, strlen(facts->to),
		      !facts->ascii, decision, steps, step_count);
}
