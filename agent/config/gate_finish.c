// SPDX-License-Identifier: GPL-2.0-only
/* What can only be said of the gate when every file has been read. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/reader.h"
#include "core/range.h"
#include "core/text.h"

/* "did you mean" of names that were offered; NULL when none is near. */
struct names_hint {
	struct text_guess guess;
	char text[128];
};

static const char *names_hint_text(struct names_hint *hint)
{
	if (!hint->guess.best)
		return NULL;
	snprintf(hint->text, sizeof(hint->text), "did you mean \"%.64s\"?", hint->guess.best);
	return hint->text;
}

static void report_backend(struct reader *reader, const struct gate_listener *listener)
{
	const struct gate_config *gate = &reader->config->gate;
	struct names_hint hint = {
		.guess = {.word = listener->backend_name, .size = strlen(listener->backend_name)}};
	char quote[TEXT_QUOTE_SIZE];

	for (size_t i = 0; i < gate->backend_count; i++)
		text_guess_offer(&hint.guess, gate->backends[i].name);
	READER_ERROR(reader, listener->backend_place, names_hint_text(&hint),
		     "there is no backend \"%s\"",
		     text_quote(listener->backend_name, strlen(listener->backend_name), quote));
}

static void resolve_backend(struct reader *reader, struct gate_listener *listener)
{
	const struct gate_config *gate = &reader->config->gate;
	const struct gate_backend *backend = NULL;

	if (listener->backend_name)
		backend = gate_find_backend(gate, listener->backend_name);
	else if (gate->backend_count == 1)
		backend = gate->backends;
	if (backend)
		listener->backend = (size_t)(backend - gate->backends);
	else if (listener->backend_name)
		report_backend(reader, listener);
	else if (gate->backend_count)
		READER_ERROR(reader, listener->place, NULL,
			     "there are several backends, so a listener must name one");
}

/* Two sockets cannot listen on one address; any address holds all of its family. */
static bool endpoints_collide(const struct gate_endpoint *a, const struct gate_endpoint *b)
{
	const struct ip any = {0};

	return a->port && a->port == b->port && a->family == b->family &&
	       (ip_equal(a->ip, b->ip) || ip_equal(a->ip, any) || ip_equal(b->ip, any));
}

static void check_against_others(struct reader *reader, size_t number)
{
	const struct gate_listener *listeners = reader->config->gate.listeners;
	const struct gate_listener *listener = &listeners[number];

	for (size_t i = 0; i < number; i++) {
		if (listener->name && listeners[i].name &&
		    strcmp(listener->name, listeners[i].name) == 0)
			READER_ERROR(
				reader, listener->place, NULL,
				"there is a listener \"%s\" already at %s:%u", listener->name,
				sources_name(&reader->config->sources, listeners[i].place.file),
				listeners[i].place.line);
		if (endpoints_collide(&listener->endpoint, &listeners[i].endpoint))
			READER_ERROR(
				reader, listener->endpoint.place, NULL,
				"the listener at %s:%u has this address already",
				sources_name(&reader->config->sources, listeners[i].place.file),
				listeners[i].place.line);
	}
}

static void check_listener(struct reader *reader, const struct gate_listener *listener)
{
	const struct gate_config *gate = &reader->config->gate;
	const char *name = listener->name ? listener->name : "";

	if (listener->tls != LISTENER_TLS_OFF && !gate->tls.certificate_count)
		READER_ERROR(reader, listener->place, "gate.tls names certificate and key",
			     "the listener %s has TLS, but there is no certificate", name);
	if (listener->auth != LISTENER_AUTH_OFF && gate->auth.source == AUTH_NONE)
		READER_ERROR(reader, listener->place, "gate.auth says who checks logins",
			     "the listener %s takes logins, but nobody checks them", name);
	if (listener->role == ROLE_SUBMISSION && listener->auth == LISTENER_AUTH_OFF)
		READER_ERROR(reader, listener->place, NULL,
			     "the listener %s is for submission, which takes a login, but has "
			     "auth: off",
			     name);
	if (listener->auth != LISTENER_AUTH_OFF && listener->tls == LISTENER_TLS_OFF &&
	    !listener->auth_without_tls)
		READER_ERROR(reader, listener->place,
			     "give it TLS, or auth-without-tls: yes where the network is trusted",
			     "the listener %s takes logins, but only under TLS, which is off",
			     name);
}

