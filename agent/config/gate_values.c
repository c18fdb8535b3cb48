// SPDX-License-Identifier: GPL-2.0-only
/* Single values of the gate. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/reader.h"
#include "core/range.h"
#include "core/text.h"

static const char endpoint_hint[] =
	"as in \"192.0.2.1:25\", \"[2001:db8::1]:25\" or \"0.0.0.0:25\"";

bool is_name(const char *name, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		bool letter =
			(name[i] >= 'a' && name[i] <= 'z') || (name[i] >= 'A' && name[i] <= 'Z');
		bool digit = name[i] >= '0' && name[i] <= '9';

		if (!letter && !digit && name[i] != '.' && name[i] != '_' && name[i] != '-')
			return false;
	}
	return size > 0 && size <= LIST_NAME_MAX;
}

static void set_text(struct reader *reader, const struct node *value, void *field)
{
	char **text = field;

	free(*text);
	*text = strndup(value->text, value->size);
	if (!*text)
		reader->error = -ENOMEM;
}

void read_reference(struct reader *reader, const struct schema_key *key, const struct node *value,
		    void *field)
{
	if (!value_is(reader, key, value, NODE_SCALAR))
		return;
	if (value->size == 0 || strlen(value->text) != value->size)
		READER_ERROR(reader, value->place, NULL, "%s must be %s", key->name, key->value);
	else
		set_text(reader, value, field);
}

void read_name(struct reader *reader, const struct schema_key *key, const struct node *value,
	       void *field)
{
	char quote[TEXT_QUOTE_SIZE];

	if (!value_is(reader, key, value, NODE_SCALAR))
		return;
	if (is_name(value->text, value->size))
		set_text(reader, value, field);
	else
		READER_ERROR(reader, value->place,
			     "up to 63 letters, digits, dots, dashes and underscores",
			     "\"%s\" is no name", text_quote(value->text, value->size, quote));
}

void read_hostname(struct reader *reader, const struct schema_key *key, const struct node *value,
		   void *field)
{
	struct gate_config *gate = field;
	char quote[TEXT_QUOTE_SIZE];

	if (!value_is(reader, key, value, NODE_SCALAR))
		return;
	if (!is_name(value->text, value->size) || memchr(value->text, '_', value->size) ||
	    !memchr(value->text, '.', value->size)) {
		READER_ERROR(reader, value->place, "as in mx1.example.com",
			     "\"%s\" is not a full host name",
			     text_quote(value->text, value->size, quote));
		return;
	}
	gate->hostname_place = value->place;
	set_text(reader, value, &gate->hostname);
}

void read_path(struct reader *reader, const struct schema_key *key, const struct node *value,
	       void *field)
{
	const struct source *base = &reader->config->sources.items[value->place.file];
	char **path = field;

	if (!value_is(reader, key, value, NODE_SCALAR))
		return;
	if (value->size == 0 || strlen(value->text) != value->size) {
		READER_ERROR(reader, value->place, NULL, "%s must be %s", key->name, key->value);
		return;
	}
	free(*path);
	*path = path_beside(base->path, value->text);
	if (!*path)
		reader->error = -ENOMEM;
}

void read_workers(struct reader *reader, const struct schema_key *key, const struct node *value,
		  void *field)
{
	size_t *workers = field;
	uint16_t number;
	char quote[TEXT_QUOTE_SIZE];

	if (!value_is(reader, key, value, NODE_SCALAR) || strcmp(value->text, "auto") == 0)
		return;
	number = parse_port(value->text, value->size);
	if (number >= 1 && number <= GATE_WORKERS_MAX)
		*workers = number;
	else
		READER_ERROR(reader, value->place, "a number from 1 to 64, or auto",
			     "\"%s\" is no number of workers",
			     text_quote(value->text, value->size, quote));
}

/* Reports, in words that fit, an address with a port that is none. */
static void report_endpoint(struct reader *reader, const struct node *value)
{
	bool digits = strspn(value->text, "0123456789.:[]abcdefABCDEF") == value->size;
	char quote[TEXT_QUOTE_SIZE];

	READER_ERROR(reader, value->place,
		     digits ? endpoint_hint
			    : "names are not looked up: what they mean could change unseen",
		     "\"%s\" is not an address and port",
		     text_quote(value->text, value->size, quote));
}

static bool parse_endpoint(const struct node *value, struct gate_endpoint *endpoint)
{
	size_t begin, size;

	endpoint->place = value->place;
	return split_endpoint(value->text, value->size, &begin, &size, &endpoint->port) &&
	       endpoint->port &&
	       ip_parse(value->text + begin, size, &endpoint->ip, &endpoint->family) == RANGE_OK &&
	       (endpoint->family == MXF_FAMILY_IPV6) == begin;
}

void read_endpoint(struct reader *reader, const struct schema_key *key, const struct node *value,
		   void *field)
{
	struct gate_endpoint endpoint;

	if (!value_is(reader, key, value, NODE_SCALAR))
		return;
	if (parse_endpoint(value, &endpoint))
		*(struct gate_endpoint *)field = endpoint;
	else
		report_endpoint(reader, value);
}

static void add_server(struct reader *reader, const struct schema_key *key, const struct node *item,
		       void *base)
{
	struct gate_backend *backend = base;
	struct gate_endpoint *servers, endpoint;

	(void)key;
	if (!parse_endpoint(item, &endpoint)) {
		report_endpoint(reader, item);
		return;
	}
	if (backend->server_count == GATE_SERVERS_MAX) {
		READER_ERROR(reader, item->place, NULL, "more than %u servers of one backend",
			     GATE_SERVERS_MAX);
		return;
	}
	servers = reallocarray(backend->servers, backend->server_count + 1, sizeof(*servers));
	if (!servers) {
		reader->error = -ENOMEM;
		return;
	}
	backend->servers = servers;
	servers[backend->server_count++] = endpoint;
}

