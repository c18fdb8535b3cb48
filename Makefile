# SPDX-License-Identifier: GPL-2.0-only
#
#   make demo      installs what is missing, builds, shows the main job in a lab of its own
#   make test      installs what is missing, builds, runs every test (root: all of them)
#   make           builds build/mxfenced, build/mxfence and build/mxfence-update
#   make install   PREFIX, DESTDIR, SYSCONFDIR, UNITDIR as usual; make uninstall takes it back
#   make bench     measures beside real peers and rewrites the table in tests/bench/README.md
#   make bench-gate  the same for the gate and tests/bench/gate/README.md
#   make fuzz      FUZZ_SECONDS of every fuzz target
#   make SANITIZE=1 ...   the same with AddressSanitizer and UBSan, under build/sanitize

VERSION := 0.1.0
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
UNITDIR ?= /lib/systemd/system
FUZZ_SECONDS ?= 60

CC := gcc
CLANG := clang
BPFTOOL := $(firstword $(wildcard /usr/sbin/bpftool /usr/local/sbin/bpftool) bpftool)
LIBS := libbpf libelf zlib libevent yaml-0.1 jansson smartcols libcap-ng openssl libcrypt libidn2

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wconversion \
	    -Wno-sign-conversion -Wvla -Werror
CPPFLAGS := -D_GNU_SOURCE -DMXF_VERSION='"$(VERSION)"' -Iinclude -Iagent -I. 
CFLAGS ?= -O2 -g
LDFLAGS ?= -Wl,-z,relro,-z,now
ALL_CFLAGS = -std=gnu11 $(WARNINGS) $(CFLAGS) $(HARDENING) $(SANITIZE_FLAGS)

ifdef SANITIZE
BUILD := build/sanitize
SANITIZE_FLAGS := -fsanitize=address,undefined -fno-omit-frame-pointer
else
BUILD := build
HARDENING := -fPIE -fstack-protector-strong -D_FORTIFY_SOURCE=2
endif

# Lazily, so that `make deps` works before pkg-config is there.
PKG_CFLAGS = $(shell pkg-config --cflags $(LIBS))
PKG_LIBS = $(shell pkg-config --libs $(LIBS))
UPDATE_LIBS = $(shell pkg-config --libs libunbound jansson yaml-0.1 libcrypt)

LIB_SOURCES := $(filter-out agent/main.c,$(sort $(wildcard agent/*.c agent/*/*.c)))
CLI_SOURCES := $(sort $(wildcard tools/mxfence/*.c tools/common/*.c))
UPDATE_SOURCES := $(sort $(wildcard tools/update/*.c tools/common/*.c))
UNIT_SOURCES := $(sort $(wildcard tests/unit/*/*_test.c))
BPF_TEST_SOURCES := $(sort $(wildcard tests/bpf/*_test.c))
FUZZ_SOURCES := $(sort $(wildcard tests/fuzz/*_fuzz.c))

LIB := $(BUILD)/libmxfence.a
SKELETON := $(BUILD)/fence.skel.h
objects = $(patsubst %.c,$(BUILD)/%.o,$(1))
programs = $(patsubst %.c,$(BUILD)/%,$(1))

all: $(BUILD)/mxfenced $(BUILD)/mxfence $(BUILD)/mxfence-update

include tests/tests.mk

# --- the program that runs in the kernel ---------------------------------------------------------

BPF_CFLAGS := -std=gnu11 -O2 -g -target bpf -mcpu=v3 -Wall -Wextra -Werror -Iinclude -I. \
	      -I/usr/include/$(shell uname -m)-linux-gnu

$(BUILD)/%.bpf.o: %.bpf.c $(wildcard bpf/*.h include/mxfence/*.h)
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(SKELETON): $(BUILD)/bpf/fence.bpf.o
	$(BPFTOOL) gen skeleton $< name fence_bpf > $@.tmp
	mv $@.tmp $@

# --- agent and command line ----------------------------------------------------------------------

$(BUILD)/%.o: %.c | $(SKELETON)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -I$(BUILD) $(PKG_CFLAGS) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

$(LIB): $(call objects,$(LIB_SOURCES))
	rm -f $@
	ar rcs $@ $^

$(BUILD)/mxfenced: $(BUILD)/agent/main.o $(LIB)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ $(PKG_LIBS) -o $@

$(BUILD)/mxfence: $(call objects,$(CLI_SOURCES)) $(LIB)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ $(PKG_LIBS) -o $@

$(BUILD)/mxfence-update: $(call objects,$(UPDATE_SOURCES)) $(LIB)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) $^ $(UPDATE_LIBS) -o $@

-include $(shell find $(BUILD) -path $(BUILD)/peers -prune -o -name '*.d' -type f -print 2>/dev/null)

# --- what an administrator calls -----------------------------------------------------------------

deps:
	tools/deps build

test-deps:
	tools/deps test

demo: deps
	$(MAKE) --no-print-directory all
	tools/lab/demo

test: test-deps
	$(MAKE) --no-print-directory check-all

include tools/install.mk

clean:
	rm -rf build

.PHONY: all deps test-deps demo test clean install uninstall bench fuzz
.DELETE_ON_ERROR:
