// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>

#include "core/scoped.h"
#include "views.h"

static void print_settings(const struct screen *screen, const json_t *settings)
{
	size_t i;
	json_t *setting;

	json_array_foreach (settings, i, setting) {
		SCOPED_FREE char *key = screen_escape(view_text(setting, "key"));
		SCOPED_FREE char *from = screen_escape(view_text(setting, "from"));
		SCOPED_FREE char *to = screen_escape(view_text(setting, "to"));

		fprintf(screen->out, "  %s: %s -> %s\n", key ? key : "?",
			from && *from ? from : "none", to && *to ? to : "none");
	}
}

/* One line an entry of an array of texts: "+ WHAT TEXT". */
static void print_entries(const struct screen *screen, char sign, const char *what,
			  const json_t *entries)
{
	enum screen_style style = sign == '+' ? STYLE_GOOD : STYLE_BAD;
	size_t i;
	json_t *entry;

	json_array_foreach (entries, i, entry) {
		SCOPED_FREE char *text = screen_escape(json_string_value(entry));

		screen_print(screen, style, "%c %s %s", sign, what, text ? text : "?");
		fputs("\n", screen->out);
	}
}

static void print_list_side(const struct screen *screen, char sign, const char *what,
			    const json_t *entries, uint64_t count)
{
	size_t listed = json_array_size(entries);

	print_entries(screen, sign, what, entries);
	if (count > listed)
		fprintf(screen->out, "%c %s: %" PRIu64 " more\n", sign, what, count - listed);
}

static void print_list(const struct screen *screen, const json_t *list)
{
	SCOPED_FREE char *name = screen_escape(view_text(list, "name"));
	SCOPED_FREE char *action = screen_escape(view_text(list, "action"));
	uint64_t added = view_number(list, "added_count");
	uint64_t removed = view_number(list, "removed_count");
	SCOPED_FREE char *what = NULL;

	if (asprintf(&what, "%s %s", action ? action : "?", name ? name : "?") < 0) {
		what = NULL;
		return;
	}
	if (!added && !removed)
		fprintf(screen->out, "  %s: an empty list comes or goes\n", what);
	print_list_side(screen, '-', what, json_object_get(list, "removed"), removed);
	print_list_side(screen, '+', what, json_object_get(list, "added"), added);
}

void view_diff(const struct screen *screen, const struct view *view)
{
	const json_t *interfaces = json_object_get(view->body, "interfaces");
	size_t i;
	json_t *list;

	if (json_is_false(json_object_get(view->body, "changed")))
		fputs("Nothing would change.\n", screen->out);
	print_settings(screen, json_object_get(view->body, "settings"));
	print_entries(screen, '-', "interface", json_object_get(interfaces, "removed"));
	print_entries(screen, '+', "interface", json_object_get(interfaces, "added"));
	json_array_foreach (json_object_get(view->body, "lists"), i, list)
		print_list(screen, list);
}
