"""The edits a model may propose, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Replace:
    """Replace `search` with `replace` in an existing file; an empty `search` creates a new file.

    A `search` that ends with a newline matches whole lines, any other a piece of text. `everywhere`: replace every exact
    occurrence instead of refusing when there are several.
    """

    path: str
    search: str
    replace: str
    everywhere: bool = False


@dataclass(frozen=True)
class Undivided:
    """A replacement with several lines that may divide the old text from the new one.

    `readings`: a pair of both texts for each of these lines, in their order.
    """

    path: str
    readings: tuple[tuple[str, str], ...]
    everywhere: bool = False


@dataclass(frozen=True)
class WriteWhole:
    """Write a whole file, new or short."""

    path: str
    content: str


@dataclass(frozen=True)
class Delete:
    path: str


@dataclass(frozen=True)
class Rename:
    path: str
    new_path: str


Edit = Replace | Undivided | WriteWhole | Delete | Rename


def named(edit: Edit) -> tuple[str, ...]:
    """Return the paths that an edit touches."""
    return (edit.path, edit.new_path) if isinstance(edit, Rename) else (edit.path,)


@dataclass(frozen=True)
class Refusal:
    """Edits that were not applied: the reason, as a sentence the model can act on, and the nearest lines if any.

    `count`: of the edits that it refuses.
    """

    path: str
    reason: str
    nearest: str = ""
    count: int = 1

    @property
    def sentence(self) -> str:
        """The reason, with the count if there are several."""
        return self.reason if self.count == 1 else f"{self.reason} ({self.count} times)"


def each_once(refusals: Iterable[Refusal]) -> tuple[Refusal, ...]:
    """Merge refusals of one path for one reason, in the order of the first of each."""
    merged: dict[tuple[str, str], Refusal] = {}
    for refusal in refusals:
        known = merged.setdefault((refusal.path, refusal.reason), replace(refusal, count=0))
        merged[refusal.path, refusal.reason] = replace(known, count=known.count + refusal.count)
    return tuple(merged.values())


@dataclass(frozen=True)
class FileChange:
    """One file before and after, None where it does not exist. `mode`: git's octal file mode, the same before and after.

    `encoding`: Python's codec for its text, "" for UTF-8. `skipped`: a sparse checkout leaves the file out, so that only
    the commit has it. `excepted`: a new file that .gitignore excludes, like files beside it that are tracked nevertheless.
    """

    path: str
    before: bytes | None
    after: bytes | None
    mode: int = 0o100644
    encoding: str = ""
    skipped: bool = False
    excepted: bool = False


@dataclass(frozen=True)
class Dependency:
    """A dependency that is new, or has another version or source than before, as `manifest` states it.

    `version`: "" for any. `source`: "" for the registry that the tool asks by itself. `was`: what both were, "" if new.
    """

    name: str
    manifest: str
    version: str = ""
    source: str = ""
    was: str = ""


@dataclass(frozen=True)
class Change:
    """A set of file changes that passed every guard, in path order.

    `left_out`: lock files that the model edited, too; only their tools may write them.
    """

    files: tuple[FileChange, ...] = ()
    new_dependencies: tuple[Dependency, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(file.path for file in self.files)


NO_CHANGE = Change()
