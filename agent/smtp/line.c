// SPDX-License-Identifier: GPL-2.0-only
#include "smtp/line.h"

#include "smtp/scan.h"

enum line_status line_find(const char *data, size_t size, size_t seen, size_t limit, size_t *length)
{
	const char *end = data + (size < limit ? size : limit);
	/* The last octet seen may have been a CR that waits for its LF. */
	const char *at = scan_special(data + (seen ? seen - 1 : 0), end);

	if (at == end)
		return size < limit ? LINE_MORE : LINE_LONG;
	if (*at != '\r')
		return LINE_BARE;
	if (at + 1 == data + size)
		return size < limit ? LINE_MORE : LINE_LONG;
	if (at[1] != '\n')
		return LINE_BARE;
	if (at + 2 > data + limit)
		return LINE_LONG;
	*length = (size_t)(at + 2 - data);
	return LINE_OK;
}
