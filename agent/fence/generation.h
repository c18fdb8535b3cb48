/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Builds a generation (include/mxfence/generation.h) from a configuration, and reads one. Pure:
 * the caller brings the memory (a mapped inner map, or plain memory), the time and the seed.
 */
#ifndef FENCE_GENERATION_H
#define FENCE_GENERATION_H

#include "core/ip.h"
#include "fence/intervals.h"
#include "mxfence/generation.h"

/* What the configuration compiles to, with every table's place; opaque but for its size. */
struct generation_plan;

/* What the caller decides. */
struct generation_facts {
	uint64_t number;
	uint64_t created; /* CLOCK_REALTIME, nanoseconds */
	uint64_t seed;	  /* random; secret from those who send packets */
	uint32_t cpus;	  /* possible CPUs: how many stripes hits get while they fit */
};

/*
 * Resolves the ranges and lays out the tables. Returns 0, -ENOMEM, or -E2BIG when they need more
 * than MXF_ELEMENTS_MAX elements or MXF_RANGES_MAX ranges. `config` must outlive the plan.
 */
int generation_plan_create(const struct config *config, struct generation_plan **plan);
void generation_plan_free(struct generation_plan **plan);

/* How many elements of MXF_ELEMENT_SIZE bytes generation_write() fills for that many CPUs. */
uint32_t generation_plan_elements(const struct generation_plan *plan, uint32_t cpus);

/* Writes the whole generation into zeroed memory of that many elements. Cannot fail. */
void generation_write(const struct generation_plan *plan, const struct generation_facts *facts,
		      void *memory);

/*
 * All of that into new plain memory (free()), as for one CPU: what a configuration would mean, for
 * generation_judge() and its like. Returns 0, -ENOMEM or -E2BIG.
 */
int generation_compile(const struct config *config, struct mxf_generation **generation);

/*
 * Reading. A reader trusts nothing in mapped memory that it has not checked: generation_check()
 * tells whether `size` bytes hold a generation whose directory lies inside them.
 */
bool generation_check(const void *memory, size_t size);

struct generation_range {
	struct range range; /* file and line as in the generation's own file table */
	uint32_t list;
	uint64_t hits;
	uint64_t last_hit; /* CLOCK_MONOTONIC nanoseconds; 0 = never */
};

/* `id` below directory.range_count; hits are summed over the stripes. */
void generation_read_range(const struct mxf_generation *generation, uint32_t id,
			   struct generation_range *out);
const struct mxf_list *generation_list(const struct mxf_generation *generation, uint32_t list);
const char *generation_string(const struct mxf_generation *generation, uint32_t offset);
const char *generation_file(const struct mxf_generation *generation, uint32_t file);

/* The answer the XDP program would find for a source: the same code, on the host. */
uint32_t generation_look_up(const struct mxf_generation *generation, uint8_t family, struct ip ip);

/*
 * What the program would decide for a SYN from `source` to `port` of `destination`; NULL stands for
 * any guarded destination. `guarded` is false (and the rest unset) when the packet is none of the
 * fence's business. `temporary` is what a temporary entry makes of the source: MXF_ANSWER_TRUSTED,
 * MXF_FOUND_BANNED, or MXF_ANSWER_NONE.
 */
struct generation_verdict {
	bool guarded;
	enum mxf_verdict verdict;
	enum mxf_reason reason;
	uint32_t answer; /* MXF_ANSWER_KIND(), MXF_ANSWER_ID(); 0 when a temporary entry decides */
};
void generation_judge(const struct mxf_generation *generation, uint8_t family, struct ip source,
		      const struct ip *destination, uint16_t port, uint32_t temporary,
		      struct generation_verdict *out);

/*
 * Adds the hits of each range of `from` that `to` also has (same addresses, same list name and
 * action), less what `carried` says was added before; notes in `carried` what has been added by
 * now. Called before publication and once more after it, so that no hit between is lost.
 * `carried` has from's range_count entries, zeroed at first. `given` may be NULL; it has to's, to
 * which what was added is added too: with it as `carried`, only what is new finds the way back.
 */
void generation_carry_hits(const struct mxf_generation *from, struct mxf_generation *to,
			   uint64_t *carried, uint64_t *given);

#endif
