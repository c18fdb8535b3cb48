// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "smtp/command.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEXT(literal) literal, sizeof(literal) - 1

#define ALL 0x3ffu /* every extension */

static bool span_equals(struct text_span span, const char *text)
{
	if (!text || !span.text)
		return !text && !span.text && span.size == 0;
	return span.size == strlen(text) && memcmp(span.text, text, span.size) == 0;
}

static struct text_span span_of(const char *text)
{
	return (struct text_span){.text = text, .size = strlen(text)};
}

static const struct {
	const char *line;
	size_t size;
	enum smtp_verb verb;
	const char *argument;
} verb_cases[] = {
	{TEXT("EHLO a.example"), COMMAND_EHLO, "a.example"},
	{TEXT("ehlo \t a.example  "), COMMAND_EHLO, "a.example"},
	{TEXT("Mail From:<a@b>"), COMMAND_MAIL, "From:<a@b>"},
	{TEXT("DATA"), COMMAND_DATA, NULL},
	{TEXT("DATA "), COMMAND_DATA, NULL},
	{TEXT("RSET now"), COMMAND_RSET, "now"},
	{TEXT("STARTTLS"), COMMAND_STARTTLS, NULL},
	{TEXT("XCLIENT NAME=a"), COMMAND_XCLIENT, "NAME=a"},
	{TEXT("BDAT 86 LAST"), COMMAND_BDAT, "86 LAST"},
	{TEXT(""), COMMAND_UNKNOWN, NULL},
	{TEXT("   "), COMMAND_UNKNOWN, NULL},
	{TEXT(" DATA"), COMMAND_UNKNOWN, "DATA"},
	{TEXT("DATAX"), COMMAND_UNKNOWN, NULL},
	{TEXT("DAT"), COMMAND_UNKNOWN, NULL},
	{TEXT("QUIT\0"), COMMAND_UNKNOWN, NULL},
	{TEXT("MAIL:<a@b>"), COMMAND_UNKNOWN, NULL},
	{TEXT("GET / HTTP/1.1"), COMMAND_FOREIGN, "/ HTTP/1.1"},
	{TEXT("post /"), COMMAND_FOREIGN, "/"},
	{TEXT("CONNECT a:25 HTTP/1.1"), COMMAND_FOREIGN, "a:25 HTTP/1.1"},
	{TEXT("PRI * HTTP/2.0"), COMMAND_FOREIGN, "* HTTP/2.0"},
	{TEXT("SSH-2.0-OpenSSH_9.2"), COMMAND_FOREIGN, NULL},
	{TEXT("\x16\x03\x01\x02"), COMMAND_FOREIGN, NULL},
	{TEXT("GETX /"), COMMAND_UNKNOWN, "/"},
};

static void test_verbs(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(verb_cases); i++) {
		struct smtp_command command;

		smtp_command_parse(verb_cases[i].line, verb_cases[i].size, &command);
		if (command.verb != verb_cases[i].verb ||
		    !span_equals(command.argument, verb_cases[i].argument))
			fail_msg("\"%s\": verb %d, \"%.*s\"", verb_cases[i].line, command.verb,
				 (int)command.argument.size, command.argument.text);
	}
}

static void test_foreign(void **state)
{
	(void)state;
	assert_true(command_looks_foreign(TEXT("\x16\x03\x01\x02\0\1\0")));
	assert_true(command_looks_foreign(TEXT("SSH-")));
	assert_false(command_looks_foreign(TEXT("SSH")));
	assert_false(command_looks_foreign(TEXT("\x16")));
	assert_false(command_looks_foreign(TEXT("\x16\x02")));
	assert_false(command_looks_foreign(TEXT("EHLO a\r\n")));
	assert_false(command_looks_foreign("", 0));
}

static void test_limits(void **state)
{
	(void)state;
	assert_int_equal(command_line_limit(COMMAND_EHLO), COMMAND_LINE_MAX);
	assert_int_equal(command_line_limit(COMMAND_UNKNOWN), COMMAND_LINE_MAX);
	assert_int_equal(command_line_limit(COMMAND_MAIL), COMMAND_LINE_LONGEST);
	assert_int_equal(command_line_limit(COMMAND_RCPT), COMMAND_LINE_LONGEST);
	assert_int_equal(command_line_limit(COMMAND_AUTH), AUTH_LINE_MAX);
}

