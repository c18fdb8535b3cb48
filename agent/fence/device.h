/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel says about a network interface. */
#ifndef FENCE_DEVICE_H
#define FENCE_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

struct device {
	char name[16];
	uint32_t ifindex;
	uint16_t type; /* ARPHRD_* */
	unsigned int mtu;
	bool lro;
	bool gro;
	char driver[32]; /* "" when it has no name */
};

/* -ENODEV when there is no interface of that name. */
int device_read(const char *name, struct device *device);

/* True when frames on it begin with an Ethernet header. */
bool device_is_ethernet(const struct device *device);

/* What the type is, to follow "is": "an IP-in-IP tunnel". */
const char *device_type_text(const struct device *device);

#endif
