"""What each changed file is to the checks: a test, something that steers how they run, source, or neither.

The names are the documented ones of the runners and linters. Names are not enough: runners find configuration by
looking, so a new file counts as source only if source refers to it, or if it stands among files of its kind.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from redimento.change.edit import Change, FileChange
from redimento.settings import CheckCommand
from redimento.verification.hunks import code_of
from redimento.verification.steering import Read, command_lines, is_named, is_settings, module_paths

# test      a test, or what belongs to tests: fixtures, snapshots, golden files
# steering  decides which tests run, how, and what counts as passing
# source    what the tests judge
# loose     new, and nothing in the source refers to it: a runner might find it by looking
# text      documentation: no check depends on it
Role = Literal["test", "steering", "source", "loose", "text"]

_TEST_FOLDERS = frozenset({
    "test", "tests", "__tests__", "__mocks__", "spec", "specs", "testdata", "fixtures", "__snapshots__", "golden",
    "goldens", "expected", "snapshots", "baselines", "approvals", "e2e", "cypress", "cassettes",
})  # fmt: skip
_TEST_NAME = re.compile(r"test_.*|.*_test|.*[.\-](?:test|spec)|.*_spec|.*\.(?:snap|golden|approved|verified|received)")
_TEST_CLASS = re.compile(r"Test[A-Z]\w*|\w*(?:Test|Tests|TestCase|Spec|Specs)|\w*[a-z]IT")
_CLASS_SUFFIXES = frozenset({".java", ".kt", ".scala", ".groovy", ".cs", ".fs", ".vb", ".swift", ".php"})
_TEST_PROJECT = re.compile(r".*[.\-_]?tests?", re.IGNORECASE)
_PACKAGE_FILES = frozenset({"__init__", "index", "mod", "main", "lib", "package"})
_SNAPSHOTS = frozenset({".snap", ".golden"})
_LARGEST = 200_000  # bytes of a file that are looked at
_TEST_IMPORT = re.compile(
    r"^\s*(?:import|from)\s[^\n]*\b(?:pytest|unittest)\b|[\"'](?:node:test|vitest|@jest/globals|mocha|chai|ava|tape)[\"']|^import \"testing\"",
    re.MULTILINE,
)
_TEST_DECLARED = re.compile(r"^\s*def test|TestCase\)|^\s*(?:describe|it|test)\s*\(|^func Test", re.MULTILINE)
_TEXT_SUFFIXES = frozenset({".md", ".rst", ".adoc", ".markdown"})
_TEXT_NAMES = re.compile(
    r"(?:LICEN[CS]E|NOTICE|AUTHORS|CHANGELOG|CHANGES|HISTORY|README|CONTRIBUTING)(?:\..*)?", re.IGNORECASE
)


@dataclass(frozen=True)
class Roles:
    """The changed paths by what they are to the checks; every one is in exactly one of the five."""

    tests: tuple[str, ...] = ()
    steering: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    loose: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()

    @property
    def judging(self) -> tuple[str, ...]:
        """What the old judge does without: everything that the change brings to its own trial."""
        return (*self.tests, *self.steering, *self.loose)


def is_test_path(path: str) -> bool:
    """Return whether a path is a test, or belongs to tests (fixtures, snapshots), by the customs of common languages."""
    pure = PurePosixPath(path)
    folders = pure.parts[:-1]
    if any(folder.lower() in _TEST_FOLDERS for folder in folders) or pure.suffix in _SNAPSHOTS:
        return True
    # .NET keeps tests in a project of its own: Shop.Tests/CartTests.cs
    if pure.suffix in {".cs", ".fs", ".vb"} and any(_TEST_PROJECT.fullmatch(folder) for folder in folders):
        return True
    if pure.suffix in _CLASS_SUFFIXES and _TEST_CLASS.fullmatch(pure.stem):
        return True
    return _TEST_NAME.fullmatch(pure.stem) is not None


def roles_of(
    change: Change, commands: Sequence[CheckCommand], existing: Collection[str], read: Read = lambda _: ""
) -> Roles:
    """Sort the paths of `change`; `existing` are the paths of the untouched tree, `read` returns the text of one.

    `steering` is judged for all `commands` together: whoever steers one check steers the verdict.
    """
    found: dict[Role, list[str]] = {"test": [], "steering": [], "source": [], "loose": [], "text": []}
    unsettled: list[FileChange] = []
    lines, roots = command_lines(commands, existing, read), module_paths(commands)
    folders = {str(PurePosixPath(path).parent) + PurePosixPath(path).suffix for path in existing}
    doctests = any("doctest" in line for line in lines)
    for file in change.files:
        if is_settings(file, lines):
            found["steering"].append(file.path)
        # Also where a command line names it: its old form is judged.
        elif is_test_path(file.path) or _holds_tests(file) or (doctests and _is_text(file.path)):
            found["test"].append(file.path)
        elif is_named(file, lines, roots, existing):
            found["steering"].append(file.path)
        elif _is_text(file.path):
            found["text"].append(file.path)
        elif file.before is not None or _has_siblings(file.path, folders):
            found["source"].append(file.path)
        else:
            unsettled.append(file)
    _settle(change, unsettled, found)
    return Roles(*(tuple(sorted(found[role])) for role in ("test", "steering", "source", "loose", "text")))


def _holds_tests(file: FileChange) -> bool:
    """Return whether a file holds tests although its name does not say so: a runner may be told to look for others.

    Of an existing file the old content decides, or source would become a test by what a change adds to it.
    """
    content = file.after if file.before is None else file.before
    text = (content or b"")[:_LARGEST].decode("utf-8", "replace")
    return _TEST_IMPORT.search(text) is not None and _TEST_DECLARED.search(text) is not None


def _settle(change: Change, unsettled: list[FileChange], found: dict[Role, list[str]]) -> None:
    """Call a new file source when source refers to it, by name, directly or through another new file."""
    texts = {file.path: code_of(file) for file in change.files}
    words = {word for path in found["source"] for word in _words(texts[path])}
    packages: set[str] = set()
    while named := [file for file in unsettled if _names(file.path) & words or _folder(file.path) in packages]:
        for file in named:
            unsettled.remove(file)
            found["source"].append(file.path)
            words.update(_words(texts[file.path]))
            if PurePosixPath(file.path).stem in _PACKAGE_FILES:  # its modules may be found by looking
                packages.add(_folder(file.path))
    found["loose"] += [file.path for file in unsettled]


def _folder(path: str) -> str:
    return path.rpartition("/")[0] or "."


def _words(text: str) -> list[str]:
    return re.findall(r"[\w.\-]*\w", text) + re.findall(r"\w+", text)


def _names(path: str) -> set[str]:
    pure = PurePosixPath(path)
    if pure.stem in _PACKAGE_FILES:
        return {pure.parent.name, pure.name} - {"", "index.js"}
    return {pure.stem, pure.name}


def _has_siblings(path: str, folders: Collection[str]) -> bool:
    pure = PurePosixPath(path)
    return str(pure.parent) != "." and f"{pure.parent}{pure.suffix}" in folders and not pure.name.startswith(".")


def _is_text(path: str) -> bool:
    pure = PurePosixPath(path)
    return pure.suffix.lower() in _TEXT_SUFFIXES or (
        len(pure.parts) == 1 and _TEXT_NAMES.fullmatch(pure.name) is not None
    )
