# `make demo`, `make test` and `make crashpoints` do all they need on a fresh checkout; CI calls the same three.
.PHONY: demo test crashpoints lint clean lock venv

VENV := .venv

demo: venv
	$(VENV)/bin/kassalab demo

# Pictures that the pages' flows take are kept where KASSALAB_SCREENSHOTS says.
test: export KASSALAB_SCREENSHOTS ?= $(CURDIR)/.kassalab/screenshots
test: venv
	tools/setup_env.sh system
	$(VENV)/bin/tox run

crashpoints: venv
	$(VENV)/bin/kassalab crashpoints --distinct

lint: venv
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

venv:
	tools/setup_env.sh venv

# Resolves the newest versions that pyproject.toml allows, and pins them.
lock: venv
	tools/lock.sh

clean:
	rm -rf build dist .tox .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage*
	find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +
