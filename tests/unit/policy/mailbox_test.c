// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "policy/mailbox.h"

#define X10 "xxxxxxxxxx"
#define X60 X10 X10 X10 X10 X10 X10
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void test_accepts_and_makes_canonical(void **state)
{
	static const struct {
		const char *path, *text, *key;
	} cases[] = {
		{"user@example.com", "user@example.com", "user@example.com"},
		{"User@EXAMPLE.com", "User@example.com", "user@example.com"},
		{"\"User\"@example.com", "User@example.com", "user@example.com"},
		{"\"u\\s\\e\\r\"@example.com", "user@example.com", "user@example.com"},
		{"\"a b\"@example.com", "\"a b\"@example.com", "\"a b\"@example.com"},
		{"\"a\\ b\"@example.com", "\"a b\"@example.com", "\"a b\"@example.com"},
		{"\"a\\\"b\"@example.com", "\"a\\\"b\"@example.com", "\"a\\\"b\"@example.com"},
		{"\"a\\\\b\"@example.com", "\"a\\\\b\"@example.com", "\"a\\\\b\"@example.com"},
		{"\"a@b\"@example.com", "\"a@b\"@example.com", "\"a@b\"@example.com"},
		{"\"a..b\"@example.com", "\"a..b\"@example.com", "\"a..b\"@example.com"},
		{"\"\"@example.com", "\"\"@example.com", "\"\"@example.com"},
		{"@one.example,@two.example:user@example.com", "user@example.com",
		 "user@example.com"},
		{"a!b%c@example.com", "a!b%c@example.com", "a!b%c@example.com"},
		{"u@[192.0.2.1]", "u@[192.0.2.1]", "u@[192.0.2.1]"},
		{"u@[ipv6:2001:DB8:0::1]", "u@[IPv6:2001:db8::1]", "u@[ipv6:2001:db8::1]"},
		{"u@localhost", "u@localhost", "u@localhost"},
		{X60 "abcd@example.com", X60 "abcd@example.com", X60 "abcd@example.com"},
		{"u@b\xc3\xbc"
		 "cher.example",
		 "u@xn--bcher-kva.example", "u@xn--bcher-kva.example"},
		{"u@B\xc3\x9c"
		 "CHER.example",
		 "u@xn--bcher-kva.example", "u@xn--bcher-kva.example"},
		{"\xc3\xbc@example.com", "\xc3\xbc@example.com", "\xc3\xbc@example.com"},
		{"\xc3\x9c@example.com", "\xc3\x9c@example.com", "\xc3\x9c@example.com"},
	};
	struct mailbox mailbox, again;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(
			mailbox_parse(cases[i].path, strlen(cases[i].path), true, &mailbox),
			MAILBOX_OK);
		assert_string_equal(mailbox.text, cases[i].text);
		assert_string_equal(mailbox.key, cases[i].key);
		assert_int_equal(mailbox.size, strlen(mailbox.text));
		assert_int_equal(mailbox.text[mailbox.local_size], '@');
		assert_int_equal(mailbox_parse(mailbox.text, mailbox.size, true, &again),
				 MAILBOX_OK);
		assert_string_equal(again.text, mailbox.text);
	}
}

static void test_refuses(void **state)
{
	static const struct {
		const char *path;
		enum mailbox_error error;
	} cases[] = {
		{"", MAILBOX_EMPTY},
		{"user", MAILBOX_NO_DOMAIN},
		{"postmaster", MAILBOX_NO_DOMAIN},
		{"user@", MAILBOX_DOMAIN},
		{"@example.com", MAILBOX_ROUTE},
		{"user@example.com.", MAILBOX_DOMAIN},
		{"user@.example.com", MAILBOX_DOMAIN},
		{"user@example..com", MAILBOX_DOMAIN},
		{"user@-example.com", MAILBOX_DOMAIN},
		{"user@example-.com", MAILBOX_DOMAIN},
		{"user@exam_ple.com", MAILBOX_DOMAIN},
		{"user@example.com ", MAILBOX_DOMAIN},
		{"user@a@b", MAILBOX_DOMAIN},
		{" user@example.com", MAILBOX_LOCAL},
		{".user@example.com", MAILBOX_LOCAL},
		{"user.@example.com", MAILBOX_LOCAL},
		{"us..er@example.com", MAILBOX_LOCAL},
		{"us er@example.com", MAILBOX_LOCAL},
		{"user(comment)@example.com", MAILBOX_LOCAL},
		{"\"user@example.com", MAILBOX_LOCAL},
		{"\"user\"x@example.com", MAILBOX_LOCAL},
		{"\"us\ter\"@example.com", MAILBOX_LOCAL},
		{X60 "abcde@example.com", MAILBOX_LOCAL_LONG},
		{"u@" X60 "abcd.example", MAILBOX_DOMAIN},
		{"u@[192.0.2.01]", MAILBOX_LITERAL},
		{"u@[192.0.2.1", MAILBOX_LITERAL},
		{"u@[2001:db8::1]", MAILBOX_LITERAL},
		{"u@[IPv6:192.0.2.1]", MAILBOX_LITERAL},
		{"u@[]", MAILBOX_LITERAL},
		{"u@[192.0.2.1].example", MAILBOX_TRAILING},
		{"@one.example user@example.com", MAILBOX_ROUTE},
		{"@one.example,:user@example.com", MAILBOX_ROUTE},
		{"u@\xff.example", MAILBOX_NOT_UTF8},
		{"\xc3@example.com", MAILBOX_NOT_UTF8},
		{"\xed\xa0\x80@example.com", MAILBOX_NOT_UTF8},
		{"\xc0\xaf@example.com", MAILBOX_NOT_UTF8},
		{"u@\xe2\x98\x83_.example", MAILBOX_IDN},
	};
	struct mailbox mailbox;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		enum mailbox_error error =
			mailbox_parse(cases[i].path, strlen(cases[i].path), true, &mailbox);

		if (error != cases[i].error)
			print_message("%s: %s\n", cases[i].path, mailbox_error_text(error));
		assert_int_equal(error, cases[i].error);
	}
}

