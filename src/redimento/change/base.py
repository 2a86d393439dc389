"""The Base port: what the commit that a change goes onto says about a path, whatever the disk holds."""

from __future__ import annotations

import codecs
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol


@dataclass(frozen=True)
class Recorded:
    """What a commit says about one path. "unknown": there is no commit, or it does not matter that the path is new.

    `mode`: git's octal mode of a file. `above`: the file, link or submodule above the path. `filter` and `encoding`: its
    attributes `filter` and `working-tree-encoding`, "" if not set. `ignored`: .gitignore excludes the path, and no
    tracked file beside it; `excepted`: it excludes tracked files beside it, too. `modified`: the file on the disk
    differs. `skipped`: the disk lacks it on purpose, as in a sparse checkout, and `content` is what git would check out.
    `unknown_rules`: a .gitattributes or .gitignore file above it whose content the clone lacks, as a partial clone may.
    """

    kind: Literal["unknown", "absent", "file", "folder", "link", "submodule"] = "unknown"
    mode: int = 0
    above: str = ""
    filter: str = ""
    encoding: str = ""
    ignored: bool = False
    excepted: bool = False
    modified: bool = False
    skipped: bool = False
    content: bytes | None = None
    unknown_rules: str = ""


class Base(Protocol):
    """The commit that a change goes onto."""

    @property
    def filtered(self) -> tuple[str, ...]:
        """Return the patterns of .gitattributes that put files behind a filter, such as LFS or git-crypt."""
        ...

    def look(self, root: Path, paths: Collection[str], largest: int) -> Mapping[str, Recorded]:
        """Return what the commit says about each path, and how its files in the working tree `root` differ.

        A skipped file of more than `largest` bytes, or one that a partial clone lacks, comes without its content.
        """
        ...

    def names_in(self, folder: str) -> Collection[str]:
        """Return the names in a folder of the commit; "" is the root."""
        ...


class PlainFolder:
    """A folder without a commit: only its disk counts."""

    filtered: tuple[str, ...] = ()

    def look(self, root: Path, paths: Collection[str], largest: int) -> Mapping[str, Recorded]:  # noqa: ARG002  the port's
        return dict.fromkeys(paths, Recorded())

    def names_in(self, folder: str) -> Collection[str]:  # noqa: ARG002  the port's
        return ()


PLAIN_FOLDER = PlainFolder()

_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)


def is_in(encoding: str, content: bytes) -> bool:
    """Return whether git can read `content` as the `working-tree-encoding`, with the byte-order mark that it asks for.

    UTF-16, UTF-32 and names that end in -BOM need the mark, UTF-16LE and its kin must not have it (gitattributes).
    """
    name = encoding.upper()
    marked = name in {"UTF-16", "UTF-32"} or name.endswith("-BOM")
    if name.startswith(("UTF-16", "UTF-32")) and content.startswith(_MARKS) != marked:
        return False
    try:
        content.decode(name.removesuffix("-BOM"))
    except (UnicodeError, LookupError):
        return False
    return True


def objection(path: str, recorded: Recorded) -> str:
    """Return why a change may not touch `path`, as the commit has it; "" if it may."""
    if recorded.above:
        return f"{path} is inside {recorded.above}, which is no folder of this repository: leave it alone."
    if recorded.kind == "submodule":
        return f"{path} is a submodule, which belongs to another repository: leave it unchanged."
    if recorded.kind == "link":
        return f"{path} is a symbolic link: leave it unchanged."
    if recorded.kind == "folder":
        return f"{path} is a directory: name its files one by one."
    if recorded.filter:
        return (
            f'{path} is stored through the git filter "{recorded.filter}", which is not run here: leave it unchanged.'
        )
    if recorded.unknown_rules:
        return f"{path} is subject to {recorded.unknown_rules}, which this clone lacks: leave it alone."
    if recorded.ignored:
        return f"{path} is not in the repository, and .gitignore excludes it: leave it out."
    if recorded.modified:
        return f"{path} has uncommitted changes, so it cannot be edited now."
    if recorded.skipped and recorded.content is None:
        return (
            f"{path} is not in this sparse checkout, and its content is missing from the clone or larger than "
            "change.max_file_bytes: leave it unchanged."
        )
    return ""
