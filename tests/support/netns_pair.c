// SPDX-License-Identifier: GPL-2.0-only
#include "netns_pair.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "packet_people.h"

#define SENDER_NAME "mxf-sender"
#define RECEIVER_NAME "mxf-receiver"
#define PEOPLE_MAX 9	   /* neighbours 10.77.0.2 to 10.77.0.9 */
#define SENTINEL_PORT 2599 /* of the mail host; nobody guards it */
#define SENTINEL_FIRST 50000
#define ANSWER_TIMEOUT_MS 5000
#define BUFFER_BYTES (32 << 20)

struct sysctl {
	const char *path;
	const char *value;
	bool optional; /* not every kernel has it */
};

/* All that makes the mail host answer more than it would. */
static const struct sysctl sysctls[] = {
	{"net/ipv4/conf/all/accept_source_route", "1", false},
	{"net/ipv4/conf/" RECEIVER_NAME "/accept_source_route", "1", false},
	{"net/ipv4/conf/all/rp_filter", "0", false},
	{"net/ipv4/conf/" RECEIVER_NAME "/rp_filter", "0", false},
	{"net/ipv4/conf/all/accept_local", "1", false},
	{"net/ipv4/conf/all/route_localnet", "1", false},
	{"net/ipv4/icmp_ratelimit", "0", false},
	{"net/ipv4/tcp_syncookies", "0", false},
	{"net/ipv4/tcp_synack_retries", "1", false},
	{"net/ipv4/tcp_fastopen", "1539", true},
	{"net/ipv4/tcp_max_syn_backlog", "65535", false},
	{"net/ipv4/ipfrag_high_thresh", "67108864", false},
	{"net/ipv6/ip6frag_high_thresh", "67108864", true},
	{"net/core/somaxconn", "65535", false},
	{"net/ipv6/max_dst_opts_number", "1000", true},
	{"net/ipv6/max_hbh_opts_number", "1000", true},
	{"net/ipv6/max_dst_opts_length", "2147483647", true},
	{"net/ipv6/max_hbh_length", "2147483647", true},
	{"net/ipv6/conf/all/accept_source_route", "1", false},
	{"net/ipv6/conf/" RECEIVER_NAME "/accept_source_route", "1", false},
	{"net/ipv6/conf/all/seg6_enabled", "1", true},
	{"net/ipv6/conf/" RECEIVER_NAME "/seg6_enabled", "1", true},
	{"net/ipv6/conf/all/rpl_seg_enabled", "1", true},
	{"net/ipv6/conf/" RECEIVER_NAME "/rpl_seg_enabled", "1", true},
};

static int __attribute__((format(printf, 1, 2))) run(const char *format, ...)
{
	char command[512];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= sizeof(command))
		return -E2BIG;
	return system(command) ? -EIO : 0;
}

static int enter(int namespace)
{
	return setns(namespace, CLONE_NEWNET) ? -errno : 0;
}

int netns_pair_enter_receiver(const struct netns_pair *pair)
{
	return enter(pair->receiver);
}

int netns_pair_leave(const struct netns_pair *pair)
{
	return enter(pair->home);
}

static int namespace_open(void)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int namespace_make(void)
{
	if (unshare(CLONE_NEWNET))
		return -errno;
	return namespace_open();
}

static int sysctl_write(const struct sysctl *sysctl)
{
	const size_t length = strlen(sysctl->value);
	char path[256];
	ssize_t written;
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/%s", sysctl->path);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return sysctl->optional && errno == ENOENT ? 0 : -errno;
	written = write(fd, sysctl->value, length);
	close(fd);
	return written == (ssize_t)length ? 0 : -EIO;
}

static int set_up_receiver(unsigned int mtu)
{
	int error = run("ip link set lo up && ip link set " RECEIVER_NAME
			" address 02:77:00:00:00:01 mtu %u && "
			"ip address add 10.77.0.1/24 dev " RECEIVER_NAME " && "
			"ip address add 10.77.0.8/24 dev " RECEIVER_NAME " && "
			"ip -6 address add fd77::1/64 dev " RECEIVER_NAME " nodad && "
			"ip -6 address add fd77::8/64 dev " RECEIVER_NAME " nodad && "
			"ip link set " RECEIVER_NAME " up",
			mtu);

	for (int i = 2; !error && i <= PEOPLE_MAX; i++) {
		if (i == PACKET_VIA_NUMBER)
			continue;
		error = run("ip neigh add 10.77.0.%d lladdr 02:77:00:00:00:02 nud permanent "
			    "dev " RECEIVER_NAME " && ip -6 neigh add fd77::%d "
			    "lladdr 02:77:00:00:00:02 nud permanent dev " RECEIVER_NAME,
			    i, i);
	}
	for (size_t i = 0; !error && i < sizeof(sysctls) / sizeof(sysctls[0]); i++)
		error = sysctl_write(&sysctls[i]);
	return error;
}

/* The sender owns no address: nothing of it but the packets of the test is on the wire. */
static int set_up_sender(int receiver)
{
	const struct sysctl silent = {"net/ipv6/conf/default/disable_ipv6", "1", false};
	int error = sysctl_write(&silent);

	if (error)
		return error;
	return run("ip link add " SENDER_NAME " mtu 9000 address 02:77:00:00:00:02 type veth "
		   "peer name " RECEIVER_NAME " mtu 9000 netns /proc/%d/fd/%d && "
		   "ip link set " SENDER_NAME " up",
		   (int)getpid(), receiver);
}

static int wire_open(const char *interface)
{
	const int size = BUFFER_BYTES, on = 1;
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(interface),
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), error;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		error = -errno;
		close(fd);
		return error;
	}
	return fd;
}

