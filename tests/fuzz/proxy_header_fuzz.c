// SPDX-License-Identifier: GPL-2.0-only
/*
 * PROXY headers: the same in one piece and octet by octet, and what was read is read again when it
 * has been written, in both versions.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "smtp/proxy_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void require_same(const struct proxy_header *a, const struct proxy_header *b)
{
	require(a->local == b->local);
	if (a->local)
		return;
	require(a->family == b->family);
	require(ip_equal(a->source, b->source) && ip_equal(a->destination, b->destination));
	require(a->source_port == b->source_port && a->destination_port == b->destination_port);
}

static void check_written(const struct proxy_header *header, const char *out, size_t length)
{
	struct proxy_header again;
	size_t used;

	require(length <= PROXY_HEADER_WRITE_MAX);
	require(proxy_header_read(out, length, &again, &used) == PROXY_DONE && used == length);
	require_same(&again, header);
}

/* From copies that end where the octets do. */
static enum proxy_status read_slowly(const char *data, size_t size, struct proxy_header *header,
				     size_t *used)
{
	enum proxy_status status = PROXY_MORE;

	for (size_t i = 1; i <= size && status == PROXY_MORE; i++) {
		char *copy = malloc(i);

		require(copy != NULL);
		memcpy(copy, data, i);
		status = proxy_header_read(copy, i, header, used);
		free(copy);
	}
	return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proxy_header header, slow;
	char out[PROXY_HEADER_WRITE_MAX];
	size_t used = 0, used_slowly = 0;
	enum proxy_status status;

	status = proxy_header_read((const char *)data, size, &header, &used);
	require(read_slowly((const char *)data, size, &slow, &used_slowly) == status);
	if (status == PROXY_MORE)
		require(size < PROXY_HEADER_MAX);
	if (status != PROXY_DONE)
		return 0;
	require(used == used_slowly && used <= size && used <= PROXY_HEADER_MAX);
	require_same(&slow, &header);
	check_written(&header, out, proxy_header_write_v1(&header, out));
	check_written(&header, out, proxy_header_write_v2(&header, out));
	return 0;
}
