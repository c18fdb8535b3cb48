/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands of an SMTP client, RFC 5321 section 4.1 and the extensions that the gate knows. Pure;
 * everything found points into the line that was given.
 */
#ifndef SMTP_COMMAND_H
#define SMTP_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * X(id, word). What has no word of its own is COMMAND_UNKNOWN. COMMAND_FOREIGN is what no SMTP
 * client sends: the verbs of HTTP, a TLS or SSH hello.
 */
#define SMTP_COMMANDS(X)                                                                           \
	X(EHLO, "EHLO")                                                                            \
	X(HELO, "HELO")                                                                            \
	X(MAIL, "MAIL")                                                                            \
	X(RCPT, "RCPT")                                                                            \
	X(DATA, "DATA")                                                                            \
	X(BDAT, "BDAT")                                                                            \
	X(RSET, "RSET")                                                                            \
	X(NOOP, "NOOP")                                                                            \
	X(QUIT, "QUIT")                                                                            \
	X(VRFY, "VRFY")                                                                            \
	X(EXPN, "EXPN")                                                                            \
	X(HELP, "HELP")                                                                            \
	X(STARTTLS, "STARTTLS")                                                                    \
	X(AUTH, "AUTH")                                                                            \
	X(ETRN, "ETRN")                                                                            \
	X(XCLIENT, "XCLIENT")                                                                      \
	X(XFORWARD, "XFORWARD")

#define SMTP_COMMAND_ENUM(id, word) COMMAND_##id,
enum smtp_verb { SMTP_COMMANDS(SMTP_COMMAND_ENUM) COMMAND_UNKNOWN, COMMAND_FOREIGN, COMMAND_COUNT };

#define COMMAND_LINE_MAX 512	  /* octets with CRLF, RFC 5321 section 4.5.3.1.4 */
#define COMMAND_LINE_LONGEST 2048 /* with what extensions add to MAIL and RCPT */
#define AUTH_LINE_MAX 12288	  /* RFC 4954 section 4 */

struct text_span {
	const char *text; /* NULL: not given */
	size_t size;
};

struct smtp_command {
	enum smtp_verb verb;
	struct text_span argument; /* after the verb and one or more blanks, no trailing blanks */
};

/* Reads a line without its CRLF. The verb is compared without case. */
void smtp_command_parse(const char *line, size_t size, struct smtp_command *command);

/*
 * True when the first bytes of a connection are a TLS or SSH hello, which need no line end to be
 * known.
 */
bool command_looks_foreign(const char *data, size_t size);

/* The longest line that the verb may have, CRLF included. */
size_t command_line_limit(enum smtp_verb verb);

/* What can be wrong with the argument of MAIL or RCPT. */
enum path_error {
	PATH_OK,
	PATH_SYNTAX,	/* no FROM: or TO:, no angle brackets: 501 5.5.4 */
	PATH_UNKNOWN,	/* a parameter that is not offered: 555 5.5.4 */
	PATH_PARAMETER, /* a parameter's value is wrong, or it is given twice: 501 5.5.4 */
	PATH_UTF8,	/* a parameter in UTF-8 without SMTPUTF8: 553 5.6.7 */
};

enum mail_body { BODY_NONE, BODY_7BIT, BODY_8BITMIME };

/* Extensions that a session may use, as bits; also what a backend offers. */
enum smtp_extension {
	EXTENSION_PIPELINING = 1 << 0,
	EXTENSION_SIZE = 1 << 1,
	EXTENSION_8BITMIME = 1 << 2,
	EXTENSION_SMTPUTF8 = 1 << 3,
	EXTENSION_DSN = 1 << 4,
	EXTENSION_STARTTLS = 1 << 5,
	EXTENSION_AUTH_PLAIN = 1 << 6,
	EXTENSION_AUTH_LOGIN = 1 << 7,
	EXTENSION_XCLIENT = 1 << 8,
	EXTENSION_ENHANCEDSTATUSCODES = 1 << 9,
};

struct mail_arguments {
	struct text_span path;	/* between the brackets; size 0: <> */
	uint64_t size;		/* SIZE=, RFC 1870; 0 = not given, UINT64_MAX = that or more */
	enum mail_body body;	/* BODY=, RFC 6152 */
	bool utf8;		/* SMTPUTF8, RFC 6531 */
	struct text_span ret;	/* RET=FULL or HDRS, RFC 3461 section 4.3 */
	struct text_span envid; /* xtext, section 4.4 */
	struct text_span auth;	/* AUTH=, RFC 4954 section 5: read, and never passed on */
};

struct rcpt_arguments {
	struct text_span path;
	struct text_span notify; /* NEVER or SUCCESS,FAILURE,DELAY, RFC 3461 section 4.1 */
	struct text_span orcpt;	 /* type;xtext, section 4.2 */
};

/*
 * Reads "FROM:<path> parameters" (one blank after the colon is forgiven). `extensions` is what was
 * offered: parameters of others are PATH_UNKNOWN, AUTH= among them without an AUTH extension. The
 * path's own syntax is mailbox.h's business, but the bracket that ends it is found as quoted
 * strings demand. A second path, or anything else behind the first, is PATH_SYNTAX. ORCPT in
 * UTF-8 (RFC 6533 section 3) needs EXTENSION_SMTPUTF8: that of the transaction, not of the session.
 */
enum path_error command_parse_mail(struct text_span argument, unsigned int extensions,
				   struct mail_arguments *mail);
enum path_error command_parse_rcpt(struct text_span argument, unsigned int extensions,
				   struct rcpt_arguments *rcpt);

/* True when EHLO's or HELO's argument is a domain or an address literal (RFC 5321 section 4.1.3);
 * underscores are forgiven, as many hosts have them. */
bool command_is_helo_name(struct text_span argument);

/* "MECHANISM" or "MECHANISM initial-response"; false when it is not of that form. "=" is the empty
 * response (RFC 4954 section 4): then initial.text is not NULL and initial.size is 0. */
bool command_parse_auth(struct text_span argument, struct text_span *mechanism,
			struct text_span *initial);

#endif
