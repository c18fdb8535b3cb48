// SPDX-License-Identifier: GPL-2.0-only
/* Range text: every form that is accepted, every one that is refused, and the way back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/range.h"

struct accepted {
	const char *text;
	const char *canonical;
	enum range_error error; /* RANGE_OK or RANGE_HOST_BITS */
};

static const struct accepted accepted_cases[] = {
	{"192.0.2.7", "192.0.2.7", RANGE_OK},
	{"0.0.0.0", "0.0.0.0", RANGE_OK},
	{"255.255.255.255", "255.255.255.255", RANGE_OK},
	{"192.0.2.0/24", "192.0.2.0/24", RANGE_OK},
	{"192.0.2.7/32", "192.0.2.7", RANGE_OK},
	{"0.0.0.0/0", "0.0.0.0/0", RANGE_OK},
	{"128.0.0.0/1", "128.0.0.0/1", RANGE_OK},
	{"192.0.2.7/24", "192.0.2.0/24", RANGE_HOST_BITS},
	{"1.2.3.4/0", "0.0.0.0/0", RANGE_HOST_BITS},
	{"192.0.2.0/255.255.255.0", "192.0.2.0/24", RANGE_OK},
	{"192.0.2.0 255.255.255.0", "192.0.2.0/24", RANGE_OK},
	{"192.0.2.0\t 255.255.255.0", "192.0.2.0/24", RANGE_OK},
	{"192.0.2.9/255.255.255.0", "192.0.2.0/24", RANGE_HOST_BITS},
	{"192.0.2.9 255.255.255.255", "192.0.2.9", RANGE_OK},
	{"0.0.0.0/0.0.0.0", "0.0.0.0/0", RANGE_OK},
	{"IP=192.0.2.0, MASK=255.255.255.0", "192.0.2.0/24", RANGE_OK},
	{"ip=192.0.2.0,mask=255.255.255.0", "192.0.2.0/24", RANGE_OK},
	{"Ip = 192.0.2.0 , Mask = 255.255.255.0", "192.0.2.0/24", RANGE_OK},
	{"IP=192.0.2.1, MASK=255.255.255.0", "192.0.2.0/24", RANGE_HOST_BITS},
	{"IP=2001:db8::, MASK=ffff:ffff::", "2001:db8::/32", RANGE_OK},
	{"192.0.2.10-192.0.2.20", "192.0.2.10-192.0.2.20", RANGE_OK},
	{"192.0.2.10 - 192.0.2.20", "192.0.2.10-192.0.2.20", RANGE_OK},
	{"192.0.2.0-192.0.2.255", "192.0.2.0/24", RANGE_OK},
	{"192.0.2.1-192.0.2.2", "192.0.2.1-192.0.2.2", RANGE_OK},
	{"192.0.2.7-192.0.2.7", "192.0.2.7", RANGE_OK},
	{"0.0.0.0-255.255.255.255", "0.0.0.0/0", RANGE_OK},
	{"  192.0.2.7\t ", "192.0.2.7", RANGE_OK},
	{"2001:db8:1::/48", "2001:db8:1::/48", RANGE_OK},
	{"2001:DB8:0001::/48", "2001:db8:1::/48", RANGE_OK},
	{"2001:db8::1", "2001:db8::1", RANGE_OK},
	{"2001:db8::1/128", "2001:db8::1", RANGE_OK},
	{"2001:db8::1/64", "2001:db8::/64", RANGE_HOST_BITS},
	{"2001:db8::/ffff:ffff::", "2001:db8::/32", RANGE_OK},
	{"2001:db8:: ffff:ffff::", "2001:db8::/32", RANGE_OK},
	{"2001:db8::-2001:db8::ffff", "2001:db8::/112", RANGE_OK},
	{"2001:db8::1-2001:db8::5", "2001:db8::1-2001:db8::5", RANGE_OK},
	{"::", "::", RANGE_OK},
	{"::1", "::1", RANGE_OK},
	{"1::", "1::", RANGE_OK},
	{"::/0", "::/0", RANGE_OK},
	{"::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::/0", RANGE_OK},
	{"8000::/1", "8000::/1", RANGE_OK},
	{"2001:db8:0:0:1::/65", "2001:db8::/65", RANGE_HOST_BITS},
	{"2001:db8:0:0:8000::/65", "2001:db8:0:0:8000::/65", RANGE_OK},
	{"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8", RANGE_OK},
	{"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0", RANGE_OK},
	{"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8", RANGE_OK},
	{"1:0:0:2:0:0:0:3", "1:0:0:2::3", RANGE_OK},
	{"1:0:0:2:3:0:0:4", "1::2:3:0:0:4", RANGE_OK},
	{"1:0:2:0:3:0:4:0", "1:0:2:0:3:0:4:0", RANGE_OK},
	{"64:ff9b::192.0.2.33", "64:ff9b::c000:221", RANGE_OK},
	{"1:2:3:4:5:6:192.0.2.33", "1:2:3:4:5:6:c000:221", RANGE_OK},
	{"::192.0.2.33", "::c000:221", RANGE_OK},
	{"::fffe:192.0.2.33", "::fffe:c000:221", RANGE_OK},
	{"::ffff:0:192.0.2.33", "::ffff:0:c000:221", RANGE_OK},
};

