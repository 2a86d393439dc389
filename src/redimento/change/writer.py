"""Write a change into a working tree, all of it or nothing, and undo it.

A journal of the originals is saved before the first file is touched; `recover` uses it after a killed run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from redimento.change import beneath, journal
from redimento.change.beneath import BlockedError, Found
from redimento.change.edit import Change, FileChange
from redimento.errors import RedimentoError


def write(root: Path, change: Change, journal_file: Path) -> None:
    """Bring the tree to the state that `change` describes.

    The journal grows with each write of a run; files that only an earlier write changed are restored. On any failure the
    tree is as it was before the call. Raises RedimentoError.
    """
    with beneath.opened(root) as descriptor:
        entries = {entry.path: entry for entry in journal.read(journal_file)}
        changed = [
            journal.entry_of(file, entries.pop(file.path, None), beneath.depth(descriptor, file.path))
            for file in change.files
        ]
        dropped = entries.values()
        journal.save(journal_file, (*dropped, *changed))
        wanted: dict[str, Found | None] = {entry.path: entry.found for entry in dropped}
        wanted |= {file.path: _after(file) for file in change.files}
        _all_or_nothing(descriptor, wanted)


def settle(journal_file: Path) -> None:
    """Delete the journal: the change is final, as a commit or in its own folder."""
    journal_file.unlink(missing_ok=True)


def recover(root: Path, journal_file: Path) -> bool:
    """Restore the tree after a killed run; return whether a journal existed.

    A file whose content the run did not write was changed by somebody else and is left alone.
    """
    if not journal_file.exists():
        return False
    known = journal.read(journal_file)
    with beneath.opened(root) as descriptor:
        for entry in known:
            with suppress(BlockedError):
                beneath.remove_leftover(descriptor, entry.path)
        # Remove new files first: they may be in the way of what comes back.
        for absent in (True, False):
            chosen = [entry for entry in known if (entry.found is None) == absent]
            _all_or_nothing(descriptor, {entry.path: entry.found for entry in chosen if _is_ours(descriptor, entry)})
        for entry in known:
            beneath.prune(descriptor, entry.path, entry.depth)
    settle(journal_file)
    return True


@contextmanager
def substituted(root: Path, change: Change, contents: Mapping[str, bytes | None]) -> Iterator[None]:
    """Give some of the changed files other contents for a while; None: the file is absent. Others are ignored."""
    files = [file for file in change.files if file.path in contents]
    with beneath.opened(root) as descriptor:
        _all_or_nothing(descriptor, {file.path: _with_content(file, contents[file.path]) for file in files})
        try:
            yield
        finally:
            _all_or_nothing(descriptor, {file.path: _after(file) for file in files})


def _with_content(file: FileChange, content: bytes | None) -> Found | None:
    if content is None:
        return None
    return journal.original_of(file) if content == file.before else Found(content, file.mode & 0o777 | 0o100000)


def _is_ours(descriptor: int, entry: journal.Entry) -> bool:
    try:
        return entry.wrote(beneath.read(descriptor, entry.path))
    except BlockedError:
        return False


def _after(file: FileChange) -> Found | None:
    return None if file.after is None else Found(file.after, file.mode & 0o777 | 0o100000)


def _all_or_nothing(descriptor: int, wanted: Mapping[str, Found | None]) -> None:
    done: dict[str, Found | None] = {}
    path = ""
    try:
        # Deletions first: a file may replace a folder that they empty.
        for path, found in sorted(wanted.items(), key=lambda item: item[1] is not None):
            done[path] = beneath.read(descriptor, path)
            _put(descriptor, path, found)
    except BaseException as error:
        for name, found in reversed(done.items()):
            with suppress(OSError, BlockedError):
                _put(descriptor, name, found)
        if isinstance(error, OSError | BlockedError):
            reason = error.strerror if isinstance(error, OSError) else error
            raise RedimentoError(
                f"{path} could not be written: {reason}.",
                "The working tree is unchanged; check the owner and the links of that path.",
            ) from error
        raise


def _put(descriptor: int, path: str, found: Found | None) -> None:
    if found is None:
        beneath.remove(descriptor, path)
        beneath.prune(descriptor, path)
    else:
        beneath.put(descriptor, path, found.content, found.mode)
