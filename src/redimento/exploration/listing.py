"""What a folder holds, or which paths fit a glob: full paths, one on a line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from redimento.exploration.excerpts import listed
from redimento.exploration.globs import is_glob, matching
from redimento.exploration.naming import cleaned, echo, files_meant, folder_meant, nearest
from redimento.exploration.present import Present

_WITH_SUBFOLDERS: Final = 60  # files: a folder that holds no more, subfolders included, is listed whole
_MOST: Final = 150  # lines


def list_files(present: Present, written: str) -> str:
    """Return the paths of a folder (its subfolders with the number of their files), or those that a glob names."""
    path = cleaned(written)
    if is_glob(path):
        found = matching(present.sizes, path)
        return _lines(found, f"{len(found)} files") if found else f"No file matches {echo(path)}."
    folder = folder_meant(present, path)
    if folder is not None:
        return _folder(present, folder)
    files = files_meant(present, path)
    if files:
        return _lines(files, f"{echo(path)} is not a folder. Files of this name")
    close = nearest(present.folders, path)
    return _lines([f"{folder}/" for folder in close if folder], f"There is no folder {echo(path)}. The nearest")


def _folder(present: Present, folder: str) -> str:
    start = f"{folder}/" if folder else ""
    count = present.folders[folder]
    inside = [path for path in present.sizes if path.startswith(start)]
    if count <= _WITH_SUBFOLDERS:
        return _lines(inside, f"`{start or './'}` has {count} files")
    files = [path for path in inside if "/" not in path[len(start) :]]
    below = sorted(
        inner for inner in present.folders if inner and inner.startswith(start) and "/" not in inner[len(start) :]
    )
    counted = [f"{inner}/ ({present.folders[inner]} files)" for inner in below]
    return _lines([*counted, *files], f"`{start or './'}` has {count} files, {len(files)} of them directly")


def _lines(paths: Sequence[str], heading: str) -> str:
    return listed(heading, paths, _MOST, ": list a subfolder, or a narrower glob")
