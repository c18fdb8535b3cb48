// SPDX-License-Identifier: GPL-2.0-only
#include "gate/source_table.h"

#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include "core/scoped.h"
#include "mxfence/reasons.h"

#define WAYS 8u
#define BUCKETS (SOURCE_TABLE_ENTRIES / WAYS)

/* Tries before a lock's owner counts as dead; from LOCK_SPINS on each gives up the CPU. */
#define LOCK_SPINS 1000u
#define LOCK_TRIES 20000u
#define LOCK_KEEPER (SOURCE_TABLE_SLOTS + 1)

struct source {
	struct ip prefix;
	uint64_t seen;	  /* milliseconds */
	uint64_t refused; /* second of the last refusal */
	uint64_t window;  /* number of the current one */
	uint32_t window_seconds;
	uint32_t connections; /* in the current window */
	uint32_t connections_before;
	uint32_t sessions; /* the sum of by_slot */
	uint8_t family;
	bool used;
	uint32_t by_slot[SOURCE_TABLE_SLOTS];
};

struct bucket {
	uint32_t lock; /* 0 = free, else who holds it */
	struct source sources[WAYS];
};

struct source_table {
	uint64_t key;
	/* Each is written by its worker alone, so their sum cannot drift. */
	uint32_t sessions[SOURCE_TABLE_SLOTS];
	/* Buckets that were ever written, so that nobody touches the others' pages. */
	uint64_t touched[BUCKETS / 64];
	struct bucket buckets[BUCKETS];
};

