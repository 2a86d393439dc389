"""`redimento config`: check and show the settings of a repository."""

from __future__ import annotations

from pathlib import Path

from redimento.settings import Settings
from redimento.settings import file as settings_file


def validate_settings(repo: Path, file: Path | None) -> str:
    """Return one line for settings that are right; raise SettingsError with every problem otherwise."""
    read_settings(repo, file)
    name = file or repo / settings_file.NAME
    return f"{name} is valid." if name.is_file() else f"There is no {name}: the defaults apply."


def show_settings(repo: Path, file: Path | None) -> str:
    """Return the settings as they take effect, as YAML."""
    return settings_file.show(read_settings(repo, file))


def read_settings(repo: Path, file: Path | None = None) -> Settings:
    """Return the settings in `file`, or else those of the repository; the defaults when it has none."""
    return settings_file.read(file or repo / settings_file.NAME, must_exist=file is not None)
