"""Turn edits into a change that passed every guard. Nothing is written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from redimento.change import beneath, editorconfig
from redimento.change.apply import apply
from redimento.change.base import PLAIN_FOLDER, Base, Recorded, is_in, objection
from redimento.change.beneath import BlockedError, Found
from redimento.change.document import Document
from redimento.change.edit import Change, Edit, FileChange, Refusal, Rename
from redimento.change.guards import guard, limits, paths
from redimento.change.guards.dependencies import new_dependencies
from redimento.settings import ChangeSettings

_PLAIN = 0o100644
_LARGEST_EDITORCONFIG = 100_000  # bytes
_CONVERSION = re.compile(rb"^.*[ \t](?:filter|working-tree-encoding)\b.*$", re.MULTILINE)


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
    base: Base = PLAIN_FOLDER,
    already: Change = Change(),  # noqa: B008  # frozen
    partial: bool = False,
) -> Plan:
    """Apply `edits` to the current files beneath `root`, and check the result.

    `base` is the commit that the change goes onto. `already` is a change that is in the working tree: limits and `before`
    refer to its originals. Without `partial`, any refusal returns `already`. With it, refused edits and files are left out,
    but a limit on the whole change still refuses everything.
    """
    was: dict[str, Found | None] = {}
    with beneath.opened(root) as descriptor:
        recorded = _recorded(root, base, edits, settings, already)
        refusals, allowed = _by_name(descriptor, edits, settings, base=base, recorded=recorded, already=already)
        applied = apply(
            allowed,
            lambda path: was.setdefault(path, _read(descriptor, path, settings, recorded[path])),
            lambda path, content: _new_file(descriptor, path, content),
        )
    refusals.extend(applied.refusals)
    files = _total(applied.files, was, already, recorded)
    moved = frozenset(file.before for file in files if file.after is None)
    measured = [limits.measure(file, moved) for file in files]
    bad = [
        *_nested(files),
        *_converted(files, recorded),
        *(refusal for file in measured for refusal in guard.file_refusals(file, settings)),
    ]
    refusals.extend(bad)
    dropped = _with_their_renames({refusal.path for refusal in bad}, applied.edits)
    earlier = {file.path: file for file in already.files}
    kept = [file for file in measured if file.file.path not in dropped]
    kept += [limits.measure(earlier[path]) for path in sorted(dropped & earlier.keys())]
    over = list(limits.over_limits(kept, settings))
    refusals.extend(over)
    if over or (refusals and not partial):
        return Plan(already, tuple(refusals), applied.notes)
    total = tuple(sorted((file.file for file in kept), key=lambda file: file.path))
    return Plan(Change(total, new_dependencies(total)), tuple(refusals), applied.notes)


def _nested(files: Sequence[FileChange]) -> Iterable[Refusal]:
    """Yield a refusal for each file whose folder is itself a file."""
    written = {file.path for file in files if file.after is not None}
    for path in sorted(written):
        if inside := written.intersection(_parts(path)[:-1]):
            yield Refusal(path, f"{path} would be inside {min(inside)}, which is a file: choose another path.")


def _converted(files: Sequence[FileChange], recorded: Mapping[str, Recorded]) -> Iterable[Refusal]:
    """Yield a refusal for each file that git could not store in the encoding that .gitattributes declares.

    Also for each .gitattributes file with new conversions: they would apply to the change itself.
    """
    for file in files:
        encoding = recorded[file.path].encoding if file.path in recorded else ""
        if file.after and encoding and not is_in(encoding, file.after):
            yield Refusal(file.path, f"{file.path} would not be {encoding}, the encoding that .gitattributes declares.")
        if file.path.rpartition("/")[2] != ".gitattributes":
            continue
        old, new = ({*_CONVERSION.findall(content or b"")} for content in (file.before, file.after))
        if not new <= old:
            yield Refusal(file.path, f"{file.path} would set a filter or an encoding, which is not applied here.")


def _with_their_renames(paths: set[str], edits: Sequence[Edit]) -> set[str]:
    """Add the other end of each rename to the paths: half a rename would lose the file."""
    linked, known = set(paths), -1
    while len(linked) > known:
        known = len(linked)
        linked |= {path for edit in edits if linked.intersection(_named(edit)) for path in _named(edit)}
    return linked


def _named(edit: Edit) -> tuple[str, ...]:
    return (edit.path, edit.new_path) if isinstance(edit, Rename) else (edit.path,)


def _recorded(
    root: Path, base: Base, edits: Sequence[Edit], settings: ChangeSettings, already: Change
) -> Mapping[str, Recorded]:
    """Return what the commit says about each path. Of a file that the change already has, the disk says more."""
    named = {path for edit in edits for path in _named(edit) if not paths.problem(path)}
    found = base.look(root, named, settings.max_file_bytes)
    changed = set(already.paths)
    return {
        path: replace(one, kind="unknown", skipped=False, modified=False) if path in changed else one
        for path, one in found.items()
    }


def _read(descriptor: int, path: str, settings: ChangeSettings, recorded: Recorded) -> Found | None:
    """Return the file that the change starts from: the commit's, which the disk may lack. Raises BlockedError."""
    found = beneath.read(descriptor, path, settings.max_file_bytes)
    if recorded.kind == "unknown":
        return found
    if recorded.skipped and recorded.content is not None:
        return Found(recorded.content, recorded.mode)
    if found and recorded.kind == "absent":
        raise BlockedError("is on the disk, but not in the repository: choose another path")
    return replace(found, mode=recorded.mode) if found else None


