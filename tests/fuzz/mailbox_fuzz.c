// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mailboxes as a client writes them: the canonical form is a mailbox and its own canonical form,
 * the key is the same in lower case, and so are the keys without tags.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/mailbox.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_key(const struct mailbox *mailbox)
{
	for (size_t i = 0; i < mailbox->size; i++) {
		char c = mailbox->text[i];

		require(c != '\0' && c != '\r' && c != '\n');
		require(mailbox->key[i] == (c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c));
	}
	require(mailbox->key[mailbox->size] == '\0' && mailbox->text[mailbox->size] == '\0');
}

/* What was read again is the same, but for bytes behind the texts. */
static void check_same(const struct mailbox *mailbox, const struct mailbox *again)
{
	require(mailbox->size == again->size && mailbox->local_size == again->local_size);
	require(mailbox->literal == again->literal && mailbox->utf8 == again->utf8);
	require(memcmp(mailbox->text, again->text, mailbox->size) == 0);
	require(memcmp(mailbox->key, again->key, mailbox->size) == 0);
}

static void check_untagged(const struct mailbox *mailbox)
{
	char key[MAILBOX_TEXT_MAX + 1];
	size_t position = 0, size, rounds = 0;
	struct mailbox user;

	while ((size = mailbox_untagged_key(mailbox, &position, key))) {
		require(size == strlen(key) && ++rounds <= MAILBOX_LOCAL_MAX);
		require(mailbox_parse(key, size, true, &user) == MAILBOX_OK);
		require(user.size == size && memcmp(user.key, key, size) == 0);
		require(memcmp(user.key + user.local_size, mailbox->key + mailbox->local_size,
			       (size_t)(mailbox->size - mailbox->local_size)) == 0);
	}
}

static void check_domain(const struct mailbox *mailbox)
{
	char key[MAILBOX_DOMAIN_MAX + 1];
	const char *domain;
	size_t size, key_size;

	domain = mailbox_domain_key(mailbox, &size);
	require(size > 0 && size <= MAILBOX_DOMAIN_MAX && domain[-1] == '@');
	if (mailbox->literal)
		return;
	require(mailbox_parse_domain(domain, size, false, key, &key_size) == MAILBOX_OK);
	require(key_size == size && memcmp(key, domain, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mailbox mailbox, again;
	bool utf8 = size > 0 && data[0] & 1;
	enum mailbox_error error;
	char *path;

	if (!size)
		return 0;
	/* A copy of its own, so that a step beyond is seen. */
	path = malloc(size - 1 ? size - 1 : 1);
	require(path != NULL);
	memcpy(path, data + 1, size - 1);
	error = mailbox_parse(path, size - 1, utf8, &mailbox);
	require(*mailbox_error_text(error) != '\0');
	free(path);
	if (error)
		return 0;
	require(mailbox.local_size > 0 && mailbox.local_size <= MAILBOX_LOCAL_MAX);
	require(utf8 || !mailbox.utf8);
	check_key(&mailbox);
	check_domain(&mailbox);
	check_untagged(&mailbox);
	mailbox_has_routing(&mailbox);
	require(mailbox_parse(mailbox.text, mailbox.size, utf8, &again) == MAILBOX_OK);
	check_same(&mailbox, &again);
	return 0;
}
