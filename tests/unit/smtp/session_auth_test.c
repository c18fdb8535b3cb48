// SPDX-License-Identifier: GPL-2.0-only
/* AUTH: the dialogs, who compares, and what a login changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/smtp/session_scripts.h"

#define SUBMISSION(source, backend, more)                                                          \
	"gate:\n"                                                                                  \
	"  hostname: mx.example.com\n"                                                             \
	"  domains: [example.com]\n"                                                               \
	"  tls: {certificate: /c.pem, key: /k.pem}\n"                                              \
	"  listeners:\n"                                                                           \
	"    - {name: sub, address: \"192.0.2.25:587\", role: submission, backend: inside, "       \
	"tls: required}\n"                                                                         \
	"  backends:\n"                                                                            \
	"    inside: {servers: [\"" backend "\"], tls: optional" more "}\n"                        \
	"  relay: {authenticated: yes}\n"                                                          \
	"  auth: {" source "}\n"

#define BY_DOVECOT SUBMISSION("source: dovecot, socket: auth.sock", "10.0.0.5:25", "")
#define BY_BACKEND SUBMISSION("source: backend", "127.0.0.1:25", "")

#define GREETED_TLS                                                                                \
	GREETED, CLIENT("EHLO client.example\r\n"),                                                \
		SAYS("250-mx.example.com\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n"               \
		     "250-AUTH PLAIN LOGIN\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n"         \
		     "250 ENHANCEDSTATUSCODES\r\n")

/* user and secret */
#define PLAIN "AHVzZXIAc2VjcmV0"
#define SUCCESS "235 2.7.0 Authentication successful\r\n"
#define FAILURE "535 5.7.8 Authentication credentials invalid\r\n"
#define TROUBLE "454 4.7.0 Temporary authentication failure\r\n"
#define NOT_BASE64 "501 5.5.2 Cannot decode the response\r\n"

