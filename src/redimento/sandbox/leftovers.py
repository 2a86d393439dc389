"""Remember what a folder holds, and go back to it: what a command left there must not judge a later run.

A record names every file, link and folder below a root, except for those that somebody else looks after. Small files are
copied, within a budget; of larger ones a digest tells whether they changed. Going back removes what is new and restores
what changed or is gone from its copy. Without a copy, what only the second record brought (build output and caches of
the baseline) is removed, since it can be built again; anything else is lost, and the caller has to say so.

Standard library only, since the warden uses it too, as root. No foreign process may be running below the root.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from redimento.sandbox.files import clear, make_way

_MOST_COPIES = 20_000
_MOST_COPIED_BYTES = 256 * 1024 * 1024
_FIRST_SHARE = 0.75  # the rest is for the second record, which later commands change the most
_LARGEST_COPY = 64 * 1024 * 1024
_MOST_READ_BYTES = 2 * 1024 * 1024 * 1024  # for digests, about three seconds
_OWNER_BITS = 0o700  # granting the checks account access changes the others
_RECORD = "record.json"

# What a check writes beside its products: nothing that a later check could need.
_NO_PRODUCT = re.compile(
    r"(?:^|/)(?:\.[^/]*|[^/]*cache[^/]*|coverage|htmlcov|node_modules|test-?results?|reports?|logs?)(?:/|$)"
    r"|\.(?:log|xml|lcov|trx|tsbuildinfo|pyc|tmp)$",
    re.IGNORECASE,
)


class Stamp(NamedTuple):
    """What `lstat` says of one entry. Unlike mtime, ctime cannot be set back."""

    mode: int
    size: int
    ctime: int
    inode: int
    mtime: int

    @property
    def is_folder(self) -> bool:
        return stat.S_ISDIR(self.mode)

    def resembles(self, other: Stamp) -> bool:
        """Return whether nothing was written: a folder's times say only that it had other entries for a while."""
        if self.is_folder or other.is_folder:
            return self.is_folder and other.is_folder
        return self[:4] == other[:4]


class Entry(NamedTuple):
    """One entry of a record. `copy`: its file in the store; `content`: a link's target or a file's digest.

    `late`: the second record brought it.
    """

    stamp: Stamp
    copy: str = ""
    content: str = ""
    late: bool = False


Record = dict[str, Entry]


class Place(NamedTuple):
    """A root, the store of its copies, and what below it is not ours to watch.

    `foreign`: paths that are skipped; `shared`: folders that are entered but never removed. `owner`: whom restored files
    belong to, None for ourselves. `rescue`: is asked before a new entry is removed, and returns whether it took it away.
    """

    root: Path
    store: Path
    foreign: Collection[str] = frozenset()
    shared: Collection[str] = frozenset()
    owner: tuple[int, int] | None = None
    rescue: Callable[[str], bool] | None = None


class Returned(NamedTuple):
    """The record as it is after going back, and the entries that could not be restored."""

    record: Record
    lost: tuple[str, ...]


def look(place: Place, *, known: Mapping[str, Entry] | None = None) -> dict[str, Stamp]:
    """Return the entries below the root by path. With `known`, folders that it does not name are not entered."""
    found: dict[str, Stamp] = {}
    foreign, shared = place.foreign, place.shared  # tens of thousands of entries: half a second at most
    stack = [""]
    while stack:
        above = stack.pop()
        for entry in _entries(f"{place.root}/{above}"):
            path = above + entry.name
            if path in foreign:
                continue
            folder = entry.is_dir(follow_symlinks=False)
            if folder and path in shared:
                stack.append(f"{path}/")
                continue
            try:
                facts = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            found[path] = Stamp(facts.st_mode, facts.st_size, facts.st_ctime_ns, facts.st_ino, facts.st_mtime_ns)
            if folder and (known is None or path in known):
                stack.append(f"{path}/")
    return found


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except PermissionError:
        with contextlib.suppress(OSError):
            os.chmod(folder, 0o700)  # noqa: PTH101 - text paths: there may be many
            with os.scandir(folder) as entries:
                return list(entries)
    except OSError:
        pass
    return []


def record(place: Place, earlier: Record | None, *, late: bool, without: Collection[str] = ()) -> Record:
    """Return a record of the root as it is now, with copies in the store. Copies and marks of `earlier` are kept.

    `without`: paths to forget, unless `earlier` has them.
    """
    late = late and earlier is not None
    earlier = earlier if earlier is not None else {}
    made: Record = {}
    fresh: list[str] = []
    for path, stamp in look(place).items():
        then = earlier.get(path)
        if then is not None and then.stamp.resembles(stamp):
            made[path] = then._replace(stamp=stamp)
        elif then is not None or path not in without:
            made[path] = Entry(stamp, late=late if then is None else then.late)
            fresh.append(path)
    place.store.mkdir(mode=0o700, parents=True, exist_ok=True)
    _keep(place, made, fresh, share=1.0 if late else _FIRST_SHARE)
    return made


def _keep(place: Place, made: Record, fresh: Iterable[str], *, share: float) -> None:
    """Copy the new entries of a record, the smallest first, and take digests of what the budget leaves out."""
    most, most_bytes = int(_MOST_COPIES * share), int(_MOST_COPIED_BYTES * share)
    kept = [entry.stamp.size for entry in made.values() if entry.copy]
    number, copied, read = len(kept), sum(kept), 0
    names = _free_names(entry.copy for entry in made.values())
    for path in sorted(fresh, key=lambda path: made[path].stamp.size):
        entry = made[path]
        mode, size = entry.stamp.mode, entry.stamp.size
        source = f"{place.root}/{path}"
        with contextlib.suppress(OSError):
            if stat.S_ISLNK(mode):
                made[path] = entry._replace(content=os.readlink(source))  # noqa: PTH115 - text paths
            elif not stat.S_ISREG(mode):
                continue
            elif number < most and size <= min(_LARGEST_COPY, most_bytes - copied):
                name = next(names)
                shutil.copyfile(source, f"{place.store}/{name}", follow_symlinks=False)
                made[path] = entry._replace(copy=name)
                number, copied = number + 1, copied + size
            elif read + size <= _MOST_READ_BYTES:
                made[path] = entry._replace(content=_digest(source))
                read += size


