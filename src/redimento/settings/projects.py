"""A project in a folder of a repository with several: which checks are its own, and where they run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import replace

from redimento.errors import UsageError
from redimento.settings.values import CheckCommand, CheckSettings, Settings

_PATTERN = re.compile(r"[*?\[]")


def refuse_missing_folder(settings: Settings, paths: Iterable[str]) -> None:
    """Raise UsageError if the files at `paths` have no `project.folder`: every edit and every check would fail there."""
    folder = settings.project.folder
    known = {path[: len(folder)] for path in paths if path[len(folder) :].startswith("/")}
    if not folder or folder in known:
        return
    near = next((name for name in sorted(known) if name.casefold() == folder.casefold()), "")
    raise UsageError(
        f"The repository has no folder {folder} with files in it." + (f" Did you mean {near}?" if near else ""),
        "Correct project.folder, or the folder of the rule under `repositories`, in .redimento.yml.",
    )


def in_project(settings: Settings) -> Settings:
    """Return the settings with the conventions and checks of the project in `project.folder`; the same without a folder."""
    project = settings.project
    if not project.folder:
        return settings
    conventions = (*project.conventions, *(f"{project.folder}/{name}" for name in project.conventions))
    checks = replace(
        settings.checks,
        setup=(f"cd {shlex.quote(project.folder)}", *settings.checks.setup) if settings.checks.setup else (),
        commands=tuple(_commands(settings.checks, project.folder)),
    )
    return replace(settings, project=replace(project, conventions=conventions), checks=checks)


def _commands(checks: CheckSettings, folder: str) -> Iterator[CheckCommand]:
    for command in checks.commands:
        if not command.paths or any(_meets(pattern, f"{folder}/") for pattern in command.paths):
            line = command.run if isinstance(command.run, str) else f"exec {shlex.join(command.run)}"
            junit = f"{folder}/{command.junit}" if command.junit else ""
            yield replace(command, run=f"cd {shlex.quote(folder)} || exit\n{line}", junit=junit)


def _meets(pattern: str, folder: str) -> bool:
    """Return whether a pattern of `paths` can match something in the folder."""
    fixed = _PATTERN.split(pattern, maxsplit=1)[0]
    return folder.startswith(fixed) or fixed.startswith(folder)
