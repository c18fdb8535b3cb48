// SPDX-License-Identifier: GPL-2.0-only
/* Requests of the control socket, and the list files that `trust` edits. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/range.h"
#include "service/request.h"
#include "service/trust_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

/* What was added is there once, and its removal leaves what was there. */
static void edit_list(const char *file, size_t size, const struct range *range, const char *note)
{
	struct text added, removed;
	int before = trust_text_remove(file, size, range, &removed);

	if (before >= 0)
		free(removed.data);
	if (before != 0 || trust_text_add(file, size, range, note, &added))
		return;
	require(trust_text_remove(added.data, added.size, range, &removed) == 1);
	require(removed.size >= size && !memcmp(removed.data, file, size));
	free(added.data);
	free(removed.data);
}

static void read_arguments(const json_t *arguments)
{
	const char *text = NULL, *note = NULL, *file = NULL;
	struct trouble trouble;
	struct range range;
	long long port = 25;

	request_string(arguments, "range", true, &text, &trouble);
	request_string(arguments, "note", false, &note, &trouble);
	request_string(arguments, "file", false, &file, &trouble);
	if (!request_number(arguments, "port", 1, 65535, &port, &trouble))
		require(port >= 1 && port <= 65535);
	if (text)
		trust_name_is_valid(text);
	if (text && file && range_parse(text, strlen(text), &range) <= RANGE_HOST_BITS)
		edit_list(file, strlen(file), &range, note);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct trouble trouble;
	struct request request;

	if (request_parse((const char *)data, size, &request, &trouble))
		return 0;
	require(request.verb && json_is_object(request.arguments));
	read_arguments(request.arguments);
	request_clear(&request);
	return 0;
}
