// SPDX-License-Identifier: GPL-2.0-only
#include "tests/bench/support.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/range.h"
#include "fence/generation.h"
#include "mxfence/maps.h"

#define SEED 0x9e3779b97f4a7c15ULL

struct bpf_object *bench_object_load(const char *path)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);

	if (!object || bpf_object__load(object))
		bench_fail(path);
	return object;
}

int bench_program(const struct bpf_object *object, const char *name)
{
	const struct bpf_program *program = bpf_object__find_program_by_name(object, name);

	if (!program)
		bench_fail(name);
	return bpf_program__fd(program);
}

void *bench_object_bss(const struct bpf_object *object, size_t size)
{
	int fd = bpf_object__find_map_fd_by_name(object, ".bss");
	void *bss = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (bss == MAP_FAILED)
		bench_fail(".bss");
	return bss;
}

static void publish_generation(int outer, const struct config *config)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE | BPF_F_INNER_MAP);
	struct generation_facts facts = {
		.number = 1, .seed = SEED, .cpus = (uint32_t)libbpf_num_possible_cpus()};
	const uint32_t current = MXF_GENERATION_CURRENT;
	struct generation_plan *plan;
	uint32_t elements;
	void *memory;
	int fd;

	errno = -generation_plan_create(config, &plan);
	if (errno)
		bench_fail("generation");
	elements = generation_plan_elements(plan, facts.cpus);
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "bench", sizeof(uint32_t), MXF_ELEMENT_SIZE,
			    elements, &options);
	memory = mmap(NULL, (size_t)elements * MXF_ELEMENT_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
		      fd, 0);
	if (memory == MAP_FAILED)
		bench_fail("generation");
	generation_write(plan, &facts, memory);
	generation_plan_free(&plan);
	if (bpf_map_update_elem(outer, &current, &fd, BPF_ANY))
		bench_fail("publish");
	munmap(memory, (size_t)elements * MXF_ELEMENT_SIZE);
	close(fd);
}

static void fill_trie(int fd, uint8_t family, const struct range_list *list)
{
	const uint32_t answer = MXF_SLOT(MXF_ANSWER_TRUSTED, 0);

	for (size_t i = 0; i < list->count; i++) {
		const struct range *range = &list->ranges[i];
		unsigned int length;
		uint32_t key[5], words[4];

		if (range->family != family || !range_is_prefix(range, &length))
			continue;
		ip_to_words(range->first, words);
		key[0] = length;
		for (int word = 0; word < 4; word++)
			key[1 + word] =
				__builtin_bswap32(words[family == MXF_FAMILY_IPV4 ? 3 : word]);
		if (bpf_map_update_elem(fd, key, &answer, BPF_ANY))
			bench_fail("trie");
	}
}

void bench_object_publish(const struct bpf_object *object, const struct bench_set *set)
{
	static const struct {
		const char *name;
		uint8_t family;
	} tries[] = {{"trie4", MXF_FAMILY_IPV4}, {"trie6", MXF_FAMILY_IPV6}};
	int fd = bpf_object__find_map_fd_by_name(object, MXF_MAP_GENERATIONS);

	if (fd >= 0)
		publish_generation(fd, &set->config);
	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		fd = bpf_object__find_map_fd_by_name(object, tries[i].name);
		if (fd >= 0)
			fill_trie(fd, tries[i].family, &set->list);
	}
}
