// SPDX-License-Identifier: GPL-2.0-only
#include "privileges.h"

#include <cap-ng.h>
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

int privileges_drop(bool has_fence, struct trouble *trouble)
{
	bool may_bound =
		!capng_get_caps_process() && capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);

	capng_clear(CAPNG_SELECT_ALL);
	if (has_fence &&
	    capng_updatev(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_BPF, CAP_NET_ADMIN, -1))
		return trouble_set(trouble, -EINVAL, "cannot name the capabilities to keep");
	/* Started with few capabilities, the bounding set is the service manager's. */
	if (may_bound && capng_apply(CAPNG_SELECT_BOUNDS))
		return trouble_set(trouble, -EPERM, "cannot empty the capability bounding set");
	if (capng_apply(CAPNG_SELECT_CAPS))
		return trouble_set(trouble, -EPERM, "cannot give up capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return trouble_set(trouble, -errno, "no_new_privs: %s", strerror(errno));
	return 0;
}
