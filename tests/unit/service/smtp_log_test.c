// SPDX-License-Identifier: GPL-2.0-only
/* What the gate tells, as log lines: in Postfix's words, and whole whatever a client has sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mxfence/reasons.h"
#include "service/smtp_log.h"
#include "service/smtp_words.h"

/* 192.0.2.1, and what most sessions have. */
#define CLIENT                                                                                     \
	.session = 0xab12, .client = {0, 0, 0, 0xc0000201}, .client_family = MXF_FAMILY_IPV4,      \
	.esmtp = 1, .helo = "mx.example.net"

struct log_case {
	const char *name;
	struct mxf_gate_record record;
	const char *origin;
	enum log_level_name level;
	const char *line; /* "": not logged */
};

static const struct log_case cases[] = {
	{"a refused recipient",
	 {CLIENT, .kind = MXF_RECORD_REFUSED, .command = "RCPT", .code = 550, .enhanced = "5.7.1",
	  .text = "Unable to relay", .has_sender = 1, .recipient = "b@other.example", .decided = 1,
	  .rule = MXF_RULE_RELAY},
	 "mxfence.yaml:12",
	 LOG_LEVEL_INFO,
	 "NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 550 5.7.1 <b@other.example>: Unable to "
	 "relay; from=<> to=<b@other.example> proto=ESMTP helo=<mx.example.net> rule=relay "
	 "origin=mxfence.yaml:12 session=ab12"},
	{"a refusal that no rule made",
	 {CLIENT, .kind = MXF_RECORD_REFUSED, .command = "MAIL", .code = 501, .enhanced = "5.1.7",
	  .text = "Bad sender address syntax", .reason = "has no domain"},
	 "",
	 LOG_LEVEL_INFO,
	 "NOQUEUE: reject: MAIL from unknown[192.0.2.1]: 501 5.1.7 Bad sender address syntax; "
	 "proto=ESMTP helo=<mx.example.net> reason=\"has no domain\" session=ab12"},
	{"a refused connection, IPv6",
	 {.kind = MXF_RECORD_REFUSED,
	  .session = 1,
	  .client = {0x20010db8, 0, 0, 7},
	  .client_family = MXF_FAMILY_IPV6,
	  .command = "CONNECT",
	  .code = 421,
	  .enhanced = "4.7.0",
	  .text = "Too many sessions"},
	 "",
	 LOG_LEVEL_INFO,
	 "NOQUEUE: reject: CONNECT from unknown[2001:db8::7]: 421 4.7.0 Too many sessions; "
	 "proto=SMTP session=1"},
	{"the login of a refused sender",
	 {CLIENT, .kind = MXF_RECORD_REFUSED, .command = "RCPT", .code = 553, .enhanced = "5.7.1",
	  .text = "No", .has_sender = 1, .sender = "eve@example.com", .recipient = "b@c.example",
	  .login = "jane", .decided = 1, .rule = MXF_RULE_LOGIN_SENDER},
	 "",
	 LOG_LEVEL_INFO,
	 "NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 553 5.7.1 <b@c.example>: No; "
	 "from=<eve@example.com> to=<b@c.example> proto=ESMTP helo=<mx.example.net> login=<jane> "
	 "rule=login-sender session=ab12"},
	{"a HELO that is an address literal",
	 {.kind = MXF_RECORD_REFUSED,
	  .session = 1,
	  .client = {0, 0, 0, 0x7f000001},
	  .client_family = MXF_FAMILY_IPV4,
	  .command = "RCPT",
	  .code = 550,
	  .text = "No",
	  .helo = "[127.0.0.1]",
	  .recipient = "a@[192.0.2.9]"},
	 "",
	 LOG_LEVEL_INFO,
	 "NOQUEUE: reject: RCPT from unknown[127.0.0.1]: 550 <a@[192.0.2.9]>: No; "
	 "to=<a@[192.0.2.9]> proto=SMTP helo=<[127.0.0.1]> session=1"},
	{"an accepted recipient", {CLIENT, .kind = MXF_RECORD_ACCEPTED}, "", LOG_LEVEL_INFO, ""},
	{"a message",
	 {CLIENT, .kind = MXF_RECORD_MESSAGE, .code = 250, .enhanced = "2.0.0",
	  .text = "Ok: queued as 4X", .has_sender = 1, .sender = "a@b.example", .bytes = 1234,
	  .recipients = 2},
	 "",
	 LOG_LEVEL_INFO,
	 "message from unknown[192.0.2.1]: accepted from=<a@b.example> proto=ESMTP "
	 "helo=<mx.example.net> size=1234 nrcpt=2 reply=\"250 2.0.0 Ok: queued as 4X\" "
	 "session=ab12"},
	{"a message that the backend refuses",
	 {CLIENT, .kind = MXF_RECORD_MESSAGE, .code = 552, .text = "Too large", .has_sender = 1},
	 "",
	 LOG_LEVEL_INFO,
	 "message from unknown[192.0.2.1]: refused by the backend from=<> proto=ESMTP "
	 "helo=<mx.example.net> size=0 nrcpt=0 reply=\"552 Too large\" session=ab12"},
	{"a failed login",
	 {CLIENT, .kind = MXF_RECORD_LOGIN, .result = MXF_AUTH_FAILED, .mechanism = "PLAIN",
	  .login = "jane"},
	 "",
	 LOG_LEVEL_WARNING,
	 "warning: unknown[192.0.2.1]: SASL PLAIN authentication failed: sasl_username=<jane> "
	 "session=ab12"},
	{"a login that nobody could answer",
	 {CLIENT, .kind = MXF_RECORD_LOGIN, .result = MXF_AUTH_ERROR, .mechanism = "LOGIN"},
	 "",
	 LOG_LEVEL_WARNING,
	 "warning: unknown[192.0.2.1]: SASL LOGIN authentication not possible, nobody to ask: "
	 "sasl_username=<> session=ab12"},
	{"a login",
	 {CLIENT, .kind = MXF_RECORD_LOGIN, .result = MXF_AUTH_OK, .mechanism = "PLAIN",
	  .login = "jane"},
	 "",
	 LOG_LEVEL_INFO,
	 "login from unknown[192.0.2.1]: sasl_method=PLAIN sasl_username=<jane> session=ab12"},
	{"trouble with a backend",
	 {CLIENT, .kind = MXF_RECORD_BACKEND, .result = MXF_BACKEND_CONNECT,
	  .reason = "Connection refused"},
	 "",
	 LOG_LEVEL_WARNING,
	 "backend trouble: connect: Connection refused; client=unknown[192.0.2.1] session=ab12"},
	{"the end",
	 {CLIENT, .kind = MXF_RECORD_END, .result = MXF_SESSION_TIMEOUT, .messages = 3},
	 "",
	 LOG_LEVEL_DEBUG,
	 "disconnect from unknown[192.0.2.1]: timeout messages=3 session=ab12"},
	{"a kind that is none", {CLIENT, .kind = MXF_RECORD_COUNT}, "", LOG_LEVEL_INFO, ""},
};

