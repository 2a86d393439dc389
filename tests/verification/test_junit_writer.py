from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redimento.verification.evidence import CheckResult, Checks, Failure, Outcome, TestResult, Verdict
from redimento.verification.junit_writer import junit
from redimento.verification.reports.reading import read_reports


def verdict() -> Verdict:
    tests = (
        TestResult("t.a::new", "failed", 0.5, "assert \x00 1 == 2"),
        TestResult("t.a::known", "failed"),
        TestResult("t.a::flaky", "failed"),
        TestResult("t.a::good", "passed"),
        TestResult("t.a::crashed", "error", message="boom"),
        TestResult("t.a::left", "skipped"),
    )
    after = Checks((
        CheckResult("unit", "pytest", required=True, exit_code=1, seconds=2, output="", tests=tests),
        CheckResult("lint", "ruff check", required=False, exit_code=1, seconds=1, output="bad line"),
        CheckResult("build", "make", required=True, exit_code=0, seconds=1, output=""),
        CheckResult("docs", "make docs", required=True, exit_code=None, seconds=0, output="", skipped=True),
    ))  # fmt: skip
    return Verdict(
        Checks(), after,
        new_failures=(Failure("unit", "t.a::new", ""), Failure("unit", "t.a::crashed", ""), Failure("lint", "", "", required=False)),
        known_failures=(Failure("unit", "t.a::known", ""),),
        flaky=(Failure("unit", "t.a::flaky", ""),),
    )  # fmt: skip


def test_the_runs_own_report_is_red_only_for_what_the_change_broke(tmp_path: Path) -> None:
    (tmp_path / "junit.xml").write_text(junit(verdict()), "utf-8")
    assert {test.id: test.outcome for test in read_reports("junit.xml", tmp_path).tests} == {
        "unit.t.a::new": "failed", "unit.t.a::crashed": "error", "unit.t.a::known": "skipped",
        "unit.t.a::flaky": "skipped", "unit.t.a::left": "skipped", "unit.t.a::good": "passed",
        "lint::ruff check": "skipped", "build::make": "passed", "docs::make docs": "skipped",
    }  # fmt: skip


def test_the_runs_own_report_has_the_right_counts() -> None:
    suite = ET.fromstring(junit(verdict()))[0]
    assert [suite.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["6", "1", "1", "3"]


@settings(deadline=None)
@given(
    st.text(max_size=40),
    st.text(max_size=40),
    st.sampled_from(["passed", "failed", "error", "skipped"]),
    st.text(max_size=80),
)
def test_whatever_a_test_is_called_the_runs_own_report_can_be_read(
    tmp_path_factory: pytest.TempPathFactory, group: str, name: str, outcome: Outcome, message: str
) -> None:
    folder = tmp_path_factory.mktemp("written")
    test = TestResult(f"{group}::a{name}", outcome, 1.5, message)
    result = CheckResult("unit", "pytest", required=True, exit_code=0, seconds=2, output="", tests=(test,))
    failures = (Failure("unit", test.id, ""),) if test.fails else ()
    (folder / "junit.xml").write_text(junit(Verdict(Checks(), Checks((result,)), new_failures=failures)), "utf-8")
    reported = read_reports("junit.xml", folder)
    assert reported.problems == reported.remarks == ()
    assert outcome in {test.outcome for test in reported.tests}
