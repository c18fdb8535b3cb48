// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes a random set, one prefix a line.
 *
 *     ranges FAMILY COUNT
 */
#include <stdio.h>

#include "core/range.h"
#include "mxfence/generation.h"
#include "tests/bench/support.h"

int main(int argc, char **argv)
{
	char text[RANGE_TEXT_MAX];
	struct bench_set set;

	if (argc != 3) {
		fprintf(stderr, "usage: ranges FAMILY COUNT\n");
		return 2;
	}
	bench_set_fill(&set, bench_family(argv[1]), bench_number(argv[2], MXF_RANGES_MAX));
	for (size_t i = 0; i < set.list.count; i++) {
		range_format(&set.list.ranges[i], text);
		puts(text);
	}
	bench_set_clear(&set);
	return fflush(stdout) ? 1 : 0;
}
