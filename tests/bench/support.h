/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the measuring tools share. They are run by people and scripts that watch: whatever fails
 * says so and ends the program.
 */
#ifndef BENCH_SUPPORT_H
#define BENCH_SUPPORT_H

#include <bpf/libbpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "tests/bench/bench.h"
#include "tests/support/packet_recipe.h"

#define BENCH_ROUNDS_MAX 31

/* Prints what failed with errno's text, and exits. */
void bench_fail(const char *what) __attribute__((noreturn));

/* "ipv4", "ipv6": the number, or bench_fail(). */
uint8_t bench_family(const char *name);
size_t bench_number(const char *text, size_t most);

/*
 * From hold to release the program has the last of its CPUs, ahead of every ordinary process where
 * that is permitted. Keep it short.
 */
void bench_hold_cpu(void);
void bench_release_cpu(void);

/* Ends a line of results: the median, then all of them in their order. */
void bench_print(const double *values, size_t count, int decimals);

/* A configuration that closes port 25 to all but `list`. */
struct bench_set {
	struct range_list list;
	struct config config;
	uint16_t port;
};

/*
 * `count` disjoint random prefixes, sorted, the same for the same family and count: IPv4 of
 * 24 to 32 bits, IPv6 of 32 to 64 bits in 2000::/3. `set` stays where it is, and is cleared in the
 * end.
 */
void bench_set_fill(struct bench_set *set, uint8_t family, size_t count);
void bench_set_clear(struct bench_set *set);

/*
 * Random sources, always the same; `near`: one half of them the first address of a range or the one
 * behind its last.
 */
void bench_sources_fill(struct bench_sources *sources, const struct range_list *list,
			uint8_t family, bool near);

/*
 * Makes the program's clock ready for `packets` packets, a power of two above BENCH_CLOCK_PACKETS;
 * afterwards, how many nanoseconds each took. Setting up and ending BPF_PROG_RUN does not count:
 * it takes as long as a million packets.
 */
void bench_clock_begin(struct bench_sources *sources);
double bench_clock_read(const struct bench_sources *sources, uint32_t packets);

/* A frame to `port` of the mail host (packet_people.h), from source port 0 of the address 0. */
void bench_frame(const char *recipe, uint16_t port, struct packet *packet);

struct bpf_object *bench_object_load(const char *path);
int bench_program(const struct bpf_object *object, const char *name);

/* The object's .bss, mapped until the process ends or munmap(). */
void *bench_object_bss(const struct bpf_object *object, size_t size);

/* Publishes the set's generation, and fills the tries, as far as the object has them. */
void bench_object_publish(const struct bpf_object *object, const struct bench_set *set);

#endif
