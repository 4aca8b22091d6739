# make            build the two programs into build/        make test   all tests
# make demo       a day of traffic: ingest, verify, ask     make tidy   house rules
# make SAN=address|undefined|thread test   CC=clang test    make fuzz   short fuzzing
# make install    into PREFIX (default /usr/local)          DEPS=no     install nothing
CC      ?= cc
SAN     ?=
DEPS    ?= yes
PREFIX  ?= /usr/local
B       := build/$(notdir $(CC))$(if $(SAN),-$(SAN))
WARN    := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wswitch-enum -Wvla \
           -Wmissing-prototypes -Wstrict-prototypes -Wcast-qual -Wpointer-arith \
           -Wwrite-strings -Wformat=2 -Wundef -Werror
CFLAGS  ?= -O2 -g
ALLC     = -std=c11 -pthread -D_GNU_SOURCE -include lib/base/banned.h -Ilib -I. -MMD -MP $(WARN) \
           $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
# libdeflate is used where it is installed, which is known only after the packages are.
FASTER   = $(shell printf '\043include <libdeflate.h>' | $(CC) -E - >/dev/null 2>&1 && echo yes)
LIBS     = -lcrypto -lz -lm -lsqlite3 -lyaml -lpcre2-8 -lcjson $(if $(FASTER),-ldeflate)
DEPS_OK := build/.deps

LIB     := $(patsubst %.c,$(B)/%.o,$(wildcard lib/*/*.c))
TESTS   := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/test_*.c))
PROGS   := build/collector build/analyzer
GEN     := $(B)/bench/generate
PART    := $(patsubst %.c,build/so/%.o,$(filter-out lib/base/db.c lib/base/yaml.c lib/base/json.c lib/sigma/%,$(wildcard lib/*/*.c)))

all: $(PROGS) $(GEN) build/gpca.so
$(B)/collector/collector: $(patsubst %.c,$(B)/%.o,$(wildcard collector/*.c)) $(LIB)
$(B)/analyzer/analyzer:   $(patsubst %.c,$(B)/%.o,$(wildcard analyzer/*.c)) $(LIB)
$(TESTS): $(B)/%: $(B)/%.o $(LIB)
$(GEN): $(patsubst %.c,$(B)/%.o,$(wildcard bench/*.c)) $(LIB)
$(B)/collector/collector $(B)/analyzer/analyzer $(TESTS) $(GEN):
	@$(CC) $(ALLC) $(CFLAGS) -o $@ $(filter %.o,$^) $(LIBS)
build/collector: $(B)/collector/collector
build/analyzer:  $(B)/analyzer/analyzer
# The programs of the last build asked for, whatever its compiler or sanitizer.
$(PROGS): FORCE
	@cmp -s $(B)/$(@F)/$(@F) $@ || cp -f $(B)/$(@F)/$(@F) $@
FORCE:
$(B)/%.o: %.c | $(DEPS_OK)
	@mkdir -p $(@D)
	@$(CC) $(ALLC) $(CFLAGS) -c -o $@ $<
# The SQLite extension, of plain objects that can be loaded anywhere.
build/so/%.o: %.c | $(DEPS_OK)
	@mkdir -p $(@D)
	@$(CC) $(filter-out -fsanitize% -fno-sanitize%,$(ALLC)) $(CFLAGS) -fPIC -fvisibility=hidden \
		-DGPCA_EXTENSION -c -o $@ $<
build/gpca.so: $(PART)
	@$(CC) -shared -pthread -o $@ $^ -lcrypto -lz -lm $(if $(FASTER),-ldeflate)
$(B)/analyzer/html.o: build/report_css.inc
$(B)/analyzer/html.o: ALLC += -Ibuild
build/report_css.inc: dashboards/dist/report.css
	@mkdir -p build; od -An -v -tu1 $< | sed 's/  *\([0-9]\)/,\1/g; 1s/^,//' >$@.tmp; mv $@.tmp $@
$(B)/analyzer/pack.o: ALLC += -DGPCA_RULES='"$(PREFIX)/share/gpca/rules"'
build/so/lib/base/deflate.o $(B)/lib/base/deflate.o: ALLC += $(if $(FASTER),-DGPCA_LIBDEFLATE)

$(DEPS_OK): etc/packages
	@mkdir -p build; [ "$(DEPS)" = no ] || sh etc/install-packages; touch $@

test: all $(TESTS)
	@CC="$(CC)" B="$(B)" sh tests/run
tidy: all
	@CC="$(CC)" B="$(B)" sh tests/tidy.sh
demo: all
	@GENERATE="$(GEN)" sh tests/demo.sh
fuzz:
	@sh tests/fuzz.sh
# The long proofs: size and speed (RECORDS=, HURT=yes), the speed of answers and of rules (RECORDS=);
# kill -9 (RECORDS=, KILLS=); every byte of a store changed in turn (EDITS=).
bench: all
	@GENERATE="$(GEN)" sh bench/run.sh
bench-query: all
	@GENERATE="$(GEN)" sh bench/query.sh
bench-detect: all
	@GENERATE="$(GEN)" sh bench/detect.sh
kills: all
	@GENERATE="$(GEN)" sh tests/kill.sh
# Random rules beside a brute-force oracle (RULES=, RECORDS=, SEED=).
oracle: all
	@rm -rf build/oracle; mkdir -p build/oracle
	@python3 tests/oracle/detect.py build/collector build/analyzer build/oracle \
		$(or $(RULES),200) $(or $(RECORDS),50000) $(or $(SEED),1)
edits: all
	@GENERATE="$(GEN)" sh tests/edits.sh
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 755 build/collector $(DESTDIR)$(PREFIX)/bin/gpca-collector
	install -m 755 build/analyzer $(DESTDIR)$(PREFIX)/bin/gpca-analyzer
	install -d $(DESTDIR)$(PREFIX)/share/gpca/rules
	install -m 644 rules/*.yml rules/*.csv $(DESTDIR)$(PREFIX)/share/gpca/rules
	install -d $(DESTDIR)$(PREFIX)/lib
	install -m 755 build/gpca.so $(DESTDIR)$(PREFIX)/lib/gpca.so
	install -m 644 docs/man/*.1 $(DESTDIR)$(PREFIX)/share/man/man1
clean:
	rm -rf build
help:
	@sed -n '1,4s/^# //p' Makefile
-include $(shell find build -name '*.d' 2>/dev/null)
.PHONY: all test tidy demo fuzz bench bench-query bench-detect kills edits oracle install clean help FORCE
