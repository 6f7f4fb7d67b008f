# make demo    walks the whole flow against example portals and leaves the site up
# make test    everything: checks, then the tests on SQLite and PostgreSQL, with a real browser
# make check   style, types and walls only

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --no-input install --quiet
PYTEST ?= -n 2 --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help demo test check bench clean

# A venv that was moved, or whose python is gone, is worth nothing: away with it before its
# stamps are looked at.
$(shell test ! -d $(VENV) || $(BIN)/python -c "" 2>/dev/null || rm -rf $(VENV))

help:
	@sed -n 's/^# \(make\)/\1/p' Makefile

demo: $(VENV)/.locked
	@$(BIN)/python -m config.demo $(DEMO)

test: check
	@CHROMIUM="$$(.ci/chromium)" && export CHROMIUM && $(BIN)/python -m pytest $(PYTEST)

check: $(VENV)/.locked-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

bench: $(VENV)/.locked-dev
	@$(BIN)/python bench/record_store.py $(BENCH)
	@$(BIN)/python bench/decisions.py
	@$(BIN)/python bench/launches.py

clean:
	rm -rf $(VENV) .demo dist

# The stamps are younger than their lock file once that very file has been installed.
$(VENV)/.locked: requirements.lock pyproject.toml | $(BIN)/python
	@echo "環境を用意しています（初回は1〜2分） / Installing the locked packages (a minute or two, once)"
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.locked-dev: requirements-dev.lock $(VENV)/.locked
	@echo "テスト用の部品を入れています / Installing what the tests need"
	@$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { \
	  echo "Python 3.11 以上が必要です。PYTHON=/path/to/python3.11 でも指定できます。"; \
	  echo "Python 3.11 or newer is needed; name one with PYTHON=/path/to/python3.11."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 以上が必要です（これは $$($(PYTHON) --version 2>&1)）。PYTHON=/path/to/python3.11 でも指定できます。"; \
	  echo "Python 3.11 or newer is needed, this is $$($(PYTHON) --version 2>&1); name one with PYTHON=/path/to/python3.11."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "venv を作れません。Debian・Ubuntu では: apt-get install python3-venv"; \
	  echo "No venv could be made. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
