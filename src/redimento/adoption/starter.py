"""`redimento init`: write the settings that a repository starts with."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import yaml

from redimento.adoption.detection import Read, propose
from redimento.adoption.detection.pipelines import services
from redimento.commands import opening
from redimento.errors import UsageError
from redimento.run_options import hidden_folder
from redimento.settings import CheckSettings, schema
from redimento.settings import file as settings_file
from redimento.text import wording

SCHEMA = ".redimento/settings.schema.json"
_LARGEST = 200_000  # bytes of a file that is read
_MOST_BYTES = 20_000_000  # of all of them


def write_starter_files(repo: Path, *, force: bool) -> str:
    """Write `.redimento.yml` with the checks that the files suggest, and its schema; return what was written."""
    target = repo / settings_file.NAME
    if target.is_symlink():
        raise UsageError(f"{target} is a link, and what it leads to is not replaced.", "Remove the link.")
    if target.exists() and not force:
        raise UsageError(f"{target} already exists.", "Edit it, or replace it with --force.")
    paths, read = _files(repo)
    checks = propose(paths, read)
    hidden_folder(repo)
    try:
        for path, text in ((repo / SCHEMA, json.dumps(schema.schema(), indent=2)), (target, _text(checks))):
            path.unlink(missing_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{error.filename} cannot be written: {error.strerror}.", "Check its permissions.") from error
    return wording.render(
        "adoption/proposed.txt.j2", target=str(target), checks=checks, services=services(paths, read), shown=_shown
    ).rstrip()


def settings_text(repo: Path) -> str:
    """Return the `.redimento.yml` that the files of a repository suggest."""
    return _text(propose(*_files(repo)))


def _files(repo: Path) -> tuple[list[str], Read]:
    tree = opening.open_tree(repo)
    sizes = {entry.path: entry.size for entry in tree.entries()}
    texts: dict[str, str] = {}

    def read(path: str) -> str:
        if path not in texts:
            affordable = sizes.get(path, _LARGEST + 1) <= _LARGEST and sum(map(len, texts.values())) < _MOST_BYTES
            content = next((content for _, content in tree.read([path])), b"") if affordable else b""
            texts[path] = content[:_LARGEST].decode("utf-8-sig", "replace")
        return texts[path]

    return [*sizes], read


def _text(checks: CheckSettings) -> str:
    """Return the file; what was found is written so that `settings.file` reads the same values."""
    return wording.render("starter/redimento.yml.j2", checks=checks, schema=SCHEMA, line=_line)


def _shown(command: str | tuple[str, ...]) -> str:
    return command if isinstance(command, str) else shlex.join(command)


def _line(value: Any) -> str:
    """Return a value as YAML on one line."""
    plain = list(value) if isinstance(value, tuple) else value
    written = yaml.safe_dump(plain, default_flow_style=True, allow_unicode=True, width=1_000_000)
    return str(written).removesuffix("...\n").rstrip("\n")
