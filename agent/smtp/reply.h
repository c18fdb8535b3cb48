/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Replies of an SMTP server, RFC 5321 section 4.2: read strictly, and made fit to be passed on.
 * Pure, and fed in whatever pieces bytes come.
 */
#ifndef SMTP_REPLY_H
#define SMTP_REPLY_H

#include <stddef.h>
#include <stdint.h>

#define REPLY_LINE_MAX 1024 /* octets with CRLF; RFC 5321 has 512, and a margin */
#define REPLY_LINES_MAX 128
#define REPLY_KEPT_MAX 4096 /* octets of a reply's text that are kept, lines joined by LF */

enum reply_status {
	REPLY_MORE,
	REPLY_DONE,
	REPLY_BROKEN, /* not a reply: see reply->broken */
};

/* A reply while it is read. Zero-initialised; reply_clear() before the next one. */
struct smtp_reply {
	int code; /* 200 to 599 when done */
	unsigned int lines;
	/*
	 * The text of the lines without code and separator, joined by LF, NUL-terminated;
	 * a tab has become a blank, other control characters '?'; what is beyond REPLY_KEPT_MAX is
	 * left out by whole lines. malloc, kept from reply to reply.
	 */
	char *text;
	size_t size;
	const char *broken; /* static: what was wrong, for the log */
	/* of the line that is not whole yet */
	size_t capacity;
	char *line;
	size_t line_size;
};

/*
 * Takes bytes up to the end of one reply; *used says how many. REPLY_BROKEN: a line without code,
 * codes that differ between lines, bare CR or LF, NUL, lines too long or too many, no memory.
 */
enum reply_status reply_feed(struct smtp_reply *reply, const char *data, size_t size, size_t *used);

/* Forgets the reply; memory is kept for the next one. */
void reply_clear(struct smtp_reply *reply);
/* Gives the memory back. */
void reply_free(struct smtp_reply *reply);

/*
 * The enhanced code that the text begins with (RFC 2034), if its class fits `code`: returns its
 * length, else 0.
 */
size_t reply_enhanced_code(const char *text, size_t size, int code);

/*
 * Writes the reply as lines for a client, "CODE-text CRLF ... CODE text CRLF". A line without an
 * enhanced code gets the first line's, X.0.0 where that has none either; 3yz replies get none.
 * Nothing but printable ASCII (UTF-8 only with `utf8`). Returns the length; what does not fit is
 * left out by whole lines, never the last. out_size is at least 2 * REPLY_LINE_MAX.
 */
size_t reply_format(int code, const char *text, size_t size, int utf8, char *out, size_t out_size);

#endif
