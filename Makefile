.DEFAULT_GOAL := help
PYTHON ?= python3
VENV   := .venv
RUN    := $(VENV)/bin/python

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

$(VENV)/.runtime: requirements.lock
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	@echo "Installing what the bot needs…"
	@$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	@echo "Installing what its tests need…"
	@$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

$(VENV)-bench/.bench: requirements-bench.lock
	@test -x $(VENV)-bench/bin/python || $(PYTHON) -m venv $(VENV)-bench
	@echo "Installing what the benchmarks compare with…"
	@$(VENV)-bench/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.lock
	@touch $@

install: $(VENV)/.runtime  ## the environment of the bot (.venv)

sandbox: $(VENV)/.runtime  ## the bot with an emulated Telegram in your browser: no token needed
	@$(RUN) -m bot sandbox

demo: $(VENV)/.runtime  ## one whole mission played and printed, without a person
	@$(RUN) -m bot demo

test: $(VENV)/.dev  ## every test, on SQLite and PostgreSQL
	@$(RUN) -m pytest -n auto

crash: $(VENV)/.dev  ## the bot killed at every point, many rounds (ROUNDS=30)
	@SMT_CRASH_ROUNDS=$(or $(ROUNDS),30) $(RUN) -m pytest tests/crash -n auto

check: $(VENV)/.dev  ## format, lint, types, layers
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/mypy
	@PYTHONPATH=. $(VENV)/bin/lint-imports

format: $(VENV)/.dev  ## put the code in shape
	@$(VENV)/bin/ruff format .
	@$(VENV)/bin/ruff check --fix .

soak: $(VENV)/.dev  ## 200 missions in flight, random faults, 20 deaths, all carried to their end; on both databases, about ten minutes (ROUNDS=40)
	@$(RUN) -m tests.soak --rounds $(or $(ROUNDS),40) --database sqlite
	@$(RUN) -m tests.soak --rounds $(or $(ROUNDS),40) --database postgresql

bench: $(VENV)/.dev $(VENV)-bench/.bench  ## the figures of the promises, into benchmarks/RESULTS.md (about an hour)
	@$(RUN) -m benchmarks

lock: $(VENV)/.dev  ## compile the lock files from pyproject.toml
	@$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate pyproject.toml -o requirements.lock
	@$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate pyproject.toml --group dev -o requirements-dev.lock
	@$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --group bench -o requirements-bench.lock

.PHONY: help install sandbox demo test bench crash soak check format lock
