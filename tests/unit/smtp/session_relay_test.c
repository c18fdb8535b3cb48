// SPDX-License-Identifier: GPL-2.0-only
/* Sessions and their backend: envelopes, messages, and what goes wrong on that side. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/smtp/session_scripts.h"

#define GATE(backend, more)                                                                        \
	"gate:\n"                                                                                  \
	"  hostname: mx.example.com\n"                                                             \
	"  domains: [example.com]\n"                                                               \
	"  listeners:\n"                                                                           \
	"    - {name: mx, address: \"192.0.2.25:25\", role: mx, backend: inside, tls: off}\n"      \
	"  backends:\n"                                                                            \
	"    inside: {" backend "}\n"                                                              \
	"  auth: {source: none}\n" more

#define ONE_SERVER "servers: [\"10.0.0.5:25\"]"
#define LOST "451 4.4.2 The connection to the mail server was lost\r\n"
#define UNREACHABLE "451 4.4.1 The mail server cannot be reached\r\n"
#define GO_AHEAD "354 End data with <CR><LF>.<CR><LF>\r\n"

#define TEN(text) text text text text text text text text text text
#define NINE(text) text text text text text text text text text
#define RCPT_100 TEN(TEN("RCPT TO:<u@example.com>\r\n"))
#define OK_9 NINE("250 ok\r\n")
#define OK_90 NINE(TEN("250 ok\r\n"))
#define TAKEN_9 NINE("250 2.1.5 Recipient OK\r\n")
#define TAKEN_90 NINE(TEN("250 2.1.5 Recipient OK\r\n"))

static const struct script mail[] = {
	{.name = "one message",
	 .steps =
		 {IN_DATA, CLIENT("Subject: x\r\n\r\nhello\r\n"),
		  BACKEND("Subject: x\r\n\r\nhello\r\n"), CLIENT(".\r\n"), BACKEND(".\r\n"),
		  SAYS(""), REPLY("250 2.0.0 Ok: queued as 1\r\n"),
		  SAYS("250 2.0.0 Ok: queued as 1\r\n"), CLIENT("QUIT\r\n"), BACKEND("QUIT\r\n"),
		  SAYS("221 2.0.0 Bye\r\n"), WISHES("close\nfinish quit\n"),
		  EVENTS("ready size=10240000 dsn\naccepted RCPT 250 2.1.5 accept to=u@example.com\n"
			 "message END-OF-MESSAGE 250 2.0.0\nend quit 1\n")}},
	{.name = "all in one batch",
	 .steps = {HELLO,
		   CLIENT("MAIL FROM:<a@b.example> SIZE=5 BODY=8BITMIME RET=HDRS ENVID=q\r\n"
			  "RCPT TO:<u@example.com> NOTIFY=NEVER\r\nRCPT TO:<x@y.example>\r\n"
			  "RCPT TO:<V@EXAMPLE.com> ORCPT=rfc822;v+2Bx@e\r\nDATA\r\n"),
		   SAYS("250 2.1.0 Sender OK\r\n"), SERVER_READY,
		   BACKEND("MAIL FROM:<a@b.example> SIZE=5 BODY=8BITMIME RET=HDRS ENVID=q\r\n"
			   "RCPT TO:<u@example.com> NOTIFY=NEVER\r\n"
			   "RCPT TO:<V@example.com> ORCPT=rfc822;v+2Bx@e\r\n"),
		   REPLY("250 ok\r\n250 ok\r\n"),
		   SAYS("250 2.1.5 Recipient OK\r\n550 5.7.1 Unable to relay\r\n"),
		   REPLY("452 4.2.2 full\r\n"), SAYS("452 4.2.2 full\r\n"), BACKEND("DATA\r\n"),
		   REPLY("354 go\r\n"), SAYS(GO_AHEAD)}},
	{.name = "two transactions, and RSET between",
	 .steps = {IN_DATA, CLIENT("\r\n.\r\n"), BACKEND("\r\n.\r\n"), REPLY("250 ok\r\n"),
		   SAYS("250 2.0.0 ok\r\n"), CLIENT("MAIL FROM:<>\r\nRCPT TO:<u@example.com>\r\n"),
		   SAYS("250 2.1.0 Sender OK\r\n"),
		   BACKEND("MAIL FROM:<>\r\nRCPT TO:<u@example.com>\r\n"),
		   REPLY("250 ok\r\n250 ok\r\n"), SAYS("250 2.1.5 Recipient OK\r\n"),
		   CLIENT("RSET\r\nMAIL FROM:<c@d.example>\r\nRCPT TO:<v@example.com>\r\n"),
		   SAYS("250 2.0.0 OK\r\n250 2.1.0 Sender OK\r\n"),
		   BACKEND("RSET\r\nMAIL FROM:<c@d.example>\r\nRCPT TO:<v@example.com>\r\n"),
		   REPLY("250 ok\r\n250 ok\r\n250 ok\r\n"), SAYS("250 2.1.5 Recipient OK\r\n")}},
	{.name = "a backend without PIPELINING or anything else",
	 .steps = {HELLO,
		   CLIENT("MAIL FROM:<a@b.example> SIZE=5 RET=FULL\r\n"
			  "RCPT TO:<u@example.com> NOTIFY=NEVER\r\nRCPT TO:<v@example.com>\r\n"),
		   SAYS("250 2.1.0 Sender OK\r\n"),
		   WISHES("connect 0\n"),
		   CONNECTED(0),
		   REPLY("220 inside\r\n"),
		   BACKEND("EHLO mx.example.com\r\n"),
		   REPLY("250 inside\r\n"),
		   BACKEND("MAIL FROM:<a@b.example>\r\n"),
		   REPLY("250 ok\r\n"),
		   BACKEND("RCPT TO:<u@example.com>\r\n"),
		   REPLY("250 ok\r\n"),
		   SAYS("250 2.1.5 Recipient OK\r\n"),
		   BACKEND("RCPT TO:<v@example.com>\r\n"),
		   REPLY("250 ok\r\n"),
		   SAYS("250 2.1.5 Recipient OK\r\n"),
		   CLIENT("RSET\r\n"),
		   SAYS("250 2.0.0 OK\r\n"),
		   CLIENT("MAIL FROM:<>\r\nRCPT TO:<u@example.com>\r\n"),
		   SAYS("250 2.1.0 Sender OK\r\n"),
		   BACKEND("RSET\r\n"),
		   REPLY("250 ok\r\n"),
		   BACKEND("MAIL FROM:<>\r\n"),
		   REPLY("550 5.1.8 no\r\n"),
		   SAYS("550 5.1.8 no\r\n")}},
	{.name = "a backend with HELO alone",
	 .steps = {HELLO, CLIENT("MAIL FROM:<>\r\nRCPT TO:<u@example.com>\r\n"),
		   SAYS("250 2.1.0 Sender OK\r\n"), WISHES("connect 0\n"), CONNECTED(0),
		   REPLY("220 inside\r\n"), BACKEND("EHLO mx.example.com\r\n"),
		   REPLY("502 what\r\n"), BACKEND("HELO mx.example.com\r\n"),
		   REPLY("250 inside\r\n"), BACKEND("MAIL FROM:<>\r\n")}},
	{.name = "the backend lost an extension since it was asked",
	 .steps = {HELLO,
		   CLIENT("MAIL FROM:<a@b.example> BODY=8BITMIME\r\nRCPT TO:<u@example.com>\r\n"),
		   SAYS("250 2.1.0 Sender OK\r\n"), WISHES("connect 0\n"), CONNECTED(0),
		   REPLY("220 inside\r\n"), BACKEND("EHLO mx.example.com\r\n"),
		   REPLY("250 inside\r\n"),
		   SAYS("451 4.3.5 The mail server lacks an extension that the message needs\r\n"),
		   CLIENT("EHLO client.example\r\n"),
		   SAYS("250-mx.example.com\r\n250-PIPELINING\r\n250-SIZE 52428800\r\n"
			"250 ENHANCEDSTATUSCODES\r\n")}},
	{.name = "SMTPUTF8",
	 .steps = {HELLO,
		   CLIENT("MAIL FROM:<\xc3\xbc@b.example> SMTPUTF8\r\n"
			  "RCPT TO:<\xc3\xa4@example.com> ORCPT=utf-8;\xc3\xb6@c.example\r\n"),
		   SAYS("250 2.1.0 Sender OK\r\n"), SERVER_READY,
		   BACKEND("MAIL FROM:<\xc3\xbc@b.example> SMTPUTF8\r\n"
			   "RCPT TO:<\xc3\xa4@example.com> ORCPT=utf-8;\xc3\xb6@c.example\r\n")}},
	{.name = "all recipients refused by the backend",
	 .steps = {ENVELOPE, REPLY("250 ok\r\n550 5.1.1 who\r\n"), SAYS("550 5.1.1 who\r\n"),
		   CLIENT("DATA\r\n"), SAYS("554 5.5.1 No valid recipients\r\n")}},
	{.name = "an internal client relays",
	 .client = "10.1.2.3",
	 .steps = {HELLO, CLIENT("MAIL FROM:<a@example.com>\r\nRCPT TO:<u@far.example>\r\n"),
		   SAYS("250 2.1.0 Sender OK\r\n"), SERVER_READY,
		   BACKEND("MAIL FROM:<a@example.com>\r\nRCPT TO:<u@far.example>\r\n")}},
	{.name = "recipients are the backend's to know",
	 .config = GATE(ONE_SERVER, "  recipients: {source: backend}\n"),
	 .steps =
		 {ENVELOPE, REPLY("250 ok\r\n554 5.7.1 Access denied\r\n"),
		  SAYS("550 5.1.1 No such mailbox here\r\n"), CLIENT("RCPT TO:<postmaster>\r\n"),
		  BACKEND("RCPT TO:<postmaster@example.com>\r\n"),
		  REPLY("554 5.7.1 Access denied\r\n"), SAYS("554 5.7.1 Access denied\r\n"),
		  CLIENT("RCPT TO:<w@example.com>\r\n"), BACKEND("RCPT TO:<w@example.com>\r\n"),
		  REPLY("450 later\r\n"), SAYS("450 4.0.0 later\r\n"),
		  EVENTS("ready size=10240000 dsn\nrefused RCPT 550 5.1.1 recipient-unknown to=u@example.com\n"
			 "refused RCPT 554 5.7.1 to=postmaster@example.com\n"
			 "refused RCPT 450  to=w@example.com\n")}},
	{.name = "more recipients than may wait at once",
	 .steps = {HELLO, CLIENT("MAIL FROM:<>\r\n" RCPT_100 "RCPT TO:<v@example.com>\r\n"),
		   SAYS("250 2.1.0 Sender OK\r\n"), SERVER_READY,
		   BACKEND("MAIL FROM:<>\r\n" RCPT_100), REPLY("250 ok\r\n"), SAYS(""),
		   REPLY("250 ok\r\n"), SAYS("250 2.1.5 Recipient OK\r\n"), UNFINISHED,
		   REPLY(OK_9 OK_90), SAYS(TAKEN_9 TAKEN_90), REPLY("250 ok\r\n"),
		   SAYS("250 2.1.5 Recipient OK\r\n"), UNFINISHED}},
	{.name = "recipients limit",
	 .config = GATE(ONE_SERVER, "  limits: {recipients: 1}\n"),
	 .steps = {RECIPIENT, CLIENT("RCPT TO:<v@example.com>\r\n"),
		   SAYS("452 4.5.3 Too many recipients\r\n")}},
	{.name = "messages limit",
	 .config = GATE(ONE_SERVER, "  limits: {messages: 1}\n"),
	 .steps = {IN_DATA, CLIENT("\r\n.\r\n"), BACKEND("\r\n.\r\n"), REPLY("250 ok\r\n"),
		   SAYS("250 2.0.0 ok\r\n"), CLIENT("MAIL FROM:<>\r\n"), BACKEND("QUIT\r\n"),
		   SAYS("421 4.7.0 Too many messages in one session\r\n"),
		   WISHES("close\nfinish limit\n")}},
};

static const struct script messages[] = {
	{.name = "dots",
	 .steps = {IN_DATA, CLIENT("..a\r\n.b\r\n..\r\n.\r\n"),
		   BACKEND("..a\r\nb\r\n..\r\n.\r\n")}},
	{.name = "bare LF",
	 .steps = {IN_DATA, CLIENT("a\r\nb\n.\r\nMAIL FROM:<x@y>\r\n"), WISHES("abort\n"),
		   UNFINISHED, SAYS(""), CLIENT(".\r\n"),
		   SAYS("550 5.5.2 The message has bare CR or LF, or NUL\r\n"),
		   CLIENT("RCPT TO:<u@example.com>\r\n"), SAYS("503 5.5.1 Send MAIL first\r\n")}},
	{.name = "NUL in the last line",
	 .whole_only = true,
	 .steps = {IN_DATA, CLIENT("a\0b\r\n.\r\nNOOP\r\n"), WISHES("abort\n"),
		   SAYS("550 5.5.2 The message has bare CR or LF, or NUL\r\n250 2.0.0 OK\r\n")}},
	{.name = "bare LF from where it is mended",
	 .config = GATE(ONE_SERVER, "  limits: {bare-newline: {normalise: [203.0.113.0/24]}}\n"),
	 .steps = {IN_DATA, CLIENT("a\nb\r\n.\r\n"), BACKEND("a\r\nb\r\n.\r\n")}},
	{.name = "too large",
	 .config = GATE(ONE_SERVER, "  limits: {message-size: 1024}\n"),
	 .whole_only = true,
	 .steps = {GREETED,
		   CLIENT("EHLO client.example\r\n"),
		   SAYS("250-mx.example.com\r\n250-PIPELINING\r\n250-SIZE 1024\r\n250-8BITMIME\r\n"
			"250-SMTPUTF8\r\n250-DSN\r\n250 ENHANCEDSTATUSCODES\r\n"),
		   CLIENT("MAIL FROM:<a@b.example> SIZE=1025\r\n"),
		   SAYS("552 5.3.4 The message is too large\r\n"),
		   CLIENT("MAIL FROM:<a@b.example>\r\nRCPT TO:<u@example.com>\r\n"),
		   SAYS("250 2.1.0 Sender OK\r\n"),
		   SERVER_READY,
		   BACKEND("MAIL FROM:<a@b.example>\r\nRCPT TO:<u@example.com>\r\n"),
		   REPLY("250 ok\r\n250 ok\r\n"),
		   SAYS("250 2.1.5 Recipient OK\r\n"),
		   CLIENT("DATA\r\n"),
		   BACKEND("DATA\r\n"),
		   REPLY("354 go\r\n"),
		   SAYS(GO_AHEAD),
		   CLIENT(A1K "\r\n"),
		   WISHES("abort\n"),
		   SAYS(""),
		   CLIENT(".\r\n"),
		   SAYS("552 5.3.4 The message is too large\r\n")}},
	{.name = "DATA refused by the backend",
	 .steps = {RECIPIENT, CLIENT("DATA\r\n"), BACKEND("DATA\r\n"), REPLY("451 later\r\n"),
		   SAYS("451 4.0.0 later\r\n"),
		   CLIENT("MAIL FROM:<>\r\nRCPT TO:<u@example.com>\r\n"),
		   SAYS("250 2.1.0 Sender OK\r\n"),
		   BACKEND("RSET\r\nMAIL FROM:<>\r\nRCPT TO:<u@example.com>\r\n")}},
	{.name = "the message refused by the backend",
	 .steps =
		 {IN_DATA, CLIENT("x\r\n.\r\n"), BACKEND("x\r\n.\r\n"),
		  REPLY("554-5.7.1 spam\r\n554 5.7.1 really\r\n"),
		  SAYS("554-5.7.1 spam\r\n554 5.7.1 really\r\n"), CLIENT("DATA\r\n"),
		  SAYS("503 5.5.1 Send MAIL first\r\n"),
		  EVENTS("ready size=10240000 dsn\naccepted RCPT 250 2.1.5 accept to=u@example.com\n"
			 "message END-OF-MESSAGE 554 5.7.1\nrefused DATA 503 5.5.1\n")}},
	{.name = "the backend answers before the end",
	 .steps = {IN_DATA, CLIENT("x\r\n"), BACKEND("x\r\n"), REPLY("552 5.3.4 enough\r\n"),
		   WISHES("abort\n"), CLIENT("y\r\n.\r\n"), SAYS("552 5.3.4 enough\r\n")}},
	{.name = "the backend thanks before the end",
	 .steps = {IN_DATA, CLIENT("x\r\n"), BACKEND("x\r\n"), REPLY("250 ok\r\n"),
		   WISHES("abort\n"), CLIENT("y\r\n.\r\n"), SAYS(LOST)}},
	{.name = "the backend dies in the message",
	 .steps =
		 {IN_DATA, CLIENT("x\r\n"), BACKEND("x\r\n"), CLOSED, WISHES("abort\n"),
		  CLIENT("y\r\n.\r\n"), SAYS(LOST),
		  EVENTS("ready size=10240000 dsn\naccepted RCPT 250 2.1.5 accept to=u@example.com\n"
			 "backend closed\nrefused END-OF-MESSAGE 451 4.4.2\n")}},
	{.name = "the backend dies after the final dot",
	 .steps = {IN_DATA, CLIENT("x\r\n.\r\n"), BACKEND("x\r\n.\r\n"), CLOSED, WISHES("abort\n"),
		   SAYS(LOST)}},
	{.name = "the backend is silent after the final dot",
	 .steps = {IN_DATA, CLIENT("x\r\n.\r\n"), BACKEND("x\r\n.\r\n"), WAIT(599999), SAYS(""),
		   WAIT(1), WISHES("abort\n"), SAYS(LOST)}},
	{.name = "the client half-closes after the final dot",
	 .steps = {IN_DATA, CLIENT("x\r\n.\r\n"), BACKEND("x\r\n.\r\n"), HUNG_UP,
		   REPLY("250 ok\r\n"), SAYS("250 2.0.0 ok\r\n"), BACKEND("QUIT\r\n"),
		   WISHES("close\nfinish closed\n")}},
	{.name = "the same, with QUIT behind",
	 .steps = {IN_DATA, CLIENT("x\r\n.\r\nQUIT\r\n"), BACKEND("x\r\n.\r\n"), HUNG_UP,
		   REPLY("250 ok\r\n"), SAYS("250 2.0.0 ok\r\n221 2.0.0 Bye\r\n"),
		   BACKEND("QUIT\r\n"), WISHES("close\nfinish quit\n")}},
	{.name = "the client closes in the message",
	 .steps = {IN_DATA, CLIENT("x\r\n"), BACKEND("x\r\n"), HUNG_UP,
		   WISHES("abort\nfinish closed\n")}},
	{.name = "data-timeout",
	 .config = GATE(ONE_SERVER, "  limits: {data-timeout: 20, min-data-rate: 0}\n"),
	 .steps = {IN_DATA, WAIT(19999), CLIENT("x"), BACKEND("x"), WAIT(20000),
		   WISHES("abort\nfinish timeout\n"),
		   SAYS("421 4.4.2 Timeout, closing connection\r\n")}},
	{.name = "min-data-rate",
	 .config = GATE(ONE_SERVER, "  limits: {min-data-rate: 1}\n"),
	 .steps = {IN_DATA, CLIENT("123456789012345678901234567890"),
		   BACKEND("123456789012345678901234567890"), WAIT(30000), CLIENT("x"),
		   BACKEND("x"), WAIT(30000), WISHES("abort\nfinish timeout\n"),
		   SAYS("421 4.4.2 The message came too slowly\r\n")}},
	{.name = "a slow backend is not the client's fault",
	 .config = GATE(ONE_SERVER, "  limits: {min-data-rate: 1}\n"),
	 .steps = {IN_DATA, CLIENT("x"), BACKEND("x"), STALLED(true), WAIT(599999), STALLED(false),
		   CLIENT("y\r\n.\r\n"), BACKEND("y\r\n.\r\n"), REPLY("250 ok\r\n"),
		   SAYS("250 2.0.0 ok\r\n")}},
	{.name = "a backend that takes nothing any more",
	 .steps = {IN_DATA, CLIENT("x"), BACKEND("x"), STALLED(true), WAIT(600000),
		   WISHES("abort\n"), STALLED(false), CLIENT("y\r\n.\r\n"), SAYS(LOST)}},
	{.name = "drain waits for the message",
	 .steps = {IN_DATA, DRAIN, CLIENT("x\r\n.\r\n"), BACKEND("x\r\n.\r\n"), REPLY("250 ok\r\n"),
		   SAYS("250 2.0.0 ok\r\n421 4.3.2 The service is shutting down\r\n"),
		   BACKEND("QUIT\r\n"), WISHES("close\nfinish stopped\n")}},
	{.name = "session-timeout waits for the message",
	 .config = GATE(ONE_SERVER, "  limits: {session-timeout: 60, min-data-rate: 0}\n"),
	 .steps = {IN_DATA, WAIT(60000), CLIENT("x\r\n.\r\n"), BACKEND("x\r\n.\r\n"),
		   REPLY("250 ok\r\n"),
		   SAYS("250 2.0.0 ok\r\n421 4.7.0 This session was too long\r\n"),
		   BACKEND("QUIT\r\n"), WISHES("close\nfinish limit\n")}},
};

/* What some servers take for the end of a message, and a second one behind it. */
#define SMUGGLED(end)                                                                              \
	{                                                                                          \
		.name = "smuggling", .steps = {                                                    \
			IN_DATA,                                                                   \
			CLIENT("Subject: a\r\n\r\nb" end                                           \
			       "MAIL FROM:<x@example.com>\r\nRCPT TO:<v@example.com>\r\nDATA\r\n"  \
			       "Subject: c\r\n\r\nd\r\n.\r\n"),                                    \
			UNFINISHED,                                                                \
			WISHES("abort\n"),                                                         \
			SAYS("550 5.5.2 The message has bare CR or LF, or NUL\r\n"),               \
			CLIENT("NOOP\r\n"),                                                        \
			SAYS("250 2.0.0 OK\r\n"),                                                  \
		}                                                                                  \
	}

