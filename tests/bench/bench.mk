# SPDX-License-Identifier: GPL-2.0-only
# How the measuring programs are built; included by tests.mk.

BENCH_PROGRAMS := $(addprefix $(BUILD)/tests/bench/,program_bench flood attach ranges stopwatch)
BENCH_SUPPORT := $(sort $(wildcard tests/bench/support*.c)) $(filter tests/support/packet_%.c,$(TEST_SUPPORT))
BENCH_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/bench/*.bpf.c))

$(BENCH_OBJECTS): $(wildcard tests/bench/*.h)

$(BENCH_PROGRAMS): $(BUILD)/%: $(BUILD)/%.o $(call objects,$(BENCH_SUPPORT)) $(LIB)
	$(CC) $(ALL_CFLAGS) $(filter %.o,$^) $(LIB) $(PKG_LIBS) -o $@

GATE_BENCH_PROGRAMS := $(call programs,$(sort $(wildcard tests/bench/gate/*.c)))

$(GATE_BENCH_PROGRAMS): $(BUILD)/%: $(BUILD)/%.o
	$(CC) $(ALL_CFLAGS) $< -lssl -lcrypto -o $@

bench-programs: all $(BENCH_PROGRAMS) $(BENCH_OBJECTS)

bench: deps
	$(MAKE) --no-print-directory bench-programs
	BUILD=$(BUILD) tests/bench/run

bench-gate: test-deps
	$(MAKE) --no-print-directory all $(GATE_BENCH_PROGRAMS)
	BUILD=$(BUILD) tests/bench/gate/run

.PHONY: bench-programs bench-gate
