# Maillon: one Makefile, no configure step. `make` builds build/maillon; `make help` lists the rest.
# VARIANT=release|asan|tsan|cover chooses the flags, V=1 shows the commands.

VARIANT ?= release
CC = gcc
FUZZ_CC = clang
PYTHON = /usr/bin/python3
PREFIX = /usr/local
DESTDIR =
MINUTES ?= 1
OUT := build/$(VARIANT)
BIN := build/maillon
ifneq ($(VARIANT),release)
BIN := $(OUT)/maillon
endif

DEPS_BUILD = gcc make pkg-config libc6-dev libevent-dev libssl-dev libsodium-dev libjansson-dev \
    libzstd-dev libinih-dev libsqlite3-dev libcsv-dev libpcre2-dev libidn2-dev
DEPS_TEST = libcmocka-dev python3 openssl procps zstd nodejs=node npm=npm libtest-json-schema-acceptance-perl
DEPS_LINT = clang clang-format cppcheck mandoc valgrind
PKGS = libevent libevent_openssl libevent_pthreads openssl libsodium jansson libzstd inih sqlite3 libpcre2-8 libidn2

# Deferred on purpose: `make test` on a fresh machine installs pkg-config before it asks it.
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS))
PKG_LIBS = $(shell pkg-config --libs $(PKGS)) -lcsv -lm

WARNINGS = -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wsign-conversion \
    -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wcast-qual -Wcast-align \
    -Wwrite-strings -Wformat=2 -Wundef -Wvla -Wnull-dereference -Wdouble-promotion \
    -Wimplicit-fallthrough -Wpointer-arith -Wredundant-decls
ifneq ($(findstring gcc,$(CC)),)
WARNINGS += -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Walloca
endif

HARDENING = -fstack-protector-strong -ftrivial-auto-var-init=pattern -fno-common -fPIE
LINK_HARDENING = -pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code
ifeq ($(shell uname -m),x86_64)
HARDENING += -fstack-clash-protection -fcf-protection
endif
FLAGS_release = -O2 -g -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 $(HARDENING)
FLAGS_asan = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all -fPIE
FLAGS_tsan = -O1 -g -fno-omit-frame-pointer -fsanitize=thread -fPIE
FLAGS_cover = -O0 -g --coverage -fPIE

# These analyses are wrong where a sanitizer has added branches of its own.
ifneq ($(VARIANT),release)
WARNINGS += -Wno-null-dereference
ifneq ($(findstring gcc,$(CC)),)
WARNINGS += -Wno-maybe-uninitialized
endif
endif

VERSION := 0.1.0
CFLAGS_ALL = -std=gnu17 -I. -D_GNU_SOURCE -DMAILLON_VERSION='"$(VERSION)"' $(WARNINGS) $(FLAGS_$(VARIANT)) -MMD -MP $(CFLAGS)
LDFLAGS_ALL = $(FLAGS_$(VARIANT)) $(LINK_HARDENING) $(LDFLAGS)

