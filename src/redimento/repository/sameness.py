"""Require that a tree differs from its base by the change that was judged, and by nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from redimento.change.edit import Change, FileChange
from redimento.errors import RedimentoError
from redimento.repository.attributes import Attributes
from redimento.repository.store import PrivateGit

EXECUTABLE: Final = 0o111
_ABSENT: Final = "000000"
_IDENT: Final = re.compile(r"\$Id:[^$\n]*\$")  # git expands $Id$ at check-out (gitattributes, `ident`)
_MOST_NAMED: Final = 5


def require_same(git: PrivateGit, change: Change, base: str, tree: str, stored: Mapping[str, Attributes]) -> None:
    """Raise RedimentoError unless `tree` is `base` with `change`: the same paths, kinds, modes and contents.

    `tree` is in the index of `git`; `stored`: the attributes of each path. Contents are compared as git would check them
    out, apart from line ends, byte-order marks and expanded $Id$.
    """
    made, judged = _raw_diff(git, base, tree), {file.path: _modes(file) for file in change.files}
    wrong = {path for path in made.keys() | judged.keys() if made.get(path) != judged.get(path)}
    written = {file.path: file.after for file in change.files if file.after is not None}
    committed = _checked_out(git, [path for path in written if path in made])
    encodings = {path: found.encoding for path, found in stored.items()}
    # Git may store the old and the new form of a file alike, for example if only line ends differ.
    wrong -= {
        file.path
        for file in change.files
        if file.path not in made and _alike(file.before, file.after, encodings[file.path])
    }
    wrong |= {path for path in committed if not _alike(committed[path], written[path], encodings[path])}
    if wrong:
        named = ", ".join(sorted(wrong)[:_MOST_NAMED]) + (" and others" if len(wrong) > _MOST_NAMED else "")
        raise RedimentoError(
            f"The commit would not be the change that was judged. It differs in {named}.",
            "Nothing was pushed. This is a defect of Redimento: please report it with the run folder.",
        )


def _modes(file: FileChange) -> tuple[str, str]:
    mode = "100755" if file.mode & EXECUTABLE else "100644"
    return _ABSENT if file.before is None else mode, _ABSENT if file.after is None else mode


def _raw_diff(git: PrivateGit, base: str, tree: str) -> dict[str, tuple[str, str]]:
    """Return each path that differs, with its old and its new mode."""
    listed = git.run("diff-tree", "-r", "-z", "--raw", "--no-renames", base, tree)
    fields = listed.decode(errors="replace").split("\0")
    return {path: (head[1:7], head[8:14]) for head, path in zip(fields[::2], fields[1::2], strict=False)}


def _checked_out(git: PrivateGit, paths: list[str]) -> dict[str, bytes]:
    folder = git.folder.parent / "committed"
    names = "".join(f"{path}\0" for path in paths).encode()
    git.run("checkout-index", "-z", "--stdin", f"--prefix={folder}/", stdin=names)
    return {path: (folder / path).read_bytes() for path in paths}


def _alike(one: bytes | None, other: bytes | None, encoding: str) -> bool:
    return one is not None and other is not None and _normal(one, encoding) == _normal(other, encoding)


def _normal(content: bytes, encoding: str) -> str:
    try:
        text = content.decode(encoding.removesuffix("-BOM") or "latin-1", "replace")
    except LookupError:
        text = content.decode("latin-1")
    return _IDENT.sub("$Id$", text.replace("\r\n", "\n").removeprefix("\ufeff"))
