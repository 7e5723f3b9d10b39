# Two commands: `make demo` shows LSync, `make test` checks it. Both make .venv first.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
LOCAL := . $(sort $(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml)))
TOTAL := $(foreach folder,$(LOCAL),$(folder)/pyproject.toml)

.PHONY: setup demo test test-long test-clients fuzz check check-package clean lock bench-peers crash two-hosts

setup: $(VENV)/.ready

# uv is several times quicker; where it is missing it is put into .venv, and where that fails pip does the work.
$(VENV)/.ready: requirements-dev.txt $(TOTAL)
	@test -n "$(PYTHON)" || { echo "LSync needs Python 3.11 or newer, and found none. Name one: make setup PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null \
	  || { echo "Python's venv module is incomplete here; on Debian: apt-get install python3-venv"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install -q --disable-pip-version-check uv || true
	@if test -x $(BIN)/uv; then \
	  $(BIN)/uv pip install -q -p $(BIN)/python --require-hashes -r requirements-dev.txt && \
	  $(BIN)/uv pip install -q -p $(BIN)/python --no-deps --no-build-isolation $(foreach folder,$(LOCAL),-e $(folder)); \
	else \
	  $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.txt && \
	  $(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation $(foreach folder,$(LOCAL),-e $(folder)); \
	fi
	@touch $@

demo: setup
	@exec $(BIN)/lsync demo

test: setup
	@$(BIN)/python -m pytest -n auto --dist loadgroup -m "not long and not clients" --ignore tests/crash

# What takes too long for `make test`; `.ci/run` runs it too.
test-long: setup
	@$(BIN)/python -m pytest -n auto --dist loadgroup -m "long and not clients" || test $$? = 5

# Clients that others wrote, unchanged, against the local org. They come from npm, and Node comes as a wheel.
test-clients: setup .venv-clients/.ready
	@LSYNC_REQUIRE_CLIENTS=1 $(BIN)/python -m pytest -n 2 --dist loadgroup -m clients tests/clients
.venv-clients/.ready: tests/clients/requirements.txt tests/clients/package.json
	@test -x .venv-clients/bin/python || $(PYTHON) -m venv .venv-clients
	@$(BIN)/uv pip install -q -p .venv-clients/bin/python --require-hashes -r $< 2>/dev/null \
	  || .venv-clients/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r $<
	@cp tests/clients/package.json .venv-clients/ && cd .venv-clients && PATH="$$PWD/bin:$$PATH" \
	  npm install --no-package-lock --no-audit --no-fund --ignore-scripts --loglevel=error
	@touch $@

# kill -9 at every gap between two steps, on SQLite and on PostgreSQL, all of them.
crash: setup
	@LSYNC_CRASH=all $(BIN)/python -m pytest -n 2 tests/crash

# Two hosts in network namespaces drain one activity, and one is cut off in the middle (needs root).
two-hosts: setup
	@$(BIN)/python bench/two_hosts.py

# Signed requests with something changed in them: none is let in. `make test` tries some thousands.
fuzz: setup
	@$(BIN)/python -m pytest -q tests/door -k mutated --mutations 100000

# Format, types and layers; `.ci/run` runs this and then `make test`.
check: setup
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports

# The org's package: its source converts, and the zip is read back, by Salesforce's own library (needs npm).
check-package: setup
	@cd salesforce/check && test -d node_modules/@salesforce/source-deploy-retrieve \
	  || npm install --no-package-lock --no-audit --no-fund --ignore-scripts --loglevel=error
	@$(BIN)/lsync org package --public-url https://lsync.example.com --out salesforce/check/node_modules/lsync.zip >/dev/null
	@node salesforce/check/check.mjs salesforce/main salesforce/check/node_modules/lsync.zip

# The peers of `lsync bench --peers`, in an environment of their own.
bench-peers: .venv-bench/.ready
.venv-bench/.ready: bench/requirements.txt $(VENV)/.ready
	@test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	@$(BIN)/uv pip install -q -p .venv-bench/bin/python --require-hashes -r $< 2>/dev/null \
	  || .venv-bench/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r $<
	@touch $@

# Pin the newest versions that fit pyproject.toml. No address of a package registry is written.
lock: setup
	@$(BIN)/uv pip compile -q --no-strip-extras pyproject.toml --extra demo --universal --generate-hashes --no-header -p 3.11 -o requirements.txt
	@$(BIN)/uv pip compile -q --no-strip-extras pyproject.toml --extra demo --extra bench --group dev --universal --generate-hashes --no-header -p 3.11 -c requirements.txt -o requirements-dev.txt
	@$(BIN)/uv pip compile -q bench/requirements.in --universal --generate-hashes --no-header -p 3.11 -o bench/requirements.txt
	@$(BIN)/uv pip compile -q tests/clients/requirements.in --universal --generate-hashes --no-header -p 3.11 -o tests/clients/requirements.txt

clean:
	@rm -rf $(VENV) .venv-bench .venv-clients build dist .pytest_cache .mypy_cache .ruff_cache
