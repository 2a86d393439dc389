"""The gate for a test that reproduces a fault, with real runners on the untouched source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from redimento.change.edit import Change, FileChange
from redimento.sandbox.bench import Workbench
from redimento.sandbox.keeping import take_snapshot
from redimento.settings import CheckCommand
from redimento.verification.checks import run_baseline
from redimento.verification.evidence import TestResult
from redimento.verification.reproduction import Examined, Reproduction, altered, can_reproduce, examine
from tests.sandbox.benches import TEST_CART
from tests.scaling import assert_linear_in, run
from tests.verification.test_trial import NODE, node_20
from tests.verification.test_verdict import write

OpenBench = Callable[..., Workbench]

CART = (
    "import json\n\n\ndef total(prices):\n    return sum(prices) + 1\n\n\ndef first(prices):\n    return prices[0]\n\n\n"
    "def greet():\n    return mane\n\n\ndef read(text):\n    return json.loads(text)\n"
)


def examined(tree: Path, bench: Workbench, files: dict[str, str | None]) -> Examined:
    before = run_baseline(bench)
    return examine(bench, write(tree, files), before)


def of_python(body: str, imports: str = "from cart import total") -> dict[str, str | None]:
    return {"tests/test_new.py": f"import pytest\n{imports}\n\n\n{body}"}


IMPORTS = "import pytest\nfrom cart import first, greet, read, total\n\n\n"


GOOD = {
    "an assertion": "def test_a():\n    assert total([2]) == 2\n",
    "an exception in the source": "def test_a():\n    assert first([]) is None\n",
    "a name that the source itself misses": "def test_a():\n    assert greet() == 'hello'\n",
    "an exception in a library that the source calls": "def test_a():\n    assert read('') is None\n",
    "a missing exception": "def test_a():\n    with pytest.raises(ValueError):\n        total([])\n",
    "a test class": "class TestTotal:\n    def test_a(self):\n        assert total([2]) == 2\n",
    "one row of a table": "@pytest.mark.parametrize('n', [-1, 2])\ndef test_a(n):\n    assert total([n]) in {0, 2}\n",
    "beside one that passes": "def test_a():\n    assert total([2]) == 2\n\n\ndef test_b():\n    assert first([1]) == 1\n",
    "an exception in the source, called by a fixture": (
        "@pytest.fixture\ndef cheapest():\n    return first([])\n\n\ndef test_a(cheapest):\n    assert cheapest is None\n"
    ),
}


def test_tests_that_the_source_fails_are_accepted(tree: Path, open_bench: OpenBench, unit_tests: CheckCommand) -> None:
    (tree / "cart.py").write_text(CART)
    files = {f"tests/test_{number}.py": IMPORTS + body for number, body in enumerate(GOOD.values())}
    told = examined(tree, open_bench(unit_tests), {**files})
    assert told.refusal == ""
    assert told.reproduction is not None
    modules = {test.id.split(".")[1].partition("::")[0] for test in told.reproduction.tests}
    assert modules == {f"test_{number}" for number in range(len(GOOD))}
    assert all("test_a" in test.id and test.fails for test in told.reproduction.tests)


BAD = {
    "It passes on the code as it is.": {
        "it passes": "def test_a():\n    assert total([]) > -1\n",
        "only now and then": (
            "import os\n\n\ndef test_a():\n    was = os.path.exists('../seen')\n    open('../seen', 'w').close()\n    assert was\n"
        ),
    },
    "It is skipped.": {
        "it is skipped": "def test_a():\n    pytest.skip('later')\n",
        "it is expected to fail": "@pytest.mark.xfail\ndef test_a():\n    assert total([2]) == 2\n",
    },
    "It fails before": {
        "a name that it misses": "def test_a():\n    assert totl([2]) == 2\n",
        "an import of what is to be written": "def test_a():\n    from cart import new\n    assert new()\n",
        "an attribute that is to be written": "def test_a():\n    import cart\n    assert cart.new() == 1\n",
        "an argument that is to be written": "def test_a():\n    assert total([2], tax=1) == 2\n",
        "a missing fixture": "def test_a(shop):\n    assert total([2]) == 2\n",
        "an assertion in a fixture": (
            "@pytest.fixture\ndef shop():\n    assert False\n\n\ndef test_a(shop):\n    assert total([2]) == 2\n"
        ),
        "an exception of its own": "def test_a():\n    raise OSError('disk')\n",
        "an exception of its own that speaks of an assertion": (
            "def test_a():\n    raise RuntimeError('AssertionError: total is 3')\n"
        ),
    },
    "It fails whatever the source does": {
        "a failure on purpose": "def test_a():\n    pytest.fail('total is wrong')\n",
        "an assertion about the machine": "import os\n\n\ndef test_a():\n    assert os.path.exists('/no/prices.txt')\n",
    },
    "It changes files of the repository while it runs: restored: cart.py": {
        "source that it spoils itself": (
            "import pathlib\n\n\ndef test_a():\n    pathlib.Path('cart.py').write_text('')\n    assert total([2]) == 2\n"
        ),
    },
    "The report names no test": {
        "no test": "def check():\n    assert total([2]) == 2\n",
        "a syntax error": "def test_a(:\n",
    },
}


@pytest.mark.parametrize("reason", BAD)
def test_tests_that_pass_or_cannot_run_are_refused_with_the_reason(
    tree: Path, open_bench: OpenBench, unit_tests: CheckCommand, reason: str
) -> None:
    (tree / "cart.py").write_text(CART)
    files = {f"tests/test_{number}.py": IMPORTS + body for number, body in enumerate(BAD[reason].values())}
    told = examined(tree, open_bench(unit_tests), {**files})
    assert told.reproduction is None
    assert told.refusal.startswith(reason)


def test_a_test_that_gets_another_expectation_is_known_as_rewritten(
    tree: Path, open_bench: OpenBench, unit_tests: CheckCommand
) -> None:
    bench = open_bench(unit_tests)
    turned = examined(tree, bench, {"tests/test_cart.py": TEST_CART.replace("> -1", "== 0")}).reproduction
    assert turned is not None
    assert turned.rewritten == ("tests.test_cart::test_is_a_number",)
    (tree / "tests" / "test_cart.py").write_text(TEST_CART)
    fresh = examined(tree, bench, of_python(GOOD["an assertion"])).reproduction
    assert fresh is not None
    assert fresh.rewritten == ()


def test_what_an_examined_test_leaves_is_gone(tree: Path, open_bench: OpenBench, unit_tests: CheckCommand) -> None:
    body = "def test_a():\n    open('left.txt', 'w').close()\n    assert total([2]) == 2\n"
    assert examined(tree, open_bench(unit_tests), of_python(body)).reproduction is not None
    assert not (tree / "left.txt").exists()


def test_a_new_file_that_cannot_be_imported_is_refused_with_what_was_printed(
    tree: Path, open_bench: OpenBench, unit_tests: CheckCommand
) -> None:
    told = examined(tree, open_bench(unit_tests), of_python(GOOD["an assertion"], "from cart import absent"))
    assert told.reproduction is None
    assert "cannot import name 'absent'" in told.output


@pytest.mark.parametrize("path", ["cart.py", "conftest.py", "pytest.ini", "helper.py"])
def test_nothing_but_tests_may_change(tree: Path, open_bench: OpenBench, unit_tests: CheckCommand, path: str) -> None:
    told = examined(tree, open_bench(unit_tests), {**of_python(GOOD["an assertion"]), path: "# changed\n"})
    assert told.refusal == f"Only tests may change in this step, and it changes {path}."


def test_an_existing_test_file_may_grow_and_may_not_lose_a_test(
    tree: Path, open_bench: OpenBench, unit_tests: CheckCommand
) -> None:
    more = "\n\ndef test_two():\n    assert total([2]) == 2\n"
    bench = open_bench(unit_tests)
    assert examined(tree, bench, {"tests/test_cart.py": TEST_CART + more}).reproduction is not None
    thinned = TEST_CART.replace("test_is_a_number", "test_two").replace("> -1", "== 0")
    told = examined(tree, bench, {"tests/test_cart.py": thinned})
    assert (
        told.refusal == "It removes or breaks the existing test tests.test_cart::test_is_a_number: leave that as it is."
    )


def test_a_test_in_a_language_that_no_check_runs_is_refused(
    tree: Path, open_bench: OpenBench, unit_tests: CheckCommand
) -> None:
    told = examined(tree, open_bench(unit_tests), {"tests/cart.test.js": "test('a', () => {});\n"})
    assert told.refusal == "No check that reports its tests runs tests/cart.test.js."


@pytest.mark.skipif(not node_20(), reason="needs Node 20, which has reporters")
@pytest.mark.parametrize(
    ("lines", "accepted"),
    [
        (["assert.equal(first([]), null)", "assert.equal(first([1]), 2)"], ["a", "b"]),
        (["assert.equal(first([1]), 1)", "assert.equal(second([1]), 1)"], []),
    ],
)
def test_the_gate_holds_for_node_s_own_runner(
    tree: Path, open_bench: OpenBench, lines: list[str], accepted: list[str]
) -> None:
    (tree / "shop").mkdir()
    (tree / "shop" / "cart.js").write_text("exports.first = (prices) => prices[0].toFixed();\n")
    (tree / "tests" / "old.test.js").write_text("require('node:test').test('old', () => {});\n")
    bench = open_bench(NODE)
    kept = take_snapshot(bench.tree, (*bench.kept.files, "shop/cart.js"), bench.scratch / "kept-too")
    bench = replace(bench, kept=kept)
    text = "const { test } = require('node:test');\nconst assert = require('node:assert');\nconst { first } = require('../shop/cart.js');\n"
    text += "".join(f"test('{name}', () => {{ {line}; }});\n" for name, line in zip("ab", lines, strict=True))
    told = examined(tree, bench, {"tests/cart.test.js": text})
    found = told.reproduction.tests if told.reproduction else ()
    assert [test.id.rpartition("::")[2] for test in found] == accepted, told.refusal


def test_later_edits_may_add_to_a_reproduction_and_take_nothing_from_it() -> None:
    before = "def test_a():\n    assert total([2]) == 2\n"
    brought = Change((FileChange("tests/test_new.py", None, before.encode()),))
    reproduction = Reproduction("pytest", (TestResult("tests.test_new::test_a", "failed"),), brought)

    def later(text: str | None) -> str:
        return altered(reproduction, Change((FileChange("tests/test_new.py", None, text.encode() if text else None),)))

    assert later(before) == ""
    assert later("import x\n" + before.replace("\n    ", "\n\n    # why\n    ") + "\n\ndef test_b(): ...\n") == ""
    assert later(before.replace("== 2", "> 0")) == "tests/test_new.py"
    assert later(None) == "tests/test_new.py"
    assert altered(reproduction, Change()) == "tests/test_new.py"


def test_reproducing_needs_a_report_and_a_runner_that_runs_single_tests(unit_tests: CheckCommand) -> None:
    assert can_reproduce([CheckCommand("lint", "ruff check"), unit_tests])
    assert not can_reproduce([CheckCommand("suite", "make test", junit="r.xml"), CheckCommand("plain", "pytest")])


def test_comparing_a_large_test_takes_linear_time() -> None:
    def asking(size: int) -> Callable[[], object]:
        lines = b"".join(b"    assert total([%d])\n" % number for number in range(size // 20))
        file = FileChange("tests/test_new.py", None, lines)
        reproduction = Reproduction("pytest", (), Change((file,)))
        later = Change((FileChange(file.path, None, lines[::-1] + lines),))
        return lambda: altered(reproduction, later)

    assert_linear_in(run, asking, 100_000)