static void test_lines(void **state)
{
	char line[SMTP_LOG_MAX];
	enum log_level_name level;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t size = smtp_log_format(&cases[i].record, cases[i].origin, line, &level);

		if (strcmp(line, cases[i].line) != 0)
			fail_msg("%s: %s", cases[i].name, line);
		assert_int_equal(size, strlen(cases[i].line));
		if (size > 0 && level != cases[i].level)
			fail_msg("%s: level %d", cases[i].name, level);
	}
}

static void test_origin(void **state)
{
	struct source files[] = {{.name = "mxfence.yaml"}, {.name = "conf.d/gate.yaml"}};
	const struct sources sources = {.items = files, .count = 2};
	struct mxf_gate_record record = {.decided = 1, .origin_file = 1, .origin_line = 7};
	char origin[SMTP_ORIGIN_MAX];

	(void)state;
	smtp_record_origin(&record, &sources, origin);
	assert_string_equal(origin, "conf.d/gate.yaml:7");
	/* A worker gone wild may say anything. */
	record.origin_file = 999;
	smtp_record_origin(&record, &sources, origin);
	assert_string_equal(origin, ":7");
	record.origin_line = 0;
	smtp_record_origin(&record, &sources, origin);
	assert_string_equal(origin, "");
}

/* Each text in turn is `text`. */
#define TEXTS(X)                                                                                   \
	X(enhanced)                                                                                \
	X(command)                                                                                 \
	X(mechanism)                                                                               \
	X(sender)                                                                                  \
	X(recipient)                                                                               \
	X(helo)                                                                                    \
	X(login)                                                                                   \
	X(text)                                                                                    \
	X(reason)

