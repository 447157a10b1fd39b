# Two commands do all the set-up: `make demo` and `make test`. Nothing is written outside this folder but the
# scratch repository of the demo.

# Empty: the first Python on PATH that is new enough.
PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# pip keeps its cache here too, so that an empty or read-only HOME is no hindrance.
export PIP_CACHE_DIR ?= $(CURDIR)/$(VENV)/cache
# pip asks rustc for its version; a rustup shim without a toolchain would make ~/.rustup on the way.
export RUSTUP_HOME ?= $(CURDIR)/$(VENV)/cache/rustup
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test lint bench soak agents docs plugin lock sbom newest clean setup compiled
.DEFAULT_GOAL := help

help: ## Show what can be made.
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(STAMP) ## Set up and run the main job: a whole mission in a scratch repository.
	$(BIN)/spec-kitty demo

test: lint compiled ## Set up and pass style, types, architecture and tests.
	$(BIN)/pytest --cov --cov-report=term

lint: $(STAMP) ## Style, types and architecture.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --platform darwin --cache-dir .mypy_cache/darwin src scripts
	$(BIN)/mypy --platform win32 --cache-dir .mypy_cache/win32 src scripts
	$(BIN)/lint-imports --no-cache

bench: compiled ## Measure every command against its bar.
	$(BIN)/python -m benchmarks.bench

soak: compiled ## Run the long repetitions in full.
	SOAK=1 $(BIN)/pytest -m soak -n 1

agents: compiled ## Install the coding agents' own programs (NEWEST=1: the newest) and run them with a scripted model.
	$(BIN)/python -m scripts.agents $(if $(NEWEST),--newest)
	$(BIN)/python -m pytest -p tests.agents.tried -m agents -n 2 tests/agents

docs: $(STAMP) ## Write the reference pages that come from the code.
	$(BIN)/python -m scripts.docs

plugin: $(STAMP) ## Write the plugin for Claude Code and its marketplace into dist/claude.
	$(BIN)/python -m scripts.plugin

lock: $(STAMP) ## Write constraints.txt from what is installed.
	$(BIN)/python -m scripts.lock

sbom: $(STAMP) ## Write dist/sbom.cdx.json: what the lock names, in CycloneDX.
	$(BIN)/python -m venv $(VENV)/sbom
	$(VENV)/sbom/bin/python -m pip install --quiet 'cyclonedx-bom>=7,<8'
	mkdir -p dist
	$(VENV)/sbom/bin/cyclonedx-py requirements constraints.txt --pyproject pyproject.toml --mc-type application \
		--output-reproducible -o dist/sbom.cdx.json

newest: $(STAMP) ## Run the fast tests against the newest allowed versions, in an environment of their own.
	$(BIN)/python -m venv $(VENV)/newest
	$(VENV)/newest/bin/python -m pip install --quiet --upgrade -e '.[dev]'
	$(VENV)/newest/bin/pytest -m 'not e2e and not soak'

clean: ## Remove everything that was made.
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .coverage .coverage.*
	find src tests scripts benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

setup: $(STAMP) ## Only set up the environment.

# As pip leaves an installed package: thousands of commands started by tests must not compile it where Python may not cache.
compiled: $(STAMP)
	@$(BIN)/python -m compileall -q src

$(STAMP): pyproject.toml constraints.txt
	@python=$$(sh scripts/requirements.sh '$(PYTHON)') && { test -x $(BIN)/python || "$$python" -m venv $(VENV); }
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	@touch $@
