/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who delivered mail through the gate: the sources that a backend accepted a message from, the last
 * PARTNERS_MAX of them. Kept in memory alone.
 */
#ifndef SERVICE_PARTNERS_H
#define SERVICE_PARTNERS_H

#include <stddef.h>
#include <stdint.h>

#include "core/ip.h"
#include "mxfence/gate.h"

#define PARTNERS_MAX 8192u

struct partner;

/* Zero-initialised is empty. */
struct partners {
	struct partner *quietest; /* of a table that is in the order of the last message */
};

/*
 * Takes note of the client of a record that tells of an accepted message; of others it does not.
 * When there is no room the one that was quiet for longest gives way. Without memory nothing is
 * noted.
 */
void partners_note(struct partners *partners, const struct mxf_gate_record *record);

/* When the last message of a source was accepted, CLOCK_REALTIME nanoseconds; 0: never. */
uint64_t partners_find(const struct partners *partners, uint8_t family, struct ip ip);

size_t partners_count(const struct partners *partners);
void partners_clear(struct partners *partners);

#endif
