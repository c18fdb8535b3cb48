// SPDX-License-Identifier: GPL-2.0-only
/* The program on the interfaces: one instance each, held by a pinned link. */
#include "fence/kernel_internal.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "core/log.h"
#include "core/scoped.h"

/* Links. */

static void link_path(const struct fence *fence, unsigned int slot, char path[PATH_MAX])
{
	char name[16];

	snprintf(name, sizeof(name), MXF_PIN_LINK, slot);
	fence_pin_path(fence, name, path);
}

uint32_t fence_link_ifindex(struct fence *fence, unsigned int slot, uint32_t *program)
{
	struct bpf_link_info info = {0};
	uint32_t size = sizeof(info);
	char path[PATH_MAX];

	if (fence->links[slot] < 0) {
		link_path(fence, slot, path);
		fence->links[slot] = bpf_obj_get(path);
	}
	if (fence->links[slot] < 0 || bpf_obj_get_info_by_fd(fence->links[slot], &info, &size) ||
	    info.type != BPF_LINK_TYPE_XDP)
		return 0;
	if (program)
		*program = info.prog_id;
	return info.xdp.ifindex;
}

bool fence_link_name(struct fence *fence, unsigned int slot, char name[IF_NAMESIZE])
{
	uint32_t ifindex = fence_link_ifindex(fence, slot, NULL);

	return ifindex && if_indextoname(ifindex, name);
}

bool fence_note_name(struct fence *fence, uint32_t ifindex, const char *name,
		     char before[IF_NAMESIZE])
{
	for (unsigned int slot = 0; slot < MXF_INTERFACES_MAX; slot++) {
		char *known = fence->names[slot];

		if (fence->links[slot] < 0 || fence_link_ifindex(fence, slot, NULL) != ifindex)
			continue;
		if (!known[0])
			fence_interface_name(fence, slot, known);
		memcpy(before, known, IF_NAMESIZE);
		snprintf(known, IF_NAMESIZE, "%s", name);
		return strcmp(before, known) != 0;
	}
	return false;
}

/* Detached by name, so that a descriptor open elsewhere does not keep the program on. */
void fence_link_remove(struct fence *fence, unsigned int slot)
{
	char path[PATH_MAX];

	fence_link_ifindex(fence, slot, NULL);
	if (fence->links[slot] >= 0)
		bpf_link_detach(fence->links[slot]);
	scoped_close(&fence->links[slot]);
	fence->put[slot] = false;
	link_path(fence, slot, path);
	unlink(path);
}

static int link_pin(struct fence *fence, unsigned int slot, int link)
{
	char path[PATH_MAX];

	link_path(fence, slot, path);
	unlink(path);
	if (bpf_obj_pin(link, path))
		return -errno;
	scoped_close(&fence->links[slot]);
	fence->links[slot] = link;
	fence->names[slot][0] = '\0';
	return 0;
}

/* Slots. */

enum attach_step {
	STEP_MISSING, /* was fenced or unloaded and is gone; attached when it comes back */
	STEP_NEW,
	STEP_UPDATE, /* the program of a link that stands */
	STEP_MODE,   /* another attach mode: off and on again */
};

struct attach_plan {
	bool placed; /* `slot` and `before` are known */
	unsigned int slot;
	enum attach_step step;
	bool other_interface; /* the slot's counters are of another interface */
	struct device device; /* ifindex 0: there is none of that name */
	struct mxf_interface before;
};

/* The slot for a device, -ENOENT for none, else -errno. Slots that are taken are not for it. */
typedef int slot_choose_fn(struct fence *fence, const struct device *device, const bool *taken);

/* An interface that was renamed keeps its slot, with the counters and the program that is on it. */
static int slot_of_link(struct fence *fence, const struct device *device, const bool *taken)
{
	for (unsigned int slot = 0; slot < MXF_INTERFACES_MAX && device->ifindex; slot++)
		if (!taken[slot] && fence_link_ifindex(fence, slot, NULL) == device->ifindex)
			return (int)slot;
	return -ENOENT;
}

static int slot_of_name(struct fence *fence, const struct device *device, const bool *taken)
{
	struct mxf_interface record;

	for (unsigned int slot = 0; slot < MXF_INTERFACES_MAX; slot++) {
		int error = fence_read_slot(fence, slot, &record);

		if (error)
			return error;
		if (!taken[slot] && !strcmp(record.name, device->name))
			return (int)slot;
	}
	return -ENOENT;
}