SRC_proto := $(wildcard proto/*.c proto/*/*.c)
SRC_keys := $(wildcard keys/*.c)
SRC_conf := $(wildcard conf/*.c)
SRC_node := $(wildcard node/*/*.c) $(filter-out node/main.c,$(wildcard node/*.c))
SRC_testlib := $(wildcard tests/lib/*.c)
TESTS := $(wildcard tests/unit/test_*.c tests/conformance/test_*.c tests/property/test_*.c)
FUZZERS := $(wildcard tests/fuzz/fuzz_*.c)
BENCHES := $(wildcard tests/bench/bench_*.c)
TOOLS := $(wildcard tests/tools/*.c)

objects = $(patsubst %.c,$(OUT)/%.o,$(1))
LIBS := $(OUT)/libnode.a $(OUT)/libkeys.a $(OUT)/libconf.a $(OUT)/libproto.a
TEST_BINS := $(patsubst %.c,$(OUT)/%,$(TESTS))
REPLAY_BINS := $(patsubst tests/fuzz/%.c,$(OUT)/tests/fuzz/replay_%,$(FUZZERS))
FUZZ_BINS := $(patsubst tests/fuzz/%.c,build/fuzz/%,$(FUZZERS))
BENCH_BINS := $(patsubst %.c,$(OUT)/%,$(BENCHES))
TOOL_BINS := $(patsubst %.c,$(OUT)/%,$(TOOLS))
ALL_OBJECTS := $(call objects,$(SRC_proto) $(SRC_keys) $(SRC_conf) $(SRC_node) $(SRC_testlib) \
    $(TESTS) $(FUZZERS) $(BENCHES) $(TOOLS) $(wildcard node/main.c tests/fuzz/replay.c))

Q := $(if $(V),,@)
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: help deps deps-lint all programs demo test check check-asan check-tsan check-units bench bench-marks \
    fuzz format lint install clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 14

deps: ## install the Debian packages that building and testing need
	@scripts/deps.sh $(DEPS_BUILD) $(DEPS_TEST)
deps-lint: ## those for lint, fuzz and check-asan with clang
	@scripts/deps.sh $(DEPS_LINT)

ifneq ($(filter deps demo test check-asan check-tsan bench,$(MAKECMDGOALS)),)
$(ALL_OBJECTS): | deps
endif

# The scanner's inner loops are half again as fast for it (tests/bench/bench_json.c).
ifeq ($(VARIANT),release)
$(OUT)/proto/json/%.o: FLAGS_release += -O3
$(OUT)/proto/schema/run.o $(OUT)/proto/schema/validator.o: FLAGS_release += -O3
endif

# The built-in packs travel in the binary. A folder is newer when a file has left it; the empty rule
# keeps make from building the folder conf/packs out of conf/packs.c.
BUNDLE := build/packs.bundle
PACK_FILES := $(shell find conf/packs 2>/dev/null)
$(PACK_FILES): ;
$(BUNDLE): scripts/bundle.sh $(PACK_FILES)
	$(if $(V),,@echo "  PACK $@")
	$(Q)scripts/bundle.sh conf/packs $@
$(OUT)/conf/packs_bundle.o: $(BUNDLE)

all: $(BIN) ## build build/maillon
programs: $(BIN) $(TEST_BINS) $(REPLAY_BINS) $(BENCH_BINS) $(TOOL_BINS)

$(OUT)/%.o: %.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC   $<")
	$(Q)$(CC) $(CFLAGS_ALL) $(PKG_CFLAGS) -c -o $@ $<

define library
$(OUT)/lib$(1).a: $(call objects,$(SRC_$(1)))
	@mkdir -p $$(@D)
	@rm -f $$@
	$(Q)ar rcs $$@ $$^
endef
$(foreach room,proto keys conf node testlib,$(eval $(call library,$(room))))

$(BIN): $(OUT)/node/main.o $(LIBS)
	@mkdir -p $(@D)
	$(if $(V),,@echo "  LINK $@")
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $< $(LIBS) $(PKG_LIBS)

$(TEST_BINS) $(BENCH_BINS) $(TOOL_BINS): $(OUT)/%: $(OUT)/%.o $(OUT)/libtestlib.a $(LIBS)
	$(if $(V),,@echo "  LINK $@")
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $< $(OUT)/libtestlib.a $(LIBS) $(PKG_LIBS) -lcmocka

$(REPLAY_BINS): $(OUT)/tests/fuzz/replay_%: $(OUT)/tests/fuzz/%.o $(OUT)/tests/fuzz/replay.o $(LIBS)
	$(if $(V),,@echo "  LINK $@")
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(PKG_LIBS)

# Fuzz targets are built whole by clang, apart from the other objects.
build/fuzz/%: tests/fuzz/%.c $(SRC_proto) $(SRC_keys) $(SRC_conf) $(SRC_node) $(BUNDLE) | deps-lint
	@mkdir -p $(@D)
	$(if $(V),,@echo "  FUZZ $@")
	$(Q)$(FUZZ_CC) -std=gnu17 -I. -D_GNU_SOURCE -DMAILLON_VERSION='"$(VERSION)"' -O1 -g \
	    -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all $(PKG_CFLAGS) \
	    -o $@ $(filter %.c,$^) $(PKG_LIBS)

demo: all ## three platforms on this machine, peered A-B-C (ONESHOT=1 ends at once, DATA=DIR takes real files)
	@scripts/demo.sh $(BIN) "$(ONESHOT)" "$(DATA)"

# What tests and benchmarks compare with, from npm.
NPM := build/npm/node_modules/.package-lock.json
$(NPM): tests/npm/package.json tests/npm/package-lock.json | deps
	@mkdir -p build/npm
	@cp tests/npm/package.json tests/npm/package-lock.json build/npm/
	@cd build/npm && npm ci --silent --no-audit --no-fund

test: deps programs $(NPM) ## every test; ends with "N passed, N failed"
	@tests/run.sh $(OUT) $(BIN) full

check-units: programs
	@tests/run.sh $(OUT) $(BIN) units
check-asan: ## the tests under AddressSanitizer and UBSan
	@$(MAKE) --no-print-directory VARIANT=asan programs
	@tests/run.sh build/asan build/asan/maillon full
check-tsan: ## the tests under ThreadSanitizer
	@$(MAKE) --no-print-directory VARIANT=tsan programs
	@tests/run.sh build/tsan build/tsan/maillon full

bench: all $(BENCH_BINS) $(NPM) ## speed, as ratios in one run; writes build/bench.json
	@tests/bench/run.sh $(OUT) $(BIN)

fuzz: $(FUZZ_BINS) ## every fuzz target for MINUTES=n each; fails on a finding
	@tests/fuzz/run.sh $(MINUTES) $(FUZZ_BINS)

format: ## lay out the sources as .clang-format has it
	clang-format -i $$(git ls-files '*.c' '*.h')

lint: deps-lint ## cppcheck, layout, man pages and house rules
	@tests/lint.sh

install: all ## into DESTDIR and PREFIX
	install -D -m 755 $(BIN) $(DESTDIR)$(PREFIX)/bin/maillon
	install -D -m 644 docs/maillon.1 $(DESTDIR)$(PREFIX)/share/man/man1/maillon.1
	install -D -m 644 docs/maillon.ini.5 $(DESTDIR)$(PREFIX)/share/man/man5/maillon.ini.5

clean: ## remove build/
	rm -rf build

-include $(ALL_OBJECTS:.o=.d)
