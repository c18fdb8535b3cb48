// SPDX-License-Identifier: GPL-2.0-only
/* Why the kernel said no, in words that help. */
#include "fence/kernel_internal.h"

#include <bpf/bpf.h>
#include <cap-ng.h>
#include <errno.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "core/scoped.h"

/* bpf_xdp_load_bytes() and multi-buffer XDP came with it. */
#define KERNEL_MAJOR 5
#define KERNEL_MINOR 18

/* The largest frame that drivers put into one page beside XDP's head and tail room. */
#define MTU_ONE_PAGE 3498

const char *attach_name(uint32_t attach)
{
	return attach == MXF_ATTACH_GENERIC ? "generic" : "native";
}

/* Distributions backport, so the version only explains a failure and never causes one. */
static bool kernel_is_old(char release[65])
{
	unsigned int major, minor;
	struct utsname name;

	if (uname(&name) || sscanf(name.release, "%u.%u", &major, &minor) != 2)
		return false;
	snprintf(release, 65, "%.64s", name.release);
	return major < KERNEL_MAJOR || (major == KERNEL_MAJOR && minor < KERNEL_MINOR);
}

/* X(capability, what it is for): what a start takes. The first two are kept. */
#define CAPABILITIES(X)                                                                            \
	X(CAP_BPF, "for maps")                                                                     \
	X(CAP_NET_ADMIN, "to attach the filter")                                                   \
	X(CAP_PERFMON, "to load it")

#define CAPABILITIES_KEPT 2

#define CAPABILITY_ROW(capability, purpose) {capability, #capability, purpose},
static const struct {
	unsigned int capability;
	const char *name;
	const char *purpose;
} capabilities[] = {CAPABILITIES(CAPABILITY_ROW)};

#define CAPABILITY_COUNT (sizeof(capabilities) / sizeof(capabilities[0]))

static bool has_capability(unsigned int capability)
{
	return capng_have_capability(CAPNG_EFFECTIVE, capability) ||
	       (capability == CAP_PERFMON && capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_ADMIN));
}

/* Looks for the first `count` of the table. */
static int check_capabilities(size_t count, struct trouble *trouble)
{
	char lacks[128] = "", needs[256] = "";
	size_t lacks_size = 0, needs_size = 0;

	if (capng_get_caps_process())
		return trouble_set(trouble, -EPERM, "cannot read this process's capabilities");
	for (size_t i = 0; i < count; i++) {
		const char *name = capabilities[i].name;

		needs_size +=
			(size_t)snprintf(needs + needs_size, sizeof(needs) - needs_size,
					 "%s%s (%s)", i ? ", " : "", name, capabilities[i].purpose);
		if (!has_capability(capabilities[i].capability))
			lacks_size +=
				(size_t)snprintf(lacks + lacks_size, sizeof(lacks) - lacks_size,
						 "%s%s", lacks_size ? ", " : "", name);
	}
	if (!lacks_size)
		return 0;
	return trouble_set(trouble, -EPERM,
			   "not permitted: lacks %s; start it as root, or give it %s", lacks,
			   needs);
}

int fence_check_permission(struct trouble *trouble)
{
	return check_capabilities(CAPABILITY_COUNT, trouble);
}

int explain_bpf(int error, const char *what, struct trouble *trouble)
{
	char release[65];

	if (error == -EPERM || error == -EACCES) {
		if (check_capabilities(CAPABILITIES_KEPT, trouble))
			return -EPERM;
		return trouble_set(trouble, -EPERM,
				   "%s: the kernel does not permit bpf(2), though CAP_BPF and "
				   "CAP_NET_ADMIN are there: a security module, kernel lockdown or "
				   "a container's seccomp filter forbids it",
				   what);
	}
	if ((error == -EINVAL || error == -EOPNOTSUPP || error == -ENOSYS) &&
	    kernel_is_old(release))
		return trouble_set(trouble, error,
				   "%s: kernel %s is too old; mxfence needs %d.%d, which brought "
				   "multi-buffer XDP and bpf_xdp_load_bytes()",
				   what, release, KERNEL_MAJOR, KERNEL_MINOR);
	if (error == -ENOMEM)
		return trouble_set(trouble, error,
				   "%s: the kernel has no memory for it, or the control group's "
				   "limit is too low",
				   what);
	return trouble_set(trouble, error, "%s: %s", what, strerror(-error));
}

