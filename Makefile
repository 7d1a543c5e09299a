# Every command a newcomer needs, for GNU make 3.81 and newer. The lines of `check` are also those of pre-commit.
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help setup run demo test test-long record predeploy chaos bench pictures check format lock clean python tools browser parts

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet --quiet

# The versions that the tests run on come first. Debian packs venv apart, hence the imports.
PYTHONS := python3.13 python3.12 python3.11 python3.14 python3
SUITABLE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))

# An installation is good for one lock, one pyproject.toml and one directory (scripts hold its name).
WISH = { pwd -P; cat $(1) pyproject.toml; } | cksum
INSTALLED = test -x $(BIN)/python && test "$$($(call WISH,$(1)))" = "$$(cat .venv/$(1).installed 2>/dev/null)"
NOTE_INSTALLED = $(call WISH,$(1)) > .venv/$(1).installed

# Of the tests; each has servers of its own.
PROCESSES ?= 2
# What pytest answers where ARGS has chosen none of these tests is no failure.
UNLESS_NONE = test $$? -eq 5

RESOLVE = pip compile pyproject.toml --extra embedded --group build --universal --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --quiet

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' Makefile

setup: ## install the pinned packages into .venv; takes no time when nothing has changed
	@$(call INSTALLED,requirements.lock) || { \
		$(MAKE) python && \
		echo "Installing the pinned packages (requirements.lock)" && \
		$(PIP) install --require-hashes -r requirements.lock && \
		echo "Installing Tenantry" && \
		$(PIP) install --no-deps --no-build-isolation --editable . && \
		$(call NOTE_INSTALLED,requirements.lock); }

run: setup ## start everything, print the address and keep running until Ctrl-C; ARGS="--port 9000" is passed on
	@exec $(BIN)/tenantry up $(ARGS)

demo: setup ## the same with made-up customers and trouble to look at, in .tenantry-demo
	@exec $(BIN)/tenantry up --demo $(ARGS)

test: tools browser parts ## run the tests with real servers and a real browser; ARGS="-k slug" is passed to pytest
	@exec $(BIN)/python -m pytest -m "not long" -n $(PROCESSES) --dist worksteal tests $(ARGS)

test-long: tools browser parts ## the tests that take long: chaos, kills, outages, floods, passes over fresh runs
	@$(BIN)/python -m pytest -m "long and not alone" -n $(PROCESSES) --dist worksteal tests $(ARGS) || $(UNLESS_NONE)
	@$(BIN)/python -m pytest -m "long and alone" tests $(ARGS) || $(UNLESS_NONE)

record: tools ## record a run's history for tests/replay by this version; NAME=success chooses, NAME=all takes each
	@exec $(BIN)/python -m tests.replay $(NAME)

predeploy: setup ## replay the runs in flight against this version: refuses a deploy that would break one
	@exec $(BIN)/tenantry replay --open $(ARGS)

chaos: tools ## maltreat the whole product for a quarter of an hour; SEED=7 FAULTS=60 choose what is done to it
	@exec $(BIN)/python -m tests.chaos $(if $(SEED),--seed $(SEED)) --faults $(or $(FAULTS),300)

bench: tools browser ## measure against the bars, each benchmark with its peer in the same run; ARGS="P2 --full" chooses
	@exec $(BIN)/python -m bench $(ARGS)

pictures: tools browser ## take the pictures of docs/demo.md again, from a demo that is started for it
	@exec $(BIN)/python -m workbench.pictures

check: tools ## formatting, lint, types, import rules: seconds, no servers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --strict
	$(BIN)/lint-imports --no-logo

format: tools ## format the code and apply the safe fixes
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: ## resolve both lock files again after a change of pyproject.toml; needs uv
	@PATH="$(CURDIR)/$(BIN):$$PATH" && \
	{ command -v uv >/dev/null || { echo "make lock needs uv: $(BIN)/python -m pip install uv" >&2; exit 1; }; } && \
	echo "Resolving requirements.lock" && \
	uv $(RESOLVE) --output-file requirements.lock && \
	echo "Resolving requirements-dev.lock" && \
	uv $(RESOLVE) --group tests --group tools --output-file requirements-dev.lock

clean: ## remove .venv and the caches; the data in .tenantry stays
	rm -rf .venv build dist test-results *.egg-info
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

python:
	@if $(BIN)/python -c '$(SUITABLE)' 2>/dev/null && grep -qF "$$(pwd -P)/.venv" $(BIN)/activate; then exit 0; fi; \
	for python in $(PYTHONS); do \
		if "$$python" -c '$(SUITABLE)' 2>/dev/null; then \
			echo "Making .venv with $$("$$python" --version)"; \
			exec "$$python" -m venv --clear .venv; \
		fi; \
	done; \
	echo "Tenantry needs Python 3.11 or newer with its venv module, and found none among: $(PYTHONS)." >&2; \
	echo "On Debian or Ubuntu: apt-get install python3 python3-venv. On macOS: brew install python." >&2; \
	exit 1

tools: setup
	@$(call INSTALLED,requirements-dev.lock) || { \
		echo "Installing the tools for tests and checks (requirements-dev.lock)" && \
		$(PIP) install --require-hashes -r requirements-dev.lock && \
		$(call NOTE_INSTALLED,requirements-dev.lock); }

browser: tools
	@$(BIN)/python -m workbench.browser

parts: tools
	@$(BIN)/python -m tests.parts
