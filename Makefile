# Every target sets up what it needs: a virtual environment with the pinned requirements, each checked by its hash.
# The system's Python where it is new enough, otherwise the newest one beside it.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help install run sandbox sandbox-check test test-long lint format lock audit bench bench-fleet docs clean

help:
	@echo "make sandbox        try the bot in the browser: no account, no token"
	@echo "make sandbox-check  the same world, headless, through a scripted shift"
	@echo "make install        set up what the bot needs, in .venv"
	@echo "make run            run the bot with the settings in .env"
	@echo "make test           run the tests"
	@echo "make test-long      kill the bot 1,000 times during a stream of orders"
	@echo "make lint           check style, formatting and types"
	@echo "make format         apply the formatting"
	@echo "make lock           compile requirements*.txt from requirements*.in"
	@echo "make audit          look for known vulnerabilities, and list the components in sbom.json"
	@echo "make bench          measure"
	@echo "make bench-fleet    measure what many Discord servers cost"
	@echo "make docs           build the documents into site/; a dead link fails"

$(VENV)/.run: requirements.txt
	@test -x $(BIN)/python || "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "Python 3.11 or newer is needed. Name one: make PYTHON=/path/to/python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

$(VENV)/.docs: requirements-docs.txt $(VENV)/.run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-docs.txt
	@touch $@

$(VENV)/.audit: requirements-audit.txt $(VENV)/.run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-audit.txt
	@touch $@

install: $(VENV)/.run

run: $(VENV)/.run
	$(BIN)/python -m bot

sandbox: $(VENV)/.dev
	$(BIN)/python -m sandbox

sandbox-check: $(VENV)/.dev
	$(BIN)/python -m sandbox check

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n auto --dist worksteal --cov --cov-report=term

# KILL_SEED=7 draws other moments; the nightly workflow counts its runs.
KILL_SEED ?= 0

test-long: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2 tests/crash/test_random_kills.py tests/process/takeover/test_random_takeovers.py \
		--kills 500 --takeovers 100 --kill-seed $(KILL_SEED)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Each file compiled builds on the one before it. LOCK_FLAGS=--upgrade raises what only others ask for.
LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-strip-extras $(LOCK_FLAGS)

lock: $(VENV)/.dev
	$(LOCK) --python-version 3.11 --output-file requirements.txt requirements.in
	$(LOCK) --python-version 3.11 --output-file requirements-postgres.txt requirements-postgres.in
	$(LOCK) --python-version 3.11 --output-file requirements-dev.txt requirements-dev.in
	$(LOCK) --python-version 3.11.5 --output-file requirements-docs.txt requirements-docs.in
	$(LOCK) --python-version 3.11 --output-file requirements-audit.txt requirements-audit.in

# The list of components is that of the bot; looked at is all that is installed.
audit: $(VENV)/.audit
	$(BIN)/cyclonedx-py requirements --output-file sbom.json requirements.txt
	$(BIN)/pip-audit --strict --disable-pip --progress-spinner off \
		$(addprefix --requirement requirements,.txt -dev.txt -docs.txt -audit.txt)

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks

bench-fleet: $(VENV)/.dev
	$(BIN)/python -m benchmarks.fleet

docs: $(VENV)/.docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

clean:
	rm -rf $(VENV) site sbom.json .coverage .mypy_cache .ruff_cache .hypothesis