static void test_wants_smtputf8(void **state)
{
	struct mailbox mailbox;

	(void)state;
	assert_int_equal(mailbox_parse("\xc3\xbc@example.com", 14, false, &mailbox), MAILBOX_UTF8);
	assert_int_equal(mailbox_parse("u@\xc3\xbc.example", 12, false, &mailbox), MAILBOX_UTF8);
}

static void test_untags(void **state)
{
	static const struct {
		const char *path, *keys[3];
	} cases[] = {
		{"User+Tag@example.com", {"user@example.com"}},
		{"user+a+b@example.com", {"user@example.com", "user+a@example.com"}},
		{"user+@example.com", {"user@example.com"}},
		{"user++@example.com", {"user@example.com", "user+@example.com"}},
		{"+tag@example.com", {NULL}},
		{"++tag@example.com", {"+@example.com"}},
		{"user@example.com", {NULL}},
		{"user.+tag@example.com", {"\"user.\"@example.com"}},
		{"\"a b+c\"@example.com", {"\"a b\"@example.com"}},
		{"\"user+a b\"@example.com", {"user@example.com"}},
		{"\"user+a b+c\"@example.com", {"user@example.com", "\"user+a b\"@example.com"}},
		{"\"+a b\"@example.com", {NULL}},
		{"\"us\\\"er+a\"@example.com", {"\"us\\\"er\"@example.com"}},
		{"\"us\\\\+a b\"@example.com", {"\"us\\\\\"@example.com"}},
		{"user+a@[192.0.2.1]", {"user@[192.0.2.1]"}},
		{X60 "ab.+@example.com", {NULL}},
	};
	struct mailbox mailbox;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char key[MAILBOX_TEXT_MAX + 1];
		size_t position = 0, size;

		assert_int_equal(
			mailbox_parse(cases[i].path, strlen(cases[i].path), false, &mailbox),
			MAILBOX_OK);
		for (const char *const *wanted = cases[i].keys; *wanted; wanted++) {
			size = mailbox_untagged_key(&mailbox, &position, key);
			assert_int_equal(size, strlen(*wanted));
			assert_string_equal(key, *wanted);
		}
		assert_int_equal(mailbox_untagged_key(&mailbox, &position, key), 0);
	}
	mailbox_clear(&mailbox);
	assert_int_equal(mailbox_untagged_key(&mailbox, &(size_t){0}, (char[2]){0}), 0);
}

static void test_finds_routing(void **state)
{
	static const struct {
		const char *path;
		bool routing;
	} cases[] = {
		{"user@example.com", false},
		{"a%b@example.com", true},
		{"a!b@example.com", true},
		{"\"a@b\"@example.com", true},
		{"IMCEAEX-_O=X@example.com", true},
		{"\"imceaex-x y\"@example.com", true},
		{"imceainvalid-x@example.com", true},
		{"imcea-x@example.com", false},
		{"imceaex@example.com", false},
		{"imcea.x-y@example.com", false},
	};
	struct mailbox mailbox;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(
			mailbox_parse(cases[i].path, strlen(cases[i].path), false, &mailbox),
			MAILBOX_OK);
		assert_int_equal(mailbox_has_routing(&mailbox), cases[i].routing);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepts_and_makes_canonical),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_wants_smtputf8),
		cmocka_unit_test(test_untags),
		cmocka_unit_test(test_finds_routing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
