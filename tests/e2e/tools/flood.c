// SPDX-License-Identifier: GPL-2.0-only
/*
 * A flood of SYNs through a veth pair, with every frame accounted for: sent on one end, and passed
 * or not on the other, as a packet socket behind the XDP program sees it.
 *
 *     flood SENDER_NETNS INTERFACE RECEIVER_NETNS INTERFACE SECONDS {NAME NETWORK PORT}...
 *
 * NETWORK is an address whose last byte runs through all values. The flood begins at once and goes
 * on for SECONDS at most. A '?' on standard input asks for the counts since the last answer, which
 * is one line, NAME SENT PASSED for each, when all that was sent has been judged; a '.' asks for
 * the last time and ends the flood, as the end of the input does. Exit status 3: the wire is gone.
 *
 * Frames go in batches that fit into the wire's ring, each followed by a sentinel that nobody
 * filters. When it arrives all before it has been judged, so nothing is lost but what was dropped.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH 64 /* a veth's ring has 256 places, and two floods may share it */
#define CLASSES_MAX 16
#define FRAME_MAX 80
#define TAP_BYTES (8 << 20)
#define SENTINEL_ETHERTYPE 0x88b5 /* for local experiments */
#define SENTINEL_WAIT_MS 100
#define SENTINEL_TRIES 300
#define EXIT_GONE 3

/* Whose owner answers nothing: they are in the lab's networks, and nobody has them. */
#define DESTINATION4 "192.0.2.200"
#define DESTINATION6 "2001:db8:1::c8"

struct class
{
	const char *name;
	uint8_t frame[FRAME_MAX];
	size_t size;
	size_t source; /* where the source address is, and how long */
	size_t source_size;
	uint64_t sent;
	uint64_t passed;
};

struct sentinel {
	struct ether_header ethernet;
	uint32_t sender; /* a process id */
	uint32_t number;
	uint8_t padding[ETH_ZLEN - sizeof(struct ether_header) - 8];
} __attribute__((packed));

struct flood {
	int wire;
	int tap;
	struct ether_header ethernet;
	struct class classes[CLASSES_MAX];
	size_t class_count;
	uint8_t frames[BATCH][FRAME_MAX];
	uint32_t frame_count; /* so far; makes each one another's */
	uint32_t sentinel;
	cpu_set_t cpus;
	int cpu;
};

