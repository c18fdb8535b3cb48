// SPDX-License-Identifier: GPL-2.0-only
/* The pins: opened, created, removed. */
#include "fence/kernel_internal.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "core/log.h"
#include "core/scoped.h"
#include "fence.skel.h"

#define BPF_FILESYSTEM 0xcafe4a11

#define FENCE_MAP_NAME(id, name, type, size, entries) [FENCE_MAP_##id] = name,
const char *const fence_map_names[FENCE_MAP_COUNT] = {FENCE_MAPS(FENCE_MAP_NAME)};

static const struct {
	uint32_t type;
	uint32_t value_size;
	uint32_t entries;
} map_shapes[FENCE_MAP_COUNT] = {
#define FENCE_MAP_SHAPE(id, name, type, size, entries) [FENCE_MAP_##id] = {type, size, entries},
	FENCE_MAPS(FENCE_MAP_SHAPE)};

void fence_pin_path(const struct fence *fence, const char *name, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/%s", fence->pin_dir, name);
}

static struct fence *fence_new(const char *pin_dir)
{
	struct fence *fence = calloc(1, sizeof(*fence));

	if (!fence)
		return NULL;
	fence->directory = -1;
	fence->current.fd = -1;
	fence->previous.fd = -1;
	fence->before.fd = -1;
	for (size_t i = 0; i < FENCE_MAP_COUNT; i++)
		fence->maps[i] = -1;
	for (size_t i = 0; i < MXF_INTERFACES_MAX; i++) {
		fence->links[i] = -1;
		fence->programs[i][0] = -1;
		fence->programs[i][1] = -1;
	}
	fence->pin_dir = strdup(pin_dir);
	if (!fence->pin_dir)
		fence_close(&fence);
	return fence;
}

void inner_map_clear(struct inner_map *inner)
{
	if (inner->memory)
		munmap(inner->memory, inner->size);
	scoped_close(&inner->fd);
	*inner = (struct inner_map){.fd = -1};
}

void fence_close(struct fence **fence)
{
	struct fence *closing = TAKE_PTR(*fence);

	if (!closing)
		return;
	ring_buffer__free(closing->ring);
	inner_map_clear(&closing->current);
	inner_map_clear(&closing->previous);
	inner_map_clear(&closing->before);
	free(closing->given);
	free(closing->temporary);
	for (size_t i = 0; i < MXF_INTERFACES_MAX; i++) {
		scoped_close(&closing->links[i]);
		scoped_close(&closing->programs[i][0]);
		scoped_close(&closing->programs[i][1]);
	}
	for (size_t i = 0; i < FENCE_MAP_COUNT; i++)
		scoped_close(&closing->maps[i]);
	scoped_close(&closing->directory);
	free(closing->pin_dir);
	free(closing);
}

static void fence_cleanup(struct fence **fence)
{
	fence_close(fence);
}

/* What is pinned already. */

static int map_check_shape(const struct fence *fence, enum fence_map map, struct trouble *trouble)
{
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fence->maps[map], &info, &size))
		return explain_bpf(-errno, "reading a pinned map", trouble);
	if (info.type == map_shapes[map].type && info.value_size == map_shapes[map].value_size &&
	    info.max_entries == map_shapes[map].entries)
		return 0;
	return trouble_set(trouble, -EPROTO,
			   "%s/%s is not the map that this version of mxfence makes; "
			   "`mxfenced --replace-pins` makes all anew",
			   fence->pin_dir, fence_map_names[map]);
}

static int map_open(struct fence *fence, enum fence_map map, struct trouble *trouble)
{
	char path[PATH_MAX];
	int error;

	fence_pin_path(fence, fence_map_names[map], path);
	fence->maps[map] = bpf_obj_get(path);
	if (fence->maps[map] >= 0)
		return map_check_shape(fence, map, trouble);
	error = -errno;
	if (error == -ENOENT)
		return trouble_set(trouble, error, "nothing is pinned in %s", fence->pin_dir);
	if (error == -EPERM || error == -EACCES)
		return trouble_set(trouble, -EPERM, "%s may only be read by root", path);
	return trouble_set(trouble, error, "%s: %s", path, strerror(-error));
}

static int schema_check(const struct fence *fence, struct trouble *trouble)
{
	struct mxf_schema schema;
	uint32_t key = 0;

	if (bpf_map_lookup_elem(fence->maps[FENCE_MAP_SCHEMA], &key, &schema))
		return explain_bpf(-errno, "reading the schema", trouble);
	if (schema.magic != MXF_SCHEMA_MAGIC)
		return trouble_set(trouble, -EPROTO,
				   "the pins in %s are not mxfence's (schema magic %#x, not %#x); "
				   "`mxfenced --replace-pins` replaces them",
				   fence->pin_dir, schema.magic, MXF_SCHEMA_MAGIC);
	if (schema.version != MXF_SCHEMA)
		return trouble_set(trouble, -EPROTO,
				   "the pins in %s are of schema %u, this version of mxfence has "
				   "schema %u; `mxfenced --replace-pins` replaces them, which "
				   "opens the fence for a moment and forgets the counters",
				   fence->pin_dir, schema.version, MXF_SCHEMA);
	return 0;
}

