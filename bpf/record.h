/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is kept of the packets that were judged: counters always, hits of the range that decided,
 * and of a few drops and a few trusted ones a tick who it was.
 */
#ifndef BPF_RECORD_H
#define BPF_RECORD_H

#include "bpf/judge.h"
#include "mxfence/maps.h"

const volatile __u32 interface_slot;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, MXF_INTERFACES_MAX);
	__type(key, __u32);
	__type(value, struct mxf_counters);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MXF_DROP_BUCKETS);
	__type(key, __u32);
	__type(value, struct mxf_drop_bucket);
} drops SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MXF_DROP_BUCKETS);
	__type(key, __u32);
	__type(value, struct mxf_drop_bucket);
} passes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, MXF_EVENT_RING_BYTES);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MXF_INTERFACES_MAX);
	__type(key, __u32);
	__type(value, struct mxf_interface);
} interfaces SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct mxf_schema);
} schema SEC(".maps");

/* The 32 bits of a stripe went round. */
static __always_inline void carry_overflow(struct mxf_memory memory,
					   const struct mxf_generation *generation, __u32 id)
{
	struct mxf_carry *carry = memory_at(
		memory, entry_offset(generation->carry, id, sizeof(*carry)), sizeof(*carry));

	if (carry)
		__sync_fetch_and_add(&carry->packets, 1ull << 32);
}

/* The range that decided was hit. */
static __always_inline void record_hit(struct mxf_memory memory,
				       const struct mxf_generation *generation, __u32 answer)
{
	__u32 stripe = bpf_get_smp_processor_id() & (generation->hit_stripes - 1);
	__u32 id = MXF_ANSWER_ID(answer), before;
	__u32 number = stripe * generation->directory.range_count + id;
	struct mxf_hits *hits;

	hits = memory_at(memory, entry_offset(generation->hits, number, sizeof(*hits)),
			 sizeof(*hits));
	if (!hits)
		return;
	if (generation->flags & MXF_FLAG_SHARED_HITS)
		before = __sync_fetch_and_add(&hits->packets, 1);
	else
		before = hits->packets++;
	hits->last = (bpf_ktime_get_coarse_ns() >> MXF_HITS_LAST_SHIFT) + 1;
	if (before == 0xffffffff)
		carry_overflow(memory, generation, id);
}

static __always_inline void record_count(struct mxf_counters *of_interface,
					 const struct mxf_flow *flow, __u32 outcome)
{
	__u32 number = flow->family * OUTCOME_COUNT + outcome;
	struct mxf_count *count;

	if (number >= MXF_FAMILY_COUNT * OUTCOME_COUNT)
		return;
	count = &of_interface->counts[0][0][0] + number;
	count->packets++;
	count->bytes += flow->bytes;
}

/* May one more be recorded, or were there too many of them in this tick? */
static __always_inline int record_allows(struct mxf_budget *budget)
{
	__u64 tick = bpf_jiffies64();

	if (budget->tick != tick) {
		budget->tick = tick;
		budget->left = MXF_RECORDS_PER_TICK;
	}
	if (budget->left == 0)
		return 0;
	budget->left--;
	return 1;
}

/* Drawn by the program itself, once, so that nobody can aim sources at one bucket. */
static __always_inline __u64 sources_seed(void)
{
	struct mxf_schema *drawn;
	__u32 zero = 0;
	__u64 seed;

	drawn = bpf_map_lookup_elem(&schema, &zero);
	if (!drawn)
		return 1;
	if (!drawn->seed) {
		seed = (__u64)bpf_get_prandom_u32() << 32 | bpf_get_prandom_u32() | 1;
		__sync_val_compare_and_swap(&drawn->seed, 0, seed);
	}
	return drawn->seed;
}

static __always_inline __u32 sources_bucket(const struct mxf_flow *flow)
{
	__u64 seed = sources_seed(), hash = flow->destination_port;

	for (int i = 0; i < 4; i++)
		hash = (hash ^ flow->source[i]) * seed ^ hash >> 29;
	return (hash * seed) >> 32 & (MXF_DROP_BUCKETS - 1);
}

static __always_inline int is_drop_of(const struct mxf_drop *drop, const struct mxf_drop *of)
{
	return drop->address[3] == of->address[3] && drop->address[2] == of->address[2] &&
	       drop->address[1] == of->address[1] && drop->address[0] == of->address[0] &&
	       drop->port == of->port && drop->reason == of->reason && drop->family == of->family &&
	       drop->verdict == of->verdict;
}

