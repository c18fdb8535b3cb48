/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The keys of the configuration, as data: reader, messages, manual and completion derive from it.
 */
#ifndef CONFIG_SCHEMA_H
#define CONFIG_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

struct node;
struct reader;
struct schema_key;

/* A word that a key takes and what it stands for. */
struct schema_choice {
	const char *word; /* NULL ends a table */
	unsigned int value;
};

/* Reads a key's value into the field; reports what is wrong. */
typedef void schema_read_fn(struct reader *reader, const struct schema_key *key,
			    const struct node *value, void *field);

struct schema_key {
	/* The mapping it stands in: "" is the top level, "list", "listener", "backend" and so on an
	 * entry of which there may be many, else the key of that name. */
	const char *group;
	const char *name;
	const char *value; /* what it takes, for people; NULL: one of `choices` */
	const char
		*preset; /* what holds when it is not given, as one would write it; may be NULL */
	const char *summary; /* NULL: `value` is what this version does not have */
	const struct schema_choice *choices;
	bool required;
	schema_read_fn *read;
	bool of_entry;	       /* its field is in an entry's own structure, not in struct config */
	size_t offset;	       /* of its field */
	unsigned int argument; /* for `read` */
};

extern const struct schema_key schema_rows[];
extern const size_t schema_row_count;

/* All keys, each group's together and in the order of the manual. */
const struct schema_key *config_schema(size_t *count);

#endif