static int pins_open(struct fence *fence, struct trouble *trouble)
{
	int error = map_open(fence, FENCE_MAP_SCHEMA, trouble);

	if (!error)
		error = schema_check(fence, trouble);
	for (enum fence_map i = 0; i < FENCE_MAP_COUNT && !error; i++) {
		if (i == FENCE_MAP_SCHEMA)
			continue;
		error = map_open(fence, i, trouble);
		if (error == -ENOENT)
			error = trouble_set(trouble, -EPROTO,
					    "%s lacks the map %s; `mxfenced --replace-pins` makes "
					    "all anew",
					    fence->pin_dir, fence_map_names[i]);
	}
	return error;
}

int fence_open_pinned(const char *pin_dir, struct fence **fence, struct trouble *trouble)
{
	__attribute__((cleanup(fence_cleanup))) struct fence *opened = fence_new(pin_dir);
	int error;

	if (!opened)
		return trouble_set(trouble, -ENOMEM, "out of memory");
	error = pins_open(opened, trouble);
	if (error)
		return error;
	*fence = TAKE_PTR(opened);
	return 0;
}

/* The pin directory. */

/* Cuts the path down to what of it is there. */
static int directory_find(char *path)
{
	struct stat status;

	while (stat(path, &status)) {
		char *slash = strrchr(path, '/');

		if (errno != ENOENT)
			return -errno;
		if (!slash)
			snprintf(path, 2, ".");
		else
			slash[slash == path] = '\0';
	}
	return 0;
}

static int directory_check_filesystem(const char *pin_dir, struct trouble *trouble)
{
	char path[PATH_MAX];
	struct statfs status;
	int error;

	if (snprintf(path, sizeof(path), "%s", pin_dir) >= (int)sizeof(path))
		return trouble_set(trouble, -ENAMETOOLONG, "the pin directory's name is too long");
	error = directory_find(path);
	if (!error && statfs(path, &status))
		error = -errno;
	if (error)
		return trouble_set(trouble, error, "%s: %s", path, strerror(-error));
	if ((uint32_t)status.f_type == BPF_FILESYSTEM)
		return 0;
	return trouble_set(trouble, -EINVAL,
			   "%s is not on a BPF filesystem, where alone pins can live; "
			   "`mount -t bpf bpf %s` makes one",
			   pin_dir, path);
}

/* With those above it; they are cheap to leave behind. */
static int directory_make(const char *pin_dir, struct trouble *trouble)
{
	char path[PATH_MAX];
	char *slash = path;
	int error = directory_check_filesystem(pin_dir, trouble);

	if (error)
		return error;
	snprintf(path, sizeof(path), "%s", pin_dir);
	while ((slash = strchr(slash + 1, '/'))) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	if (mkdir(path, 0700) && errno != EEXIST)
		return trouble_set(trouble, -errno, "cannot create %s: %s", pin_dir,
				   strerror(errno));
	return 0;
}

static int directory_open(struct fence *fence, struct trouble *trouble)
{
	int error;

	if (strchr(fence->pin_dir, '.'))
		return trouble_set(trouble, -EINVAL,
				   "the pin directory %s has a dot in its name, which the BPF "
				   "filesystem does not allow",
				   fence->pin_dir);
	error = directory_make(fence->pin_dir, trouble);
	if (error)
		return error;
	fence->directory = open(fence->pin_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fence->directory < 0)
		return trouble_set(trouble, -errno, "%s: %s", fence->pin_dir, strerror(errno));
	if (flock(fence->directory, LOCK_EX | LOCK_NB))
		return trouble_set(trouble, -EBUSY, "another mxfenced works with the pins in %s",
				   fence->pin_dir);
	return 0;
}

static bool pin_is_ours(const char *name)
{
	unsigned int slot;

	for (size_t i = 0; i < FENCE_MAP_COUNT; i++)
		if (!strcmp(name, fence_map_names[i]))
			return true;
	return sscanf(name, MXF_PIN_LINK, &slot) == 1;
}

