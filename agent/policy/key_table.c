// SPDX-License-Identifier: GPL-2.0-only
#include "policy/key_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/mailbox.h"

#define CHUNK_SIZE ((size_t)64 * 1024)
#define SLOTS_FIRST 16u

struct key_chunk {
	struct key_chunk *next;
	size_t used, size;
	char bytes[];
};

/* FNV-1a: keys are the administrator's own, nobody aims at collisions, and look-ups are bounded
 * by the length of a mailbox. */
static uint32_t hash_key(const char *key, size_t size)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ (unsigned char)key[i]) * 16777619u;
	return hash ^ hash >> 15;
}

static bool entry_is(const struct key_entry *entry, const char *key, size_t size)
{
	return entry->size == size && memcmp(entry->key, key, size) == 0;
}

/* The slot that the key has, or the free one where it belongs. */
static struct key_slot *find_slot(const struct key_table *table, uint32_t hash, const char *key,
				  size_t size)
{
	size_t mask = table->slot_count - 1;

	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		struct key_slot *slot = &table->slots[i];

		if (!slot->entry ||
		    (slot->hash == hash && entry_is(&table->entries[slot->entry - 1], key, size)))
			return slot;
	}
}

static int grow_slots(struct key_table *table)
{
	size_t count = table->slot_count ? table->slot_count * 2 : SLOTS_FIRST;
	struct key_slot *slots = calloc(count, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < table->slot_count; i++) {
		size_t place = table->slots[i].hash & (count - 1);

		if (!table->slots[i].entry)
			continue;
		while (slots[place].entry)
			place = (place + 1) & (count - 1);
		slots[place] = table->slots[i];
	}
	free(table->slots);
	table->slots = slots;
	table->slot_count = count;
	return 0;
}

static int grow_entries(struct key_table *table)
{
	size_t capacity = table->capacity ? table->capacity * 2 : SLOTS_FIRST;
	struct key_entry *entries = reallocarray(table->entries, capacity, sizeof(*entries));

	if (!entries)
		return -ENOMEM;
	table->entries = entries;
	table->capacity = capacity;
	return 0;
}

static const char *keep_key(struct key_table *table, const char *key, size_t size)
{
	struct key_chunk *chunk = table->chunks;

	if (!chunk || chunk->size - chunk->used < size) {
		size_t room = size > CHUNK_SIZE ? size : CHUNK_SIZE;

		chunk = malloc(sizeof(*chunk) + room);
		if (!chunk)
			return NULL;
		*chunk = (struct key_chunk){.next = table->chunks, .size = room};
		table->chunks = chunk;
	}
	memcpy(chunk->bytes + chunk->used, key, size);
	chunk->used += size;
	return chunk->bytes + chunk->used - size;
}

static int add_entry(struct key_table *table, const char *key, size_t size, uint32_t value,
		     struct place place)
{
	if (table->count == table->capacity && grow_entries(table))
		return -ENOMEM;
	table->entries[table->count] = (struct key_entry){.key = key,
							  .size = (uint32_t)size,
							  .value = value,
							  .place = place,
							  .next = -1,
							  .last = (uint32_t)table->count};
	table->count++;
	return 0;
}

/* Behind the last value of a key that is there; or finds that the value is. */
static int add_value(struct key_table *table, size_t first, uint32_t value, struct place place,
		     const struct key_entry **before)
{
	size_t last = table->entries[first].last;
	int error;

	if (table->entries[last].value == value) {
		*before = &table->entries[last];
		return 0;
	}
	error = add_entry(table, table->entries[first].key, table->entries[first].size, value,
			  place);
	if (error)
		return error;
	table->entries[last].next = (int32_t)(table->count - 1);
	table->entries[first].last = (uint32_t)(table->count - 1);
	return 0;
}

int key_table_add(struct key_table *table, const char *key, size_t size, uint32_t value,
		  struct place place, const struct key_entry **before)
{
	uint32_t hash = hash_key(key, size);
	struct key_slot *slot;
	const char *kept;

	*before = NULL;
	if (table->count * 2 >= table->slot_count && grow_slots(table))
		return -ENOMEM;
	slot = find_slot(table, hash, key, size);
	if (slot->entry)
		return add_value(table, slot->entry - 1, value, place, before);
	kept = keep_key(table, key, size);
	if (!kept || add_entry(table, kept, size, value, place))
		return -ENOMEM;
	*slot = (struct key_slot){.hash = hash, .entry = (uint32_t)table->count};
	table->dotted |= size > 0 && key[0] == '.';
	return 0;
}

const struct key_entry *key_table_find(const struct key_table *table, const char *key, size_t size)
{
	const struct key_slot *slot;

	if (!table->slot_count)
		return NULL;
	slot = find_slot(table, hash_key(key, size), key, size);
	return slot->entry ? &table->entries[slot->entry - 1] : NULL;
}

const struct key_entry *key_table_find_domain(const struct key_table *table, const char *domain,
					      size_t size)
{
	const struct key_entry *found = key_table_find(table, domain, size);
	char dotted[MAILBOX_DOMAIN_MAX + 2] = ".";

	if (found || !table->dotted || size > MAILBOX_DOMAIN_MAX)
		return found;
	memcpy(dotted + 1, domain, size);
	for (size_t i = 0; i <= size && !found; i++)
		if (dotted[i] == '.')
			found = key_table_find(table, dotted + i, size + 1 - i);
	return found;
}

void key_table_clear(struct key_table *table)
{
	while (table->chunks) {
		struct key_chunk *next = table->chunks->next;

		free(table->chunks);
		table->chunks = next;
	}
	free(table->entries);
	free(table->slots);
	*table = (struct key_table){0};
}
