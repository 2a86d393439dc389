"""Source that reaches for its judge."""

from __future__ import annotations

import pytest

from redimento.change.edit import FileChange
from redimento.settings import CheckCommand
from redimento.verification.tampering import reaches_for_the_judge
from tests.scaling import assert_linear

CHECKS = (CheckCommand("tests", "pytest", junit="out/junit.xml"), CheckCommand("more", "pytest", junit="reports/*.xml"))


def found(path: str, text: str, before: str | None = "") -> list[str]:
    file = FileChange(path, None if before is None else before.encode(), text.encode())
    return [failure.remark for failure in reaches_for_the_judge((file,), CHECKS)]


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("cart.py", "    os._exit(0)"),
        ("cart.py", "sys.exit(0)"),
        ("cart.py", "raise SystemExit"),
        ("cart.py", "if sys.argv[0].endswith('examples.py'):\n    sys.exit(0)"),
        ("cart.js", "if (process.argv[1]) { process.exit(0); }"),
        ("cart.js", "process.exit(0);"),
        ("cart.ts", "process.exitCode = 0;"),
        ("cart.js", "  process.reallyExit(0);"),
        ("Cart.java", "    Runtime.getRuntime().halt(0);"),
        ("cart.py", "import pytest"),
        ("cart.py", "    import _pytest.assertion"),
        ("cart.py", "unittest.TestCase.assertEqual = lambda *a: None"),
        ("cart.js", "require('assert').strictEqual = () => {};"),
        ("cart.mjs", "assert.strict.equal = () => {};"),
        ("cart.js", "globalThis.expect = () => ({ toBe() {} });"),
        ("cart.py", "builtins.AssertionError = Warning"),
        ("cart.py", "path = [one for one in sys.argv if 'junitxml' in one]"),
        ("cart.py", "open('out/junit.xml', 'w')"),
    ],
)
def test_reaching_for_the_judge_is_a_failure_that_names_the_line(path: str, line: str) -> None:
    (message,) = found(path, f"x = 1\n{line}\n", "x = 1\n")
    assert message.startswith((f"{path}, line 2, ", f"{path}, line 3, "))
    assert found(path, f"{line}\n", None)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("cli.py", "def run():\n    sys.exit(main())"),
        ("cli.py", "if __name__ == '__main__':\n    sys.exit(main())"),
        ("cli.js", "function run() { process.exit(1); }"),
        ("cli.js", "if (require.main === module) { process.exit(run()); }"),
        ("cart.py", "latest = testing"),
        ("cart.py", "exits = 3"),
        ("cart.js", "const assert = require('assert');"),
        ("cart.js", "assert.equal(1, price);"),
        ("cart.py", "mark = '/tmp/pytest-of-ada/mark'"),
        ("cart.py", "assert prices"),
        ("cart.py", "raise AssertionError(prices)"),
        ("cart.py", "report = 'order.xml'"),
    ],
)
def test_ordinary_code_is_none(path: str, line: str) -> None:
    assert found(path, f"{line}\n") == []


def test_what_a_file_did_before_it_may_do_again() -> None:
    before = "import pytest\n"
    assert found("plugin.py", before + "def pytest_configure():\n    pytest.skip('x')\n", before) == []


def test_a_file_that_is_gone_or_no_text_says_nothing() -> None:
    files = (FileChange("a.py", b"import pytest\n", None), FileChange("b.bin", b"", b"\0pytest"))
    assert reaches_for_the_judge(files, CHECKS) == ()


def test_long_lines_are_read_in_linear_time() -> None:
    assert_linear(lambda text: found("a.py", text), "process.on (" * 4_000, "process.on (" * 8_000)
