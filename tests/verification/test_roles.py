"""What a changed file is to the checks."""

from __future__ import annotations

import pytest

from redimento.change.edit import Change, FileChange
from redimento.settings import CheckCommand
from redimento.verification.roles import roles_of

EXISTING = (
    "src/shop/__init__.py",
    "src/shop/cart.py",
    "tests/test_cart.py",
    "package.json",
    "migrations/0001_begin.py",
)
PYTEST = CheckCommand("tests", ("python", "-m", "pytest", "-q"))


def role(path: str, *commands: CheckCommand, before: bytes | None = None, after: bytes | None = b"x = 1\n") -> str:
    roles = roles_of(Change((FileChange(path, before, after),)), commands or (PYTEST,), EXISTING)
    (found,) = (name for name in ("tests", "steering", "source", "loose", "texts") if getattr(roles, name))
    return found


@pytest.mark.parametrize(
    "path",
    [
        "pytest.ini", "sub/pytest.ini", ".pytest.ini", "tox.ini", "conftest.py", "pkg/conftest.py", "noxfile.py", "sitecustomize.py",
        "jest.config.js", "jest.unit.config.ts", "vitest.config.mts", "vitest.workspace.ts", "babel.config.js", ".babelrc", ".mocharc.yml",
        "karma.conf.js", "playwright.config.ts", "phpunit.xml.dist", "ci.runsettings", "Directory.Build.props", ".bazelrc", "ruff.toml",
        ".flake8", "mypy.ini", ".eslintrc.json", "eslint.config.mjs", ".golangci.yml", ".rspec", ".coveragerc", "tsconfig.test.json",
    ],
)  # fmt: skip
def test_settings_of_runners_and_linters_steer(path: str) -> None:
    assert role(path) == "steering"
    assert role(path, before=b"a") == "steering"


@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("Makefile", "make test"),
        ("GNUmakefile", "make test"),
        ("rules.mk", "make"),
        ("Taskfile.yml", "task test"),
        ("justfile", "just test"),
        ("tasks.py", "invoke test"),
        ("scripts/check.sh", "scripts/check.sh --fast"),
        ("scripts/check.sh", "bash ./scripts/check.sh | tee log"),
        ("tools/gate.py", "python tools/gate.py && true"),
        ("lint.json", "linter --config lint.json"),
        ("hook.js", "node -r ./hook.js --test"),
        ("list.txt", "cat list.txt | xargs python -m pytest"),
        ("test", "make test"),
        ("test/all/README.dat", "make test-all"),
        ("pytest.py", "python -m pytest"),
        ("src/unittest/__init__.py", "python -m unittest"),
        ("lib/json.py", "python -m pytest"),
        ("plugins/random.py", "PYTHONPATH=plugins python -m pytest"),
        ("pytest_forge.py", "pytest"),
    ],
)
def test_what_a_command_line_names_implies_or_would_find_instead_steers(path: str, command: str) -> None:
    expected = "tests" if path.startswith("test/") else "steering"
    assert role(path, CheckCommand("check", command)) == expected


def test_a_module_path_of_a_check_counts_as_the_head_of_the_path() -> None:
    command = CheckCommand("tests", "pytest", env={"PYTHONPATH": "helpers:src"})
    assert role("helpers/coverage.py", command) == "steering"
    assert role("src/shop/json.py", command) == "source"  # inside a package nobody takes it for the library's


@pytest.mark.parametrize("command", ["test ! -e flag.cfg", "! grep -q x flag.cfg", 'test "$(wc -l < flag.cfg)" = 1'])
def test_a_file_that_is_only_looked_at_does_not_steer(command: str) -> None:
    assert role("flag.cfg", CheckCommand("check", command), before=b"a") == "source"


