"""Which edits a change may make: what their paths allow, before a file is opened, and what the commit can hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from redimento.change.base import Recorded, is_in, objection
from redimento.change.edit import Change, Edit, FileChange, Refusal, named
from redimento.change.guards import guard, paths
from redimento.change.original import Original
from redimento.change.spelling import Spellings, alike, parts_of
from redimento.settings import ChangeSettings

_CONVERSION = re.compile(rb"^.*[ \t](?:filter|working-tree-encoding)\b.*$", re.MULTILINE)


def permitted(
    edits: Sequence[Edit], original: Original, settings: ChangeSettings, already: Change, folder: str = ""
) -> tuple[list[Refusal], list[Edit]]:
    """Separate the edits whose paths a change may touch from refusals of the others."""
    refusals: list[Refusal] = []
    allowed: list[Edit] = []
    spellings = Spellings(edits, already, original.names_in)
    judged: dict[str, list[Refusal]] = {}
    for edit in edits:
        for path in named(edit):
            if path not in judged:
                judged[path] = list(_path_refusals(path, original, settings, spellings, folder))
        found = [refusal for path in named(edit) for refusal in judged[path]]
        refusals.extend(found)
        if not found:
            allowed.append(edit)
    return refusals, allowed


def _path_refusals(
    path: str, original: Original, settings: ChangeSettings, spellings: Spellings, folder: str
) -> Iterable[Refusal]:
    if problem := paths.problem(path):
        return [Refusal(path, f'The path "{_printable(path)}" {problem}.')]
    if twin := spellings.twin(path):
        return [_twin_refusal(path, twin)]
    if refusals := list(guard.path_refusals(path, settings, folder)):
        return refusals
    reason = objection(path, original.recorded[path])
    return [Refusal(path, reason)] if reason else []


def _printable(path: str) -> str:
    return path[:200].encode("unicode_escape").decode()


def _twin_refusal(path: str, twin: str) -> Refusal:
    return Refusal(path, f'The path "{path}" differs from "{twin}" only in letter case or Unicode form: use that one.')


def result_refusals(files: Sequence[FileChange], recorded: Mapping[str, Recorded]) -> Iterable[Refusal]:
    """Yield a refusal for each changed file that a commit could not hold beside the others, or not as it is."""
    written = {file.path for file in files if file.after is not None}
    for path, other in alike(sorted(written)):
        yield _twin_refusal(path, other)
    for path in sorted(written):
        if inside := written.intersection(parts_of(path)[:-1]):
            yield Refusal(path, f"{path} would be inside {min(inside)}, which is a file: choose another path.")
    for file in files:
        encoding = recorded[file.path].encoding if file.path in recorded else ""
        if file.after and encoding and not is_in(encoding, file.after):
            yield Refusal(file.path, f"{file.path} would not be {encoding}, the encoding that .gitattributes declares.")
        # New conversions would apply to the change itself.
        name = file.path.rpartition("/")[2]
        if name == ".gitattributes" and not _conversions(file.after) <= _conversions(file.before):
            yield Refusal(file.path, f"{file.path} would set a filter or an encoding, which is not applied here.")


def _conversions(attributes: bytes | None) -> set[bytes]:
    return {*_CONVERSION.findall(attributes or b"")}
