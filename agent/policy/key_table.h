/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Canonical keys (mailboxes, @domains, domains, logins) and the numbers that stand behind them: an
 * open-addressing hash table that is filled once and then only asked. A million keys take about
 * 80 MiB. Pure.
 */
#ifndef POLICY_KEY_TABLE_H
#define POLICY_KEY_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/source.h"

/* One number behind a key. `next` leads to the next one of the same key; -1 ends. */
struct key_entry {
	const char *key; /* belongs to the table */
	uint32_t size;
	uint32_t value;
	struct place place;
	int32_t next;
	uint32_t last; /* of the first entry of a key: its last one */
};

struct key_slot {
	uint32_t hash;
	uint32_t entry; /* plus 1; 0 = free */
};

/* Zero-initialised is empty. */
struct key_table {
	struct key_entry *entries; /* in the order added */
	size_t count, capacity;
	struct key_slot *slots;
	size_t slot_count;	  /* a power of two */
	struct key_chunk *chunks; /* where the keys' bytes are */
	bool dotted;		  /* a key begins with a dot: a domain and all below */
};

/*
 * Adds a value behind a key, whose bytes are copied. Values are added in ascending order. When the
 * key has that value already, *before is that entry, else NULL. Returns 0 or -ENOMEM.
 */
int key_table_add(struct key_table *table, const char *key, size_t size, uint32_t value,
		  struct place place, const struct key_entry **before);

/* The first entry of a key, or NULL. */
const struct key_entry *key_table_find(const struct key_table *table, const char *key, size_t size);

/* The next value of the same key, or NULL. Values ascend. */
static inline const struct key_entry *key_table_next(const struct key_table *table,
						     const struct key_entry *entry)
{
	return entry->next < 0 ? NULL : &table->entries[entry->next];
}

/*
 * The entry that holds a domain: itself, or the nearest above it (or itself) that was added with a
 * leading dot. NULL when there is none.
 */
const struct key_entry *key_table_find_domain(const struct key_table *table, const char *domain,
					      size_t size);

void key_table_clear(struct key_table *table);

#endif