/* The path and what may stand around it; parsed as RCPT and as MAIL alike. */
static const struct {
	const char *argument; /* behind the colon */
	enum path_error error;
	const char *path;
} path_cases[] = {
	{"<a@b.example>", PATH_OK, "a@b.example"},
	{" <a@b.example>", PATH_OK, "a@b.example"},
	{"<>", PATH_OK, ""},
	{"<\"a>b\"@c.example>", PATH_OK, "\"a>b\"@c.example"},
	{"<\"a\\\">b\"@c.example>", PATH_OK, "\"a\\\">b\"@c.example"},
	{"<\"a\\\\\"@c.example>", PATH_OK, "\"a\\\\\"@c.example"},
	{"<\"a<b\"@c.example>", PATH_OK, "\"a<b\"@c.example"},
	{"<@r.example:a@b.example>", PATH_OK, "@r.example:a@b.example"},
	{"<a b>", PATH_OK, "a b"}, /* not this parser's business */
	{"", PATH_SYNTAX, NULL},
	{" ", PATH_SYNTAX, NULL},
	{"a@b.example", PATH_SYNTAX, NULL},
	{"  <a@b.example>", PATH_SYNTAX, NULL},
	{"\t<a@b.example>", PATH_SYNTAX, NULL},
	{"<a@b.example", PATH_SYNTAX, NULL},
	{"<\"a@b.example>", PATH_SYNTAX, NULL},
	{"<\"a\\", PATH_SYNTAX, NULL},
	{"<<a@b.example>", PATH_SYNTAX, NULL},
	{"<a@b.example>>", PATH_SYNTAX, NULL},
	{"<a@b.example><c@d.example>", PATH_SYNTAX, NULL},
	{"<a@b.example> <c@d.example>", PATH_SYNTAX, NULL},
	{"<a@b.example>,<c@d.example>", PATH_SYNTAX, NULL},
	{"<a@b.example>, <c@d.example>", PATH_SYNTAX, NULL},
	{"<a@b.example> (comment)", PATH_SYNTAX, NULL},
	{"<a@b.example> -X=1", PATH_SYNTAX, NULL},
	{"<a@b.example> =1", PATH_SYNTAX, NULL},
	{"<a@b.example>X=1", PATH_SYNTAX, NULL},
	{"Name <a@b.example>", PATH_SYNTAX, NULL},
	{"<a@b.example> X=1", PATH_UNKNOWN, NULL},
	{"<a@b.example> X", PATH_UNKNOWN, NULL},
};

static enum path_error parse_path(const char *keyword, const char *argument, char *text,
				  struct text_span *path)
{
	struct mail_arguments mail;
	struct rcpt_arguments rcpt;
	enum path_error error;

	sprintf(text, "%s%s", keyword, argument);
	if (keyword[0] == 'F') {
		error = command_parse_mail(span_of(text), ALL, &mail);
		*path = mail.path;
	} else {
		error = command_parse_rcpt(span_of(text), ALL, &rcpt);
		*path = rcpt.path;
	}
	return error;
}

static void test_paths(void **state)
{
	static const char *const keywords[] = {"FROM:", "TO:", "From:", "to:"};

	(void)state;
	for (size_t i = 0; i < COUNT(path_cases); i++) {
		for (size_t k = 0; k < COUNT(keywords); k++) {
			char text[128];
			struct text_span path;
			enum path_error error =
				parse_path(keywords[k], path_cases[i].argument, text, &path);

			if (error != path_cases[i].error ||
			    (!error && !span_equals(path, path_cases[i].path)))
				fail_msg("%s: error %d, path \"%.*s\"", text, error, (int)path.size,
					 path.text);
		}
	}
}

static void test_no_keyword(void **state)
{
	struct mail_arguments mail;
	struct rcpt_arguments rcpt;

	(void)state;
	assert_int_equal(command_parse_mail((struct text_span){0}, ALL, &mail), PATH_SYNTAX);
	assert_int_equal(command_parse_rcpt((struct text_span){0}, ALL, &rcpt), PATH_SYNTAX);
	assert_int_equal(command_parse_mail(span_of("<a@b>"), ALL, &mail), PATH_SYNTAX);
	assert_int_equal(command_parse_mail(span_of("FROM <a@b>"), ALL, &mail), PATH_SYNTAX);
	assert_int_equal(command_parse_mail(span_of("FROM :<a@b>"), ALL, &mail), PATH_SYNTAX);
	assert_int_equal(command_parse_mail(span_of("TO:<a@b>"), ALL, &mail), PATH_SYNTAX);
	assert_int_equal(command_parse_rcpt(span_of("FROM:<a@b>"), ALL, &rcpt), PATH_SYNTAX);
}

