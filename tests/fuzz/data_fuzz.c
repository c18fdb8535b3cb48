// SPDX-License-Identifier: GPL-2.0-only
/*
 * Message data against the model. The first octet chooses normalising and the sizes of chunks.
 */
#include "tests/support/data_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* Sizes that go up and down between 1 and what was given. */
struct chunks {
	size_t size, step, most;
};

static size_t next_chunk(void *context)
{
	struct chunks *chunks = context;

	chunks->size = (chunks->size + chunks->step) % chunks->most;
	return chunks->size + 1;
}

static size_t next_all(void *context)
{
	(void)context;
	return SIZE_MAX;
}

static void require_same(const struct data_result *got, const struct data_result *expected)
{
	require(got->ended == expected->ended && got->used == expected->used);
	require(!expected->ended || got->bad == expected->bad);
	if (!expected->ended || expected->bad)
		return;
	require(got->size == expected->size && got->written_size == expected->written_size);
	require(memcmp(got->written, expected->written, got->written_size) == 0);
}

/* What is written is the same message again, and needs nothing done to it. */
static void check_again(struct data_result *expected)
{
	struct data_result again;

	memcpy(expected->written + expected->written_size, ".\r\n", 3);
	again = data_read(expected->written, expected->written_size + 3, false, next_all, NULL);
	expected->used = expected->written_size + 3;
	require_same(&again, expected);
	require(again.most_pieces <= 1);
	free(again.written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct data_result expected, got;
	struct chunks chunks;
	const char *text = (const char *)data + 1;

	if (size == 0)
		return 0;
	chunks = (struct chunks){.step = data[0] & 7, .most = 1 + (data[0] >> 3 & 15) * 6};
	expected = data_model(text, size - 1, data[0] & 0x80);
	got = data_read(text, size - 1, data[0] & 0x80, next_chunk, &chunks);
	require_same(&got, &expected);
	if (expected.ended && !expected.bad)
		check_again(&expected);
	free(got.written);
	free(expected.written);
	return 0;
}
