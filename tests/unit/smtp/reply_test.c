// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "smtp/reply.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEXT(literal) literal, sizeof(literal) - 1

struct reply_case {
	const char *name;
	const char *data;
	size_t size;
	int code;	  /* 0: broken */
	const char *text; /* or what was wrong */
	size_t rest;
};

#define WRONG_CODE "a line without a reply code"
#define WRONG_CODES "lines with different codes"
#define WRONG_OCTETS "CR or LF alone, or NUL"

static const struct reply_case cases[] = {
	{"one line", TEXT("250 2.1.0 Ok\r\n"), 250, "2.1.0 Ok", 0},
	{"no text", TEXT("250\r\n"), 250, "", 0},
	{"no text, blank", TEXT("250 \r\n"), 250, "", 0},
	{"lines", TEXT("250-mx.example\r\n250-SIZE 1000\r\n250 DSN\r\n"), 250,
	 "mx.example\nSIZE 1000\nDSN", 0},
	{"empty lines", TEXT("250-\r\n250-\r\n250\r\n"), 250, "\n\n", 0},
	{"the next reply", TEXT("354 Go\r\n250 Ok\r\n"), 354, "Go", 8},
	{"controls", TEXT("550 a\x1b[31m\tb\x7f\b\r\n"), 550, "a?[31m b??", 0},
	{"8 bit", TEXT("250 b\xc3\xbc\xff\r\n"), 250, "b\xc3\xbc\xff", 0},
	{"highest", TEXT("599 x\r\n"), 599, "x", 0},
	{"another second digit", TEXT("571 x\r\n"), 571, "x", 0},
	{"1yz", TEXT("150 x\r\n"), 0, WRONG_CODE, 0},
	{"6yz", TEXT("600 x\r\n"), 0, WRONG_CODE, 0},
	{"letters", TEXT("25O x\r\n"), 0, WRONG_CODE, 0},
	{"two digits", TEXT("25\r\n"), 0, WRONG_CODE, 0},
	{"four digits", TEXT("2500 x\r\n"), 0, WRONG_CODE, 0},
	{"tab", TEXT("250\tx\r\n"), 0, WRONG_CODE, 0},
	{"an empty line", TEXT("\r\n"), 0, WRONG_CODE, 0},
	{"not SMTP", TEXT("* OK IMAP4rev1\r\n"), 0, WRONG_CODE, 0},
	{"codes differ", TEXT("250-a\r\n251 b\r\n"), 0, WRONG_CODES, 0},
	{"a line between", TEXT("250-a\r\nb\r\n250 c\r\n"), 0, WRONG_CODE, 0},
	{"bare LF", TEXT("250 a\n"), 0, WRONG_OCTETS, 0},
	{"bare CR", TEXT("250 a\r250 b\r\n"), 0, WRONG_OCTETS, 0},
	{"CR CR LF", TEXT("250 a\r\r\n"), 0, WRONG_OCTETS, 0},
	{"NUL", TEXT("250 a\0\r\n"), 0, WRONG_OCTETS, 0},
};

/* Feeds copies of `step` octets. */
static enum reply_status feed(struct smtp_reply *reply, const char *data, size_t size, size_t step,
			      size_t *used)
{
	enum reply_status status = REPLY_MORE;

	*used = 0;
	while (*used < size && status == REPLY_MORE) {
		size_t length = step < size - *used ? step : size - *used, taken = 0;
		char *copy = malloc(length);

		memcpy(copy, data + *used, length);
		status = reply_feed(reply, copy, length, &taken);
		free(copy);
		if (status == REPLY_MORE)
			assert_int_equal(taken, length);
		*used += taken;
	}
	return status;
}

