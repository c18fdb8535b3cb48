# SPDX-License-Identifier: GPL-2.0-only
# How the tests are built and run; included by the top Makefile.

TEST_PROGRAMS := $(call programs,$(UNIT_SOURCES) $(BPF_TEST_SOURCES))
TEST_SUPPORT := $(sort $(wildcard tests/support/*.c))
FUZZ_PROGRAMS := $(call programs,$(FUZZ_SOURCES))

$(TEST_PROGRAMS): $(BUILD)/%: $(BUILD)/%.o $(call objects,$(TEST_SUPPORT)) $(LIB)
	$(CC) $(ALL_CFLAGS) $(filter %.o,$^) $(LIB) $(PKG_LIBS) -lcmocka -o $@

# The command line's own tests take its parts along, all but main().
$(filter $(BUILD)/tests/unit/cli/%,$(TEST_PROGRAMS)): \
	$(filter-out %/main.o,$(call objects,$(CLI_SOURCES)))

$(filter $(BUILD)/tests/unit/update/%,$(TEST_PROGRAMS)): \
	$(filter-out %/main.o,$(call objects,$(UPDATE_SOURCES)))
$(filter $(BUILD)/tests/unit/update/%,$(TEST_PROGRAMS)): PKG_LIBS += $(UPDATE_LIBS)

# Fuzz targets compile the whole agent again, with clang, libFuzzer and the sanitizers.
FUZZ_FLAGS := -O1 -g -std=gnu11 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined
FUZZ_LIB_SOURCES := $(filter-out agent/fence/kernel%.c,$(filter agent/core/% agent/config/% agent/fence/% agent/policy/% agent/smtp/% agent/service/request.c agent/service/trust_text.c,$(LIB_SOURCES)) \
	tools/update/dns.c tools/update/gather.c tools/update/spf_record.c tools/update/spf_walk.c)

$(BUILD)/fuzz/%.o: %.c | $(SKELETON)
	@mkdir -p $(@D)
	$(CLANG) $(CPPFLAGS) -I$(BUILD) $(PKG_CFLAGS) $(FUZZ_FLAGS) -MMD -MP -c $< -o $@

$(FUZZ_PROGRAMS): $(BUILD)/%: $(BUILD)/fuzz/%.o $(patsubst %.c,$(BUILD)/fuzz/%.o,$(FUZZ_LIB_SOURCES))
	@mkdir -p $(@D)
	$(CLANG) $(FUZZ_FLAGS) $^ $(PKG_LIBS) -o $@

# What the end-to-end tests call: programs of their own, and a next build of the agent, whose XDP
# program is another one of the same source.
E2E_PROGRAMS := $(call programs,$(sort $(wildcard tests/e2e/tools/*.c)))
NEXT := $(BUILD)/tests/e2e/next

$(E2E_PROGRAMS): $(BUILD)/%: $(BUILD)/%.o
	$(CC) $(ALL_CFLAGS) $< -o $@

$(NEXT)/fence.skel.h: bpf/fence.bpf.c $(SKELETON)
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -fno-unroll-loops -c $< -o $(@D)/fence.bpf.o
	$(BPFTOOL) gen skeleton $(@D)/fence.bpf.o name fence_bpf > $@

$(NEXT)/mxfenced: $(NEXT)/fence.skel.h $(LIB)
	$(CC) $(CPPFLAGS) -I$(NEXT) $(PKG_CFLAGS) $(ALL_CFLAGS) agent/main.c \
		$(wildcard agent/fence/kernel*.c) $(LIB) $(PKG_LIBS) -o $@

check-all: all $(TEST_PROGRAMS) $(FUZZ_PROGRAMS) $(E2E_PROGRAMS) $(NEXT)/mxfenced
	BUILD=$(BUILD) tests/run

fuzz: $(FUZZ_PROGRAMS)
	BUILD=$(BUILD) tests/fuzz/run $(FUZZ_SECONDS)

include tests/bench/bench.mk

.PHONY: check-all
