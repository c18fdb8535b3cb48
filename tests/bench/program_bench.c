// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a packet costs inside the program: the fence beside itself without a lookup and with
 * LPM_TRIE, by BPF_PROG_RUN over 2^20 sources. Rounds are interleaved; medians are printed.
 *
 *     program_bench OBJECT_DIR [ROUNDS]
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fence/generation.h"
#include "mxfence/maps.h"
#include "tests/bench/bench.h"

#define FRAME_SIZE 78
#define VARIANTS 3
#define ROUNDS_MAX 31

enum variant { BARE, FENCE, TRIE };

static const char *const variant_files[VARIANTS] = {
	[BARE] = "bare_bench.bpf.o", [FENCE] = "fence_bench.bpf.o", [TRIE] = "trie_bench.bpf.o"};

struct program {
	struct bpf_object *object;
	int fd4;
	int fd6;
};

static uint64_t random_state = 88172645463325252u;

static uint64_t random_next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state * 2685821657736338717u;
}

static void fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

static struct ip random_ip(uint8_t family)
{
	if (family == MXF_FAMILY_IPV4)
		return (struct ip){0, random_next() >> 32};
	return (struct ip){random_next() >> 3 | UINT64_C(1) << 61, random_next()};
}

/* A prefix of 24 to 32 bits, or of 32 to 64 in 2000::/3. */
static struct range random_range(uint8_t family)
{
	unsigned int host =
		family == MXF_FAMILY_IPV4 ? random_next() % 13 : 64 + random_next() % 33;
	struct ip ip = random_ip(family), mask = {0, 0};

	if (host >= 64)
		mask = (struct ip){(UINT64_C(1) << (host - 64)) - 1, UINT64_MAX};
	else
		mask.lo = (UINT64_C(1) << host) - 1;
	return (struct range){
		.first = {ip.hi & ~mask.hi, ip.lo & ~mask.lo},
		.last = {ip.hi | mask.hi, ip.lo | mask.lo},
		.family = family,
	};
}

static void fill_list(struct range_list *list, uint8_t family, size_t count)
{
	list->ranges = realloc(list->ranges, (count + 1) * sizeof(*list->ranges));
	list->count = count;
	for (size_t i = 0; i < count; i++)
		list->ranges[i] = random_range(family);
}

static struct program program_load(const char *directory, enum variant variant)
{
	struct program program;
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", directory, variant_files[variant]);
	program.object = bpf_object__open_file(path, NULL);
	if (!program.object || bpf_object__load(program.object))
		fail(path);
	program.fd4 = bpf_program__fd(bpf_object__find_program_by_name(program.object, "bench4"));
	program.fd6 = bpf_program__fd(bpf_object__find_program_by_name(program.object, "bench6"));
	return program;
}

static int map_fd(const struct program *program, const char *name)
{
	return bpf_object__find_map_fd_by_name(program->object, name);
}

static void publish(const struct program *program, const struct config *config)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE | BPF_F_INNER_MAP);
	struct generation_facts facts = {1, 0, random_next(), (uint32_t)libbpf_num_possible_cpus()};
	struct generation_plan *plan;
	uint32_t elements, key = MXF_SLOT_CURRENT;
	size_t size;
	void *memory;
	int fd;

	errno = -generation_plan_create(config, &plan);
	if (errno)
		fail("plan");
	elements = generation_plan_elements(plan, facts.cpus);
	size = (size_t)elements * MXF_ELEMENT_SIZE;
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "bench", 4, MXF_ELEMENT_SIZE, elements, &options);
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		fail("map");
	generation_write(plan, &facts, memory);
	generation_plan_free(&plan);
	if (bpf_map_update_elem(map_fd(program, "generations"), &key, &fd, BPF_ANY))
		fail("publish");
	munmap(memory, size);
	close(fd);
}

static void fill_trie(const struct program *program, const struct range_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct range *range = &list->ranges[i];
		bool ipv4 = range->family == MXF_FAMILY_IPV4;
		struct ip span = range_extent(range);
		uint32_t key[5], words[4], answer = MXF_SLOT(MXF_ANSWER_TRUSTED, (uint32_t)i);

		ip_to_words(range->first, words);
		key[0] = ipv4 ? 32 - (uint32_t)__builtin_popcountll(span.lo)
			      : 128 - (uint32_t)(__builtin_popcountll(span.hi) +
						 __builtin_popcountll(span.lo));
		for (int word = 0; word < 4; word++)
			key[1 + word] = __builtin_bswap32(words[ipv4 ? 3 : word]);
		if (bpf_map_update_elem(map_fd(program, ipv4 ? "trie4" : "trie6"), key, &answer,
					BPF_ANY))
			fail("trie");
	}
}

/* `near`: one source in two is inside a range, or right behind its end. */
static struct ip choose_source(const struct range_list *list, uint8_t family, bool near)
{
	const struct range *range;
	uint64_t dice = random_next();