static void check(const struct reply_case *each, struct smtp_reply *reply, size_t step)
{
	size_t used;
	enum reply_status status = feed(reply, each->data, each->size, step, &used);

	if (status != (each->code ? REPLY_DONE : REPLY_BROKEN))
		fail_msg("%s, %zu at once: status %d", each->name, step, status);
	if (!each->code) {
		assert_string_equal(reply->broken, each->text);
		return;
	}
	assert_int_equal(reply->code, each->code);
	assert_string_equal(reply->text, each->text);
	assert_int_equal(reply->size, strlen(each->text));
	assert_int_equal(each->size - used, each->rest);
}

/* One struct for all, as on a connection. */
static void test_feed(void **state)
{
	struct smtp_reply reply = {0};

	(void)state;
	for (size_t step = 1; step < 40; step++) {
		for (size_t i = 0; i < COUNT(cases); i++) {
			check(&cases[i], &reply, step);
			reply_clear(&reply);
		}
	}
	reply_free(&reply);
	assert_null(reply.text);
	assert_null(reply.line);
}

static enum reply_status feed_lines(struct smtp_reply *reply, size_t lines, size_t width,
				    size_t step)
{
	char *data = malloc(lines * (width + 6) + 1), *at = data;
	enum reply_status status;
	size_t used;

	for (size_t i = 0; i < lines; i++)
		at += sprintf(at, "250%c%0*zu\r\n", i + 1 < lines ? '-' : ' ', (int)width, i);
	status = feed(reply, data, (size_t)(at - data), step, &used);
	free(data);
	return status;
}

static void test_bounds(void **state)
{
	static const size_t steps[] = {1, 100, 1000000};

	(void)state;
	for (size_t i = 0; i < COUNT(steps); i++) {
		struct smtp_reply reply = {0};

		assert_int_equal(feed_lines(&reply, REPLY_LINES_MAX, 3, steps[i]), REPLY_DONE);
		reply_clear(&reply);
		assert_int_equal(feed_lines(&reply, REPLY_LINES_MAX + 1, 3, steps[i]),
				 REPLY_BROKEN);
		reply_clear(&reply);
		assert_int_equal(feed_lines(&reply, 1, REPLY_LINE_MAX - 6, steps[i]), REPLY_DONE);
		reply_clear(&reply);
		assert_int_equal(feed_lines(&reply, 1, REPLY_LINE_MAX - 5, steps[i]), REPLY_BROKEN);
		reply_free(&reply);
	}
}

/* What is kept is bounded, and cut between lines. */
static void test_kept(void **state)
{
	struct smtp_reply reply = {0};

	(void)state;
	assert_int_equal(feed_lines(&reply, REPLY_LINES_MAX, 999, 333), REPLY_DONE);
	assert_int_equal(reply.lines, REPLY_LINES_MAX);
	assert_int_equal(reply.size, 4 * 1000 - 1);
	assert_int_equal(strlen(reply.text), reply.size);
	assert_in_range(reply.capacity, reply.size + 1, 2 * REPLY_KEPT_MAX);
	reply_clear(&reply);
	assert_int_equal(feed_lines(&reply, 1, 3, 333), REPLY_DONE);
	assert_string_equal(reply.text, "000");
	reply_free(&reply);
}

/* A line that never ends takes no more than a line's memory. */
static void test_endless_line(void **state)
{
	struct smtp_reply reply = {0};
	size_t used, fed = 0;

	(void)state;
	while (reply_feed(&reply, "2500000000", 10, &used) == REPLY_MORE && fed < 1000000)
		fed += used;
	assert_in_range(fed, REPLY_LINE_MAX - 20, REPLY_LINE_MAX);
	assert_string_equal(reply.broken, "a line that is too long");
	reply_free(&reply);
}

static void test_enhanced_code(void **state)
{
	static const struct {
		const char *text;
		int code;
		size_t length;
	} codes[] = {
		{"5.7.1 no", 550, 5},
		{"5.7.1", 550, 5},
		{"2.1.5 Ok", 250, 5},
		{"4.123.456 x", 451, 9},
		{"5.7.1 no", 450, 0},
		{"5.7.1no", 550, 0},
		{"5.7 no", 550, 0},
		{"5.7.", 550, 0},
		{"5..1 no", 550, 0},
		{"5.1234.1 no", 550, 0},
		{"5.1.1234 no", 550, 0},
		{"3.0.0 go", 354, 0},
		{"", 250, 0},
		{"Ok", 250, 0},
		{"5.7.1\nno", 550, 5},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(codes); i++)
		if (reply_enhanced_code(codes[i].text, strlen(codes[i].text), codes[i].code) !=
		    codes[i].length)
			fail_msg("\"%s\"", codes[i].text);
}

