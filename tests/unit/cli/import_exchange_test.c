// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/range.h"
#include "tools/mxfence/import_exchange.h"

/* What is in a text, and what comes of it: the ranges with a blank behind each. */
struct sample {
	const char *text, *ranges;
	enum exchange_format format;
	size_t errors, warnings;
};

static const struct sample samples[] = {
	{.text = "IP=192.0.2.0, MASK=255.255.255.0\n", .ranges = "192.0.2.0/24 "},
	{.text = "IP=192.0.2.0,MASK=255.255.255.0\r\n", .ranges = "192.0.2.0/24 "},
	{.text = "IP=192.0.2.0,\r\nMASK=255.255.255.0", .ranges = "192.0.2.0/24 "},
	{.text = "ip=192.0.2.0 mask=255.255.255.0", .ranges = "192.0.2.0/24 "},
	{.text = "IP=192.0.2.1;IP=192.0.2.3, IP=192.0.2.5",
	 .ranges = "192.0.2.1 192.0.2.3 192.0.2.5 "},
	{.text = "192.0.2.0 255.255.255.0\n192.0.3.0 (255.255.255.0)",
	 .ranges = "192.0.2.0/24 192.0.3.0/24 "},
	{.text = "; IP = 192.0.2.9\n192.0.2.1 ; 192.0.2.9\n#192.0.2.9",
	 .ranges = "192.0.2.1 192.0.2.9 "},
	{.text = "; 192.0.2.9\n192.0.2.1 ; 192.0.2.9\n#192.0.2.9", .ranges = "192.0.2.1 "},
	{.text = "\"192.0.2.1\"\n{192.0.2.3}", .ranges = "192.0.2.1 192.0.2.3 "},
	{.text = "10.0.0.0/8\n10.0.0.0-10.255.255.255\n10.1.0.0/16\n",
	 .ranges = "10.0.0.0/8 ",
	 .warnings = 2},
	{.text = "10.0.0.0-10.0.0.9\n10.0.0.5-10.0.0.15\n",
	 .ranges = "10.0.0.0-10.0.0.9 10.0.0.5-10.0.0.15 "},
	{.text = "DOMAIN=example.com\n192.0.2.1", .ranges = "192.0.2.1 ", .warnings = 1},
	{.text = "0.0.0.0-255.255.255.255\n::/0", .ranges = "", .errors = 1, .warnings = 2},
	{.text = "DOMAIN=example.com\n", .ranges = "", .errors = 1, .warnings = 1},
	{.text = "", .ranges = "", .errors = 1},
	{.text = "IP=192.0.2.0, 255.255.255.0", .ranges = "192.0.2.0 ", .errors = 1},
	{.text = "IP=192.0.2.0 255.255.255.0", .ranges = "192.0.2.0 ", .errors = 1},
	{.text = "IP=, MASK=255.0.0.0", .ranges = "", .errors = 1},
	{.text = "IP=192.0.2.0, MASK=", .ranges = "", .errors = 1},
	{.text = "relay RemoteIPRanges", .ranges = "", .errors = 1},
	{.text = "remoteipranges : 10.0.0.0/8, 192.0.2.1,\n                 192.0.2.3\nName : x\n",
	 .ranges = "10.0.0.0/8 192.0.2.1 192.0.2.3 ",
	 .format = EXCHANGE_PROPERTIES},
	{.text = "Name : 192.0.2.9\nRemoteIPRanges : {}\nRemoteIPRanges:{192.0.2.1}\n",
	 .ranges = "192.0.2.1 ",
	 .format = EXCHANGE_PROPERTIES},
	{.text = "  IPRange : 192.0.2.1\n  Identity : 9\n\n  IPRange : 192.0.2.3\n",
	 .ranges = "192.0.2.1 192.0.2.3 ",
	 .format = EXCHANGE_PROPERTIES},
	{.text = "RemoteIPRanges : {192.0.2.1 # 192.0.2.3}",
	 .ranges = "192.0.2.1 192.0.2.3 ",
	 .format = EXCHANGE_PROPERTIES,
	 .errors = 1},
	{.text = "RemoteIPRanges : {192.0.2.1, 192.0.2.3\xe2\x80\xa6}",
	 .ranges = "192.0.2.1 ",
	 .format = EXCHANGE_PROPERTIES,
	 .errors = 1},
	{.text = "\"RemoteIPRanges\"\n\"192.0.2.1;192.0.2.3\"\n",
	 .ranges = "192.0.2.1 192.0.2.3 ",
	 .format = EXCHANGE_CSV},
	{.text = "A\tIPRange\n1\t192.0.2.1\n2\t192.0.2.3",
	 .ranges = "192.0.2.1 192.0.2.3 ",
	 .format = EXCHANGE_CSV},
	{.text = "A,IPRange\n\"say \"\"x\"\", y\",192.0.2.1\n",
	 .ranges = "192.0.2.1 ",
	 .format = EXCHANGE_CSV},
	{.text = "A,IPRange\nx,\"192.0.2.1\n",
	 .ranges = "192.0.2.1 ",
	 .format = EXCHANGE_CSV,
	 .errors = 1},
	{.text = "RemoteIPRanges\n192.0.2.1\n", .ranges = "192.0.2.1 "},
};

static struct exchange read_text(const char *text, size_t size)
{
	struct exchange exchange;
	char *copy = calloc(1, size + 1);

	assert_non_null(copy);
	memcpy(copy, text, size);
	assert_int_equal(exchange_read("export", copy, size, &exchange), 0);
	return exchange;
}

static void test_samples(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		const struct sample *sample = &samples[i];
		struct exchange exchange = read_text(sample->text, strlen(sample->text));
		char found[512] = "";

		print_message("%s\n", sample->text);
		for (size_t k = 0; k < exchange.count; k++) {
			range_format(&exchange.ranges[k], found + strlen(found));
			strcat(found, " ");
		}
		assert_string_equal(found, sample->ranges);
		assert_int_equal(exchange.format, sample->format);
		assert_int_equal(exchange.diags.errors, sample->errors);
		assert_int_equal(exchange.diags.warnings, sample->warnings);
		exchange_clear(&exchange);
	}
}

/* Each sample with a byte cut off or changed, NULs too: no crash, and messages stay in the text. */
static void test_any_bytes(void **state)
{
	static const char bytes[] = "\0\n\"{},;=#-.x1\xff";

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		size_t size = strlen(samples[i].text);

		for (size_t at = 0; at < size * sizeof(bytes); at++) {
			char text[256];
			struct exchange exchange;

			memcpy(text, samples[i].text, size);
			text[at / sizeof(bytes)] = bytes[at % sizeof(bytes)];
			exchange = read_text(text, at % 3 ? size : at / sizeof(bytes) + 1);
			for (size_t k = 0; k < exchange.diags.count; k++)
				assert_in_range(exchange.diags.items[k].place.line, 1, 8);
			exchange_clear(&exchange);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