static void __attribute__((noreturn, format(printf, 2, 3)))
fail(int status, const char *format, ...)
{
	va_list arguments;

	fputs("flood: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	exit(status);
}

static void __attribute__((noreturn)) fail_errno(const char *what)
{
	bool gone = errno == ENXIO || errno == ENETDOWN || errno == ENODEV;

	fail(gone ? EXIT_GONE : EXIT_FAILURE, "%s: %s", what, strerror(errno));
}

/* Frames. */

static void frame_add_tcp(struct class *class, uint16_t port)
{
	const struct tcphdr tcp = {.th_dport = htons(port),
				   .th_off = sizeof(tcp) / 4,
				   .th_flags = TH_SYN,
				   .th_win = htons(1024)};

	memcpy(class->frame + class->size, &tcp, sizeof(tcp));
	class->size += sizeof(tcp);
}

static void frame_make4(struct class *class, struct in_addr source)
{
	struct ip ip = {
		.ip_v = 4,
		.ip_hl = sizeof(ip) / 4,
		.ip_len = htons(sizeof(ip) + sizeof(struct tcphdr)),
		.ip_ttl = 64,
		.ip_p = IPPROTO_TCP,
		.ip_src = source,
	};

	inet_pton(AF_INET, DESTINATION4, &ip.ip_dst);
	memcpy(class->frame + ETH_HLEN, &ip, sizeof(ip));
	class->source = ETH_HLEN + offsetof(struct ip, ip_src);
	class->source_size = sizeof(ip.ip_src);
	class->size = ETH_HLEN + sizeof(ip);
}

static void frame_make6(struct class *class, struct in6_addr source)
{
	struct ip6_hdr ip = {
		.ip6_flow = htonl(6u << 28),
		.ip6_plen = htons(sizeof(struct tcphdr)),
		.ip6_nxt = IPPROTO_TCP,
		.ip6_hlim = 64,
		.ip6_src = source,
	};

	inet_pton(AF_INET6, DESTINATION6, &ip.ip6_dst);
	memcpy(class->frame + ETH_HLEN, &ip, sizeof(ip));
	class->source = ETH_HLEN + offsetof(struct ip6_hdr, ip6_src);
	class->source_size = sizeof(ip.ip6_src);
	class->size = ETH_HLEN + sizeof(ip);
}

static void class_add(struct flood *flood, char **words)
{
	struct class *class = &flood->classes[flood->class_count++];
	struct ether_header ethernet = flood->ethernet;
	struct in6_addr source6;
	struct in_addr source4;

	class->name = words[0];
	if (inet_pton(AF_INET, words[1], &source4) == 1) {
		ethernet.ether_type = htons(ETHERTYPE_IP);
		frame_make4(class, source4);
	} else if (inet_pton(AF_INET6, words[1], &source6) == 1) {
		ethernet.ether_type = htons(ETHERTYPE_IPV6);
		frame_make6(class, source6);
	} else {
		fail(EXIT_FAILURE, "%s is not an address", words[1]);
	}
	memcpy(class->frame, &ethernet, sizeof(ethernet));
	frame_add_tcp(class, (uint16_t)atoi(words[2]));
}

static uint8_t *frame_last_byte(const struct class *class, uint8_t *frame)
{
	return frame + class->source + class->source_size - 1;
}

/* IPv4 headers have a checksum; the stack behind the tap need not like that of TCP. */
static void frame_sum4(uint8_t *frame)
{
	struct ip *ip = (struct ip *)(frame + ETH_HLEN);
	uint16_t words[sizeof(*ip) / 2];
	uint32_t sum = 0;

	ip->ip_sum = 0;
	memcpy(words, ip, sizeof(words));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	sum += sum >> 16;
	ip->ip_sum = (uint16_t)~sum;
}

static void frame_vary(const struct class *class, uint32_t number, uint8_t *frame)
{
	const uint16_t port = htons((uint16_t)(1024 + number % 64000));

	memcpy(frame, class->frame, class->size);
	memcpy(frame + class->size - sizeof(struct tcphdr), &port, sizeof(port));
	*frame_last_byte(class, frame) = (uint8_t)number;
	if (class->source_size == sizeof(struct in_addr))
		frame_sum4(frame);
}

/* Is it one of the class, but for what varies? */
static bool frame_is_of(const struct class *class, const uint8_t *frame, size_t size)
{
	const size_t port = class->size - sizeof(struct tcphdr) + offsetof(struct tcphdr, th_dport);

	return size == class->size &&
	       !memcmp(frame + class->source, class->frame + class->source,
		       class->source_size - 1) &&
	       !memcmp(frame + port, class->frame + port, sizeof(uint16_t));
}

/* Sending and receiving. */

static void enter(const char *netns)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		fail_errno(path);
	close(fd);
}

static int packet_socket(const char *netns, const char *interface, uint16_t protocol)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(protocol)};
	int fd;

	enter(netns);
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	address.sll_ifindex = (int)if_nametoindex(interface);
	if (fd < 0 || !address.sll_ifindex ||
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)))
		fail_errno(interface);
	return fd;
}

