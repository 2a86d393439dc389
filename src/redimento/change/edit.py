"""What a model may propose: edits, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Replace:
    """Replace `search` by `replace` in an existing file; an empty `search` creates a file that is absent.

    A `search` that ends with a newline stands for whole lines, any other for a piece of text. `everywhere`: replace
    every exact occurrence rather than refuse when there are several.
    """

    path: str
    search: str
    replace: str
    everywhere: bool = False


@dataclass(frozen=True)
class WriteWhole:
    """Write a new or short file as a whole."""

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
    """An edit that was not applied: why, in a sentence the model can act on, and the nearest lines if any."""

    path: str
    reason: str
    nearest: str = ""


@dataclass(frozen=True)
class FileChange:
    """One file before and after. None: it was, or is now, absent. `mode`: git's octal file mode."""

    path: str
    before: bytes | None
    after: bytes | None
    mode: int = 0o100644


@dataclass(frozen=True)
class Change:
    """A set of file changes that passed every guard, in path order."""

    files: tuple[FileChange, ...] = ()
    new_dependencies: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(file.path for file in self.files)


NO_CHANGE = Change()