static void check_backend(struct reader *reader, const struct gate_backend *backend)
{
	const struct gate_config *gate = &reader->config->gate;

	for (size_t i = 0; i < backend->server_count; i++)
		if (gate->auth.source == AUTH_BACKEND && backend->tls == BACKEND_TLS_OFF &&
		    !ip_is_loopback(backend->servers[i].ip, backend->servers[i].family))
			READER_ERROR(reader, backend->servers[i].place,
				     "give the backend tls: required",
				     "logins would be sent to this server in clear text");
	if (backend->tls_name && backend->tls == BACKEND_TLS_OFF)
		READER_WARNING(reader, backend->place, NULL,
			       "tls-name has no effect with tls: off");
	if (backend->ca_file && backend->tls != BACKEND_TLS_VERIFY)
		READER_WARNING(reader, backend->ca_place, NULL,
			       "ca-file has no effect without tls: verify");
}

static void check_tls(struct reader *reader, struct gate_tls *tls)
{
	struct gate_certificate *first = tls->certificates;

	if (!tls->certificate_count)
		return;
	if (first->certificate && !first->key)
		READER_ERROR(reader, first->place, NULL, "this certificate needs its key");
	else if (first->key && !first->certificate)
		READER_ERROR(reader, first->key_place, NULL, "this key needs its certificate");
	else if (!first->key)
		memmove(first, first + 1, --tls->certificate_count * sizeof(*first));
}

static void check_auth(struct reader *reader, const struct gate_auth *auth)
{
	struct place place = schema_place_in(reader, "auth", "source");

	if (auth->source == AUTH_FILE && !auth->file)
		READER_ERROR(reader, place, NULL, "auth with source: file needs the key \"file\"");
	if (auth->source == AUTH_DOVECOT && !auth->socket)
		READER_ERROR(reader, place, NULL,
			     "auth with source: dovecot needs the key \"socket\"");
	if (auth->source != AUTH_FILE && auth->file)
		READER_WARNING(reader, schema_place_in(reader, "auth", "file"), NULL,
			       "file has no effect without source: file");
	if (auth->source != AUTH_DOVECOT && auth->socket)
		READER_WARNING(reader, schema_place_in(reader, "auth", "socket"), NULL,
			       "socket has no effect without source: dovecot");
}

static void check_recipients(struct reader *reader, const struct gate_recipients *recipients)
{
	struct place file = schema_place_in(reader, "recipients", "file");

	if (recipients->source == RECIPIENTS_FILE && file.line == 0)
		READER_ERROR(reader, recipients->place, NULL,
			     "recipients with source: file needs the key \"file\"");
	if (recipients->source != RECIPIENTS_FILE && file.line)
		READER_WARNING(reader, file, NULL, "file has no effect without source: file");
}

static void resolve_restricts(struct reader *reader)
{
	struct gate_config *gate = &reader->config->gate;

	for (size_t i = 0; i < gate->restrict_count; i++) {
		struct gate_restrict *entry = &gate->restricts[i];
		const struct gate_group *group =
			entry->group_name ? gate_find_group(gate, entry->group_name) : NULL;
		struct names_hint hint = {.guess = {.word = entry->group_name}};
		char quote[TEXT_QUOTE_SIZE];

		if (group)
			entry->group = (size_t)(group - gate->groups);
		if (group || !entry->group_name)
			continue;
		hint.guess.size = strlen(entry->group_name);
		for (size_t k = 0; k < gate->group_count; k++)
			text_guess_offer(&hint.guess, gate->groups[k].name);
		READER_ERROR(reader, entry->group_place, names_hint_text(&hint),
			     "there is no group \"%s\"",
			     text_quote(entry->group_name, hint.guess.size, quote));
	}
}

