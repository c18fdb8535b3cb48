/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of packets that all packet tests share. */
#ifndef PACKET_CASES_H
#define PACKET_CASES_H

#include <stddef.h>

/*
 * What the walk must make of each frame:
 *   S  a SYN to the port that the recipe was built for
 *   U  undecidable, though the port is seen
 *   u  undecidable, and the port is out of sight
 *   x  a frame whose addresses are out of sight: undecidable for everybody
 *   -  not the fence's business
 */
struct packet_case {
	const char *recipe;
	const char *expected;
};

extern const struct packet_case packet_cases[];
extern const size_t packet_case_count;

#endif
