// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "core/scoped.h"
#include "facts.h"
#include "fence/generation.h"
#include "fence/kernel.h"
#include "fence/temporary.h"
#include "service/report.h"

#define NANOSECONDS 1000000000u

static uint64_t seconds_ago(uint64_t then, uint64_t now)
{
	return then < now ? (now - then) / NANOSECONDS : 0;
}

/* The last drop of a source after it passed; NULL when there is none. */
static const struct mxf_drop *find_drop(const struct mxf_drop *pass, const struct mxf_drop *drops,
					size_t drop_count)
{
	const struct mxf_drop *latest = NULL;

	for (size_t i = 0; i < drop_count; i++) {
		const struct mxf_drop *drop = &drops[i];

		if (drop->verdict == MXF_VERDICT_DROP && drop->reason != MXF_REASON_BANNED &&
		    drop->family == pass->family && drop->last > pass->last &&
		    memcmp(drop->address, pass->address, sizeof(drop->address)) == 0 &&
		    (!latest || drop->last > latest->last))
			latest = drop;
	}
	return latest;
}

void facts_join_sources(struct host_facts *facts, const struct mxf_drop *passes, size_t pass_count,
			const struct mxf_drop *drops, size_t drop_count, uint64_t now)
{
	for (size_t i = 0; i < pass_count; i++) {
		uint64_t passed = seconds_ago(passes[i].last, now);
		const struct mxf_drop *drop =
			passed <= SOURCE_LATELY ? find_drop(&passes[i], drops, drop_count) : NULL;
		struct host_source *source;

		if (!drop)
			continue;
		source = facts_grow(&facts->sources, &facts->source_count, sizeof(*source));
		if (!source)
			return;
		*source = (struct host_source){
			.ip = ip_from_words(drop->address),
			.family = drop->family,
			.reason = (enum mxf_reason)drop->reason,
			.passed = passed,
			.dropped = seconds_ago(drop->last, now),
		};
	}
}

static bool is_trusted_now(const struct fence *fence, const struct mxf_generation *generation,
			   const struct host_source *source)
{
	uint32_t answer = generation_look_up(generation, source->family, source->ip);
	struct temporary_entry entry;
	struct trouble ignored;

	return MXF_ANSWER_KIND(answer) == MXF_ANSWER_TRUSTED ||
	       temporary_find(fence, MXF_TEMPORARY_TRUST, source->family, source->ip, &entry,
			      &ignored) == 1;
}

/* Who is trusted again is no news. */
static void forget_trusted(struct host_facts *facts, const struct fence *fence,
			   const struct mxf_generation *generation)
{
	size_t kept = 0;

	for (size_t i = 0; i < facts->source_count; i++)
		if (!is_trusted_now(fence, generation, &facts->sources[i]))
			facts->sources[kept++] = facts->sources[i];
	facts->source_count = kept;
}

static int read_sources(struct host_facts *facts, struct fence *fence, struct trouble *trouble)
{
	SCOPED_FREE struct mxf_drop *passes = NULL;
	SCOPED_FREE struct mxf_drop *drops = NULL;
	const struct mxf_generation *generation;
	int pass_count, drop_count, error = fence_generation(fence, &generation, trouble);

	if (error)
		return error;
	pass_count = fence_read_passes(fence, &passes);
	drop_count = pass_count < 0 ? pass_count : fence_read_drops(fence, &drops);
	if (drop_count < 0)
		return trouble_set(trouble, drop_count, "reading the sources: %s",
				   strerror(-drop_count));
	facts_join_sources(facts, passes, (size_t)pass_count, drops, (size_t)drop_count,
			   report_monotonic_now());
	forget_trusted(facts, fence, generation);
	return 0;
}

void facts_gather_sources(struct host_facts *facts, const char *pin_dir)
{
	struct trouble *missing = &facts->missing[FACT_SOURCES];
	struct fence *fence;
	struct trouble trouble;
	int error = fence_open_pinned(pin_dir, &fence, &trouble);

	if (error) {
		*missing = trouble;
		return;
	}
	if (read_sources(facts, fence, &trouble))
		*missing = trouble;
	fence_close(&fence);
}
