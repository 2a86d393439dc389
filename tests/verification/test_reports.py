from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from redimento.text.redaction import Secrets
from redimento.verification.assertions import is_assertion
from redimento.verification.evidence import TestResult
from redimento.verification.reports.finding import find_reports
from redimento.verification.reports.reading import read_reports
from tests.scaling import assert_linear_in, run
from tests.verification.reading import REPORTS, read


def outcomes(report: str) -> dict[str, str]:
    return {test.id: test.outcome for test in read_reports(report, REPORTS).tests}


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
        ("node.xml", {
            "/agent/s/test/cart.test.js::cart total of nothing": "failed",
            "/agent/s/test/cart.test.js::cart is a number": "passed",
            "/agent/s/test/cart.test.js::cart is a test": "passed",
            "/agent/s/test/more.test.js::cart is a number": "skipped",
            "/agent/s/test/more.test.js::stands alone": "passed",
        }),
        ("trx.xml", {
            "Shop.Tests.CartTests::Plain": "passed", "Shop.Tests.CartTests::Total(x: 1)": "failed",
            "Shop.Tests.CartTests::Later": "skipped", "Shop.Tests.RowTests::Rows (1)": "passed",
            "Shop.Tests.RowTests::Rows (2)": "failed", "Shop.Tests.RowTests::Slow": "error",
            "Shop.Tests.RowTests::Unsure": "skipped", "Crashed": "error",
        }),
        ("nunit3.xml", {
            'Shop.Tests.CartTests("de")::Plain': "passed", 'Shop.Tests.CartTests("de")::Total(1.5)': "failed",
            'Shop.Tests.CartTests("de")::Crashes': "error", 'Shop.Tests.CartTests("de")::Later': "skipped",
            'Shop.Tests.CartTests("de")::named by hand': "skipped",
        }),
        ("xunit.xml", {
            "Shop.Tests.CartTests::Plain": "passed", "Shop.Tests.CartTests::Total(x: 1)": "failed",
            "Shop.Tests.CartTests::said otherwise": "skipped", "test-class-cleanup Shop.Tests.CartTests": "error",
        }),
        ("nested.xml", {
            "spec/outer.rb::inner::a": "passed", "spec/outer.rb::inner::b": "failed", "own.rb::outer::c": "passed",
        }),
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
    assert [test.outcome for test in read_reports("a.xml", tmp_path).tests] == [outcome]


def test_a_repeated_title_is_replaced_by_the_path_in_the_tree(tmp_path: Path) -> None:
    (tmp_path / "mocha.xml").write_text(
        f'<testsuites><testsuite name="Copy" file="{tmp_path}/test/copy.js">'
        '<testcase classname="keeps the source" name="Copy keeps the source"/></testsuite></testsuites>'
    )
    (test,) = read_reports("mocha.xml", tmp_path).tests

    assert (test.id, test.file) == ("test/copy.js::Copy keeps the source", "test/copy.js")


@pytest.mark.parametrize("report", ["pytest", "jest", "vitest", "surefire", "gradle", "dotnet", "go", "node", "xunit"])
def test_the_assertions_of_every_runner_are_recognised(report: str) -> None:
    tests = read_reports(f"{report}.xml", REPORTS).tests
    assert [is_assertion(test.message) for test in tests if test.outcome == "failed"] == [True]
    assert not any(is_assertion(test.message) for test in tests if test.outcome == "error")


def test_time_message_and_file_are_kept() -> None:
    total = next(test for test in read_reports("surefire.xml", REPORTS).tests if test.outcome == "failed")
    assert total.seconds == 1204.5
    assert total.message.startswith("org.opentest4j.AssertionFailedError: expected: <1> but was: <2>")
    assert {test.file for test in read_reports("nested.xml", REPORTS).tests} == {"spec/outer.rb", "own.rb"}


def test_a_glob_reads_all_reports_outside_dependencies(tmp_path: Path) -> None:
    for folder in ("a/target", "b/c/target", "node_modules/x/target"):
        (tmp_path / folder).mkdir(parents=True)
        name = folder.split("/")[0]
        (tmp_path / folder / "TEST-x.xml").write_text(f"<testsuite name='{name}'><testcase name='t'/></testsuite>")
    assert [test.id for test in read_reports("**/target/TEST-*.xml", tmp_path).tests] == ["a::t", "b::t"]


def test_a_report_from_before_the_run_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "old.xml").write_text("<testsuite name='s'><testcase name='old'/></testsuite>")
    stale = find_reports("*.xml", tmp_path)
    (tmp_path / "new.xml").write_text("<testsuite name='s'><testcase name='new'/></testsuite>")
    assert [test.id for test in read_reports("*.xml", tmp_path, stale=stale).tests] == ["s::new"]