struct source_table *source_table_new(uint64_t key)
{
	struct source_table *table = mmap(NULL, sizeof(*table), PROT_READ | PROT_WRITE,
					  MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (table == MAP_FAILED)
		return NULL;
	table->key = key;
	return table;
}

void source_table_free(struct source_table **table)
{
	if (*table)
		munmap(*table, sizeof(**table));
	*table = NULL;
}

/* A host of IPv6 has a /64 to itself. */
static struct ip source_prefix(struct ip ip, uint8_t family)
{
	if (family == MXF_FAMILY_IPV6)
		ip.lo = 0;
	return ip;
}

/* Multiplied to 128 bits and folded: what follows from an address without the key is nothing. */
static uint64_t mix(uint64_t a, uint64_t b)
{
	const unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static unsigned int bucket_number(const struct source_table *table, struct ip prefix,
				  uint8_t family)
{
	uint64_t hash = mix(prefix.hi ^ table->key, prefix.lo ^ 0x9e3779b97f4a7c15u);

	hash = mix(hash ^ family ^ 0xbf58476d1ce4e5b9u, table->key | 1);
	return (unsigned int)(hash % BUCKETS);
}

static bool bucket_is_touched(const struct source_table *table, unsigned int number)
{
	return __atomic_load_n(&table->touched[number / 64], __ATOMIC_RELAXED) >> number % 64 & 1;
}

static struct bucket *bucket_of(struct source_table *table, struct ip prefix, uint8_t family)
{
	const unsigned int number = bucket_number(table, prefix, family);

	if (!bucket_is_touched(table, number))
		__atomic_fetch_or(&table->touched[number / 64], 1ull << number % 64,
				  __ATOMIC_RELAXED);
	return &table->buckets[number];
}

static void bucket_lock(struct bucket *bucket, uint32_t owner)
{
	for (unsigned int i = 0; i < LOCK_TRIES; i++) {
		uint32_t nobody = 0;

		if (__atomic_compare_exchange_n(&bucket->lock, &nobody, owner, false,
						__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return;
		if (i >= LOCK_SPINS)
			sched_yield();
	}
	/* Its owner died in here. The worst that comes of it is one source counted wrongly. */
	__atomic_store_n(&bucket->lock, owner, __ATOMIC_SEQ_CST);
}

static void bucket_unlock(struct bucket *bucket, uint32_t owner)
{
	__atomic_compare_exchange_n(&bucket->lock, &owner, 0, false, __ATOMIC_RELEASE,
				    __ATOMIC_RELAXED);
}

static struct source *bucket_find(struct bucket *bucket, struct ip prefix, uint8_t family)
{
	for (unsigned int i = 0; i < WAYS; i++) {
		struct source *source = &bucket->sources[i];

		if (source->used && source->family == family && ip_equal(source->prefix, prefix))
			return source;
	}
	return NULL;
}

/* An entry for a new source, or NULL when all of the bucket have sessions. */
static struct source *bucket_add(struct bucket *bucket, struct ip prefix, uint8_t family)
{
	struct source *found = NULL;

	for (unsigned int i = 0; i < WAYS; i++) {
		struct source *source = &bucket->sources[i];

		if (!source->used) {
			found = source;
			break;
		}
		if (source->sessions == 0 && (!found || source->seen < found->seen))
			found = source;
	}
	if (!found)
		return NULL;
	memset(found, 0, sizeof(*found));
	found->prefix = prefix;
	found->family = family;
	found->used = true;
	return found;
}

/* Counts a connection; returns how many there were in the time that the limit is about. */
static uint64_t source_count(struct source *source, uint32_t seconds, uint64_t now)
{
	const uint64_t length = (uint64_t)(seconds ? seconds : 1) * 1000;
	const uint64_t window = now / length;

	if (source->window_seconds != seconds || window > source->window + 1) {
		source->connections_before = source->connections = 0;
	} else if (window == source->window + 1) {
		source->connections_before = source->connections;
		source->connections = 0;
	}
	source->window_seconds = seconds;
	source->window = window;
	if (source->connections < UINT32_MAX)
		source->connections++;
	return source->connections + source->connections_before * (length - now % length) / length;
}

static enum source_answer source_judge(struct source *source, const struct source_limits *limits,
				       uint64_t now)
{
	if (source_count(source, limits->connection_seconds, now) > limits->connections)
		return SOURCE_TOO_OFTEN;
	return source->sessions >= limits->sessions_per_source ? SOURCE_TOO_MANY : SOURCE_WELCOME;
}

static void slot_add(struct source_table *table, unsigned int slot, uint32_t more)
{
	__atomic_store_n(&table->sessions[slot], table->sessions[slot] + more, __ATOMIC_RELAXED);
}

enum source_answer source_table_enter(struct source_table *table, unsigned int slot, struct ip ip,
				      uint8_t family, const struct source_limits *limits,
				      uint64_t now, bool *first_refusal)
{
	const struct ip prefix = source_prefix(ip, family);
	const bool full = source_table_sessions(table) >= limits->sessions;
	struct bucket *bucket = bucket_of(table, prefix, family);
	enum source_answer answer = SOURCE_WELCOME;
	struct source *source;

	*first_refusal = true;
	bucket_lock(bucket, slot + 1);
	source = bucket_find(bucket, prefix, family);
	if (!source)
		source = bucket_add(bucket, prefix, family);
	if (source) {
		source->seen = now;
		answer = source_judge(source, limits, now);
	}
	if (answer == SOURCE_WELCOME && full)
		answer = SOURCE_FULL;
	if (source && answer == SOURCE_WELCOME) {
		source->sessions++;
		source->by_slot[slot]++;
	} else if (source) {
		*first_refusal = source->refused != now / 1000 + 1;
		source->refused = now / 1000 + 1;
	}
	bucket_unlock(bucket, slot + 1);
	if (answer == SOURCE_WELCOME)
		slot_add(table, slot, 1);
	return answer;
}

void source_table_leave(struct source_table *table, unsigned int slot, struct ip ip, uint8_t family)
{
	const struct ip prefix = source_prefix(ip, family);
	struct bucket *bucket = bucket_of(table, prefix, family);
	struct source *source;

	bucket_lock(bucket, slot + 1);
	source = bucket_find(bucket, prefix, family);
	/* Without a count when the bucket had no room for it as it came. */
	if (source && source->by_slot[slot] > 0) {
		source->by_slot[slot]--;
		source->sessions--;
	}
	bucket_unlock(bucket, slot + 1);
	if (table->sessions[slot] > 0)
		slot_add(table, slot, UINT32_MAX);
}

void source_table_clear_slot(struct source_table *table, unsigned int slot)
{
	for (unsigned int i = 0; i < BUCKETS; i++) {
		struct bucket *bucket = &table->buckets[i];

		if (!bucket_is_touched(table, i))
			continue;
		bucket_unlock(bucket, slot + 1);
		bucket_lock(bucket, LOCK_KEEPER);
		for (unsigned int way = 0; way < WAYS; way++) {
			struct source *source = &bucket->sources[way];

			if (source->by_slot[slot] == 0)
				continue;
			source->sessions -= source->by_slot[slot];
			source->by_slot[slot] = 0;
		}
		bucket_unlock(bucket, LOCK_KEEPER);
	}
	__atomic_store_n(&table->sessions[slot], 0, __ATOMIC_RELAXED);
}

uint32_t source_table_sessions(const struct source_table *table)
{
	uint32_t sum = 0;

	for (unsigned int slot = 0; slot < SOURCE_TABLE_SLOTS; slot++)
		sum += __atomic_load_n(&table->sessions[slot], __ATOMIC_RELAXED);
	return sum;
}
