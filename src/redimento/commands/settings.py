"""`redimento config`: check and show the settings of a repository."""

from __future__ import annotations

from pathlib import Path

from redimento.settings import Settings
from redimento.settings import file as settings_file


def validate_settings(repo: Path, file: Path | None) -> str:
    """Return one line for valid settings. Raises SettingsError with every problem otherwise."""
    read_settings(repo, file)
    name = file or repo / settings_file.NAME
    return f"{name} is valid." if name.is_file() else f"{name} does not exist: the defaults apply."


def show_settings(repo: Path, file: Path | None) -> str:
    """Return the effective settings as YAML."""
    return settings_file.show(read_settings(repo, file))


def read_settings(repo: Path, file: Path | None = None) -> Settings:
    """Return the settings in `file`, else those of the repository, else the defaults."""
    return settings_file.read(file or repo / settings_file.NAME, must_exist=file is not None)
