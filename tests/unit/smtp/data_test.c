// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/data_model.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEXT(literal) literal, sizeof(literal) - 1

/* Chunks of one size, and of random sizes. */

static size_t chunk_fixed(void *context)
{
	return *(size_t *)context;
}

static uint64_t random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static size_t chunk_random(void *context)
{
	uint64_t number = random_next(context);

	return 1 + (number >> 8) % (number % 4 == 0 ? 4 : 200);
}

/* The first chunk has the size that is given, the second has the rest. */
static size_t chunk_split(void *context)
{
	size_t *left = context, size = *left;

	*left = SIZE_MAX;
	return size;
}

struct data_case {
	const char *name;
	const char *data;
	size_t size;
	const char *written; /* without the final dot; NULL: bad */
	uint64_t message;    /* octets, RFC 1870 */
	size_t rest;	     /* octets behind the end */
};

static const struct data_case good_cases[] = {
	{"empty", TEXT(".\r\n"), "", 0, 0},
	{"an empty line", TEXT("\r\n.\r\n"), "\r\n", 2, 0},
	{"text", TEXT("a: b\r\n\r\nc\r\n.\r\n"), "a: b\r\n\r\nc\r\n", 11, 0},
	{"pipelined", TEXT("a\r\n.\r\nQUIT\r\n"), "a\r\n", 3, 6},
	{"a second end", TEXT("a\r\n.\r\n.\r\n"), "a\r\n", 3, 3},
	{"stuffed", TEXT("..a\r\n...\r\n..\r\n.\r\n"), "..a\r\n...\r\n..\r\n", 11, 0},
	{"dots within", TEXT("a.\r\nb..c\r\n.\r\n"), "a.\r\nb..c\r\n", 10, 0},
	{"not stuffed", TEXT(".a\r\nb\r\n.c\r\n.\r\n"), "a\r\nb\r\nc\r\n", 9, 0},
	{"not stuffed, blank", TEXT(". \r\n.\r\n"), " \r\n", 3, 0},
	{"8 bit", TEXT("\xff\x80\xc3\xbc\r\n.\r\n"), "\xff\x80\xc3\xbc\r\n", 6, 0},
	{"controls", TEXT("\x01\x7f\t\v\f\x1a\r\n.\r\n"), "\x01\x7f\t\v\f\x1a\r\n", 8, 0},
};

static void check_good(const struct data_case *each, data_chunk_fn *next, void *context)
{
	struct data_result result = data_read(each->data, each->size, false, next, context);

	if (result.bad || !result.ended || result.size != each->message ||
	    each->size - result.used != each->rest ||
	    result.written_size != strlen(each->written) ||
	    memcmp(result.written, each->written, result.written_size) != 0)
		fail_msg("%s: bad %d, ended %d, size %d, used %zu, \"%.*s\"", each->name,
			 result.bad, result.ended, (int)result.size, result.used,
			 (int)result.written_size, result.written);
	free(result.written);
}

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good_cases); i++) {
		for (size_t size = 1; size <= good_cases[i].size; size++)
			check_good(&good_cases[i], chunk_fixed, &size);
		for (size_t at = 1; at < good_cases[i].size; at++) {
			size_t split = at;

			check_good(&good_cases[i], chunk_split, &split);
		}
	}
}

/* What some server or other takes for the end of data. None of it may be, and all of it is bad. */
#define SMUGGLED "MAIL FROM:<a@b.example>\r\n"

struct smuggling_case {
	const char *end;
	size_t size;
	const char *normalised; /* NULL: NUL stays bad */
};

static const struct smuggling_case smuggling_cases[] = {
	{TEXT("\n.\n"), "\r\n..\r\n"},
	{TEXT("\n.\r"), "\r\n..\r\n"},
	{TEXT("\r.\n"), "\r\n..\r\n"},
	{TEXT("\r.\r"), "\r\n..\r\n"},
	{TEXT("\n.\r\n"), "\r\n..\r\n"},
	{TEXT("\r.\r\n"), "\r\n..\r\n"},
	{TEXT("\r\n\0.\r\n"), NULL},
	{TEXT("\r\n.\r\r\n"), "\r\n..\r\n\r\n"},
	{TEXT("\r\n.\n"), "\r\n..\r\n"},
	{TEXT("\r\n.\r"), "\r\n..\r\n"},
	{TEXT("\r\n.\0\r\n"), NULL},
	{TEXT("\r\n\0\n.\r\n"), NULL},
	{TEXT("\r\0\n.\r\n"), NULL},
	{TEXT("\r\n.\r\0\n"), NULL},
	{TEXT("\n\n.\n\n"), "\r\n\r\n..\r\n\r\n"},
	{TEXT("\r\r\n.\r\r\n"), "\r\n\r\n..\r\n\r\n"},
	{TEXT("\n..\n"), "\r\n..\r\n"},
};