#define C10 "1234567890"
#define C50 C10 C10 C10 C10 C10

static const struct {
	const char *parameters;
	unsigned int extensions;
	enum path_error error;
} mail_cases[] = {
	{"", 0, PATH_OK},
	{" ", 0, PATH_OK},
	{" SIZE=1000", ALL, PATH_OK},
	{"  size=1000  body=8bitmime ", ALL, PATH_OK},
	{" SIZE=1000", ALL & ~EXTENSION_SIZE, PATH_UNKNOWN},
	{" SIZE=00000000000000000001", ALL, PATH_OK},
	{" SIZE=000000000000000000001", ALL, PATH_PARAMETER},
	{" SIZE=99999999999999999999", ALL, PATH_OK},
	{" SIZE=", ALL, PATH_PARAMETER},
	{" SIZE", ALL, PATH_PARAMETER},
	{" SIZE=-1", ALL, PATH_PARAMETER},
	{" SIZE=1k", ALL, PATH_PARAMETER},
	{" SIZE=1=1", ALL, PATH_PARAMETER},
	{" SIZE=1 SIZE=1", ALL, PATH_PARAMETER},
	{" SIZE=1 X=1 SIZE=1", ALL, PATH_UNKNOWN},
	{" BODY=7BIT", ALL, PATH_OK},
	{" BODY=7BIT", ALL & ~EXTENSION_8BITMIME, PATH_UNKNOWN},
	{" BODY=BINARYMIME", ALL, PATH_PARAMETER},
	{" BODY", ALL, PATH_PARAMETER},
	{" SMTPUTF8", ALL, PATH_OK},
	{" SMTPUTF8=", ALL, PATH_PARAMETER},
	{" SMTPUTF8=1", ALL, PATH_PARAMETER},
	{" SMTPUTF8", ALL & ~EXTENSION_SMTPUTF8, PATH_UNKNOWN},
	{" RET=FULL", ALL, PATH_OK},
	{" RET=hdrs", ALL, PATH_OK},
	{" RET=HEADERS", ALL, PATH_PARAMETER},
	{" RET=FULL", ALL & ~EXTENSION_DSN, PATH_UNKNOWN},
	{" ENVID=a+2Bb+20", ALL, PATH_OK},
	{" ENVID=" C50 C50, ALL, PATH_OK},
	{" ENVID=" C50 C50 "1", ALL, PATH_PARAMETER},
	{" ENVID=a+", ALL, PATH_PARAMETER},
	{" ENVID=a+0D+0AX", ALL, PATH_PARAMETER},
	{" ENVID=a+7F", ALL, PATH_PARAMETER},
	{" ENVID=a+FC", ALL, PATH_PARAMETER},
	{" ENVID=", ALL, PATH_PARAMETER},
	{" ENVID=a\x01", ALL, PATH_PARAMETER},
	{" AUTH=<>", ALL, PATH_OK},
	{" AUTH=<>", EXTENSION_AUTH_LOGIN, PATH_OK},
	{" AUTH=<>", ALL & ~(EXTENSION_AUTH_LOGIN | EXTENSION_AUTH_PLAIN), PATH_UNKNOWN},
	{" AUTH=e+3Dmc2@example.com", ALL, PATH_OK},
	{" AUTH=e=mc2@example.com", ALL, PATH_PARAMETER},
	{" NOTIFY=NEVER", ALL, PATH_UNKNOWN},
	{" XCLIENT", ALL, PATH_UNKNOWN},
};

static void test_mail_parameters(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(mail_cases); i++) {
		char text[256];
		struct mail_arguments mail;
		enum path_error error;

		snprintf(text, sizeof(text), "FROM:<>%s", mail_cases[i].parameters);
		error = command_parse_mail(span_of(text), mail_cases[i].extensions, &mail);
		if (error != mail_cases[i].error)
			fail_msg("%s: error %d", text, error);
	}
}

