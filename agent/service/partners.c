// SPDX-License-Identifier: GPL-2.0-only
#include "service/partners.h"

#include <stdbool.h>
#include <stdlib.h>

/* An entry that the table had no memory for is not in it (hh.tbl is NULL then). */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

/* Its bytes are the key: there is no padding that could differ. */
struct partner_key {
	struct ip ip;
	uint64_t family;
};

struct partner {
	struct partner_key key;
	uint64_t time;
	UT_hash_handle hh;
};

static struct partner_key key_of(uint8_t family, struct ip ip)
{
	return (struct partner_key){.ip = ip, .family = family};
}

static struct partner *find(const struct partners *partners, const struct partner_key *key)
{
	struct partner *found;

	HASH_FIND(hh, partners->quietest, key, sizeof(*key), found);
	return found;
}

/* Takes an entry out of the table: that of the source, or, when there is no room, the quietest. */
static struct partner *take(struct partners *partners, const struct partner_key *key)
{
	struct partner *taken = find(partners, key);

	if (!taken && HASH_COUNT(partners->quietest) >= PARTNERS_MAX)
		taken = partners->quietest;
	if (taken)
		HASH_DEL(partners->quietest, taken);
	return taken;
}

static bool tells_of_partner(const struct mxf_gate_record *record)
{
	return record->kind == MXF_RECORD_MESSAGE && record->code / 100 == 2 && record->time &&
	       (record->client_family == MXF_FAMILY_IPV4 ||
		record->client_family == MXF_FAMILY_IPV6);
}

void partners_note(struct partners *partners, const struct mxf_gate_record *record)
{
	struct partner_key key = key_of(record->client_family, ip_from_words(record->client));
	struct partner *partner;

	if (!tells_of_partner(record))
		return;
	partner = take(partners, &key);
	if (!partner)
		partner = calloc(1, sizeof(*partner));
	if (!partner)
		return;
	partner->key = key;
	partner->time = record->time;
	HASH_ADD(hh, partners->quietest, key, sizeof(key), partner);
	if (!partner->hh.tbl)
		free(partner);
}

uint64_t partners_find(const struct partners *partners, uint8_t family, struct ip ip)
{
	const struct partner_key key = key_of(family, ip);
	const struct partner *partner = find(partners, &key);

	return partner ? partner->time : 0;
}

size_t partners_count(const struct partners *partners)
{
	return HASH_COUNT(partners->quietest);
}

void partners_clear(struct partners *partners)
{
	struct partner *partner, *next;

	HASH_ITER (hh, partners->quietest, partner, next) {
		HASH_DEL(partners->quietest, partner);
		free(partner);
	}
}