/* A free one, or, as counters are kept while there is room, one that is not configured any more. */
static int slot_unused(struct fence *fence, const struct device *device, const bool *taken)
{
	struct mxf_interface record;
	int removed = -ENOENT;

	(void)device;
	for (unsigned int slot = 0; slot < MXF_INTERFACES_MAX; slot++) {
		int error = fence_read_slot(fence, slot, &record);

		if (error)
			return error;
		if (taken[slot])
			continue;
		if (!record.name[0])
			return (int)slot;
		if (record.state == MXF_INTERFACE_REMOVED && removed < 0)
			removed = (int)slot;
	}
	return removed;
}

static int slot_clear_counters(const struct fence *fence, unsigned int slot)
{
	int cpus = libbpf_num_possible_cpus();
	SCOPED_FREE struct mxf_counters *zeros = NULL;
	uint32_t key = slot;

	if (cpus < 1)
		return cpus;
	zeros = calloc((size_t)cpus, sizeof(*zeros));
	if (!zeros)
		return -ENOMEM;
	return bpf_map_update_elem(fence->maps[FENCE_MAP_COUNTERS], &key, zeros, BPF_ANY) ? -errno
											  : 0;
}

static int plan_read_device(const char *name, struct device *device, struct trouble *trouble)
{
	int error = device_read(name, device);

	if (error && error != -ENODEV)
		return trouble_set(trouble, error, "%s: %s", name, strerror(-error));
	if (error)
		*device = (struct device){.ifindex = 0};
	snprintf(device->name, sizeof(device->name), "%s", name);
	return 0;
}

/* Every device gets the slot that is most its own, before any gets one that is nobody's. */
static int plans_place(struct fence *fence, struct attach_plan *plans, size_t count)
{
	static slot_choose_fn *const choices[] = {slot_of_link, slot_of_name, slot_unused};
	bool taken[MXF_INTERFACES_MAX] = {false};

	for (size_t c = 0; c < sizeof(choices) / sizeof(choices[0]); c++) {
		for (size_t i = 0; i < count; i++) {
			struct attach_plan *plan = &plans[i];
			int error, slot = -ENOENT;

			if (!plan->placed)
				slot = choices[c](fence, &plan->device, taken);
			if (slot == -ENOENT)
				continue;
			error = slot < 0 ? slot : fence_read_slot(fence, slot, &plan->before);
			if (error)
				return error;
			taken[slot] = true;
			plan->placed = true;
			plan->slot = (unsigned int)slot;
			plan->other_interface = choices[c] == slot_unused;
		}
	}
	return 0;
}

/* What a device of ours is now that there is none of its name. */
static void plan_find_renamed(struct fence *fence, struct attach_plan *plan)
{
	struct device renamed;
	char now[IF_NAMESIZE];

	if (!fence_link_name(fence, plan->slot, now) || device_read(now, &renamed))
		return;
	memcpy(renamed.name, plan->device.name, sizeof(renamed.name));
	plan->device = renamed;
}

static int plan_step(struct fence *fence, enum mxf_attach attach, struct attach_plan *plan,
		     struct trouble *trouble)
{
	bool ours = plan->before.state != MXF_INTERFACE_REMOVED && !plan->other_interface;
	const struct device *device = &plan->device;
	uint32_t on, program = 0;

	if (!device->ifindex && ours)
		plan_find_renamed(fence, plan);
	if (!device->ifindex && ours) {
		plan->step = STEP_MISSING;
		return 0;
	}
	if (!device->ifindex)
		return trouble_set(trouble, -ENODEV, "%s: there is no such interface",
				   device->name);
	if (!device_is_ethernet(device))
		return trouble_set(
			trouble, -EPROTOTYPE,
			"%s is %s (type %u); the fence reads Ethernet frames, so attach it "
			"to the interface that carries them",
			device->name, device_type_text(device), device->type);
	on = ours ? fence_link_ifindex(fence, plan->slot, &program) : 0;
	if (on != device->ifindex) {
		program = 0;
		plan->step = STEP_NEW;
	} else {
		plan->step = plan->before.attach == attach ? STEP_UPDATE : STEP_MODE;
	}
	return explain_foreign_program(device, program, trouble);
}

