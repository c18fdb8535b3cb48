// SPDX-License-Identifier: GPL-2.0-only
#include "fence/device.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "core/scoped.h"

static int device_ioctl(int fd, const char *name, unsigned long call, struct ifreq *request)
{
	snprintf(request->ifr_name, sizeof(request->ifr_name), "%s", name);
	return ioctl(fd, call, request) ? -errno : 0;
}

/* Drivers need not answer ethtool; what they do not tell stays empty. */
static void device_read_ethtool(int fd, struct device *device)
{
	struct ethtool_drvinfo information = {.cmd = ETHTOOL_GDRVINFO};
	struct ethtool_value flags = {.cmd = ETHTOOL_GFLAGS};
	struct ethtool_value gro = {.cmd = ETHTOOL_GGRO};
	struct ifreq request = {.ifr_data = (char *)&information};

	if (!device_ioctl(fd, device->name, SIOCETHTOOL, &request))
		snprintf(device->driver, sizeof(device->driver), "%.*s",
			 (int)sizeof(information.driver) - 1, information.driver);
	request.ifr_data = (char *)&flags;
	if (!device_ioctl(fd, device->name, SIOCETHTOOL, &request))
		device->lro = flags.data & ETH_FLAG_LRO;
	request.ifr_data = (char *)&gro;
	if (!device_ioctl(fd, device->name, SIOCETHTOOL, &request))
		device->gro = gro.data;
}

int device_read(const char *name, struct device *device)
{
	SCOPED_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct device found = {0};
	struct ifreq request;
	int error;

	if (fd < 0)
		return -errno;
	snprintf(found.name, sizeof(found.name), "%s", name);
	error = device_ioctl(fd, name, SIOCGIFINDEX, &request);
	if (error)
		return error;
	found.ifindex = (uint32_t)request.ifr_ifindex;
	error = device_ioctl(fd, name, SIOCGIFHWADDR, &request);
	if (error)
		return error;
	found.type = request.ifr_hwaddr.sa_family;
	if (!device_ioctl(fd, name, SIOCGIFMTU, &request))
		found.mtu = (unsigned int)request.ifr_mtu;
	device_read_ethtool(fd, &found);
	*device = found;
	return 0;
}

bool device_is_ethernet(const struct device *device)
{
	return device->type == ARPHRD_ETHER || device->type == ARPHRD_LOOPBACK;
}

const char *device_type_text(const struct device *device)
{
	static const struct {
		uint16_t type;
		const char *text;
	} types[] = {
		{ARPHRD_NONE, "a tunnel without link-layer header (tun, WireGuard)"},
		{ARPHRD_TUNNEL, "an IPv4 tunnel"},
		{ARPHRD_TUNNEL6, "an IPv6 tunnel"},
		{ARPHRD_SIT, "an IPv6-in-IPv4 tunnel"},
		{ARPHRD_IPGRE, "a GRE tunnel"},
		{ARPHRD_IP6GRE, "a GRE tunnel over IPv6"},
		{ARPHRD_PPP, "a PPP link"},
		{ARPHRD_RAWIP, "a raw IP device"},
		{ARPHRD_INFINIBAND, "an InfiniBand device"},
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].type == device->type)
			return types[i].text;
	return "not an Ethernet device";
}
