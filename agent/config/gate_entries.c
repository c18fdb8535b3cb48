// SPDX-License-Identifier: GPL-2.0-only
/* What the gate has many of: listeners, certificates, backends, groups, restrictions. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/reader.h"
#include "core/text.h"

/* Room for one more entry, zeroed, at the end of an array; NULL is noted in the reader. */
static void *grow(struct reader *reader, void *array, size_t *count, size_t size)
{
	void **items = array;
	char *grown = reallocarray(*items, *count + 1, size);

	if (!grown) {
		reader->error = -ENOMEM;
		return NULL;
	}
	*items = grown;
	memset(grown + *count * size, 0, size);
	return grown + (*count)++ * size;
}

static bool is_mapping(struct reader *reader, const struct schema_key *key,
		       const struct node *value, const char *example)
{
	if (value->kind == NODE_MAPPING)
		return true;
	if (value->kind != NODE_BROKEN)
		READER_ERROR(reader, value->place, example,
			     "an entry of %s must be a mapping, not %s", key->name,
			     node_kind_name(value->kind));
	return false;
}

typedef void read_entry_fn(struct reader *reader, const struct schema_key *key,
			   const struct node *value, struct gate_config *gate);

static void read_sequence(struct reader *reader, const struct schema_key *key,
			  const struct node *value, const char *example, read_entry_fn *read)
{
	if (!value_is(reader, key, value, NODE_SEQUENCE))
		return;
	for (const struct node *item = value->first; item && !reader->error; item = item->next)
		if (is_mapping(reader, key, item, example))
			read(reader, key, item, &reader->config->gate);
}

static struct place place_in(const struct node *mapping, const char *name)
{
	for (const struct node *key = mapping->first; key && key->next; key = key->next->next)
		if (key->kind == NODE_SCALAR && strcmp(key->text, name) == 0)
			return key->next->place;
	return mapping->place;
}

static void read_listener(struct reader *reader, const struct schema_key *key,
			  const struct node *value, struct gate_config *gate)
{
	struct gate_listener *listener;

	(void)key;
	if (gate->listener_count == GATE_LISTENERS_MAX) {
		READER_ERROR(reader, value->place, NULL, "more than %u listeners",
			     GATE_LISTENERS_MAX);
		return;
	}
	listener = grow(reader, &gate->listeners, &gate->listener_count, sizeof(*listener));
	if (!listener)
		return;
	schema_apply_entry_presets("listener", listener);
	schema_read_entry(reader, "listener", value, listener);
	listener->place = value->place;
	listener->backend_place = place_in(value, "backend");
	if (!listener->auth_given)
		listener->auth = listener->role == ROLE_SUBMISSION ? LISTENER_AUTH_REQUIRED
								   : LISTENER_AUTH_OFF;
}

void read_listeners(struct reader *reader, const struct schema_key *key, const struct node *value,
		    void *field)
{
	(void)field;
	read_sequence(reader, key, value,
		      "as in {name: mx, address: \"0.0.0.0:25\", role: mx, backend: exchange}",
		      read_listener);
	if (value->kind == NODE_SEQUENCE && !value->first)
		READER_ERROR(reader, value->place, NULL, "at least one listener must be given");
}

/* The pair of `certificate` and `key` is the first one, wherever it is written. */
static struct gate_certificate *first_certificate(struct reader *reader, struct gate_tls *tls)
{
	if (tls->certificate_count)
		return tls->certificates;
	return grow(reader, &tls->certificates, &tls->certificate_count,
		    sizeof(*tls->certificates));
}

void read_certificate_path(struct reader *reader, const struct schema_key *key,
			   const struct node *value, void *field)
{
	struct gate_certificate *pair = first_certificate(reader, field);

	if (!pair)
		return;
	if (key->argument == PATH_KEY) {
		pair->key_place = value->place;
		read_path(reader, key, value, &pair->key);
	} else {
		pair->place = value->place;
		read_path(reader, key, value, &pair->certificate);
	}
}

static void read_certificate(struct reader *reader, const struct schema_key *key,
			     const struct node *value, struct gate_config *gate)
{
	struct gate_tls *tls = &gate->tls;
	struct gate_certificate *pair;

	(void)key;
	if (tls->certificate_count == GATE_CERTIFICATES_MAX) {
		READER_ERROR(reader, value->place, NULL, "more than %u certificates",
			     GATE_CERTIFICATES_MAX);
		return;
	}
	if (!first_certificate(reader, tls))
		return;
	pair = grow(reader, &tls->certificates, &tls->certificate_count, sizeof(*pair));
	if (!pair)
		return;
	schema_read_entry(reader, "certificate", value, pair);
	pair->place = place_in(value, "certificate");
	pair->key_place = place_in(value, "key");
}

