"""`redimento init`: write the settings that a repository starts with."""

from __future__ import annotations

import shlex
from pathlib import Path

from redimento.commands import opening
from redimento.errors import UsageError
from redimento.settings import CheckSettings
from redimento.settings import file as settings_file
from redimento.text import wording
from redimento.verification.detection import propose


def write_starter_files(repo: Path, *, force: bool) -> str:
    """Write `.redimento.yml` with the checks that the files suggest; return what was written."""
    target = repo / settings_file.NAME
    if target.exists() and not force:
        raise UsageError(f"{target} already exists.", "Edit it, or replace it with --force.")
    checks = _proposed(repo)
    target.write_text(_text(checks), encoding="utf-8")
    lines = [f"wrote {target}"]
    lines += [f"  check {command.name}: {_line(command.run)}" for command in checks.commands]
    if not checks.commands:
        lines.append("  No checks were recognised: add the commands that verify a change.")
    return "\n".join(lines)


def settings_text(repo: Path) -> str:
    """Return the `.redimento.yml` that the files of a repository suggest."""
    return _text(_proposed(repo))


def _proposed(repo: Path) -> CheckSettings:
    tree = opening.open_tree(repo)
    paths = [entry.path for entry in tree.entries()]

    def read(path: str) -> str:
        return next((content.decode("utf-8", "replace") for _, content in tree.read([path])), "")

    return propose(paths, read)


def _text(checks: CheckSettings) -> str:
    return wording.render("starter/redimento.yml.j2", checks=checks)


def _line(command: str | tuple[str, ...]) -> str:
    return command if isinstance(command, str) else shlex.join(command)