static const struct script dialogs[] = {
	{.name = "PLAIN with an initial response",
	 .config = BY_DOVECOT,
	 .tls = true,
	 .steps = {GREETED_TLS, CLIENT("AUTH PLAIN " PLAIN "\r\nNOOP\r\n"),
		   WISHES("auth PLAIN user secret\n"), SAYS(""), AUTH_DONE(MXF_AUTH_OK),
		   SAYS(SUCCESS "250 2.0.0 OK\r\n"), CLIENT("AUTH PLAIN " PLAIN "\r\n"),
		   SAYS("503 5.5.1 You are logged in already\r\n"),
		   CLIENT("EHLO client.example\r\n"), SAYS(EHLO_ANSWER),
		   EVENTS("login ok PLAIN user\nrefused AUTH 503 5.5.1\n")}},
	{.name = "AUTH= of who is logged in, before and after another EHLO",
	 .config = BY_DOVECOT,
	 .tls = true,
	 .steps = {GREETED_TLS, CLIENT("AUTH PLAIN " PLAIN "\r\n"),
		   WISHES("auth PLAIN user secret\n"), AUTH_DONE(MXF_AUTH_OK), SAYS(SUCCESS),
		   CLIENT("MAIL FROM:<> AUTH=<>\r\n"), SAYS("250 2.1.0 Sender OK\r\n"),
		   CLIENT("EHLO client.example\r\n"), SAYS(EHLO_ANSWER),
		   CLIENT("MAIL FROM:<> AUTH=user+40example.com\r\n"),
		   SAYS("250 2.1.0 Sender OK\r\n"), CLIENT("HELO client.example\r\n"),
		   SAYS("250 mx.example.com\r\n"), CLIENT("MAIL FROM:<> AUTH=<>\r\n"),
		   SAYS("555 5.5.4 A parameter is not supported\r\n")}},
	{.name = "PLAIN",
	 .config = BY_DOVECOT,
	 .tls = true,
	 .steps = {GREETED_TLS, CLIENT("auth plain\r\n"), SAYS("334 \r\n"),
		   CLIENT("dXNlcgB1c2VyAHNlY3JldA==\r\n"), WISHES("auth PLAIN user secret\n"),
		   AUTH_DONE(MXF_AUTH_OK), SAYS(SUCCESS)}},
	{.name = "LOGIN",
	 .config = BY_DOVECOT,
	 .tls = true,
	 .steps = {GREETED_TLS, CLIENT("AUTH LOGIN\r\n"), SAYS("334 VXNlcm5hbWU6\r\n"),
		   CLIENT("dXNlcg==\r\n"), SAYS("334 UGFzc3dvcmQ6\r\n"), CLIENT("c2VjcmV0\r\n"),
		   WISHES("auth LOGIN user secret\n"), AUTH_DONE(MXF_AUTH_OK), SAYS(SUCCESS)}},
	{.name = "LOGIN with the name at once",
	 .config = BY_DOVECOT,
	 .tls = true,
	 .steps = {GREETED_TLS, CLIENT("AUTH LOGIN dXNlcg==\r\n"), SAYS("334 UGFzc3dvcmQ6\r\n"),
		   CLIENT("*\r\n"), SAYS("501 5.7.0 Authentication cancelled\r\n"),
		   CLIENT("NOOP\r\n"), SAYS("250 2.0.0 OK\r\n")}},
	{.name = "what is no response",
	 .config = BY_DOVECOT,
	 .tls = true,
	 .steps = {GREETED_TLS,
		   CLIENT("AUTH PLAIN x\r\nAUTH PLAIN =\r\nAUTH PLAIN dXNlcg==\r\n"
			  "AUTH LOGIN dXMAZXI=\r\nAUTH\r\nAUTH PLAIN a b\r\n"
			  "AUTH CRAM-MD5\r\n"),
		   SAYS(NOT_BASE64 NOT_BASE64 NOT_BASE64 NOT_BASE64
			"501 5.5.4 Syntax: AUTH mechanism\r\n501 5.5.4 Syntax: AUTH mechanism\r\n"
			"504 5.5.4 Unknown authentication mechanism\r\n")}},
	{.name = "in the name of somebody else",
	 .config = BY_DOVECOT,
	 .tls = true,
	 .steps = {GREETED_TLS, CLIENT("AUTH PLAIN cm9vdAB1c2VyAHNlY3JldA==\r\n"), SAYS(""),
		   WAIT(1000), SAYS(FAILURE), EVENTS("login failed PLAIN user\n")}},
	{.name = "wrong, three times",
	 .config = BY_DOVECOT,
	 .tls = true,
	 .steps = {GREETED_TLS,
		   CLIENT("AUTH PLAIN " PLAIN "\r\n"),
		   WISHES("auth PLAIN user secret\n"),
		   AUTH_DONE(MXF_AUTH_FAILED),
		   WAIT(999),
		   SAYS(""),
		   WAIT(1),
		   SAYS(FAILURE),
		   CLIENT("AUTH PLAIN " PLAIN "\r\n"),
		   WISHES("auth PLAIN user secret\n"),
		   AUTH_DONE(MXF_AUTH_FAILED),
		   WAIT(1000),
		   SAYS(FAILURE),
		   CLIENT("AUTH PLAIN " PLAIN "\r\nNOOP\r\n"),
		   WISHES("auth PLAIN user secret\n"),
		   AUTH_DONE(MXF_AUTH_FAILED),
		   WAIT(1000),
		   SAYS(FAILURE "421 4.7.0 Too many failed logins\r\n"),
		   WISHES("finish limit\n"),
		   EVENTS("login failed PLAIN user\nlogin failed PLAIN user\n"
			  "login failed PLAIN user\nrefused AUTH 421 4.7.0\nend limit 0\n")}},
	{.name = "nobody can compare",
	 .config = BY_DOVECOT,
	 .tls = true,
	 .steps = {GREETED_TLS, CLIENT("AUTH PLAIN " PLAIN "\r\n"),
		   WISHES("auth PLAIN user secret\n"), AUTH_DONE(MXF_AUTH_ERROR), SAYS(TROUBLE)}},
	{.name = "nobody answers",
	 .config = BY_DOVECOT,
	 .tls = true,
	 .steps = {GREETED_TLS, CLIENT("AUTH PLAIN " PLAIN "\r\n"),
		   WISHES("auth PLAIN user secret\n"), WAIT(60000), SAYS(TROUBLE)}},
	{.name = "who logged in may relay, and the backend is told",
	 .config = SUBMISSION("source: dovecot, socket: auth.sock", "10.0.0.5:25",
			      ", client-address: xclient"),
	 .tls = true,
	 .steps = {GREETED_TLS, CLIENT("AUTH PLAIN AHUgKwBzZWNyZXQ=\r\n"),
		   WISHES("auth PLAIN u + secret\n"), AUTH_DONE(MXF_AUTH_OK), SAYS(SUCCESS),
		   CLIENT("MAIL FROM:<>\r\nAUTH PLAIN x\r\nRCPT TO:<x@far.example>\r\n"),
		   SAYS("250 2.1.0 Sender OK\r\n503 5.5.1 Not within a transaction\r\n"),
		   WISHES("connect 0\n"), CONNECTED(0), REPLY("220 inside\r\n"),
		   BACKEND("EHLO mx.example.com\r\n"), REPLY("250-inside\r\n250 XCLIENT LOGIN\r\n"),
		   BACKEND("XCLIENT LOGIN=u+20+2B\r\n"), REPLY("220 inside\r\n"),
		   BACKEND("EHLO mx.example.com\r\n")}},
	{.name = "who has another name than the one he gave",
	 .config = SUBMISSION("source: dovecot, socket: auth.sock", "10.0.0.5:25",
			      ", client-address: xclient"),
	 .tls = true,
	 .steps = {GREETED_TLS, CLIENT("AUTH PLAIN " PLAIN "\r\n"),
		   WISHES("auth PLAIN user secret\n"), LOGGED_IN_AS("user@example.com"),
		   SAYS(SUCCESS),
		   CLIENT("MAIL FROM:<user@example.com>\r\nRCPT TO:<x@far.example>\r\n"),
		   SAYS("250 2.1.0 Sender OK\r\n"), WISHES("connect 0\n"), CONNECTED(0),
		   REPLY("220 inside\r\n"), BACKEND("EHLO mx.example.com\r\n"),
		   REPLY("250-inside\r\n250 XCLIENT LOGIN\r\n"),
		   BACKEND("XCLIENT LOGIN=user@example.com\r\n"), REPLY("220 inside\r\n"),
		   BACKEND("EHLO mx.example.com\r\n"),
		   EVENTS("login ok PLAIN user@example.com\n")}},
	{.name = "without TLS",
	 .config = BY_DOVECOT,
	 .steps = {GREETED, CLIENT("EHLO client.example\r\n"),
		   SAYS("250-mx.example.com\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n"
			"250-STARTTLS\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n"
			"250 ENHANCEDSTATUSCODES\r\n"),
		   CLIENT("AUTH PLAIN " PLAIN "\r\nMAIL FROM:<>\r\n"),
		   SAYS("530 5.7.0 Must issue a STARTTLS command first\r\n"
			"530 5.7.0 Must issue a STARTTLS command first\r\n")}},
	{.name = "no login, no mail",
	 .config = BY_DOVECOT,
	 .tls = true,
	 .steps = {GREETED_TLS, CLIENT("MAIL FROM:<>\r\n"),
		   SAYS("530 5.7.0 Authentication required\r\n"),
		   EVENTS("refused MAIL 530 5.7.0 login-required\n")}},
	{.name = "a line that is too long",
	 .config = BY_DOVECOT,
	 .tls = true,
	 .steps = {GREETED_TLS, CLIENT("AUTH PLAIN\r\n"), SAYS("334 \r\n"), CLIENT(A12K),
		   SAYS("500 5.5.6 Authentication exchange line is too long\r\n"),
		   WISHES("finish protocol\n")}},
	{.name = "a long response that is none",
	 .config = BY_DOVECOT,
	 .tls = true,
	 .steps = {GREETED_TLS, CLIENT("AUTH PLAIN " A1K A1K A1K "\r\n"), SAYS(NOT_BASE64)}},
};

