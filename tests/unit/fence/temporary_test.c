// SPDX-License-Identifier: GPL-2.0-only
/* Keys of temporary entries, and which ranges can be one. What the kernel makes of them is tested
 * in tests/bpf/state_test.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/range.h"
#include "fence/temporary.h"

static struct range range_read(const char *text)
{
	struct range range = {.line = 0};

	assert_int_equal(range_parse(text, strlen(text), &range), RANGE_OK);
	return range;
}

static void prefixes_of_every_length(void **state)
{
	static const unsigned int longest[] = {32, 128};

	(void)state;
	for (size_t i = 0; i < 2; i++)
		for (unsigned int length = 0; length <= longest[i]; length++) {
			struct temporary_entry entry = {.expires = 1};
			struct trouble trouble;
			struct range range;
			char text[64];

			snprintf(text, sizeof(text), "%s/%u", i ? "::" : "0.0.0.0", length);
			range = range_read(text);
			assert_int_equal(
				temporary_entry_init(MXF_TEMPORARY_BAN, &range, &entry, &trouble),
				0);
			assert_int_equal(entry.length, length);
		}
}

static void intervals_are_refused_by_their_parts(void **state)
{
	static const struct {
		const char *text;
		const char *parts;
	} cases[] = {
		{"192.0.2.5-192.0.2.9", "is 192.0.2.5, 192.0.2.6/31, 192.0.2.8/31"},
		{"192.0.2.1-192.0.2.254",
		 "is 192.0.2.1, 192.0.2.2/31, 192.0.2.4/30, 192.0.2.8/29 and more"},
		{"0.0.0.0-255.255.255.254",
		 "is 0.0.0.0/1, 128.0.0.0/2, 192.0.0.0/3, 224.0.0.0/4 and more"},
		{"255.255.255.253-255.255.255.255", "is 255.255.255.253, 255.255.255.254/31"},
		{"2001:db8::1-2001:db8::2", "is 2001:db8::1, 2001:db8::2"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct range range = range_read(cases[i].text);
		struct temporary_entry entry;
		struct trouble trouble;

		assert_int_equal(temporary_entry_init(MXF_TEMPORARY_BAN, &range, &entry, &trouble),
				 -EINVAL);
		assert_non_null(strstr(trouble.text, cases[i].parts));
	}
}

static void masks(void **state)
{
	static const struct {
		unsigned int length;
		uint64_t high, low;
	} cases[] = {
		{0, 0, 0},	     {1, 1ull << 63, 0},      {63, ~1ull, 0},
		{64, ~0ull, 0},	     {65, ~0ull, 1ull << 63}, {127, ~0ull, ~1ull},
		{128, ~0ull, ~0ull},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mxf_temporary_key key = {
			.high = ~0ull, .low = ~0ull, .length = (uint8_t)cases[i].length};

		mxf_temporary_mask(&key);
		assert_int_equal(key.high, cases[i].high);
		assert_int_equal(key.low, cases[i].low);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefixes_of_every_length),
		cmocka_unit_test(intervals_are_refused_by_their_parts),
		cmocka_unit_test(masks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