static const struct script smuggling[] = {
	SMUGGLED("\n.\n"),	 SMUGGLED("\n.\r"),	  SMUGGLED("\r.\n"),
	SMUGGLED("\r.\r"),	 SMUGGLED("\n.\r\n"),	  SMUGGLED("\r.\r\n"),
	SMUGGLED("\r\n\0.\r\n"), SMUGGLED("\r\n.\r\r\n"), SMUGGLED("\r\r\n.\r\r\n"),
	SMUGGLED("\r\n.\n"),	 SMUGGLED("\r\n.\r"),	  SMUGGLED("\r\n.\0\r\n"),
};

#define ASKED                                                                                      \
	HELLO, CLIENT("MAIL FROM:<>\r\nRCPT TO:<u@example.com>\r\n"),                              \
		SAYS("250 2.1.0 Sender OK\r\n"), WISHES("connect 0\n")

static const struct script trouble[] = {
	{.name = "no server",
	 .steps = {ASKED, FAILED(MXF_BACKEND_CONNECT), SAYS(UNREACHABLE), WISHES("abort\n"),
		   CLIENT("RCPT TO:<v@example.com>\r\nDATA\r\n"),
		   SAYS(UNREACHABLE "554 5.5.1 No valid recipients\r\n"), CLIENT("RSET\r\n"),
		   SAYS("250 2.0.0 OK\r\n"), CLIENT("MAIL FROM:<>\r\nRCPT TO:<u@example.com>\r\n"),
		   SAYS("250 2.1.0 Sender OK\r\n"), WISHES("connect 0\n"),
		   EVENTS("backend connect\nrefused RCPT 451 4.4.1 to=u@example.com\n"
			  "refused RCPT 451 4.4.1 to=v@example.com\nrefused DATA 554 5.5.1\n")}},
	{.name = "the second server, when the first does not want us",
	 .steps = {ASKED, CONNECTED(0), REPLY("554 no\r\n"), WISHES("abort\nconnect 1\n"),
		   CONNECTED(1), REPLY("220 inside\r\n"), BACKEND("EHLO mx.example.com\r\n"),
		   REPLY(SERVER_EHLO), BACKEND("MAIL FROM:<>\r\nRCPT TO:<u@example.com>\r\n")}},
	{.name = "neither wants us",
	 .steps = {ASKED, CONNECTED(0), REPLY("421 no\r\n"), WISHES("abort\nconnect 1\n"),
		   CONNECTED(1), REPLY("554 no\r\n"), WISHES("abort\n"), SAYS(UNREACHABLE),
		   EVENTS("backend refused\nbackend refused\n"
			  "refused RCPT 451 4.4.1 to=u@example.com\n")}},
	{.name = "a greeting that does not come",
	 .config = GATE(ONE_SERVER, ""),
	 .steps = {ASKED, CONNECTED(0), WAIT(60000), WISHES("abort\n"), SAYS(UNREACHABLE)}},
	{.name = "a connection that does not come",
	 .steps = {ASKED, WAIT(120000), WISHES("abort\n"), SAYS(UNREACHABLE)}},
	{.name = "a greeting that is none",
	 .config = GATE(ONE_SERVER, ""),
	 .steps = {ASKED, CONNECTED(0), REPLY("SSH-2.0-x\r\n"), WISHES("abort\n"), SAYS(LOST)}},
	{.name = "closed before the greeting",
	 .config = GATE(ONE_SERVER, ""),
	 .steps = {ASKED, CONNECTED(0), CLOSED, WISHES("abort\n"), SAYS(LOST)}},
	{.name = "closed after EHLO",
	 .config = GATE(ONE_SERVER, ""),
	 .steps = {ASKED, CONNECTED(0), REPLY("220 inside\r\n"), BACKEND("EHLO mx.example.com\r\n"),
		   CLOSED, WISHES("abort\n"), SAYS(LOST)}},
	{.name = "closed after MAIL", .steps = {ENVELOPE, CLOSED, WISHES("abort\n"), SAYS(LOST)}},
	{.name = "closed after a recipient",
	 .steps = {RECIPIENT, CLOSED, WISHES("abort\n"), CLIENT("RCPT TO:<v@example.com>\r\n"),
		   SAYS(LOST), CLIENT("DATA\r\n"), SAYS(LOST), CLIENT("MAIL FROM:<>\r\n"),
		   SAYS("250 2.1.0 Sender OK\r\n")}},
	{.name = "closed after DATA",
	 .steps = {RECIPIENT, CLIENT("DATA\r\n"), BACKEND("DATA\r\n"), CLOSED, WISHES("abort\n"),
		   SAYS(LOST)}},
	{.name = "MAIL refused",
	 .steps = {ENVELOPE, REPLY("550 5.7.1 go\x01 away\r\n503 5.5.1 what\r\n"),
		   SAYS("550 5.7.1 go? away\r\n"), CLIENT("RCPT TO:<v@example.com>\r\nDATA\r\n"),
		   SAYS("550 5.7.1 go? away\r\n554 5.5.1 No valid recipients\r\n")}},
	{.name = "421 is about another connection",
	 .steps = {ENVELOPE, REPLY("250 ok\r\n421 4.3.2 bye\r\n"), SAYS("451 4.3.2 bye\r\n"),
		   WISHES("abort\n")}},
	{.name = "3xx where nothing is due",
	 .steps = {ENVELOPE, REPLY("250 ok\r\n354 go\r\n"), WISHES("abort\n"), SAYS(LOST)}},
	{.name = "2xx to DATA",
	 .steps = {RECIPIENT, CLIENT("DATA\r\n"), BACKEND("DATA\r\n"), REPLY("250 ok\r\n"),
		   WISHES("abort\n"), SAYS(LOST)}},
	{.name = "a reply to nothing",
	 .steps = {RECIPIENT, REPLY("250 ok\r\n"), WISHES("abort\n"), CLIENT("DATA\r\n"),
		   SAYS(LOST)}},
	{.name = "lines with CR alone",
	 .steps = {ENVELOPE, REPLY("250 ok\r250 ok\r"), WISHES("abort\n"), SAYS(LOST)}},
	{.name = "NUL", .steps = {ENVELOPE, REPLY("250 o\0k\r\n"), WISHES("abort\n"), SAYS(LOST)}},
	{.name = "different codes",
	 .steps = {ENVELOPE, REPLY("250-ok\r\n251 ok\r\n"), WISHES("abort\n"), SAYS(LOST)}},
	{.name = "a code that is none",
	 .steps = {ENVELOPE, REPLY("999 ok\r\n"), WISHES("abort\n"), SAYS(LOST)}},
	{.name = "too many lines",
	 .steps = {ENVELOPE,
		   REPLY("250 ok\r\n" TEN(TEN("550-no\r\n")) TEN("550-no\r\n") TEN("550-no\r\n")
				 TEN("550-no\r\n") "550 no\r\n"),
		   WISHES("abort\n"), SAYS(LOST)}},
	{.name = "an endless line",
	 .steps = {ENVELOPE, REPLY("250 " A1K A1K), WISHES("abort\n"), SAYS(LOST)}},
	{.name = "closed between transactions",
	 .steps =
		 {IN_DATA, CLIENT("\r\n.\r\n"), BACKEND("\r\n.\r\n"), REPLY("250 ok\r\n"),
		  SAYS("250 2.0.0 ok\r\n"), REPLY("421 idle\r\n"), WISHES("abort\n"),
		  CLIENT("MAIL FROM:<>\r\nRCPT TO:<u@example.com>\r\n"),
		  SAYS("250 2.1.0 Sender OK\r\n"), WISHES("connect 0\n"),
		  EVENTS("ready size=10240000 dsn\naccepted RCPT 250 2.1.5 accept to=u@example.com\n"
			 "message END-OF-MESSAGE 250 \n")}},
	{.name = "closed just when the next transaction begins",
	 .steps = {IN_DATA, CLIENT("\r\n.\r\n"), BACKEND("\r\n.\r\n"), REPLY("250 ok\r\n"),
		   SAYS("250 2.0.0 ok\r\n"), CLIENT("MAIL FROM:<>\r\nRCPT TO:<u@example.com>\r\n"),
		   SAYS("250 2.1.0 Sender OK\r\n"),
		   BACKEND("MAIL FROM:<>\r\nRCPT TO:<u@example.com>\r\n"), CLOSED,
		   WISHES("abort\nconnect 0\n"), CONNECTED(0), REPLY("220 inside\r\n"),
		   BACKEND("EHLO mx.example.com\r\n"), REPLY(SERVER_EHLO),
		   BACKEND("MAIL FROM:<>\r\nRCPT TO:<u@example.com>\r\n"), CLOSED,
		   WISHES("abort\n"), SAYS(LOST)}},
};

