// SPDX-License-Identifier: GPL-2.0-only
/* Temporary entries: the table in the kernel, and what its one writer has to know of it. */
#include "fence/temporary.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/range.h"
#include "core/scoped.h"
#include "fence/kernel_internal.h"

/* So many entries are read with one system call. */
#define BATCH 4096

/* A refusal names at most so many of the prefixes a range is made of. */
#define PREFIXES_NAMED 4

/* What the writer knows: which ids are free, and how many entries each length has. */
struct temporary_index {
	size_t count;
	uint32_t lengths[MXF_TEMPORARY_SETS][129];
	size_t free_count;
	uint32_t free_ids[MXF_TEMPORARY_MAX]; /* a stack */
};

static uint64_t clock_now(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t temporary_now(void)
{
	return clock_now(CLOCK_BOOTTIME);
}

/* Between ranges and keys. */

static unsigned int set_of(enum mxf_temporary_action action, uint8_t family)
{
	return MXF_TEMPORARY_SET((unsigned int)action, family == MXF_FAMILY_IPV6);
}

static struct mxf_temporary_key key_of(enum mxf_temporary_action action, uint8_t family,
				       struct ip ip, unsigned int length)
{
	struct mxf_temporary_key key = {
		.high = family == MXF_FAMILY_IPV6 ? ip.hi : ip.lo << 32,
		.low = family == MXF_FAMILY_IPV6 ? ip.lo : 0,
		.action = (uint8_t)action,
		.family = family,
		.length = (uint8_t)length,
	};

	mxf_temporary_mask(&key);
	return key;
}

static struct mxf_temporary_key key_of_entry(const struct temporary_entry *entry)
{
	return key_of(entry->action, entry->range.family, entry->range.first, entry->length);
}

static struct ip ip_of_bits(uint8_t family, uint64_t high, uint64_t low)
{
	return family == MXF_FAMILY_IPV6 ? (struct ip){.hi = high, .lo = low}
					 : (struct ip){.lo = high >> 32};
}

static struct range range_of_key(const struct mxf_temporary_key *key)
{
	const uint64_t all = UINT64_MAX;
	uint64_t high = key->high, low = key->low;

	if (key->length <= 64) {
		high |= key->length < 64 ? all >> key->length : 0;
		low = all;
	} else if (key->length < 128) {
		low |= all >> (key->length - 64);
	}
	return (struct range){
		.family = key->family,
		.first = ip_of_bits(key->family, key->high, key->low),
		.last = ip_of_bits(key->family, high, low),
	};
}

static bool key_is_sound(const struct mxf_temporary_key *key)
{
	return key->action < MXF_TEMPORARY_ACTION_COUNT &&
	       (key->family == MXF_FAMILY_IPV4
			? key->length <= 32
			: key->family == MXF_FAMILY_IPV6 && key->length <= 128);
}

/* The largest prefix that begins at `first` and does not go beyond `last`. */
static struct range prefix_at(const struct range *range, struct ip first)
{
	struct range prefix = {.family = range->family, .first = first, .last = first};
	unsigned int bits = range->family == MXF_FAMILY_IPV6 ? 128 : 32;

	for (unsigned int length = bits; length-- > 0;) {
		struct mxf_temporary_key key = key_of(0, range->family, first, length);
		struct range wider = range_of_key(&key);

		if (!ip_equal(wider.first, first) || ip_compare(wider.last, range->last) > 0)
			break;
		prefix = wider;
	}
	return prefix;
}

static int refuse_interval(const struct range *range, struct trouble *trouble)
{
	char whole[RANGE_TEXT_MAX], parts[PREFIXES_NAMED * RANGE_TEXT_MAX] = "";
	struct ip at = range->first;
	size_t used = 0;
	int named = 0;

	range_format(range, whole);
	while (named++ < PREFIXES_NAMED) {
		struct range prefix = prefix_at(range, at);
		char text[RANGE_TEXT_MAX];

		range_format(&prefix, text);
		used += (size_t)snprintf(parts + used, sizeof(parts) - used, "%s%s",
					 used ? ", " : "", text);
		if (ip_compare(prefix.last, range->last) >= 0)
			return trouble_set(trouble, -EINVAL,
					   "a temporary entry is one address or prefix; %s is %s",
					   whole, parts);
		at = ip_next(prefix.last);
	}
	return trouble_set(trouble, -EINVAL,
			   "a temporary entry is one address or prefix; %s is %s and more", whole,
			   parts);
}

int temporary_entry_init(enum mxf_temporary_action action, const struct range *range,
			 struct temporary_entry *entry, struct trouble *trouble)
{
	unsigned int length;

	if (!range_is_prefix(range, &length))
		return refuse_interval(range, trouble);
	entry->action = action;
	entry->range = *range;
	entry->length = length;
	return 0;
}

/* Reading. */

static void hits_read(const struct fence *fence, uint32_t id, struct mxf_temporary_hits *hits)
{
	if (bpf_map_lookup_elem(fence->maps[FENCE_MAP_TEMPORARY_HITS], &id, hits))
		*hits = (struct mxf_temporary_hits){0};
}

static void entry_read(const struct fence *fence, const struct mxf_temporary_key *key,
		       const struct mxf_temporary *value, struct temporary_entry *entry)
{
	struct mxf_temporary_hits hits;

	hits_read(fence, value->id, &hits);
	*entry = (struct temporary_entry){
		.action = key->action,
		.range = range_of_key(key),
		.length = key->length,
		.expires = value->expires,
		.added = value->added,
		.cause = value->cause < MXF_CAUSE_COUNT ? value->cause : MXF_CAUSE_MANUAL,
		.hits = hits.packets,
		.last_hit = hits.last,
	};
	memcpy(entry->note, value->note, sizeof(entry->note));
	entry->note[sizeof(entry->note) - 1] = '\0';
}

static int lengths_read(const struct fence *fence, struct mxf_temporary_lengths *lengths,
			struct trouble *trouble)
{
	uint32_t zero = 0;

	if (bpf_map_lookup_elem(fence->maps[FENCE_MAP_TEMPORARY_LENGTHS], &zero, lengths))
		return explain_bpf(-errno, "reading the temporary entries", trouble);
	return 0;
}

static bool length_is_used(const struct mxf_temporary_lengths *lengths, unsigned int set,
			   unsigned int length)
{
	unsigned int bit = MXF_TEMPORARY_LONGEST(set) - length;

	return lengths->words[set][bit / 64] >> bit % 64 & 1;
}

int temporary_find(const struct fence *fence, enum mxf_temporary_action action, uint8_t family,
		   struct ip ip, struct temporary_entry *found, struct trouble *trouble)
{
	const unsigned int set = set_of(action, family);
	struct mxf_temporary_lengths lengths;
	struct mxf_temporary value;
	int error = lengths_read(fence, &lengths, trouble);

	if (error)
		return error;
	for (unsigned int length = MXF_TEMPORARY_LONGEST(set) + 1; length-- > 0;) {
		struct mxf_temporary_key key = key_of(action, family, ip, length);

		if (!length_is_used(&lengths, set, length) ||
		    bpf_map_lookup_elem(fence->maps[FENCE_MAP_TEMPORARY], &key, &value) ||
		    value.expires <= temporary_now())
			continue;
		entry_read(fence, &key, &value, found);
		return 1;
	}
	return 0;
}

/* Every entry of the table, whether it has ended or not. */
struct table_copy {
	struct mxf_temporary_key *keys;
	struct mxf_temporary *values;
	size_t count;
};

static void table_copy_clear(struct table_copy *copy)
{
	free(copy->keys);
	free(copy->values);
}

/* The table may grow between two batches, by no more than it can hold. */
static int table_copy_read(const struct fence *fence, struct table_copy *copy,
			   struct trouble *trouble)
{
	LIBBPF_OPTS(bpf_map_batch_opts, options);
	const size_t room = MXF_TEMPORARY_MAX + BATCH;
	uint32_t at, count;
	void *from = NULL;
	int failed = 0;

	copy->keys = malloc(room * sizeof(*copy->keys));
	copy->values = malloc(room * sizeof(*copy->values));
	if (!copy->keys || !copy->values)
		return trouble_set(trouble, -ENOMEM, "out of memory");
	while (!failed && copy->count < MXF_TEMPORARY_MAX) {
		count = BATCH;
		failed = bpf_map_lookup_batch(fence->maps[FENCE_MAP_TEMPORARY], from, &at,
					      copy->keys + copy->count, copy->values + copy->count,
					      &count, &options);
		if (failed && errno != ENOENT)
			return explain_bpf(-errno, "reading the temporary entries", trouble);
		copy->count += count;
		from = &at;
	}
	return 0;
}

static int entry_compare(const void *a, const void *b)
{
	const struct temporary_entry *left = a, *right = b;

	if (left->action != right->action)
		return left->action < right->action ? -1 : 1;
	if (left->range.family != right->range.family)
		return left->range.family < right->range.family ? -1 : 1;
	if (!ip_equal(left->range.first, right->range.first))
		return ip_compare(left->range.first, right->range.first);
	return (left->length > right->length) - (left->length < right->length);
}

int temporary_list(const struct fence *fence, struct temporary_entry **entries,
		   struct trouble *trouble)
{
	__attribute__((cleanup(table_copy_clear))) struct table_copy copy = {.count = 0};
	SCOPED_FREE struct temporary_entry *list = NULL;
	int count = 0, error = table_copy_read(fence, &copy, trouble);
	const uint64_t now = temporary_now();

	if (error)
		return error;
	list = calloc(copy.count + 1, sizeof(*list));
	if (!list)
		return trouble_set(trouble, -ENOMEM, "out of memory");
	for (size_t i = 0; i < copy.count; i++)
		if (key_is_sound(&copy.keys[i]) && copy.values[i].expires > now)
			entry_read(fence, &copy.keys[i], &copy.values[i], &list[count++]);
	qsort(list, (size_t)count, sizeof(*list), entry_compare);
	*entries = TAKE_PTR(list);
	return count;
}

static unsigned int cause_of(const struct mxf_temporary *value)
{
	return value->cause < MXF_CAUSE_COUNT ? value->cause : MXF_CAUSE_MANUAL;
}

int temporary_read_counts(const struct fence *fence, struct temporary_counts *counts,
			  struct trouble *trouble)
{
	__attribute__((cleanup(table_copy_clear))) struct table_copy copy = {.count = 0};
	struct mxf_temporary_lengths lengths;
	const uint64_t now = temporary_now();
	int error = lengths_read(fence, &lengths, trouble);

	*counts = (struct temporary_counts){.counts = {{0}}};
	if (error || !lengths.used)
		return error;
	error = table_copy_read(fence, &copy, trouble);
	for (size_t i = 0; i < copy.count && !error; i++)
		if (key_is_sound(&copy.keys[i]) && copy.values[i].expires > now)
			counts->counts[copy.keys[i].action][cause_of(&copy.values[i])]++;
	return error;
}

/* Writing. */

static void index_fill_ids(struct temporary_index *index, const struct table_copy *copy)
{
	SCOPED_FREE uint8_t *taken = calloc(MXF_TEMPORARY_MAX, 1);

	for (size_t i = 0; taken && i < copy->count; i++)
		if (copy->values[i].id < MXF_TEMPORARY_MAX)
			taken[copy->values[i].id] = 1;
	for (uint32_t id = MXF_TEMPORARY_MAX; taken && id-- > 0;)
		if (!taken[id])
			index->free_ids[index->free_count++] = id;
}

/* What an agent before this one left is counted once. */
static int index_get(struct fence *fence, struct temporary_index **index, struct trouble *trouble)
{
	__attribute__((cleanup(table_copy_clear))) struct table_copy copy = {.count = 0};
	struct temporary_index *made;
	int error;

	*index = fence->temporary;
	if (*index)
		return 0;
	error = table_copy_read(fence, &copy, trouble);
	if (error)
		return error;
	made = calloc(1, sizeof(*made));
	if (!made)
		return trouble_set(trouble, -ENOMEM, "out of memory");
	for (size_t i = 0; i < copy.count; i++)
		if (key_is_sound(&copy.keys[i]))
			made->lengths[set_of(copy.keys[i].action, copy.keys[i].family)]
				     [copy.keys[i].length]++;
	made->count = copy.count;
	index_fill_ids(made, &copy);
	fence->temporary = *index = made;
	return 0;
}

/* The bit before the first entry, and after the last: no entry is without it. */
static int lengths_write(const struct fence *fence, const struct temporary_index *index,
			 struct trouble *trouble)
{
	struct mxf_temporary_lengths lengths = {.used = index->count > 0};
	uint32_t zero = 0;

	for (unsigned int set = 0; set < MXF_TEMPORARY_SETS; set++)
		for (unsigned int length = 0; length <= MXF_TEMPORARY_LONGEST(set); length++) {
			unsigned int bit = MXF_TEMPORARY_LONGEST(set) - length;

			if (index->lengths[set][length])
				lengths.words[set][bit / 64] |= 1ull << bit % 64;
		}
	if (bpf_map_update_elem(fence->maps[FENCE_MAP_TEMPORARY_LENGTHS], &zero, &lengths, BPF_ANY))
		return explain_bpf(-errno, "writing the temporary entries", trouble);
	return 0;
}

/* Counts an entry in or out; the kernel hears of it when a length comes into use or out of it. */
static int index_count(const struct fence *fence, struct temporary_index *index,
		       const struct mxf_temporary_key *key, int by, struct trouble *trouble)
{
	uint32_t *of_length = &index->lengths[set_of(key->action, key->family)][key->length];

	*of_length += (uint32_t)by;
	index->count += (size_t)by;
	if (*of_length > 1 || (*of_length == 1 && by < 0))
		return 0;
	return lengths_write(fence, index, trouble);
}

static int entry_write(const struct fence *fence, const struct mxf_temporary_key *key,
		       const struct temporary_entry *entry, uint32_t id, uint64_t added,
		       struct trouble *trouble)
{
	struct mxf_temporary value = {
		.expires = entry->expires,
		.added = added,
		.id = id,
		.cause = (uint8_t)entry->cause,
	};

	memcpy(value.note, entry->note, sizeof(value.note));
	value.note[sizeof(value.note) - 1] = '\0';
	if (bpf_map_update_elem(fence->maps[FENCE_MAP_TEMPORARY], key, &value, BPF_ANY))
		return explain_bpf(-errno, "writing a temporary entry", trouble);
	return 0;
}

static int explain_full(struct trouble *trouble)
{
	return trouble_set(trouble, -ENOSPC,
			   "the table of temporary entries is full: %u of %u; wider prefixes, or "
			   "the lists of the configuration, hold more",
			   MXF_TEMPORARY_MAX, MXF_TEMPORARY_MAX);
}

static int entry_insert(struct fence *fence, struct temporary_index *index,
			const struct mxf_temporary_key *key, const struct temporary_entry *entry,
			struct trouble *trouble)
{
	const struct mxf_temporary_hits none = {0};
	struct trouble ignored;
	uint32_t id;
	int error = 0;

	if (!index->free_count)
		error = temporary_sweep(fence, trouble);
	if (error)
		return error;
	if (!index->free_count)
		return explain_full(trouble);
	id = index->free_ids[index->free_count - 1];
	if (bpf_map_update_elem(fence->maps[FENCE_MAP_TEMPORARY_HITS], &id, &none, BPF_ANY))
		return explain_bpf(-errno, "writing a temporary entry", trouble);
	error = index_count(fence, index, key, 1, trouble);
	if (!error)
		error = entry_write(fence, key, entry, id, entry->added, trouble);
	if (error) {
		index_count(fence, index, key, -1, &ignored);
		return error;
	}
	index->free_count--;
	return 0;
}

int temporary_add(struct fence *fence, const struct temporary_entry *entry, struct trouble *trouble)
{
	struct mxf_temporary_key key = key_of_entry(entry);
	struct temporary_index *index;
	struct mxf_temporary stands;
	int error = index_get(fence, &index, trouble);

	if (error)
		return error;
	if (!bpf_map_lookup_elem(fence->maps[FENCE_MAP_TEMPORARY], &key, &stands)) {
		if (stands.expires > temporary_now())
			return entry_write(fence, &key, entry, stands.id, stands.added, trouble);
		error = temporary_sweep(fence, trouble);
	}
	return error ? error : entry_insert(fence, index, &key, entry, trouble);
}

static int entry_delete(const struct fence *fence, struct temporary_index *index,
			const struct mxf_temporary_key *key, uint32_t id, struct trouble *trouble)
{
	if (bpf_map_delete_elem(fence->maps[FENCE_MAP_TEMPORARY], key))
		return explain_bpf(-errno, "removing a temporary entry", trouble);
	if (id < MXF_TEMPORARY_MAX)
		index->free_ids[index->free_count++] = id;
	return index_count(fence, index, key, -1, trouble);
}

int temporary_remove(struct fence *fence, const struct temporary_entry *entry,
		     struct trouble *trouble)
{
	struct mxf_temporary_key key = key_of_entry(entry);
	struct temporary_index *index;
	struct mxf_temporary stands;
	char text[RANGE_TEXT_MAX];
	int error = index_get(fence, &index, trouble);

	if (error)
		return error;
	range_format(&entry->range, text);
	if (bpf_map_lookup_elem(fence->maps[FENCE_MAP_TEMPORARY], &key, &stands))
		return trouble_set(trouble, -ENOENT, "%s has no such entry", text);
	error = entry_delete(fence, index, &key, stands.id, trouble);
	if (!error && stands.expires <= temporary_now())
		error = trouble_set(trouble, -ENOENT, "the entry of %s has ended", text);
	return error;
}

int temporary_sweep(struct fence *fence, struct trouble *trouble)
{
	__attribute__((cleanup(table_copy_clear))) struct table_copy copy = {.count = 0};
	struct temporary_index *index;
	const uint64_t now = temporary_now();
	int error = index_get(fence, &index, trouble);

	if (!error)
		error = table_copy_read(fence, &copy, trouble);
	for (size_t i = 0; i < copy.count && !error; i++)
		if (key_is_sound(&copy.keys[i]) && copy.values[i].expires <= now)
			error = entry_delete(fence, index, &copy.keys[i], copy.values[i].id,
					     trouble);
	return error;
}

size_t temporary_count(struct fence *fence)
{
	struct temporary_index *index;
	struct trouble ignored;

	return index_get(fence, &index, &ignored) ? 0 : index->count;
}