struct refused {
	const char *text;
	enum range_error error;
};

static const struct refused refused_cases[] = {
	{"", RANGE_EMPTY},
	{" \t", RANGE_EMPTY},
	{"eth0", RANGE_NOT_ADDRESS},
	{"mail.example.com", RANGE_NOT_ADDRESS},
	{"-", RANGE_NOT_ADDRESS},
	{"/24", RANGE_NOT_ADDRESS},
	{"3221225985", RANGE_NOT_ADDRESS},
	{"300.1.1.0/24", RANGE_NOT_IPV4},
	{"256.0.0.1", RANGE_NOT_IPV4},
	{"1.2.3", RANGE_NOT_IPV4},
	{"1.2.3.4.5", RANGE_NOT_IPV4},
	{"1.2.3.", RANGE_NOT_IPV4},
	{"1..2.3", RANGE_NOT_IPV4},
	{"1.2.3.1000", RANGE_NOT_IPV4},
	{"1.2.3.4x", RANGE_NOT_IPV4},
	{"1.2.3.4:25", RANGE_NOT_IPV4},
	{"0x1.2.3.4", RANGE_NOT_IPV4},
	{"1.2.3.-4", RANGE_NOT_IPV4},
	{"010.1.1.1", RANGE_LEADING_ZERO},
	{"1.1.1.00", RANGE_LEADING_ZERO},
	{"1.2.3.4/255.255.255.000", RANGE_LEADING_ZERO},
	{"::192.0.02.1", RANGE_LEADING_ZERO},
	{":", RANGE_NOT_IPV6},
	{":::", RANGE_NOT_IPV6},
	{":1", RANGE_NOT_IPV6},
	{"1:", RANGE_NOT_IPV6},
	{"1::2::3", RANGE_NOT_IPV6},
	{"1:2:3:4:5:6:7", RANGE_NOT_IPV6},
	{"1:2:3:4:5:6:7:8:9", RANGE_NOT_IPV6},
	{"1:2:3:4::5:6:7:8", RANGE_NOT_IPV6},
	{"::1:2:3:4:5:6:7:8", RANGE_NOT_IPV6},
	{"12345::", RANGE_NOT_IPV6},
	{"2001:db8::g", RANGE_NOT_IPV6},
	{"1:2:3:4:5:6:7:1.2.3.4", RANGE_NOT_IPV6},
	{"::1.2.3", RANGE_NOT_IPV6},
	{"::1.2.3.256", RANGE_NOT_IPV6},
	{"1.2.3.4::", RANGE_NOT_IPV4},
	{"[::1]", RANGE_NOT_IPV6},
	{"fe80::1%eth0", RANGE_ZONE},
	{"192.0.2.1%eth0", RANGE_ZONE},
	{"fe80::1-fe80::2%2", RANGE_ZONE},
	{"::ffff:192.0.2.1", RANGE_MAPPED},
	{"::ffff:c000:201", RANGE_MAPPED},
	{"::ffff:0:0/96", RANGE_MAPPED},
	{"::-::ffff:1.2.3.4", RANGE_MAPPED},
	{"192.0.2.0/33", RANGE_LENGTH},
	{"192.0.2.0/4294967320", RANGE_LENGTH},
	{"192.0.2.0/", RANGE_LENGTH},
	{"192.0.2.0/024", RANGE_LENGTH},
	{"192.0.2.0/-1", RANGE_LENGTH},
	{"192.0.2.0/24x", RANGE_LENGTH},
	{"192.0.2.0/ 24", RANGE_LENGTH},
	{"2001:db8::/129", RANGE_LENGTH},
	{"192.0.2.0/255.0.255.0", RANGE_MASK},
	{"192.0.2.0 0.0.0.255", RANGE_MASK},
	{"192.0.2.0/ffff::", RANGE_MASK},
	{"192.0.2.0 255.255.255", RANGE_MASK},
	{"2001:db8::/255.255.255.0", RANGE_MASK},
	{"2001:db8:: ffff:0:ffff::", RANGE_MASK},
	{"2001:db8:: ffff:ffff:ffff:ffff:0:1::", RANGE_MASK},
	{"IP=192.0.2.0", RANGE_HALF},
	{" IP = 192.0.2.0 ", RANGE_HALF},
	{"MASK=255.255.255.0", RANGE_HALF},
	{"mask = ffff::", RANGE_HALF},
	{"IP=192.0.2.0, ", RANGE_MASK},
	{"IP=192.0.2.0, 255.255.255.0", RANGE_MASK},
	{"IP=192.0.2.0, MASK=24", RANGE_MASK},
	{"192.0.2.1-2001:db8::", RANGE_FAMILIES},
	{"2001:db8::-192.0.2.1", RANGE_FAMILIES},
	{"192.0.2.20-192.0.2.10", RANGE_REVERSED},
	{"2001:db8::2-2001:db8::1", RANGE_REVERSED},
	{"192.0.2.1-", RANGE_NOT_ADDRESS},
	{"192.0.2.1-20", RANGE_NOT_ADDRESS},
	{"192.0.2.1-192.0.2.5-192.0.2.9", RANGE_TRAILING},
	{"192.0.2.1-192.0.2.5/24", RANGE_TRAILING},
	{"192.0.2.0/24 x", RANGE_TRAILING},
	{"192.0.2.0 x", RANGE_TRAILING},
	{"192.0.2.0 24", RANGE_TRAILING},
	{"192.0.2.0 255.255.255.0 x", RANGE_TRAILING},
	{"192.0.2.1, 192.0.2.2", RANGE_TRAILING},
	{"192.0.2.0 /24", RANGE_TRAILING},
	{"IP=192.0.2.0 MASK=255.255.255.0", RANGE_TRAILING},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void expect(enum range_error error, enum range_error expected, const char *text)
{
	if (error != expected)
		fail_msg("\"%s\" %s, expected: %s", text, range_error_text(error),
			 range_error_text(expected));
}

/* In memory of exactly that size, so that a sanitizer sees a byte too many. */
static enum range_error parse_exactly(const char *text, size_t size, struct range *range)
{
	char *copy = malloc(size ? size : 1);
	enum range_error error;

	assert_non_null(copy);
	memcpy(copy, text, size);
	error = range_parse(copy, size, range);
	free(copy);
	return error;
}

static void test_accepts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(accepted_cases); i++) {
		const struct accepted *expected = &accepted_cases[i];
		struct range range = {.file = 7, .line = 9, .column = 3};
		char text[RANGE_TEXT_MAX];

		expect(parse_exactly(expected->text, strlen(expected->text), &range),
		       expected->error, expected->text);
		assert_int_equal(range_format(&range, text), strlen(expected->canonical));
		assert_string_equal(text, expected->canonical);
		assert_int_equal(range.file, 7);
		assert_int_equal(range.line, 9);
		assert_int_equal(range.column, 3);
	}
}