/* Chooses the slot for `drop`: its own, a free one, or the one with the fewest drops. */
static __always_inline void drops_insert(struct mxf_drop_bucket *bucket,
					 const struct mxf_drop *drop, __u32 chance)
{
	__u32 least = 0;

	for (__u32 way = 0; way < MXF_DROP_WAYS; way++) {
		struct mxf_drop *slot = &bucket->ways[way];

		if (is_drop_of(slot, drop)) {
			slot->count++;
			slot->last = drop->last;
			return;
		}
		if (slot->count < bucket->ways[least & (MXF_DROP_WAYS - 1)].count)
			least = way;
	}
	least &= MXF_DROP_WAYS - 1;
	if (bucket->ways[least].count * chance > 0xffffffff)
		return;
	bucket->ways[least] = *drop;
}

/* The same for a source that passed: its own, a free one, or the one that was quiet for longest. */
static __always_inline void passes_insert(struct mxf_drop_bucket *bucket,
					  const struct mxf_drop *pass)
{
	__u32 oldest = 0;

	for (__u32 way = 0; way < MXF_DROP_WAYS; way++) {
		struct mxf_drop *slot = &bucket->ways[way];

		if (is_drop_of(slot, pass)) {
			slot->count++;
			slot->last = pass->last;
			return;
		}
		if (slot->last < bucket->ways[oldest & (MXF_DROP_WAYS - 1)].last)
			oldest = way;
	}
	bucket->ways[oldest & (MXF_DROP_WAYS - 1)] = *pass;
}

static __always_inline void record_source(const struct mxf_flow *flow, __u32 outcome, __u64 now)
{
	const int passed = OUTCOME_VERDICT(outcome) == MXF_VERDICT_PASS;
	__u32 index = sources_bucket(flow), chance = bpf_get_prandom_u32();
	struct mxf_drop_bucket *bucket;
	struct mxf_drop seen = {
		.port = flow->destination_port,
		.reason = OUTCOME_REASON(outcome),
		.family = flow->family,
		.verdict = OUTCOME_VERDICT(outcome),
		.count = 1,
		.first = now,
		.last = now,
	};

	for (int i = 0; i < 4; i++)
		seen.address[i] = flow->source[i];
	bucket =
		passed ? bpf_map_lookup_elem(&passes, &index) : bpf_map_lookup_elem(&drops, &index);
	if (!bucket)
		return;
	bpf_spin_lock(&bucket->lock);
	if (passed)
		passes_insert(bucket, &seen);
	else
		drops_insert(bucket, &seen, chance);
	bpf_spin_unlock(&bucket->lock);
}

static __always_inline int record_event(const struct mxf_flow *flow, __u32 outcome, __u64 now)
{
	struct mxf_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		return 0;
	event->time = now;
	for (int i = 0; i < 4; i++) {
		event->source[i] = flow->source[i];
		event->destination[i] = flow->destination[i];
	}
	event->interface_slot = interface_slot;
	event->length = flow->bytes;
	event->source_port = flow->source_port;
	event->destination_port = flow->destination_port;
	event->family = flow->family;
	event->verdict = OUTCOME_VERDICT(outcome);
	event->reason = OUTCOME_REASON(outcome);
	event->reserved = 0;
	bpf_ringbuf_submit(event, 0);
	return 1;
}

/*
 * Out of the way of the packets that are only counted: what is rare looks at the frame again, so
 * that what is common need not remember it.
 */
__noinline int record_packet(struct xdp_md *ctx, __u32 outcome)
{
	struct mxf_counters *of_interface;
	__u32 slot = interface_slot;
	struct mxf_flow flow;
	__u64 now;

	packet_walk(ctx, &flow);
	now = bpf_ktime_get_coarse_ns();
	if (flow.family != MXF_FAMILY_OTHER)
		record_source(&flow, outcome, now);
	if (OUTCOME_VERDICT(outcome) == MXF_VERDICT_PASS || record_event(&flow, outcome, now))
		return 0;
	of_interface = bpf_map_lookup_elem(&counters, &slot);
	if (of_interface)
		of_interface->events_lost++;
	return 0;
}

#endif
