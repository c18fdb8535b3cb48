/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Directories of people, as other mail systems export them, read into one shape: objects with their
 * addresses, and who belongs to what. The readers are pure: text in, objects and messages out.
 */
#ifndef MXFENCE_IMPORT_H
#define MXFENCE_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(IDENTIFIER, "name", "what it is") */
#define IMPORT_FORMATS(X)                                                                          \
	X(PLAIN, "plain", "one address or @domain a line")                                         \
	X(EXCHANGE55, "exchange55", "CSV of the Exchange 5.5 administrator")                       \
	X(CSV, "csv", "CSV with PrimarySmtpAddress, EmailAddresses, mail or proxyAddresses")       \
	X(LDIF, "ldif", "LDIF of ldifde or ldapsearch")
#define IMPORT_FORMATS_TEXT "plain, exchange55, csv or ldif"

#define IMPORT_FORMAT_ENUM(id, name, text) IMPORT_##id,
enum import_format { IMPORT_FORMATS(IMPORT_FORMAT_ENUM) IMPORT_FORMAT_COUNT };
extern const char *const import_format_names[IMPORT_FORMAT_COUNT];

/* X(IDENTIFIER, "name"): what of a directory is taken. */
#define IMPORT_CHOICES(X)                                                                          \
	X(ALL, "all")		/* every address */                                                \
	X(CLOSED, "closed")	/* of objects with msExchRequireAuthToSendTo: TRUE */              \
	X(REJECTED, "rejected") /* of senders in unauthOrig, and of members in dLMemRejectPerms */
#define IMPORT_CHOICES_TEXT "all, closed or rejected"

#define IMPORT_CHOICE_ENUM(id, name) IMPORT_##id,
enum import_choice { IMPORT_CHOICES(IMPORT_CHOICE_ENUM) IMPORT_CHOICE_COUNT };
extern const char *const import_choice_names[IMPORT_CHOICE_COUNT];

/* A text of the export, or decoded from it; lives as long as the directory. */
struct import_text {
	const char *text;
	size_t size;
	uint32_t line;
};

struct import_texts {
	struct import_text *items;
	size_t count;
};

struct import_object {
	struct import_text dn, name; /* text NULL: not given */
	bool closed;
	struct import_texts addresses;	     /* bare: "user@example.com", "@example.com" */
	struct import_texts members;	     /* DNs */
	struct import_texts rejected;	     /* DNs of unauthOrig */
	struct import_texts rejected_groups; /* DNs of dLMemRejectPerms */
};

struct import_message {
	uint32_t line;
	bool error; /* else a warning */
	char text[160];
};

#define IMPORT_MESSAGES_MAX 20 /* kept; the rest is counted */

struct import {
	struct import_object *objects;
	size_t count, capacity;
	struct import_message messages[IMPORT_MESSAGES_MAX];
	size_t errors, warnings;
	size_t other_addresses; /* X400, X500, SIP and the like, passed over */
	bool out_of_memory;
	struct import_pool *pool; /* decoded texts */
};

/* Guesses from the first lines. */
enum import_format import_detect(const char *text, size_t size);

/* Reads the whole text, which must outlive *import. */
void import_read(enum import_format format, const char *text, size_t size, struct import *import);
void import_clear(struct import *import);

/* UTF-8 text of what may be UTF-16 or have a mark in front; malloc. NULL: errno. */
char *import_decode(const char *data, size_t size, size_t *decoded);

/* For the readers. */
struct import_object *import_add(struct import *import);
void import_add_text(struct import *import, struct import_texts *texts, struct import_text text);
/* "SMTP:user@example.com" or bare; other types are counted and passed over. */
void import_add_address(struct import *import, struct import_object *object,
			struct import_text text);
char *import_allocate(struct import *import, size_t size);
void import_tell(struct import *import, bool error, uint32_t line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void import_read_plain(struct import *import, const char *text, size_t size);
void import_read_csv(struct import *import, const char *text, size_t size, bool exchange55);
void import_read_ldif(struct import *import, const char *text, size_t size);

/* Canonical addresses, sorted, each once. `keys` belong to the set. */
struct import_set {
	const char **keys;
	size_t count;
	struct import_pool *pool;
};

/*
 * Takes the chosen addresses, or those of the members of `group` (a DN, a name or an address; NULL:
 * none), nested groups included. False when there is no such group. Addresses that are none are
 * told as warnings and left out.
 */
bool import_select(struct import *import, enum import_choice choice, const char *group,
		   struct import_set *set);
void import_set_clear(struct import_set *set);

#endif
