# SPDX-License-Identifier: Apache-2.0
#
# make               build/release/kubeplay and its two helper programs
# make check         unit, golden, fuzz-corpus and e2e tests     make san    the same under ASan and UBSan
# make lint          format, analysers, layers, headers, docs    make bench  against podman, crun, bwrap
# make deps          the Debian packages that all this needs     make demo   from nothing to a running pod
# make man           the table of kubeplay.yaml(5) anew, after a change of kube/def
#
# No source file is named here: a folder's .c files are one static library, a program is cmd/NAME/*.c, a unit test
# is tests/unit/test_*.c. VARIANT=release|debug|san|cov|clang builds into a folder of its own.

VARIANT ?= release
PREFIX  ?= /usr/local
CC      ?= cc
B       := build/$(VARIANT)
VERSION := $(shell cat VERSION)

BINDIR     := $(PREFIX)/bin
LIBEXECDIR := $(PREFIX)/libexec/kubeplay
MANDIR     := $(PREFIX)/share/man

WERROR   ?= -Werror
WARN     := -Wall -Wextra -Wpedantic $(WERROR) -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes \
            -Wmissing-prototypes -Wold-style-definition -Wwrite-strings -Wcast-align -Wcast-qual -Wpointer-arith \
            -Wundef -Wvla -Wformat=2 -Wimplicit-fallthrough -Wredundant-decls -Wnested-externs -Wdouble-promotion \
            -fno-common
