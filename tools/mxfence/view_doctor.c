// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <string.h>

#include "core/scoped.h"
#include "views.h"

static void print_text(const struct screen *screen, const char *label, const char *text)
{
	SCOPED_FREE char *escaped = screen_escape(text);

	fprintf(screen->out, "  %s%s\n", label, escaped ? escaped : "-");
}

/* "error: eth1: mail can arrive on it ... (open-interface)", then why and what mends it. */
static void print_finding(const struct screen *screen, const json_t *finding)
{
	SCOPED_FREE char *severity = screen_escape(view_text(finding, "severity"));
	SCOPED_FREE char *what = screen_escape(view_text(finding, "what"));
	SCOPED_FREE char *check = screen_escape(view_text(finding, "check"));
	bool is_error = severity && strcmp(severity, "error") == 0;

	screen_print(screen, is_error ? STYLE_BAD : STYLE_WARNING,
		     "%s:", severity ? severity : "?");
	fprintf(screen->out, " %s", what ? what : "?");
	screen_print(screen, STYLE_FAINT, " (%s)", check ? check : "?");
	fputs("\n", screen->out);
	print_text(screen, "", view_text(finding, "why"));
	print_text(screen, "mend: ", view_text(finding, "mend"));
}

static bool has_reason(const json_t *entry, const char *why)
{
	const char *own = view_text(entry, "why");

	return own && strcmp(own, why) == 0;
}

/* True when an earlier check is skipped for the same reason. */
static bool is_told(const json_t *skipped, size_t before, const char *why)
{
	for (size_t i = 0; i < before; i++)
		if (has_reason(json_array_get(skipped, i), why))
			return true;
	return false;
}

/* All checks that are skipped for one reason, in one line. */
static void print_skipped(const struct screen *screen, const json_t *skipped, const char *why)
{
	SCOPED_FREE char *reason = screen_escape(why);
	const char *separator = "";
	size_t i;
	json_t *entry;

	fprintf(screen->out, "skipped (%s): ", reason ? reason : "?");
	json_array_foreach (skipped, i, entry) {
		SCOPED_FREE char *check = screen_escape(view_text(entry, "check"));

		if (!has_reason(entry, why))
			continue;
		fprintf(screen->out, "%s%s", separator, check ? check : "?");
		separator = ", ";
	}
	fputs("\n", screen->out);
}

static void print_all_skipped(const struct screen *screen, const json_t *skipped)
{
	for (size_t i = 0; i < json_array_size(skipped); i++) {
		const char *why = view_text(json_array_get(skipped, i), "why");

		if (why && !is_told(skipped, i, why))
			print_skipped(screen, skipped, why);
	}
}

void view_doctor(const struct screen *screen, const struct view *view)
{
	const json_t *findings = json_object_get(view->body, "findings");
	const json_t *skipped = json_object_get(view->body, "skipped");
	size_t count = json_array_size(findings);
	size_t i;
	json_t *entry;

	json_array_foreach (findings, i, entry)
		print_finding(screen, entry);
	print_all_skipped(screen, skipped);
	if (count == 0)
		screen_print(screen, STYLE_GOOD, "nothing found");
	else
		screen_print(screen, STYLE_BOLD, "%zu finding%s", count, count == 1 ? "" : "s");
	fprintf(screen->out, "; %" PRIu64 " checks", view_number(view->body, "checks"));
	if (json_array_size(skipped))
		fprintf(screen->out, ", %zu skipped", json_array_size(skipped));
	fputs("\n", screen->out);
}
