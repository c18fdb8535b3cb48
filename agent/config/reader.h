/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the configuration reader share while one configuration is read. */
#ifndef CONFIG_READER_H
#define CONFIG_READER_H

#include "config/config.h"
#include "config/node.h"
#include "config/schema.h"

/* A file that was read as part of the configuration, to find cycles. */
struct included_file {
	char *real_path;
	struct place place; /* of the entry in `include` that named it */
};

enum port_key { PORTS_CLOSED, PORTS_OPEN };

struct reader {
	struct config *config;
	struct diags *diags;
	struct place *set; /* where each key of the schema is set; line 0: nowhere */
	struct place
		ports[2]; /* of closed-ports and open-ports, by enum port_key; line 0: not given */
	struct included_file *included;
	size_t included_count;
	const struct schema_key *include_key;
	const struct node *include; /* of the file being read, to be followed at its end; or NULL */
	unsigned int depth;	    /* of includes */
	size_t range_count;	    /* in all lists */
	bool filter_only;	    /* the gate is left out */
	int error;		    /* 0, or -ENOMEM: the rest is futile */
};

#define READER_ERROR(reader, place, hint, ...)                                                     \
	diags_add((reader)->diags, DIAG_ERROR, place, hint, __VA_ARGS__)
#define READER_WARNING(reader, place, hint, ...)                                                   \
	diags_add((reader)->diags, DIAG_WARNING, place, hint, __VA_ARGS__)

/*
 * Reads a mapping whose keys are those of `group` into the fields after `base`. `set` has a place
 * for each key of the schema; what is there already is a repetition.
 */
void schema_read_mapping(struct reader *reader, const char *group, const struct node *mapping,
			 void *base, struct place *set);

/* Where a key of the top level is set; line 0 when it is not. */
struct place schema_place(const struct reader *reader, const char *name);

/* The same for a key of a group that stands once. */
struct place schema_place_in(const struct reader *reader, const char *group, const char *name);

/* Reports keys of a group of the top level that must be given and are not. */
void schema_check_required(struct reader *reader, const char *group);

/* Sets every field that has choices to its preset: of the configuration, and of one entry. */
void schema_apply_presets(struct config *config);
void schema_apply_entry_presets(const char *group, void *entry);

/* A place for each key of the schema, nowhere yet; NULL is noted in the reader. */
struct place *schema_places(struct reader *reader);

/* Reads an entry's mapping and reports keys that it needs and does not have. */
void schema_read_entry(struct reader *reader, const char *group, const struct node *mapping,
		       void *entry);

/* True when the value is of that kind; else reports it (but a broken one). */
bool value_is(struct reader *reader, const struct schema_key *key, const struct node *value,
	      enum node_kind kind);

/* Calls `read` with each entry of a list that is text; reports the others. */
void read_items(struct reader *reader, const struct schema_key *key, const struct node *value,
		schema_read_fn *read, void *field);

/* Closed port 25 when no ports are given. */
void ports_finish(struct reader *reader);

/* The readers of the schema. */
schema_read_fn read_group;
schema_read_fn read_choice;
schema_read_fn read_boolean;
schema_read_fn read_interfaces;
schema_read_fn read_ports;
schema_read_fn read_destinations;
schema_read_fn read_listen_address;
schema_read_fn read_include;
schema_read_fn read_lists;
schema_read_fn read_list_ranges;
schema_read_fn read_list_files;
schema_read_fn read_list_source;
schema_read_fn read_list_refresh;

/* The gate's: single values, ... */
schema_read_fn read_hostname;
schema_read_fn read_workers;
schema_read_fn read_name;
schema_read_fn read_reference; /* text that is looked up later */
schema_read_fn read_path;
schema_read_fn read_endpoint;
schema_read_fn read_servers;
schema_read_fn read_texts;
schema_read_fn read_ranges;
schema_read_fn read_limit;
schema_read_fn read_bare_newline;
schema_read_fn read_listener_auth;
schema_read_fn read_mechanisms;
enum certificate_path { PATH_CERTIFICATE, PATH_KEY };
schema_read_fn read_certificate_path;
/* ... entries, ... */
schema_read_fn read_listeners;
schema_read_fn read_certificates;
schema_read_fn read_backends;
schema_read_fn read_groups;
schema_read_fn read_restricts;
/* ... and files. */
schema_read_fn read_password_file;
schema_read_fn read_address_file;
schema_read_fn read_address_files;
schema_read_fn read_login_map;

/* Resolves the gate's names and reports what does not fit together. */
void gate_finish(struct reader *reader);
void gate_clear(struct gate_config *gate);

/* Appends; -ENOMEM is noted in the reader. The text stays where it is. */
void texts_add(struct reader *reader, struct gate_texts *texts, const char *text, size_t size,
	       struct place place);

/* Up to LIST_NAME_MAX letters, digits, dots, dashes and underscores. */
bool is_name(const char *name, size_t size);

/* A decimal number from 1 to 65535; 0 when it is none. */
uint16_t parse_port(const char *text, size_t size);

/*
 * "192.0.2.1:25" or "[2001:db8::1]:25": false when it is not of that form. The address is
 * text[*begin .. *begin + *size).
 */
bool split_endpoint(const char *text, size_t length, size_t *begin, size_t *size, uint16_t *port);

/* Reads each file of the directory that ends in ".cidr" as a trusted list. */
void lists_read_directory(struct reader *reader, const char *directory);

/* A growing array of ranges; `items` belongs to it. */
struct range_array {
	struct range *items;
	size_t count;
	size_t capacity;
};

/* A list while it is read; the schema's fields of group "list" go here. */
struct list_draft {
	struct range_array ranges;
	uint16_t file; /* the one that names the list */
	struct list_source source;
	struct place refresh; /* line 0: not given */
};

/*
 * Finishes the source of the list `name`, where it has one: what cannot be is reported, and the
 * path of its file set.
 */
void list_source_finish(struct reader *reader, const struct range_list *list,
			struct list_draft *draft);
void list_source_clear(struct list_source *source);

/* Sorts by family and address and joins what overlaps or touches; returns how many are left. */
size_t range_array_merge(struct range_array *array);

/*
 * Reads a range and appends it; reports what is wrong with it. Returns 0, also when it was refused,
 * or -ENOMEM.
 */
int range_array_read(struct range_array *array, const char *text, size_t size, struct place place,
		     struct diags *diags);

/* The same for every line of a list file. Stops with an error when there are more than `limit`. */
int range_array_read_file(struct range_array *array, const struct sources *sources, uint16_t file,
			  size_t limit, struct diags *diags);

/* The path of a file that the file at `base` names; NULL without memory. */
char *path_beside(const char *base, const char *name);

/*
 * Reads a file and adds it to the sources; reports at `place` why it could not. Returns its number
 * or -errno; -ENOMEM is noted in the reader.
 */
int read_source(struct reader *reader, const char *path, struct place place);

/*
 * Adds a source without text in place of a file that cannot be read, and reports that there
 * (`error` is a positive errno value). Returns its number or -errno.
 */
int report_unreadable(struct reader *reader, const char *path, int error);

/* Reads a file that no other names; one that cannot be read becomes a source without text. */
int read_source_or_empty(struct reader *reader, const char *path);

/* Sets config->hash. */
void config_compute_hash(struct config *config);

#endif
