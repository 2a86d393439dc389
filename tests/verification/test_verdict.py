"""Verdicts on changes, with real pytest runs in a real tree."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from redimento.change.edit import Change, FileChange
from redimento.sandbox.bench import Workbench, execute
from redimento.settings import CheckCommand
from redimento.verification.checks import run_baseline, run_checks, run_setup
from redimento.verification.evidence import Proof, Verdict
from redimento.verification.verdict import verify

OpenBench = Callable[..., Workbench]

FIXED = "def total(prices):\n    return sum(prices)\n"
NEW_TEST = "\n\ndef test_of_two():\n    assert total([2]) == 2\n"


def write(tree: Path, files: dict[str, str | None]) -> Change:
    """Write the files as the change writer does, and return the change."""
    changes = []
    for path, text in sorted(files.items()):
        file = tree / path
        before = file.read_bytes() if file.exists() else None
        after = None if text is None else text.encode()
        if after is None:
            file.unlink()
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(after)
        changes.append(FileChange(path, before, after))
    return Change(tuple(changes))


def withholding(tree: Path, change: Change) -> Callable[[Sequence[str]], AbstractContextManager[None]]:
    """Return what the repository offers: a context in which some paths have their old content."""

    def put(paths: Sequence[str], *, old: bool) -> None:
        for file in change.files:
            content = file.before if old else file.after
            if file.path in paths and content is None:
                (tree / file.path).unlink()
            elif file.path in paths and content is not None:
                (tree / file.path).write_bytes(content)

    @contextlib.contextmanager
    def withheld(paths: Sequence[str]) -> Iterator[None]:
        put(paths, old=True)
        yield
        put(paths, old=False)

    return withheld


def judged(bench: Workbench, files: dict[str, str | None]) -> Verdict:
    before = run_baseline(bench)
    change = write(bench.tree, files)
    verdict = verify(bench, change, before, withheld=withholding(bench.tree, change))
    for file in change.files:
        path = bench.tree / file.path
        assert (path.read_bytes() if path.exists() else None) == file.after
    return verdict


def with_test(tree: Path, text: str = NEW_TEST) -> str:
    return (tree / "tests" / "test_cart.py").read_text() + text


def test_a_good_change_is_verified_and_its_test_proves_it(
    tree: Path, open_bench: OpenBench, unit_tests: CheckCommand
) -> None:
    verdict = judged(open_bench(unit_tests), {"cart.py": FIXED, "tests/test_cart.py": with_test(tree)})
    assert verdict.verified
    assert verdict.proofs == (Proof("tests.test_cart::test_of_two", "failed", "passed"),)
    assert verdict.proofs[0].proves


def test_what_the_change_broke_is_new_and_what_was_broken_is_known(
    tree: Path, open_bench: OpenBench, unit_tests: CheckCommand
) -> None:
    (tree / "tests" / "test_old.py").write_text("def test_old():\n    assert False\n")
    verdict = judged(open_bench(unit_tests), {"cart.py": "def total(prices):\n    return -9\n"})
    assert [failure.test for failure in verdict.new_failures] == ["tests.test_cart::test_is_a_number"]
    assert "assert -9 > -1" in verdict.new_failures[0].message
    assert [failure.test for failure in verdict.known_failures] == ["tests.test_old::test_old"]
    assert not verdict.verified


def test_a_failure_that_is_gone_is_fixed(tree: Path, open_bench: OpenBench, unit_tests: CheckCommand) -> None:
    (tree / "tests" / "test_old.py").write_text(
        "from cart import total\n\n\ndef test_old():\n    assert total([]) == 0\n"
    )
    verdict = judged(open_bench(unit_tests), {"cart.py": FIXED})
    assert [failure.test for failure in verdict.fixed] == ["tests.test_old::test_old"]
    assert verdict.verified


def test_a_failure_that_passes_on_its_own_is_flaky(tree: Path, open_bench: OpenBench, unit_tests: CheckCommand) -> None:
    wobbly = (
        "import pathlib\n\n\ndef test_wobbly():\n    mark = pathlib.Path('mark')\n    seen = mark.exists()\n"
        "    mark.touch()\n    assert seen\n"
    )
    verdict = judged(open_bench(unit_tests), {"tests/test_wobbly.py": wobbly})
    assert [failure.test for failure in verdict.flaky] == ["tests.test_wobbly::test_wobbly"]
    assert verdict.new_failures == ()
    assert verdict.verified


def test_a_check_without_a_report_is_judged_and_rerun_as_a_whole(open_bench: OpenBench) -> None:
    wobbly = CheckCommand("wobbly", "test -e mark || { touch mark; test ! -e new.py; }")
    broken = CheckCommand("broken", "test ! -e new.py")
    verdict = judged(open_bench(wobbly, broken), {"new.py": "x = 1\n"})
    assert [failure.check for failure in verdict.new_failures] == ["broken"]
    assert verdict.flaky == ()  # `wobbly` finds the mark of its baseline run


def test_a_command_that_passes_when_rerun_is_flaky(open_bench: OpenBench) -> None:
    wobbly = CheckCommand("wobbly", "test ! -e new.py || test -e mark || { touch mark; false; }")
    verdict = judged(open_bench(wobbly), {"new.py": "x = 1\n"})
    assert [(failure.check, failure.test) for failure in verdict.flaky] == [("wobbly", "")]


def test_a_test_that_passed_before_proves_nothing_and_is_listed(
    tree: Path, open_bench: OpenBench, unit_tests: CheckCommand
) -> None:
    text = with_test(tree, "\n\ndef test_of_nothing():\n    assert total\n")
    verdict = judged(open_bench(unit_tests), {"cart.py": FIXED, "tests/test_cart.py": text})
    assert verdict.proofs == (Proof("tests.test_cart::test_of_nothing", "passed", "passed"),)
    assert not verdict.proofs[0].proves


@pytest.mark.parametrize(
    ("source", "test"),
    [
        ("def average(prices):\n    return 2\n", "from cart import average\n\n\ndef test_it():\n    assert average([2]) == 2\n"),
        ("def average(prices):\n    return 2\n", "import cart\n\n\ndef test_it():\n    assert cart.average([2]) == 2\n"),
    ],
)  # fmt: skip
def test_a_name_missing_in_the_old_source_is_an_error_not_a_failure(
    open_bench: OpenBench, unit_tests: CheckCommand, source: str, test: str
) -> None:
    verdict = judged(open_bench(unit_tests), {"cart.py": FIXED + source, "tests/test_average.py": test})
    assert verdict.proofs == (Proof("tests.test_average::test_it", "error", "passed"),)


def test_only_added_and_altered_tests_give_proof(tree: Path, open_bench: OpenBench, unit_tests: CheckCommand) -> None:
    many = (
        "import pytest\nfrom cart import total\n\n\ndef test_kept():\n    assert total([]) > -1\n\n\n"
        "class TestTotal:\n    def test_altered(self):\n        assert total([1]) < 5\n\n\n"
        "@pytest.mark.parametrize('n', [1, 2])\ndef test_params(n):\n    assert total([n]) > n - 1\n"
    )
    (tree / "tests" / "test_many.py").write_text(many)
    altered = (
        many.replace("< 5", "== 1").replace("[1, 2]", "[1, 2, 3]")
        + "\n\ndef test_added():\n    assert total([]) == 0\n"
    )
    verdict = judged(open_bench(unit_tests), {"cart.py": FIXED, "tests/test_many.py": altered})
    assert {proof.test.partition("::")[2]: proof.before for proof in verdict.proofs} == {
        "test_altered": "failed", "test_added": "failed",
        "test_params[1]": "passed", "test_params[2]": "passed", "test_params[3]": "passed",
    }  # fmt: skip


def test_a_change_of_tests_alone_proves_nothing(tree: Path, open_bench: OpenBench, unit_tests: CheckCommand) -> None:
    text = with_test(tree, "\n\ndef test_of_nothing():\n    assert total\n")
    verdict = judged(open_bench(unit_tests), {"tests/test_cart.py": text})
    assert verdict.proofs == (Proof("tests.test_cart::test_of_nothing", "passed", "passed"),)


def test_without_a_report_the_check_itself_can_be_proof(
    tree: Path, open_bench: OpenBench, unit_tests: CheckCommand
) -> None:
    silent = replace(unit_tests, run=(*unit_tests.run[:-2], "tests"), junit="")
    verdict = judged(open_bench(silent), {"cart.py": FIXED, "tests/test_cart.py": with_test(tree)})
    assert verdict.proofs == (Proof("pytest", "failed", "passed"),)


def test_without_baseline_every_failure_counts(open_bench: OpenBench) -> None:
    bench = open_bench(CheckCommand("broken", "false"), baseline=False)
    assert run_baseline(bench).results == ()
    verdict = judged(bench, {"new.py": "x = 1\n"})
    assert [failure.check for failure in verdict.new_failures] == ["broken"]


def test_an_advisory_check_does_not_stop_a_change(open_bench: OpenBench) -> None:
    advisory = CheckCommand("style", "test ! -e new.py", required=False)
    passing = CheckCommand("passing", "true")
    verdict = judged(open_bench(advisory, passing), {"new.py": "x = 1\n"})
    assert [(failure.check, failure.required) for failure in verdict.new_failures] == [("style", False)]
    assert verdict.verified


def test_a_change_that_no_required_check_saw_is_not_verified(open_bench: OpenBench) -> None:
    elsewhere = CheckCommand("web", "true", paths=("web",))
    verdict = judged(open_bench(elsewhere), {"new.py": "x = 1\n"})
    assert [result.skipped for result in verdict.after.results] == [True]
    assert not verdict.verified


@pytest.mark.parametrize(
    ("path", "runs"),
    [("web/a.js", True), ("web", True), ("website/a.js", False), ("docs/x/y.md", True), ("a.py", False)],
)
def test_a_check_runs_if_one_of_its_paths_changed(open_bench: OpenBench, path: str, *, runs: bool) -> None:
    bench = open_bench(CheckCommand("web", "true", paths=("web/", "docs/*.md")))
    (result,) = run_checks(bench, changed=[path]).results
    assert result.skipped is not runs


def test_a_check_that_hangs_or_deletes_the_tree_leaves_the_change_in_place(open_bench: OpenBench) -> None:
    hanging = CheckCommand("hanging", "test ! -e new.py || sleep 300", timeout_seconds=1)
    deleting = CheckCommand("deleting", 'test ! -e new.py || rm -rf "$PWD"')
    verdict = judged(open_bench(hanging, deleting, baseline=False), {"new.py": "x = 1\n", "cart.py": FIXED})
    assert verdict.after.results[0].reason == "timed out after 1 s"
    assert [failure.check for failure in verdict.new_failures] == ["hanging"]
    assert "the tree was deleted; restored" in verdict.after.results[1].output


def test_setup_runs_in_order_stops_at_a_failure_and_prints_no_secret(tree: Path, open_bench: OpenBench) -> None:
    assert run_setup(open_bench()) is None
    bench = open_bench(
        setup=("echo one > made", "echo sesame-open-9", "false", "echo two > made"), secrets=("sesame-open-9",)
    )
    result = run_setup(bench)
    assert result is not None
    assert (result.exit_code, result.output, (tree / "made").read_text()) == (1, "***\n", "one\n")


def test_stale_bytecode_does_not_run_for_source_of_the_same_size_and_second(tree: Path, open_bench: OpenBench) -> None:
    bench = open_bench()
    for number in (1, 2):
        (tree / "cart.py").write_text(f"TOTAL = {number}\n")
        os.utime(tree / "cart.py", (1_700_000_000, 1_700_000_000))
        seen = execute(bench, (sys.executable, "-c", "import cart; print(cart.TOTAL)"), timeout_seconds=100)
        assert seen.output == f"{number}\n"


def test_a_command_gets_its_own_variables(open_bench: OpenBench) -> None:
    bench = open_bench(CheckCommand("env", "echo $SHOP_MODE", env={"SHOP_MODE": "test"}))
    assert run_checks(bench).results[0].output == "test\n"