/* The verifier says -EACCES where bpf(2) says -EPERM, and without CAP_PERFMON anything. */
int explain_load(int error, struct trouble *trouble)
{
	char release[65];

	if (!capng_get_caps_process() && !has_capability(CAP_PERFMON))
		return trouble_set(trouble, -ENOEXEC,
				   "the running agent has no spare program left for one more "
				   "interface, and gave up CAP_PERFMON, which loading one takes: "
				   "restart it (the fence goes on meanwhile)");
	if (error != -EACCES || kernel_is_old(release))
		return explain_bpf(error, "loading the filter", trouble);
	return trouble_set(
		trouble, -ENOEXEC,
		"the kernel's verifier refuses the filter; with `log: {level: debug}` the "
		"log shows why. Please report it with the kernel's version");
}

static int explain_mtu(int error, const struct device *device, struct trouble *trouble)
{
	return trouble_set(
		trouble, error,
		"%s: its MTU of %u does not fit native XDP, and the driver%s%s takes no "
		"multi-buffer program; lower the MTU (most drivers: %u), or set `attach: "
		"generic`",
		device->name, device->mtu, device->driver[0] ? " " : "", device->driver,
		MTU_ONE_PAGE);
}

int explain_attach(int error, const struct device *device, enum mxf_attach attach,
		   struct trouble *trouble)
{
	const char *driver = device->driver[0] ? device->driver : "unknown";
	bool refused =
		error == -EINVAL || error == -EOPNOTSUPP || error == -ERANGE || error == -E2BIG;

	if (error == -ENODEV)
		return trouble_set(trouble, error, "%s: there is no such interface", device->name);
	if (attach == MXF_ATTACH_NATIVE && refused) {
		if (device->lro)
			return trouble_set(trouble, error,
					   "%s: large receive offload is on, which native XDP does "
					   "not go with; `ethtool -K %s lro off`",
					   device->name, device->name);
		if (error == -EOPNOTSUPP)
			return trouble_set(
				trouble, error,
				"%s: its driver (%s) has no native XDP%s; set `attach: "
				"generic`",
				device->name, driver,
				device->mtu > MTU_ONE_PAGE ? ", or none for so large an MTU" : "");
		if (error != -EINVAL || device->mtu > MTU_ONE_PAGE)
			return explain_mtu(error, device, trouble);
		return trouble_set(trouble, error,
				   "%s: its driver (%s) refuses native XDP with its present "
				   "settings (queues, rings, offloads: the kernel's log may say "
				   "which); or set `attach: generic`",
				   device->name, driver);
	}
	return explain_bpf(error, device->name, trouble);
}

static void program_name(uint32_t id, char *out, size_t size)
{
	struct bpf_prog_info info = {0};
	uint32_t info_size = sizeof(info);
	SCOPED_FD int fd = bpf_prog_get_fd_by_id(id);

	out[0] = '\0';
	if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &info_size) && info.name[0])
		snprintf(out, size, " \"%.*s\"", (int)sizeof(info.name), info.name);
}

static int foreign_report(const struct device *device, uint32_t id, const char *mode,
			  struct trouble *trouble)
{
	char name[32];

	program_name(id, name, sizeof(name));
	return trouble_set(
		trouble, -EBUSY,
		"%s: another XDP program is there already: id %u%s, attached in %s mode; "
		"nothing was changed. Take it off first (`ip link show dev %s` and "
		"`bpftool net` show it)",
		device->name, id, name, mode, device->name);
}

int explain_foreign_program(const struct device *device, uint32_t own, struct trouble *trouble)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	int error = bpf_xdp_query((int)device->ifindex, 0, &query);
	const struct {
		uint32_t id;
		const char *mode;
	} programs[] = {{query.drv_prog_id, "native"},
			{query.skb_prog_id, "generic"},
			{query.hw_prog_id, "offload"}};

	if (error)
		return trouble_set(trouble, error, "%s: asking for its XDP program: %s",
				   device->name, strerror(-error));
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		if (programs[i].id && programs[i].id != own)
			return foreign_report(device, programs[i].id, programs[i].mode, trouble);
	return 0;
}
