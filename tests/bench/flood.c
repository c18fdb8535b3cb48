// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sends SYNs to port 25 from 2^20 random sources into network interfaces in turn, by XDP live
 * frames. Prints "DEVICE PACKETS RATE...": how many the other end took in altogether, and how many
 * a second: the median of interleaved rounds, then each.
 *
 *     flood OBJECT FAMILY ROUNDS DEVICE...
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/support.h"

#define ROUND_SECONDS 0.12
#define FRAMES_LEAST (1u << 15)
#define SETTLE_TRIES 100

struct device {
	const char *name;
	uint32_t ifindex;
	uint32_t frames; /* in a round */
	uint64_t begin;	 /* the count before the first round */
	double rates[BENCH_ROUNDS_MAX];
};

struct generator {
	int program;
	struct bench_flood *state;
	struct packet packet;
};

/*
 * What the device has sent. Of a veth pair the kernel counts here what the other end has taken in,
 * so that nothing counts that was lost between.
 */
static uint64_t device_taken(const char *name)
{
	FILE *file = fopen("/proc/thread-self/net/dev", "re");
	uint64_t packets = 0;
	char line[512], *values;
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file)) {
		values = strchr(line, ':');
		if (!values)
			continue;
		*values++ = '\0';
		found = !strcmp(line + strspn(line, " "), name) &&
			sscanf(values, "%*u %*u %*u %*u %*u %*u %*u %*u %*u %" SCNu64, &packets) ==
				1;
	}
	if (!found)
		bench_fail(name);
	fclose(file);
	return packets;
}

/* The same, once what was sent has been taken in. */
static uint64_t device_settled(const char *name)
{
	const struct timespec moment = {.tv_nsec = 1000000};
	uint64_t before, taken = device_taken(name);

	for (int i = 0; i < SETTLE_TRIES; i++) {
		before = taken;
		nanosleep(&moment, NULL);
		taken = device_taken(name);
		if (taken == before)
			break;
	}
	return taken;
}

/* Sends `frames` frames; returns how many a second were taken in. */
static double flood_round(const struct generator *generator, const struct device *device,
			  uint32_t frames)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = generator->packet.bytes,
		    .data_size_in = (uint32_t)generator->packet.length, .repeat = (int)frames,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES);
	const uint64_t before = device_taken(device->name);
	double taken;

	generator->state->ifindex = device->ifindex;
	bench_clock_begin(&generator->state->sources);
	if (bpf_prog_test_run_opts(generator->program, &options))
		bench_fail("flood");
	taken = (double)(device_settled(device->name) - before);
	return taken * 1e9 / frames / bench_clock_read(&generator->state->sources, frames);
}

/* How many frames make a round. */
static uint32_t device_calibrate(const struct generator *generator, const struct device *device)
{
	double wanted = flood_round(generator, device, FRAMES_LEAST) * ROUND_SECONDS;
	uint32_t frames = FRAMES_LEAST;

	while (frames * 2 < wanted && frames < BENCH_SOURCES)
		frames *= 2;
	flood_round(generator, device, frames); /* warms up */
	return frames;
}

static uint16_t checksum_at(const struct packet *packet, size_t offset)
{
	uint16_t checksum;

	memcpy(&checksum, packet->bytes + offset, sizeof(checksum));
	return checksum;
}

static void generator_open(const char *path, uint8_t family, struct generator *generator)
{
	const bool ipv4 = family == MXF_FAMILY_IPV4;
	struct bpf_object *object = bench_object_load(path);

	bench_frame(ipv4 ? "ip4 tcp" : "ip6 tcp", 25, &generator->packet);
	generator->program = bench_program(object, ipv4 ? "flood4" : "flood6");
	generator->state = bench_object_bss(object, sizeof(*generator->state));
	generator->state->ip_checksum = checksum_at(&generator->packet, 14 + 10);
	generator->state->tcp_checksum =
		checksum_at(&generator->packet, (ipv4 ? 14 + 20 : 14 + 40) + 16);
	bench_sources_fill(&generator->state->sources, NULL, family, false);
}

static void device_open(const char *name, struct device *device)
{
	*device = (struct device){.name = name, .ifindex = if_nametoindex(name)};
	if (!device->ifindex)
		bench_fail(name);
	device->begin = device_settled(name);
}

int main(int argc, char **argv)
{
	static struct generator generator;
	struct device *devices;
	size_t rounds, count;

	if (argc < 5) {
		fprintf(stderr, "usage: flood OBJECT FAMILY ROUNDS DEVICE...\n");
		return 2;
	}
	count = (size_t)argc - 4;
	devices = calloc(count, sizeof(*devices));
	if (!devices)
		bench_fail("devices");
	rounds = bench_number(argv[3], BENCH_ROUNDS_MAX);
	generator_open(argv[1], bench_family(argv[2]), &generator);
	for (size_t i = 0; i < count; i++)
		device_open(argv[4 + i], &devices[i]);
	bench_hold_cpu();
	for (size_t i = 0; i < count; i++)
		devices[i].frames = device_calibrate(&generator, &devices[i]);
	for (size_t round = 0; round < rounds; round++)
		for (size_t i = 0; i < count; i++)
			devices[i].rates[round] =
				flood_round(&generator, &devices[i], devices[i].frames);
	bench_release_cpu();
	for (size_t i = 0; i < count; i++) {
		printf("%s %" PRIu64, devices[i].name,
		       device_settled(devices[i].name) - devices[i].begin);
		bench_print(devices[i].rates, rounds, 0);
	}
	free(devices);
	return 0;
}
