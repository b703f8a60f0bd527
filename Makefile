# mella-spark: `make help` lists what there is to do.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.setup-stamp
DEMO   ?= demo
FUZZ_INPUTS  ?= 10000
FUZZ_TARGETS ?= scanner archive response metadata headers values encodings

.DEFAULT_GOAL := help
.PHONY: help setup check-java demo test lint types unit fuzz models bench-extract bench-caption docs lock wheel clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: check-java $(STAMP) ## the virtual environment, pinned packages and Delta's JARs

check-java:
	@java=$${JAVA_HOME:+$$JAVA_HOME/bin/}java; \
	major=$$("$$java" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1); \
	if [ "$${major:-0}" -lt 17 ]; then \
	  echo "mella: Spark needs Java 17 or newer, and there is none here. Install it with:" >&2; \
	  echo "  sudo apt-get install -y openjdk-17-jre-headless    (macOS: brew install openjdk@17)" >&2; \
	  exit 1; \
	fi

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "mella: Python 3.11 or newer is needed; say which with make setup PYTHON=python3.12" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet uv==0.13.9
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --requirement requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@$(BIN)/python -m mella_spark.session > $(VENV)/setup.log 2>&1 || { tail -n 5 $(VENV)/setup.log >&2; exit 1; }
	@touch $@

demo: setup ## the whole story on a generated sample web, offline, in minutes
	@$(BIN)/mella demo --root $(DEMO)

test: setup lint types ## everything that must hold: style, types, all tests
	@$(BIN)/python -m pytest

lint: setup ## ruff
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: setup ## mypy
	@$(BIN)/mypy

unit: setup ## the tests that start no Spark
	@$(BIN)/python -m pytest tests/unit

fuzz: setup ## damaged input, thousands of times: hypothesis, and atheris where it has a wheel
	@MELLA_FUZZ_INPUTS=$(FUZZ_INPUTS) $(BIN)/python -m pytest tests/unit/test_fuzz_*.py
	@test -x $(VENV)/fuzz/bin/python || $(BIN)/uv venv --quiet --python $(BIN)/python $(VENV)/fuzz
	@$(BIN)/uv pip install --quiet --only-binary atheris --python $(VENV)/fuzz/bin/python atheris || \
	  { echo "mella: atheris has no wheel for this machine; its half of the fuzzing is left out" >&2; exit 0; }; \
	for target in $(FUZZ_TARGETS); do \
	  echo "fuzzing $$target"; \
	  PYTHONPATH=$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))') \
	    $(VENV)/fuzz/bin/python tests/fuzz/fuzz.py $$target -runs=$(FUZZ_INPUTS) -max_len=8192 \
	    -timeout=30 -artifact_prefix=$(VENV)/fuzz/ -verbosity=0 -print_final_stats=1 || exit 1; \
	done

models: setup ## train the two embedded models anew from the sample generator
	@$(BIN)/python -m mella_spark.models.build

bench-extract: setup ## extraction beside other readers; more with ARGS="--memory --crawl FOLDER"
	@$(BIN)/python -m benchmarks.extract $(ARGS)

bench-caption: setup ## captioning beside other ways to run a model; more with ARGS="--device cuda"
	@$(BIN)/python -m benchmarks.caption $(ARGS)

docs: setup ## write docs/tables.md from the table schemas
	@$(BIN)/python -m mella_spark.lake.schemas > docs/tables.md

lock: setup ## pin the newest versions that fit pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --upgrade --no-header --no-annotate \
	  --no-emit-index-url --no-emit-find-links --extra dev pyproject.toml --output-file requirements.lock

wheel: setup ## a wheel with the library, jobs, udfs and conf, in dist/
	@$(BIN)/python -m build --wheel --installer uv

clean: ## remove what was built, but not the virtual environment
	@rm -rf build dist demo out .pytest_cache .mypy_cache .ruff_cache
