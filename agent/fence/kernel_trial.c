// SPDX-License-Identifier: GPL-2.0-only
/*
 * Trials: the generation before stays in the kernel, which goes back to it by itself when the
 * deadline passes, whether an agent runs then or not.
 */
#include "fence/kernel_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "core/log.h"
#include "core/scoped.h"
#include "fence/generation.h"

uint64_t trial_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static const struct mxf_generation *header(const struct inner_map *inner)
{
	return inner->memory;
}

static bool is_on_trial(const struct fence *fence)
{
	return fence->before.memory && fence->current.memory &&
	       header(&fence->current)->trial_deadline;
}

/* Another descriptor and mapping of the same map. */
static int inner_map_share(const struct inner_map *from, struct inner_map *to)
{
	struct inner_map shared = *from;

	shared.fd = fcntl(from->fd, F_DUPFD_CLOEXEC, 0);
	shared.memory = mmap(NULL, from->size, PROT_READ, MAP_SHARED, from->fd, 0);
	if (shared.memory == MAP_FAILED)
		shared.memory = NULL;
	if (shared.fd < 0 || !shared.memory) {
		inner_map_clear(&shared);
		return -ENOMEM;
	}
	*to = shared;
	return 0;
}

/* What was mapped to be read can never be written, so it is mapped once more. */
static void *map_to_write(const struct inner_map *inner, size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, inner->fd, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

/*
 * What the generation on trial counted is also the former one's, in case it comes back. An agent
 * that was started meanwhile does not know what it began with, so these hits are lost.
 */
static void hits_go_back(struct fence *fence)
{
	struct mxf_generation *before = NULL;

	if (fence->given)
		before = map_to_write(&fence->before, fence->before.size);
	if (!before)
		return;
	generation_carry_hits(header(&fence->current), before, fence->given, NULL);
	munmap(before, fence->before.size);
}

int trial_before_swap(struct fence *fence, uint64_t deadline, struct trouble *trouble)
{
	int error;

	if (is_on_trial(fence)) {
		hits_go_back(fence);
		return 0;
	}
	if (!deadline)
		return 0;
	if (!fence->current.memory)
		return trouble_set(trouble, -ENOENT,
				   "there is no generation that a trial could go back to");
	error = inner_map_share(&fence->current, &fence->before);
	if (error)
		return trouble_set(trouble, error, "out of memory");
	error = fence_slot_put(fence, MXF_GENERATION_PREVIOUS, fence->before.fd, trouble);
	if (error)
		inner_map_clear(&fence->before);
	return error;
}

void trial_settle(struct fence *fence)
{
	struct trouble trouble;

	if (is_on_trial(fence))
		return;
	free(TAKE_PTR(fence->given));
	if (fence->before.fd < 0)
		return;
	if (fence_slot_put(fence, MXF_GENERATION_PREVIOUS, -1, &trouble))
		log_error("%s", trouble.text);
	inner_map_clear(&fence->before);
}

int fence_trial_read(struct fence *fence, struct fence_trial *trial, struct trouble *trouble)
{
	int error = fence_load_generations(fence, trouble);

	*trial = (struct fence_trial){.deadline = 0};
	if (error)
		return error == -ENOENT ? 0 : error;
	if (header(&fence->current)->unconfirmed != header(&fence->current)->config_hash)
		trial->unconfirmed = header(&fence->current)->unconfirmed;
	if (!is_on_trial(fence))
		return 0;
	*trial = (struct fence_trial){
		.deadline = header(&fence->current)->trial_deadline,
		.ended = trial_now() >= header(&fence->current)->trial_deadline,
		.generation = header(&fence->current)->number,
		.previous = header(&fence->before)->number,
	};
	return 0;
}

/* For the agents that follow: the files may still hold it. */
static void note_unconfirmed(const struct fence *fence)
{
	struct mxf_generation *before = map_to_write(&fence->before, sizeof(*before));

	if (!before)
		return;
	before->unconfirmed = header(&fence->current)->config_hash;
	munmap(before, sizeof(*before));
}

static int deadline_clear(const struct inner_map *current, struct trouble *trouble)
{
	size_t size = sizeof(struct mxf_generation);
	struct mxf_generation *generation = map_to_write(current, size);

	if (!generation)
		return explain_bpf(-errno, "confirming the generation", trouble);
	__atomic_store_n(&generation->trial_deadline, 0, __ATOMIC_RELEASE);
	munmap(generation, size);
	return 0;
}

static int trial_get(struct fence *fence, struct fence_trial *trial, struct trouble *trouble)
{
	int error = fence_trial_read(fence, trial, trouble);

	if (!error && !trial->deadline)
		return trouble_set(trouble, -ENOENT, "there is no trial");
	return error;
}

int fence_trial_confirm(struct fence *fence, struct trouble *trouble)
{
	struct fence_trial trial;
	int error = trial_get(fence, &trial, trouble);

	if (error)
		return error;
	if (trial.ended)
		return trouble_set(trouble, -ETIME,
				   "the trial is over: generation %llu is in force again",
				   (unsigned long long)trial.previous);
	error = deadline_clear(&fence->current, trouble);
	if (!error)
		trial_settle(fence);
	return error;
}

int fence_trial_end(struct fence *fence, struct trouble *trouble)
{
	struct fence_trial trial;
	int error = trial_get(fence, &trial, trouble);

	if (error)
		return error;
	hits_go_back(fence);
	note_unconfirmed(fence);
	error = fence_slot_put(fence, MXF_GENERATION_CURRENT, fence->before.fd, trouble);
	if (error)
		return error;
	hits_go_back(fence);
	error = fence_slot_put(fence, MXF_GENERATION_PREVIOUS, -1, trouble);
	inner_map_clear(&fence->current);
	fence->current = fence->before;
	fence->before = (struct inner_map){.fd = -1};
	free(TAKE_PTR(fence->given));
	return error;
}