struct smuggling_text {
	char data[256];
	size_t size;
	char written[256];
};

static void build_smuggling(const struct smuggling_case *each, struct smuggling_text *text)
{
	text->size = (size_t)snprintf(text->data, sizeof(text->data), "before");
	memcpy(text->data + text->size, each->end, each->size);
	text->size += each->size;
	text->size += (size_t)snprintf(text->data + text->size, 128, SMUGGLED ".\r\n");
	snprintf(text->written, sizeof(text->written), "before%s" SMUGGLED, each->normalised);
}

static void check_smuggling(const struct smuggling_text *text, size_t number, bool normalise,
			    size_t split)
{
	struct data_result result =
		data_read(text->data, text->size, normalise, chunk_split, &split);
	bool good = normalise && smuggling_cases[number].normalised;

	if (!result.ended || result.used != text->size || result.bad == good)
		fail_msg("case %zu: ended %d at %zu of %zu, bad %d", number, result.ended,
			 result.used, text->size, result.bad);
	if (good) {
		assert_int_equal(result.written_size, strlen(text->written));
		assert_memory_equal(result.written, text->written, result.written_size);
		assert_int_equal(result.size,
				 result.written_size - (strstr(text->written, "\n..") ? 1 : 0));
	}
	free(result.written);
}

static void test_smuggling(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(smuggling_cases); i++) {
		struct smuggling_text text;

		build_smuggling(&smuggling_cases[i], &text);
		for (size_t split = 1; split <= text.size; split++) {
			check_smuggling(&text, i, false, split);
			check_smuggling(&text, i, true, split);
		}
	}
}

/* Once a message is bad nothing more of it goes out, and what was found with it neither. */
static void test_bad_is_silent(void **state)
{
	struct data_piece pieces[DATA_PIECES_MAX];
	struct data_reader reader;
	size_t count = 9;

	(void)state;
	data_begin(&reader, false);
	assert_int_equal(data_feed(&reader, TEXT("good\r\nbad\nmore\r\n"), pieces, &count), 16);
	assert_true(reader.bad);
	assert_int_equal(count, 0);
	assert_int_equal(data_feed(&reader, TEXT("more\r\n.\r\nQUIT\r\n"), pieces, &count), 9);
	assert_int_equal(count, 0);
	assert_int_equal(reader.state, DATA_END);
	/* Nothing is taken behind the end. */
	assert_int_equal(data_feed(&reader, TEXT("QUIT\r\n"), pieces, &count), 0);
	assert_int_equal(count, 0);
}

static void test_nothing_is_copied(void **state)
{
	static const char data[] = "a\r\n..b\r\n\r\n....\r\nlonger than any vector that looks at "
				   "it, and a second time that long, so that it is\r\n.\r\n";
	struct data_piece pieces[DATA_PIECES_MAX];
	struct data_reader reader;
	size_t count;

	(void)state;
	data_begin(&reader, false);
	assert_int_equal(data_feed(&reader, TEXT(data), pieces, &count), sizeof(data) - 1);
	assert_int_equal(count, 1);
	assert_ptr_equal(pieces[0].data, data);
	assert_int_equal(pieces[0].size, sizeof(data) - 1 - 3);
}

/* A dot that may be the end waits; a CR in a line does not. */
static void test_held_back(void **state)
{
	static const struct {
		const char *data;
		size_t written;
	} cases[] = {{".", 0},	 {".\r", 0},   {"a\r\n.", 3},  {"a\r\n.\r", 3},
		     {"a\r", 2}, {"a\r\n", 3}, {"a\r\n..", 5}, {"a\r\n.b", 4}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t all = SIZE_MAX;
		struct data_result result =
			data_read(cases[i].data, strlen(cases[i].data), false, chunk_fixed, &all);

		assert_int_equal(result.written_size, cases[i].written);
		free(result.written);
	}
}

/* Many lines to mend: the pieces fill up, and what is left is taken by the next call. */
static void test_pieces_fill_up(void **state)
{
	static const char lines[] = "\n\r\n\n.\n.\r.x\n..\r\r";
	struct data_piece pieces[DATA_PIECES_MAX];
	struct data_reader reader;
	size_t size = 200 * (sizeof(lines) - 1), count, used;
	char *data = malloc(size + 5);

	(void)state;
	for (size_t i = 0; i < 200; i++)
		memcpy(data + i * (sizeof(lines) - 1), lines, sizeof(lines) - 1);
	data_begin(&reader, true);
	used = data_feed(&reader, data, size, pieces, &count);
	assert_in_range(used, 20, size - 1);
	assert_in_range(count, DATA_PIECES_MAX - 3, DATA_PIECES_MAX);
	free(data);
}

