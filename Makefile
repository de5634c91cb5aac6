# All commands of the project. They need Python 3.11 or newer with pip and venv, and make.
PYTHON ?= python3
BIN := .venv/bin
LOCK := .venv-lock
COMPILE = CUSTOM_COMPILE_COMMAND="make lock" $(LOCK)/bin/pip-compile --quiet --no-config --upgrade --generate-hashes \
	--strip-extras --no-emit-options --no-emit-index-url --no-emit-find-links --no-emit-trusted-host

export PIP_DISABLE_PIP_VERSION_CHECK = 1

.DEFAULT_GOAL := help
.PHONY: help demo test tools bench docs lock clean

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' Makefile

demo: .venv/run.stamp  ## install into .venv, then simulate the built-in scenario octopus into runs/demo
	rm -rf runs/demo
	$(BIN)/octoplan run octopus --seed 1 --out runs/demo

# The model is compiled while the types are checked, so that the tests find it compiled.
test: .venv/dev.stamp tools  ## install into .venv, then lint, check types and run the tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/python -c 'import octoplan as op; op.simulate(op.load("pocket"), 1)' & $(BIN)/mypy && wait $$!
	$(BIN)/python -m pytest -n 2 --dist worksteal

tools:
	@sh tests/tools.sh

bench: .venv/dev.stamp  ## measure speed, as ratios to alternatives measured in the same run
	$(BIN)/python -m bench

docs: .venv/dev.stamp  ## write the tables of the reference from the code, and the site into docs/_build/html
	$(BIN)/python docs/generate.py
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs docs/_build/html

lock:  ## update the pinned versions and hashes in requirements/
	$(PYTHON) -m venv $(LOCK)
	$(LOCK)/bin/python -m pip install --quiet pip-tools
	$(COMPILE) --output-file requirements/run.txt pyproject.toml requirements/build.in
	$(COMPILE) --output-file requirements/dev.txt --extra cluster --extra parquet --extra score --constraint requirements/run.txt \
		pyproject.toml requirements/build.in requirements/dev.in

clean:  ## remove environments, caches and runs/demo
	rm -rf .venv $(LOCK) runs/demo .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find src tests bench docs -name __pycache__ -prune -exec rm -rf {} +

# The stamp is written last, so that an interrupted installation is repeated.
.venv/%.stamp: requirements/%.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("octoplan needs Python 3.11 or newer, and $(PYTHON) is " + sys.version.split()[0] + ": name another one, as in make PYTHON=python3.11 demo")'
	@echo "Installing the pinned packages of requirements/$*.txt into .venv (a minute or two, once)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/$*.txt
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@
