"""Turn edits into a change that passed every guard. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from redimento.change import beneath, editorconfig
from redimento.change.apply import apply
from redimento.change.beneath import BlockedError, Found
from redimento.change.document import Document
from redimento.change.edit import Change, Edit, FileChange, Refusal, Rename, each_once
from redimento.change.guards import guard, limits, paths
from redimento.change.guards.dependencies import new_dependencies
from redimento.change.guards.protected import is_lock_file
from redimento.settings import ChangeSettings

_PLAIN = 0o100644
_LARGEST_EDITORCONFIG = 100_000  # bytes


@dataclass(frozen=True)
class Plan:
    """The outcome of a list of edits.

    `change` is relative to the original tree, earlier rounds included. `notes` lists what was forgiven.
    """

    change: Change
    refusals: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()


def plan(
    root: Path,
    edits: Sequence[Edit],
    settings: ChangeSettings,
    *,
    locked: frozenset[str] = frozenset(),
    already: Change = Change(),  # noqa: B008  # frozen
    partial: bool = False,
) -> Plan:
    """Apply `edits` to the current files beneath `root`, and check the result.

    `already` is a change that is in the working tree: limits and `before` refer to its originals. `locked` are paths with
    local modifications. Without `partial`, any refusal returns `already`. With it, refused edits and files are left out,
    but a limit on the whole change still refuses everything. Lock files are left out in any case.
    """
    was: dict[str, Found | None] = {}
    left_out = _lock_files(edits, settings)
    with beneath.opened(root) as descriptor:
        wanted = [edit for edit in edits if edit.path not in left_out]
        refusals, allowed = _by_name(descriptor, wanted, settings, locked, already)
        applied = apply(
            allowed,
            lambda path: was.setdefault(path, beneath.read(descriptor, path, settings.max_file_bytes)),
            lambda path, content: _new_file(descriptor, path, content),
        )
    refusals.extend(applied.refusals)
    already = replace(already, left_out=tuple(sorted({*already.left_out, *left_out})))
    files = _total(applied.files, was, already)
    measured = limits.measure(files)
    bad = [*_nested(files), *(refusal for file in measured for refusal in guard.file_refusals(file, settings))]
    refusals.extend(bad)
    over: list[Refusal] = []
    if dropped := _with_their_renames({refusal.path for refusal in bad}, applied.edits):
        kept = [file for file in files if file.path not in dropped]
        kept += [file for file in already.files if file.path in dropped]
        measured = limits.measure(kept)  # a line is no longer moved if the file that receives it is dropped
        over = [refusal for file in measured for refusal in limits.file_over_limits(file, settings)]
    over += limits.over_limits(measured, settings)
    refusals.extend(over)
    if over or (refusals and not partial):
        return Plan(already, each_once(refusals), applied.notes)
    total = tuple(sorted((file.file for file in measured), key=lambda file: file.path))
    return Plan(Change(total, new_dependencies(total), already.left_out), each_once(refusals), applied.notes)


def _lock_files(edits: Sequence[Edit], settings: ChangeSettings) -> set[str]:
    """Return the lock files to leave out: a refusal would only make the model ask for them again.

    An answer that edits nothing else is refused, so that the model hears why.
    """
    found = {
        edit.path
        for edit in edits
        if not isinstance(edit, Rename) and not paths.problem(edit.path) and is_lock_file(edit.path, settings.allow)
    }
    return set() if all(edit.path in found for edit in edits) else found


def _nested(files: Sequence[FileChange]) -> Iterable[Refusal]:
    """Yield a refusal for each file whose folder is itself a file."""
    written = {file.path for file in files if file.after is not None}
    for path in sorted(written):
        if inside := written.intersection(_parts(path)[:-1]):
            yield Refusal(path, f"{path} would be inside {min(inside)}, which is a file: choose another path.")


def _with_their_renames(paths: set[str], edits: Sequence[Edit]) -> set[str]:
    """Add the other end of each rename to the paths: half a rename would lose the file."""
    linked, known = set(paths), -1
    while len(linked) > known:
        known = len(linked)
        linked |= {path for edit in edits if linked.intersection(_named(edit)) for path in _named(edit)}
    return linked


def _named(edit: Edit) -> tuple[str, ...]:
    return (edit.path, edit.new_path) if isinstance(edit, Rename) else (edit.path,)


def _by_name(
    descriptor: int, edits: Sequence[Edit], settings: ChangeSettings, locked: frozenset[str], already: Change
) -> tuple[list[Refusal], list[Edit]]:
    """Separate the edits whose paths a change may touch from refusals of the others."""
    refusals: list[Refusal] = []
    allowed: list[Edit] = []
    spelled = {paths.fold(part): part for path in already.paths for part in _parts(path)}
    judged: dict[str, list[Refusal]] = {}
    for edit in edits:
        for path in _named(edit):
            if path not in judged:
                judged[path] = list(_path_refusals(descriptor, path, settings, locked, spelled))
        found = [refusal for path in _named(edit) for refusal in judged[path]]
        refusals.extend(found)
        if not found:
            allowed.append(edit)
    return refusals, allowed


def _path_refusals(
    descriptor: int, path: str, settings: ChangeSettings, locked: frozenset[str], spelled: dict[str, str]
) -> Iterable[Refusal]:
    problem = paths.problem(path)
    if problem:
        return [Refusal(path, f'The path "{_printable(path)}" {problem}.')]
    twin = _twin(descriptor, path) or next(
        (other for part in _parts(path) if (other := spelled.setdefault(paths.fold(part), part)) != part), ""
    )
    if twin:
        return [
            Refusal(path, f'The path "{path}" differs from "{twin}" only in letter case or Unicode form: use that one.')
        ]
    return list(guard.path_refusals(path, settings, locked))


def _parts(path: str) -> list[str]:
    """Return every folder above the path, outermost first, and the path itself."""
    names = path.split("/")
    return ["/".join(names[: depth + 1]) for depth in range(len(names))]


def _printable(path: str) -> str:
    return path[:200].encode("unicode_escape").decode()


def _twin(descriptor: int, path: str) -> str:
    """Return an existing path that a case-insensitive file system treats as `path`, "" if none."""
    parts = path.split("/")
    for depth, name in enumerate(parts):
        folder = "/".join(parts[:depth])
        names = beneath.names_in(descriptor, folder)
        if name not in names:
            twin = next((other for other in sorted(names) if paths.fold(other) == paths.fold(name)), "")
            return f"{folder}/{twin}".lstrip("/") if twin else ""
    return ""


def _new_file(descriptor: int, path: str, content: str) -> Document:
    """Return a new file, formatted as `.editorconfig` asks."""

    def read(name: str) -> bytes | None:
        try:
            found = beneath.read(descriptor, name, _LARGEST_EDITORCONFIG)
        except BlockedError:
            return None
        return found.content if found else None

    return editorconfig.formatted(path, content, editorconfig.properties(path, read))


def _total(now: Mapping[str, Found | None], was: Mapping[str, Found | None], already: Change) -> tuple[FileChange, ...]:
    """Merge the earlier change with the edited files, relative to the original tree."""
    total = {file.path: file for file in already.files}
    for path, found in now.items():
        after = found.content if found else None
        if path in total:
            mode = total[path].mode if found is None or total[path].before is not None else found.mode
            total[path] = replace(total[path], after=after, mode=mode)
        else:
            old = was[path]
            mode = (found or old or Found(b"", _PLAIN)).mode
            total[path] = FileChange(path, old.content if old else None, after, mode)
    return tuple(total[path] for path in sorted(total) if total[path].before != total[path].after)