/* Random input, much of it near the end of data, against the model. */

static size_t put_random(uint64_t *random, bool clean, char *out)
{
	static const struct {
		const char *text;
		size_t size;
	} words[] = {{TEXT("\r\n")},  {TEXT("\r\n")},	  {TEXT("\r\n.")}, {TEXT("\r\n..")},
		     {TEXT(".")},     {TEXT("x")},	  {TEXT("\xff")},  {TEXT("\r\n.x")},
		     {TEXT("\n")},    {TEXT("\r")},	  {TEXT("\0")},	   {TEXT("\r\n.\r")},
		     {TEXT("\n.\n")}, {TEXT("\r\n.\r\n")}};
	uint64_t number = random_next(random);
	size_t which = (number >> 16) % (clean ? 8 : COUNT(words));

	if (number % 4 == 0) {
		size_t size = (number >> 32) % 150;

		memset(out, 'a', size);
		return size;
	}
	memcpy(out, words[which].text, words[which].size);
	return words[which].size;
}

static size_t make_random(uint64_t *random, char *data)
{
	bool clean = random_next(random) % 2;
	size_t parts = random_next(random) % 40, size = 0;

	for (size_t i = 0; i < parts; i++)
		size += put_random(random, clean, data + size);
	if (random_next(random) % 8) {
		memcpy(data + size, "\r\n.\r\nQUIT", 9);
		size += 9;
	}
	return size;
}

static void assert_same(const struct data_result *got, const struct data_result *expected,
			uint64_t seed)
{
	bool good = expected->ended && !expected->bad;

	if (got->ended != expected->ended || got->used != expected->used ||
	    (expected->ended && got->bad != expected->bad))
		fail_msg("seed %llu: ended %d, used %zu, bad %d", (unsigned long long)seed,
			 got->ended, got->used, got->bad);
	if (good && (got->size != expected->size || got->written_size != expected->written_size ||
		     memcmp(got->written, expected->written, got->written_size) != 0))
		fail_msg("seed %llu: size %d, written %zu octets", (unsigned long long)seed,
			 (int)got->size, got->written_size);
}

/* What was written, with its final dot, is read as the same message again, in one piece. */
static void assert_same_again(const struct data_result *expected, uint64_t seed)
{
	size_t all = SIZE_MAX;
	struct data_result again;

	memcpy(expected->written + expected->written_size, ".\r\n", 3);
	again = data_read(expected->written, expected->written_size + 3, false, chunk_fixed, &all);
	assert_int_equal(again.used, expected->written_size + 3);
	again.used = expected->used;
	assert_same(&again, expected, seed);
	assert_in_range(again.most_pieces, 0, 1);
	free(again.written);
}

static void check_random(uint64_t seed, bool normalise)
{
	static char data[40 * 150 + 16];
	uint64_t random = seed * 0x9e3779b97f4a7c15u + 1;
	size_t size = make_random(&random, data);
	struct data_result expected = data_model(data, size, normalise);
	struct data_result got = data_read(data, size, normalise, chunk_random, &random);

	assert_same(&got, &expected, seed);
	if (expected.ended && !expected.bad)
		assert_same_again(&expected, seed);
	free(got.written);
	free(expected.written);
}

static void test_random(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20000; seed++) {
		check_random(seed, false);
		check_random(seed, true);
	}
}

/* A client that stuffs as it should, in whatever chunks: few pieces a feed. */
static void test_few_pieces(void **state)
{
	static const char data[] = "..\r\n..a\r\n\r\nb\r\n...\r\nc\r\n..\r\n.\r\n";

	(void)state;
	for (size_t size = 1; size < sizeof(data); size++) {
		struct data_result result = data_read(TEXT(data), false, chunk_fixed, &size);

		assert_true(result.ended && !result.bad);
		assert_in_range(result.most_pieces, 1, DATA_PIECES_FEW);
		free(result.written);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),	      cmocka_unit_test(test_smuggling),
		cmocka_unit_test(test_bad_is_silent), cmocka_unit_test(test_nothing_is_copied),
		cmocka_unit_test(test_held_back),     cmocka_unit_test(test_pieces_fill_up),
		cmocka_unit_test(test_random),	      cmocka_unit_test(test_few_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
