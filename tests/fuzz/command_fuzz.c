// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines and commands of a client. The first octet chooses what was offered. Whatever is found lies
 * within the line, and what is passed on is fit for a command line.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "smtp/codec.h"
#include "smtp/command.h"
#include "smtp/line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void require_within(struct text_span span, struct text_span outer)
{
	if (!span.text)
		require(span.size == 0);
	else
		require(span.text >= outer.text &&
			span.text + span.size <= outer.text + outer.size);
}

/* A parameter's value that goes into another command. */
static void require_word(struct text_span span, struct text_span outer)
{
	require_within(span, outer);
	for (size_t i = 0; i < span.size; i++)
		require((unsigned char)span.text[i] > ' ' && span.text[i] != 0x7f &&
			span.text[i] != '=');
}

static void check_mail(struct text_span argument, unsigned int extensions)
{
	struct mail_arguments mail;

	if (command_parse_mail(argument, extensions, &mail))
		return;
	require_within(mail.path, argument);
	require(mail.path.text[-1] == '<' && mail.path.text[mail.path.size] == '>');
	require_word(mail.ret, argument);
	require_word(mail.envid, argument);
	require_word(mail.auth, argument);
	require(extensions & EXTENSION_SIZE || mail.size == 0);
	require(extensions & EXTENSION_SMTPUTF8 || !mail.utf8);
	require(extensions & EXTENSION_DSN || (!mail.ret.text && !mail.envid.text));
}

static void check_rcpt(struct text_span argument, unsigned int extensions)
{
	struct rcpt_arguments rcpt;

	if (command_parse_rcpt(argument, extensions, &rcpt))
		return;
	require_within(rcpt.path, argument);
	require(rcpt.path.text[-1] == '<' && rcpt.path.text[rcpt.path.size] == '>');
	require_word(rcpt.notify, argument);
	require_word(rcpt.orcpt, argument);
	require(extensions & EXTENSION_DSN || (!rcpt.notify.text && !rcpt.orcpt.text));
}

static void check_auth(struct text_span argument)
{
	char decoded[AUTH_LINE_MAX], encoded[BASE64_SIZE(AUTH_LINE_MAX)];
	struct text_span mechanism, initial;
	size_t length;

	if (!command_parse_auth(argument, &mechanism, &initial))
		return;
	require_within(mechanism, argument);
	require_within(initial, argument);
	if (!initial.text ||
	    base64_decode(initial.text, initial.size, decoded, sizeof(decoded), &length))
		return;
	require(base64_encode(decoded, length, encoded, sizeof(encoded)) == initial.size);
	require(memcmp(encoded, initial.text, initial.size) == 0);
}

static void check_xtext(const char *text, size_t size)
{
	char encoded[3 * AUTH_LINE_MAX + 1];
	size_t length = xtext_encode(text, size, encoded, sizeof(encoded));

	require(length >= size && xtext_is_valid(encoded, length));
}

static void check_line(const char *line, size_t size, unsigned int extensions)
{
	struct smtp_command command;

	smtp_command_parse(line, size, &command);
	require_within(command.argument, (struct text_span){.text = line, .size = size});
	require(command.verb < COMMAND_COUNT);
	command_is_helo_name(command.argument);
	check_mail(command.argument, extensions);
	check_rcpt(command.argument, extensions);
	check_auth(command.argument);
	check_xtext(line, size);
}

/* The line is found in two pieces as in one. */
static enum line_status find(const char *data, size_t size, size_t *length)
{
	enum line_status whole, pieces;
	size_t again = 0, half = size / 2;

	*length = 0;
	whole = line_find(data, size, 0, AUTH_LINE_MAX, length);
	pieces = line_find(data, half, 0, AUTH_LINE_MAX, &again);
	if (pieces == LINE_MORE)
		pieces = line_find(data, size, half, AUTH_LINE_MAX, &again);
	require(pieces == whole && again == *length);
	return whole;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int extensions;
	char *text;
	size_t length;

	if (size < 2)
		return 0;
	extensions = data[0] & 0x80 ? ~0u : data[0];
	text = malloc(size - 1);
	require(text != NULL);
	memcpy(text, data + 1, size - 1);
	for (char *at = text; find(at, (size_t)(text + size - 1 - at), &length) == LINE_OK;
	     at += length)
		check_line(at, length - 2, extensions);
	free(text);
	return 0;
}
