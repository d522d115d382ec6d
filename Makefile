# Two commands for a fresh machine with Python 3.11 or newer: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
# A file of exact versions with hashes, as CI uses it: make test LOCK=requirements-ci.txt
LOCK ?=
DEMO ?= demo
# Measured with 6.22.
PYINSTALLER ?= "pyinstaller>=6.22,<7"

ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo test lint check-real wheel-check binary transcripts lock licences clean

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Python 3.11 or newer is needed: make PYTHON=python3.12')"
	$(PYTHON) -m venv $(VENV)
ifeq ($(LOCK),)
	$(INSTALL) --editable ".[dev]"
else
	$(INSTALL) --require-hashes --requirement $(LOCK)
	$(INSTALL) --no-deps --no-build-isolation --editable .
endif
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
	$(BIN)/python -m pytest -n auto

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

# Everything on a real backup; what it prints holds nothing personal (docs/real-data.md, "Check a real backup"):
#   make check-real BACKUP="/path/to the/backup" PASSPHRASE_FILE=passphrase.txt ILEAPP=/path/to/iLEAPP
check-real: $(VENV)/.installed
	@$(BIN)/python -m benchmarks.check_real "$(BACKUP)" $(if $(PASSPHRASE_FILE),--passphrase-file "$(PASSPHRASE_FILE)") \
	  $(if $(ILEAPP),--ileapp "$(ILEAPP)") $(if $(TEMP_FOLDER),--temp-folder "$(TEMP_FOLDER)")

# The wheel, alone in an empty environment: does the command run?
wheel-check: $(VENV)/.installed
	rm -rf build/wheel build/empty
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps $(if $(LOCK),--no-build-isolation) --wheel-dir build/wheel .
	$(PYTHON) -m venv build/empty
	sed -n 's/^\([^ ]*==[^ ]*\) .*/\1/p' $(LOCK) /dev/null > build/versions.txt
	build/empty/bin/python -m pip install --quiet --disable-pip-version-check --constraint build/versions.txt build/wheel/*.whl
	cd build/empty && bin/recover-facetime --version && bin/recover-facetime scan --help > help.txt
	$(BIN)/python -m fixtures build/empty/backups > /dev/null
	build/empty/bin/recover-facetime scan build/empty/backups/plain --json -o build/empty/inventory.json || test $$? -eq 3
	test -s build/empty/inventory.json
	build/empty/bin/recover-facetime report build/empty/backups/plain build/empty/report.html || test $$? -eq 3
	test -s build/empty/report.html

# A folder that runs without Python, held against this environment: the demo must give the same bytes.
binary: $(VENV)/.installed
	$(INSTALL) $(PYINSTALLER)
	$(BIN)/python -m distribution.make_binary
	$(BIN)/python -m distribution.check_binary build/binary/recover-facetime/recover-facetime

transcripts: $(VENV)/.installed
	$(BIN)/python -m docs.make_transcripts

# Exact versions and hashes for CI, from the ranges in pyproject.toml; today's newest that fit.
lock: $(VENV)/.installed
	$(INSTALL) pip-tools
	$(BIN)/pip-compile --quiet --upgrade --generate-hashes --no-header --no-annotate --no-emit-index-url \
	  --no-emit-find-links --no-emit-trusted-host --no-emit-options --strip-extras --allow-unsafe \
	  --extra dev --build-deps-for editable --output-file requirements-ci.txt pyproject.toml

# The licences of everything that is installed with this program.
licences: $(VENV)/.installed
	$(BIN)/python -m docs.make_licences

clean:
	rm -rf $(VENV) build dist $(DEMO)
