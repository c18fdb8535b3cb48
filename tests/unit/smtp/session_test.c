// SPDX-License-Identifier: GPL-2.0-only
/* Sessions from the client's side: order, answers, limits, what is no SMTP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/smtp/session_scripts.h"

#define TLS_LISTENER(tls, more)                                                                    \
	"gate:\n"                                                                                  \
	"  hostname: mx.example.com\n"                                                             \
	"  domains: [example.com]\n"                                                               \
	"  tls: {certificate: /c.pem, key: /k.pem}\n"                                              \
	"  listeners:\n"                                                                           \
	"    - {name: mx, address: \"192.0.2.25:25\", role: mx, backend: inside, tls: " tls "}\n"  \
	"  backends:\n"                                                                            \
	"    inside: {servers: [\"10.0.0.5:25\"], tls: off}\n"                                     \
	"  auth: {source: none}\n" more

#define STARTTLS_OFFERED                                                                             \
	GREETED, CLIENT("EHLO client.example\r\n"),                                                  \
		SAYS("250-mx.example.com\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250-STARTTLS\r\n" \
		     "250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n250 ENHANCEDSTATUSCODES\r\n")

static const struct script order[] = {
	{.name = "greeting and QUIT",
	 .steps = {GREETED, CLIENT("QUIT\r\n"), SAYS("221 2.0.0 Bye\r\n"), WISHES("finish quit\n"),
		   EVENTS("end quit 0\n")}},
	{.name = "EHLO", .steps = {HELLO}},
	{.name = "the verb in lower case",
	 .steps = {GREETED, CLIENT("ehlo client.example\r\n"), SAYS(EHLO_ANSWER)}},
	{.name = "HELO offers nothing",
	 .steps = {GREETED, CLIENT("HELO client.example\r\n"), SAYS("250 mx.example.com\r\n"),
		   CLIENT("MAIL FROM:<a@b.example> SIZE=1\r\n"),
		   SAYS("555 5.5.4 A parameter is not supported\r\n"),
		   CLIENT("MAIL FROM:<a@b.example>\r\n"), SAYS("250 2.1.0 Sender OK\r\n")}},
	{.name = "a name that is none",
	 .steps = {GREETED, CLIENT("EHLO\r\nEHLO a b\r\nEHLO <x>\r\nHELO -x\r\n"),
		   SAYS("501 5.5.4 The argument is no host name or address\r\n"
			"501 5.5.4 The argument is no host name or address\r\n"
			"501 5.5.4 The argument is no host name or address\r\n"
			"501 5.5.4 The argument is no host name or address\r\n")}},
	{.name = "an address literal as name",
	 .steps = {GREETED, CLIENT("HELO [192.0.2.1]\r\nHELO [IPv6:2001:db8::1]\r\n"),
		   SAYS("250 mx.example.com\r\n250 mx.example.com\r\n")}},
	{.name = "commands out of order",
	 .steps = {GREETED, CLIENT("MAIL FROM:<a@b.example>\r\n"),
		   SAYS("503 5.5.1 Send EHLO first\r\n"), CLIENT("EHLO client.example\r\n"),
		   SAYS(EHLO_ANSWER), CLIENT("RCPT TO:<u@example.com>\r\nDATA\r\n"),
		   SAYS("503 5.5.1 Send MAIL first\r\n503 5.5.1 Send MAIL first\r\n"),
		   CLIENT("MAIL FROM:<a@b.example>\r\nMAIL FROM:<a@b.example>\r\n"),
		   SAYS("250 2.1.0 Sender OK\r\n503 5.5.1 Not within a transaction\r\n"),
		   CLIENT("DATA\r\n"), SAYS("554 5.5.1 No valid recipients\r\n"),
		   EVENTS("refused MAIL 503 5.5.1\n"
			  "refused RCPT 503 5.5.1\n"
			  "refused DATA 503 5.5.1\n"
			  "refused MAIL 503 5.5.1\n"
			  "refused DATA 554 5.5.1\n")}},
	{.name = "short commands",
	 .steps = {HELLO, CLIENT("NOOP x\r\nRSET\r\nVRFY root\r\nHELP\r\n"),
		   SAYS("250 2.0.0 OK\r\n250 2.0.0 OK\r\n"
			"252 2.5.2 Cannot verify a user, but will take mail and try\r\n"
			"214 2.0.0 See RFC 5321\r\n")}},
	{.name = "arguments where there are none",
	 .steps = {HELLO, CLIENT("RSET x\r\nQUIT x\r\n"),
		   SAYS("501 5.5.4 The command has no argument\r\n"
			"501 5.5.4 The command has no argument\r\n")}},
	{.name = "what is never offered",
	 .steps =
		 {HELLO,
		  CLIENT("EXPN x\r\nETRN x\r\nXCLIENT ADDR=10.0.0.1\r\nXFORWARD X=1\r\nTURN\r\n\r\n"),
		  SAYS("500 5.5.1 Unknown command\r\n500 5.5.1 Unknown command\r\n"
		       "500 5.5.1 Unknown command\r\n500 5.5.1 Unknown command\r\n"
		       "500 5.5.1 Unknown command\r\n500 5.5.1 Unknown command\r\n")}},
	{.name = "AUTH and STARTTLS that are not offered",
	 .steps = {HELLO, CLIENT("AUTH PLAIN AGEAYg==\r\nSTARTTLS\r\n"),
		   SAYS("503 5.5.1 AUTH is not offered\r\n"
			"502 5.5.1 STARTTLS is not offered\r\n")}},
	{.name = "EHLO ends a transaction",
	 .steps = {HELLO, CLIENT("MAIL FROM:<a@b.example>\r\nEHLO client.example\r\n"),
		   SAYS("250 2.1.0 Sender OK\r\n" EHLO_ANSWER),
		   CLIENT("RCPT TO:<u@example.com>\r\n"), SAYS("503 5.5.1 Send MAIL first\r\n")}},
};

static const struct script addresses[] = {
	{.name = "senders",
	 .steps = {HELLO, CLIENT("MAIL a@b\r\n"),
		   SAYS("501 5.5.4 Syntax error in the arguments\r\n"),
		   CLIENT("MAIL FROM:<a@@b>\r\n"), SAYS("501 5.1.7 Bad sender address syntax\r\n"),
		   CLIENT("MAIL FROM:<\xc3\xbc@b.example>\r\n"),
		   SAYS("553 5.6.7 SMTPUTF8 is needed for this address\r\n"),
		   CLIENT("MAIL FROM:<a@b.example> XYZ=1\r\n"),
		   SAYS("555 5.5.4 A parameter is not supported\r\n"),
		   CLIENT("MAIL FROM:<a@b.example> AUTH=<>\r\n"),
		   SAYS("555 5.5.4 A parameter is not supported\r\n"),
		   CLIENT("MAIL FROM:<a@b.example> SIZE=x\r\n"),
		   SAYS("501 5.5.4 Syntax error in the arguments\r\n"),
		   CLIENT("MAIL FROM:<a@b.example> SIZE=10240001\r\n"),
		   SAYS("552 5.3.4 The message is too large\r\n"), CLIENT("MAIL FROM:<>\r\n"),
		   SAYS("250 2.1.0 Sender OK\r\n")}},
	{.name = "recipients that the policy refuses",
	 .steps = {HELLO, CLIENT("MAIL FROM:<a@b.example>\r\n"), SAYS("250 2.1.0 Sender OK\r\n"),
		   CLIENT("RCPT TO:<u@elsewhere.example>\r\nRCPT TO:<x>\r\n"
			  "RCPT TO:<u%elsewhere@example.com>\r\nRCPT TO:<u@example.com.>\r\n"
			  "RCPT TO:u@example.com\r\n"),
		   SAYS("550 5.7.1 Unable to relay\r\n501 5.1.3 Bad recipient address syntax\r\n"
			"550 5.1.3 Routing through this host is not permitted\r\n"
			"501 5.1.3 Bad recipient address syntax\r\n"
			"501 5.5.4 Syntax error in the arguments\r\n"),
		   EVENTS("refused RCPT 550 5.7.1 relay to=u@elsewhere.example\n"
			  "refused RCPT 501 5.1.3 recipient-form to=x\n"
			  "refused RCPT 550 5.1.3 recipient-form to=u%elsewhere@example.com\n"
			  "refused RCPT 501 5.1.3 recipient-form to=u@example.com.\n"
			  "refused RCPT 501 5.5.4\n")}},
	{.name = "recipients in UTF-8, without SMTPUTF8 in this MAIL",
	 .steps = {HELLO, CLIENT("MAIL FROM:<a@b.example> SMTPUTF8\r\nRSET\r\n"),
		   SAYS("250 2.1.0 Sender OK\r\n250 2.0.0 OK\r\n"),
		   CLIENT("MAIL FROM:<a@b.example>\r\n"), SAYS("250 2.1.0 Sender OK\r\n"),
		   CLIENT("RCPT TO:<\xc3\xbc@example.com>\r\n"
			  "RCPT TO:<u@\xc3\xbc.example>\r\n"
			  "RCPT TO:<u@example.com> ORCPT=utf-8;\xc3\xbc@example.com\r\n"),
		   SAYS("553 5.6.7 SMTPUTF8 is needed for this address\r\n"
			"553 5.6.7 SMTPUTF8 is needed for this address\r\n"
			"553 5.6.7 SMTPUTF8 is needed for this address\r\n")}},
	{.name = "TLS required",
	 .config = TLS_LISTENER("required", ""),
	 .steps = {GREETED, CLIENT("HELO client.example\r\nMAIL FROM:<a@b.example>\r\n"),
		   SAYS("250 mx.example.com\r\n530 5.7.0 Must issue a STARTTLS command first\r\n"),
		   EVENTS("refused MAIL 530 5.7.0 tls-required\n")}},
};

static const struct script not_smtp[] = {
	{.name = "bytes before the greeting",
	 .whole_only = true,
	 .steps = {CLIENT("EHLO x\r\n"), SAYS("554 5.5.0 You spoke before the greeting\r\n"),
		   WISHES("finish protocol\n"),
		   EVENTS("refused CONNECT 554 5.5.0\nend protocol 0\n")}},
	{.name = "bare LF",
	 .steps = {HELLO, CLIENT("NOOP\nQUIT\r\n"), SAYS("500 5.5.2 Lines end with CRLF\r\n"),
		   WISHES("finish protocol\n")}},
	{.name = "bare CR",
	 .steps = {HELLO, CLIENT("NOOP\rQUIT\r\n"), SAYS("500 5.5.2 Lines end with CRLF\r\n"),
		   WISHES("finish protocol\n")}},
	{.name = "NUL",
	 .steps = {HELLO, CLIENT("NO\0OP\r\n"), SAYS("500 5.5.2 Lines end with CRLF\r\n"),
		   WISHES("finish protocol\n")}},
	{.name = "HTTP",
	 .steps = {GREETED, CLIENT("GET / HTTP/1.1\r\n"),
		   SAYS("500 5.5.1 This is a mail server\r\n"), WISHES("finish protocol\n")}},
	{.name = "a TLS hello",
	 .steps = {GREETED, CLIENT("\x16\x03\x01\x02\x00"),
		   SAYS("500 5.5.1 This is a mail server\r\n"), WISHES("finish protocol\n")}},
	{.name = "BDAT and what follows",
	 .steps = {HELLO, CLIENT("BDAT 6 LAST\r\nQUIT\r\n"),
		   SAYS("502 5.5.1 BDAT is not offered\r\n"), WISHES("finish protocol\n")}},
	{.name = "a message that nobody asked for",
	 .whole_only = true,
	 .steps = {HELLO, CLIENT("MAIL FROM:<a@b.example>\r\nDATA\r\nMAIL FROM:<x@y>\r\n.\r\n"),
		   SAYS("250 2.1.0 Sender OK\r\n554 5.5.1 No valid recipients\r\n"
			"503 5.5.1 The message was not asked for\r\n"),
		   WISHES("finish protocol\n")}},
	{.name = "the same, later",
	 .steps = {HELLO, CLIENT("MAIL FROM:<a@b.example>\r\nDATA\r\n"),
		   SAYS("250 2.1.0 Sender OK\r\n554 5.5.1 No valid recipients\r\n"),
		   CLIENT("Subject: x\r\n\r\nRSET\r\n"),
		   SAYS("503 5.5.1 The message was not asked for\r\n"),
		   WISHES("finish protocol\n")}},
	{.name = "QUIT behind DATA",
	 .steps = {HELLO, CLIENT("MAIL FROM:<a@b.example>\r\nDATA\r\nQUIT\r\n"),
		   SAYS("250 2.1.0 Sender OK\r\n554 5.5.1 No valid recipients\r\n"
			"221 2.0.0 Bye\r\n"),
		   WISHES("finish quit\n")}},
	{.name = "the client closes",
	 .steps = {HELLO, CLIENT("NOO"), HUNG_UP, WISHES("finish closed\n")}},
};

#define LIMITED(limits)                                                                            \
	"gate:\n"                                                                                  \
	"  hostname: mx.example.com\n"                                                             \
	"  domains: [example.com]\n"                                                               \
	"  listeners:\n"                                                                           \
	"    - {name: mx, address: \"192.0.2.25:25\", role: mx, backend: inside, tls: off}\n"      \
	"  backends:\n"                                                                            \
	"    inside: {servers: [\"10.0.0.5:25\"], tls: off}\n"                                     \
	"  auth: {source: none}\n"                                                                 \
	"  limits: {" limits "}\n"

static const struct script limits[] = {
	{.name = "errors",
	 .config = LIMITED("errors: 2"),
	 .steps = {HELLO, CLIENT("X\r\nRSET x\r\nNOOP\r\n"),
		   SAYS("500 5.5.1 Unknown command\r\n501 5.5.4 The command has no argument\r\n"
			"421 4.7.0 Too many errors\r\n"),
		   WISHES("finish limit\n"),
		   EVENTS("refused UNKNOWN 500 5.5.1\nrefused RSET 501 5.5.4\n"
			  "refused RSET 421 4.7.0\nend limit 0\n")}},
	{.name = "unknown commands",
	 .config = LIMITED("unknown-commands: 1"),
	 .steps = {HELLO, CLIENT("X\r\nNOOP\r\n"),
		   SAYS("500 5.5.1 Unknown command\r\n421 4.7.0 Too many unknown commands\r\n"),
		   WISHES("finish limit\n")}},
	{.name = "idle commands",
	 .config = LIMITED("idle-commands: 3"),
	 .steps = {HELLO, CLIENT("NOOP\r\nRSET\r\nVRFY x\r\nNOOP\r\n"),
		   SAYS("250 2.0.0 OK\r\n250 2.0.0 OK\r\n"
			"252 2.5.2 Cannot verify a user, but will take mail and try\r\n"
			"421 4.7.0 Too many commands without mail\r\n"),
		   WISHES("finish limit\n")}},
	{.name = "command-timeout",
	 .config = LIMITED("command-timeout: 10"),
	 .steps = {HELLO, WAIT(9999), CLIENT("NO"), WAIT(1),
		   SAYS("421 4.4.2 Timeout, closing connection\r\n"), WISHES("finish timeout\n")}},
	{.name = "a whole command begins it anew",
	 .config = LIMITED("command-timeout: 10"),
	 .steps = {HELLO, WAIT(9000), CLIENT("NOOP\r\n"), SAYS("250 2.0.0 OK\r\n"), WAIT(9000),
		   CLIENT("NOOP\r\n"), SAYS("250 2.0.0 OK\r\n")}},
	{.name = "session-timeout",
	 .config = LIMITED("session-timeout: 60"),
	 .steps = {HELLO, WAIT(60000), SAYS("421 4.7.0 This session was too long\r\n"),
		   WISHES("finish limit\n")}},
	{.name = "greet-delay",
	 .config = LIMITED("greet-delay: 5"),
	 .steps = {WAIT(4999), SAYS(""), WAIT(1), GREETED}},
	{.name = "speaking in greet-delay",
	 .config = LIMITED("greet-delay: 5"),
	 .steps = {WAIT(4000), CLIENT("E"), SAYS("554 5.5.0 You spoke before the greeting\r\n"),
		   WISHES("finish protocol\n")}},
	{.name = "not welcome",
	 .steps = {REFUSE("Too many sessions"), SAYS("421 4.7.0 Too many sessions\r\n"),
		   WISHES("finish limit\n"), EVENTS("refused CONNECT 421 4.7.0\nend limit 0\n")}},
	{.name = "EHLO again and again",
	 .config = LIMITED("idle-commands: 1"),
	 .steps = {HELLO, CLIENT("EHLO client.example\r\n"),
		   SAYS(EHLO_ANSWER "421 4.7.0 Too many commands without mail\r\n"),
		   WISHES("finish limit\n")}},
	{.name = "drain",
	 .steps = {HELLO, DRAIN, SAYS("421 4.3.2 The service is shutting down\r\n"),
		   WISHES("finish stopped\n")}},
	{.name = "internal clients have limits of their own",
	 .client = "10.1.1.1",
	 .config = LIMITED("errors: 1") "  limits-internal: {errors: 2}\n"
					"  relay: {from: [10.0.0.0/8]}\n",
	 .steps = {HELLO, CLIENT("X\r\nX\r\n"),
		   SAYS("500 5.5.1 Unknown command\r\n500 5.5.1 Unknown command\r\n"
			"421 4.7.0 Too many errors\r\n"),
		   WISHES("finish limit\n")}},
};

static const struct script tls[] = {
	{.name = "STARTTLS forgets",
	 .config = TLS_LISTENER("optional", ""),
	 .steps = {STARTTLS_OFFERED, CLIENT("STARTTLS x\r\nSTARTTLS\r\n"),
		   SAYS("501 5.5.4 The command has no argument\r\n"
			"220 2.0.0 Ready to start TLS\r\n"),
		   WISHES("client tls\n"), CLIENT_TLS(true), CLIENT("MAIL FROM:<a@b.example>\r\n"),
		   SAYS("503 5.5.1 Send EHLO first\r\n"), CLIENT("EHLO client.example\r\n"),
		   SAYS(EHLO_ANSWER), CLIENT("STARTTLS\r\n"),
		   SAYS("503 5.5.1 TLS is active already\r\n")}},
	{.name = "bytes behind STARTTLS",
	 .whole_only = true,
	 .config = TLS_LISTENER("optional", ""),
	 .steps = {STARTTLS_OFFERED, CLIENT("STARTTLS\r\nRSET\r\n"), WISHES("finish protocol\n")}},
	{.name = "a handshake that fails",
	 .config = TLS_LISTENER("optional", ""),
	 .steps = {STARTTLS_OFFERED, CLIENT("STARTTLS\r\n"),
		   SAYS("220 2.0.0 Ready to start TLS\r\n"), WISHES("client tls\n"),
		   CLIENT_TLS(false), WISHES("finish tls\n")}},
	{.name = "a handshake that does not come",
	 .config = TLS_LISTENER("optional", ""),
	 .steps = {STARTTLS_OFFERED, CLIENT("STARTTLS\r\n"),
		   SAYS("220 2.0.0 Ready to start TLS\r\n"), WISHES("client tls\n"), WAIT(60000),
		   WISHES("finish tls\n")}},
	{.name = "implicit TLS",
	 .config = TLS_LISTENER("implicit", ""),
	 .tls = true,
	 .steps = {HELLO, CLIENT("STARTTLS\r\nMAIL FROM:<>\r\n"),
		   SAYS("503 5.5.1 TLS is active already\r\n250 2.1.0 Sender OK\r\n")}},
};

static void test_order(void **state)
{
	(void)state;
	RUN_ALL(order);
}

static void test_addresses(void **state)
{
	(void)state;
	RUN_ALL(addresses);
}

static void test_what_is_not_smtp(void **state)
{
	(void)state;
	RUN_ALL(not_smtp);
}

static void test_limits(void **state)
{
	(void)state;
	RUN_ALL(limits);
}

static void test_tls(void **state)
{
	(void)state;
	RUN_ALL(tls);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_what_is_not_smtp),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_tls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
