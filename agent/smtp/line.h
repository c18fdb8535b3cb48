/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lines of SMTP, ended by CRLF alone (RFC 5321 section 2.3.8), found in whatever pieces bytes
 * come. Pure.
 */
#ifndef SMTP_LINE_H
#define SMTP_LINE_H

#include <stddef.h>

enum line_status {
	LINE_MORE, /* no whole line yet, and not too long */
	LINE_OK,
	LINE_BARE, /* CR or LF alone, or NUL */
	LINE_LONG, /* more than the limit, CRLF included, whether it has ended or not */
};

/*
 * Looks at data[0..size), of which data[0..seen) was looked at by an earlier call that said
 * LINE_MORE. LINE_OK: *length is the line's with its CRLF, and no octet of it is NUL, CR or LF but
 * those two. A CR that is the last octet so far is waited for. What is wrong first decides, so the
 * answer does not depend on the pieces. The limit is at least 2.
 */
enum line_status line_find(const char *data, size_t size, size_t seen, size_t limit,
			   size_t *length);

#endif
