# Everything a person or a machine does here. `make demo` and `make test` need Python >= 3.11 and nothing else.
PYTHON ?= python3
VENV ?= .venv
OUT ?= runs/fno

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALL := $(PIP) install --quiet -c constraints.txt
REQUIREMENTS := pyproject.toml constraints.txt

# One stamp per set of packages: a second call does not install again.
PLOT := $(VENV)/.installed-plot
TEST := $(VENV)/.installed-test
DEV := $(VENV)/.installed-dev

.DEFAULT_GOAL := help
.PHONY: help demo test test-fast install lint format docs notebooks bench figures gallery constraints clean

help:  ## Show the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(PLOT)  ## Run the main job: a Fourier neural operator from data to claims.
	$(BIN)/sciml run fno --out $(OUT)

test: $(TEST)  ## Run all tests, files side by side on all cores.
	$(BIN)/python -m pytest -n auto --dist loadfile $(ARGS)

test-fast: $(TEST)  ## Run the tests that take less than about five seconds each.
	$(BIN)/python -m pytest -n auto --dist loadfile -m "not slow" $(ARGS)

install: $(DEV)  ## Install everything a developer needs.

lint: $(DEV)  ## Check format, rules and types.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright --pythonpath $(BIN)/python

format: $(DEV)  ## Format the code.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(DEV)  ## Build the site into site/; a warning is an error.
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

notebooks: $(DEV)  ## Execute the notebooks; results go to build/notebooks/.
	$(BIN)/python notebooks/execute.py

bench: $(DEV)  ## Measure beside the peers and write docs/benchmarks.md.
	$(BIN)/python benchmarks/run.py $(ARGS)

gallery: $(PLOT)  ## Draw a picture of every equation and write docs/gallery.md.
	$(BIN)/python docs/make_gallery.py

figures: $(PLOT)  ## Draw the pictures of README and site again.
	$(BIN)/python docs/make_figures.py

constraints:  ## Rewrite constraints.txt with the newest versions that fit pyproject.toml.
	rm -rf $(VENV)-constraints
	$(PYTHON) -m venv $(VENV)-constraints
	$(VENV)-constraints/bin/python -m pip install --quiet -e ".[dev]"
	$(VENV)-constraints/bin/python -m pip freeze --exclude-editable | grep '==' > constraints.txt
	rm -rf $(VENV)-constraints

clean:  ## Remove what was built; the environment stays.
	rm -rf build dist site runs .pytest_cache .ruff_cache .hypothesis

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "sciml needs Python 3.11 or newer; try: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)

$(PLOT): $(REQUIREMENTS) | $(BIN)/python
	$(INSTALL) -e ".[plot]"
	@touch $@

$(TEST): $(REQUIREMENTS) | $(BIN)/python
	$(INSTALL) -e ".[test]"
	@touch $@ $(PLOT)

$(DEV): $(REQUIREMENTS) | $(BIN)/python
	$(INSTALL) -e ".[dev]"
	@touch $@ $(PLOT) $(TEST)
