/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of addresses (PTR), looked up by a bounded number of threads. Nobody waits for a name
 * longer than he wants to; what comes later is there the next time.
 */
#ifndef MXFENCE_NAMES_H
#define MXFENCE_NAMES_H

#include <jansson.h>
#include <stdbool.h>

#define NAMES_THREADS 16
#define NAMES_MAX 4096 /* addresses remembered or waited for */
#define NAMES_TEXT_MAX 1025

struct names;

/* Writes the name of an address, NUL-terminated; false when there is none. May take its time. */
typedef bool names_look_up_fn(const char *address, char name[NAMES_TEXT_MAX]);
names_look_up_fn names_look_up; /* asks the system's resolver */

/*
 * The same, but only a name that itself has the address, and is a host's: letters, digits, hyphens,
 * underscores and dots. So it is not only what somebody wrote about the address.
 */
names_look_up_fn names_look_up_confirmed;

/* True for such names as names_look_up_confirmed() gives, whoever has them. */
bool names_is_host(const char *name);

/* NULL without memory, or without threads. */
struct names *names_start(names_look_up_fn *look_up);

/* Does not wait for lookups under way; they end with their thread, or with the program. */
void names_stop(struct names **names);

/*
 * Adds `name` to each object of an array that has an `address`: a string, or null while it is not
 * known. The first `count` are asked for, and waited for at most `patience_ms`, all together. Names
 * are what somebody wrote: not checked in any way, but for being UTF-8.
 */
void names_add(struct names *names, json_t *objects, size_t count, unsigned int patience_ms);

/* How many addresses are still waited for. */
size_t names_waiting(struct names *names);

#endif
