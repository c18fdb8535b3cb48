/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Message data between 354 and the final dot, RFC 5321 section 4.5.2. Pure.
 *
 * The only end is CRLF . CRLF. Bare CR, bare LF and NUL make the message bad: the rest is read and
 * thrown away up to that end, so no dialect of line ends ("SMTP smuggling") begins a second
 * message. With `normalise` bare CR and LF become CRLF and NUL stays bad; a line that is one dot
 * ends nothing unless both its line ends were CRLF, and is then text.
 *
 * What is written is encoded again from what was understood: a line that begins with a dot gets
 * one, and the final dot is never part of what data_feed() gives out.
 */
#ifndef SMTP_DATA_H
#define SMTP_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum data_state {
	DATA_LINE_BEGIN, /* after CRLF, and at the start */
	DATA_TEXT,
	DATA_CR,
	DATA_DOT, /* a line that is a dot so far */
	DATA_DOT_CR,
	DATA_BARE_BEGIN, /* after a CR or LF that stood alone */
	DATA_BARE_DOT,
	DATA_END,
};

struct data_reader {
	enum data_state state;
	bool normalise;
	bool bad;
	/*
	 * Octets of the message so far as RFC 1870 counts: CRLFs, no stuffed dots. Of a bad one
	 * about as many as came.
	 */
	uint64_t size;
};

void data_begin(struct data_reader *reader, bool normalise);

/*
 * A piece of what is to be written to the server: `count` pieces, each of the input or static.
 * One feed gives out at most DATA_PIECES_FEW, unless line ends are mended, or dots dropped that the
 * client should have stuffed (".x" is the line "x", RFC 5321 section 4.5.2).
 */
struct data_piece {
	const char *data;
	size_t size;
};
#define DATA_PIECES_FEW 2
#define DATA_PIECES_MAX 64

/*
 * Takes bytes up to the end of the data, or until the pieces are full; returns how many were
 * taken. Once the message is bad nothing is given out. Whoever writes the pieces writes the final
 * dot himself when state is DATA_END and the message is good: ".\r\n", as every piece before it
 * ends the line. A dot that begins a line, and what follows it, is held back until it is known not
 * to be the end.
 *
 * At memory speed: bytes are looked at once, in words or vectors, not one at a time.
 */
size_t data_feed(struct data_reader *reader, const char *data, size_t size,
		 struct data_piece pieces[DATA_PIECES_MAX], size_t *count);

#endif
