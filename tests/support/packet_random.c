// SPDX-License-Identifier: GPL-2.0-only
#include "packet_random.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#define COUNT_OF(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))

struct text {
	char *at;
	size_t left;
};

uint64_t random_seed(void)
{
	const char *told = getenv("MXF_SEED");
	uint64_t seed = 0;

	if (told)
		seed = strtoull(told, NULL, 0);
	else if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		seed = 1;
	return seed ? seed : 1;
}

uint64_t random_next(struct random_source *source)
{
	uint64_t x = source->state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	source->state = x;
	return x * 0x2545f4914f6cdd1dULL;
}

uint32_t random_below(struct random_source *source, uint32_t bound)
{
	return (uint32_t)((random_next(source) >> 32) * bound >> 32);
}

static void __attribute__((format(printf, 2, 3))) add(struct text *text, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(text->at, text->left, format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= text->left) {
		text->at[0] = '\0';
		return;
	}
	text->at += length;
	text->left -= (size_t)length;
}

static void random_tags(struct random_source *source, struct text *text)
{
	uint32_t count = random_below(source, 3) ? 0 : random_below(source, 11);

	for (uint32_t i = 0; i < count; i++)
		add(text, random_below(source, 3) ? "q:%u " : "ad:%u ",
		    random_below(source, 8) ? 0 : random_below(source, 0x10000));
}

static void random_options(struct random_source *source, struct text *text)
{
	static const char *const options[] = {"nop",
					      "nop:3",
					      "eol",
					      "rr:1",
					      "rr:2",
					      "ts:2",
					      "lsrr",
					      "ssrr",
					      "lsrr-live",
					      "raw:94040000",
					      "raw:8204",
					      "nop",
					      "raw:1e06aabbccdd"};
	uint32_t count = random_below(source, 2) ? 0 : random_below(source, 4);

	for (uint32_t i = 0; i < count; i++)
		add(text, "%s ", options[random_below(source, COUNT_OF(options))]);
}

static void random_extensions(struct random_source *source, struct text *text)
{
	static const char *const extensions[] = {
		"dst:8",  "dst:16", "dst:24", "dst:264", "dst:1024",	 "rt:0",    "rt:4", "rt1:4",
		"frag",	  "frag",   "frag:6", "dst:8",	 "rt:2",	 "ah:16",   "mh:8", "hao",
		"dst:64", "cut",    "hip:8",  "rt1:0",	 "rt2:4 left:1", "dst:2048"};
	uint32_t count =
		random_below(source, 2) ? random_below(source, 4) : random_below(source, 11);

	if (!random_below(source, 3))
		add(text, "hop:%u ", 8 * (1 + random_below(source, 8)));
	for (uint32_t i = 0; i < count; i++)
		add(text, "%s ", extensions[random_below(source, COUNT_OF(extensions))]);
	if (!random_below(source, 6))
		add(text, "reserved:%u ", random_below(source, 256));
}

static void random_tcp(struct random_source *source, struct text *text)
{
	static const uint8_t flags[] = {0x02, 0x42, 0xc2, 0x0a, 0x22, 0x02, 0x12, 0x10, 0xea};

	add(text, "tcp flags:%u ", flags[random_below(source, COUNT_OF(flags))]);
	if (!random_below(source, 4))
		add(text, "bits:%u ", random_below(source, 16));
	if (!random_below(source, 3))
		add(text, "nop:%u ", 4 * random_below(source, 10));
	if (!random_below(source, 2))
		add(text, "data:%u ", random_below(source, 5) * random_below(source, 200));
}

static void random_lies(struct random_source *source, struct text *text)
{
	static const char *const lies[] = {"pad:46", "padraw:1234567850100000", "truncate:1",
					   "short:4"};

	if (!random_below(source, 4))
		add(text, "%s ", lies[random_below(source, COUNT_OF(lies))]);
}

static void random_fragments(struct random_source *source, struct text *text)
{
	static const char *const orders[] = {"10", "01", "210", "012", "120", "0012", "102"};

	if (random_below(source, 3))
		return;
	add(text, "split:%u ", 8 * (1 + random_below(source, 6)));
	if (random_below(source, 2))
		add(text, "rest:%u ", 8 * (1 + random_below(source, 40)));
	if (!random_below(source, 6))
		add(text, "overlap:8 ");
	if (!random_below(source, 3))
		add(text, "order:%s ", orders[random_below(source, COUNT_OF(orders))]);
}

void packet_random_recipe(struct random_source *source, char *recipe, size_t size)
{
	struct text text = {recipe, size};

	recipe[0] = '\0';
	random_tags(source, &text);
	if (random_below(source, 2)) {
		add(&text, "ip4 ");
		random_options(source, &text);
	} else {
		add(&text, "ip6 ");
		random_extensions(source, &text);
	}
	random_tcp(source, &text);
	random_lies(source, &text);
	random_fragments(source, &text);
}
