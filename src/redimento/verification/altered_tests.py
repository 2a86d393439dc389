"""Which tests a change adds or alters, by what their files declare."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import PurePosixPath

from redimento.change.edit import FileChange
from redimento.verification.evidence import TestResult
from redimento.verification.syntax import lossy


def altered_tests(
    files: Sequence[FileChange], tests: Sequence[TestResult], known: frozenset[str] = frozenset()
) -> list[TestResult]:
    """Return those of `tests` that are declared in `files` and were added or altered by the change.

    `known`: the ids reported before the change. Any other id is new, even if the declaration looks the same: it may be
    a new row of a parameter table.
    """
    texts = [(file.path, lossy(file.before), lossy(file.after)) for file in files]
    return [
        test
        for test in tests
        if any(
            may_stand_in(path, test)
            and (now := _declared(after, test))
            and (now not in before or (known and test.id not in known))
            for path, before, after in texts
        )
    ]


def declaration_in(path: str, content: bytes | None, test: TestResult) -> str:
    """Return the lines that declare `test` in the file at `path`, "" where it does not stand there."""
    return _declared(lossy(content), test) if may_stand_in(path, test) else ""


def _declared(text: str, test: TestResult) -> str:
    return next((lines for name in _names(test) if (lines := _declaration(text, name))), "")


def may_stand_in(path: str, test: TestResult) -> bool:
    """Return whether `test` may be declared in the file at `path`, as far as its report tells."""
    if test.file:
        return path.endswith(test.file) or test.file.endswith(path)
    pure = PurePosixPath(path)
    if pure.suffix == ".py":
        return _is_module(pure.with_suffix("").parts, test.id.partition("::")[0].split("."))
    # Java and C# report the class, vitest the path; jest and Go neither, so the declaration must decide.
    return pure.suffix not in {".java", ".kt"} or pure.stem in test.id


def _is_module(path: tuple[str, ...], words: list[str]) -> bool:
    """Return whether a dotted class name starts with this module, possibly relative to a subfolder of the repository."""
    if path[-1] not in words:
        return False
    length = words.index(path[-1]) + 1
    return list(path[-length:]) == words[:length]


def _names(test: TestResult) -> list[str]:
    """Return the names that the test may have in its declaration, most specific first."""
    name = test.id.partition("::")[2] or test.id
    words = re.split(r"[\[({]", name)[0].strip()
    # Groups and subtests, innermost first: a generated name may not occur in the source.
    groups = [part.rpartition(".")[2].strip() for part in reversed(re.split(r"::| > |/", words))]
    # jest-junit joins group and title with a space, so any suffix may be the title.
    parts = name.split(" ")
    ends = [" ".join(parts[number:]) for number in range(len(parts))]
    return [one for one in dict.fromkeys([name, *ends, words, *groups]) if one]


@lru_cache(maxsize=512)  # all cases of a parametrised test share a declaration
def _declaration(text: str, name: str) -> str:
    """Return the lines of the declaration of `name`, up to the end of its body by indentation."""
    if name not in text:
        return ""
    lines = text.splitlines()
    exact = re.escape(name)
    # A title in quotes or a function; elsewhere it may be an ordinary word.
    pattern = re.compile(rf"""(["'`]){exact}\1|(?<![\w.]){exact}\s*\(""")
    start = next((number for number, line in enumerate(lines) if pattern.search(line)), None)
    if start is None:
        return ""
    depth = _indent(lines[start])
    end = start + 1
    while end < len(lines) and (not lines[end].strip() or _indent(lines[end]) > depth or lines[end].strip() == "{"):
        end += 1
    # Include decorators and attributes: a new parameter makes it a different test.
    while start > 0 and _indent(lines[start - 1]) == depth and lines[start - 1].lstrip()[:1] in {"@", "["}:
        start -= 1
    return "\n".join(lines[start:end]).rstrip()


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