	if (!near || list->count == 0 || dice & 1)
		return random_ip(family);
	range = &list->ranges[random_next() % list->count];
	return dice & 2 ? range->first : ip_next(range->last);
}

static void fill_sources(struct bench_sources *sources, const struct range_list *list,
			 uint8_t family, bool near)
{
	for (uint32_t i = 0; i < BENCH_SOURCES; i++) {
		struct ip ip = choose_source(list, family, near);

		if (family == MXF_FAMILY_IPV4) {
			sources->ipv4[i] = __builtin_bswap32((uint32_t)ip.lo);
		} else {
			sources->ipv6[i][0] = __builtin_bswap64(ip.hi);
			sources->ipv6[i][1] = __builtin_bswap64(ip.lo);
		}
	}
}

static struct bench_sources *program_sources(const struct program *program)
{
	struct bpf_map *map = bpf_object__find_map_by_name(program->object, ".bss");
	void *sources = mmap(NULL, bpf_map__value_size(map), PROT_READ | PROT_WRITE, MAP_SHARED,
			     bpf_map__fd(map), 0);

	if (sources == MAP_FAILED)
		fail("sources");
	return sources;
}

/* Ethernet, IP, TCP SYN to port 25. */
static size_t write_frame(uint8_t family, uint8_t frame[FRAME_SIZE])
{
	bool ipv4 = family == MXF_FAMILY_IPV4;
	uint8_t *ip = frame + 14, *tcp = ip + (ipv4 ? 20 : 40);

	memset(frame, 0, FRAME_SIZE);
	memcpy(frame + 12, ipv4 ? "\x08\x00" : "\x86\xdd", 2);
	if (ipv4) {
		ip[0] = 0x45;
		ip[3] = 40;
		ip[8] = 64;
		ip[9] = 6;
	} else {
		ip[0] = 0x60;
		ip[5] = 20;
		ip[6] = 6;
		ip[7] = 64;
	}
	tcp[3] = 25;
	tcp[12] = 5 << 4;
	tcp[13] = 2;
	return (size_t)(tcp + 20 - frame);
}

static double measure(const struct program *program, uint8_t family)
{
	uint8_t frame[FRAME_SIZE];
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .repeat = BENCH_SOURCES);

	options.data_size_in = (uint32_t)write_frame(family, frame);
	if (bpf_prog_test_run_opts(family == MXF_FAMILY_IPV4 ? program->fd4 : program->fd6,
				   &options))
		fail("run");
	return options.duration;
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void run_case(const char *directory, uint8_t family, size_t count, bool near, int rounds)
{
	struct range_list list = {.name = "bench", .action = LIST_TRUSTED};
	uint16_t port = 25;
	struct config config = {.has_filter = true,
				.filter = {.closed_ports = &port,
					   .closed_port_count = 1,
					   .strict = true,
					   .lists = &list,
					   .list_count = 1}};
	struct program programs[VARIANTS];
	double times[VARIANTS][ROUNDS_MAX], median[VARIANTS];
	struct bench_sources *sources;

	fill_list(&list, family, count);
	for (int variant = 0; variant < VARIANTS; variant++) {
		programs[variant] = program_load(directory, variant);
		publish(&programs[variant], &config);
		if (variant == TRIE)
			fill_trie(&programs[variant], &list);
		random_state = 7046029254386353131u;
		sources = program_sources(&programs[variant]);
		fill_sources(sources, &list, family, near);
		munmap(sources, sizeof(*sources));
	}
	for (int round = 0; round < rounds; round++)
		for (int variant = 0; variant < VARIANTS; variant++)
			times[variant][round] = measure(&programs[variant], family);
	for (int variant = 0; variant < VARIANTS; variant++) {
		qsort(times[variant], rounds, sizeof(double), compare_doubles);
		median[variant] = times[variant][rounds / 2];
		bpf_object__close(programs[variant].object);
	}
	printf("%s %7zu %s  bare %5.1f  fence %5.1f  trie %6.1f ns  fence/bare %.2f  trie/fence %.1f\n",
	       family == MXF_FAMILY_IPV4 ? "IPv4" : "IPv6", count, near ? "near  " : "random",
	       median[BARE], median[FENCE], median[TRIE], median[FENCE] / median[BARE],
	       median[TRIE] / median[FENCE]);
	fflush(stdout);
	free(list.ranges);
}

int main(int argc, char **argv)
{
	static const size_t counts[] = {10, 1000, 10000, 100000, 1000000};
	int rounds = argc > 2 ? atoi(argv[2]) : 5;

	if (argc < 2 || rounds < 1 || rounds > ROUNDS_MAX) {
		fprintf(stderr, "usage: program_bench OBJECT_DIR [ROUNDS]\n");
		return 2;
	}
	for (uint8_t family = MXF_FAMILY_IPV4; family <= MXF_FAMILY_IPV6; family++) {
		for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
			run_case(argv[1], family, counts[i], false, rounds);
		run_case(argv[1], family, 100000, true, rounds);
		run_case(argv[1], family, 1000000, true, rounds);
	}
	return 0;
}
