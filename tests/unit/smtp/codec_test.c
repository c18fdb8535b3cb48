// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "smtp/codec.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEXT(literal) literal, sizeof(literal) - 1

static const struct {
	const char *data;
	size_t size;
	const char *text;
} xtext_cases[] = {
	{TEXT(""), ""},
	{TEXT("plain@example.com"), "plain@example.com"},
	{TEXT("a+b=c d"), "a+2Bb+3Dc+20d"},
	{TEXT("\0\r\n\x7f\xff~!"), "+00+0D+0A+7F+FF~!"},
};

static void test_xtext(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(xtext_cases); i++) {
		size_t size = strlen(xtext_cases[i].text);
		char out[64];

		assert_int_equal(
			xtext_encode(xtext_cases[i].data, xtext_cases[i].size, out, sizeof(out)),
			size);
		assert_string_equal(out, xtext_cases[i].text);
		assert_true(xtext_is_valid(out, size));
		/* Just room, and one octet too few. */
		assert_int_equal(
			xtext_encode(xtext_cases[i].data, xtext_cases[i].size, out, size + 1),
			size);
		if (size > 0)
			assert_int_equal(
				xtext_encode(xtext_cases[i].data, xtext_cases[i].size, out, size),
				0);
	}
}

static void test_xtext_refused(void **state)
{
	static const struct {
		const char *text;
		size_t size;
	} refused[] = {{TEXT("a b")},  {TEXT("a=b")}, {TEXT("+")},   {TEXT("+2")},
		       {TEXT("+2b")},  {TEXT("+g0")}, {TEXT("a\n")}, {TEXT("\xc3\xbc")},
		       {TEXT("+2\0")}, {TEXT("\0")},  {TEXT("\x7f")}};

	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++)
		if (xtext_is_valid(refused[i].text, refused[i].size))
			fail_msg("\"%s\" was taken", refused[i].text);
}

static const struct {
	const char *data;
	size_t size;
	const char *text;
} base64_cases[] = {
	{TEXT(""), ""},
	{TEXT("f"), "Zg=="},
	{TEXT("fo"), "Zm8="},
	{TEXT("foo"), "Zm9v"},
	{TEXT("foob"), "Zm9vYg=="},
	{TEXT("fooba"), "Zm9vYmE="},
	{TEXT("foobar"), "Zm9vYmFy"},
	{TEXT("\0user\0pass"), "AHVzZXIAcGFzcw=="},
	{TEXT("\xff\xfe\xfd"), "//79"},
	{TEXT("\xfb\xef\xbe"), "++++"},
};

static void test_base64(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(base64_cases); i++) {
		size_t size = base64_cases[i].size, text_size = strlen(base64_cases[i].text);
		char out[64];
		size_t length = 99;

		assert_int_equal(base64_encode(base64_cases[i].data, size, out, BASE64_SIZE(size)),
				 text_size);
		assert_string_equal(out, base64_cases[i].text);
		assert_int_equal(base64_decode(base64_cases[i].text, text_size, out, size, &length),
				 0);
		assert_int_equal(length, size);
		assert_memory_equal(out, base64_cases[i].data, size);
		if (size > 0)
			assert_int_equal(base64_decode(base64_cases[i].text, text_size, out,
						       size - 1, &length),
					 -EMSGSIZE);
	}
}

static void test_base64_refused(void **state)
{
	static const struct {
		const char *text;
		size_t size;
	} refused[] = {
		{TEXT("Zg")},	      {TEXT("Zg=")},
		{TEXT("Z===")},	      {TEXT("====")},
		{TEXT("=")},	      {TEXT("Zg==Zg==")},
		{TEXT("Zm9v\r\n")},   {TEXT("Zm9v\n\n\n\n")},
		{TEXT("Zm 9vYg==")},  {TEXT("Zh==")},
		{TEXT("Zm9=")},	      {TEXT("Zm-_")},
		{TEXT("Zm=v")},	      {TEXT("Z\0==")},
		{TEXT("\xc3\xbc==")}, {TEXT("Zg======")},
		{TEXT("Z=g=")},	      {TEXT("Zg==\0\0\0\0")},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		char out[64];
		size_t length;

		if (base64_decode(refused[i].text, refused[i].size, out, sizeof(out), &length) !=
		    -EINVAL)
			fail_msg("\"%s\" was taken", refused[i].text);
	}
}

/* Every octet at every place of a quantum. */
static void test_base64_round(void **state)
{
	(void)state;
	for (size_t size = 1; size <= 6; size++) {
		for (unsigned int octet = 0; octet < 256; octet++) {
			char data[6], text[BASE64_SIZE(6)], out[6];
			size_t length, made;

			memset(data, (int)octet, sizeof(data));
			data[size / 2] = (char)(octet + 77);
			made = base64_encode(data, size, text, sizeof(text));
			assert_int_equal(base64_decode(text, made, out, sizeof(out), &length), 0);
			assert_int_equal(length, size);
			assert_memory_equal(out, data, size);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_xtext),	     cmocka_unit_test(test_xtext_refused),
		cmocka_unit_test(test_base64),	     cmocka_unit_test(test_base64_refused),
		cmocka_unit_test(test_base64_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
