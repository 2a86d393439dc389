"""Check each file of a change: its path and its new content."""

from __future__ import annotations

import re
from collections.abc import Iterator

from redimento.change.edit import Refusal
from redimento.change.guards import limits
from redimento.change.guards.pipelines import is_pipeline
from redimento.change.guards.protected import is_allowed, is_protected
from redimento.change.guards.secret_scan import secrets_in
from redimento.change.guards.syntax import syntax_error
from redimento.settings import ChangeSettings
from redimento.text.grammars import language_of

_REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069]")


def path_refusals(path: str, settings: ChangeSettings, folder: str = "") -> Iterator[Refusal]:
    """Yield why a change may not touch `path`, regardless of its content. `folder`: the only one that it may touch."""
    if folder and not path.startswith(f"{folder}/"):
        yield Refusal(path, f"{path} is outside of {folder}, the folder of this project: leave it unchanged.")
    if is_protected(path, settings.protected, settings.allow):
        yield Refusal(
            path,
            f"{path} is protected: leave it unchanged. (Only a person can allow the change, with change.allow in the settings.)",
        )


def file_refusals(measured: limits.Measured, settings: ChangeSettings) -> Iterator[Refusal]:
    """Yield why the new content of a file is refused."""
    file = measured.file
    yield from limits.file_over_limits(measured, settings)
    if not is_allowed(file.path, settings.allow) and is_pipeline(file.path, file.before, file.after):
        yield Refusal(file.path, f"{file.path} is a pipeline definition, which is protected: leave it unchanged.")
    yield from _syntax(measured)
    yield from _secrets(measured)
    yield from _reordering(measured)


def _syntax(measured: limits.Measured) -> Iterator[Refusal]:
    path, after = measured.file.path, measured.after
    if after is not None and (error := syntax_error(path, measured.before, after)):
        yield Refusal(path, f"{path} would not parse: {error}.", _around(after, error))


def _around(text: str, error: str) -> str:
    """Return the lines around the line named in an error."""
    found = re.match(r"line (\d+)", error)
    if not found:
        return ""
    number = int(found.group(1))
    lines = text.split("\n")
    first = max(0, number - 4)
    return "\n".join(f"{first + step + 1}| {line[:200]}" for step, line in enumerate(lines[first : number + 3]))


def _secrets(measured: limits.Measured) -> Iterator[Refusal]:
    """Yield one refusal for each kind of secret, with the first lines that hold one."""
    path = measured.file.path
    numbers: dict[str, list[int]] = {}
    for number, kind in secrets_in(path, measured.added, measured.before or ""):
        numbers.setdefault(kind, []).append(number)
    for kind, lines in numbers.items():
        more = f" (and {len(lines) - 1} more lines)" if len(lines) > 1 else ""
        yield Refusal(
            path,
            f"Line {lines[0]}{more} of {path} looks like a secret ({kind}): read it from the environment or use a placeholder.",
        )


def _reordering(measured: limits.Measured) -> Iterator[Refusal]:
    """Yield a refusal for new source code that a reviewer would read in another order than the compiler.

    trojansource.codes (CVE-2021-42574). Texts for people may need such characters.
    """
    path = measured.file.path
    if not language_of(path):
        return
    known = measured.before or ""
    for line in measured.added:
        found = _REORDERING.search(line.text)
        if found and line.text not in known:
            yield Refusal(
                path,
                f"Line {line.number} of {path} has the invisible character U+{ord(found[0]):04X}, which changes the order "
                "of what people read: write it as an escape sequence.",
            )
