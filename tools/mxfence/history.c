// SPDX-License-Identifier: GPL-2.0-only
#include "history.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Rates by key, the oldest first: with this tick's, and as they were before it. */
struct history {
	json_t *now, *before;
};

struct history *history_new(void)
{
	struct history *history = calloc(1, sizeof(*history));

	if (history) {
		history->now = json_object();
		history->before = json_object();
	}
	return history;
}

void history_free(struct history **history)
{
	if (*history) {
		json_decref((*history)->now);
		json_decref((*history)->before);
	}
	free(*history);
	*history = NULL;
}

void history_begin(struct history *history)
{
	if (!history)
		return;
	json_decref(history->before);
	history->before = history->now;
	history->now = json_object();
}

void history_note(struct history *history, const char *key, double rate)
{
	json_t *rates = history ? json_copy(json_object_get(history->before, key)) : NULL;

	if (!history)
		return;
	if (!rates)
		rates = json_array();
	while (json_array_size(rates) >= HISTORY_TICKS)
		json_array_remove(rates, 0);
	json_array_append_new(rates, json_real(rate));
	json_object_set_new(history->now, key, rates);
}

#define LEVELS 8

static unsigned int level(double rate, double highest)
{
	if (rate <= 0)
		return 0;
	return 1 + (unsigned int)(rate / highest * (LEVELS - 2) + 0.5);
}

/* Of those from `first` on. */
static double highest_of(const json_t *rates, size_t first)
{
	double highest = 0;

	for (size_t i = first; i < json_array_size(rates); i++) {
		double rate = json_real_value(json_array_get(rates, i));

		highest = rate > highest ? rate : highest;
	}
	return highest;
}

void history_draw(const struct history *history, const char *key, size_t ticks, bool utf8,
		  char text[HISTORY_TEXT_MAX])
{
	static const char ascii[] = "_.:-=+*#";
	const json_t *rates = history ? json_object_get(history->now, key) : NULL;
	size_t count = json_array_size(rates), first = count > ticks ? count - ticks : 0;
	double highest = highest_of(rates, first);
	size_t used = ticks - (count - first);

	memset(text, ' ', used);
	for (size_t i = first; i < count; i++) {
		unsigned int height = level(json_real_value(json_array_get(rates, i)), highest);

		if (utf8) { /* U+2581 and the seven after it, an eighth higher each */
			memcpy(text + used, "\xe2\x96", 2);
			text[used + 2] = (char)(0x81 + height);
			used += 3;
		} else {
			text[used++] = ascii[height];
		}
	}
	text[used] = '\0';
}