def _free_names(used: Iterable[str]) -> Iterator[str]:
    number = max((int(name) for name in used if name), default=0)
    while True:
        number += 1
        yield str(number)


def go_back(place: Place, then: Record) -> Returned:
    """Remove what is not in the record `then`, and restore what is."""
    if not place.root.is_dir() or place.root.is_symlink():
        make_way(place.root.parent, place.root)
        place.root.mkdir(mode=0o700)
        _give(place, str(place.root))
    now = look(place, known=then)
    for path in now.keys() - then.keys():
        if place.rescue is None or not place.rescue(path):
            clear(place.root / path)
    changed = [
        path
        for path, entry in then.items()
        if (stamp := now.get(path)) != entry.stamp and (stamp is None or not entry.stamp.resembles(stamp))
    ]
    if not changed:
        return Returned(then, ())
    left = dict(then)
    lost: list[str] = []
    broken: set[str] = set()
    for path in sorted(changed):  # folders before what is in them
        entry = then[path]
        if path in place.foreign or path in place.shared:
            continue
        if path in now and _same_content(place, path, entry, now[path]):
            left[path] = entry._replace(stamp=now[path])
        elif not _is_restorable(entry):
            (broken.add(_outermost_late(path, then)) if entry.late else lost.append(path))
        else:
            _restore(place, path, entry)
            left[path] = entry._replace(stamp=_stamp(place.root / path))
    for path in broken:
        clear(place.root / path)
        left = {name: entry for name, entry in left.items() if name != path and not name.startswith(f"{path}/")}
    return Returned(left, tuple(lost))


def _is_restorable(entry: Entry) -> bool:
    mode = entry.stamp.mode
    return bool(entry.copy) or stat.S_ISDIR(mode) or (stat.S_ISLNK(mode) and bool(entry.content))


def _outermost_late(path: str, then: Record) -> str:
    late = path
    for folder in PurePosixPath(path).parents:
        if str(folder) in then and then[str(folder)].late:
            late = str(folder)
    return late


def _same_content(place: Place, path: str, entry: Entry, now: Stamp) -> bool:
    then, source = entry.stamp, f"{place.root}/{path}"
    if stat.S_IFMT(then.mode) != stat.S_IFMT(now.mode):
        return False
    if stat.S_ISLNK(now.mode):
        return os.readlink(source) == entry.content  # noqa: PTH115 - text paths
    if not stat.S_ISREG(now.mode):
        return True  # a pipe or socket has no content
    if now.size != then.size or (now.mode ^ then.mode) & _OWNER_BITS:
        return False
    with contextlib.suppress(OSError):
        if entry.copy:
            return _digest(source) == _digest(f"{place.store}/{entry.copy}")
        return bool(entry.content) and _digest(source) == entry.content
    return False


def _restore(place: Place, path: str, entry: Entry) -> None:
    target, mode = place.root / path, entry.stamp.mode
    # A new file instead of new content: another name of the old one (a hard link) stays what it is.
    make_way(place.root, target)
    if stat.S_ISDIR(mode):
        target.mkdir()
    elif stat.S_ISLNK(mode):
        target.symlink_to(entry.content)
    else:
        shutil.copyfile(place.store / entry.copy, target, follow_symlinks=False)
    if not stat.S_ISLNK(mode):
        target.chmod(stat.S_IMODE(mode) & 0o777)
        # Build tools compare times: a restored product must not look newer than the source.
        os.utime(target, ns=(entry.stamp.mtime, entry.stamp.mtime))
    _give(place, str(target))


def _give(place: Place, path: str) -> None:
    if place.owner is not None:
        os.chown(path, *place.owner, follow_symlinks=False)


def _stamp(path: Path) -> Stamp:
    facts = path.lstat()
    return Stamp(facts.st_mode, facts.st_size, facts.st_ctime_ns, facts.st_ino, facts.st_mtime_ns)


def _digest(path: str) -> str:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        return hashlib.file_digest(stream, "blake2b").hexdigest()


def outermost(path: str, then: Record) -> str:
    """Return the outermost folder of a record that holds `path`, or `path` itself."""
    found = [str(folder) for folder in PurePosixPath(path).parents if str(folder) in then]
    return found[-1] if found else path


def built(before: Mapping[str, Stamp], after: Mapping[str, Stamp]) -> bool:
    """Return whether something was made or written in between that is neither a cache nor a report."""
    return any(
        not stamp.is_folder
        and not _NO_PRODUCT.search(path)
        and ((then := before.get(path)) is None or (then.size, then.mtime, then.inode) != (stamp.size, stamp.mtime, stamp.inode))
        for path, stamp in after.items()
    )  # fmt: skip


def save(place: Place, made: Record) -> None:
    """Write a record into its store."""
    file = place.store / _RECORD
    clear(file)
    file.write_text(json.dumps(made), "ascii")


def load(place: Place) -> Record | None:
    """Read a record from its store; None if there is none."""
    try:
        stored = json.loads((place.store / _RECORD).read_text("ascii"))
    except FileNotFoundError:
        return None
    return {path: Entry(Stamp(*stamp), *others) for path, (stamp, *others) in stored.items()}