static void test_refuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refused_cases); i++) {
		const struct refused *expected = &refused_cases[i];
		struct range range = {.line = 1};
		struct range before = range;

		expect(parse_exactly(expected->text, strlen(expected->text), &range),
		       expected->error, expected->text);
		assert_memory_equal(&range, &before, sizeof(range));
		assert_true(strlen(range_error_text(expected->error)) > 0);
		assert_true(strlen(range_error_hint(expected->error)) > 0);
	}
}

/* What is cut off anywhere is refused, or is a range by itself; nothing beyond is ever read. */
static void test_truncations(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(accepted_cases); i++) {
		const char *text = accepted_cases[i].text;

		for (size_t size = 0; size < strlen(text); size++) {
			struct range range = {0};
			enum range_error error = parse_exactly(text, size, &range);
			char again[RANGE_TEXT_MAX];
			struct range reread = {0};

			if (error > RANGE_HOST_BITS)
				continue;
			range_format(&range, again);
			assert_int_equal(range_parse(again, strlen(again), &reread), RANGE_OK);
			assert_memory_equal(&range, &reread, sizeof(range));
		}
	}
}

static uint64_t random_word(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* Random ends with many zero groups and many prefixes among them. */
static struct range random_range(uint64_t *seed, uint8_t family)
{
	struct ip mask = {random_word(seed) & random_word(seed), random_word(seed)};
	struct ip ends[2];

	for (int i = 0; i < 2; i++)
		ends[i] = (struct ip){.hi = random_word(seed) & mask.hi & 0xffff00000000ffff,
				      .lo = random_word(seed) & mask.lo};
	if (random_word(seed) % 2)
		ends[1] = (struct ip){.hi = ends[0].hi,
				      .lo = ends[0].lo | ((mask.lo & -mask.lo) - 1)};
	for (int i = 0; i < 2 && family == MXF_FAMILY_IPV4; i++)
		ends[i] = (struct ip){.lo = ends[i].lo & UINT32_MAX};
	if (ip_compare(ends[0], ends[1]) > 0)
		return (struct range){.first = ends[1], .last = ends[0], .family = family};
	return (struct range){.first = ends[0], .last = ends[1], .family = family};
}

static void test_round_trip(void **state)
{
	uint64_t seed = 88172645463325252u;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		uint8_t family = i % 2 ? MXF_FAMILY_IPV4 : MXF_FAMILY_IPV6;
		struct range range = random_range(&seed, family);
		struct range reread = {0};
		char text[RANGE_TEXT_MAX];
		size_t size = range_format(&range, text);

		assert_int_equal(size, strlen(text));
		assert_int_equal(range_parse(text, size, &reread), RANGE_OK);
		assert_memory_equal(&range, &reread, sizeof(range));
	}
}