void read_servers(struct reader *reader, const struct schema_key *key, const struct node *value,
		  void *field)
{
	struct gate_backend *backend =
		(struct gate_backend *)((char *)field - offsetof(struct gate_backend, servers));

	read_items(reader, key, value, add_server, backend);
	if (value->kind == NODE_SEQUENCE && !value->first)
		READER_ERROR(reader, value->place, NULL, "at least one server must be given");
}

void texts_add(struct reader *reader, struct gate_texts *texts, const char *text, size_t size,
	       struct place place)
{
	/* Room for the next power of two. */
	if ((texts->count & (texts->count - 1)) == 0) {
		size_t room = texts->count ? texts->count * 2 : 1;
		struct gate_text *items = reallocarray(texts->items, room, sizeof(*items));

		if (!items) {
			reader->error = -ENOMEM;
			return;
		}
		texts->items = items;
	}
	texts->items[texts->count++] =
		(struct gate_text){.text = text, .size = (uint32_t)size, .place = place};
}

/* Nodes go when the file has been read; texts of lists stay with the gate. */
static const char *keep_text(struct reader *reader, const struct node *item)
{
	struct gate_config *gate = &reader->config->gate;
	char *copy;

	if ((gate->kept_count & (gate->kept_count - 1)) == 0) {
		size_t room = gate->kept_count ? gate->kept_count * 2 : 1;
		char **kept = reallocarray(gate->kept, room, sizeof(*kept));

		if (!kept)
			return NULL;
		gate->kept = kept;
	}
	copy = malloc(item->size + 1);
	if (copy)
		gate->kept[gate->kept_count++] = memcpy(copy, item->text, item->size + 1);
	return copy;
}

static void add_text(struct reader *reader, const struct schema_key *key, const struct node *item,
		     void *field)
{
	const char *text;

	if (item->size == 0) {
		READER_ERROR(reader, item->place, NULL, "an entry of %s is empty", key->name);
		return;
	}
	text = keep_text(reader, item);
	if (text)
		texts_add(reader, field, text, item->size, item->place);
	else
		reader->error = -ENOMEM;
}

void read_texts(struct reader *reader, const struct schema_key *key, const struct node *value,
		void *field)
{
	read_items(reader, key, value, add_text, field);
}

static void add_range(struct reader *reader, const struct schema_key *key, const struct node *item,
		      void *field)
{
	(void)key;
	reader->error = range_array_read(field, item->text, item->size, item->place, reader->diags);
}

void read_ranges(struct reader *reader, const struct schema_key *key, const struct node *value,
		 void *field)
{
	struct gate_ranges *ranges = field;
	struct range_array array = {0};

	read_items(reader, key, value, add_range, &array);
	free(ranges->items);
	ranges->items = array.items;
	ranges->count = range_array_merge(&array);
}

void read_limit(struct reader *reader, const struct schema_key *key, const struct node *value,
		void *field)
{
	const struct limit_row *row = &limit_rows[key->argument];
	struct limits *limits = field;
	char hint[160], quote[TEXT_QUOTE_SIZE];
	int error;

	if (!value_is(reader, key, value, NODE_SCALAR))
		return;
	error = limit_parse(row, value->text, value->size, &limits->values[key->argument],
			    &limits->rate_seconds);
	if (!error)
		return;
	snprintf(hint, sizeof(hint), "%s, from %lld to %lld; the default is %s", key->value,
		 (long long)row->least, (long long)row->most, row->preset);
	READER_ERROR(reader, value->place, hint, "%s cannot be \"%s\"", key->name,
		     text_quote(value->text, value->size, quote));
}

void read_bare_newline(struct reader *reader, const struct schema_key *key,
		       const struct node *value, void *field)
{
	if (value->kind == NODE_SCALAR && strcmp(value->text, "reject") == 0)
		return;
	if (value->kind == NODE_MAPPING)
		schema_read_entry(reader, "bare-newline", value, field);
	else if (value->kind != NODE_BROKEN)
		READER_ERROR(reader, value->place, NULL, "%s must be %s", key->name, key->value);
}

void read_listener_auth(struct reader *reader, const struct schema_key *key,
			const struct node *value, void *field)
{
	struct gate_listener *listener =
		(struct gate_listener *)((char *)field - offsetof(struct gate_listener, auth));

	listener->auth_given = true;
	read_choice(reader, key, value, field);
}

static void add_mechanism(struct reader *reader, const struct schema_key *key,
			  const struct node *item, void *field)
{
	static const struct schema_choice mechanisms[] = {
		{"PLAIN", AUTH_PLAIN}, {"LOGIN", AUTH_LOGIN}, {NULL, 0}};
	const struct schema_choice *mechanism = mechanisms;
	char quote[TEXT_QUOTE_SIZE];

	(void)key;
	while (mechanism->word && strcasecmp(mechanism->word, item->text) != 0)
		mechanism++;
	if (mechanism->word)
		*(unsigned int *)field |= mechanism->value;
	else
		READER_ERROR(reader, item->place, "possible here: PLAIN, LOGIN",
			     "there is no mechanism \"%s\"",
			     text_quote(item->text, item->size, quote));
}

void read_mechanisms(struct reader *reader, const struct schema_key *key, const struct node *value,
		     void *field)
{
	read_items(reader, key, value, add_mechanism, field);
	if (value->kind == NODE_SEQUENCE && !value->first)
		READER_ERROR(reader, value->place, NULL, "at least one mechanism must be given");
}
