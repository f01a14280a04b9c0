# make demo    render the demo album        make test    run every test
# make help    all targets
# Each target says what it does; when one fails, its last line is the remedy.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help deps build demo test test-long test-slurm bench format lint doc clean

SWIFT ?= swift
LATHE := .build/release/lathe
DEMO ?= demo-album
# Files that `format` and `lint` look at.
CODE := Package.swift Sources Tests $(wildcard Benchmarks/Kernels Benchmarks/SoundFileFuzzer)

help:
	@echo "make demo     builds Lathe and renders its demo album into $(DEMO)/"
	@echo "make test     builds and runs every test"
	@echo "make build    builds $(LATHE)"
	@echo "make test-long   an hour of simulated and real farms; SEEDS=FROM..TO CHAOS=FROM..TO choose"
	@echo "make test-slurm  tests workers as a Slurm job array, where Slurm is installed"
	@echo "make bench    measures speed; ARGS=\"...\" goes to Benchmarks/run.sh"
	@echo "make format   formats the code;  make lint  judges it, changing nothing"
	@echo "make doc      writes docs/session.md anew, and the code's documentation into .build/documentation/"
	@echo "make deps     installs missing system packages (Debian, Ubuntu)"
	@echo "make clean    removes what was built, and the demo album"

deps:
	@.ci/dependencies

build: deps
	@echo "Building Lathe (release). The first time this takes some minutes: dependencies are built too."
	@$(SWIFT) build -c release --product lathe || { \
	    echo "error: the build failed; the reason is above. No network? The first build fetches Swift packages." \
	        "A stale build? \`make clean\`, then again." >&2; exit 1; }
	@echo "Built $(LATHE)"

demo: build
	@echo "Rendering the demo album into $(DEMO)/"
	@$(LATHE) demo "$(DEMO)" || { code=$$?; \
	    echo "error: the demo did not render (exit $$code; docs/ARCHITECTURE.md, \"Exit codes\")." \
	        "\`$(LATHE) doctor\` checks this machine." >&2; exit $$code; }
	@echo "Listen to $(DEMO)/album-render/, read $(DEMO)/*.yaml, change a line, and run:"
	@echo "  $(LATHE) render $(DEMO)/album.yaml --overwrite replace"

# Without backtraces: the tracer of a crashed test can hold the run for minutes.
# The whole log stays in .build/test.log; the terminal gets suites, failures and the runner's closing lines.
test: deps
	@echo "Building Lathe and its tests (release: the signal processing is too slow to test without optimisation)."
	@$(SWIFT) build -c release --build-tests || { \
	    echo "error: the build failed; the reason is above. A stale build? \`make clean\`, then again." >&2; exit 1; }
	@echo "Running the tests; the whole log goes to .build/test.log"
	@rm -rf .build/facts && mkdir -p .build/facts
	@if LATHE_FACTS=$(CURDIR)/.build/facts SWIFT_BACKTRACE=enable=no $(SWIFT) test -c release --skip-build 2>&1 | tee .build/test.log \
	    | { LC_ALL=C.UTF-8 grep -a --line-buffered -vE '^(◇|↳|✔ Test (case|"|[^r]|r[^u]))' || true; }; then \
	    LATHE_FACTS_CHECK=$(CURDIR)/.build/facts $(SWIFT) test -c release --skip-build --filter FactSheetTests \
	        >.build/facts.log 2>&1 || { grep -aE '✘|Expectation' .build/facts.log >&2; \
	        echo "error: docs/fact-sheet.md does not say what the tests do: run \`make doc\`." >&2; exit 1; }; \
	    echo "Every test passed."; \
	else \
	    echo "error: tests failed. Find them with: grep -anE '✘|crashed' .build/test.log" >&2; exit 1; \
	fi

# A million simulated farms, a hundred seeds of real ones, a kill at each point of a journal and ten minutes of damaged
# input take more than an hour.
test-long: deps
	@echo "Simulating farms $(or $(SEEDS),0..1000000); then chaos over real processes, seeds $(or $(CHAOS),1..100)," \
	    "kills at points $(or $(JOURNAL),1..160) of the journal, $(or $(FUZZ),30) s of fuzzing for each reader"
	@$(SWIFT) build -c release --build-tests
	@LATHE_SEEDS=$(or $(SEEDS),0..1000000) $(SWIFT) test -c release --skip-build --filter SeedTests
	@LATHE_CHAOS_SEEDS=$(or $(CHAOS),1..100) $(SWIFT) test -c release --skip-build --filter ChaosTests
	@LATHE_JOURNAL_POINTS=$(or $(JOURNAL),1..160) $(SWIFT) test -c release --skip-build --filter JournalTests
	@LATHE_FUZZ_SECONDS=$(or $(FUZZ),30) $(SWIFT) test -c release --skip-build --filter FarmFuzzTests

test-slurm: build
	@deploy/slurm/test.sh || { echo "error: the Slurm test failed; KEEP=1 leaves its directory there." >&2; exit 1; }

bench: build
	@[ -x Benchmarks/run.sh ] || { echo "error: Benchmarks/run.sh is not there: nothing to measure." >&2; exit 1; }
	@echo "Measuring; a machine that does nothing else gives figures worth keeping."
	@Benchmarks/run.sh $(ARGS) || { \
	    echo "error: not measured; the reason is above. What it needs stands at the top of Benchmarks/run.sh;" \
	        "arguments go in ARGS=\"...\"." >&2; exit 1; }

format:
	@echo "Formatting $(CODE)"
	@$(SWIFT) format format --in-place --recursive --parallel $(CODE) || { \
	    echo "error: swift-format failed; it comes with Swift 6: check \`swift format --version\`." >&2; exit 1; }

lint:
	@echo "Judging the form of $(CODE)"
	@$(SWIFT) format lint --strict --recursive --parallel $(CODE) || { \
	    echo "error: run \`make format\`; what is left must be mended by hand." >&2; exit 1; }

doc: build
	@echo "Writing the reference pages of docs/ and docs/fact-sheet.md from the tables and the tests (some minutes)"
	@rm -rf .build/facts && mkdir -p .build/facts
	@LATHE_RECORD=1 LATHE_FACTS=$(CURDIR)/.build/facts $(SWIFT) test -c release \
	    --filter 'ReferenceTests|SignalProcessingTests|MeteringTests|RenderEngineTests' \
	    >.build/doc.log 2>&1 || { grep -aE '✘|error' .build/doc.log >&2; echo "error: see .build/doc.log." >&2; exit 1; }
	@LATHE_RECORD=1 LATHE_FACTS_CHECK=$(CURDIR)/.build/facts $(SWIFT) test -c release --skip-build \
	    --filter FactSheetTests >>.build/doc.log 2>&1 || { tail -n 20 .build/doc.log >&2; exit 1; }
	@echo "Writing the code's documentation into .build/documentation/"
	@.ci/documentation

clean:
	@echo "Removing .build and $(DEMO)"
	@rm -rf .build "$(DEMO)"