void read_certificates(struct reader *reader, const struct schema_key *key,
		       const struct node *value, void *field)
{
	(void)field;
	read_sequence(reader, key, value, "as in {certificate: fullchain.pem, key: privkey.pem}",
		      read_certificate);
}

/* Checks a name of `what` that stands before its mapping; `before` is one of that name, or NULL. */
static bool check_entry(struct reader *reader, const char *what, const struct node *name,
			const struct node *value, const struct place *before)
{
	char quote[TEXT_QUOTE_SIZE];

	text_quote(name->text, name->size, quote);
	if (!is_name(name->text, name->size))
		READER_ERROR(reader, name->place,
			     "up to 63 letters, digits, dots, dashes and underscores",
			     "\"%s\" is no name for a %s", quote, what);
	else if (before)
		READER_ERROR(reader, name->place, NULL, "there is a %s \"%s\" already at %s:%u",
			     what, quote, sources_name(&reader->config->sources, before->file),
			     before->line);
	else if (value->kind == NODE_MAPPING)
		return true;
	else if (value->kind != NODE_BROKEN)
		READER_ERROR(reader, value->place, NULL, "the %s \"%s\" must be a mapping, not %s",
			     what, quote, node_kind_name(value->kind));
	return false;
}

typedef void read_named_fn(struct reader *reader, const struct node *name, const struct node *value,
			   struct gate_config *gate);

static void read_named(struct reader *reader, const struct schema_key *key,
		       const struct node *value, read_named_fn *read)
{
	if (!value_is(reader, key, value, NODE_MAPPING))
		return;
	for (const struct node *name = value->first; name && name->next && !reader->error;
	     name = name->next->next)
		if (name->kind == NODE_SCALAR)
			read(reader, name, name->next, &reader->config->gate);
}

static void read_backend(struct reader *reader, const struct node *name, const struct node *value,
			 struct gate_config *gate)
{
	const struct gate_backend *before = gate_find_backend(gate, name->text);
	struct gate_backend *backend;

	if (!check_entry(reader, "backend", name, value, before ? &before->place : NULL))
		return;
	if (gate->backend_count == GATE_BACKENDS_MAX) {
		READER_ERROR(reader, name->place, NULL, "more than %u backends", GATE_BACKENDS_MAX);
		return;
	}
	backend = grow(reader, &gate->backends, &gate->backend_count, sizeof(*backend));
	if (!backend)
		return;
	backend->name = strdup(name->text);
	if (!backend->name) {
		gate->backend_count--;
		reader->error = -ENOMEM;
		return;
	}
	schema_apply_entry_presets("backend", backend);
	backend->place = name->place;
	schema_read_entry(reader, "backend", value, backend);
	backend->ca_place = place_in(value, "ca-file");
}

void read_backends(struct reader *reader, const struct schema_key *key, const struct node *value,
		   void *field)
{
	(void)field;
	read_named(reader, key, value, read_backend);
}

static void read_group_entry(struct reader *reader, const struct node *name,
			     const struct node *value, struct gate_config *gate)
{
	const struct gate_group *before = gate_find_group(gate, name->text);
	struct gate_group *group;

	if (!check_entry(reader, "group", name, value, before ? &before->place : NULL))
		return;
	group = grow(reader, &gate->groups, &gate->group_count, sizeof(*group));
	if (!group)
		return;
	group->name = strdup(name->text);
	if (!group->name) {
		gate->group_count--;
		reader->error = -ENOMEM;
		return;
	}
	group->place = name->place;
	schema_read_entry(reader, "group", value, group);
}

void read_groups(struct reader *reader, const struct schema_key *key, const struct node *value,
		 void *field)
{
	(void)field;
	read_named(reader, key, value, read_group_entry);
}

static void read_restrict(struct reader *reader, const struct schema_key *key,
			  const struct node *value, struct gate_config *gate)
{
	struct gate_restrict *entry =
		grow(reader, &gate->restricts, &gate->restrict_count, sizeof(*entry));

	(void)key;
	if (!entry)
		return;
	schema_apply_entry_presets("restrict", entry);
	entry->place = value->place;
	entry->group = SIZE_MAX;
	schema_read_entry(reader, "restrict", value, entry);
	entry->group_place = place_in(value, "group");
}

void read_restricts(struct reader *reader, const struct schema_key *key, const struct node *value,
		    void *field)
{
	(void)field;
	read_sequence(reader, key, value, "as in {group: kiosks, send: internal}", read_restrict);
}