/* A list's ranges, each with the place where the list has it. */
static void append_list(struct reader *reader, struct range_array *array,
			const struct range_list *list)
{
	struct range *items;

	if (list->count == 0)
		return;
	items = reallocarray(array->items, array->count + list->count, sizeof(*items));
	if (!items) {
		reader->error = -ENOMEM;
		return;
	}
	memcpy(items + array->count, list->ranges, list->count * sizeof(*items));
	array->items = items;
	array->count += list->count;
	array->capacity = array->count;
}

static void report_from(struct reader *reader, const struct gate_text *text)
{
	const struct filter_config *filter = &reader->config->filter;
	struct names_hint hint = {.guess = {.word = text->text, .size = text->size}};
	char quote[TEXT_QUOTE_SIZE];

	for (size_t i = 0; i < filter->list_count; i++)
		if (filter->lists[i].action == LIST_TRUSTED)
			text_guess_offer(&hint.guess, filter->lists[i].name);
	READER_ERROR(reader, text->place, names_hint_text(&hint),
		     "\"%s\" is neither a trusted list nor a range",
		     text_quote(text->text, text->size, quote));
}

static void resolve_from_text(struct reader *reader, const struct gate_text *text,
			      struct range_array *array)
{
	const struct range_list *list = config_find_list(reader->config, text->text);
	struct range range;
	enum range_error error = range_parse(text->text, text->size, &range);
	bool is_range = error == RANGE_OK || error == RANGE_HOST_BITS;
	char quote[TEXT_QUOTE_SIZE];

	if (list && is_range)
		READER_ERROR(reader, text->place, "give the list another name",
			     "\"%s\" is a list and an address",
			     text_quote(text->text, text->size, quote));
	else if (list && list->action != LIST_TRUSTED)
		READER_ERROR(reader, text->place, NULL, "the list \"%s\" is a denied one",
			     list->name);
	else if (list)
		append_list(reader, array, list);
	else if (is_range || text->text[strspn(text->text, "0123456789.:/-")] == '\0')
		reader->error =
			range_array_read(array, text->text, text->size, text->place, reader->diags);
	else
		report_from(reader, text);
}

static void resolve_from(struct reader *reader)
{
	struct gate_relay *relay = &reader->config->gate.relay;
	struct range_array array = {0};

	for (size_t i = 0; i < relay->from_texts.count && !reader->error; i++)
		resolve_from_text(reader, &relay->from_texts.items[i], &array);
	relay->from.count = range_array_merge(&array);
	relay->from.items = array.items;
}

static void note_places(struct reader *reader)
{
	struct gate_config *gate = &reader->config->gate;

	gate->tls.place = schema_place_in(reader, "gate", "tls");
	gate->auth.place = schema_place_in(reader, "gate", "auth");
	gate->recipients.place = schema_place_in(reader, "gate", "recipients");
	gate->relay.place = schema_place_in(reader, "gate", "relay");
	gate->relay.authenticated_place = schema_place_in(reader, "relay", "authenticated");
	if (!gate->relay.authenticated_place.line)
		gate->relay.authenticated_place = gate->relay.place;
	gate->senders.spoof_place = schema_place_in(reader, "senders", "spoof");
	if (!gate->auth.mechanisms)
		gate->auth.mechanisms = AUTH_PLAIN | AUTH_LOGIN;
}

void gate_finish(struct reader *reader)
{
	struct gate_config *gate = &reader->config->gate;

	note_places(reader);
	check_tls(reader, &gate->tls);
	check_auth(reader, &gate->auth);
	check_recipients(reader, &gate->recipients);
	for (size_t i = 0; i < gate->listener_count; i++) {
		resolve_backend(reader, &gate->listeners[i]);
		check_against_others(reader, i);
		check_listener(reader, &gate->listeners[i]);
	}
	for (size_t i = 0; i < gate->backend_count; i++)
		check_backend(reader, &gate->backends[i]);
	resolve_restricts(reader);
	resolve_from(reader);
	limits_inherit(&gate->limits_internal, &gate->limits);
}
