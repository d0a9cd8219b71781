# Every target sets up what it needs in $(VENV); Python 3.11 or newer and make are enough.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

# Tests and benchmarks run on one thread each, so that times mean something and
# layers of threads never multiply.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MKL_NUM_THREADS := 1
export BLIS_NUM_THREADS := 1
export VECLIB_MAXIMUM_THREADS := 1
export NUMEXPR_NUM_THREADS := 1
export NUMBA_NUM_THREADS := 1
export MPLBACKEND := Agg
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Modules are compiled once, when they are first imported, not all of them by pip and not at
# every start: less to write, and a smaller environment.
unexport PYTHONDONTWRITEBYTECODE

# Files of tests side by side, each in a process of one thread.
SIDE_BY_SIDE := -n 2 --dist loadfile

INSTALL := $(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt
# The optional dependencies that the tests use.
EXTRAS := zarr,parquet,cluster
# What tells whether a kernel, run as plain Python, does what it says; it runs every kernel.
PLAIN := tests/kernels tests/solvers/test_row_updates.py tests/solvers/test_problems.py

.PHONY: help demo test test-plain test-long test-wheel test-lowest lint format coverage bench fuzz docs clean
.DEFAULT_GOAL := help

help:  ## say what can be made
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(VENV)/.installed  ## run the main job on the bundled example
	$(BIN)/trialtensor demo -o demo

test: test-plain  ## run the tests and docstring examples, and the kernels as plain Python
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "not long" --durations=40

test-plain: $(VENV)/.installed-test  ## run the kernels as plain Python, which checks every index
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest -q $(SIDE_BY_SIDE) -m "not slow" $(PLAIN)

test-long: $(VENV)/.installed-test  ## run the tests that `make test` leaves out because they take long
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m long

test-wheel:  ## build the wheel and the sdist, install each into a clean environment, and try them
	PYTHON="$(PYTHON)" DIST="$(DIST)" .ci/wheel

test-lowest:  ## run the quick tests with the lowest versions of all dependencies
	PYTHON="$(PYTHON)" .ci/lowest

lint: $(VENV)/.installed-dev  ## ruff, mypy, spelling, workflows and packaging
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/mypy
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/zizmor --offline --quiet --no-progress .github
	$(BIN)/repo-review .

format: $(VENV)/.installed-dev  ## let ruff repair what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

coverage: $(VENV)/.installed-dev  ## which lines no test runs
	$(BIN)/python -m pytest --cov --cov-report=term-missing

bench: $(VENV)/.installed-bench  ## compare speed and memory with other libraries; how often choices are right; start-up
	-for each in startup explore parafac2 dynamics streaming tracking transitions pattern_cells relations two_rate sessions contrasts group uncertainty optima slice_starts missing on_disk gpu; do $(BIN)/python -m benchmarks.$$each; done
	$(BIN)/python -m benchmarks

fuzz: $(VENV)/.installed-test  ## read thousands of damaged files, fit thousands of random models; what came of them
	$(BIN)/python -m benchmarks.fuzz_files
	$(BIN)/python -m benchmarks.fuzz_fits

docs: $(VENV)/.installed-docs  ## build the pages under docs/_build
	$(BIN)/python -m sphinx -W --keep-going -q $(SPHINXOPTS) docs docs/_build

clean:  ## remove what the other targets made
	rm -rf $(VENV) demo docs/_build build dist .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find trialtensor trialtensor_models tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp for each set of requirements: nothing is installed twice until they change.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("trialtensor needs Python 3.11 or newer, and $(PYTHON) is " + sys.version.split()[0] + "; give another one: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-compile "pip>=25.1"  # which knows dependency groups

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) --editable .
	@touch $@

$(VENV)/.installed-%: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) --editable ".[$(EXTRAS)]" --group $*
	@touch $@
