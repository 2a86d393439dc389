"""What the files around a new one have in common: line endings, encoding, and the mode of scripts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from redimento.change.beneath import Found
from redimento.change.document import Document, decode
from redimento.text.encoding import NotTextError

_MOST_READ = 12  # files, and folders beside each other that are looked into
_CUSTOM = 2  # files from which an encoding other than UTF-8 is a custom
_ENDINGS = {"\n": "lf", "\r\n": "crlf", "\r": "cr"}
_SCRIPT = 0o100755


@dataclass(frozen=True)
class Custom:
    """`properties` are written as in `.editorconfig`; `script_mode` is the mode of a file that starts with `#!`."""

    properties: dict[str, str]
    script_mode: int


def custom_around(path: str, names_in: Callable[[str], frozenset[str]], read: Callable[[str], Found | None]) -> Custom:
    """Return what the nearest files of the same kind have in common; if there are none, the nearest files.

    `names_in` lists a folder; `read` returns None for what is no file or too large.
    """
    kind = PurePosixPath(path).suffix
    near: list[tuple[Found, Document]] = []
    same_kind = True
    for same_kind in (True, False):
        for names in _nearest(path, names_in):
            alike = [name for name in names if not same_kind or PurePosixPath(name).suffix == kind]
            near = _texts(alike[:_MOST_READ], read)
            if near:
                break
        if near:
            break
    endings = Counter(_ENDINGS[document.endings[0]] for _, document in near if document.endings)
    properties = {"end_of_line": endings.most_common(1)[0][0]} if endings else {}
    if same_kind:
        properties |= _charset([document for _, document in near])
    modes = Counter(found.mode for found, _ in near if same_kind and found.content.startswith(b"#!"))
    return Custom(properties, modes.most_common(1)[0][0] if modes else _SCRIPT)


def _nearest(path: str, names_in: Callable[[str], frozenset[str]]) -> Iterator[list[str]]:
    """Yield the paths in the folder, then for each folder above it those in the folders beside and in itself."""
    folder = path.rpartition("/")[0]
    yield _paths(folder, names_in)
    while folder:
        folder = folder.rpartition("/")[0]
        here = _paths(folder, names_in)
        yield here
        yield [below for beside in here[: _MOST_READ * 4] for below in _paths(beside, names_in)]


def _paths(folder: str, names_in: Callable[[str], frozenset[str]]) -> list[str]:
    return [f"{folder}/{name}".lstrip("/") for name in sorted(names_in(folder)) if name != ".git"]


def _texts(paths: list[str], read: Callable[[str], Found | None]) -> list[tuple[Found, Document]]:
    texts = []
    for path in paths:
        found = read(path)
        if found is None or not found.content:
            continue
        try:
            texts.append((found, decode(found.content, path)))
        except NotTextError:
            continue
    return texts


def _charset(documents: list[Document]) -> dict[str, str]:
    """Return the encoding in which all the files are that show one, if it is known for sure."""
    shown = {
        (document.encoding.codec, document.encoding.mark, document.encoding.rivals)
        for document in documents
        if document.encoding.mark or not document.text.isascii()
    }
    if len(documents) < _CUSTOM or len(shown) != 1:
        return {}
    ((codec, mark, rivals),) = shown
    if rivals:
        return {}
    if mark:
        bare = any(not document.encoding.mark for document in documents)
        return {} if bare else {"charset": f"{codec}-bom"}
    return {"charset": codec}
