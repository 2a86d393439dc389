"""Tries of a few tests on a change, with real runners in a real tree."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from redimento.sandbox.bench import Workbench
from redimento.settings import CheckCommand
from redimento.verification.checks import run_baseline
from redimento.verification.trial import run_trial
from tests.verification.test_verdict import write

OpenBench = Callable[..., Workbench]

PROBE = "from cart import total\n\n\ndef test_look():\n    print('the total is', total([2]))\n"


def test_only_the_named_tests_run_and_what_they_print_is_seen(
    tree: Path, open_bench: OpenBench, unit_tests: CheckCommand
) -> None:
    bench = open_bench(unit_tests)
    run_baseline(bench)
    change = write(tree, {"tests/test_probe.py": PROBE})
    shown = run_trial(bench, "pytest", ["tests/test_probe.py::test_look"], changed=change.paths)

    assert [(test.id, test.outcome) for test in shown.tests] == [("tests.test_probe::test_look", "passed")]
    assert "the total is 3" in shown.output
    assert shown.remark == ""
    assert shown.ran


@pytest.mark.parametrize(
    "name", ["tests/test_cart.py", "tests.test_cart::test_is_a_number", "tests/test_cart.py::test_is_a_number"]
)
def test_a_test_is_named_by_its_file_its_place_or_the_id_of_a_report(
    tree: Path, open_bench: OpenBench, unit_tests: CheckCommand, name: str
) -> None:
    change = write(tree, {"tests/test_other.py": "def test_other():\n    assert False\n"})
    shown = run_trial(open_bench(unit_tests), "", [name], changed=change.paths)
    assert [(test.id, test.outcome) for test in shown.tests] == [("tests.test_cart::test_is_a_number", "passed")]
    assert shown.exit_code == 0


def test_a_failing_test_is_shown_with_its_message(tree: Path, open_bench: OpenBench, unit_tests: CheckCommand) -> None:
    change = write(
        tree, {"tests/test_new.py": "from cart import total\n\n\ndef test_two():\n    assert total([2]) == 2\n"}
    )
    shown = run_trial(open_bench(unit_tests), "pytest", ["tests/test_new.py"], changed=change.paths)
    assert [test.outcome for test in shown.tests] == ["failed"]
    assert "assert 3 == 2" in shown.tests[0].message


def test_without_names_the_whole_check_runs(tree: Path, open_bench: OpenBench, unit_tests: CheckCommand) -> None:
    change = write(tree, {"tests/test_probe.py": PROBE})
    shown = run_trial(open_bench(unit_tests), "pytest", [], changed=change.paths)
    assert len(shown.tests) == 2


@pytest.mark.parametrize(
    ("check", "name", "remark"),
    [
        ("lint", "tests/test_cart.py", "There is no check of this name. The checks are: pytest."),
        ("pytest", "tests/test_absent.py::test_a", "These names do not lead to tests."),
        ("pytest", "../tree/tests/test_cart.py", "These names do not lead to tests."),
        ("pytest", "/etc/test_a.py", "These names do not lead to tests."),
        ("pytest", "x" * 1_000_000, "These names do not lead to tests."),
        ("pytest", "tests/test_cart.py::test\0", "These names do not lead to tests."),
        ("pytest", "$(touch pwned)", "These names do not lead to tests."),
        ("pytest", "-p evil", "These names do not lead to tests."),
    ],
)
def test_what_cannot_run_is_a_sentence(
    open_bench: OpenBench, unit_tests: CheckCommand, check: str, name: str, remark: str
) -> None:
    shown = run_trial(open_bench(unit_tests), check, [name], changed=())
    assert shown.remark.startswith(remark)
    assert not shown.ran


def test_a_test_that_does_not_exist_is_named(open_bench: OpenBench, unit_tests: CheckCommand) -> None:
    shown = run_trial(open_bench(unit_tests), "pytest", ["tests/test_cart.py::test_absent"], changed=())
    assert "Not in its report: tests/test_cart.py::test_absent." in shown.remark


def test_a_check_that_cannot_run_single_tests_runs_whole(open_bench: OpenBench, unit_tests: CheckCommand) -> None:
    line = " ".join(unit_tests.run)
    shell = replace(unit_tests, run=f"{line} && true")
    shown = run_trial(open_bench(shell), "pytest", ["tests/test_cart.py"], changed=())
    assert shown.remark == "This check's command cannot run single tests, so all of it ran."
    assert [test.outcome for test in shown.tests] == ["passed"]


def test_a_try_ends_after_its_time(open_bench: OpenBench) -> None:
    shown = run_trial(open_bench(CheckCommand("slow", "sleep 60")), "slow", [], changed=(), seconds=1)
    assert shown.remark.startswith("It did not end by itself")


def test_a_build_before_a_try_ends_after_the_same_time_and_counts(
    tree: Path, open_bench: OpenBench, unit_tests: CheckCommand
) -> None:
    build = CheckCommand("build", "touch built; test ! -e tests/test_slow.py || sleep 60")
    bench = open_bench(build, unit_tests)
    run_baseline(bench)
    change = write(tree, {"tests/test_slow.py": "def test_slow():\n    assert True\n"})
    shown = run_trial(bench, "pytest", ["tests/test_slow.py"], changed=change.paths, seconds=1)
    assert 1 <= shown.seconds < 60


def test_the_tree_is_as_it_was_after_a_try(tree: Path, open_bench: OpenBench, unit_tests: CheckCommand) -> None:
    text = "import pathlib\n\n\ndef test_writes():\n    pathlib.Path('cart.py').write_text('')\n    pathlib.Path('new.py').touch()\n"
    bench = open_bench(unit_tests)
    run_baseline(bench)
    change = write(tree, {"tests/test_writes.py": text})
    run_trial(bench, "pytest", ["tests/test_writes.py"], changed=change.paths)
    assert not (tree / "new.py").exists()
    shown = run_trial(bench, "pytest", ["tests/test_cart.py"], changed=change.paths)

    assert shown.tests[0].outcome == "passed"


NODE = CheckCommand(
    "node",
    ("node", "--test", "--test-reporter=junit", "--test-reporter-destination=junit.xml", "tests"),
    junit="junit.xml",
)
NODE_TEST = (
    "const { test } = require('node:test');\nconst assert = require('node:assert');\n"
    "test('two', () => { console.log('seen'); assert.equal(1 + 1, 3); });\n"
)


def node_20() -> bool:
    if shutil.which("node") is None:
        return False
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    return int(version.lstrip("v").partition(".")[0]) >= 20


@pytest.mark.skipif(not node_20(), reason="needs Node 20, which has reporters")
def test_node_s_own_runner_runs_the_named_file(tree: Path, open_bench: OpenBench) -> None:
    change = write(tree, {"tests/two.test.js": NODE_TEST, "tests/one.test.js": NODE_TEST.replace("two", "one")})
    shown = run_trial(open_bench(NODE), "node", ["tests/two.test.js::two"], changed=change.paths)
    assert [test.outcome for test in shown.tests] == ["failed"]
    assert shown.remark == ""
