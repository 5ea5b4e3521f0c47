# Two commands do everything on a fresh machine with Python 3.11 or later: make run, make test.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# pip would compile modules one after the other, a minute and a half of a core; some packages have files for other Pythons.
define INSTALL
	$(PIP) install --no-compile -c constraints.txt -e '$(1)'
	@$(BIN)/python -m compileall -q -j 0 $(VENV)/lib >/dev/null 2>&1 || true
endef
PYTEST_OPTIONS ?= -n 2 --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help install run test lint on-device clean

help:
	@echo "make run    set up and play a 5-round match on the embedded faces"
	@echo "make test   set up and pass the tests"
	@echo "make lint   ruff and mypy, after make test"
	@echo "make on-device    let the page judge photos in visitors' browsers; needs npm"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "error: $(PYTHON) is older than 3.11; use make PYTHON=python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing into $(VENV): about two minutes and 6 GB, torch comes with its CUDA libraries"
	$(call INSTALL,.)
	@touch $@

$(VENV)/.installed-test: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing into $(VENV) what the tests need, too: about three minutes and 6 GB"
	$(call INSTALL,.[test])
	@touch $(VENV)/.installed $@

install: $(VENV)/.installed

run: install
	$(BIN)/arena run

test: $(VENV)/.installed-test
	$(BIN)/python -m pytest $(PYTEST_OPTIONS)

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

on-device:
	@command -v npm >/dev/null || { echo "error: make on-device needs npm, which comes with Node.js" >&2; exit 1; }
	npm ci --prefix arena/service/device --ignore-scripts --omit-lockfile-registry-resolved --no-audit --no-fund

clean:
	rm -rf $(VENV) arena/service/device/node_modules .pytest_cache .mypy_cache .ruff_cache
