// SPDX-License-Identifier: GPL-2.0-only
#include "bpf/fence.h"
#include "tests/bench/sources.h"

BENCH_ENTRIES(fence_frame)
