// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>

#include "facts.h"
#include "screen.h"
#include "views.h"

static bool is_true(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

static void copy_text(char *out, size_t size, const char *text)
{
	snprintf(out, size, "%s", text ? text : "");
}

static void read_interface(struct host_facts *facts, const json_t *interface)
{
	struct host_fence *fence = facts_grow(&facts->fences, &facts->fence_count, sizeof(*fence));
	const char *mode = view_text(interface, "mode");

	if (!fence)
		return;
	copy_text(fence->name, sizeof(fence->name), view_text(interface, "name"));
	copy_text(fence->now, sizeof(fence->now), view_text(interface, "now"));
	fence->attached = is_true(interface, "attached");
	fence->generic = mode && strcmp(mode, "generic") == 0;
	fence->frags = is_true(interface, "frags");
}

void facts_read_status(struct host_facts *facts, const json_t *status)
{
	const json_t *agent = json_object_get(status, "agent");
	const char *mode = view_text(status, "mode");
	size_t i;
	json_t *interface;

	facts->agent_running = is_true(agent, "running");
	facts->loaded = is_true(agent, "loaded");
	copy_text(facts->reload_error, sizeof(facts->reload_error),
		  view_text(agent, "reload_error"));
	facts->pinned = mode != NULL;
	facts->observe = mode && strcmp(mode, "observe") == 0;
	if (!screen_read_time(view_text(status, "published"), &facts->published))
		facts->published = 0;
	json_array_foreach (json_object_get(status, "interfaces"), i, interface)
		read_interface(facts, interface);
}
