/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The DNS by way of libunbound, which validates DNSSEC itself: a forged SPF record would open the
 * fence, and the C library can only believe what a resolver says of its own validation.
 */
#ifndef UPDATE_RESOLVER_H
#define UPDATE_RESOLVER_H

#include "core/trouble.h"
#include "dns.h"

struct resolver;

/*
 * `server` is ADDRESS or ADDRESS@PORT of a resolver, or NULL for the system's; `anchor` a file of
 * trust anchors, or NULL for no validation. All questions together get `timeout_ms`. Returns 0 or
 * -errno with *trouble.
 */
int resolver_open(const char *server, const char *anchor, int timeout_ms,
		  struct resolver **resolver, struct trouble *trouble);

/* A dns_resolve_fn; the context is the resolver. */
void resolver_ask(void *context, const char *name, enum dns_type type, struct dns_answer *answer);

void resolver_close(struct resolver **resolver);

#endif
