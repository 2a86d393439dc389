from __future__ import annotations

from collections.abc import Callable

import pytest

from redimento.change.edit import FileChange
from redimento.verification.altered_tests import altered_tests
from redimento.verification.assertions import did_not_build, is_assertion, raised_in
from redimento.verification.evidence import TestResult
from redimento.verification.roles import is_test_path
from tests.scaling import assert_linear_in, run


@pytest.mark.parametrize(
    "path",
    ["tests/test_a.py", "a_test.py", "src/cart.test.ts", "src/cart.spec.js", "__tests__/a.js",
     "cart_test.go", "src/test/java/shop/CartTest.java", "shop/CartIT.java", "Shop.Tests/Cart.cs", "CartTests.cs",
     "spec/cart_spec.rb", "tests/data/x.json", "Test/A.php", "test_cart.py"],
)  # fmt: skip
def test_test_files_are_recognised_by_convention(path: str) -> None:
    assert is_test_path(path)


@pytest.mark.parametrize(
    "path",
    ["src/cart.py", "contest.py", "latest.ts", "CREDIT.md", "docs/AUDIT.md", "Contest.java", "attest/a.go", "src/testing.py",
     "EXIT.java", "pyproject.toml", "inspector.js"],
)  # fmt: skip
def test_source_files_are_not_taken_for_tests(path: str) -> None:
    assert not is_test_path(path)


@pytest.mark.parametrize(
    "message",
    [
        "assert 1 == 2", "AssertionError: 1 != 2", "Failed: DID NOT RAISE <class 'ValueError'>",
        "Error: expect(received).toBe(expected)", "expected 1 to be +0 // Object.is equality", "java.lang.AssertionError: x",
        "Assert.Equal() Failure", "Shop.Testing.AssertionException: expected 18", "    cart_test.go:8: want 1", "assertion `left == right` failed",
        "AssertionError: Regex pattern did not match.\n Actual: ImportError",
    ],
)  # fmt: skip
def test_an_assertion_is_recognised(message: str) -> None:
    assert is_assertion(message)


@pytest.mark.parametrize(
    "message",
    [
        "", "ModuleNotFoundError: No module named 'x'", "collection failure", "AttributeError: module 'cart' has no attribute",
        "TypeError: f() got an unexpected keyword argument", "ReferenceError: total is not defined", "SyntaxError: bad",
        "panic: runtime error: index out of range", "cart.go:3:2: undefined: Absent", "error CS0103: The name",
        "NameError: name 'x' is not defined\n\n    assert total(x)", "OSError: disk",
        "Failed\n    cart_test.go:9: a line that the test logs\npanic: runtime error: index out of range",
    ],
)  # fmt: skip
def test_other_errors_are_not_assertions(message: str) -> None:
    assert not is_assertion(message)


@pytest.mark.parametrize(
    "piece",
    [
        "\n",
        " \n",
        "expected ",
        "Expected ",
        "fixture '",
        "assertion `",
        "\tx_test",
        "error[",
        "Assert.a",
        "[build ",
        "a/lib/python3.",
        "a.py:1 ",
    ],
)
def test_a_long_output_takes_linear_time(piece: str) -> None:
    def asking(size: int) -> Callable[[], object]:
        text = f"begun\n{piece * (size // len(piece))}\nassert 1"
        return lambda: (is_assertion(text), did_not_build(text), raised_in(text, bool))

    assert_linear_in(run, asking, 30_000)


def ids(path: str, before: str, after: str, *tests: TestResult) -> list[str]:
    file = FileChange(path, before.encode() or None, after.encode())
    return [test.id for test in altered_tests([file], tests)]


def passed(name: str, file: str = "") -> TestResult:
    return TestResult(name, "passed", file=file)


JEST = "describe('cart', () => {\n  test('one', () => {\n    expect(1).toBe(1);\n  });\n  test('two', () => {\n    expect(2).toBe(2);\n  });\n});\n"
GO = (
    "func TestOne(t *testing.T) {\n\tif 1 != 1 {\n\t\tt.Fatal()\n\t}\n}\n\nfunc TestTwo(t *testing.T) {\n\tt.Log()\n}\n"
)
JAVA = "class CartTest {\n    @Test\n    void one() {\n        assertEquals(1, 1);\n    }\n\n    @Test\n    void two() {\n    }\n}\n"


def test_altered_tests_are_found_in_brace_languages() -> None:
    jest = (passed("cart one::cart one"), passed("cart two::cart two"))
    assert ids("cart.test.js", JEST, JEST.replace("toBe(2)", "toBe(3)"), *jest) == ["cart two::cart two"]
    vitest = (passed("a/cart.test.ts::cart > one"), passed("a/cart.test.ts::cart > two"))
    assert ids("a/cart.test.ts", "", JEST, *vitest) == [test.id for test in vitest]
    go = (passed("shop/cart::TestOne"), passed("shop/cart::TestTwo/sub"))
    assert ids("cart_test.go", GO, GO.replace("t.Log()", "t.Error()"), *go) == ["shop/cart::TestTwo/sub"]
    java = (passed("shop.CartTest::one()"), passed("shop.CartTest::two()"), passed("shop.OtherTest::one()"))
    changed = JAVA.replace("(1, 1)", "(1, 2)")
    assert ids("src/test/java/shop/CartTest.java", JAVA, changed, *java) == ["shop.CartTest::one()"]


def test_a_new_row_of_a_table_is_a_new_test() -> None:
    before = "ROWS = [1]\n\n\n@mark('x', ROWS)\ndef test_a(x):\n    assert x\n"
    file = FileChange("test_t.py", before.encode(), before.replace("[1]", "[1, 2]").encode())
    tests = [passed("test_t::test_a[1]"), passed("test_t::test_a[2]"), passed("test_u::test_a[3]")]

    assert altered_tests([file], tests, frozenset({"test_t::test_a[1]"})) == [tests[1]]


def test_a_test_of_the_same_name_in_another_file_does_not_match() -> None:
    text = "def test_a():\n    assert 1\n"
    mine, other = passed("tests.test_cart::test_a"), passed("tests.test_cart_more::test_a")
    assert ids("tests/test_cart.py", "", text, mine, other) == [mine.id]
    assert ids("backend/tests/test_cart.py", "", text, mine, other) == [mine.id]
    assert ids("tests/test_cart.py", "", text, passed("x::test_a", "tests/test_other.py")) == []
