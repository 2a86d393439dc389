"""Turn edits into a change that passed every guard. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from redimento.change import beneath
from redimento.change.apply import Applied, apply
from redimento.change.beneath import BlockedError, Found
from redimento.change.document import Document
from redimento.change.edit import Change, Edit, FileChange, Refusal, Rename
from redimento.change.guards import guard, limits, paths
from redimento.change.guards.dependencies import new_dependencies
from redimento.change.neighbours import custom_around
from redimento.change.new_file import formatted
from redimento.change.spelling import Spellings, alike, as_stored, parts_of
from redimento.settings import ChangeSettings
from redimento.text import editorconfig

_PLAIN = 0o100644
_LARGEST_LOOKED_AT = 200_000  # bytes of an `.editorconfig`, or of a neighbour of a new file


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
    but a limit on the whole change still refuses everything. A refusal names the path as the edit wrote it.
    """
    was: dict[str, Found | None] = {}
    with beneath.opened(root) as descriptor:
        stored = [as_stored(edit, lambda folder: beneath.names_in(descriptor, folder)) for edit in edits]
        refusals, allowed = _by_name(descriptor, stored, settings, locked, already)
        applied = apply(
            allowed,
            lambda path: was.setdefault(path, beneath.read(descriptor, path, settings.max_file_bytes)),
            lambda path, content: _new_file(descriptor, path, content),
            lambda path: _declared(descriptor, path),
        )
    refusals.extend(applied.refusals)
    files = _total(applied, was, already)
    moved = frozenset(file.before for file in files if file.after is None)
    measured = [limits.measure(file, moved) for file in files]
    bad = [*_in_the_way(files), *(refusal for file in measured for refusal in guard.file_refusals(file, settings))]
    refusals.extend(bad)
    dropped = _with_their_renames({refusal.path for refusal in bad}, applied.edits)
    earlier = {file.path: file for file in already.files}
    kept = [file for file in measured if file.file.path not in dropped]
    kept += [limits.measure(earlier[path]) for path in sorted(dropped & earlier.keys())]
    over = list(limits.over_limits(kept, settings))
    refusals.extend(over)
    pairs = zip(stored, edits, strict=True)
    asked = {there: here for one, other in pairs for there, here in zip(_named(one), _named(other), strict=True)}
    refusals = [replace(refusal, path=asked.get(refusal.path, refusal.path)) for refusal in refusals]
    if over or (refusals and not partial):
        return Plan(already, tuple(refusals), applied.notes)
    total = tuple(sorted((file.file for file in kept), key=lambda file: file.path))
    return Plan(Change(total, new_dependencies(total)), tuple(refusals), applied.notes)


def _in_the_way(files: Sequence[FileChange]) -> Iterable[Refusal]:
    """Yield a refusal for each file whose folder is itself a file, or that is another spelling of one."""
    written = {file.path for file in files if file.after is not None}
    for path, other in alike(sorted(written)):
        yield _twin_refusal(path, other)
    for path in sorted(written):
        if inside := written.intersection(parts_of(path)[:-1]):
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
    spellings = Spellings(edits, already, lambda folder: beneath.names_in(descriptor, folder))
    judged: dict[str, list[Refusal]] = {}
    for edit in edits:
        for path in _named(edit):
            if path not in judged:
                judged[path] = list(_path_refusals(path, settings, locked, spellings))
        found = [refusal for path in _named(edit) for refusal in judged[path]]
        refusals.extend(found)
        if not found:
            allowed.append(edit)
    return refusals, allowed


def _path_refusals(
    path: str, settings: ChangeSettings, locked: frozenset[str], spellings: Spellings
) -> Iterable[Refusal]:
    problem = paths.problem(path)
    if problem:
        return [Refusal(path, f'The path "{_printable(path)}" {problem}.')]
    twin = spellings.twin(path)
    if twin:
        return [_twin_refusal(path, twin)]
    return list(guard.path_refusals(path, settings, locked))


def _twin_refusal(path: str, twin: str) -> Refusal:
    return Refusal(path, f'The path "{path}" differs from "{twin}" only in letter case or Unicode form: use that one.')


def _printable(path: str) -> str:
    return path[:200].encode("unicode_escape").decode()


def _new_file(descriptor: int, path: str, content: str) -> tuple[Document, int]:
    """Return a new file, formatted as `.editorconfig` asks, else like its neighbours, and its mode."""
    custom = custom_around(
        path, lambda folder: beneath.names_in(descriptor, folder), lambda name: _looked_at(descriptor, name)
    )
    wanted = custom.properties | _properties(descriptor, path)
    charset = _declared(descriptor, path) or custom.properties.get("charset", "")
    document = formatted(path, content, wanted, charset)
    return document, custom.script_mode if content.startswith("#!") else _PLAIN


def _declared(descriptor: int, path: str) -> str:
    """Return the name of the encoding that the settings of the repository give to a path, "" if none."""
    return editorconfig.charset_of(_properties(descriptor, path))


def _properties(descriptor: int, path: str) -> dict[str, str]:
    def read(name: str) -> bytes | None:
        found = _looked_at(descriptor, name)
        return found.content if found else None

    return editorconfig.properties(path, read)


def _looked_at(descriptor: int, path: str) -> Found | None:
    try:
        return beneath.read(descriptor, path, _LARGEST_LOOKED_AT)
    except BlockedError:
        return None


def _total(applied: Applied, was: Mapping[str, Found | None], already: Change) -> tuple[FileChange, ...]:
    """Merge the earlier change with the edited files, relative to the original tree."""
    total = {file.path: file for file in already.files}
    for path, found in applied.files.items():
        after = found.content if found else None
        encoding = applied.encodings.get(path, "")
        if path in total:
            mode = total[path].mode if found is None or total[path].before is not None else found.mode
            total[path] = replace(total[path], after=after, mode=mode, encoding=encoding)
        else:
            old = was[path]
            mode = (found or old or Found(b"", _PLAIN)).mode
            total[path] = FileChange(path, old.content if old else None, after, mode, encoding)
    return tuple(total[path] for path in sorted(total) if total[path].before != total[path].after)