/* Looks at every interface, changes nothing. `plans` has a zeroed entry for each of them. */
static int plans_make(struct fence *fence, const struct filter_config *filter,
		      struct attach_plan *plans, struct trouble *trouble)
{
	size_t count = filter->interface_count;
	int error = 0;

	if (count > MXF_INTERFACES_MAX)
		return trouble_set(trouble, -E2BIG, "more than %u interfaces", MXF_INTERFACES_MAX);
	for (size_t i = 0; i < count && !error; i++)
		error = plan_read_device(filter->interfaces[i].name, &plans[i].device, trouble);
	if (error)
		return error;
	error = plans_place(fence, plans, count);
	if (error)
		return trouble_set(trouble, error, "the interfaces map: %s", strerror(-error));
	for (size_t i = 0; i < count && !error; i++) {
		if (!plans[i].placed)
			return trouble_set(trouble, -ENOSPC,
					   "%s: all %u interface slots are in use; detach another "
					   "interface first",
					   plans[i].device.name, MXF_INTERFACES_MAX);
		error = plan_step(fence, filter->attach, &plans[i], trouble);
	}
	return error;
}

int fence_check_attach(struct fence *fence, const struct filter_config *filter,
		       struct trouble *trouble)
{
	SCOPED_FREE struct attach_plan *plans = calloc(filter->interface_count + 1, sizeof(*plans));

	if (!plans)
		return trouble_set(trouble, -ENOMEM, "out of memory");
	return plans_make(fence, filter, plans, trouble);
}

/* Carrying it out. */

static int slot_record(const struct fence *fence, const struct attach_plan *plan,
		       enum mxf_attach attach, bool frags, struct trouble *trouble)
{
	struct mxf_interface record = {.ifindex = plan->device.ifindex,
				       .attach = attach,
				       .frags = frags,
				       .state = MXF_INTERFACE_ATTACHED};
	int error;

	memcpy(record.name, plan->device.name, sizeof(record.name));
	error = fence_write_slot(fence, plan->slot, &record);
	return error ? trouble_set(trouble, error, "the interfaces map: %s", strerror(-error)) : 0;
}

static int attach_new(struct fence *fence, const struct attach_plan *plan, enum mxf_attach attach,
		      struct trouble *trouble)
{
	SCOPED_FD int link = -1;
	uint32_t on = fence_link_ifindex(fence, plan->slot, NULL);
	bool frags;
	int error = 0;

	if (plan->other_interface)
		error = slot_clear_counters(fence, plan->slot);
	if (error)
		return trouble_set(trouble, error, "the counters map: %s", strerror(-error));
	if (on && on != plan->device.ifindex)
		log_warning("%s: is another interface now; the fence leaves the one that had this "
			    "name before",
			    plan->device.name);
	fence_link_remove(fence, plan->slot);
	error = fence_program_attach(fence, plan->slot, &plan->device, attach, &link, &frags,
				     trouble);
	if (error)
		return error;
	error = link_pin(fence, plan->slot, link);
	if (error)
		return explain_bpf(error, "pinning the link", trouble);
	link = -1;
	fence->put[plan->slot] = true;
	error = slot_record(fence, plan, attach, frags, trouble);
	if (error)
		fence_link_remove(fence, plan->slot);
	else
		log_info("%s: attached, %s mode%s", plan->device.name, attach_name(attach),
			 frags ? "" : ", without multi-buffer support");
	return error;
}

static int attach_update(struct fence *fence, const struct attach_plan *plan,
			 enum mxf_attach attach, struct trouble *trouble)
{
	bool frags = plan->before.frags;
	int error = 0;

	if (!fence->put[plan->slot])
		error = fence_program_attach(fence, plan->slot, &plan->device, attach,
					     &fence->links[plan->slot], &frags, trouble);
	fence->put[plan->slot] = !error;
	return error ? error : slot_record(fence, plan, attach, frags, trouble);
}

/* The kernel has no way from one mode to the other that leaves no gap. */
static int attach_other_mode(struct fence *fence, const struct attach_plan *plan,
			     enum mxf_attach attach, struct trouble *trouble)
{
	struct trouble ignored;
	int error;

