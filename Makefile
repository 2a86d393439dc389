# Two commands for a newcomer: `make demo` and `make test`.
# Both need python3 (3.11 or newer) with python3-venv, git (2.38 or newer) and make; .ci/install says what is missing.
BIN := .venv/bin
COVERAGE := --cov --cov-report=term:skip-covered
TESTS := tests

.PHONY: demo test check lock clean

demo:
	@.ci/install demo
	@$(BIN)/redimento demo

test:
	@.ci/install dev
	@echo "Running the tests, which takes about twelve minutes on two cores."
	@$(BIN)/pytest --quiet $(COVERAGE) $(TESTS)

check:
	@.ci/install dev
	@echo "Checking format, lint, types and import rules."
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary src tests benchmarks
	@$(BIN)/lint-imports --no-cache > .venv/lint-imports.log || { cat .venv/lint-imports.log; exit 1; }

lock:
	@.ci/lock

clean:
	@rm -rf .venv dist .coverage* htmlcov .mypy_cache .ruff_cache .pytest_cache .hypothesis