#define LOGGED_IN                                                                                  \
	GREETED_TLS, CLIENT("AUTH PLAIN " PLAIN "\r\n"), SERVER_AUTH("PLAIN LOGIN"),               \
		BACKEND("AUTH PLAIN " PLAIN "\r\n"), REPLY("235 welcome\r\n"), SAYS(SUCCESS)
#define SERVER_AUTH(mechanisms)                                                                    \
	WISHES("connect 0\n"), CONNECTED(0), REPLY("220 inside\r\n"),                              \
		BACKEND("EHLO mx.example.com\r\n"),                                                \
		REPLY("250-inside\r\n250-PIPELINING\r\n250 AUTH " mechanisms "\r\n")

static const struct script by_backend[] = {
	{.name = "a login is kept with its connection",
	 .config = BY_BACKEND,
	 .tls = true,
	 .steps = {LOGGED_IN, CLIENT("MAIL FROM:<u@example.com>\r\nRCPT TO:<x@far.example>\r\n"),
		   SAYS("250 2.1.0 Sender OK\r\n"),
		   BACKEND("MAIL FROM:<u@example.com>\r\nRCPT TO:<x@far.example>\r\n"),
		   REPLY("250 ok\r\n250 ok\r\n"), SAYS("250 2.1.5 Recipient OK\r\n")}},
	{.name = "LOGIN for who has no PLAIN",
	 .config = BY_BACKEND,
	 .tls = true,
	 .steps = {GREETED_TLS,
		   CLIENT("AUTH PLAIN " PLAIN "\r\n"),
		   SERVER_AUTH("NTLM LOGIN"),
		   BACKEND("AUTH LOGIN\r\n"),
		   REPLY("334 VXNlcm5hbWU6\r\n"),
		   BACKEND("dXNlcg==\r\n"),
		   REPLY("334 UGFzc3dvcmQ6\r\n"),
		   BACKEND("c2VjcmV0\r\n"),
		   REPLY("535 5.7.3 no\r\n"),
		   SAYS(""),
		   WAIT(1000),
		   SAYS(FAILURE),
		   CLIENT("AUTH LOGIN dXNlcg==\r\n"),
		   SAYS("334 UGFzc3dvcmQ6\r\n"),
		   CLIENT("c2VjcmV0\r\n"),
		   BACKEND("AUTH LOGIN\r\n"),
		   REPLY("334 x\r\n"),
		   BACKEND("dXNlcg==\r\n"),
		   REPLY("334 x\r\n"),
		   BACKEND("c2VjcmV0\r\n"),
		   REPLY("235 ok\r\n"),
		   SAYS(SUCCESS)}},
	{.name = "a backend without AUTH",
	 .config = BY_BACKEND,
	 .tls = true,
	 .steps = {GREETED_TLS, CLIENT("AUTH PLAIN " PLAIN "\r\n"), SERVER_AUTH("NTLM"),
		   SAYS(TROUBLE),
		   EVENTS("ready size=0\nbackend refused\nlogin error PLAIN user\n")}},
	{.name = "no password without TLS to a backend elsewhere",
	 .tls = true,
	 .config = SUBMISSION("source: backend", "10.0.0.5:25", ""),
	 .steps = {GREETED_TLS, CLIENT("AUTH PLAIN " PLAIN "\r\n"), SERVER_AUTH("PLAIN"),
		   SAYS(TROUBLE), EVENTS("ready size=0\nbackend tls\nlogin error PLAIN user\n")}},
	{.name = "no backend",
	 .config = BY_BACKEND,
	 .tls = true,
	 .steps = {GREETED_TLS, CLIENT("AUTH PLAIN " PLAIN "\r\n"), WISHES("connect 0\n"),
		   FAILED(MXF_BACKEND_CONNECT), WISHES("abort\n"), SAYS(TROUBLE)}},
	{.name = "the backend closes within AUTH",
	 .config = BY_BACKEND,
	 .tls = true,
	 .steps = {GREETED_TLS, CLIENT("AUTH PLAIN " PLAIN "\r\n"), SERVER_AUTH("PLAIN"),
		   BACKEND("AUTH PLAIN " PLAIN "\r\n"), CLOSED, WISHES("abort\n"), SAYS(TROUBLE)}},
	{.name = "4xx to AUTH",
	 .config = BY_BACKEND,
	 .tls = true,
	 .steps = {GREETED_TLS, CLIENT("AUTH PLAIN " PLAIN "\r\n"), SERVER_AUTH("PLAIN"),
		   BACKEND("AUTH PLAIN " PLAIN "\r\n"), REPLY("454 later\r\n"), SAYS(TROUBLE)}},
	{.name = "2xx to AUTH that is not 235",
	 .config = BY_BACKEND,
	 .tls = true,
	 .steps = {GREETED_TLS, CLIENT("AUTH PLAIN " PLAIN "\r\n"), SERVER_AUTH("PLAIN"),
		   BACKEND("AUTH PLAIN " PLAIN "\r\n"), REPLY("250 ok\r\n"), WISHES("abort\n"),
		   SAYS(TROUBLE)}},
	{.name = "the connection of a login is lost",
	 .config = BY_BACKEND,
	 .tls = true,
	 .steps = {LOGGED_IN, CLOSED,
		   SAYS("421 4.4.2 The connection to the mail server was lost\r\n"),
		   WISHES("abort\nfinish backend\n")}},
	{.name = "the same, with a recipient under way",
	 .config = BY_BACKEND,
	 .tls = true,
	 .steps = {LOGGED_IN, CLIENT("MAIL FROM:<u@example.com>\r\nRCPT TO:<x@far.example>\r\n"),
		   SAYS("250 2.1.0 Sender OK\r\n"),
		   BACKEND("MAIL FROM:<u@example.com>\r\nRCPT TO:<x@far.example>\r\n"), CLOSED,
		   SAYS("451 4.4.2 The connection to the mail server was lost\r\n"
			"421 4.4.2 The connection to the mail server was lost\r\n"),
		   WISHES("abort\nfinish backend\n")}},
};

static void test_dialogs(void **state)
{
	(void)state;
	RUN_ALL(dialogs);
}

static void test_by_backend(void **state)
{
	(void)state;
	RUN_ALL(by_backend);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dialogs),
		cmocka_unit_test(test_by_backend),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