static int pair_set_up(struct netns_pair *pair, unsigned int mtu)
{
	int error;

	pair->home = namespace_open();
	pair->receiver = namespace_make();
	if (pair->home < 0 || pair->receiver < 0)
		return pair->home < 0 ? pair->home : pair->receiver;
	pair->sender = namespace_make();
	if (pair->sender < 0)
		return pair->sender;
	error = set_up_sender(pair->receiver);
	if (error)
		return error;
	pair->wire = wire_open(SENDER_NAME);
	if (pair->wire < 0)
		return pair->wire;
	error = enter(pair->receiver);
	if (!error)
		error = set_up_receiver(mtu);
	pair->ifindex = (int)if_nametoindex(RECEIVER_NAME);
	return error;
}

int netns_pair_open(unsigned int mtu, struct netns_pair *pair)
{
	int error;

	*pair = (struct netns_pair){.home = -1,
				    .sender = -1,
				    .receiver = -1,
				    .wire = -1,
				    .tap = -1,
				    .sentinel_port = SENTINEL_FIRST};
	error = pair_set_up(pair, mtu);
	if (pair->home >= 0)
		netns_pair_leave(pair);
	if (!error)
		error = netns_pair_listen(pair, SENTINEL_PORT);
	if (error)
		netns_pair_close(pair);
	return error;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void netns_pair_close(struct netns_pair *pair)
{
	for (size_t i = 0; i < pair->listener_count; i++)
		close_fd(&pair->listeners[i]);
	pair->listener_count = 0;
	close_fd(&pair->tap);
	close_fd(&pair->wire);
	close_fd(&pair->sender);
	close_fd(&pair->receiver);
	close_fd(&pair->home);
}

static int listener_open(uint16_t port)
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	const int backlog = 65535;
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), error;

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, backlog)) {
		error = -errno;
		close(fd);
		return error;
	}
	return fd;
}

int netns_pair_listen(struct netns_pair *pair, uint16_t port)
{
	int error, fd;

	if (pair->listener_count == sizeof(pair->listeners) / sizeof(pair->listeners[0]))
		return -E2BIG;
	error = netns_pair_enter_receiver(pair);
	if (error)
		return error;
	fd = listener_open(port);
	error = netns_pair_leave(pair);
	if (fd < 0)
		return fd;
	pair->listeners[pair->listener_count++] = fd;
	return error;
}

int netns_pair_tap(struct netns_pair *pair)
{
	int error = netns_pair_enter_receiver(pair);

	if (error)
		return error;
	pair->tap = wire_open(RECEIVER_NAME);
	error = netns_pair_leave(pair);
	return pair->tap < 0 ? pair->tap : error;
}

int netns_pair_send(const struct netns_pair *pair, const struct packet *packet)
{
	ssize_t sent = send(pair->wire, packet->bytes, packet->length, 0);

	if (sent < 0)
		return -errno;
	return (size_t)sent == packet->length ? 0 : -EIO;
}

/* The port that a SYN-ACK in this frame goes to, without options in front; 0: it is none. */
static uint16_t syn_ack_port(const uint8_t *frame, size_t length)
{
	const size_t network = 14;
	size_t transport;

	if (length < network + 20)
		return 0;
	if (frame[12] == 0x08 && frame[13] == 0x00 && frame[network + 9] == 6)
		transport = network + (frame[network] & 0xf) * 4u;
	else if (frame[12] == 0x86 && frame[13] == 0xdd && frame[network + 6] == 6)
		transport = network + 40;
	else
		return 0;
	if (length < transport + 20 || (frame[transport + 13] & 0x12) != 0x12)
		return 0;
	return (uint16_t)(frame[transport + 2] << 8 | frame[transport + 3]);
}

static int sentinel_send(struct netns_pair *pair)
{
	static struct packet_train train;
	struct packet_subject subject;
	int error;

	if (++pair->sentinel_port == 0)
		pair->sentinel_port = SENTINEL_FIRST;
	packet_people_subject(PERSON_SENTINEL, SENTINEL_PORT, pair->sentinel_port, &subject);
	error = packet_build("ip4 tcp", &subject, &train);
	return error ? error : netns_pair_send(pair, &train.packets[0]);
}

/* Reads answers until the sentinel's; notes whether one to `port` was among them. */
static int sentinel_await(struct netns_pair *pair, uint16_t port, bool *answered)
{
	struct pollfd ready = {.fd = pair->wire, .events = POLLIN};
	uint8_t frame[2048];

	for (;;) {
		ssize_t length = recv(pair->wire, frame, sizeof(frame), MSG_DONTWAIT);
		uint16_t to = length > 0 ? syn_ack_port(frame, (size_t)length) : 0;

		if (to == pair->sentinel_port)
			return 0;
		if (to && to == port)
			*answered = true;
		if (length >= 0)
			continue;
		if (errno != EAGAIN)
			return -errno;
		if (poll(&ready, 1, ANSWER_TIMEOUT_MS) <= 0)
			return -ETIME;
	}
}

/*
 * Twice: what the stack unwraps it queues again, behind a first sentinel that was there already.
 */
int netns_pair_answered(struct netns_pair *pair, uint16_t port)
{
	bool answered = false;

	for (int i = 0; i < 2; i++) {
		int error = sentinel_send(pair);

		if (!error)
			error = sentinel_await(pair, port, &answered);
		if (error)
			return error;
	}
	return answered;
}

int netns_pair_tapped(const struct netns_pair *pair, uint8_t *frame, size_t size)
{
	ssize_t length = recv(pair->tap, frame, size, MSG_DONTWAIT);

	if (length < 0)
		return errno == EAGAIN ? 0 : -errno;
	return (int)length;
}
