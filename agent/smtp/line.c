// SPDX-License-Identifier: GPL-2.0-only
#include "smtp/line.h"

#include "smtp/scan.h"

enum line_status line_find(const char *data, size_t size, size_t seen, size_t limit, size_t *length)
{
	/* The CR of the longest line is its last octet but one. */
	const char *last = data + limit - 1;
	const char *end = size < limit - 1 ? data + size : last;
	/* The last octet seen may have been a CR that waits for its LF. */
	const char *at = scan_special(data + (seen ? seen - 1 : 0), end);

	if (at >= end)
		return end == last ? LINE_LONG : LINE_MORE;
	if (*at != '\r')
		return LINE_BARE;
	if (at + 1 == data + size)
		return LINE_MORE;
	if (at[1] != '\n')
		return LINE_BARE;
	*length = (size_t)(at + 2 - data);
	return LINE_OK;
}
