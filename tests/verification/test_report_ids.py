from __future__ import annotations

from pathlib import Path

import pytest

from redimento.verification.evidence import TestResult
from redimento.verification.test_names import same_test
from tests.verification.reading import ids, read


def test_tests_with_one_id_are_counted(tmp_path: Path) -> None:
    reported = read(
        tmp_path,
        "<testsuites><testsuite name='utils'><testcase classname='utils adds' name='utils adds'/></testsuite>"
        "<testsuite name='utils'><testcase classname='utils adds' name='utils adds'><failure>x</failure></testcase></testsuite>"
        "</testsuites>",
    )
    assert reported.tests == (TestResult("utils adds", "failed", message="x", copies=2, failing=1),)


@pytest.mark.parametrize(
    ("suites", "named"),
    [
        # jest-junit by default, where the suite is named after the file
        ([("test/a.test.js", "", "cart adds", "cart adds")], "test/a.test.js::cart adds"),
        ([("cart", "test/a.test.js", "cart adds", "cart adds")], "test/a.test.js::cart adds"),
        # mocha
        ([("cart", "test/a.test.js", "adds", "cart adds")], "test/a.test.js::cart > adds"),
        # jest-junit with its own templates
        ([("cart", "test/a.test.js", "cart", "adds")], "test/a.test.js > cart > adds"),
        # node:test, of today and before it named files
        ([("cart", "test/a.test.js", "test", "adds")], "test/a.test.js > cart > adds"),
        ([("cart", "", "test", "adds"), ("stock", "", "test", "adds")], "test/a.test.js::cart > adds"),
        # another runner that has one class name for everything
        ([("test/a.test.js", "", "Unit", "adds"), ("test/b.test.js", "", "Unit", "adds")], "test/a.test.js::adds"),
        ([("cart", "", "Chrome", "adds"), ("stock", "", "Chrome", "adds")], "cart adds"),
        # pytest with file names (xunit1)
        ([("pytest", "tests/test_a.py", "tests.test_a.TestCart", "test_adds")], "tests/test_a.py::TestCart::test_adds"),
    ],
)  # fmt: skip
def test_tests_of_one_title_in_two_places_stay_two(
    tmp_path: Path, suites: list[tuple[str, str, str, str]], named: str
) -> None:
    elsewhere = [
        tuple(part.replace("test/a", "test/b").replace("test_a", "test_b") for part in suite) for suite in suites
    ]
    listed = [*suites, *elsewhere] if len(suites) == 1 else suites
    cases = "".join(
        f"<testsuite name='{suite}' file='{file}'><testcase classname='{group}' name='{name}'/></testsuite>"
        for suite, file, group, name in listed
    )
    found = ids(read(tmp_path, f"<testsuites>{cases}</testsuites>"))
    assert len(found) == 2
    assert [same_test(named, test_id) for test_id in found] == [True, False]


@pytest.mark.parametrize(
    "others",
    ["", "<testsuite name='OrderTest'><testcase classname='OrderTest' name='testB'/></testsuite>"],
)  # fmt: skip
def test_a_class_name_that_a_suite_has_is_kept_though_it_is_the_only_one(tmp_path: Path, others: str) -> None:
    reported = read(
        tmp_path,
        "<testsuites><testsuite name='CartTest'><testcase classname='CartTest' name='testA'/>"
        "<testsuite name='CartTest::testRows'><testcase classname='CartTest' name='testRows #1'/></testsuite></testsuite>"
        f"{others}</testsuites>",
    )
    assert ids(reported)[:2] == ["CartTest::testA", "CartTest::testRows #1"]


def test_a_module_of_pytest_may_hold_a_test_of_its_own_name(tmp_path: Path) -> None:
    reported = read(tmp_path, "<testsuite name='pytest'><testcase classname='test_cart' name='test_cart'/></testsuite>")
    assert reported.tests == (TestResult("test_cart::test_cart", "passed"),)


def test_a_test_of_jest_outside_of_all_groups_is_found_by_its_file_and_title(tmp_path: Path) -> None:
    reported = read(
        tmp_path, "<testsuite name='undefined'><testcase classname=' adds all' name=' adds all'/></testsuite>"
    )
    (test,) = reported.tests
    assert same_test("test/total.test.js::adds all", test.id)


def test_a_report_may_know_the_file_without_its_folder() -> None:
    assert same_test("test/total.js::adds all", "total::adds all")
    assert not same_test("test/total.js::adds all", "other::adds all")


@pytest.mark.parametrize(
    ("named", "package", "same"),
    [
        ("uuid_test.go::TestParse", "github.com/google/uuid", True),
        ("internal/store/store_test.go::TestParse", "example.com/shop/internal/store", True),
        ("services/api/cart_test.go::TestParse", "example.com/api", True),
        ("services/web/cart_test.go::TestParse", "example.com/api", False),
        ("uuid_test.go::TestParseBytes", "github.com/google/uuid", False),
    ],
)
def test_a_report_of_go_knows_the_package_and_no_file(named: str, package: str, *, same: bool) -> None:
    assert same_test(named, f"{package}::TestParse") is same