@pytest.mark.parametrize(
    ("path", "before", "after", "expected"),
    [
        ("package.json", b'{"dependencies": {}}', b'{"dependencies": {"a": "1"}}', "source"),
        ("package.json", b'{"scripts": {"test": "jest"}}', b'{"scripts": {"test": "true"}}', "steering"),
        ("package.json", b'{"jest": {}}', b"{}", "steering"),
        ("package.json", b"{}", b'{"imports": {"#x": "./y.js"}}', "steering"),
        ("package.json", b"{}", b"{broken", "steering"),
        ("pyproject.toml", b"[project]\nversion = '1'\n", b"[project]\nversion = '2'\n", "source"),
        ("pyproject.toml", b"", b"[tool.pytest.ini_options]\naddopts = '-k not'\n", "steering"),
        ("pyproject.toml", b"", b"[tool.hatch.envs.test]\nx = 1\n", "steering"),
        ("pyproject.toml", b"", b"[project.entry-points.pytest11]\nx = 'y'\n", "steering"),
        ("setup.cfg", b"[metadata]\nname = a\n", b"[metadata]\nname = b\n", "source"),
        ("setup.cfg", b"", b"[tool:pytest]\naddopts = -x\n", "steering"),
        ("pom.xml", b"<a/>", b"<a>\n<skipTests>true</skipTests>\n</a>", "steering"),
        ("pom.xml", b"<a/>", b"<a>\n<version>2</version>\n</a>", "source"),
        ("Shop.csproj", b"<P/>", b'<P>\n<Compile Remove="CartTests.cs" />\n</P>', "steering"),
        ("build.gradle", b"", b"test { exclude '**/Cart*' }\n", "steering"),
        ("Cargo.toml", b"", b"[[test]]\nharness = false\n", "steering"),
    ],
)
def test_of_a_manifest_only_the_part_about_tests_steers(path: str, before: bytes, after: bytes, expected: str) -> None:
    assert role(path, before=before, after=after) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("tests/test_new.py", "tests"),
        ("tests/run.sh", "tests"),
        ("src/__snapshots__/cart.test.js.snap", "tests"),
        ("tests/fixtures/order.json", "tests"),
        ("golden/report.txt", "tests"),
        ("README.md", "texts"),
        ("docs/usage.rst", "texts"),
        ("CHANGES", "texts"),
        ("migrations/0002_more.py", "source"),  # stands among files of its kind
        ("src/shop/vat.py", "source"),
        ("hook.cjs", "loose"),
        ("new/helper.py", "loose"),
    ],
)
def test_other_files_are_tests_texts_source_or_loose(path: str, expected: str) -> None:
    assert role(path) == expected


def test_a_new_file_is_source_when_source_refers_to_it_directly_or_through_another() -> None:
    change = Change((
        FileChange("src/shop/cart.py", b"", b"from tax.rates import RATE\n"),
        FileChange("tax/__init__.py", None, b"from tax import rates\n"),
        FileChange("tax/rates.py", None, b"import tables\nRATE = tables.RATE\n"),
        FileChange("tables.py", None, b"RATE = 0.19\n"),
        FileChange("other.py", None, b"import tables\n"),
    ))  # fmt: skip
    roles = roles_of(change, (PYTEST,), EXISTING)
    assert roles.source == ("src/shop/cart.py", "tables.py", "tax/__init__.py", "tax/rates.py")
    assert roles.loose == ("other.py",)
    assert roles.judging == ("other.py",)


def test_scripts_that_a_check_starts_in_turn_steer_too() -> None:
    texts = {"check.sh": "set -e\npython scripts/examples.py\n", "Makefile": "test:\n\t@sh ./check.sh\n"}
    existing = (*EXISTING, "check.sh", "Makefile", "scripts/examples.py", "scripts/other.py")
    for path, expected in (("scripts/examples.py", ("scripts/examples.py",)), ("scripts/other.py", ())):
        change = Change((FileChange(path, b"a", b"b"),))
        roles = roles_of(change, (CheckCommand("all", "make test"),), existing, lambda path: texts.get(path, ""))
        assert roles.steering == expected


@pytest.mark.parametrize(
    "before", [b"import sys, unittest\n\n\nclass A(unittest.TestCase):\n    def test_a(self): ...\n", None]
)
def test_what_holds_tests_is_a_test_under_any_name(before: bytes | None) -> None:
    after = before or b"import { test } from 'node:test';\n\ntest('a', () => {});\n"
    assert role("checks/check_cart.py" if before else "checks/cart.mjs", before=before, after=after) == "tests"


def test_source_does_not_become_a_test_by_what_a_change_adds() -> None:
    added = b"import unittest\n\n\nclass A(unittest.TestCase):\n    def test_a(self): ...\n"
    assert role("src/shop/cart.py", before=b"x = 1\n", after=added) == "source"


def test_with_doctests_documents_are_tests() -> None:
    assert role("README.md", CheckCommand("docs", "python -m doctest README.md"), before=b"a") == "tests"


def test_a_comment_is_no_reference_and_a_new_package_brings_its_modules() -> None:
    change = Change((
        FileChange("src/shop/cart.py", b"", b"# see hooks.py\nfrom shop import rules\n"),
        FileChange("hooks.py", None, b"x = 1\n"),
        FileChange("src/shop/rules/__init__.py", None, b""),
        FileChange("src/shop/rules/germany.py", None, b"RATE = 0.19\n"),
    ))  # fmt: skip
    roles = roles_of(change, (PYTEST,), EXISTING)
    assert roles.loose == ("hooks.py",)
    assert "src/shop/rules/germany.py" in roles.source
