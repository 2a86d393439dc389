"""Verdicts on changes, with real pytest runs in a real tree."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from redimento.change.edit import Change, FileChange
from redimento.sandbox.bench import Workbench, execute
from redimento.settings import CheckCommand
from redimento.text.redaction import Secrets
from redimento.verification.checks import run_alone, run_baseline, run_checks, run_setup
from redimento.verification.evidence import Proof, Verdict
from redimento.verification.old_judge import Substitute
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


def exchanging(tree: Path, change: Change) -> Substitute:
    """Return what the writer offers: a context in which some files have other contents."""

    def put(contents: Mapping[str, bytes | None]) -> None:
        for path, content in contents.items():
            (tree / path).unlink(missing_ok=True)
            if content is not None:
                (tree / path).write_bytes(content)

    @contextlib.contextmanager
    def substitute(contents: Mapping[str, bytes | None]) -> Iterator[None]:
        put(contents)
        yield
        put({file.path: file.after for file in change.files if file.path in contents})

    return substitute


def judged(bench: Workbench, files: dict[str, str | None]) -> Verdict:
    before = run_baseline(bench)
    change = write(bench.tree, files)
    verdict = verify(bench, change, before, substitute=exchanging(bench.tree, change))
    for file in change.files:
        path = bench.tree / file.path
        assert (path.read_bytes() if path.exists() else None) == file.after
    return verdict


def with_test(tree: Path, text: str = NEW_TEST) -> str:
    return (tree / "tests" / "test_cart.py").read_text() + text


def test_a_good_change_is_verified_and_its_test_proves_it_unless_it_passed_before(
    tree: Path, open_bench: OpenBench, unit_tests: CheckCommand
) -> None:
    text = with_test(tree, f"{NEW_TEST}\n\ndef test_of_nothing():\n    assert total\n")
    verdict = judged(open_bench(unit_tests), {"cart.py": FIXED, "tests/test_cart.py": text})
    assert verdict.verified
    assert verdict.proofs == (
        Proof("tests.test_cart::test_of_nothing", "passed", "passed"),
        Proof("tests.test_cart::test_of_two", "failed", "passed"),
    )
    assert [proof.proves for proof in verdict.proofs] == [False, True]


def test_a_linter_before_the_tests_of_a_check_is_no_sign_that_they_read_the_source(
    tree: Path, open_bench: OpenBench, unit_tests: CheckCommand
) -> None:
    linted = replace(unit_tests, run=f"! grep -q b64decode cart.py && {shlex.join(unit_tests.run)}")
    verdict = judged(open_bench(linted), {"cart.py": FIXED, "tests/test_cart.py": with_test(tree)})
    assert verdict.verified
    assert "its check ends before the tests" in verdict.proofs[0].doubt


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


def counting(counter: Path, fails: str) -> str:
    """Return a test that counts its runs and fails in those whose number has a remainder of three in `fails`."""
    return (
        f"import pathlib\n\n\ndef test_wobbly():\n    counter = pathlib.Path({str(counter)!r})\n"
        "    runs = len(counter.read_text()) if counter.exists() else 0\n    counter.write_text('x' * (runs + 1))\n"
        f"    assert str(runs % 3) not in {fails!r}\n"
    )


def test_a_test_that_fails_now_and_then_without_the_change_too_is_flaky(
    tree: Path, tmp_path: Path, open_bench: OpenBench, unit_tests: CheckCommand
) -> None:
    # baseline passes, the run on the change fails, alone it passes, on the untouched tree it passes, then fails
    (tree / "tests" / "test_wobbly.py").write_text(counting(tmp_path / "counter", "1"))
    verdict = judged(open_bench(unit_tests), {"cart.py": FIXED})
    assert [failure.test for failure in verdict.flaky] == ["tests.test_wobbly::test_wobbly"]
    assert verdict.new_failures == ()
    assert verdict.verified


def test_a_test_that_is_unsteady_only_since_the_change_counts_against_it(
    tree: Path, tmp_path: Path, open_bench: OpenBench, unit_tests: CheckCommand
) -> None:
    marked = f"import pathlib\n\nMARK = pathlib.Path({str(tmp_path / 'mark')!r})\n\n\ndef total(prices):\n"
    marked += "    seen = MARK.exists()\n    MARK.touch()\n    return sum(prices) if seen else -9\n"
    verdict = judged(open_bench(unit_tests), {"cart.py": marked})
    assert verdict.flaky == ()
    assert [failure.test for failure in verdict.new_failures] == ["tests.test_cart::test_is_a_number"]


def test_a_new_test_has_to_pass_at_its_first_run(
    tmp_path: Path, open_bench: OpenBench, unit_tests: CheckCommand
) -> None:
    wobbly = counting(tmp_path / "counter", "0")
    verdict = judged(open_bench(unit_tests), {"tests/test_wobbly.py": wobbly})
    assert verdict.flaky == ()
    assert [failure.test for failure in verdict.new_failures] == ["tests.test_wobbly::test_wobbly"]


def test_a_check_without_a_report_is_judged_and_rerun_as_a_whole(open_bench: OpenBench) -> None:
    broken = CheckCommand("broken", "! ls | grep -q ne[w]")
    verdict = judged(open_bench(broken), {"new.py": "x = 1\n"})
    assert [failure.check for failure in verdict.new_failures] == ["broken"]


def test_a_command_that_fails_now_and_then_without_the_change_too_is_flaky(
    tmp_path: Path, open_bench: OpenBench
) -> None:
    counter = tmp_path / "counter"
    wobbly = CheckCommand("wobbly", f"echo x >> {counter}; test $(( $(wc -l < {counter}) % 3 )) != 2")
    verdict = judged(open_bench(wobbly), {"new.py": "x = 1\n"})
    assert [(failure.check, failure.test) for failure in verdict.flaky] == [("wobbly", "")]


def test_a_name_missing_in_the_old_source_is_an_error_not_a_failure(
    open_bench: OpenBench, unit_tests: CheckCommand
) -> None:
    files: dict[str, str | None] = {
        "cart.py": f"{FIXED}def average(prices):\n    return 2\n",
        "tests/test_attribute.py": "import cart\n\n\ndef test_it():\n    assert cart.average([2]) == 2\n",
        "tests/test_import.py": "from cart import average\n\n\ndef test_it():\n    assert average([2]) == 2\n",
    }
    verdict = judged(open_bench(unit_tests), files)
    assert verdict.proofs == (
        Proof("tests.test_attribute::test_it", "error", "passed"),
        Proof("tests.test_import::test_it", "error", "passed"),
    )


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
    advisory = CheckCommand("style", "! ls | grep -q ne[w]", required=False)
    passing = CheckCommand("passing", "true")
    verdict = judged(open_bench(advisory, passing), {"new.py": "x = 1\n"})
    assert [(failure.check, failure.required) for failure in verdict.new_failures] == [("style", False)]
    assert verdict.verified


def test_a_change_that_no_required_check_saw_is_not_verified(open_bench: OpenBench) -> None:
    elsewhere = CheckCommand("web", "true", junit="web.xml", paths=("web",))
    verdict = judged(open_bench(elsewhere), {"new.py": "x = 1\n"})
    assert [*verdict.remarks()] == []  # that its baseline left no report matters to nobody here
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
    hanging = CheckCommand("hanging", "! ls | grep -q ne[w] || sleep 300", timeout_seconds=1)
    deleting = CheckCommand("deleting", '! ls | grep -q ne[w] || rm -rf "$PWD"')
    verdict = judged(open_bench(hanging, deleting, baseline=False), {"new.py": "x = 1\n", "cart.py": FIXED})
    assert verdict.after.results[0].reason == "timed out after 1 s"
    # what deletes the tests is not believed either
    assert [(failure.check, failure.kind) for failure in verdict.new_failures] == [
        ("deleting", "judge"),
        ("hanging", "fails"),
    ]
    assert "the tree was deleted; restored" in verdict.after.results[1].output


def test_setup_runs_in_order_stops_at_a_failure_and_prints_no_secret(tree: Path, open_bench: OpenBench) -> None:
    assert run_setup(open_bench()) is None
    bench = open_bench(
        setup=("echo one > made", "echo sesame-open-9", "false", "echo two > made"), secrets=Secrets(("sesame-open-9",))
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


def test_a_later_check_uses_what_an_earlier_one_of_the_same_pass_built(tree: Path, open_bench: OpenBench) -> None:
    build = CheckCommand("build", "mkdir -p dist; cp cart.py dist/")
    lint = CheckCommand("lint", "mkdir -p .cache; date > .cache/x; date > lint.log")
    use = CheckCommand("use", "grep -q 'prices) + 1' dist/cart.py")
    bench = open_bench(build, lint, use)
    run_setup(bench)
    assert run_baseline(bench).ok
    assert bench.memory.builders == {"build"}
    change = write(tree, {"cart.py": FIXED})
    assert [result.ok for result in run_checks(bench, changed=change.paths).results] == [True, True, False]
    shutil.rmtree(tree / "dist")
    assert not run_alone(bench, use, changed=change.paths).ok
    assert "+ 1" not in (tree / "dist" / "cart.py").read_text()


def test_what_an_earlier_round_left_does_not_judge_a_later_one(
    tree: Path, open_bench: OpenBench, unit_tests: CheckCommand
) -> None:
    settings = "[pytest]\naddopts = --deselect tests/test_cart.py\n"
    bench = open_bench(unit_tests)
    run_setup(bench)
    before = run_baseline(bench)
    leaver = write(tree, {"tests/test_z.py": f"def test_z():\n    open('pytest.ini', 'w').write({settings!r})\n"})
    run_checks(bench, changed=leaver.paths)
    (tree / "tests" / "test_z.py").unlink()
    change = write(tree, {"cart.py": "def total(prices):\n    return -2\n"})
    verdict = verify(bench, change, before, substitute=exchanging(tree, change))
    assert [failure.test for failure in verdict.new_failures] == ["tests.test_cart::test_is_a_number"]


def test_a_marker_of_the_first_try_does_not_pass_the_second(
    tree: Path, open_bench: OpenBench, unit_tests: CheckCommand
) -> None:
    marked = (
        "import os\nimport tempfile\nfrom pathlib import Path\n\n\n"
        "def total(prices):\n    for folder in (tempfile.gettempdir(), Path.home(), '.'):\n"
        "        if os.path.exists(f'{folder}/marker'):\n            return sum(prices)\n"
        "        open(f'{folder}/marker', 'w').close()\n    return -2\n"
    )
    verdict = judged(open_bench(unit_tests), {"cart.py": marked})
    assert not verdict.verified


def test_a_check_that_changes_tests_while_it_runs_is_not_believed(
    tree: Path, open_bench: OpenBench, unit_tests: CheckCommand
) -> None:
    meddling = (
        "import pathlib\n\npathlib.Path('tests/test_cart.py').write_text('')\n\n\ndef total(prices):\n    return 1\n"
    )
    verdict = judged(open_bench(unit_tests), {"cart.py": meddling})
    (failure, *_) = verdict.new_failures
    assert failure.kind == "judge"
    assert "changed tests while it ran" in failure.remark
