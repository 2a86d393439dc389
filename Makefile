# Two commands for a newcomer: `make demo` and `make test`. Both need python3 (3.11 or newer), python3-venv, git, make.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check lock clean

demo: .venv/demo-installed
	@$(BIN)/redimento demo

test: .venv/dev-installed
	$(BIN)/pytest --cov --cov-report=term:skip-covered

check: .venv/dev-installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy src tests benchmarks
	$(BIN)/lint-imports --no-cache

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/demo-installed: requirements-demo.lock pyproject.toml | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-demo.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev-installed: requirements-dev.lock pyproject.toml | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@ .venv/demo-installed

# requirements.lock: what the image runs with; -build: what builds the package for it; -demo: with the emulator; -dev: everything, as the tests need it.
lock: | .venv/bin/python
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile -q --no-strip-extras --universal --generate-hashes --no-header pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --no-strip-extras --universal --generate-hashes --no-header requirements-build.in -o requirements-build.lock
	$(BIN)/uv pip compile -q --no-strip-extras --universal --generate-hashes --no-header pyproject.toml requirements-build.in --extra demo -o requirements-demo.lock
	$(BIN)/uv pip compile -q --no-strip-extras --universal --generate-hashes --no-header pyproject.toml requirements-build.in --extra demo --extra legacy --extra dev -o requirements-dev.lock

clean:
	rm -rf .venv dist .coverage* htmlcov .mypy_cache .ruff_cache .pytest_cache .hypothesis
