/* SPDX-License-Identifier: GPL-2.0-only */
/* Questions to the DNS and their answers, whoever answers. */
#ifndef UPDATE_DNS_H
#define UPDATE_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_NAME_MAX 253 /* bytes of a name as text, without the last dot */
#define DNS_LABEL_MAX 63

/* X(TYPE, number): RFC 1035, section 3.2.2, and RFC 3596. */
#define DNS_TYPES(X)                                                                               \
	X(A, 1)                                                                                    \
	X(MX, 15)                                                                                  \
	X(TXT, 16)                                                                                 \
	X(AAAA, 28)

#define DNS_TYPE_ENUM(name, number) DNS_##name = (number),
enum dns_type { DNS_TYPES(DNS_TYPE_ENUM) };

enum dns_status {
	DNS_FOUND,
	DNS_NO_DATA, /* the name exists, and has none of that type */
	DNS_NO_NAME,
	DNS_FAILED, /* there is no answer, or none to be believed */
};

/* RDATA of one record, uncompressed. */
struct dns_record {
	const unsigned char *data;
	size_t size;
};

struct dns_answer {
	enum dns_status status;
	bool secure; /* validated by DNSSEC */
	const struct dns_record *records;
	size_t count;
	const char *why; /* of DNS_FAILED */
};

/*
 * Asks; follows CNAMEs. What the answer points to belongs to the resolver, and holds until the next
 * question.
 */
typedef void dns_resolve_fn(void *context, const char *name, enum dns_type type,
			    struct dns_answer *answer);

/* "TXT" */
const char *dns_type_name(enum dns_type type);

/*
 * Labels of up to 63 letters, digits, dashes and underscores; a dot may end it. Writes it in lower
 * case and without that dot. False: it is no such name.
 */
bool dns_name_normalise(const char *text, size_t size, char name[DNS_NAME_MAX + 1]);

/*
 * Reads the name that data[0..size) holds, all of it (RFC 1035, section 3.1); the root is "".
 * False: it holds something else, or the name is none for dns_name_normalise().
 */
bool dns_name_read(const unsigned char *data, size_t size, char name[DNS_NAME_MAX + 1]);

/*
 * Joins the strings of a TXT record. `text` has room for record->size bytes. Returns the length, or
 * -1 when it is no TXT record.
 */
long dns_text_join(const struct dns_record *record, char *text);

#endif
