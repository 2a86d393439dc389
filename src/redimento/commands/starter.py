"""`redimento init`: write the settings that a repository starts with."""

from __future__ import annotations

import shlex
from pathlib import Path

from redimento.commands import opening
from redimento.errors import UsageError
from redimento.settings import file as settings_file
from redimento.text import wording
from redimento.verification.detection import propose


def write_starter_files(repo: Path, *, force: bool) -> str:
    """Write `.redimento.yml` with the checks that the files suggest; return what was written."""
    target = repo / settings_file.NAME
    if target.exists() and not force:
        raise UsageError(f"{target} already exists.", "Edit it, or replace it with --force.")
    tree = opening.open_tree(repo)
    paths = [entry.path for entry in tree.entries()]

    def read(path: str) -> str:
        return next((content.decode("utf-8", "replace") for _, content in tree.read([path])), "")

    checks = propose(paths, read)
    target.write_text(wording.render("starter/redimento.yml.j2", checks=checks), encoding="utf-8")
    lines = [f"wrote {target}"]
    lines += [f"  check {command.name}: {_line(command.run)}" for command in checks.commands]
    if not checks.commands:
        lines.append("  No checks were recognised: add the commands that verify a change.")
    return "\n".join(lines)


def _line(command: str | tuple[str, ...]) -> str:
    return command if isinstance(command, str) else shlex.join(command)