def _by_name(
    descriptor: int,
    edits: Sequence[Edit],
    settings: ChangeSettings,
    *,
    base: Base,
    recorded: Mapping[str, Recorded],
    already: Change,
) -> tuple[list[Refusal], list[Edit]]:
    """Separate the edits whose paths a change may touch from refusals of the others."""
    refusals: list[Refusal] = []
    allowed: list[Edit] = []
    spelled = {paths.fold(part): part for path in already.paths for part in _parts(path)}
    judged: dict[str, list[Refusal]] = {}
    for edit in edits:
        for path in _named(edit):
            if path not in judged:
                judged[path] = list(_path_refusals(descriptor, path, settings, base, spelled))
                if not judged[path] and (reason := objection(path, recorded[path])):
                    judged[path].append(Refusal(path, reason))
        found = [each for path in _named(edit) for each in judged[path]]
        refusals.extend(found)
        if not found:
            allowed.append(edit)
    return refusals, allowed


def _path_refusals(
    descriptor: int, path: str, settings: ChangeSettings, base: Base, spelled: dict[str, str]
) -> Iterable[Refusal]:
    problem = paths.problem(path)
    if problem:
        return [Refusal(path, f'The path "{_printable(path)}" {problem}.')]
    twin = _twin(descriptor, base, path) or next(
        (other for part in _parts(path) if (other := spelled.setdefault(paths.fold(part), part)) != part), ""
    )
    if twin:
        return [
            Refusal(path, f'The path "{path}" differs from "{twin}" only in letter case or Unicode form: use that one.')
        ]
    return list(guard.path_refusals(path, settings))


def _parts(path: str) -> list[str]:
    """Return every folder above the path, outermost first, and the path itself."""
    names = path.split("/")
    return ["/".join(names[: depth + 1]) for depth in range(len(names))]


def _printable(path: str) -> str:
    return path[:200].encode("unicode_escape").decode()


def _twin(descriptor: int, base: Base, path: str) -> str:
    """Return an existing path that a case-insensitive file system treats as `path`, "" if none."""
    parts = path.split("/")
    for depth, name in enumerate(parts):
        folder = "/".join(parts[:depth])
        names = beneath.names_in(descriptor, folder).union(base.names_in(folder))
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


def _total(
    now: Mapping[str, Found | None],
    was: Mapping[str, Found | None],
    already: Change,
    recorded: Mapping[str, Recorded],
) -> tuple[FileChange, ...]:
    """Merge the earlier change with the edited files, relative to the original tree."""
    total = {file.path: file for file in already.files}
    for path, found in now.items():
        after = found.content if found else None
        if path in total:
            mode = total[path].mode if found is None or total[path].before is not None else found.mode
            total[path] = replace(total[path], after=after, mode=mode)
        else:
            old, one = was[path], recorded[path]
            mode = (old or found or Found(b"", _PLAIN)).mode
            before = old.content if old else None
            total[path] = FileChange(path, before, after, mode, one.skipped, one.excepted)
    return tuple(total[path] for path in sorted(total) if total[path].before != total[path].after)
