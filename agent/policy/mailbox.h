/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mailboxes: RFC 5321 section 4.1.2 with RFC 6531's extension, strictly, and their canonical form.
 * Pure.
 *
 * Canonical: unneeded quotes and backslashes gone, a source route dropped, the domain in lower case
 * with every U-label as its A-label (IDNA 2008), an address literal as RFC 5321 section 4.1.3
 * writes it. The local part keeps its case; keys compare it without (ASCII alone: no folding or
 * normalisation of anything else).
 *
 * Lengths are those of local part and domain. A path of more than 256 octets is not refused for
 * that alone: section 4.5.3.1.3 is about what everybody must be able to take. Of address literals
 * there are IPv4 and IPv6; IPv4 in the clothes of IPv6 and other tags are none.
 */
#ifndef POLICY_MAILBOX_H
#define POLICY_MAILBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAILBOX_LOCAL_MAX 64   /* octets, RFC 5321 section 4.5.3.1.1, quotes included */
#define MAILBOX_DOMAIN_MAX 255 /* section 4.5.3.1.2, as A-labels */
#define MAILBOX_TEXT_MAX (MAILBOX_LOCAL_MAX + 1 + MAILBOX_DOMAIN_MAX)

/*
 * A mailbox, or the null sender (size 0), in canonical form. `text` is what is forwarded and shown:
 * local@domain, NUL-terminated. `key` is the same in lower case and what is compared; a quoted
 * local part has its quotes in both where it needs them.
 */
struct mailbox {
	uint16_t size;	     /* of text and key */
	uint16_t local_size; /* the domain begins at local_size + 1 */
	bool literal;	     /* the domain is an address literal */
	bool utf8;	     /* the local part is not ASCII: SMTPUTF8 is needed to forward it */
	char text[MAILBOX_TEXT_MAX + 1];
	char key[MAILBOX_TEXT_MAX + 1];
};

enum mailbox_error {
	MAILBOX_OK,
	MAILBOX_EMPTY,
	MAILBOX_NO_DOMAIN, /* there is no @ */
	MAILBOX_LOCAL,	   /* the local part is no dot-string and no quoted string */
	MAILBOX_LOCAL_LONG,
	MAILBOX_DOMAIN, /* not a domain, not a literal; a trailing dot is this too */
	MAILBOX_DOMAIN_LONG,
	MAILBOX_LITERAL,  /* a literal that is no address */
	MAILBOX_ROUTE,	  /* a source route that is not one, RFC 5321 appendix C */
	MAILBOX_UTF8,	  /* not ASCII, and the client did not say SMTPUTF8 */
	MAILBOX_NOT_UTF8, /* not ASCII and not UTF-8 either */
	MAILBOX_IDN,	  /* an internationalised label that IDNA 2008 does not permit */
	MAILBOX_TRAILING, /* something follows */
};

/*
 * Reads what stands between the angle brackets of MAIL or RCPT, without them. `utf8`: the client
 * said SMTPUTF8. The empty path is MAILBOX_EMPTY; the caller knows whether <> is allowed.
 * "postmaster" without a domain is MAILBOX_NO_DOMAIN; the caller knows that too.
 * *mailbox is undefined unless MAILBOX_OK.
 */
enum mailbox_error mailbox_parse(const char *path, size_t size, bool utf8, struct mailbox *mailbox);

/* Makes the domain's canonical key: lower case, A-labels. `key` has MAILBOX_DOMAIN_MAX + 1 bytes.
 */
enum mailbox_error mailbox_parse_domain(const char *text, size_t size, bool utf8, char *key,
					size_t *key_size);

/* The null sender. */
void mailbox_clear(struct mailbox *mailbox);

static inline bool mailbox_is_null(const struct mailbox *mailbox)
{
	return mailbox->size == 0;
}

static inline const char *mailbox_domain_key(const struct mailbox *mailbox, size_t *size)
{
	*size = (size_t)(mailbox->size - mailbox->local_size - 1);
	return mailbox->key + mailbox->local_size + 1;
}

/*
 * The key without a +tag of the local part, canonical itself: "user+tag@x" gives "user@x",
 * "user+a b"@x does too. What comes before any plus may be the user: "user+a+b@x" gives "user@x",
 * then "user+a@x". *position begins with 0 and goes on from call to call. Returns the key's size,
 * 0 when there is no further one; nothing before the plus is no user. `key` has
 * MAILBOX_TEXT_MAX + 1 bytes.
 */
size_t mailbox_untagged_key(const struct mailbox *mailbox, size_t *position, char *key);

/*
 * True when the local part names a further destination: % or ! in it, an @ within quotes, or
 * Exchange's encapsulation (IMCEA, letters or digits, then -).
 */
bool mailbox_has_routing(const struct mailbox *mailbox);

/* What is wrong, to follow the quoted text ("has no domain"). */
const char *mailbox_error_text(enum mailbox_error error);

#endif
