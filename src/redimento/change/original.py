"""The tree that edits start from: the disk beneath a root, and what the commit has that the disk lacks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from redimento.change import beneath
from redimento.change.base import Base, Recorded
from redimento.change.beneath import BlockedError, Found
from redimento.change.guards import paths
from redimento.text import editorconfig

_LARGEST_LOOKED_AT = 200_000  # bytes of an `.editorconfig`, or of a neighbour of a new file


@dataclass
class Original:
    """The tree beneath `root`, and the commit `base` that a change of it goes onto. Nothing in it is written.

    `largest`: bytes of a file that may be edited. `recorded`: what the commit says about the paths that were looked up.
    """

    root: Path
    base: Base
    largest: int
    descriptor: int
    recorded: dict[str, Recorded] = field(default_factory=dict)
    _names: dict[str, frozenset[str]] = field(default_factory=dict)

    def look_up(self, names: Iterable[str], changed: Iterable[str]) -> None:
        """Ask the commit about these paths. Of a file that is `changed` already, the disk says more."""
        found = self.base.look(self.root, {name for name in names if not paths.problem(name)}, self.largest)
        self.recorded.update(found)
        for path in self.recorded.keys() & set(changed):
            self.recorded[path] = replace(self.recorded[path], kind="unknown", skipped=False, modified=False)

    def names_in(self, folder: str) -> frozenset[str]:
        """Return the names in a folder; "" is the root."""
        if folder not in self._names:
            on_disk = beneath.names_in(self.descriptor, folder)
            self._names[folder] = on_disk.union(self.base.names_in(folder))
        return self._names[folder]

    def read(self, path: str) -> Found | None:
        """Return the file that a change of a path starts from, None if there is none. Raises BlockedError."""
        recorded = self.recorded[path]
        found = beneath.read(self.descriptor, path, self.largest)
        if recorded.kind == "unknown":
            return found
        if recorded.skipped and recorded.content is not None:
            return Found(recorded.content, recorded.mode)
        if found and recorded.kind == "absent":
            raise BlockedError("is on the disk, but not in the repository: choose another path")
        return replace(found, mode=recorded.mode) if found else None

    def look_at(self, path: str) -> Found | None:
        """Return a file on the disk that only tells how others are written; None if it is none or a large one."""
        try:
            return beneath.read(self.descriptor, path, _LARGEST_LOOKED_AT)
        except BlockedError:
            return None

    def format_of(self, path: str) -> dict[str, str]:
        """Return the properties that `.editorconfig` files give to a path."""

        def read(name: str) -> bytes | None:
            found = self.look_at(name)
            return found.content if found else None

        return editorconfig.properties(path, read)

    def encoding_of(self, path: str) -> str:
        """Return the encoding that git's attributes, else `.editorconfig`, give to a path; "" if none."""
        return self.recorded[path].encoding or editorconfig.charset_of(self.format_of(path))


@contextmanager
def opened(root: Path, base: Base, largest: int) -> Iterator[Original]:
    with beneath.opened(root) as descriptor:
        yield Original(root, base, largest, descriptor)
