// SPDX-License-Identifier: GPL-2.0-only
/* Which of a directory's addresses are wanted. */
#include <stdlib.h>
#include <string.h>

#include "core/scoped.h"
#include "core/text.h"
#include "import.h"
#include "policy/key_table.h"
#include "policy/mailbox.h"

#define KEY_MAX 1024

struct selection {
	struct import *import;
	struct key_table objects;   /* DN, name and address -> object */
	struct key_table addresses; /* taken so far */
	unsigned char *seen;	    /* each object: its members were looked at */
};

static size_t make_key(struct import_text text, char key[KEY_MAX])
{
	size_t size = text.size < KEY_MAX ? text.size : KEY_MAX;

	for (size_t i = 0; i < size; i++)
		key[i] = text.text[i] >= 'A' && text.text[i] <= 'Z'
				 ? (char)(text.text[i] + 'a' - 'A')
				 : text.text[i];
	return size;
}

static void index_text(struct selection *selection, struct import_text text, size_t object)
{
	const struct key_entry *before;
	char key[KEY_MAX];

	if (text.text && text.size &&
	    key_table_add(&selection->objects, key, make_key(text, key), (uint32_t)object,
			  (struct place){0}, &before))
		selection->import->out_of_memory = true;
}

static void index_objects(struct selection *selection)
{
	const struct import *import = selection->import;

	for (size_t i = 0; i < import->count; i++) {
		index_text(selection, import->objects[i].dn, i);
		index_text(selection, import->objects[i].name, i);
		for (size_t k = 0; k < import->objects[i].addresses.count; k++)
			index_text(selection, import->objects[i].addresses.items[k], i);
	}
}

static struct import_object *find_object(const struct selection *selection, struct import_text text)
{
	char key[KEY_MAX];
	const struct key_entry *entry =
		key_table_find(&selection->objects, key, make_key(text, key));

	return entry ? &selection->import->objects[entry->value] : NULL;
}

/* Takes one address in its canonical form; tells what is none. */
static void take_address(struct selection *selection, struct import_text text)
{
	const struct key_entry *before;
	struct mailbox mailbox;
	enum mailbox_error error;
	char domain[MAILBOX_DOMAIN_MAX + 2] = "@", quote[TEXT_QUOTE_SIZE];
	const char *key = domain;
	size_t size = 0;

	if (text.text[0] == '@') {
		error = mailbox_parse_domain(text.text + 1, text.size - 1, true, domain + 1, &size);
		size++;
	} else {
		error = mailbox_parse(text.text, text.size, true, &mailbox);
		key = mailbox.key;
		size = mailbox.size;
	}
	if (error)
		import_tell(selection->import, false, text.line, "\"%s\" %s; left out",
			    text_quote(text.text, text.size, quote), mailbox_error_text(error));
	else if (key_table_add(&selection->addresses, key, size, 0, (struct place){0}, &before))
		selection->import->out_of_memory = true;
}

static void take_object(struct selection *selection, const struct import_object *object)
{
	for (size_t i = 0; i < object->addresses.count; i++)
		take_address(selection, object->addresses.items[i]);
}

static void take_members(struct selection *selection, const struct import_object *group);

/* Whom a DN names; one that the export does not have is told. */
static void take_named(struct selection *selection, struct import_text name)
{
	const struct import_object *object = find_object(selection, name);
	char quote[TEXT_QUOTE_SIZE];

	if (!object) {
		import_tell(selection->import, false, name.line,
			    "\"%s\" is not in this export; left out",
			    text_quote(name.text, name.size, quote));
		return;
	}
	take_object(selection, object);
	take_members(selection, object);
}

/* Groups may hold each other: none is looked at twice. */
static void take_members(struct selection *selection, const struct import_object *group)
{
	size_t number = (size_t)(group - selection->import->objects);

	if (selection->seen[number])
		return;
	selection->seen[number] = true;
	for (size_t i = 0; i < group->members.count; i++)
		take_named(selection, group->members.items[i]);
}

static void take_rejected(struct selection *selection, const struct import_object *object)
{
	for (size_t i = 0; i < object->rejected.count; i++)
		take_named(selection, object->rejected.items[i]);
	for (size_t i = 0; i < object->rejected_groups.count; i++)
		take_named(selection, object->rejected_groups.items[i]);
}

static void take_choice(struct selection *selection, enum import_choice choice)
{
	for (size_t i = 0; i < selection->import->count; i++) {
		const struct import_object *object = &selection->import->objects[i];

		if (choice == IMPORT_REJECTED)
			take_rejected(selection, object);
		else if (choice == IMPORT_ALL || object->closed)
			take_object(selection, object);
	}
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The keys of a table, sorted. */
static void collect(struct selection *selection, struct import_set *set)
{
	const struct key_table *table = &selection->addresses;
	struct import holder = {.count = 0};

	set->keys = calloc(table->count + 1, sizeof(*set->keys));
	for (size_t i = 0; set->keys && i < table->count; i++) {
		char *copy = import_allocate(&holder, table->entries[i].size + 1);

		if (!copy)
			break;
		memcpy(copy, table->entries[i].key, table->entries[i].size);
		copy[table->entries[i].size] = '\0';
		set->keys[set->count++] = copy;
	}
	set->pool = holder.pool;
	if (set->count != table->count)
		selection->import->out_of_memory = true;
	if (set->count)
		qsort(set->keys, set->count, sizeof(*set->keys), compare);
}

bool import_select(struct import *import, enum import_choice choice, const char *group,
		   struct import_set *set)
{
	struct selection selection = {.import = import, .seen = calloc(import->count + 1, 1)};
	const struct import_object *found = NULL;

	*set = (struct import_set){.count = 0};
	if (!selection.seen)
		import->out_of_memory = true;
	if (!import->out_of_memory && (group || choice == IMPORT_REJECTED))
		index_objects(&selection);
	if (group && !import->out_of_memory) {
		found = find_object(&selection, (struct import_text){group, strlen(group), 0});
		if (found)
			take_members(&selection, found);
	} else if (!import->out_of_memory) {
		take_choice(&selection, choice);
	}
	collect(&selection, set);
	key_table_clear(&selection.objects);
	key_table_clear(&selection.addresses);
	free(selection.seen);
	return !group || found;
}
