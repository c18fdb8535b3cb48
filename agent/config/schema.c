// SPDX-License-Identifier: GPL-2.0-only
#include "config/schema.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/reader.h"
#include "core/text.h"

static const struct schema_choice attach_choices[] = {
	{"native", MXF_ATTACH_NATIVE}, {"generic", MXF_ATTACH_GENERIC}, {NULL, 0}};
static const struct schema_choice mode_choices[] = {
	{"enforce", FILTER_ENFORCE}, {"observe", FILTER_OBSERVE}, {NULL, 0}};
static const struct schema_choice answer_choices[] = {
	{"silent", FILTER_SILENT}, {"reset", FILTER_RESET}, {NULL, 0}};
static const struct schema_choice on_stop_choices[] = {
	{"keep", FILTER_KEEP}, {"detach", FILTER_DETACH}, {NULL, 0}};
static const struct schema_choice boolean_choices[] = {
	{"true", true}, {"false", false}, {"yes", true}, {"no", false}, {NULL, 0}};
static const struct schema_choice target_choices[] = {
	{"auto", LOG_AUTO}, {"stderr", LOG_STDERR}, {"syslog", LOG_SYSLOG}, {NULL, 0}};
static const struct schema_choice level_choices[] = {{"error", LOG_LEVEL_ERROR},
						     {"warning", LOG_LEVEL_WARNING},
						     {"info", LOG_LEVEL_INFO},
						     {"debug", LOG_LEVEL_DEBUG},
						     {NULL, 0}};

#define FIELD(member) .offset = offsetof(struct config, member)
#define CHOICE(member, table) .read = read_choice, .choices = table, FIELD(member)

static const struct schema_key schema[] = {
	{"", "include", "a list of file patterns", "[]",
	 "further files to read, in lexical order; lists and groups may be spread over files",
	 .read = read_include},
	{"", "filter", "a mapping", NULL, "the fence: who may connect to the mail ports",
	 .read = read_group},
	{"", "metrics", "a mapping", NULL, "figures for Prometheus", .read = read_group},
	{"", "log", "a mapping", NULL, "what is told, and where", .read = read_group},
	{"", "gate", .value = "the gate"},
	{"", "policy-service", .value = "the policy service"},

	{"filter", "interfaces", "a list of interface names", NULL,
	 "where connection attempts are judged", .required = true, .read = read_interfaces,
	 FIELD(filter)},
	{"filter", "attach", NULL, "native",
	 "in the driver, or in the stack where the driver cannot; never changed silently",
	 CHOICE(filter.attach, attach_choices)},
	{"filter", "closed-ports", "a list of TCP ports",
	 "[25] when open-ports is not given either", "only trusted sources may connect",
	 .read = read_ports, FIELD(filter), .argument = PORTS_CLOSED},
	{"filter", "open-ports", "a list of TCP ports", "[]",
	 "all but denied and banned sources may connect", .read = read_ports, FIELD(filter),
	 .argument = PORTS_OPEN},
	{"filter", "destinations", "a list of ranges", "[]",
	 "guarded destination addresses; none means all, this host's and what it forwards",
	 .read = read_destinations, FIELD(filter)},
	{"filter", "mode", NULL, "enforce", "drop, or pass and count what would have been dropped",
	 CHOICE(filter.mode, mode_choices)},
	{"filter", "answer", NULL, "silent", "say nothing to a dropped SYN, or reset it",
	 CHOICE(filter.answer, answer_choices)},
	{"filter", "strict", NULL, "true",
	 "drop packets from untrusted sources whose headers do not show whether they open a "
	 "connection",
	 .read = read_boolean, .choices = boolean_choices, FIELD(filter.strict)},
	{"filter", "on-stop", NULL, "keep", "what happens to the fence when the agent stops",
	 CHOICE(filter.on_stop, on_stop_choices)},
	{"filter", "trusted", "a mapping of names to lists", NULL, "who may connect",
	 .read = read_lists, .argument = LIST_TRUSTED},
	{"filter", "denied", "a mapping of names to lists", NULL, "who may not connect",
	 .read = read_lists, .argument = LIST_DENIED},

	{"list", "ranges", "a list of ranges", "[]", "the ranges themselves",
	 .read = read_list_ranges},
	{"list", "files", "a list of file names", "[]", "files with one range a line",
	 .read = read_list_files},
	{"list", "source", .value = "keeping lists current from a source"},
	{"list", "refresh", .value = "keeping lists current from a source"},

	{"metrics", "listen", "a loopback address and port", NULL, "where GET /metrics is answered",
	 .required = true, .read = read_listen_address, FIELD(metrics)},

	{"log", "to", NULL, "auto", "auto: syslog in the background, else standard error",
	 CHOICE(log.target, target_choices)},
	{"log", "level", NULL, "info", "the least weighty message that is logged",
	 CHOICE(log.level, level_choices)},
	{"log", "names", .value = "looking up names"},
};

#define SCHEMA_COUNT (sizeof(schema) / sizeof(schema[0]))

const struct schema_key *config_schema(size_t *count)
{
	*count = SCHEMA_COUNT;
	return schema;
}

static bool text_equals(const struct node *node, const char *word)
{
	return strlen(word) == node->size && memcmp(word, node->text, node->size) == 0;
}

static const struct schema_key *find_key(const char *group, const struct node *name)
{
	for (size_t i = 0; i < SCHEMA_COUNT; i++)
		if (strcmp(schema[i].group, group) == 0 && text_equals(name, schema[i].name))
			return &schema[i];
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

	for (size_t i = 0; i < SCHEMA_COUNT; i++)
		if (strcmp(schema[i].group, group) == 0 && schema[i].summary)
			hint_offer(&hint, schema[i].name);
	READER_ERROR(reader, name->place, hint_finish(&hint), "unknown key \"%s\"%s%s",
		     text_quote(name->text, name->size, quote), *group ? " in " : "", group);
}

/* Groups are merged when they come from several files. */
static bool may_repeat(const struct schema_key *key, struct place before, struct place now)
{
	bool merges =
		key->read == read_group || key->read == read_lists || key->read == read_include;

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
	before = &set[key - schema];
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

struct place schema_place(const struct reader *reader, const char *name)
{
	for (size_t i = 0; i < SCHEMA_COUNT; i++)
		if (*schema[i].group == '\0' && strcmp(schema[i].name, name) == 0)
			return reader->set[i];
	return (struct place){0};
}

void schema_check_required(struct reader *reader, const char *group)
{
	struct place place = schema_place(reader, group);

	for (size_t i = 0; i < SCHEMA_COUNT; i++)
		if (strcmp(schema[i].group, group) == 0 && schema[i].required &&
		    reader->set[i].line == 0)
			READER_ERROR(reader, place, NULL, "%s needs the key \"%s\"", group,
				     schema[i].name);
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
	if (value_is(reader, key, value, NODE_MAPPING))
		schema_read_mapping(reader, key->name, value, reader->config, reader->set);
	else
		reader->set[key - schema] = (struct place){0}; /* spares messages about its keys */
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

void schema_apply_presets(struct config *config)
{
	for (size_t i = 0; i < SCHEMA_COUNT; i++) {
		const struct schema_key *key = &schema[i];
		const struct schema_choice *choice = key->choices;
		void *field = (char *)config + key->offset;

		if (!choice)
			continue;
		while (strcmp(choice->word, key->preset) != 0)
			choice++;
		if (key->read == read_boolean)
			*(bool *)field = choice->value;
		else
			*(unsigned int *)field = choice->value;
	}
}
