// SPDX-License-Identifier: GPL-2.0-only
/* List files, and each of their lines as a range: what is read can be written and read again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/reader.h"
#include "core/range.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_range(const struct range *range)
{
	struct range again = *range;
	char text[RANGE_TEXT_MAX];
	size_t length = range_format(range, text);

	require(length < sizeof(text) && text[length] == '\0');
	require(ip_compare(range->first, range->last) <= 0);
	require(range_parse(text, length, &again) == RANGE_OK);
	require(memcmp(range, &again, sizeof(again)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sources sources = {0};
	struct diags diags = {0};
	struct range_array array = {0};
	char *text = malloc(size + 1);

	require(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	require(sources_add(&sources, "list", "list", text, size) == 0);
	require(range_array_read_file(&array, &sources, 0, 1000, &diags) == 0);
	for (size_t i = 0; i < array.count; i++)
		check_range(&array.items[i]);
	free(array.items);
	diags_clear(&diags);
	sources_clear(&sources);
	return 0;
}
