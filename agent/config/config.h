/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The configuration, read and checked: what the rest of the agent works from.
 *
 * config_load() is the door, service/check.h's check_configuration() the one for those who also
 * want to hear what could never take effect. A configuration with an error is still returned as far
 * as it was understood, so that all errors are found in one run; whoever applies it looks at
 * diags->errors.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "config/gate.h"
#include "core/diag.h"
#include "core/ip.h"
#include "core/log.h"
#include "core/source.h"
#include "mxfence/maps.h"

#define LIST_NAME_MAX 63 /* bytes */
#define LISTS_MAX 4096u
#define LIST_REFRESH_DEFAULT (6 * 3600) /* seconds */

enum list_action { LIST_TRUSTED, LIST_DENIED };

/* Where mxfence-update gets a list's ranges from. */
enum list_source_kind { SOURCE_NONE, SOURCE_SPF, SOURCE_FILE, SOURCE_EXEC };

struct list_source {
	enum list_source_kind kind;
	struct place place;    /* of the value */
	char *text;	       /* as written, "spf:_spf.example.net" */
	char *target;	       /* the domain, the file's path, or the program's */
	const char *arguments; /* of the program, in `text`; blanks divide them */
	int64_t refresh;       /* seconds */
	char *path;	       /* of the file in trusted.d that holds what was got */
	bool pending;	       /* that file is not there yet */
};

/* A named list of ranges, from `filter.trusted`, `filter.denied` or a file of trusted.d. */
struct range_list {
	char *name;
	enum list_action action;
	struct place place; /* of its name; line 1 of the file for trusted.d */
	bool from_directory;
	struct list_source source;
	struct range *ranges; /* in the order written */
	size_t count;
};

struct interface_name {
	char name[16];
	struct place place;
};

enum filter_mode { FILTER_ENFORCE, FILTER_OBSERVE };
enum filter_answer { FILTER_SILENT, FILTER_RESET };
enum filter_on_stop { FILTER_KEEP, FILTER_DETACH };

struct filter_config {
	struct place place; /* of the key `filter` */
	struct interface_name *interfaces;
	size_t interface_count;
	enum mxf_attach attach;
	uint16_t *closed_ports; /* sorted, without repetition */
	size_t closed_port_count;
	uint16_t *open_ports;
	size_t open_port_count;
	struct range *destinations;
	size_t destination_count;
	enum filter_mode mode;
	enum filter_answer answer;
	bool strict;
	enum filter_on_stop on_stop;
	struct range_list *lists;
	size_t list_count;
};

struct metrics_config {
	bool enabled;
	char address[64]; /* numeric; only loopback is accepted */
	uint16_t port;
	struct place place;
};

struct config {
	struct sources sources;
	bool has_filter;
	struct filter_config filter;
	bool has_gate;
	struct gate_config gate;
	struct metrics_config metrics;
	struct log_config log;
	char *trusted_directory; /* path of trusted.d beside the configuration */
	uint64_t hash;		 /* of all files' names and contents */
};

/*
 * Reads `path`, its includes, list files and trusted.d, and checks them. Returns 0 with *config set
 * (free with config_free()), also when diags has errors; -ENOMEM when there was no memory.
 */
int config_load(const char *path, struct config **config, struct diags *diags);

/* The same, of a text that is not, or not yet, what `path` holds. */
int config_load_text(const char *path, const char *text, size_t size, struct config **config,
		     struct diags *diags);

/*
 * Reads and checks `filter` alone: for who may not read what the gate needs, keys and passwords. As
 * config_load(); has_gate is false.
 */
int config_load_filter(const char *path, struct config **config, struct diags *diags);

/* NULL when there is no list of that name. */
const struct range_list *config_find_list(const struct config *config, const char *name);

/* NULL when no interface of that name is listed. */
const struct interface_name *config_find_interface(const struct filter_config *filter,
						   const char *name);

void config_free(struct config **config);

#endif
