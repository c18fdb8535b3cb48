// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "smtp/proxy_header.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEXT(literal) literal, sizeof(literal) - 1

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define TCP4 SIGNATURE "\x21\x11\0\x0c\xc0\0\2\1\xc6\x33\x64\2\x30\x39\0\x19"
#define MAPPED "\0\0\0\0\0\0\0\0\0\0\xff\xff"

struct proxy_case {
	const char *name;
	const char *data;
	size_t size;
	const char *seen; /* written as version 1; NULL: broken */
	size_t rest;
};

static const struct proxy_case cases[] = {
	{"v1 IPv4", TEXT("PROXY TCP4 192.0.2.1 198.51.100.2 12345 25\r\nEHLO"),
	 "PROXY TCP4 192.0.2.1 198.51.100.2 12345 25\r\n", 4},
	{"v1 IPv6", TEXT("PROXY TCP6 2001:db8::1 2001:0db8:0:0::2 65535 0\r\n"),
	 "PROXY TCP6 2001:db8::1 2001:db8::2 65535 0\r\n", 0},
	{"v1 longest",
	 TEXT("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
	      "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
	 "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
	 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
	 0},
	{"v1 mapped", TEXT("PROXY TCP6 ::ffff:192.0.2.1 ::ffff:c000:202 1 25\r\n"),
	 "PROXY TCP4 192.0.2.1 192.0.2.2 1 25\r\n", 0},
	{"v1 unknown", TEXT("PROXY UNKNOWN\r\n"), "PROXY UNKNOWN\r\n", 0},
	{"v1 unknown with more", TEXT("PROXY UNKNOWN ::1 whatever 1 \r\n."), "PROXY UNKNOWN\r\n",
	 1},
	{"v1 one mapped", TEXT("PROXY TCP6 ::ffff:192.0.2.1 2001:db8::2 1 25\r\n"), NULL, 0},
	{"v1 no word", TEXT("PROXY \r\n"), NULL, 0},
	{"v1 no blank", TEXT("PROXY\r\n"), NULL, 0},
	{"v1 lower case", TEXT("proxy TCP4 192.0.2.1 192.0.2.2 1 25\r\n"), NULL, 0},
	{"v1 UDP", TEXT("PROXY UDP4 192.0.2.1 192.0.2.2 1 25\r\n"), NULL, 0},
	{"v1 family", TEXT("PROXY TCP4 2001:db8::1 2001:db8::2 1 25\r\n"), NULL, 0},
	{"v1 families", TEXT("PROXY TCP6 2001:db8::1 192.0.2.2 1 25\r\n"), NULL, 0},
	{"v1 two blanks", TEXT("PROXY TCP4  192.0.2.1 192.0.2.2 1 25\r\n"), NULL, 0},
	{"v1 blank at the end", TEXT("PROXY TCP4 192.0.2.1 192.0.2.2 1 25 \r\n"), NULL, 0},
	{"v1 more at the end", TEXT("PROXY TCP4 192.0.2.1 192.0.2.2 1 25 9\r\n"), NULL, 0},
	{"v1 less", TEXT("PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n"), NULL, 0},
	{"v1 LF", TEXT("PROXY TCP4 192.0.2.1 192.0.2.2 1 25\n"), NULL, 0},
	{"v1 port range", TEXT("PROXY TCP4 192.0.2.1 192.0.2.2 65536 25\r\n"), NULL, 0},
	{"v1 port zeros", TEXT("PROXY TCP4 192.0.2.1 192.0.2.2 01 25\r\n"), NULL, 0},
	{"v1 port sign", TEXT("PROXY TCP4 192.0.2.1 192.0.2.2 +1 25\r\n"), NULL, 0},
	{"v1 address zeros", TEXT("PROXY TCP4 192.0.02.1 192.0.2.2 1 25\r\n"), NULL, 0},
	{"v1 address NUL", TEXT("PROXY TCP4 192.0.2.1\0 192.0.2.2 1 25\r\n"), NULL, 0},
	{"v1 prefix", TEXT("PROXY TCP4 192.0.2.0/24 192.0.2.2 1 25\r\n"), NULL, 0},
	{"v1 zone", TEXT("PROXY TCP6 fe80::1%eth0 fe80::2 1 25\r\n"), NULL, 0},
	{"v1 too long",
	 TEXT("PROXY UNKNOWN 34567890123456789012345678901234567890123456789012345678901234567890"
	      "1234567890123456789012345678\r\n"),
	 NULL, 0},
	{"v2 IPv4", TEXT(TCP4 "EHLO"), "PROXY TCP4 192.0.2.1 198.51.100.2 12345 25\r\n", 4},
	{"v2 IPv6",
	 TEXT(SIGNATURE "\x21\x21\0\x24"
			"\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
			"\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\2\0\1\0\x19"),
	 "PROXY TCP6 2001:db8::1 2001:db8::2 1 25\r\n", 0},
	{"v2 mapped",
	 TEXT(SIGNATURE "\x21\x21\0\x24" MAPPED "\xc0\0\2\1" MAPPED "\xc0\0\2\2\0\1\0\x19"),
	 "PROXY TCP4 192.0.2.1 192.0.2.2 1 25\r\n", 0},
	{"v2 TLVs", TEXT(SIGNATURE "\x21\x11\0\x11\xc0\0\2\1\xc6\x33\x64\2\x30\x39\0\x19\4\0\2ab."),
	 "PROXY TCP4 192.0.2.1 198.51.100.2 12345 25\r\n", 1},
	{"v2 LOCAL", TEXT(SIGNATURE "\x20\0\0\0"), "PROXY UNKNOWN\r\n", 0},
	{"v2 LOCAL with addresses", TEXT(SIGNATURE "\x20\x11\0\x0c\xc0\0\2\1\xc0\0\2\2\0\1\0\x19"),
	 "PROXY UNKNOWN\r\n", 0},
	{"v2 LOCAL, other family", TEXT(SIGNATURE "\x20\x77\0\1."), "PROXY UNKNOWN\r\n", 0},
	{"v2 unspecified", TEXT(SIGNATURE "\x21\0\0\0"), "PROXY UNKNOWN\r\n", 0},
	{"v2 one mapped",
	 TEXT(SIGNATURE "\x21\x21\0\x24" MAPPED "\xc0\0\2\1"
			"\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\2\0\1\0\x19"),
	 NULL, 0},
	{"v2 version 1", TEXT(SIGNATURE "\x11\x11\0\x0c\xc0\0\2\1\xc0\0\2\2\0\1\0\x19"), NULL, 0},
	{"v2 command", TEXT(SIGNATURE "\x22\x11\0\x0c\xc0\0\2\1\xc0\0\2\2\0\1\0\x19"), NULL, 0},
	{"v2 UDP", TEXT(SIGNATURE "\x21\x12\0\x0c\xc0\0\2\1\xc0\0\2\2\0\1\0\x19"), NULL, 0},
	{"v2 Unix", TEXT(SIGNATURE "\x21\x31\0\0"), NULL, 0},
	{"v2 family", TEXT(SIGNATURE "\x21\x41\0\0"), NULL, 0},
	{"v2 too short", TEXT(SIGNATURE "\x21\x11\0\x0b\xc0\0\2\1\xc0\0\2\2\0\1\0"), NULL, 0},
	{"v2 IPv6 too short", TEXT(SIGNATURE "\x21\x21\0\x0c\xc0\0\2\1\xc0\0\2\2\0\1\0\x19"), NULL,
	 0},
	{"v2 too long", TEXT(SIGNATURE "\x21\x11\x0f\xf1"), NULL, 0},
	{"SMTP", TEXT("EHLO a\r\n"), NULL, 0},
	{"CRLF", TEXT("\r\nEHLO a\r\n"), NULL, 0},
};

/* Octet by octet, from a copy that ends where the octets do. */
static enum proxy_status read_slowly(const struct proxy_case *each, struct proxy_header *header,
				     size_t *used)
{
	enum proxy_status status = PROXY_MORE;

	for (size_t size = 1; size <= each->size && status == PROXY_MORE; size++) {
		char *copy = malloc(size);

		memcpy(copy, each->data, size);
		status = proxy_header_read(copy, size, header, used);
		free(copy);
	}
	return status;
}

static void check(const struct proxy_case *each, enum proxy_status status,
		  const struct proxy_header *header, size_t used)
{
	char out[PROXY_HEADER_WRITE_MAX];

	if (status != (each->seen ? PROXY_DONE : PROXY_BROKEN))
		fail_msg("%s: status %d", each->name, status);
	if (!each->seen)
		return;
	assert_int_equal(each->size - used, each->rest);
	assert_int_equal(proxy_header_write_v1(header, out), strlen(each->seen));
	assert_memory_equal(out, each->seen, strlen(each->seen));
}

static void test_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct proxy_header header;
		size_t used = 0;
		enum proxy_status status =
			proxy_header_read(cases[i].data, cases[i].size, &header, &used);

		check(&cases[i], status, &header, used);
		status = read_slowly(&cases[i], &header, &used);
		check(&cases[i], status, &header, used);
	}
}

