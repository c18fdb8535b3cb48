// SPDX-License-Identifier: GPL-2.0-only
/* A configuration becomes the current generation. */
#include "fence/kernel_internal.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>

#include "core/scoped.h"

static void plan_cleanup(struct generation_plan **plan)
{
	generation_plan_free(plan);
}

static int plan_create(const struct config *config, struct generation_plan **plan,
		       struct trouble *trouble)
{
	int error = generation_plan_create(config, plan);

	if (error == -E2BIG)
		return trouble_set(trouble, error,
				   "the ranges need more than a generation can hold: at most %u "
				   "ranges and %u MiB of tables",
				   MXF_RANGES_MAX,
				   MXF_ELEMENTS_MAX / (1024 * 1024 / MXF_ELEMENT_SIZE));
	if (error)
		return trouble_set(trouble, error, "building the tables: %s", strerror(-error));
	return 0;
}

static int inner_map_create(uint32_t elements, struct inner_map *inner, struct trouble *trouble)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE | BPF_F_INNER_MAP);
	struct inner_map made = {.fd = -1, .size = (size_t)elements * MXF_ELEMENT_SIZE};
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info);
	int error;

	made.fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "mxf_generation", sizeof(uint32_t),
				 MXF_ELEMENT_SIZE, elements, &options);
	if (made.fd < 0)
		return explain_bpf(-errno, "creating the generation's map", trouble);
	if (bpf_obj_get_info_by_fd(made.fd, &info, &size)) {
		error = -errno;
		goto failed;
	}
	made.id = info.id;
	made.memory = mmap(NULL, made.size, PROT_READ | PROT_WRITE, MAP_SHARED, made.fd, 0);
	if (made.memory == MAP_FAILED) {
		error = -errno;
		made.memory = NULL;
		goto failed;
	}
	*inner = made;
	return 0;
failed:
	inner_map_clear(&made);
	return explain_bpf(error, "mapping the generation", trouble);
}

static uint64_t clock_now(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint32_t possible_cpus(void)
{
	int cpus = libbpf_num_possible_cpus();

	return cpus > 0 ? (uint32_t)cpus : 1;
}

static int generation_fill(const struct generation_plan *plan,
			   const struct mxf_generation *previous, uint64_t deadline,
			   struct inner_map *inner)
{
	struct generation_facts facts = {
		.number = previous ? previous->number + 1 : 1,
		.created = clock_now(CLOCK_REALTIME),
		.cpus = possible_cpus(),
	};

	if (getrandom(&facts.seed, sizeof(facts.seed), 0) != sizeof(facts.seed))
		return -errno;
	generation_write(plan, &facts, inner->memory);
	((struct mxf_generation *)inner->memory)->trial_deadline = deadline;
	return 0;
}

int fence_slot_put(const struct fence *fence, uint32_t slot, int map, struct trouble *trouble)
{
	int generations = fence->maps[FENCE_MAP_GENERATIONS];
	int failed = map >= 0 ? bpf_map_update_elem(generations, &slot, &map, BPF_ANY)
			      : bpf_map_delete_elem(generations, &slot);

	if (failed && (map >= 0 || errno != ENOENT))
		return explain_bpf(-errno, "publishing the generation", trouble);
	return 0;
}

/* The hits before the swap, the swap, the hits that came while it went on. */
static int generation_swap(struct fence *fence, const struct mxf_generation *previous,
			   struct inner_map *next, struct trouble *trouble)
{
	const struct mxf_generation *made = next->memory;
	SCOPED_FREE uint64_t *carried = NULL;
	SCOPED_FREE uint64_t *given = calloc(made->directory.range_count + 1, sizeof(*given));
	int error;

	if (previous)
		carried = calloc(previous->directory.range_count + 1, sizeof(*carried));
	if (!given || (previous && !carried))
		return trouble_set(trouble, -ENOMEM, "out of memory");
	if (previous)
		generation_carry_hits(previous, next->memory, carried, given);
	error = fence_slot_put(fence, MXF_GENERATION_CURRENT, next->fd, trouble);
	if (error)
		return error;
	if (previous)
		generation_carry_hits(previous, next->memory, carried, given);
	free(fence->given);
	fence->given = TAKE_PTR(given);
	return 0;
}

/* What cannot be read is replaced all the same, or a damaged generation could never be mended. */
static const struct mxf_generation *generation_before(struct fence *fence)
{
	struct trouble ignored;

	return fence_load_generations(fence, &ignored) ? NULL : fence->current.memory;
}

static int generation_build(const struct config *config, const struct mxf_generation *previous,
			    uint64_t deadline, struct inner_map *next, struct trouble *trouble)
{
	__attribute__((cleanup(plan_cleanup))) struct generation_plan *plan = NULL;
	int error = plan_create(config, &plan, trouble);

	if (!error)
		error = inner_map_create(generation_plan_elements(plan, possible_cpus()), next,
					 trouble);
	if (error)
		return error;
	error = generation_fill(plan, previous, deadline, next);
	if (!error)
		return 0;
	inner_map_clear(next);
	return trouble_set(trouble, error, "no random seed: %s", strerror(-error));
}

int fence_publish(struct fence *fence, const struct config *config, uint64_t deadline,
		  uint64_t *number, struct trouble *trouble)
{
	const struct mxf_generation *previous = generation_before(fence);
	struct inner_map next;
	int error = generation_build(config, previous, deadline, &next, trouble);

	if (error)
		return error;
	error = trial_before_swap(fence, deadline, trouble);
	if (!error)
		error = generation_swap(fence, previous, &next, trouble);
	if (error) {
		inner_map_clear(&next);
		return error;
	}
	mprotect(next.memory, next.size, PROT_READ);
	inner_map_clear(&fence->previous);
	fence->previous = fence->current;
	fence->current = next;
	*number = ((const struct mxf_generation *)next.memory)->number;
	return 0;
}

void fence_publish_settle(struct fence *fence)
{
	inner_map_clear(&fence->previous);
	trial_settle(fence);
}

int fence_publish_undo(struct fence *fence, struct trouble *trouble)
{
	int error = fence_slot_put(fence, MXF_GENERATION_CURRENT, fence->previous.fd, trouble);

	if (error)
		return error;
	inner_map_clear(&fence->current);
	fence->current = fence->previous;
	fence->previous = (struct inner_map){.fd = -1};
	free(TAKE_PTR(fence->given)); /* was of the one that is gone */
	trial_settle(fence);
	return 0;
}
