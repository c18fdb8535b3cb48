// SPDX-License-Identifier: GPL-2.0-only
#include "config/schema.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/reader.h"
#include "core/scoped.h"
#include "core/text.h"

const struct schema_key *config_schema(size_t *count)
{
	*count = schema_row_count;
	return schema_rows;
}

static bool text_equals(const struct node *node, const char *word)
{
	return strlen(word) == node->size && memcmp(word, node->text, node->size) == 0;
}

static const struct schema_key *find_key(const char *group, const struct node *name)
{
	for (size_t i = 0; i < schema_row_count; i++)
		if (strcmp(schema_rows[i].group, group) == 0 &&
		    text_equals(name, schema_rows[i].name))
			return &schema_rows[i];
	return NULL;
}

/* "did you mean" or what is possible, from whatever words were offered. */
struct hint {
	struct text_guess guess;
	char all[256];
	size_t length;
	char text[320];
};

static void hint_offer(struct hint *hint, const char *word)
{
	text_guess_offer(&hint->guess, word);
	if (hint->length < sizeof(hint->all))
		hint->length +=
			(size_t)snprintf(hint->all + hint->length, sizeof(hint->all) - hint->length,
					 "%s%s", hint->length ? ", " : "", word);
}

static const char *hint_finish(struct hint *hint)
{
	if (hint->guess.best)
		snprintf(hint->text, sizeof(hint->text), "did you mean \"%s\"?", hint->guess.best);
	else
		snprintf(hint->text, sizeof(hint->text), "possible here: %s", hint->all);
	return hint->text;
}

static void report_unknown_key(struct reader *reader, const char *group, const struct node *name)
{
	struct hint hint = {.guess = {.word = name->text, .size = name->size}};
	char quote[TEXT_QUOTE_SIZE];

	for (size_t i = 0; i < schema_row_count; i++)
		if (strcmp(schema_rows[i].group, group) == 0 && schema_rows[i].summary)
			hint_offer(&hint, schema_rows[i].name);
	READER_ERROR(reader, name->place, hint_finish(&hint), "unknown key \"%s\"%s%s",
		     text_quote(name->text, name->size, quote), *group ? " in " : "", group);
}

/* Groups are merged when they come from several files. */
static bool may_repeat(const struct schema_key *key, struct place before, struct place now)
{
	bool merges = key->read == read_group || key->read == read_lists ||
		      key->read == read_include || key->read == read_backends ||
		      key->read == read_groups;

	return before.line == 0 || (merges && before.file != now.file);
}

static void read_key(struct reader *reader, const char *group, const struct node *name,
		     const struct node *value, void *base, struct place *set)
{
	const struct schema_key *key = find_key(group, name);
	struct place *before;

	if (!key) {
		report_unknown_key(reader, group, name);
		return;
	}
	if (!key->summary) {
		READER_ERROR(reader, name->place, NULL, "\"%s\": %s is not part of this version",
			     key->name, key->value);
		return;
	}
	before = &set[key - schema_rows];
	if (!may_repeat(key, *before, name->place)) {
		READER_ERROR(reader, name->place, NULL, "%s is set already at %s:%u", key->name,
			     sources_name(&reader->config->sources, before->file), before->line);
		return;
	}
	if (before->line == 0)
		*before = name->place;
	key->read(reader, key, value, (char *)base + key->offset);
}

void schema_read_mapping(struct reader *reader, const char *group, const struct node *mapping,
			 void *base, struct place *set)
{
	const struct node *name = mapping->first;

	while (name && name->next && !reader->error) {
		if (name->kind == NODE_SCALAR)
			read_key(reader, group, name, name->next, base, set);
		name = name->next->next;
	}
}

struct place schema_place_in(const struct reader *reader, const char *group, const char *name)
{
	for (size_t i = 0; i < schema_row_count; i++)
		if (strcmp(schema_rows[i].group, group) == 0 &&
		    strcmp(schema_rows[i].name, name) == 0)
			return reader->set[i];
	return (struct place){0};
}

struct place schema_place(const struct reader *reader, const char *name)
{
	return schema_place_in(reader, "", name);
}

void schema_check_required(struct reader *reader, const char *group)
{
	struct place place = schema_place(reader, group);

	for (size_t i = 0; i < schema_row_count; i++)
		if (strcmp(schema_rows[i].group, group) == 0 && schema_rows[i].required &&
		    reader->set[i].line == 0)
			READER_ERROR(reader, place, NULL, "%s needs the key \"%s\"", group,
				     schema_rows[i].name);
}

bool value_is(struct reader *reader, const struct schema_key *key, const struct node *value,
	      enum node_kind kind)
{
	char hint[96] = "";

