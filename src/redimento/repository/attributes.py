"""The attributes that say how git stores a file."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from redimento.repository.store import PrivateGit

_NO_VALUE = {"unspecified", "unset"}


@dataclass(frozen=True)
class Attributes:
    """`filter` and `working-tree-encoding` of a path, "" where they are not set."""

    filter: str = ""
    encoding: str = ""


def attributes(git: PrivateGit, paths: Collection[str]) -> Mapping[str, Attributes]:
    """Return the attributes of each path, from the .gitattributes files in the working tree, or else in the index."""
    names = "".join(f"{path}\0" for path in paths).encode()
    listed = git.run("check-attr", "-z", "--stdin", "filter", "working-tree-encoding", stdin=names)
    values = ["" if value in _NO_VALUE else value for value in listed.decode(errors="replace").split("\0")[2::3]]
    return {
        path: Attributes(*pair) for path, pair in zip(paths, zip(values[::2], values[1::2], strict=True), strict=True)
    }
