# Two commands for a newcomer: `make demo` and `make test`.
# Both need python3 (3.11 or newer) with python3-venv, git (2.38 or newer) and make; .ci/install says what is missing.
BIN := .venv/bin
COVERAGE := --cov --cov-report=term:skip-covered
TESTS := tests

.PHONY: demo test check image-test lock clean

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

# Builds the image on stand-ins for your bases and runs it as the agent does; needs root on Debian or Ubuntu.
image-test:
	@.ci/install dev
	@which buildah conmon debootstrap podman runc >/dev/null || \
	    { apt-get update --quiet && apt-get install --yes --no-install-recommends buildah conmon debootstrap podman runc; }
	@IMAGE_TEST=yes $(BIN)/pytest --quiet -n 0 tests/image

lock:
	@.ci/lock

clean:
	@rm -rf .venv dist .coverage* htmlcov .mypy_cache .ruff_cache .pytest_cache .hypothesis
