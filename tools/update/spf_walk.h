/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All addresses that a domain's SPF record permits, whoever the sender is (RFC 7208). Pure: the DNS
 * is a function.
 *
 * Only what is said to pass counts: mechanisms with "+" or nothing in front. As the first match
 * decides, what a mechanism with another qualifier matches is taken out of those behind it. What
 * takes a sender to evaluate, ptr, exists and macros, is left out with a note. What would trust
 * everybody, breaks RFC 7208 or its limits, or cannot be looked up is an error of the whole.
 */
#ifndef UPDATE_SPF_WALK_H
#define UPDATE_SPF_WALK_H

#include "dns.h"
#include "gather.h"

/* RFC 7208, section 4.6.4. */
#define SPF_LOOKUPS_MAX 10u
#define SPF_VOIDS_MAX 2u
#define SPF_MX_MAX 10u

/*
 * Adds to *gathering, which starts zeroed but for all_secure. Returns 0, -EINVAL when the record is
 * not to be followed, -EAGAIN when the DNS failed, both with *failure, or -ENOMEM.
 */
int spf_walk(const char *domain, dns_resolve_fn *resolve, void *context,
	     struct gathering *gathering, struct failure *failure);

#endif
