"""The edits a model may propose, and what becomes of them."""

from __future__ import annotations

from dataclasses import dataclass


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


Edit = Replace | WriteWhole | Delete | Rename


@dataclass(frozen=True)
class Refusal:
    """An edit that was not applied: the reason, as a sentence the model can act on, and the nearest lines if any."""

    path: str
    reason: str
    nearest: str = ""


@dataclass(frozen=True)
class FileChange:
    """One file before and after, None where it does not exist. `mode`: git's octal file mode, the same before and after.

    `skipped`: a sparse checkout leaves the file out, so that only the commit has it. `excepted`: a new file that
    .gitignore excludes, like files beside it that are tracked nevertheless.
    """

    path: str
    before: bytes | None
    after: bytes | None
    mode: int = 0o100644
    skipped: bool = False
    excepted: bool = False


@dataclass(frozen=True)
class Change:
    """A set of file changes that passed every guard, in path order."""

    files: tuple[FileChange, ...] = ()
    new_dependencies: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(file.path for file in self.files)


NO_CHANGE = Change()
