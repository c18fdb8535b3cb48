/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lists of who may connect or relay, as Exchange and IIS SMTP write them, read into ranges. Pure:
 * text in, ranges and messages out.
 */
#ifndef MXFENCE_IMPORT_EXCHANGE_H
#define MXFENCE_IMPORT_EXCHANGE_H

#include "core/diag.h"
#include "core/ip.h"

/* X(IDENTIFIER, "name"): what an export may be; told apart by what is in it. */
#define EXCHANGE_FORMATS(X)                                                                        \
	X(LIST, "list")		    /* "IP=192.0.2.0, MASK=255.255.255.0", any number a line */    \
	X(PROPERTIES, "properties") /* Format-List: "RemoteIPRanges : {10.0.0.0/8, ...}" */        \
	X(CSV, "csv")		    /* Export-Csv, with a column RemoteIPRanges or IPRange */

#define EXCHANGE_FORMAT_ENUM(id, name) EXCHANGE_##id,
enum exchange_format { EXCHANGE_FORMATS(EXCHANGE_FORMAT_ENUM) EXCHANGE_FORMAT_COUNT };
extern const char *const exchange_format_names[EXCHANGE_FORMAT_COUNT];

struct exchange {
	struct sources sources; /* the export, as file 0 */
	struct diags diags;	/* sorted; with an error the ranges are not to be used */
	enum exchange_format format;
	struct range *ranges; /* by address; none inside another */
	size_t count, capacity;
	size_t domains;	 /* "DOMAIN=" entries, which no range can stand for */
	size_t repeated; /* ranges left out because another holds them */
	size_t open;	 /* ranges left out because they hold everybody */
};

/*
 * Reads an export; takes `text` (malloc, UTF-8, NUL-terminated) over. `path` is for the messages.
 * Returns 0, messages and all in *exchange, or -ENOMEM; clear it in both cases.
 */
int exchange_read(const char *path, char *text, size_t size, struct exchange *exchange);
void exchange_clear(struct exchange *exchange);

/* By family, first address, then the larger range first. */
int exchange_compare(const struct range *a, const struct range *b);

/* For the readers: ... */
struct exchange_slice {
	const char *at, *end;
};

/* ... true for RemoteIPRanges and IPRange, in any case, */
bool exchange_is_property(struct exchange_slice word);
/* ... whether the text is of that format, */
bool exchange_has_properties(struct exchange_slice text);
bool exchange_has_columns(struct exchange_slice text);

/* ... where reading stands, for line and column; only ever forwards, */
struct exchange_reader {
	struct exchange *exchange;
	struct exchange_slice text;
	const char *line_begin;
	uint32_t line;
	int error; /* 0 or -ENOMEM */
};
struct place exchange_place(struct exchange_reader *reader, struct exchange_slice part);

/* ... the entries in `part`; in a list a blank does not end one, and comments are possible, */
void exchange_read_entries(struct exchange_reader *reader, struct exchange_slice part, bool list);
/* ... and the parts of a text that are entries. */
void exchange_read_properties(struct exchange_reader *reader);
void exchange_read_columns(struct exchange_reader *reader);

#endif
