"""A small repository and the workbench opened on it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from redimento.sandbox.bench import Workbench, close_workbench, open_workbench
from redimento.settings import CheckCommand, CheckSettings
from redimento.text.redaction import NO_SECRETS, Secrets

OpenBench = Callable[..., Workbench]

CART = "def total(prices):\n    return sum(prices) + 1\n"
TEST_CART = "from cart import total\n\n\ndef test_is_a_number():\n    assert total([]) > -1\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A git repository with one defect (`total` is one too high) and a test that misses it."""
    tree = tmp_path / "tree"
    (tree / "tests").mkdir(parents=True)
    (tree / "cart.py").write_text(CART)
    (tree / "tests" / "test_cart.py").write_text(TEST_CART)
    for command in (
        ["git", "init", "-q", "-b", "main"],
        ["git", "add", "."],
        ["git", "-c", "user.name=a", "-c", "user.email=a@b.invalid", "commit", "-q", "-m", "begin"],
    ):
        subprocess.run(command, cwd=tree, check=True)
    return tree


@pytest.fixture
def open_bench(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenBench]:
    """Open benches on `tree` under `process` that guard its two files; keywords are fields of CheckSettings."""
    monkeypatch.setenv("LC_ALL", "C.UTF-8")  # bash prints a warning if the configured locale is not installed
    opened: list[Workbench] = []

    def open_it(*commands: CheckCommand, secrets: Secrets = NO_SECRETS, **settings: object) -> Workbench:
        # Without any command the bench would guard nothing.
        defaults = {"commands": commands or (CheckCommand("any", "true"),), "isolation": "process"}
        wanted = CheckSettings(**{**defaults, **settings})  # type: ignore[arg-type]
        scratch = tmp_path / f"scratch-{len(opened)}"
        files = ("cart.py", "tests/test_cart.py")
        opened.append(open_workbench(tree, wanted, scratch, secrets=secrets, files=files))
        return opened[-1]

    yield open_it
    for bench in opened:
        close_workbench(bench)


@pytest.fixture
def unit_tests() -> CheckCommand:
    return CheckCommand(
        "pytest", (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml=junit.xml", "tests"),
        junit="junit.xml",
        env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},  # takes a third of the time
    )  # fmt: skip
