/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random numbers that a seed repeats, and random recipes made of the pieces in packet_cases.c.
 */
#ifndef PACKET_RANDOM_H
#define PACKET_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators", 2016. */
struct random_source {
	uint64_t state;
};

/* The seed in the environment variable MXF_SEED, or else one from the system; never 0. */
uint64_t random_seed(void);
uint64_t random_next(struct random_source *source);
uint32_t random_below(struct random_source *source, uint32_t bound);

/* Writes one recipe (packet_recipe.h), at most `size` bytes with its NUL. */
void packet_random_recipe(struct random_source *source, char *recipe, size_t size);

#endif
