"""The rules of docs/architecture.md."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "redimento"


def sources() -> list[Path]:
    return [path for path in SOURCE.rglob("*.py") if "demo/sample" not in path.as_posix()]


def users_of(pattern: str, *, except_in: tuple[str, ...]) -> list[str]:
    names = {path.relative_to(SOURCE).as_posix(): path.read_text("utf-8") for path in sources()}
    return [
        name
        for name, text in names.items()
        if re.search(pattern, text, re.MULTILINE) and not name.startswith(except_in)
    ]


def test_import_rules_hold() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=ROOT,
        env={**os.environ, "PYTHONUTF8": "1"},  # it prints more than ASCII in every locale
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_only_three_rooms_start_processes() -> None:
    # repository runs git, sandbox the team's commands; the demo plays the agent and the newcomer.
    assert users_of(r"^\s*(import|from) subprocess", except_in=("repository/", "sandbox/", "demo/")) == []


def test_only_the_command_line_and_the_console_print() -> None:
    assert users_of(r"(^|\s)(print|click\.echo)\(", except_in=("cli/", "reporting/console.py")) == []
    assert users_of(r"sys\.std(out|err)", except_in=("cli/", "reporting/console.py")) == []


def test_only_the_pipelines_module_writes_logging_commands() -> None:
    assert users_of(r"[\"']##(vso)?\[", except_in=("azure/pipelines.py",)) == []


def test_no_file_is_longer_than_four_hundred_lines() -> None:
    assert [path.name for path in sources() if len(path.read_text("utf-8").splitlines()) > 400] == []


@pytest.mark.parametrize("extra", ["--help", "run --help", "config schema"])
def test_help_does_not_load_a_model_sdk(extra: str) -> None:
    script = (
        "import sys; from redimento.cli import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "assert 'google.genai' not in sys.modules and 'google.generativeai' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *extra.split()], capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