static void test_format(void **state)
{
	static const struct {
		int code;
		const char *text;
		int utf8;
		const char *lines;
	} formats[] = {
		{250, "2.1.0 Ok", 0, "250 2.1.0 Ok\r\n"},
		{250, "Ok", 0, "250 2.0.0 Ok\r\n"},
		{550, "4.7.1 odd", 0, "550 5.0.0 4.7.1 odd\r\n"},
		{354, "Go ahead", 0, "354 Go ahead\r\n"},
		{550, "5.7.1 no\n5.7.1 never", 0, "550-5.7.1 no\r\n550 5.7.1 never\r\n"},
		{550, "5.7.1 no\nnever", 0, "550-5.7.1 no\r\n550 5.7.1 never\r\n"},
		{550, "no\n5.7.1 never", 0, "550-5.0.0 no\r\n550 5.7.1 never\r\n"},
		{550, "no\n\nx", 0, "550-5.0.0 no\r\n550-5.0.0 \r\n550 5.0.0 x\r\n"},
		{250, "b\xc3\xbc", 0, "250 2.0.0 b??\r\n"},
		{250, "b\xc3\xbc", 1, "250 2.0.0 b\xc3\xbc\r\n"},
		{250, "b\xc3", 1, "250 2.0.0 b?\r\n"},
		{250, "a\rb\x1b\x7f\t", 1, "250 2.0.0 a?b???\r\n"},
		{250, "\xe2\x80\xae", 1, "250 2.0.0 ???\r\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(formats); i++) {
		char out[2 * REPLY_LINE_MAX];
		size_t length =
			reply_format(formats[i].code, formats[i].text, strlen(formats[i].text),
				     formats[i].utf8, out, sizeof(out));

		if (length != strlen(formats[i].lines) ||
		    memcmp(out, formats[i].lines, length) != 0)
			fail_msg("\"%s\": %.*s", formats[i].text, (int)length, out);
	}
}

/* What does not fit is left out by whole lines; the last is there, and all of it is a reply. */
static void test_format_bounds(void **state)
{
	char text[5000], out[2 * REPLY_LINE_MAX];
	struct smtp_reply reply = {0};
	size_t used;

	(void)state;
	for (size_t width = 1; width < 1200; width += 13) {
		size_t size = 0, length;

		while (size + width + 6 < sizeof(text)) {
			memset(text + size, 'x', width);
			text[size + width] = '\n';
			size += width + 1;
		}
		memcpy(text + size, "last", 4);
		length = reply_format(250, text, size + 4, 0, out, sizeof(out));
		assert_in_range(length, 10, sizeof(out));
		assert_memory_equal(out + length - 16, "250 2.0.0 last\r\n", 16);
		reply_clear(&reply);
		if (length / 14 < REPLY_LINES_MAX)
			assert_int_equal(reply_feed(&reply, out, length, &used), REPLY_DONE);
	}
	reply_free(&reply);
}

static void test_format_long_line(void **state)
{
	char text[3000], out[2 * REPLY_LINE_MAX];

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_int_equal(reply_format(250, text, sizeof(text), 0, out, sizeof(out)),
			 REPLY_LINE_MAX);
	assert_memory_equal(out + REPLY_LINE_MAX - 3, "x\r\n", 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_feed),	      cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_kept),	      cmocka_unit_test(test_endless_line),
		cmocka_unit_test(test_enhanced_code), cmocka_unit_test(test_format),
		cmocka_unit_test(test_format_bounds), cmocka_unit_test(test_format_long_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