static void test_every_prefix_length(void **state)
{
	(void)state;
	for (unsigned int length = 0; length <= 128; length++) {
		char text[64];
		struct range range = {0};
		unsigned int found;

		snprintf(text, sizeof(text), "::/%u", length);
		assert_int_equal(range_parse(text, strlen(text), &range), RANGE_OK);
		assert_true(range_is_prefix(&range, &found));
		assert_int_equal(found, length);
		if (length > 32)
			continue;
		snprintf(text, sizeof(text), "0.0.0.0/%u", length);
		assert_int_equal(range_parse(text, strlen(text), &range), RANGE_OK);
		assert_int_equal(range.last.lo, (1ull << (32 - length)) - 1);
		assert_true(range_is_prefix(&range, &found));
		assert_int_equal(found, length);
	}
}

static void test_is_prefix_refuses(void **state)
{
	static const char *const texts[] = {"192.0.2.1-192.0.2.2", "192.0.2.0-192.0.2.2",
					    "192.0.2.128-192.0.3.127", "::1-::2", "::-1::"};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct range range = {0};
		unsigned int length;

		assert_int_equal(range_parse(texts[i], strlen(texts[i]), &range), RANGE_OK);
		assert_false(range_is_prefix(&range, &length));
	}
}

static void test_address(void **state)
{
	struct ip ip = {1, 1};
	uint8_t family = MXF_FAMILY_OTHER;

	(void)state;
	assert_int_equal(ip_parse("192.0.2.7/32", 12, &ip, &family), RANGE_TRAILING);
	assert_int_equal(ip_parse("192.0.2.7-192.0.2.8", 19, &ip, &family), RANGE_TRAILING);
	assert_int_equal(ip_parse("", 0, &ip, &family), RANGE_EMPTY);
	assert_int_equal(ip_parse("::ffff:1.2.3.4", 14, &ip, &family), RANGE_MAPPED);
	assert_int_equal(ip.hi, 1);
	assert_int_equal(family, MXF_FAMILY_OTHER);
	assert_int_equal(ip_parse(" 192.0.2.7 ", 11, &ip, &family), RANGE_OK);
	assert_int_equal(family, MXF_FAMILY_IPV4);
	assert_int_equal(ip.hi, 0);
	assert_int_equal(ip.lo, 0xc0000207);
	assert_int_equal(ip_parse("2001:db8::7", 11, &ip, &family), RANGE_OK);
	assert_int_equal(family, MXF_FAMILY_IPV6);
	assert_int_equal(ip.hi, 0x20010db800000000);
	assert_int_equal(ip.lo, 7);
}

/* Packets may show a mapped address, so it must be told as what it is. */
static void test_formats_mapped(void **state)
{
	char text[RANGE_TEXT_MAX];

	(void)state;
	ip_format((struct ip){.lo = 0xffffc0000207}, MXF_FAMILY_IPV6, text);
	assert_string_equal(text, "::ffff:192.0.2.7");
}

static void test_longest_text(void **state)
{
	struct range range = {.first = {UINT64_MAX - 1, UINT64_MAX - 1},
			      .last = {UINT64_MAX, UINT64_MAX - 1},
			      .family = MXF_FAMILY_IPV6};
	char text[RANGE_TEXT_MAX];

	(void)state;
	assert_int_equal(range_format(&range, text), 79);
	assert_int_equal(strlen(text), 79);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepts),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_truncations),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_every_prefix_length),
		cmocka_unit_test(test_is_prefix_refuses),
		cmocka_unit_test(test_address),
		cmocka_unit_test(test_formats_mapped),
		cmocka_unit_test(test_longest_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
