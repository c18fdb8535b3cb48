/* SPDX-License-Identifier: GPL-2.0-only */
/* Steps that most scripts have. */
#ifndef TESTS_UNIT_SMTP_SESSION_SCRIPTS_H
#define TESTS_UNIT_SMTP_SESSION_SCRIPTS_H

#include "tests/support/session_world.h"

#define RUN_ALL(scripts)                                                                           \
	do {                                                                                       \
		for (size_t i_ = 0; i_ < sizeof(scripts) / sizeof((scripts)[0]); i_++)             \
			world_run(&(scripts)[i_]);                                                 \
	} while (0)

/* 64 octets, 1024, and 12288. */
#define A64 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define A256 A64 A64 A64 A64
#define A1K A256 A256 A256 A256
#define A12K A1K A1K A1K A1K A1K A1K A1K A1K A1K A1K A1K A1K

#define GREETED SAYS("220 mx.example.com ESMTP\r\n")
#define EHLO_ANSWER                                                                                \
	"250-mx.example.com\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250-8BITMIME\r\n"            \
	"250-SMTPUTF8\r\n250-DSN\r\n250 ENHANCEDSTATUSCODES\r\n"
#define HELLO GREETED, CLIENT("EHLO client.example\r\n"), SAYS(EHLO_ANSWER)

/* A backend that has all, and what it says first. */
#define SERVER_EHLO                                                                                \
	"250-inside\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"    \
	"250 DSN\r\n"
#define SERVER_READY                                                                               \
	WISHES("connect 0\n"), CONNECTED(0), REPLY("220 inside\r\n"),                              \
		BACKEND("EHLO mx.example.com\r\n"), REPLY(SERVER_EHLO)

/* Up to the first recipient, and up to 354. */
#define ENVELOPE                                                                                   \
	HELLO, CLIENT("MAIL FROM:<a@b.example>\r\nRCPT TO:<u@example.com>\r\n"),                   \
		SAYS("250 2.1.0 Sender OK\r\n"), SERVER_READY,                                     \
		BACKEND("MAIL FROM:<a@b.example>\r\nRCPT TO:<u@example.com>\r\n")
#define RECIPIENT ENVELOPE, REPLY("250 ok\r\n250 ok\r\n"), SAYS("250 2.1.5 Recipient OK\r\n")
#define IN_DATA                                                                                    \
	RECIPIENT, CLIENT("DATA\r\n"), BACKEND("DATA\r\n"), REPLY("354 go\r\n"),                   \
		SAYS("354 End data with <CR><LF>.<CR><LF>\r\n")

#endif
