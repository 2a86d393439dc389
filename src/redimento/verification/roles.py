"""What each changed file is to the checks: a test, something that steers how they run, source, or neither.

The names are the documented ones of the runners and linters. Names are not enough: runners find configuration by
looking, so a new file counts as source only if source refers to it, or if it stands among files of its kind.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from redimento.change.edit import Change, FileChange
from redimento.settings import CheckCommand
from redimento.verification.steering import Read, command_lines, is_named, is_settings, module_paths
from redimento.verification.syntax import code_of, lossy

_TEST_FOLDERS = frozenset({
    "test", "tests", "__tests__", "__mocks__", "spec", "specs", "testdata", "fixtures", "__snapshots__", "golden",
    "goldens", "expected", "snapshots", "baselines", "approvals", "e2e", "cypress", "cassettes",
})  # fmt: skip
_TEST_NAME = re.compile(r"test_.*|.*_test|.*[.\-](?:test|spec)|.*_spec|.*\.(?:snap|golden|approved|verified|received)")
_TEST_CLASS = re.compile(r"Test[A-Z]\w*|\w*(?:Test|Tests|TestCase|Spec|Specs)|\w*[a-z]IT")
_CLASS_SUFFIXES = frozenset({".java", ".kt", ".scala", ".groovy", ".cs", ".fs", ".vb", ".swift", ".php"})
_TEST_PROJECT = re.compile(r".*[.\-_]?tests?", re.IGNORECASE)
_PACKAGE_FILES = frozenset({"__init__", "index", "mod", "main", "lib", "package"})
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
    """The changed paths by what they are to the checks; every one is in exactly one of the five.

    `tests`: tests, and what belongs to them: fixtures, snapshots, golden files. `steering`: decides which tests run, how, and
    what counts as passing. `source`: what the tests judge. `loose`: new, and nothing in the source refers to it: a runner might
    find it by looking. `texts`: documentation: no check depends on it.
    """

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
    if any(folder.lower() in _TEST_FOLDERS for folder in folders) or pure.suffix in {".snap", ".golden"}:
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
    found: dict[str, list[str]] = {"tests": [], "steering": [], "source": [], "texts": []}
    unsettled: list[FileChange] = []
    lines, roots = command_lines(commands, existing, read), module_paths(commands)
    doctests = any("doctest" in line for line in lines)
    for file in change.files:
        if is_settings(file, lines):
            found["steering"].append(file.path)
        # Also where a command line names it: its old form is judged.
        elif is_test_path(file.path) or _holds_tests(file) or (doctests and _is_text(file.path)):
            found["tests"].append(file.path)
        elif is_named(file, lines, roots, existing):
            found["steering"].append(file.path)
        elif _is_text(file.path):
            found["texts"].append(file.path)
        elif file.before is not None or _has_siblings(file.path, existing):
            found["source"].append(file.path)
        else:
            unsettled.append(file)
    _settle(change, unsettled, found["source"])
    loose = [file.path for file in unsettled]
    return Roles(loose=tuple(sorted(loose)), **{role: tuple(sorted(paths)) for role, paths in found.items()})


def _holds_tests(file: FileChange) -> bool:
    """Return whether a file holds tests although its name does not say so: a runner may be told to look for others.

    Of an existing file the old content decides, or source would become a test by what a change adds to it.
    """
    content = file.after if file.before is None else file.before
    text = lossy((content or b"")[:_LARGEST])
    return _TEST_IMPORT.search(text) is not None and _TEST_DECLARED.search(text) is not None


def _settle(change: Change, unsettled: list[FileChange], source: list[str]) -> None:
    """Move new files to `source` when source refers to them, by name, directly or through another new file."""
    words = {word for file in change.files if file.path in source for word in _words(code_of(file))}
    packages: set[PurePosixPath] = set()
    while named := [
        file for file in unsettled if _names(file.path) & words or PurePosixPath(file.path).parent in packages
    ]:
        for file in named:
            unsettled.remove(file)
            source.append(file.path)
            words.update(_words(code_of(file)))
            if PurePosixPath(file.path).stem in _PACKAGE_FILES:  # its modules may be found by looking
                packages.add(PurePosixPath(file.path).parent)


def _words(text: str) -> list[str]:
    return re.findall(r"[\w.\-]*\w", text) + re.findall(r"\w+", text)


def _names(path: str) -> set[str]:
    pure = PurePosixPath(path)
    if pure.stem in _PACKAGE_FILES:
        return {pure.parent.name, pure.name} - {"", "index.js"}
    return {pure.stem, pure.name}


def _has_siblings(path: str, existing: Collection[str]) -> bool:
    folder, _, name = path.rpartition("/")
    suffix, length = PurePosixPath(name).suffix, len(folder) + 1
    return bool(folder and not name.startswith(".")) and any(
        one.startswith(f"{folder}/") and "/" not in one[length:] and PurePosixPath(one).suffix == suffix
        for one in existing
    )


def _is_text(path: str) -> bool:
    pure = PurePosixPath(path)
    return pure.suffix.lower() in _TEXT_SUFFIXES or (
        len(pure.parts) == 1 and _TEXT_NAMES.fullmatch(pure.name) is not None
    )
