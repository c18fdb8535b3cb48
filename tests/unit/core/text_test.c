// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct escape_case {
	const char *text;
	const char *escaped;
};

static const struct escape_case escape_cases[] = {
	{"plain ~ text", "plain ~ text"},
	{"\t\n\r\x1b[31m\x7f", "\\x09\\x0a\\x0d\\x1b[31m\\x7f"},
	{"b\xc3\xbc"
	 "cher",
	 "b\xc3\xbc"
	 "cher"},
	{"\xf0\x9f\x93\xa7", "\xf0\x9f\x93\xa7"},
	{"\xc3", "\\xc3"},
	{"\xc3(", "\\xc3("},
	{"\xc0\xaf", "\\xc0\\xaf"},		      /* overlong */
	{"\xe0\x80\xaf", "\\xe0\\x80\\xaf"},	      /* overlong */
	{"\xed\xa0\x80", "\\xed\\xa0\\x80"},	      /* a surrogate */
	{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, /* beyond Unicode */
	{"\xc2\x9b", "\\xc2\\x9b"},		      /* a C1 control */
	{"\xe2\x80\xae", "\\xe2\\x80\\xae"},	      /* turns the direction */
	{"\xe2\x80\xa8", "\\xe2\\x80\\xa8"},	      /* line separator */
	{"\xef\xbb\xbf", "\\xef\\xbb\\xbf"},	      /* byte order mark */
};

static void test_escape(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(escape_cases); i++) {
		char out[64];
		size_t length = text_escape(escape_cases[i].text, strlen(escape_cases[i].text), out,
					    sizeof(out));

		assert_string_equal(out, escape_cases[i].escaped);
		assert_int_equal(length, strlen(out));
	}
}

static void test_escape_nul(void **state)
{
	char out[16];

	(void)state;
	text_escape("a\0b", 3, out, sizeof(out));
	assert_string_equal(out, "a\\x00b");
}

/* Whatever the room, what is written fits, ends in "..." when cut, and no character is torn. */
static void test_escape_cuts(void **state)
{
	static const char text[] = "ab\x1b\xc3\xbc\xf0\x9f\x93\xa7 the end of it";
	char whole[64];
	size_t whole_length = text_escape(text, strlen(text), whole, sizeof(whole));

	(void)state;
	for (size_t room = 8; room <= sizeof(whole); room++) {
		char out[64];
		size_t length;

		memset(out, '!', sizeof(out));
		length = text_escape(text, strlen(text), out, room);
		assert_true(length < room);
		assert_int_equal(strlen(out), length);
		if (room > whole_length) {
			assert_string_equal(out, whole);
			continue;
		}
		assert_string_equal(out + length - 3, "...");
		assert_memory_equal(out, whole, length - 3);
		for (size_t at = 0; at < length;) {
			size_t bytes = text_printable(out + at, length - at);

			assert_true(bytes > 0);
			at += bytes;
		}
	}
}

struct guess_case {
	const char *word;
	const char *best;
};

static void test_guess(void **state)
{
	static const char *const candidates[] = {"interfaces",	 "attach",     "mode",
						 "closed-ports", "open-ports", "to"};
	static const struct guess_case cases[] = {
		{"interface", "interfaces"},
		{"mdoe", "mode"},
		{"closedports", "closed-ports"},
		{"open_ports", "open-ports"},
		{"atach", "attach"},
		{"xyzzy", NULL},
		{"", NULL},
		{"int", "interfaces"},
		{"in", NULL},
		{"ot", NULL},
		{"moda", "mode"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct text_guess guess = {.word = cases[i].word, .size = strlen(cases[i].word)};

		for (size_t j = 0; j < COUNT(candidates); j++)
			text_guess_offer(&guess, candidates[j]);
		if (cases[i].best)
			assert_string_equal(guess.best, cases[i].best);
		else
			assert_null(guess.best);
	}
}

static void test_guess_long_word(void **state)
{
	char word[300];
	struct text_guess guess = {.word = word, .size = sizeof(word)};

	(void)state;
	memset(word, 'a', sizeof(word));
	text_guess_offer(&guess, "aaaa");
	assert_null(guess.best);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escape),		cmocka_unit_test(test_escape_nul),
		cmocka_unit_test(test_escape_cuts),	cmocka_unit_test(test_guess),
		cmocka_unit_test(test_guess_long_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
