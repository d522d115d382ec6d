# Two commands for a fresh machine with Python 3.11 or newer: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
# A file of exact versions, as CI uses it: make test CONSTRAINTS=constraints.txt
CONSTRAINTS ?=
DEMO ?= demo

ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check $(if $(CONSTRAINTS),--constraint $(CONSTRAINTS))

.PHONY: demo test lint wheel-check transcripts clean

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Python 3.11 or newer is needed: make PYTHON=python3.12')"
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) --editable ".[dev]"
	@touch $@

demo: $(VENV)/.installed
	@rm -rf $(DEMO)
	@$(BIN)/python -m fixtures $(DEMO)/backups --encrypted > /dev/null
	@$(BIN)/recover-facetime scan $(DEMO)/backups/plain --no-progress || test $$? -eq 3
	@$(BIN)/recover-facetime extract $(DEMO)/backups/plain $(DEMO)/recovered --no-progress || test $$? -eq 3
	@$(BIN)/recover-facetime verify $(DEMO)/recovered $(DEMO)/backups/plain --no-progress
	@echo
	@echo "The demo backup is in $(DEMO)/backups/plain, what was recovered from it in $(DEMO)/recovered."
	@echo "Open $(DEMO)/recovered.html in a browser, look into $(DEMO)/recovered/FaceTime, and try:"
	@echo "  $(BIN)/recover-facetime diagnose $(DEMO)/backups/plain"

test: $(VENV)/.installed
	$(BIN)/python -m pytest

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

# The wheel, alone in an empty environment: does the command run?
wheel-check: $(VENV)/.installed
	rm -rf build/wheel build/empty
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir build/wheel .
	$(PYTHON) -m venv build/empty
	build/empty/bin/python -m pip install --quiet --disable-pip-version-check build/wheel/*.whl
	cd build/empty && bin/recover-facetime --version && bin/recover-facetime scan --help > help.txt
	$(BIN)/python -m fixtures build/empty/backups > /dev/null
	build/empty/bin/recover-facetime scan build/empty/backups/plain --json -o build/empty/inventory.json || test $$? -eq 3
	test -s build/empty/inventory.json
	build/empty/bin/recover-facetime report build/empty/backups/plain build/empty/report.html || test $$? -eq 3
	test -s build/empty/report.html

transcripts: $(VENV)/.installed
	$(BIN)/python -m docs.make_transcripts

clean:
	rm -rf $(VENV) build dist $(DEMO)
