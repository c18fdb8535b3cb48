// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a packet costs inside the program, by BPF_PROG_RUN: the fence beside variants of itself and
 * others. Prints "program.CASE.VARIANT NANOSECONDS": the median of interleaved rounds, then each.
 *
 *     program_bench OBJECT_DIR ROUNDS [CASE]     only cases whose name begins with CASE
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "mxfence/maps.h"
#include "tests/bench/support.h"

#define VARIANTS_MAX 4
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define NEAR_FROM 100000  /* ranges from which sources next to them are measured as well */
#define OTHER_COUNT 10000 /* ranges where their number is not the question */

struct bench_case {
	char name[48];
	const char *const *variants; /* names of objects */
	size_t variant_count;
	const char *recipe;
	uint8_t family; /* of the set and the sources */
	size_t count;
	uint16_t port;
	bool sources; /* of 2^20; otherwise one packet again and again */
	bool near;
};

struct variant {
	struct bpf_object *object;
	struct bench_sources *sources;
	struct ring_buffer *events;
	int program;
	double times[BENCH_ROUNDS_MAX];
};

static const char *directory;
static size_t rounds;
static const char *wanted = "";

static const char *family_name(uint8_t family)
{
	return family == MXF_FAMILY_IPV4 ? "ipv4" : "ipv6";
}

static const char *entry_name(const struct bench_case *of)
{
	if (!of->sources)
		return "bench";
	return of->family == MXF_FAMILY_IPV4 ? "bench4" : "bench6";
}

static int ignore_event(void *context, void *event, size_t size)
{
	(void)context;
	(void)event;
	(void)size;
	return 0;
}

static void variant_load(struct variant *variant, const char *name, const struct bench_case *of,
			 const struct bench_set *set)
{
	char path[512];
	int events;

	snprintf(path, sizeof(path), "%s/%s_bench.bpf.o", directory, name);
	*variant = (struct variant){.object = bench_object_load(path)};
	variant->program = bench_program(variant->object, entry_name(of));
	events = bpf_object__find_map_fd_by_name(variant->object, MXF_MAP_EVENTS);
	if (events >= 0)
		variant->events = ring_buffer__new(events, ignore_event, NULL, NULL);
	bench_object_publish(variant->object, set);
	variant->sources = bench_object_bss(variant->object, sizeof(*variant->sources));
	bench_sources_fill(variant->sources, &set->list, of->family, of->near);
}

static void variant_clear(struct variant *variant)
{
	munmap(variant->sources, sizeof(*variant->sources));
	ring_buffer__free(variant->events);
	bpf_object__close(variant->object);
}

/* Nanoseconds a packet. */
static double measure(const struct variant *variant, const struct packet *packet)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet->bytes,
		    .data_size_in = (uint32_t)packet->length, .repeat = BENCH_SOURCES);

	bench_clock_begin(variant->sources);
	if (bpf_prog_test_run_opts(variant->program, &options))
		bench_fail("run");
	if (variant->events)
		ring_buffer__consume(variant->events);
	return bench_clock_read(variant->sources, BENCH_SOURCES);
}

static void measure_all(struct variant *variants, const struct bench_case *of)
{
	static struct packet packet;

	bench_frame(of->recipe, of->port, &packet);
	bench_hold_cpu();
	for (size_t i = 0; i < of->variant_count; i++)
		measure(&variants[i], &packet); /* warms up */
	for (size_t round = 0; round < rounds; round++)
		for (size_t i = 0; i < of->variant_count; i++)
			variants[i].times[round] = measure(&variants[i], &packet);
	bench_release_cpu();
}

static void run_case(const struct bench_case *of)
{
	struct variant variants[VARIANTS_MAX];
	struct bench_set set;

	if (strncmp(of->name, wanted, strlen(wanted)))
		return;
	bench_set_fill(&set, of->family, of->count);
	for (size_t i = 0; i < of->variant_count; i++)
		variant_load(&variants[i], of->variants[i], of, &set);
	measure_all(variants, of);
	for (size_t i = 0; i < of->variant_count; i++) {
		printf("program.%s.%s", of->name, of->variants[i]);
		bench_print(variants[i].times, rounds, 1);
		variant_clear(&variants[i]);
	}
	fflush(stdout);
	bench_set_clear(&set);
}

/* What the lookup costs. */
static void run_lookup(uint8_t family, size_t count, bool near)
{
	static const char *const variants[] = {"drop", "bare", "fence", "trie"};
	struct bench_case of = {.variants = variants,
				.variant_count = COUNT_OF(variants),
				.recipe = family == MXF_FAMILY_IPV4 ? "ip4 tcp" : "ip6 tcp",
				.family = family,
				.count = count,
				.port = 25,
				.sources = true,
				.near = near};

	snprintf(of.name, sizeof(of.name), "%s.%zu.%s", family_name(family), count,
		 near ? "near" : "random");
	run_case(&of);
}

/* What drop statistics and events cost under a flood. */
static void run_record(uint8_t family)
{
	static const char *const variants[] = {"quiet", "fence"};
	struct bench_case of = {.variants = variants,
				.variant_count = COUNT_OF(variants),
				.recipe = family == MXF_FAMILY_IPV4 ? "ip4 tcp" : "ip6 tcp",
				.family = family,
				.count = OTHER_COUNT,
				.port = 25,
				.sources = true};

	snprintf(of.name, sizeof(of.name), "%s.record", family_name(family));
	run_case(&of);
}

/* What packets pay that are none of the fence's business. */
static void run_untouched(void)
{
	static const char *const variants[] = {"parse", "fence"};
	static const struct {
		const char *name;
		const char *recipe;
		uint8_t family;
		uint16_t port;
	} packets[] = {
		{"ipv4.ack", "ip4 tcp flags:0x10", MXF_FAMILY_IPV4, 25},
		{"ipv4.udp", "ip4 udp", MXF_FAMILY_IPV4, 25},
		{"ipv4.https", "ip4 tcp", MXF_FAMILY_IPV4, 443},
		{"ipv6.ack", "ip6 tcp flags:0x10", MXF_FAMILY_IPV6, 25},
		{"ipv6.udp", "ip6 udp", MXF_FAMILY_IPV6, 25},
		{"ipv6.https", "ip6 tcp", MXF_FAMILY_IPV6, 443},
	};

	for (size_t i = 0; i < COUNT_OF(packets); i++) {
		struct bench_case of = {.variants = variants,
					.variant_count = COUNT_OF(variants),
					.recipe = packets[i].recipe,
					.family = packets[i].family,
					.count = OTHER_COUNT,
					.port = packets[i].port};

		snprintf(of.name, sizeof(of.name), "%s", packets[i].name);
		run_case(&of);
	}
}

int main(int argc, char **argv)
{
	static const size_t counts[] = {10, 1000, 10000, 100000, 1000000};

	if (argc < 3) {
		fprintf(stderr, "usage: program_bench OBJECT_DIR ROUNDS [CASE]\n");
		return 2;
	}
	directory = argv[1];
	rounds = bench_number(argv[2], BENCH_ROUNDS_MAX);
	if (argc > 3)
		wanted = argv[3];
	for (uint8_t family = MXF_FAMILY_IPV4; family <= MXF_FAMILY_IPV6; family++) {
		for (size_t i = 0; i < COUNT_OF(counts); i++)
			run_lookup(family, counts[i], false);
		for (size_t i = 0; i < COUNT_OF(counts); i++)
			if (counts[i] >= NEAR_FROM)
				run_lookup(family, counts[i], true);
		run_record(family);
	}
	run_untouched();
	return 0;
}
