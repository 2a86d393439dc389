from __future__ import annotations

import os
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redimento.verification.assertions import is_assertion
from redimento.verification.evidence import CheckResult, Checks, Failure, TestResult, Verdict
from redimento.verification.junit import find_reports, read_junit, write_junit
from tests.sandbox.scaling import assert_linear

REPORTS = Path(__file__).parent / "reports"


def outcomes(report: str) -> dict[str, str]:
    return {test.id: test.outcome for test in read_junit(report, REPORTS)}


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        ("pytest.xml", {
            "tests.test_cart.TestTotal::test_of[1-a b]": "failed", "tests.test_cart::test_plain": "passed",
            "tests.test_cart::test_left_out": "skipped", "tests.test_cart::test_torn_down": "error",
            "pytest::tests.test_broken": "error",
        }),
        ("jest.xml", {
            "cart total of nothing (empty)": "failed", "cart total is a number": "passed",
        }),
        ("vitest.xml", {
            "vt/cart.test.mjs::cart > total > of nothing (empty)": "failed",
            "vt/cart.test.mjs::cart > total > is a number": "passed",
        }),
        ("surefire.xml", {
            "shop.CartTest::total(int)[1]": "failed", "shop.CartTest::crashes": "error", "shop.CartTest::wobbles": "passed",
        }),
        ("gradle.xml", {"shop.CartTest::total()": "failed", "shop.CartTest::later()": "skipped"}),
        ("dotnet.xml", {"Shop.Tests.CartTests::Total(x: 1)": "failed", "Shop.Tests.CartTests::Plain": "passed"}),
        ("go.xml", {
            "example.com/shop/cart::TestTotal/empty": "failed", "example.com/shop/cart::TestPlain": "passed",
            "example.com/shop/broken::[build failed]": "error",
        }),
        ("nested.xml", {"inner::a": "passed", "inner::b": "failed", "outer::c": "passed"}),
    ],
)  # fmt: skip
def test_reports_of_every_runner_are_read(report: str, expected: dict[str, str]) -> None:
    assert outcomes(report) == expected


@pytest.mark.parametrize(
    ("attributes", "outcome"),
    [
        ('status="FAIL"', "failed"), ('result="Failed"', "failed"), ('status="Timeout"', "error"),
        ('status="run" result="suppressed"', "skipped"), ('status="run" result="completed"', "passed"), ("", "passed"),
    ],
)  # fmt: skip
def test_an_outcome_may_be_only_an_attribute(tmp_path: Path, attributes: str, outcome: str) -> None:
    (tmp_path / "a.xml").write_text(f'<testsuite name="s"><testcase classname="A" name="a" {attributes}/></testsuite>')
    assert [test.outcome for test in read_junit("a.xml", tmp_path)] == [outcome]


def test_a_repeated_title_is_replaced_by_the_path_in_the_tree(tmp_path: Path) -> None:
    (tmp_path / "mocha.xml").write_text(
        f'<testsuites><testsuite name="Copy" file="{tmp_path}/test/copy.js">'
        '<testcase classname="keeps the source" name="Copy keeps the source"/></testsuite></testsuites>'
    )
    (test,) = read_junit("mocha.xml", tmp_path)

    assert (test.id, test.file) == ("test/copy.js::Copy keeps the source", "test/copy.js")


@pytest.mark.parametrize("report", ["pytest", "jest", "vitest", "surefire", "gradle", "dotnet", "go"])
def test_the_assertions_of_every_runner_are_recognised(report: str) -> None:
    tests = read_junit(f"{report}.xml", REPORTS)
    assert [is_assertion(test.message) for test in tests if test.outcome == "failed"] == [True]
    assert not any(is_assertion(test.message) for test in tests if test.outcome == "error")


def test_time_message_and_file_are_kept() -> None:
    total = next(test for test in read_junit("surefire.xml", REPORTS) if test.outcome == "failed")
    assert total.seconds == 1204.5
    assert total.message.startswith("org.opentest4j.AssertionFailedError: expected: <1> but was: <2>")
    assert {test.file for test in read_junit("nested.xml", REPORTS)} == {"spec/outer.rb", "own.rb"}


def test_a_glob_reads_all_reports_outside_dependencies(tmp_path: Path) -> None:
    for folder in ("a/target", "b/c/target", "node_modules/x/target"):
        (tmp_path / folder).mkdir(parents=True)
        name = folder.split("/")[0]
        (tmp_path / folder / "TEST-x.xml").write_text(f"<testsuite name='{name}'><testcase name='t'/></testsuite>")
    assert [test.id for test in read_junit("**/target/TEST-*.xml", tmp_path)] == ["a::t", "b::t"]


def test_a_report_from_before_the_run_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "old.xml").write_text("<testsuite name='s'><testcase name='old'/></testsuite>")
    stale = find_reports("*.xml", tmp_path)
    (tmp_path / "new.xml").write_text("<testsuite name='s'><testcase name='new'/></testsuite>")
    assert [test.id for test in read_junit("*.xml", tmp_path, stale=stale)] == ["s::new"]


@pytest.mark.parametrize(
    "text",
    [
        "", "no xml", "<a/>", "<testsuites/>", "\x00\x01",
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;">]><testsuite><testcase name="&b;"/></testsuite>',
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><testsuite><testcase name="&a;"/></testsuite>',
        '<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd"><testsuite><testcase name="a"/></testsuite>',
    ],
)  # fmt: skip
def test_a_hostile_or_empty_report_gives_no_tests(tmp_path: Path, text: str) -> None:
    (tmp_path / "r.xml").write_text(text)
    assert read_junit("r.xml", tmp_path) == ()


