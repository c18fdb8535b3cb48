// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel tells: the current generation, counters, drops, events. */
#include "fence/kernel_internal.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "core/scoped.h"

static int inner_map_open(uint32_t id, struct inner_map *inner)
{
	struct inner_map opened = {.fd = bpf_map_get_fd_by_id(id), .id = id};
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info);
	int error;

	if (opened.fd < 0)
		return -errno;
	if (bpf_obj_get_info_by_fd(opened.fd, &info, &size)) {
		error = -errno;
		inner_map_clear(&opened);
		return error;
	}
	opened.size = (size_t)info.max_entries * info.value_size;
	opened.memory = mmap(NULL, opened.size, PROT_READ, MAP_SHARED, opened.fd, 0);
	if (opened.memory == MAP_FAILED) {
		error = -errno;
		opened.memory = NULL;
		inner_map_clear(&opened);
		return error;
	}
	*inner = opened;
	return 0;
}

/* Maps what is in a slot; what is mapped already stays as it is. */
static int slot_load(const struct fence *fence, uint32_t slot, struct inner_map *inner,
		     struct trouble *trouble)
{
	struct inner_map opened;
	uint32_t id;
	int error;

	if (bpf_map_lookup_elem(fence->maps[FENCE_MAP_GENERATIONS], &slot, &id)) {
		if (errno != ENOENT)
			return explain_bpf(-errno, "reading the generations", trouble);
		inner_map_clear(inner);
		return trouble_set(trouble, -ENOENT, "no generation was published yet");
	}
	if (inner->memory && inner->id == id)
		return 0;
	error = inner_map_open(id, &opened);
	if (error == -EPERM)
		return trouble_set(trouble, error, "opening a generation takes CAP_SYS_ADMIN");
	if (error)
		return explain_bpf(error, "opening a generation", trouble);
	if (!generation_check(opened.memory, opened.size)) {
		inner_map_clear(&opened);
		return trouble_set(trouble, -EPROTO, "the generation in slot %u is damaged", slot);
	}
	inner_map_clear(inner);
	*inner = opened;
	return 0;
}

int fence_load_generations(struct fence *fence, struct trouble *trouble)
{
	int error = slot_load(fence, MXF_GENERATION_PREVIOUS, &fence->before, trouble);

	if (error && error != -ENOENT)
		return error;
	return slot_load(fence, MXF_GENERATION_CURRENT, &fence->current, trouble);
}

int fence_generation(struct fence *fence, const struct mxf_generation **generation,
		     struct trouble *trouble)
{
	const struct mxf_generation *current;
	int error = fence_load_generations(fence, trouble);

	if (error)
		return error;
	current = fence->current.memory;
	if (fence->before.memory && current->trial_deadline &&
	    trial_now() >= current->trial_deadline)
		current = fence->before.memory;
	*generation = current;
	return 0;
}

int fence_read_slot(const struct fence *fence, unsigned int slot, struct mxf_interface *out)
{
	uint32_t key = slot;

	if (bpf_map_lookup_elem(fence->maps[FENCE_MAP_INTERFACES], &key, out))
		return -errno;
	out->name[sizeof(out->name) - 1] = '\0';
	return 0;
}

int fence_write_slot(const struct fence *fence, unsigned int slot,
		     const struct mxf_interface *interface)
{
	uint32_t key = slot;

	return bpf_map_update_elem(fence->maps[FENCE_MAP_INTERFACES], &key, interface, BPF_ANY)
		       ? -errno
		       : 0;
}

void fence_interface_name(const struct fence *fence, unsigned int slot, char name[16])
{
	struct mxf_interface record;

	name[0] = '\0';
	if (slot < MXF_INTERFACES_MAX && !fence_read_slot(fence, slot, &record))
		memcpy(name, record.name, sizeof(record.name));
}

static void counters_add(struct mxf_counters *sum, const struct mxf_counters *cpu)
{
	for (size_t f = 0; f < MXF_FAMILY_COUNT; f++)
		for (size_t v = 0; v < MXF_VERDICT_COUNT; v++)
			for (size_t r = 0; r < MXF_REASON_COUNT; r++) {
				sum->counts[f][v][r].packets += cpu->counts[f][v][r].packets;
				sum->counts[f][v][r].bytes += cpu->counts[f][v][r].bytes;
			}
	sum->recorded += cpu->recorded;
	sum->events_lost += cpu->events_lost;
}