static void fill(char *field, size_t size, const char *text)
{
	size_t length = strlen(text) < size ? strlen(text) : size - 1;

	memcpy(field, text, length);
	field[length] = '\0';
}

/* The address that fail2ban takes is the first one in brackets, and the client's own. */
static void assert_whole(const char *line)
{
	const char *bracket = strchr(line, '[');

	for (const char *at = line; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			fail_msg("a control character: %s", line);
	if (bracket && strncmp(bracket, "[192.0.2.1]", 11) != 0)
		fail_msg("another address: %s", line);
}

static void try_text(const char *text)
{
	char line[SMTP_LOG_MAX];
	enum log_level_name level;

	for (int kind = 0; kind < MXF_RECORD_COUNT; kind++) {
		for (int which = 0, at = 0; at >= which; which++) {
			struct mxf_gate_record record = {CLIENT, .kind = (uint8_t)kind, .code = 550,
							 .has_sender = 1};

			at = 0;
#define FILL(name)                                                                                 \
	if (at++ == which)                                                                         \
		fill(record.name, sizeof(record.name), text);
			TEXTS(FILL)
			if (smtp_log_format(&record, "", line, &level))
				assert_whole(line);
			if (which + 1 == at)
				break;
		}
	}
}

static void test_hostile_texts(void **state)
{
	static const char *const texts[] = {
		"a\r\nNOQUEUE: reject: RCPT from unknown[203.0.113.9]: 550 5.7.1",
		"x> from unknown[203.0.113.9]",
		"]: 550 [203.0.113.9]",
		"\x1b[2J\x07\x7f",
		"\xff\xfe\xc0\x80\xed\xa0\x80",
		"\xe2\x80\xae\xe2\x80\xa8",
		"%s%n%x",
		"\"; rule=accept session=0",
	};
	char bytes[256];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		try_text(texts[i]);
	for (int byte = 1; byte < 256; byte++) {
		memset(bytes, byte, sizeof(bytes) - 1);
		bytes[sizeof(bytes) - 1] = '\0';
		try_text(bytes);
	}
}

/* However much there is to tell of each text, what stands behind it is told too. */
static void test_longest(void **state)
{
	char bytes[MXF_RECORD_ADDRESS_MAX], origin[SMTP_ORIGIN_MAX], line[SMTP_LOG_MAX];
	enum log_level_name level;

	(void)state;
	memset(origin, 'o', sizeof(origin) - 1);
	origin[sizeof(origin) - 1] = '\0';
	for (int i = 0; i < 2; i++) {
		struct mxf_gate_record record = {.kind = MXF_RECORD_REFUSED,
						 .session = UINT64_MAX,
						 .client = {~0u, ~0u, ~0u, ~0u},
						 .client_family = MXF_FAMILY_IPV6,
						 .code = 550,
						 .has_sender = 1,
						 .esmtp = 1,
						 .decided = 1,
						 .rule = MXF_RULE_RECIPIENT_UNKNOWN};

		memset(bytes, i ? 'x' : '\xff', sizeof(bytes) - 1);
		bytes[sizeof(bytes) - 1] = '\0';
#define FILL_ALL(name) fill(record.name, sizeof(record.name), bytes);
		TEXTS(FILL_ALL)
		assert_true(smtp_log_format(&record, origin, line, &level) > 0);
		assert_non_null(strstr(line, origin));
		assert_non_null(strstr(line, " session=ffffffffffffffff"));
		assert_true(strlen(line) <= LOG_LINE_MAX - 1);
	}
}

/* Numbers that are out of every table. */
static void test_hostile_numbers(void **state)
{
	char line[SMTP_LOG_MAX];
	enum log_level_name level;

	(void)state;
	for (int kind = 0; kind < 256; kind++) {
		struct mxf_gate_record record;

		memset(&record, 0xff, sizeof(record));
#define END(name)                                                                                  \
	memset(record.name, 0xff, sizeof(record.name) - 1),                                        \
		record.name[sizeof(record.name) - 1] = '\0';
		TEXTS(END)
		record.kind = (uint8_t)kind;
		assert_true(smtp_log_format(&record, "", line, &level) < SMTP_LOG_MAX);
		assert_non_null(memchr(line, '\0', sizeof(line)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),		cmocka_unit_test(test_origin),
		cmocka_unit_test(test_hostile_texts),	cmocka_unit_test(test_longest),
		cmocka_unit_test(test_hostile_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