/* Schema by schema the number of links may differ, so the names on disk decide. */
static int pins_remove(struct fence *fence, struct trouble *trouble)
{
	DIR *directory = opendir(fence->pin_dir);
	struct dirent *entry;
	char path[PATH_MAX];
	int error = 0;

	if (!directory)
		return trouble_set(trouble, -errno, "%s: %s", fence->pin_dir, strerror(errno));
	while ((entry = readdir(directory))) {
		if (!pin_is_ours(entry->d_name))
			continue;
		fence_pin_path(fence, entry->d_name, path);
		if (!strncmp(entry->d_name, "link_", 5)) {
			SCOPED_FD int link = bpf_obj_get(path);

			if (link >= 0)
				bpf_link_detach(link);
		}
		if (unlink(path) && errno != ENOENT)
			error = trouble_set(trouble, -errno, "cannot remove %s: %s", path,
					    strerror(errno));
	}
	closedir(directory);
	return error;
}

/* Making maps. */

static int map_pin(struct fence *fence, const struct fence_bpf *skeleton, enum fence_map map)
{
	struct bpf_map *made = bpf_object__find_map_by_name(skeleton->obj, fence_map_names[map]);
	char path[PATH_MAX];

	if (!made)
		return -ENOENT;
	fence_pin_path(fence, fence_map_names[map], path);
	fence->maps[map] = fcntl(bpf_map__fd(made), F_DUPFD_CLOEXEC, 0);
	if (fence->maps[map] < 0)
		return -errno;
	return bpf_obj_pin(fence->maps[map], path) ? -errno : 0;
}

static int schema_write(const struct fence_bpf *skeleton)
{
	struct mxf_schema schema = {.magic = MXF_SCHEMA_MAGIC, .version = MXF_SCHEMA};
	struct bpf_map *map = bpf_object__find_map_by_name(skeleton->obj, MXF_MAP_SCHEMA);
	uint32_t key = 0;

	if (!map)
		return -ENOENT;
	return bpf_map_update_elem(bpf_map__fd(map), &key, &schema, BPF_ANY) ? -errno : 0;
}

/* The maps are made as the BPF object declares them, without loading its program. */
static int pins_create(struct fence *fence, struct trouble *trouble)
{
	struct fence_bpf *skeleton = fence_bpf__open();
	int error;

	if (!skeleton)
		return explain_bpf(-errno, "opening the BPF object", trouble);
	bpf_program__set_autoload(skeleton->progs.mxfence, false);
	error = fence_bpf__load(skeleton);
	if (!error)
		error = schema_write(skeleton);
	if (error)
		explain_bpf(error, "creating the maps", trouble);
	for (enum fence_map i = 0; i < FENCE_MAP_COUNT && !error; i++) {
		error = map_pin(fence, skeleton, i);
		if (error)
			explain_bpf(error, "pinning the maps", trouble);
	}
	fence_bpf__destroy(skeleton);
	fence->created = !error;
	return error;
}

static void maps_close(struct fence *fence)
{
	for (size_t i = 0; i < FENCE_MAP_COUNT; i++)
		scoped_close(&fence->maps[i]);
}

/* Without a schema nothing can have been attached: what lies there is from an interrupted start. */
static int pins_open_or_create(struct fence *fence, bool replace, struct trouble *trouble)
{
	int error = pins_open(fence, trouble);

	if (!error || (error == -EPROTO && !replace) || (error != -ENOENT && error != -EPROTO))
		return error;
	if (error == -EPROTO)
		log_warning("%s: the pins are replaced", fence->pin_dir);
	maps_close(fence);
	error = pins_remove(fence, trouble);
	if (error)
		return error;
	error = pins_create(fence, trouble);
	if (error) {
		struct trouble ignored;

		pins_remove(fence, &ignored);
	}
	return error;
}

int fence_open(const char *pin_dir, bool replace, struct fence **fence, struct trouble *trouble)
{
	__attribute__((cleanup(fence_cleanup))) struct fence *opened = fence_new(pin_dir);
	int error;

	if (!opened)
		return trouble_set(trouble, -ENOMEM, "out of memory");
	error = fence_check_permission(trouble);
	if (!error)
		error = directory_open(opened, trouble);
	if (!error)
		error = pins_open_or_create(opened, replace, trouble);
	if (error)
		return error;
	*fence = TAKE_PTR(opened);
	return 0;
}

bool fence_is_new(const struct fence *fence)
{
	return fence->created;
}

int fence_detach(struct fence *fence, bool remove_pins, struct trouble *trouble)
{
	struct mxf_interface interface;
	int error = 0, failed;

	for (unsigned int slot = 0; slot < MXF_INTERFACES_MAX; slot++) {
		fence_link_remove(fence, slot);
		if (fence_read_slot(fence, slot, &interface) ||
		    interface.state != MXF_INTERFACE_ATTACHED)
			continue;
		interface.state = MXF_INTERFACE_UNLOADED;
		failed = fence_write_slot(fence, slot, &interface);
		if (!error)
			error = failed;
	}
	if (error)
		return trouble_set(trouble, error, "the interfaces map: %s", strerror(-error));
	if (!remove_pins)
		return 0;
	error = pins_remove(fence, trouble);
	if (!error)
		rmdir(fence->pin_dir);
	return error;
}
