// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replies of a backend: the same in one piece and octet by octet, and what a client is told of them
 * is a reply again, with the same code and in printable characters.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "smtp/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

static enum reply_status feed_slowly(struct smtp_reply *reply, const char *data, size_t size,
				     size_t *used)
{
	enum reply_status status = REPLY_MORE;
	size_t taken;

	for (*used = 0; *used < size && status == REPLY_MORE; *used += taken) {
		char octet = data[*used];

		status = reply_feed(reply, &octet, 1, &taken);
	}
	return status;
}

static void check_passed_on(const struct smtp_reply *reply, int utf8, size_t room)
{
	struct smtp_reply again = {0};
	char out[4 * REPLY_LINE_MAX];
	size_t length = reply_format(reply->code, reply->text, reply->size, utf8, out, room), used;

	require(length <= room);
	for (size_t i = 0; i < length; i++)
		require(out[i] == '\r' || out[i] == '\n' || out[i] == ' ' ||
			(out[i] > ' ' && out[i] < 0x7f) || (utf8 && out[i] < 0));
	require(reply_feed(&again, out, length, &used) == REPLY_DONE);
	require(used == length && again.code == reply->code);
	require(reply->code / 100 == 3 ||
		reply_enhanced_code(again.text, again.size, again.code) > 0);
	reply_free(&again);
}

static void check_done(const struct smtp_reply *reply, const struct smtp_reply *slow)
{
	require(reply->code == slow->code && reply->lines == slow->lines);
	require(reply->size == slow->size && strcmp(reply->text, slow->text) == 0);
	require(strlen(reply->text) == reply->size && reply->size < REPLY_KEPT_MAX);
	require(reply->code >= 200 && reply->code <= 599 && reply->lines <= REPLY_LINES_MAX);
	check_passed_on(reply, 0, 2 * REPLY_LINE_MAX);
	check_passed_on(reply, 1, 4 * REPLY_LINE_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct smtp_reply reply = {0}, slow = {0};
	enum reply_status status = REPLY_DONE;

	while (size > 0 && status == REPLY_DONE) {
		size_t used, used_slowly;

		status = reply_feed(&reply, (const char *)data, size, &used);
		require(feed_slowly(&slow, (const char *)data, size, &used_slowly) == status);
		if (status == REPLY_DONE) {
			require(used == used_slowly && used > 0);
			check_done(&reply, &slow);
		}
		if (status == REPLY_BROKEN)
			require(reply.broken == slow.broken && reply.broken);
		reply_clear(&reply);
		reply_clear(&slow);
		data += used;
		size -= used;
	}
	reply_free(&reply);
	reply_free(&slow);
	return 0;
}
