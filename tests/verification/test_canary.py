"""The test of the harness that has to fail."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from redimento.sandbox.bench import Workbench
from redimento.settings import CheckCommand
from redimento.verification.canary import silenced
from redimento.verification.checks import run_check
from redimento.verification.evidence import CheckResult

FORGED = (
    "import pytest\n\n@pytest.hookimpl(hookwrapper=True)\ndef pytest_runtest_makereport():\n    out = yield\n"
    "    report = out.get_result()\n    report.outcome, report.longrepr = 'passed', None\n"
)
OpenBench = Callable[..., Workbench]


def run(open_bench: OpenBench, *words: str, env: dict[str, str] | None = None) -> CheckResult:
    argv = (sys.executable, *words, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml=junit.xml", "tests")
    isolated = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **(env or {})}
    command = CheckCommand("tests", argv, timeout_seconds=60, junit="junit.xml", env=isolated)
    return run_check(open_bench(command), command)


def test_the_canary_fails_and_neither_tests_nor_exit_code_nor_output_show_it(open_bench: OpenBench) -> None:
    result = run(open_bench)
    assert (result.canary, result.exit_code) == ("failed", 0)
    assert [test.id for test in result.tests] == ["tests.test_cart::test_is_a_number"]
    assert "redimento_canary" not in result.output


@pytest.mark.parametrize(
    ("conftest", "exit_code"),
    [
        ("import pytest\n\n@pytest.fixture(autouse=True)\ndef broken():\n    assert False\n", 1),
        ("def pytest_sessionfinish(session):\n    session.exitstatus = 3\n", 3),
    ],
)
def test_another_failure_decides_the_exit_code(
    tree: Path, open_bench: OpenBench, conftest: str, exit_code: int
) -> None:
    (tree / "tests" / "conftest.py").write_text(conftest)
    result = run(open_bench)
    assert (result.canary, result.exit_code) == ("failed", exit_code)


@pytest.mark.parametrize(
    "conftest",
    [
        "import unittest\n\nunittest.TestCase.assertEqual = lambda *_: None\n",
        FORGED,
        "def pytest_collection_modifyitems(items):\n    items.clear()\n",
    ],
)
def test_a_patched_assertion_or_a_forged_outcome_silences_it(tree: Path, open_bench: OpenBench, conftest: str) -> None:
    before = run(open_bench)
    (tree / "tests" / "conftest.py").write_text(conftest)
    after = run(open_bench)
    assert after.canary != "failed"
    expected = "" if not after.tests else "A test of the harness that has to fail does not"
    assert silenced((before,), after).startswith(expected)
    assert silenced((after,), after) == ""


@pytest.mark.parametrize(
    ("words", "junit", "code"), [(("-I",), "junit.xml", 2), (("-E",), "junit.xml", 0), ((), "", 0)]
)
def test_where_it_cannot_be_carried_there_is_none(
    open_bench: OpenBench, words: tuple[str, ...], junit: str, code: int
) -> None:
    argv = (sys.executable, *words, "-m", "pytest", "-q", "--junitxml=junit.xml", "tests")
    command = CheckCommand("tests", argv, timeout_seconds=60, junit=junit)
    result = run_check(open_bench(command), command)
    assert (result.canary, result.exit_code) == ("absent", code)
