// SPDX-License-Identifier: GPL-2.0-only
#include "prog_pins.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "core/scoped.h"
#include "fence.skel.h"

int pins_make(char pin_dir[64])
{
	char directory[] = "/tmp/mxfence-pins-XXXXXX";
	int error = 0;

	if (!mkdtemp(directory))
		return -errno;
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("bpf", directory, "bpf", 0, NULL))
		error = -errno;
	snprintf(pin_dir, 64, "%s/fence", directory);
	return error;
}

void pins_remove(const char *pin_dir)
{
	char directory[64];
	char *slash;

	snprintf(directory, sizeof(directory), "%s", pin_dir);
	slash = strrchr(directory, '/');
	if (!slash)
		return;
	*slash = '\0';
	umount2(directory, MNT_DETACH);
	rmdir(directory);
}

int prog_load_pinned(const char *pin_dir, struct prog *prog)
{
	struct prog loaded = {.generation_fd = -1};
	struct bpf_map *map;
	int error = 0;

	loaded.skeleton = fence_bpf__open();
	if (!loaded.skeleton)
		return -errno;
	loaded.skeleton->rodata->interface_slot = PROG_SLOT;
	bpf_object__for_each_map(map, loaded.skeleton->obj)
	{
		char path[128];
		SCOPED_FD int fd = -1;

		snprintf(path, sizeof(path), "%s/%s", pin_dir, bpf_map__name(map));
		fd = bpf_obj_get(path);
		if (fd >= 0 && !error)
			error = bpf_map__reuse_fd(map, fd);
	}
	if (!error)
		error = fence_bpf__load(loaded.skeleton);
	if (error) {
		fence_bpf__destroy(loaded.skeleton);
		return error;
	}
	loaded.program_fd = bpf_program__fd(loaded.skeleton->progs.mxfence);
	*prog = loaded;
	return 0;
}
