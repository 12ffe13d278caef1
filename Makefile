# The course's commands. Every one sets up what it needs first; a second call starts in seconds.
#
#   make lab        JupyterLab on lesson 00
#   make workshop   lesson 24 from top to bottom: its table here, its report as HTML
#   make test       all tests
#   make notebooks  the notebooks from their sources in solutions/, the worksheets from their schemas
#   make lint       style and types
#   make bench      what the course promises, measured: all of it, or AREA=core|phase2|classroom|…
#
#   LIGHT=1 installs only the core (phases 0 to 2), and later calls keep to it; LIGHT=0 adds the rest.
#   PYTHON=python3.12 chooses the Python (3.11, 3.12 or 3.13).

PYTHON ?= python3
BIN := .venv/bin

# Packages are compiled when they are first imported. Where that may not be kept, as in many containers,
# every process compiles TensorFlow again, for nine seconds.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup lab workshop test notebooks lint bench

help:
	@sed -n 's/^#   //p; s/^#$$//p' Makefile

setup:
	@command -v $(PYTHON) >/dev/null || { echo "edgelab: There is no $(PYTHON) here; install Python 3.11, 3.12 or 3.13 and call this again." >&2; exit 1; }
	@$(PYTHON) .ci/setup.py $(if $(LIGHT),$(if $(filter 0,$(LIGHT)),--all,--light))

lab: setup
	@$(BIN)/edgelab lab

workshop: setup
	@$(BIN)/edgelab run 24 --report

# No test judges a time, so measurements may disturb each other. A lesson takes up to 3 GB: two at a time.
SIDE_BY_SIDE := --durations=15 --no-loadscope-reorder -n logical --maxprocesses
test: setup
	@$(PYTHON) .ci/setup.py --apart
	@$(BIN)/python -m pytest -m "not lesson" $(SIDE_BY_SIDE) 4 --dist loadfile \
	  --junitxml=build/tests-units.xml; units=$$?; \
	$(BIN)/python -m pytest -m lesson $(SIDE_BY_SIDE) 2 --dist loadfile \
	  --junitxml=build/tests-lessons.xml && exit $$units

notebooks: setup
	@$(BIN)/edgelab notebooks
	@$(BIN)/edgelab worksheets

lint: setup
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

bench: setup
	@$(BIN)/python -m tests.bench $(if $(AREA),--area $(AREA))