static void test_mail_values(void **state)
{
	static const char text[] = "FROM:<a@b.example> SIZE=12345 BODY=8BITMIME SMTPUTF8 RET=HDRS "
				   "ENVID=QQ314159 AUTH=<>";
	struct mail_arguments mail;

	(void)state;
	assert_int_equal(command_parse_mail(span_of(text), ALL, &mail), PATH_OK);
	assert_true(span_equals(mail.path, "a@b.example"));
	assert_int_equal(mail.size, 12345);
	assert_int_equal(mail.body, BODY_8BITMIME);
	assert_true(mail.utf8);
	assert_true(span_equals(mail.ret, "HDRS"));
	assert_true(span_equals(mail.envid, "QQ314159"));
	assert_true(span_equals(mail.auth, "<>"));
	assert_int_equal(
		command_parse_mail(span_of("FROM:<> SIZE=18446744073709551616"), ALL, &mail),
		PATH_OK);
	assert_true(mail.size == UINT64_MAX);
	assert_int_equal(mail.body, BODY_NONE);
	assert_false(mail.utf8);
	assert_null(mail.ret.text);
}

static const struct {
	const char *parameters;
	unsigned int extensions;
	enum path_error error;
} rcpt_cases[] = {
	{" NOTIFY=NEVER", ALL, PATH_OK},
	{" NOTIFY=SUCCESS,FAILURE,DELAY", ALL, PATH_OK},
	{" notify=delay", ALL, PATH_OK},
	{" NOTIFY=NEVER", ALL & ~EXTENSION_DSN, PATH_UNKNOWN},
	{" NOTIFY=NEVER,SUCCESS", ALL, PATH_PARAMETER},
	{" NOTIFY=SUCCESS,NEVER", ALL, PATH_PARAMETER},
	{" NOTIFY=SUCCESS,SUCCESS", ALL, PATH_PARAMETER},
	{" NOTIFY=SUCCESS,", ALL, PATH_PARAMETER},
	{" NOTIFY=,SUCCESS", ALL, PATH_PARAMETER},
	{" NOTIFY=,", ALL, PATH_PARAMETER},
	{" NOTIFY=", ALL, PATH_PARAMETER},
	{" NOTIFY", ALL, PATH_PARAMETER},
	{" NOTIFY=ALWAYS", ALL, PATH_PARAMETER},
	{" NOTIFY=NEVER NOTIFY=NEVER", ALL, PATH_PARAMETER},
	{" ORCPT=rfc822;a+2Bb@example.com", ALL, PATH_OK},
	{" ORCPT=rfc822;a+2Bb@example.com NOTIFY=NEVER", ALL, PATH_OK},
	{" ORCPT=X-My-Type;anything", ALL, PATH_OK},
	{" ORCPT=rfc822;", ALL, PATH_PARAMETER},
	{" ORCPT=;a@b", ALL, PATH_PARAMETER},
	{" ORCPT=a@b", ALL, PATH_PARAMETER},
	{" ORCPT=rf(c;a@b", ALL, PATH_PARAMETER},
	{" ORCPT=rfc822;a+b", ALL, PATH_PARAMETER},
	{" ORCPT=rfc822;a+0D+0Ab", ALL, PATH_PARAMETER},
	{" ORCPT=rfc822;b\xc3\xbc@example.com", ALL, PATH_PARAMETER},
	{" ORCPT=utf-8;b\\x{FC}@example.com", ALL, PATH_OK},
	{" ORCPT=utf-8;b\xc3\xbc@example.com", ALL, PATH_OK},
	{" ORCPT=UTF-8;b\xc3\xbc@example.com", ALL & ~EXTENSION_SMTPUTF8, PATH_UTF8},
	{" ORCPT=utf-8;b\\x{FC}@example.com", ALL & ~EXTENSION_SMTPUTF8, PATH_OK},
	{" ORCPT=utf-8;b\xc3@example.com", ALL & ~EXTENSION_SMTPUTF8, PATH_PARAMETER},
	{" ORCPT=utf-8;b\xc3@example.com", ALL, PATH_PARAMETER},
	{" ORCPT=utf-8;b\xc3\xbc+0A", ALL, PATH_PARAMETER},
	{" ORCPT=rfc822;" C50 C50 C50 C50 C50 C50 C50 C50 C50 C10 C10 C10 C10 "123", ALL, PATH_OK},
	{" ORCPT=rfc822;" C50 C50 C50 C50 C50 C50 C50 C50 C50 C10 C10 C10 C10 "1234", ALL,
	 PATH_PARAMETER},
	{" SIZE=1", ALL, PATH_UNKNOWN},
	{" MT-PRIORITY=1", ALL, PATH_UNKNOWN},
};

static void test_rcpt_parameters(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rcpt_cases); i++) {
		char text[640];
		struct rcpt_arguments rcpt;
		enum path_error error;

		snprintf(text, sizeof(text), "TO:<a@b.example>%s", rcpt_cases[i].parameters);
		error = command_parse_rcpt(span_of(text), rcpt_cases[i].extensions, &rcpt);
		if (error != rcpt_cases[i].error)
			fail_msg("%s: error %d", text, error);
	}
}

