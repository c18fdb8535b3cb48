// SPDX-License-Identifier: GPL-2.0-only
/* What an administrator reads when a driver says no; the drivers themselves are elsewhere. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fence/kernel_internal.h"

struct refusal {
	int error;
	enum mxf_attach attach;
	struct device device;
	const char *says[3];
};

static const struct refusal refusals[] = {
	{-ERANGE,
	 MXF_ATTACH_NATIVE,
	 {.name = "eth0", .mtu = 9000, .driver = "mlx5_core"},
	 {"eth0: its MTU of 9000 does not fit native XDP", "mlx5_core takes no multi-buffer",
	  "lower the MTU"}},
	{-EINVAL,
	 MXF_ATTACH_NATIVE,
	 {.name = "eth0", .mtu = 9000},
	 {"its MTU of 9000", "the driver takes no multi-buffer", "`attach: generic`"}},
	{-EINVAL,
	 MXF_ATTACH_NATIVE,
	 {.name = "eth0", .mtu = 1500, .driver = "virtio_net", .lro = true},
	 {"large receive offload is on", "ethtool -K eth0 lro off"}},
	{-EINVAL,
	 MXF_ATTACH_NATIVE,
	 {.name = "eth0", .mtu = 1500, .driver = "virtio_net"},
	 {"(virtio_net) refuses native XDP", "queues"}},
	{-EOPNOTSUPP,
	 MXF_ATTACH_NATIVE,
	 {.name = "eth0", .mtu = 1500, .driver = "e1000"},
	 {"its driver (e1000) has no native XDP", "`attach: generic`"}},
	{-EOPNOTSUPP,
	 MXF_ATTACH_NATIVE,
	 {.name = "eth0", .mtu = 9000, .driver = "ixgbe"},
	 {"(ixgbe) has no native XDP, or none for so large an MTU"}},
	{-ENODEV, MXF_ATTACH_GENERIC, {.name = "eth7"}, {"eth7: there is no such interface"}},
	{-ENOMEM, MXF_ATTACH_GENERIC, {.name = "eth0"}, {"eth0: the kernel has no memory"}},
};

static void refusals_are_explained(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		const struct refusal *at = &refusals[i];
		struct trouble trouble = {""};

		assert_int_equal(explain_attach(at->error, &at->device, at->attach, &trouble),
				 at->error);
		for (size_t s = 0; s < 3 && at->says[s]; s++)
			if (!strstr(trouble.text, at->says[s]))
				fail_msg("\"%s\" does not say \"%s\"", trouble.text, at->says[s]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(refusals_are_explained)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