CPPFLAGS += -I. -I$(B)/gen -isystem /usr/include/libnl3 -D_GNU_SOURCE -DKP_VERSION='"$(VERSION)"' -DKP_LIBEXECDIR='"$(LIBEXECDIR)"'
CFLAGS_release := -O2 -g -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fstack-clash-protection
CFLAGS_clang   := -O2 -g -fstack-protector-strong -D_FORTIFY_SOURCE=2
CFLAGS_debug   := -O0 -g
CFLAGS_san     := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
# libFuzzer: for `make soak`
CFLAGS_fuzz    := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS_cov     := -O0 -g --coverage
ALL_CFLAGS  = -std=gnu11 $(WARN) -fPIE $(CFLAGS_$(VARIANT)) $(CFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,lazy -Wl,--as-needed $(CFLAGS_$(VARIANT)) $(LDFLAGS)

# In link order: whoever uses comes before who is used.
LIBDIRS := kube net pkg/pod pkg/runtime pkg/image pkg/store pkg/state pkg/plan pkg/loop pkg/util
LIBS    := $(foreach d,$(LIBDIRS),$(B)/lib/$(subst /,-,$(d)).a)
SYSLIBS := -lcyaml -lyaml -ljansson -lseccomp -lnl-route-3 -lnl-3 -lcurl -larchive -lisal -lzstd -lcrypto -ldl -lpthread

PROGRAMS := $(notdir $(wildcard cmd/*))
SRC      := $(wildcard $(addsuffix /*.c,$(LIBDIRS)) cmd/*/*.c)
OBJ      := $(SRC:%.c=$(B)/obj/%.o)
TESTSRC  := $(wildcard tests/unit/test_*.c)
TESTS    := $(TESTSRC:tests/unit/%.c=$(B)/tests/unit/%)
FUZZSRC  := $(wildcard tests/fuzz/fuzz_*.c)
REPLAYS  := $(FUZZSRC:tests/fuzz/%.c=$(B)/tests/fuzz/%)

# V=1 shows the commands.
Q   := $(if $(V),,@)

.PHONY: all tests
all: $(PROGRAMS:%=$(B)/%)
tests: all $(TESTS) $(REPLAYS)
.PHONY: fuzzers
fuzzers: $(REPLAYS)

# The default seccomp filter is compiled to BPF once, at build time (libseccomp needs 14 ms for it).
GEN := $(B)/gen/seccomp_default.inc
$(B)/gen/mkseccomp: pkg/runtime/gen/mkseccomp.c $(wildcard pkg/runtime/seccomp_profile.h)
	@mkdir -p $(@D)
	$(if $(V),,@printf "  CC   %s\n" $@)
	$(Q)$(CC) $(CPPFLAGS) -std=gnu11 $(WARN) -O1 -o $@ $< -lseccomp
$(GEN): $(B)/gen/mkseccomp
	@$< >$@.new && mv $@.new $@

$(B)/obj/%.o: %.c | $(GEN)
	@mkdir -p $(@D)
	$(if $(V),,@printf "  CC   %s\n" $@)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

define library
$(B)/lib/$(subst /,-,$(1)).a: $$(patsubst %.c,$(B)/obj/%.o,$$(wildcard $(1)/*.c))
	@mkdir -p $$(@D)
	@rm -f $$@
	@$$(AR) rcs $$@ $$^
endef
$(foreach d,$(LIBDIRS),$(eval $(call library,$(d))))

define program
$(B)/$(1): $$(patsubst %.c,$(B)/obj/%.o,$$(wildcard cmd/$(1)/*.c)) $(LIBS)
	$$(if $$(V),,@printf "  CC   %s\n" $$@)
	$$(Q)$$(CC) $$(ALL_LDFLAGS) -o $$@ $$(filter %.o,$$^) -Wl,--start-group $(LIBS) -Wl,--end-group $(SYSLIBS)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$(p))))

$(B)/tests/unit/%: tests/unit/%.c $(LIBS)
	@mkdir -p $(@D)
	$(if $(V),,@printf "  CC   %s\n" $@)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -Wno-missing-prototypes -MMD -MP -MF $@.d $(ALL_LDFLAGS) -o $@ $< \
		-Wl,--start-group $(LIBS) -Wl,--end-group -lcmocka $(SYSLIBS)

# Each target replays its corpus; with a fuzzer (VARIANT=fuzz) it looks for new inputs.
FUZZMAIN := $(if $(filter fuzz,$(VARIANT)),-fsanitize=fuzzer,tests/fuzz/replay.c)
$(B)/tests/fuzz/%: tests/fuzz/%.c tests/fuzz/replay.c $(LIBS)
	@mkdir -p $(@D)
	$(if $(V),,@printf "  CC   %s\n" $@)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -Wno-missing-prototypes $(ALL_LDFLAGS) -o $@ $< $(FUZZMAIN) \
		-Wl,--start-group $(LIBS) -Wl,--end-group $(SYSLIBS)

-include $(OBJ:.o=.d) $(addsuffix .d,$(TESTS))

.PHONY: deps bench-deps check san lint bench soak demo install uninstall clean fuzz cover man format
deps:
	@tests/kit/deps
bench-deps:
	@tests/kit/deps --bench
# On a fresh machine too: the packages come first, and make looks at the sources anew when they are there.
check: deps
	@$(MAKE) --no-print-directory tests
	@tests/run --variant $(VARIANT)
san:
	@$(MAKE) --no-print-directory VARIANT=san tests
	@tests/run --variant san
lint:
	@tests/lint/run
bench: all
	@tests/bench/run
# All tests, longer; and each fuzz target for KP_SOAK_SECONDS (600) where clang is.
soak: tests
	@! command -v clang >/dev/null || $(MAKE) --no-print-directory VARIANT=fuzz CC=clang fuzzers
	@KP_SOAK=1 tests/run --variant $(VARIANT)
demo:
	@tests/kit/demo
# The table of fields in the manual follows from kube/def.
man: $(B)/kubeplay
	@{ sed '/^\.\\" The table/q' docs/kubeplay.yaml.5; $< explain -o mdoc; \
		sed -n '/^\.\\" End of the table/,$$p' docs/kubeplay.yaml.5; } >$(B)/kubeplay.yaml.5
	@cmp -s $(B)/kubeplay.yaml.5 docs/kubeplay.yaml.5 || cp $(B)/kubeplay.yaml.5 docs/kubeplay.yaml.5
format:
	clang-format -i $$(git ls-files '*.c' '*.h')

install: all
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(LIBEXECDIR) $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(MANDIR)/man5
	install -m 0755 $(B)/kubeplay $(DESTDIR)$(BINDIR)/
	install -m 0755 $(B)/kubeplay-image $(B)/kubeplay-net $(DESTDIR)$(LIBEXECDIR)/
	install -m 0644 docs/kubeplay.1 $(DESTDIR)$(MANDIR)/man1/
	install -m 0644 docs/kubeplay.yaml.5 $(DESTDIR)$(MANDIR)/man5/
uninstall:
	rm -f $(DESTDIR)$(BINDIR)/kubeplay $(DESTDIR)$(MANDIR)/man1/kubeplay.1 $(DESTDIR)$(MANDIR)/man5/kubeplay.yaml.5
	rm -f $(DESTDIR)$(LIBEXECDIR)/kubeplay-image $(DESTDIR)$(LIBEXECDIR)/kubeplay-net
	-rmdir $(DESTDIR)$(LIBEXECDIR)
clean:
	rm -rf build
