// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loaded instances of the program. Each slot has its own, which has the slot's number in it, and
 * keeps it: an interface that comes back needs no privilege to load.
 */
#include "fence/kernel_internal.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>

#include "core/log.h"
#include "core/scoped.h"
#include "fence.skel.h"

static int program_share_maps(const struct fence *fence, struct fence_bpf *skeleton)
{
	for (size_t i = 0; i < FENCE_MAP_COUNT; i++) {
		struct bpf_map *map =
			bpf_object__find_map_by_name(skeleton->obj, fence_map_names[i]);
		int error = map ? bpf_map__reuse_fd(map, fence->maps[i]) : -ENOENT;

		if (error)
			return error;
	}
	return 0;
}

static int program_open(const struct fence *fence, unsigned int slot, bool frags,
			struct fence_bpf *skeleton)
{
	int error = program_share_maps(fence, skeleton);

	skeleton->rodata->interface_slot = slot;
	if (!error && frags)
		error = bpf_program__set_flags(skeleton->progs.mxfence, BPF_F_XDP_HAS_FRAGS);
	return error ? error : fence_bpf__load(skeleton);
}

/* The slot's instance, loaded now if it is not yet; its descriptor stays the fence's. */
static int program_get(struct fence *fence, unsigned int slot, bool frags, struct trouble *trouble)
{
	int *kept = &fence->programs[slot][frags];
	struct fence_bpf *skeleton;
	int error;

	if (*kept >= 0)
		return *kept;
	skeleton = fence_bpf__open();
	if (!skeleton)
		return explain_bpf(-errno, "opening the BPF object", trouble);
	error = program_open(fence, slot, frags, skeleton);
	if (!error) {
		*kept = fcntl(bpf_program__fd(skeleton->progs.mxfence), F_DUPFD_CLOEXEC, 0);
		error = *kept < 0 ? -errno : 0;
	}
	fence_bpf__destroy(skeleton);
	return error ? explain_load(error, trouble) : *kept;
}

/* Puts a program on the device: updates `*link`, or makes it when it is -1. */
static int program_put(int program, const struct device *device, enum mxf_attach attach, int *link)
{
	LIBBPF_OPTS(bpf_link_create_opts, options,
		    .flags =
			    attach == MXF_ATTACH_GENERIC ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE);
	int made;

	if (*link >= 0)
		return bpf_link_update(*link, program, NULL) ? -errno : 0;
	made = bpf_link_create(program, (int)device->ifindex, BPF_XDP, &options);
	if (made < 0)
		return -errno;
	*link = made;
	return 0;
}

static bool may_be_for_frags(int error)
{
	return error == -EINVAL || error == -EOPNOTSUPP || error == -ERANGE || error == -E2BIG;
}

/*
 * With frags first: only so are jumbo frames seen whole. A driver that has no multi-buffer support
 * refuses such a program; it then takes the plain one if its MTU fits into one buffer.
 */
int fence_program_attach(struct fence *fence, unsigned int slot, const struct device *device,
			 enum mxf_attach attach, int *link, bool *frags, struct trouble *trouble)
{
	int refused = 0;

	for (int plain = 0; plain < 2; plain++) {
		int program = program_get(fence, slot, !plain, trouble);
		int error;

		if (program < 0)
			return program;
		error = program_put(program, device, attach, link);
		*frags = !plain;
		if (!error)
			return 0;
		refused = error;
		if (!may_be_for_frags(error))
			break;
	}
	if (refused == -EBUSY && !explain_foreign_program(device, 0, trouble))
		return trouble_set(trouble, refused, "%s: busy with another XDP program",
				   device->name);
	return refused == -EBUSY ? refused : explain_attach(refused, device, attach, trouble);
}

static int program_get_both(struct fence *fence, unsigned int slot, struct trouble *trouble)
{
	for (int frags = 0; frags < 2; frags++) {
		int program = program_get(fence, slot, frags, trouble);

		if (program < 0)
			return program;
	}
	return 0;
}

/* For every slot that has had an interface; *listed is how many of those `filter` has. */
static int prepare_known(struct fence *fence, const struct filter_config *filter,
			 unsigned int *listed, struct trouble *trouble)
{
	struct mxf_interface record;

	for (unsigned int slot = 0; slot < MXF_INTERFACES_MAX; slot++) {
		int error = fence_read_slot(fence, slot, &record);

		if (error)
			return explain_bpf(error, "the interfaces map", trouble);
		if (!record.name[0])
			continue;
		*listed += config_find_interface(filter, record.name) != NULL;
		error = program_get_both(fence, slot, trouble);
		if (error)
			return error;
	}
	return 0;
}

/* For the first `count` free slots, which are those that new interfaces get. */
static int prepare_free(struct fence *fence, size_t count, struct trouble *trouble)
{
	struct mxf_interface record;

	for (unsigned int slot = 0; slot < MXF_INTERFACES_MAX && count; slot++) {
		int error = fence_read_slot(fence, slot, &record);

		if (error)
			return explain_bpf(error, "the interfaces map", trouble);
		if (record.name[0])
			continue;
		error = program_get_both(fence, slot, trouble);
		if (error)
			return error;
		count--;
	}
	return 0;
}

int fence_prepare(struct fence *fence, const struct filter_config *filter, unsigned int spares,
		  struct trouble *trouble)
{
	struct trouble current = {.text = ""};
	unsigned int listed = 0;
	int error = prepare_known(fence, filter, &listed, trouble);

	if (!error)
		error = prepare_free(fence, filter->interface_count - listed + spares, trouble);
	if (error)
		return error;
	error = fence_load_generations(fence, &current);
	if (error && error != -ENOENT)
		log_warning("the hits so far are lost: %s", current.text);
	return 0;
}
