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

# Fuzz targets compile the whole agent again, with clang, libFuzzer and the sanitizers.
FUZZ_FLAGS := -O1 -g -std=gnu11 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined
FUZZ_LIB_SOURCES := $(filter-out agent/fence/kernel%.c,$(filter agent/core/% agent/config/% agent/fence/% agent/service/request.c agent/service/trust_text.c,$(LIB_SOURCES)))

$(BUILD)/fuzz/%.o: %.c | $(SKELETON)
	@mkdir -p $(@D)
	$(CLANG) $(CPPFLAGS) -I$(BUILD) $(PKG_CFLAGS) $(FUZZ_FLAGS) -MMD -MP -c $< -o $@

$(FUZZ_PROGRAMS): $(BUILD)/%: $(BUILD)/fuzz/%.o $(patsubst %.c,$(BUILD)/fuzz/%.o,$(FUZZ_LIB_SOURCES))
	@mkdir -p $(@D)
	$(CLANG) $(FUZZ_FLAGS) $^ $(PKG_LIBS) -o $@

check-all: all $(TEST_PROGRAMS) $(FUZZ_PROGRAMS)
	BUILD=$(BUILD) tests/run

fuzz: $(FUZZ_PROGRAMS)
	BUILD=$(BUILD) tests/fuzz/run $(FUZZ_SECONDS)

bench: all
	tests/bench/run

.PHONY: check-all
