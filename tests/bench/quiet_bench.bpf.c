// SPDX-License-Identifier: GPL-2.0-only
/* The fence without drop statistics and events: every drop is only counted. */
#include <linux/bpf.h>

#include "bpf/record.h"

#define record_allows(of_interface) ((void)(of_interface), 0)

#include "bpf/fence.h"
#include "tests/bench/sources.h"

BENCH_ENTRIES(fence_frame)