_Static_assert(sizeof(struct mxf_counters) % 8 == 0, "per-CPU values are padded to 8 bytes");

static int counters_read(const struct fence *fence, unsigned int slot, struct mxf_counters *per_cpu,
			 int cpus, struct mxf_counters *sum)
{
	uint32_t key = slot;

	if (bpf_map_lookup_elem(fence->maps[FENCE_MAP_COUNTERS], &key, per_cpu))
		return -errno;
	memset(sum, 0, sizeof(*sum));
	for (int cpu = 0; cpu < cpus; cpu++)
		counters_add(sum, &per_cpu[cpu]);
	return 0;
}

static int interface_read(struct fence *fence, unsigned int slot, struct fence_interface *out)
{
	struct mxf_interface record;
	int error = fence_read_slot(fence, slot, &record);

	if (error || !record.name[0])
		return error ? error : -ENOENT;
	*out = (struct fence_interface){
		.slot = slot,
		.ifindex = record.ifindex,
		.attach = record.attach == MXF_ATTACH_GENERIC ? MXF_ATTACH_GENERIC
							      : MXF_ATTACH_NATIVE,
		.frags = record.frags,
		.removed = record.state == MXF_INTERFACE_REMOVED,
	};
	memcpy(out->name, record.name, sizeof(out->name));
	out->attached = record.state == MXF_INTERFACE_ATTACHED &&
			fence_link_ifindex(fence, slot, NULL) != 0;
	if (out->attached && fence_link_name(fence, slot, out->now) && !strcmp(out->now, out->name))
		out->now[0] = '\0';
	return 0;
}

int fence_read_interfaces(struct fence *fence,
			  struct fence_interface interfaces[MXF_INTERFACES_MAX])
{
	int cpus = libbpf_num_possible_cpus();
	SCOPED_FREE struct mxf_counters *per_cpu = NULL;
	int count = 0;

	if (cpus < 1)
		return cpus;
	per_cpu = calloc((size_t)cpus, sizeof(*per_cpu));
	if (!per_cpu)
		return -ENOMEM;
	for (unsigned int slot = 0; slot < MXF_INTERFACES_MAX; slot++) {
		struct fence_interface *out = &interfaces[count];
		int error = interface_read(fence, slot, out);

		if (error == -ENOENT)
			continue;
		if (!error)
			error = counters_read(fence, slot, per_cpu, cpus, &out->counters);
		if (error)
			return error;
		count++;
	}
	return count;
}

static int buckets_read(const struct fence *fence, enum fence_map map, struct mxf_drop **drops)
{
	SCOPED_FREE struct mxf_drop *found =
		calloc(MXF_DROP_BUCKETS * MXF_DROP_WAYS, sizeof(*found));
	struct mxf_drop_bucket bucket;
	int count = 0;

	if (!found)
		return -ENOMEM;
	for (uint32_t key = 0; key < MXF_DROP_BUCKETS; key++) {
		if (bpf_map_lookup_elem_flags(fence->maps[map], &key, &bucket, BPF_F_LOCK))
			return -errno;
		for (size_t way = 0; way < MXF_DROP_WAYS; way++)
			if (bucket.ways[way].family != MXF_FAMILY_OTHER)
				found[count++] = bucket.ways[way];
	}
	*drops = TAKE_PTR(found);
	return count;
}

int fence_read_drops(struct fence *fence, struct mxf_drop **drops)
{
	return buckets_read(fence, FENCE_MAP_DROPS, drops);
}

int fence_read_passes(struct fence *fence, struct mxf_drop **passes)
{
	return buckets_read(fence, FENCE_MAP_PASSES, passes);
}

static int event_received(void *context, void *data, size_t size)
{
	struct fence *fence = context;

	if (size >= sizeof(struct mxf_event))
		fence->event_fn(fence->event_context, data);
	return 0;
}

int fence_events_open(struct fence *fence, fence_event_fn *fn, void *context)
{
	fence->event_fn = fn;
	fence->event_context = context;
	fence->ring = ring_buffer__new(fence->maps[FENCE_MAP_EVENTS], event_received, fence, NULL);
	return fence->ring ? 0 : -errno;
}

int fence_events_fd(const struct fence *fence)
{
	return ring_buffer__epoll_fd(fence->ring);
}

int fence_events_consume(struct fence *fence)
{
	return ring_buffer__consume(fence->ring);
}