def test_a_truncated_report_gives_the_tests_before_the_cut(tmp_path: Path) -> None:
    (tmp_path / "r.xml").write_text("<testsuite name='s'><testcase name='a'/><testcase name='b'><fail")
    assert [test.id for test in read_junit("r.xml", tmp_path)] == ["s::a"]


def test_deep_nesting_and_long_texts_are_survived(tmp_path: Path) -> None:
    (tmp_path / "r.xml").write_text(
        "<testsuite name='s'>" + "<p>" * 50_000 + "</p>" * 50_000
        + f"<testcase name='a'><failure message='{'m' * 100_000}'>{'t' * 100_000}</failure></testcase></testsuite>"
    )  # fmt: skip
    (test,) = read_junit("r.xml", tmp_path)
    assert len(test.message) < 5_000


def test_links_pipes_and_files_outside_are_not_read(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "outside.xml").write_text("<testsuite name='s'><testcase name='a'/></testsuite>")
    (root / "link.xml").symlink_to(tmp_path / "outside.xml")
    (root / "folder").symlink_to(tmp_path)
    os.mkfifo(root / "pipe.xml")
    for pattern in ("*.xml", "../outside.xml", str(tmp_path / "outside.xml"), "folder/*.xml", "**/*.xml", ""):
        assert read_junit(pattern, root) == (), pattern


def test_texts_are_safe_to_print_and_without_secrets(tmp_path: Path) -> None:
    (tmp_path / "r.xml").write_text(
        "<testsuite name='s'><testcase name='##vso[x]'><failure message='sesame-open-9 ##[error]'/></testcase></testsuite>"
    )
    (test,) = read_junit("r.xml", tmp_path, secrets=("sesame-open-9",))
    assert (test.id, test.message) == ("s::# # vso[x]", "*** # # [error]")


@settings(deadline=None)
@given(st.binary(max_size=300), st.integers(min_value=0, max_value=900))
def test_no_bytes_make_the_reader_fail(tmp_path_factory: pytest.TempPathFactory, junk: bytes, cut: int) -> None:
    folder = tmp_path_factory.mktemp("junk")
    (folder / "r.xml").write_bytes((REPORTS / "go.xml").read_bytes()[:cut] + junk)
    assert all(test.id for test in read_junit("r.xml", folder))


@pytest.mark.parametrize(
    "case",
    [
        "<testcase classname='a' name='b'/>",
        "<testcase classname='a' name='b{0}'/>",
        "<testcase classname='a' name='b'><failure message='m'>assert 1 == 2</failure></testcase>",
        "<testsuite><testcase name='b'/>",  # nested ever deeper
        "<testsuite name='a'><testcase name='b'/></testsuite>",
        "<properties><property name='a'/></properties>",
    ],
)
def test_many_cases_take_linear_time(tmp_path: Path, case: str) -> None:
    def reading(number: int) -> Callable[[], object]:
        (tmp_path / f"{number}.xml").write_text("<testsuite>" + "".join(case.format(each) for each in range(number)))
        return lambda: read_junit(f"{number}.xml", tmp_path)

    assert_linear(reading, 4_000)


@pytest.mark.parametrize("piece", ["a", "\n", "#", "##vso", "a\n", "AIza", "&#10;"])
def test_a_long_message_takes_linear_time(tmp_path: Path, piece: str) -> None:
    def reading(size: int) -> Callable[[], object]:
        text = f"<testsuite><testcase name='a'><failure message='m' type='t'>{piece * (size // len(piece))}</failure>"
        (tmp_path / f"{size}.xml").write_text(f"{text}</testcase></testsuite>")
        return lambda: read_junit(f"{size}.xml", tmp_path)

    assert_linear(reading, 300_000)


def test_no_more_than_100_000_cases_are_read(tmp_path: Path) -> None:
    cases = "<testcase name='a'/>" * 100_000 + "<testcase name='a'><failure/></testcase><testcase name='b'/>"
    (tmp_path / "1.xml").write_text(f"<testsuite name='s'>{cases}</testsuite>")
    (tmp_path / "2.xml").write_text("<testsuite name='s'><testcase name='c'/></testsuite>")
    assert [(test.id, test.outcome) for test in read_junit("*.xml", tmp_path)] == [("s::a", "passed")]


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
    write_junit(verdict(), tmp_path / "run" / "junit.xml")
    assert {test.id: test.outcome for test in read_junit("run/junit.xml", tmp_path)} == {
        "unit.t.a::new": "failed", "unit.t.a::crashed": "error", "unit.t.a::known": "skipped",
        "unit.t.a::flaky": "skipped", "unit.t.a::left": "skipped", "unit.t.a::good": "passed",
        "lint::ruff check": "skipped", "build::make": "passed", "docs::make docs": "skipped",
    }  # fmt: skip


def test_the_runs_own_report_has_the_right_counts(tmp_path: Path) -> None:
    write_junit(verdict(), tmp_path / "junit.xml")
    suite = ET.parse(tmp_path / "junit.xml").getroot()[0]
    assert [suite.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["6", "1", "1", "3"]