	log_warning("%s: changing from %s to %s mode leaves it without a fence for a moment",
		    plan->device.name, attach_name(plan->before.attach), attach_name(attach));
	error = attach_new(fence, plan, attach, trouble);
	if (error && attach_new(fence, plan, plan->before.attach, &ignored))
		log_error("%s: could not be attached again: %s", plan->device.name, ignored.text);
	return error;
}

static void attach_new_undo(struct fence *fence, const struct attach_plan *plans, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (plans[i].step != STEP_NEW)
			continue;
		fence_link_remove(fence, plans[i].slot);
		fence_write_slot(fence, plans[i].slot, &plans[i].before);
	}
}

static int plans_carry_out(struct fence *fence, const struct attach_plan *plans, size_t count,
			   enum attach_step step, enum mxf_attach attach, struct trouble *trouble)
{
	for (size_t i = 0; i < count; i++) {
		int error = 0;

		if (plans[i].step != step)
			continue;
		if (step == STEP_NEW)
			error = attach_new(fence, &plans[i], attach, trouble);
		else if (step == STEP_MODE)
			error = attach_other_mode(fence, &plans[i], attach, trouble);
		else if (step == STEP_UPDATE)
			error = attach_update(fence, &plans[i], attach, trouble);
		if (error && step == STEP_NEW)
			attach_new_undo(fence, plans, i + 1);
		if (error)
			return error;
	}
	return 0;
}

static int detach_unlisted(struct fence *fence, const struct filter_config *filter,
			   struct trouble *trouble)
{
	for (unsigned int slot = 0; slot < MXF_INTERFACES_MAX; slot++) {
		struct mxf_interface record;
		int error = fence_read_slot(fence, slot, &record);

		if (!error && record.state != MXF_INTERFACE_REMOVED &&
		    !config_find_interface(filter, record.name)) {
			fence_link_remove(fence, slot);
			record.state = MXF_INTERFACE_REMOVED;
			error = fence_write_slot(fence, slot, &record);
			log_info("%s: detached", record.name);
		}
		if (error)
			return trouble_set(trouble, error, "the interfaces map: %s",
					   strerror(-error));
	}
	return 0;
}

static void log_absent(struct fence *fence, const struct attach_plan *plan)
{
	char now[IF_NAMESIZE];

	if (fence_link_name(fence, plan->slot, now) && strcmp(now, plan->device.name) != 0)
		log_warning("%s is called %s now; the fence is on it", plan->device.name, now);
	else if (plan->step == STEP_MISSING)
		log_warning("%s: there is no such interface now; it is attached when it comes back",
			    plan->device.name);
}

/* What may fail comes first and is undone; an update hardly ever fails, a detachment never. */
int fence_attach(struct fence *fence, const struct filter_config *filter, struct trouble *trouble)
{
	static const enum attach_step order[] = {STEP_NEW, STEP_UPDATE, STEP_MODE};
	size_t count = filter->interface_count;
	SCOPED_FREE struct attach_plan *plans = calloc(count + 1, sizeof(*plans));
	int error;

	if (!plans)
		return trouble_set(trouble, -ENOMEM, "out of memory");
	error = plans_make(fence, filter, plans, trouble);
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]) && !error; i++) {
		error = plans_carry_out(fence, plans, count, order[i], filter->attach, trouble);
		if (error && order[i] != STEP_NEW)
			attach_new_undo(fence, plans, count);
	}
	if (error)
		return error;
	for (size_t i = 0; i < count; i++)
		log_absent(fence, &plans[i]);
	return detach_unlisted(fence, filter, trouble);
}

int fence_repair(struct fence *fence, const struct filter_config *filter, struct trouble *trouble)
{
	int repaired = 0;

	for (size_t i = 0; i < filter->interface_count; i++) {
		struct filter_config one = *filter;
		struct attach_plan plan = {0};
		int error;

		one.interfaces = &filter->interfaces[i];
		one.interface_count = 1;
		error = plans_make(fence, &one, &plan, trouble);
		if (!error && plan.step == STEP_NEW)
			error = attach_new(fence, &plan, filter->attach, trouble);
		if (error)
			return error;
		repaired += plan.step == STEP_NEW;
	}
	return repaired;
}
