# Kiln's commands; `make help` lists them. Everything is built below build/.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

JOBS ?= $(shell nproc)
KILN := build/release/bin/kiln
LAUNCHER = $(if $(shell command -v ccache),-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)

# $(call configure,PRESET,ON or OFF): sets a build folder up, with the tests and examples or without, unless it is set up
# with at least that.
define configure
@if [ ! -f build/$(1)/build.ninja ] || { [ $(2) = ON ] && ! grep -q '^KILN_TESTS:BOOL=ON' build/$(1)/CMakeCache.txt; }; then \
  cmake --preset $(1) -DKILN_TESTS=$(2) -DKILN_EXAMPLES=$(2) $(LAUNCHER) --log-level=WARNING -Wno-dev; fi
endef

# $(call check,PRESET): all of the suite in one preset. Which tests fit a sanitizer is said in tests/CMakeLists.txt.
define check
@scripts/setup test
$(call configure,$(1),ON)
@cmake --build build/$(1) --parallel $(JOBS)
ctest --test-dir build/$(1) --output-on-failure --no-tests=error -j $(JOBS)
endef

.PHONY: help run build test install package docs asan tsan conformance fuzz bench format clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

run: build ## build kiln and run the example program with its tiers shown
	@mkdir -p build/examples
	clang-19 -O1 -emit-llvm -c examples/program/loop.c -o build/examples/loop.bc
	$(KILN) run --cache off --trace-tiers --stats build/examples/loop.bc

build: ## install what is missing and build build/release/bin/kiln
	@scripts/setup build
	$(call configure,release,OFF)
	@cmake --build build/release --parallel $(JOBS) --target kiln_command

test: ## build everything and run all tests
	$(call check,release)

# All of it: the command, libkiln.a and libkiln.so. DESTDIR is heeded.
install: ## build everything and install it (PREFIX=/usr/local)
	@scripts/setup build
	$(call configure,release,OFF)
	@cmake --build build/release --parallel $(JOBS) --target kiln_command kiln_static kiln_shared kiln_manual kiln_changelog
	@cmake --install build/release --prefix $(or $(PREFIX),/usr/local)

# CONTACT='Name <address>' says who answers for them; the build folder remembers it.
package: ## Debian packages, in build/release/packages (CONTACT='Name <address>')
	@scripts/setup package
	$(call configure,release,OFF)
	$(if $(CONTACT),@cmake build/release -DKILN_PACKAGE_CONTACT='$(CONTACT)' --log-level=WARNING)
	@cmake --build build/release --parallel $(JOBS) --target kiln_command kiln_static kiln_shared kiln_manual kiln_changelog
	@grep -q '^KILN_PACKAGE_CONTACT.*\.invalid>$$' build/release/CMakeCache.txt && \
	  echo "packages without a contact: give CONTACT='Name <address>' before they go to anybody else" >&2 || true
	rm -rf build/release/packages
	cpack --config build/release/CPackConfig.cmake -G DEB -B build/release/packages
	rm -rf build/release/packages/_CPack_Packages
	tests/package/deb.py --kiln $(KILN) --packages build/release/packages
	lintian --fail-on warning build/release/packages/*.deb

docs: build ## the documentation as a site, in build/docs/html
	@scripts/setup docs
	rm -rf build/docs
	@mkdir -p build/docs
	$(KILN) --generate markdown build/docs/generated
	doxygen docs/Doxyfile

asan: ## the tests under AddressSanitizer and UBSan
	$(call check,asan)

tsan: ## the tests under ThreadSanitizer
	$(call check,tsan)

conformance: build ## GCC's whole C torture suite in all modes
	@scripts/setup test
	tests/conformance/torture.py --kiln $(KILN) -j $(JOBS)

# A tenth of the time for containers; of the rest half for generated IR, half for C programs of csmith.
fuzz: build ## ten minutes of random programs (FUZZ_SECONDS=N)
	@scripts/setup test
	$(call configure,release,ON)
	$(call configure,fuzz,ON)
	@cmake --build build/release --parallel $(JOBS) --target kiln_compare kiln_command
	@cmake --build build/fuzz --parallel $(JOBS) --target kiln_fuzz_harness kiln_fuzz_llbc
	tests/fuzz/llbc_campaign.py --fuzzer build/fuzz/bin/kiln_fuzz_llbc --kiln $(KILN) -j $(JOBS) \
	  --seconds $$(($(or $(FUZZ_SECONDS),600) / 10))
	tests/fuzz/campaign.py --fuzzer build/fuzz/bin/kiln_fuzz --compare build/release/bin/kiln_compare -j $(JOBS) \
	  --seconds $$(($(or $(FUZZ_SECONDS),600) * 9 / 20))
	tests/conformance/csmith.py --kiln $(KILN) -j $(JOBS) --campaign $$(($(or $(FUZZ_SECONDS),600) * 9 / 20))

bench: build ## measure against native code and lli; about 70 minutes (BENCH_ARGS="--group start")
	@scripts/setup bench
	bench/run.py $(BENCH_ARGS)

format: ## format the C++ sources
	@scripts/setup dev
	git ls-files -z '*.cpp' '*.h' ':!tests/programs' ':!bench' | xargs -0 clang-format-19 -i

clean: ## remove build/
	rm -rf build