static const struct script setup[] = {
	{.name = "STARTTLS",
	 .config = GATE(ONE_SERVER ", tls: required", ""),
	 .steps = {ASKED, CONNECTED(0), REPLY("220 inside\r\n"), BACKEND("EHLO mx.example.com\r\n"),
		   REPLY("250-inside\r\n250 STARTTLS\r\n"), BACKEND("STARTTLS\r\n"),
		   REPLY("220 go\r\n"), WISHES("backend tls\n"), BACKEND_TLS(true),
		   BACKEND("EHLO mx.example.com\r\n"), REPLY("250-inside\r\n250 PIPELINING\r\n"),
		   BACKEND("MAIL FROM:<>\r\nRCPT TO:<u@example.com>\r\n")}},
	{.name = "plain text behind STARTTLS",
	 .whole_only = true,
	 .config = GATE(ONE_SERVER ", tls: optional", ""),
	 .steps = {ASKED, CONNECTED(0), REPLY("220 inside\r\n"), BACKEND("EHLO mx.example.com\r\n"),
		   REPLY("250-inside\r\n250 STARTTLS\r\n"), BACKEND("STARTTLS\r\n"),
		   REPLY("220 go\r\n250 PIPELINING\r\n"), WISHES("abort\n"), SAYS(UNREACHABLE),
		   EVENTS("backend tls\nrefused RCPT 451 4.4.1 to=u@example.com\n")}},
	{.name = "STARTTLS required and not offered",
	 .config = GATE(ONE_SERVER ", tls: verify", ""),
	 .steps = {ASKED, CONNECTED(0), REPLY("220 inside\r\n"), BACKEND("EHLO mx.example.com\r\n"),
		   REPLY("250 inside\r\n"), WISHES("abort\n"), SAYS(UNREACHABLE)}},
	{.name = "a handshake that fails, required",
	 .config = GATE(ONE_SERVER ", tls: required", ""),
	 .steps = {ASKED, CONNECTED(0), REPLY("220 inside\r\n"), BACKEND("EHLO mx.example.com\r\n"),
		   REPLY("250-inside\r\n250 STARTTLS\r\n"), BACKEND("STARTTLS\r\n"),
		   REPLY("220 go\r\n"), WISHES("backend tls\n"), BACKEND_TLS(false),
		   WISHES("abort\n"), SAYS(UNREACHABLE)}},
	{.name = "a handshake that fails, optional",
	 .config = GATE(ONE_SERVER ", tls: optional", ""),
	 .steps = {ASKED, CONNECTED(0), REPLY("220 inside\r\n"), BACKEND("EHLO mx.example.com\r\n"),
		   REPLY("250-inside\r\n250 STARTTLS\r\n"), BACKEND("STARTTLS\r\n"),
		   REPLY("220 go\r\n"), WISHES("backend tls\n"), BACKEND_TLS(false),
		   WISHES("abort\nconnect 0\n"), CONNECTED(0), REPLY("220 inside\r\n"),
		   BACKEND("EHLO mx.example.com\r\n"), REPLY("250-inside\r\n250 STARTTLS\r\n"),
		   BACKEND("MAIL FROM:<>\r\n")}},
	{.name = "what one server cannot, the next may",
	 .config = GATE("servers: [\"10.0.0.5:25\", \"10.0.0.6:25\"], tls: optional", ""),
	 .steps = {ASKED, CONNECTED(0), REPLY("220 inside\r\n"), BACKEND("EHLO mx.example.com\r\n"),
		   REPLY("250-inside\r\n250 STARTTLS\r\n"), BACKEND("STARTTLS\r\n"),
		   REPLY("220 go\r\n"), WISHES("backend tls\n"), BACKEND_TLS(false),
		   WISHES("abort\nconnect 0\n"), CONNECTED(0), REPLY("421 again?\r\n"),
		   WISHES("abort\nconnect 1\n"), CONNECTED(1), REPLY("220 inside\r\n"),
		   BACKEND("EHLO mx.example.com\r\n"), REPLY("250-inside\r\n250 STARTTLS\r\n"),
		   BACKEND("STARTTLS\r\n")}},
	{.name = "STARTTLS refused, optional",
	 .config = GATE(ONE_SERVER ", tls: optional", ""),
	 .steps = {ASKED, CONNECTED(0), REPLY("220 inside\r\n"), BACKEND("EHLO mx.example.com\r\n"),
		   REPLY("250-inside\r\n250 STARTTLS\r\n"), BACKEND("STARTTLS\r\n"),
		   REPLY("454 not now\r\n"), BACKEND("MAIL FROM:<>\r\n")}},
	{.name = "XCLIENT",
	 .config = GATE(ONE_SERVER ", client-address: xclient, tls: off", ""),
	 .steps = {ASKED, CONNECTED(0), REPLY("220 inside\r\n"), BACKEND("EHLO mx.example.com\r\n"),
		   REPLY("250-inside\r\n250-PIPELINING\r\n"
			 "250 XCLIENT NAME ADDR PROTO HELO PORT LOGIN DESTADDR DESTPORT FOO\r\n"),
		   BACKEND("XCLIENT NAME=[UNAVAILABLE] ADDR=203.0.113.9 PORT=40000 PROTO=ESMTP "
			   "LOGIN=[UNAVAILABLE] HELO=client.example DESTADDR=192.0.2.25 "
			   "DESTPORT=25\r\n"),
		   REPLY("220 inside\r\n"), BACKEND("EHLO mx.example.com\r\n"),
		   REPLY("250-inside\r\n250-PIPELINING\r\n250 XCLIENT NAME ADDR\r\n"),
		   BACKEND("MAIL FROM:<>\r\nRCPT TO:<u@example.com>\r\n")}},
	{.name = "XCLIENT of few attributes, and IPv6",
	 .client = "2001:db8::1",
	 .config = GATE(ONE_SERVER ", client-address: xclient, tls: off", ""),
	 .steps = {ASKED, CONNECTED(0), REPLY("220 inside\r\n"), BACKEND("EHLO mx.example.com\r\n"),
		   REPLY("250-inside\r\n250 XCLIENT ADDR\r\n"),
		   BACKEND("XCLIENT ADDR=IPV6:2001:db8::1\r\n"), REPLY("550 no\r\n"),
		   WISHES("abort\n"), SAYS(UNREACHABLE)}},
	{.name = "PROXY",
	 .config = GATE(ONE_SERVER ", client-address: proxy-v1, tls: off", ""),
	 .steps = {ASKED, CONNECTED(0), BACKEND("PROXY TCP4 203.0.113.9 192.0.2.25 40000 25\r\n"),
		   REPLY("220 inside\r\n"), BACKEND("EHLO mx.example.com\r\n")}},
};