static void test_not_whole(void **state)
{
	static const char *const parts[] = {"P", "PROXY ", "PROXY TCP4 192.0.2.1 192.0.2.2 1 25\r",
					    "PROXY GARBAGE", "\r\n\r\n"};
	struct proxy_header header;
	size_t used;

	(void)state;
	for (size_t i = 0; i < COUNT(parts); i++)
		assert_int_equal(proxy_header_read(parts[i], strlen(parts[i]), &header, &used),
				 PROXY_MORE);
	for (size_t size = 1; size < sizeof(TCP4) - 1; size++)
		assert_int_equal(proxy_header_read(TCP4, size, &header, &used), PROXY_MORE);
}

static void test_write_v2(void **state)
{
	char out[PROXY_HEADER_WRITE_MAX];
	struct proxy_header header;
	size_t used;

	(void)state;
	assert_int_equal(proxy_header_read(TEXT(TCP4), &header, &used), PROXY_DONE);
	assert_int_equal(proxy_header_write_v2(&header, out), sizeof(TCP4) - 1);
	assert_memory_equal(out, TCP4, sizeof(TCP4) - 1);
	header = (struct proxy_header){.local = true};
	assert_int_equal(proxy_header_write_v2(&header, out), 16);
	assert_memory_equal(out, SIGNATURE "\x20\0\0\0", 16);
}

