# The commands people need. `make` alone lists them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
INSTALLED := $(VENV)/.installed
TORCH := $(VENV)/.torch
RAY := $(VENV)/.ray
# Another index to take torch from, such as one that has its build for CPUs.
TORCH_INDEX ?=

.DEFAULT_GOAL := help
.PHONY: help setup chat test coverage check format wheel docs lock clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1|/' | awk -F'|' '{printf "  make %-8s %s\n", $$1, $$2}'

setup: $(INSTALLED) $(TORCH) $(RAY) ## make .venv from the lock files; takes no time when that is done

# Stamps are written last, so an installation that was stopped starts again.
$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "askcorpus needs Python 3.11 or newer; name one with: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@echo "Setting up $(VENV) from requirements.lock: about 1.8 GB, a minute or more the first time." >&2
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "Python cannot make a virtual environment here; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@$(PIP) --no-deps --require-hashes -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

# Only other embedding models than the bundled one, and the tests of these, need torch. It comes with whatever its build
# for this machine needs (the one for GPUs has gigabytes of libraries of its own), and finds all else there.
$(TORCH): requirements-torch.lock $(INSTALLED)
	@$(PIP) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) -r requirements-torch.lock
	@touch $@

# Only `ingest --engine ray`, and its tests, need Ray.
$(RAY): requirements-ray.lock $(INSTALLED)
	@$(PIP) --no-deps --require-hashes -r requirements-ray.lock
	@touch $@

chat: $(INSTALLED) ## ingest corpus and open the chat on http://127.0.0.1:7860
	@$(BIN)/askcorpus ingest corpus
	@$(BIN)/askcorpus serve --examples corpus/questions.jsonl

test: setup ## run the tests, two files at a time
	@$(BIN)/python -m pytest -n 2 --dist loadfile

coverage: setup ## run the tests, a fifth slower, and say what they leave out; fails below the floor
	@$(BIN)/python -m coverage erase
	@$(BIN)/python -m coverage run -m pytest
	@$(BIN)/python -m coverage combine --quiet
	@$(BIN)/python -m coverage report

check: setup ## formatting, lint, types, imports and dependencies
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/deptry src ingest ui eval

format: setup ## put the code in form
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

wheel: setup ## build the wheel into dist/
	@rm -rf dist
	@$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .

docs: setup ## write docs/settings.md, docs/api.md and docs/commands.md again from the code
	@$(BIN)/python scripts/settings_page.py > docs/settings.md
	@$(BIN)/python scripts/api_page.py > docs/api.md
	@$(BIN)/python -m typer askcorpus_ui.cli.commands utils docs --name askcorpus --title Commands > docs/commands.md

lock: ## write the lock files again, with the newest versions that pyproject.toml allows
	@scripts/lock $(PYTHON)

clean: ## remove what these commands made, except the index in .askcorpus
	@rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .coverage*