/* One CPU sends a whole batch, so that it stays in order on every way, and others the next ones. */
static void take_next_cpu(struct flood *flood)
{
	cpu_set_t one;

	do
		flood->cpu = (flood->cpu + 1) % CPU_SETSIZE;
	while (!CPU_ISSET(flood->cpu, &flood->cpus));
	CPU_ZERO(&one);
	CPU_SET(flood->cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		fail_errno("sched_setaffinity");
}

/* How many were sent: what the wire would not take was not, and is offered again. */
static int send_some(struct flood *flood, struct mmsghdr *messages, unsigned int count)
{
	int sent = sendmmsg(flood->wire, messages, count, 0);

	if (sent >= 0)
		return sent;
	if (errno != ENOBUFS)
		fail_errno("sending");
	sched_yield();
	return 0;
}

static void send_batch(struct flood *flood)
{
	struct mmsghdr messages[BATCH] = {0};
	struct iovec vectors[BATCH];
	int done = 0;

	for (size_t i = 0; i < BATCH; i++) {
		struct class *class = &flood->classes[flood->frame_count % flood->class_count];

		/* Divided, so that each class meets each last byte. */
		frame_vary(class, flood->frame_count++ / (uint32_t)flood->class_count,
			   flood->frames[i]);
		class->sent++;
		vectors[i] = (struct iovec){flood->frames[i], class->size};
		messages[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
	}
	while (done < BATCH)
		done += send_some(flood, messages + done, (unsigned int)(BATCH - done));
}

static uint32_t send_sentinel(struct flood *flood)
{
	struct sentinel sentinel = {.ethernet = flood->ethernet,
				    .sender = (uint32_t)getpid(),
				    .number = ++flood->sentinel};
	struct iovec vector = {&sentinel, sizeof(sentinel)};
	struct mmsghdr message = {.msg_hdr = {.msg_iov = &vector, .msg_iovlen = 1}};

	sentinel.ethernet.ether_type = htons(SENTINEL_ETHERTYPE);
	while (!send_some(flood, &message, 1))
		;
	return sentinel.number;
}

static void count_passed(struct flood *flood, const uint8_t *frame, size_t size)
{
	for (size_t i = 0; i < flood->class_count; i++)
		if (frame_is_of(&flood->classes[i], frame, size)) {
			flood->classes[i].passed++;
			return;
		}
}

/* Counts what has passed until a sentinel from `number` on arrives; false when none does. */
static bool receive_until(struct flood *flood, uint32_t number)
{
	struct pollfd tap = {.fd = flood->tap, .events = POLLIN};
	union {
		uint8_t frame[256];
		struct sentinel sentinel;
	} received;

	while (poll(&tap, 1, SENTINEL_WAIT_MS) == 1) {
		ssize_t size = recv(flood->tap, &received, sizeof(received), 0);

		if (size < 0)
			fail_errno("receiving");
		if ((size_t)size < sizeof(received.sentinel.ethernet) ||
		    received.sentinel.ethernet.ether_type != htons(SENTINEL_ETHERTYPE))
			count_passed(flood, received.frame, (size_t)size);
		else if (received.sentinel.sender == (uint32_t)getpid() &&
			 received.sentinel.number >= number)
			return true;
	}
	return false;
}

/* A wire whose XDP program comes or goes loses what is in its ring, sentinels as well. */
static void settle(struct flood *flood)
{
	const uint32_t first = send_sentinel(flood);

	for (int i = 0; i < SENTINEL_TRIES; i++) {
		if (receive_until(flood, first))
			return;
		send_sentinel(flood);
	}
	fail(EXIT_GONE, "no sentinel arrives");
}

/* The whole. */

static void print_counts(struct flood *flood)
{
	for (size_t i = 0; i < flood->class_count; i++) {
		struct class *class = &flood->classes[i];

		printf("%s %llu %llu ", class->name, (unsigned long long)class->sent,
		       (unsigned long long)class->passed);
		class->sent = 0;
		class->passed = 0;
	}
	putchar('\n');
	fflush(stdout);
}

/* One after each batch at most, so that no answer is empty. False when the flood is to end. */
static bool answer_question(struct flood *flood)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	char question;

	if (poll(&input, 1, 0) != 1)
		return true;
	if (read(STDIN_FILENO, &question, 1) != 1)
		return false;
	print_counts(flood);
	return question != '.';
}

static void flood_open(struct flood *flood, char **arguments)
{
	const int bytes = TAP_BYTES, yes = 1;
	struct ifreq request = {0};

	flood->wire = packet_socket(arguments[0], arguments[1], 0);
	flood->tap = packet_socket(arguments[2], arguments[3], ETH_P_ALL);
	if (setsockopt(flood->tap, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) ||
	    setsockopt(flood->tap, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof(yes)))
		fail_errno("the tap");
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", arguments[3]);
	if (ioctl(flood->tap, SIOCGIFHWADDR, &request))
		fail_errno(arguments[3]);
	memcpy(flood->ethernet.ether_dhost, request.ifr_hwaddr.sa_data, ETH_ALEN);
	flood->ethernet.ether_shost[0] = 0x02; /* somebody's */
	if (sched_getaffinity(0, sizeof(flood->cpus), &flood->cpus))
		fail_errno("sched_getaffinity");
}

int main(int argc, char **argv)
{
	static struct flood flood;

	if (argc < 9 || (argc - 6) % 3 || (argc - 6) / 3 > CLASSES_MAX || atoi(argv[5]) < 1)
		fail(EXIT_FAILURE, "SENDER_NETNS INTERFACE RECEIVER_NETNS INTERFACE SECONDS "
				   "{NAME NETWORK PORT}...");
	alarm((unsigned int)atoi(argv[5]));
	flood_open(&flood, argv + 1);
	for (int i = 6; i < argc; i += 3)
		class_add(&flood, argv + i);
	do {
		take_next_cpu(&flood);
		send_batch(&flood);
		settle(&flood);
	} while (answer_question(&flood));
	return EXIT_SUCCESS;
}