static void assert_same(const struct proxy_header *got, const struct proxy_header *expected)
{
	assert_int_equal(got->local, expected->local);
	if (expected->local)
		return;
	assert_int_equal(got->family, expected->family);
	assert_true(ip_equal(got->source, expected->source));
	assert_true(ip_equal(got->destination, expected->destination));
	assert_int_equal(got->source_port, expected->source_port);
	assert_int_equal(got->destination_port, expected->destination_port);
}

/* What was written is read as the same, either version. */
static void test_round(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct proxy_header header, again;
		char out[PROXY_HEADER_WRITE_MAX];
		size_t used, length;

		if (!cases[i].seen)
			continue;
		proxy_header_read(cases[i].data, cases[i].size, &header, &used);
		length = proxy_header_write_v2(&header, out);
		assert_int_equal(proxy_header_read(out, length, &again, &used), PROXY_DONE);
		assert_int_equal(used, length);
		assert_same(&again, &header);
		length = proxy_header_write_v1(&header, out);
		assert_in_range(length, 15, PROXY_HEADER_V1_MAX);
		assert_int_equal(proxy_header_read(out, length, &again, &used), PROXY_DONE);
		assert_same(&again, &header);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_not_whole),
		cmocka_unit_test(test_write_v2),
		cmocka_unit_test(test_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