def test_long_texts_are_survived(tmp_path: Path) -> None:
    (test,) = read(
        tmp_path,
        f"<testsuite name='s'><testcase name='a'><failure message='{'m' * 100_000}'>{'t' * 100_000}</failure></testcase></testsuite>",
    ).tests
    assert len(test.message) < 5_000


def test_an_expected_failure_is_skipped(tmp_path: Path) -> None:
    (test,) = read(
        tmp_path,
        "<testsuite name='s'><testcase name='a'><skipped type='pytest.xfail' message='later'/></testcase></testsuite>",
    ).tests
    assert (test.outcome, test.message) == ("skipped", "pytest.xfail: later")


def test_time_and_message_of_dotnet_are_kept() -> None:
    trx, nunit, xunit = (
        {test.id.rpartition("::")[2]: test for test in read_reports(f"{name}.xml", REPORTS).tests}
        for name in ("trx", "nunit3", "xunit")
    )
    assert (trx["Plain"].seconds, nunit["Plain"].seconds, xunit["Plain"].seconds) == (1.5, 0.25, 0.0125)
    assert trx["Total(x: 1)"].message.startswith(
        "Assert.Equal() Failure: Values differ\nExpected: 1\nActual:   2\n   at "
    )
    assert nunit["Total(1.5)"].message.startswith("Expected: 1\n  But was:  2\n   at Shop.Tests")
    assert nunit["Later"].message == "not yet"
    assert xunit["Total(x: 1)"].message.startswith("Xunit.Sdk.EqualException: Assert.Equal() Failure")


def test_links_pipes_and_files_outside_are_not_read(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "outside.xml").write_text("<testsuite name='s'><testcase name='a'/></testsuite>")
    (root / "link.xml").symlink_to(tmp_path / "outside.xml")
    (root / "folder").symlink_to(tmp_path)
    os.mkfifo(root / "pipe.xml")
    for pattern in ("*.xml", "../outside.xml", str(tmp_path / "outside.xml"), "folder/*.xml", "**/*.xml", ""):
        assert read_reports(pattern, root).tests == (), pattern


def test_texts_are_safe_to_print_and_without_secrets(tmp_path: Path) -> None:
    (tmp_path / "r.xml").write_text(
        "<testsuite name='s'><testcase name='##vso[x]'><failure message='sesame-open-9 ##[error]'/></testcase></testsuite>"
    )
    (test,) = read_reports("r.xml", tmp_path, secrets=Secrets(("sesame-open-9",))).tests
    assert (test.id, test.message) == ("s::# # vso[x]", "*** # # [error]")


@pytest.mark.parametrize(
    "case",
    [
        "<testcase classname='a' name='b'/>",
        "<testcase classname='a' name='b{0}'/>",
        "<testcase classname='a' name='b'><failure message='m'>assert 1 == 2</failure></testcase>",
        "<testcase classname='a{0}' name='b' file='c{0}'/>",
        "<testcase><p>&#27;</p>\x1b[3m</testcase>",
        "<testsuite name='a'><testcase name='b'/></testsuite>",
        "<properties><property name='a'/></properties>",
    ],
)
def test_many_cases_take_linear_time(tmp_path: Path, case: str) -> None:
    def reading(number: int) -> Callable[[], object]:
        cases = "".join(case.format(each) for each in range(number))
        (tmp_path / f"{number}.xml").write_text(f"<testsuite>{cases}</testsuite>")
        return lambda: read_reports(f"{number}.xml", tmp_path).tests

    assert_linear_in(run, reading, 4_000)


@pytest.mark.parametrize(
    "piece", ["a", "\n", "#", "##vso", "a\n", "AIza", "&#10;", "&#0000000", "&#27;[", "\x1b[0;", "&#27;"]
)
def test_a_long_message_takes_linear_time(tmp_path: Path, piece: str) -> None:
    def reading(size: int) -> Callable[[], object]:
        text = f"<testsuite><testcase name='a'><failure message='m' type='t'>{piece * (size // len(piece))}</failure>"
        (tmp_path / f"{size}.xml").write_text(f"{text}</testcase></testsuite>")
        return lambda: read_reports(f"{size}.xml", tmp_path).tests

    assert_linear_in(run, reading, 300_000)


def test_no_more_than_200_000_cases_are_read_and_that_is_said(tmp_path: Path) -> None:
    cases = "<testcase name='a'/>" * 200_000 + "<testcase name='b'/>"
    (tmp_path / "1.xml").write_text(f"<testsuite name='s'>{cases}</testsuite>")
    (tmp_path / "2.xml").write_text("<testsuite name='s'><testcase name='c'/></testsuite>")
    reported = read_reports("*.xml", tmp_path)
    assert reported.tests == (TestResult("s::a", "passed", copies=200_000),)
    assert reported.problems == (
        "The reports that match `*.xml` have more than 200,000 tests: from 1.xml on, their tests are not complete.",
    )