	if (value->kind == kind)
		return true;
	if (value->kind == NODE_BROKEN)
		return false;
	if (kind == NODE_SEQUENCE && value->kind == NODE_SCALAR && value->size > 0)
		snprintf(hint, sizeof(hint), "write it as a list: [%.32s]", value->text);
	else if (key->value)
		snprintf(hint, sizeof(hint), "expected %s", key->value);
	READER_ERROR(reader, value->place, *hint ? hint : NULL, "%s must be %s, not %s", key->name,
		     node_kind_name(kind),
		     value->kind == NODE_SCALAR && value->size == 0 ? "empty"
								    : node_kind_name(value->kind));
	return false;
}

static void report_item(struct reader *reader, const struct schema_key *key,
			const struct node *item)
{
	/* As the mask of 2001:db8::/ffff:ffff:: does. */
	const char *hint =
		item->kind == NODE_MAPPING ? "text that ends in a colon needs quotes" : NULL;

	READER_ERROR(reader, item->place, hint, "an entry of %s must be text, not %s", key->name,
		     node_kind_name(item->kind));
}

void read_items(struct reader *reader, const struct schema_key *key, const struct node *value,
		schema_read_fn *read, void *field)
{
	if (!value_is(reader, key, value, NODE_SEQUENCE))
		return;
	for (const struct node *item = value->first; item && !reader->error; item = item->next) {
		if (item->kind == NODE_SCALAR)
			read(reader, key, item, field);
		else if (item->kind != NODE_BROKEN)
			report_item(reader, key, item);
	}
}

void read_group(struct reader *reader, const struct schema_key *key, const struct node *value,
		void *field)
{
	(void)field;
	if (reader->filter_only && strcmp(key->name, "gate") == 0)
		reader->set[key - schema_rows] = (struct place){0};
	else if (value_is(reader, key, value, NODE_MAPPING))
		schema_read_mapping(reader, key->name, value, reader->config, reader->set);
	else
		reader->set[key - schema_rows] =
			(struct place){0}; /* spares messages about its keys */
}

static const struct schema_choice *choose(struct reader *reader, const struct schema_key *key,
					  const struct node *value)
{
	struct hint hint = {.guess = {.word = value->text, .size = value->size}};
	char quote[TEXT_QUOTE_SIZE];

	if (!value_is(reader, key, value, NODE_SCALAR))
		return NULL;
	for (const struct schema_choice *choice = key->choices; choice->word; choice++) {
		if (text_equals(value, choice->word))
			return choice;
		hint_offer(&hint, choice->word);
	}
	READER_ERROR(reader, value->place, hint_finish(&hint), "%s cannot be \"%s\"", key->name,
		     text_quote(value->text, value->size, quote));
	return NULL;
}

void read_choice(struct reader *reader, const struct schema_key *key, const struct node *value,
		 void *field)
{
	const struct schema_choice *choice = choose(reader, key, value);

	if (choice)
		*(unsigned int *)field = choice->value;
}

void read_boolean(struct reader *reader, const struct schema_key *key, const struct node *value,
		  void *field)
{
	const struct schema_choice *choice = choose(reader, key, value);

	if (choice)
		*(bool *)field = choice->value;
}

struct place *schema_places(struct reader *reader)
{
	struct place *set = calloc(schema_row_count, sizeof(*set));

	if (!set)
		reader->error = -ENOMEM;
	return set;
}

void schema_read_entry(struct reader *reader, const char *group, const struct node *mapping,
		       void *entry)
{
	struct place *set SCOPED_FREE = schema_places(reader);

	if (!set)
		return;
	schema_read_mapping(reader, group, mapping, entry, set);
	for (size_t i = 0; i < schema_row_count && !reader->error; i++)
		if (strcmp(schema_rows[i].group, group) == 0 && schema_rows[i].required &&
		    set[i].line == 0)
			READER_ERROR(reader, mapping->place, NULL, "a %s needs the key \"%s\"",
				     group, schema_rows[i].name);
}

static void apply_preset(const struct schema_key *key, void *base)
{
	const struct schema_choice *choice = key->choices;
	void *field = (char *)base + key->offset;

	if (key->read != read_choice && key->read != read_boolean)
		return;
	while (strcmp(choice->word, key->preset) != 0)
		choice++;
	if (key->read == read_boolean)
		*(bool *)field = choice->value;
	else
		*(unsigned int *)field = choice->value;
}

void schema_apply_presets(struct config *config)
{
	for (size_t i = 0; i < schema_row_count; i++)
		if (!schema_rows[i].of_entry)
			apply_preset(&schema_rows[i], config);
}

void schema_apply_entry_presets(const char *group, void *entry)
{
	for (size_t i = 0; i < schema_row_count; i++)
		if (strcmp(schema_rows[i].group, group) == 0)
			apply_preset(&schema_rows[i], entry);
}