static const struct script probes[] = {
	{.name = "a probe",
	 .probe = true,
	 .config = GATE(ONE_SERVER ", client-address: xclient, tls: required", ""),
	 .steps = {WISHES("connect 0\n"), CONNECTED(0), REPLY("220 inside\r\n"),
		   BACKEND("EHLO mx.example.com\r\n"),
		   REPLY("250-inside\r\n250-XCLIENT ADDR\r\n250 STARTTLS\r\n"),
		   BACKEND("STARTTLS\r\n"), REPLY("220 go\r\n"), WISHES("backend tls\n"),
		   BACKEND_TLS(true), BACKEND("EHLO mx.example.com\r\n"),
		   REPLY("250-inside\r\n250-SIZE 4711\r\n250-XCLIENT ADDR\r\n250 DSN\r\n"),
		   BACKEND("QUIT\r\n"), WISHES("close\nfinish quit\n"),
		   EVENTS("ready size=4711 dsn\n")}},
	{.name = "a probe that is not offered XCLIENT",
	 .probe = true,
	 .config = GATE(ONE_SERVER ", client-address: xclient, tls: off", ""),
	 .steps = {WISHES("connect 0\n"), CONNECTED(0), REPLY("220 inside\r\n"),
		   BACKEND("EHLO mx.example.com\r\n"), REPLY("250-inside\r\n250 DSN\r\n"),
		   WISHES("abort\nfinish backend\n"), EVENTS("backend refused\n")}},
	{.name = "a probe that speaks for itself",
	 .probe = true,
	 .config = GATE(ONE_SERVER ", client-address: proxy-v1, tls: off", ""),
	 .steps = {WISHES("connect 0\n"), CONNECTED(0), BACKEND("PROXY UNKNOWN\r\n"),
		   REPLY("554 no\r\n"), WISHES("abort\nfinish backend\n"),
		   EVENTS("backend refused\n")}},
	{.name = "a probe without a server",
	 .probe = true,
	 .steps = {WISHES("connect 0\n"), FAILED(MXF_BACKEND_CONNECT),
		   WISHES("abort\nfinish backend\n")}},
	{.name = "a probe without an answer",
	 .probe = true,
	 .config = GATE(ONE_SERVER, ""),
	 .steps = {WISHES("connect 0\n"), CONNECTED(0), WAIT(60000),
		   WISHES("abort\nfinish backend\n")}},
};

static void test_probes(void **state)
{
	(void)state;
	RUN_ALL(probes);
}

static void test_mail(void **state)
{
	(void)state;
	RUN_ALL(mail);
}

static void test_messages(void **state)
{
	(void)state;
	RUN_ALL(messages);
}

static void test_smuggling(void **state)
{
	(void)state;
	RUN_ALL(smuggling);
}

static void test_trouble(void **state)
{
	(void)state;
	RUN_ALL(trouble);
}

static void test_setup(void **state)
{
	(void)state;
	RUN_ALL(setup);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mail),	  cmocka_unit_test(test_messages),
		cmocka_unit_test(test_smuggling), cmocka_unit_test(test_trouble),
		cmocka_unit_test(test_setup),	  cmocka_unit_test(test_probes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
