/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An SPF record, taken apart: RFC 7208, sections 4.6 and 12. Pure.
 */
#ifndef UPDATE_SPF_RECORD_H
#define UPDATE_SPF_RECORD_H

#include "core/ip.h"
#include "core/trouble.h"

enum spf_kind {
	SPF_ALL,
	SPF_INCLUDE,
	SPF_A,
	SPF_MX,
	SPF_PTR,
	SPF_IP4,
	SPF_IP6,
	SPF_EXISTS,
	SPF_REDIRECT,
	SPF_EXP,
	SPF_MODIFIER, /* one that means nothing to us */
};

struct spf_term {
	enum spf_kind kind;
	char qualifier;	  /* '+', '-', '~' or '?'; '+' when none is written */
	const char *text; /* as written; it and `domain` lie in the record's text */
	size_t size;
	const char *domain; /* NULL when none is written */
	size_t domain_size;
	bool has_macros;	 /* in the domain */
	struct range range;	 /* of ip4 and ip6 */
	unsigned int lengths[2]; /* of a and mx: prefixes for IPv4 and IPv6 */
};

struct spf_record {
	struct spf_term *terms;
	size_t count;
};

/* True for a text that is an SPF record, right or wrong: "v=spf1", alone or with a blank behind. */
bool spf_is_record(const char *text, size_t size);

/*
 * Takes such a text apart. Returns 0, -EINVAL when any term is not right, with the reason in
 * *trouble, or -ENOMEM. Clear the record also on failure.
 */
int spf_record_parse(const char *text, size_t size, struct spf_record *record,
		     struct trouble *trouble);
void spf_record_clear(struct spf_record *record);

/* Does evaluating the term take a DNS query (RFC 7208, section 4.6.4)? */
bool spf_term_queries(const struct spf_term *term);

#endif
