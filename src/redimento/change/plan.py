"""Turn edits into a change that passed every guard. Nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from redimento.change import original
from redimento.change.apply import Applied, apply
from redimento.change.base import PLAIN_FOLDER, Base, Recorded
from redimento.change.beneath import Found
from redimento.change.edit import Change, Edit, FileChange, Refusal, Rename, each_once, named
from redimento.change.guards import guard, limits, paths
from redimento.change.guards.dependencies import new_dependencies
from redimento.change.guards.protected import is_lock_file
from redimento.change.meant import meant
from redimento.change.new_file import new_file
from redimento.change.permission import permitted, result_refusals
from redimento.settings import ChangeSettings

_PLAIN = 0o100644


@dataclass(frozen=True)
class Plan:
    """The outcome of a list of edits.

    `change` is relative to the original tree, earlier rounds included. `edits` are the given ones with the paths that
    they mean, as in the refusals. `notes` lists what was forgiven.
    """

    change: Change
    edits: tuple[Edit, ...]
    refusals: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()


def plan(
    root: Path,
    edits: Sequence[Edit],
    settings: ChangeSettings,
    *,
    base: Base = PLAIN_FOLDER,
    already: Change = Change(),  # noqa: B008  # frozen
    folder: str = "",
    partial: bool = False,
) -> Plan:
    """Apply `edits` to the current files beneath `root`, and check the result.

    `base` is the commit that the change goes onto. `already` is a change that is in the working tree: limits and `before`
    refer to its originals. `folder`: the only one that may be touched, "" for all. Without `partial`, any refusal returns
    `already`. With it, refused edits and files are left out, but a limit on the whole change still refuses everything. Lock files are left out in any case.
    """
    was: dict[str, Found | None] = {}
    with original.opened(root, base, settings.max_file_bytes) as tree:
        edits = meant(edits, root, tree.names_in)
        tree.look_up((path for edit in edits for path in named(edit)), already.paths)
        left_out = _lock_files(edits, settings)
        wanted = [edit for edit in edits if edit.path not in left_out]
        refusals, allowed = permitted(wanted, tree, settings, already, folder)
        applied = apply(
            allowed,
            lambda path: was.setdefault(path, tree.read(path)),
            lambda path, content: new_file(path, content, tree),
            tree.encoding_of,
        )
    refusals.extend(applied.refusals)
    already = replace(already, left_out=tuple(sorted({*already.left_out, *left_out})))
    files = _total(applied, was, already, tree.recorded)
    measured = limits.measure(files)
    bad = [
        *result_refusals(files, tree.recorded),
        *(refusal for file in measured for refusal in guard.file_refusals(file, settings)),
    ]
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
        return Plan(already, edits, each_once(refusals), applied.notes)
    total = tuple(sorted((file.file for file in measured), key=lambda file: file.path))
    change = Change(total, new_dependencies(total), already.left_out)
    return Plan(change, edits, each_once(refusals), applied.notes)


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


def _with_their_renames(dropped: set[str], edits: Sequence[Edit]) -> set[str]:
    """Add the other end of each rename to the paths: half a rename would lose the file."""
    linked, known = set(dropped), -1
    while len(linked) > known:
        known = len(linked)
        linked |= {path for edit in edits if linked.intersection(named(edit)) for path in named(edit)}
    return linked


def _total(
    applied: Applied, was: Mapping[str, Found | None], already: Change, recorded: Mapping[str, Recorded]
) -> tuple[FileChange, ...]:
    """Merge the earlier change with the edited files, relative to the original tree."""
    total = {file.path: file for file in already.files}
    for path, found in applied.files.items():
        after = found.content if found else None
        encoding = applied.encodings.get(path, "")
        if path in total:
            mode = total[path].mode if found is None or total[path].before is not None else found.mode
            total[path] = replace(total[path], after=after, mode=mode, encoding=encoding)
        else:
            old, one = was[path], recorded[path]
            mode = (old or found or Found(b"", _PLAIN)).mode
            before = old.content if old else None
            total[path] = FileChange(path, before, after, mode, encoding, one.skipped, one.excepted)
    return tuple(total[path] for path in sorted(total) if total[path].before != total[path].after)
