from __future__ import annotations

from redimento.change.edit import Change, FileChange
from redimento.delivery.report import FileLine, file_lines, in_words
from redimento.verification.evidence import CheckResult, TestResult


def test_lines_are_counted_as_a_reader_would() -> None:
    change = Change(
        (
            FileChange("a.py", b"1\n2\n3\n", b"1\n2x\n3\n4\n"),
            FileChange("new.py", None, b"1\n2\n"),
            FileChange("old.py", b"1\n", None),
        )
    )
    assert file_lines(change) == (
        FileLine("a.py", 2, 1, "changed"),
        FileLine("new.py", 2, 0, "added"),
        FileLine("old.py", 0, 1, "deleted"),
    )


def test_a_check_is_told_by_its_tests_or_its_end() -> None:
    plain = CheckResult("lint", "ruff", required=True, exit_code=2, seconds=0, output="")
    tests = (TestResult("a", "passed"), TestResult("b", "failed"), TestResult("c", "error"), TestResult("d", "skipped"))
    counted = CheckResult("tests", "pytest", required=True, exit_code=1, seconds=0, output="", tests=tests)
    late = CheckResult("slow", "x", required=True, exit_code=None, seconds=9, output="", reason="stopped after 9 s")

    assert in_words(plain) == "failed, exit code 2"
    assert in_words(counted) == "1 passed, 1 failed, 1 in error"
    assert in_words(late) == "stopped after 9 s"
    assert in_words(None) == "not run"