static void test_rcpt_values(void **state)
{
	struct rcpt_arguments rcpt;

	(void)state;
	assert_int_equal(
		command_parse_rcpt(span_of("TO:<a@b> NOTIFY=DELAY ORCPT=rfc822;c@d"), ALL, &rcpt),
		PATH_OK);
	assert_true(span_equals(rcpt.notify, "DELAY"));
	assert_true(span_equals(rcpt.orcpt, "rfc822;c@d"));
	assert_int_equal(command_parse_rcpt(span_of("TO:<a@b>"), ALL, &rcpt), PATH_OK);
	assert_null(rcpt.notify.text);
	assert_null(rcpt.orcpt.text);
}

#define LABEL63 C50 C10 "abc"

static void test_helo_names(void **state)
{
	static const char *const good[] = {
		"localhost",
		"mx.example.com",
		"1.example",
		"under_score.example",
		"_x.example",
		"a-b.example",
		"xn--bcher-kva.example",
		LABEL63 ".example",
		"10.0.0.1",
		"[192.0.2.1]",
		"[IPv6:2001:db8::1]",
		"[ipv6:::1]",
		"[IPv6:::ffff:192.0.2.1]",
	};
	static const char *const bad[] = {
		"",
		".",
		"a.",
		".a",
		"a..b",
		"-a.example",
		"a-.example",
		"a b",
		"a/b",
		"b\xc3\xbc.example",
		LABEL63 "d.example",
		"[]",
		"[",
		"[192.0.2]",
		"[192.0.2.1",
		"[::1]",
		"[IPv6:192.0.2.1]",
		"[IPv6:]",
		"[192.0.2.1] x",
		"[192.0.2.01]",
		"<script>",
		"a,b",
		"$(x)",
		"[x:y]",
		"[IPv6:fe80::1%eth0]",
		C50 "." C50 "." C50 "." C50 "." C50 ".a",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		if (!command_is_helo_name(span_of(good[i])))
			fail_msg("\"%s\" was refused", good[i]);
	for (size_t i = 0; i < COUNT(bad); i++)
		if (command_is_helo_name(span_of(bad[i])))
			fail_msg("\"%s\" was taken", bad[i]);
	assert_false(command_is_helo_name((struct text_span){0}));
	assert_false(command_is_helo_name((struct text_span){.text = "a\0b", .size = 3}));
	assert_false(command_is_helo_name((struct text_span){.text = "[192.0.2.1\0]", .size = 12}));
}

static const struct {
	const char *argument;
	const char *mechanism; /* NULL: refused */
	const char *initial;
} auth_cases[] = {
	{"PLAIN", "PLAIN", NULL},
	{"login", "login", NULL},
	{"SCRAM-SHA-256_X", "SCRAM-SHA-256_X", NULL},
	{"PLAIN AGEAYg==", "PLAIN", "AGEAYg=="},
	{"PLAIN =", "PLAIN", ""},
	{"PLAIN ==", "PLAIN", "=="},
	{"", NULL, NULL},
	{" PLAIN", NULL, NULL},
	{"PLAIN ", NULL, NULL},
	{"PLAIN  AGEAYg==", NULL, NULL},
	{"PLAIN AGEA Yg==", NULL, NULL},
	{"PLAIN AGEA\tYg==", NULL, NULL},
	{"PL/AIN", NULL, NULL},
	{"ABCDEFGHIJKLMNOPQRSTU", NULL, NULL},
};

static void test_auth(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(auth_cases); i++) {
		struct text_span mechanism, initial;
		bool good =
			command_parse_auth(span_of(auth_cases[i].argument), &mechanism, &initial);

		if (good != (auth_cases[i].mechanism != NULL) ||
		    (good && (!span_equals(mechanism, auth_cases[i].mechanism) ||
			      !span_equals(initial, auth_cases[i].initial))))
			fail_msg("\"%s\": %d", auth_cases[i].argument, good);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verbs),	    cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_limits),	    cmocka_unit_test(test_paths),
		cmocka_unit_test(test_no_keyword),  cmocka_unit_test(test_mail_parameters),
		cmocka_unit_test(test_mail_values), cmocka_unit_test(test_rcpt_parameters),
		cmocka_unit_test(test_rcpt_values), cmocka_unit_test(test_helo_names),
		cmocka_unit_test(test_auth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
